//! The screen as this frame shows it: its colour everywhere, also behind the subject, and its noise.

#![expect(clippy::cast_precision_loss, reason = "cells are counted in dozens")]

use super::color::{Rgb, against, rgb};
use super::grid::{Cell, FilledGrid, Grid};
use super::{RgbFrame, ScreenModel};

/// Units: pixels.
const CELL_PX: usize = 16;
/// How bright a pixel may be against the expected screen, from the first guess to the last.
const BRIGHTNESS: [(f32, f32); 3] = [(0.5, 1.6), (0.8, 1.25), (0.85, 1.18)];
/// How far a pixel may be from the expected colour at its own brightness. Light scales a screen; glass and hair do not.
const TINT_MAX: f32 = 0.14;

/// Maps the screen of one frame.
pub fn map(frame: RgbFrame<'_>, model: &ScreenModel) -> FilledGrid {
    let mut expected = FilledGrid::uniform(model.color);
    for brightness in BRIGHTNESS {
        let seen =
            Grid::build(frame.width, frame.height, CELL_PX, |row, cells| collect(frame, &expected, brightness, row, cells));
        match seen.fill_holes((CELL_PX * CELL_PX / 2) as f32) {
            Some(filled) => expected = filled,
            None => break,
        }
    }
    expected
}

fn collect(frame: RgbFrame<'_>, expected: &FilledGrid, (low, high): (f32, f32), cell_row: usize, cells: &mut [Cell]) {
    let mut screen_row: Vec<Rgb> = vec![[0.0; 3]; frame.width];
    for y in (cell_row * CELL_PX..frame.height).take(CELL_PX) {
        expected.write_row(y, &mut screen_row);
        let pixels = frame.pixels.chunks_exact(3).skip(y * frame.width);
        for (x, (pixel, screen)) in pixels.zip(&screen_row).enumerate() {
            let color = rgb(pixel);
            let (brightness, tint) = against(color, *screen);
            if (low..=high).contains(&brightness)
                && tint <= TINT_MAX
                && let Some(cell) = cells.get_mut(x / CELL_PX)
            {
                cell.add(color, 1.0);
            }
        }
    }
}
