//! The waveform: thin bars in the lower part. The middle bar is as high as the sound is loud now,
//! those beside it as it was a moment ago. In silence they are dots and do not move.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides of pictures and counts of bars are small, what comes of them is not negative"
)]

use shared::media::PixelSize;

use super::background::BarColor;
use super::layout::Window;
use crate::frame::pixels::sides;
use keyer::color::byte;

/// All lengths but those in shares are for a canvas whose shorter side has so many pixels.
const REFERENCE_PX: f32 = 720.0;
/// Units: pixels.
const BAR_PX: f32 = 5.0;
/// From one bar to the next.
/// Units: pixels.
const PITCH_PX: f32 = 13.0;
/// Half the height of the loudest bar.
/// Units: pixels, from the middle line.
const REACH_PX: f32 = 46.0;
/// Width of the waveform. Units: share of the canvas's width.
const WIDTH_SHARE: f32 = 0.62;
/// Vertical centre of the bars if the space below the picture is too small for them. Units: share
/// of the canvas's height.
const LINE_SHARE: f32 = 0.885;
/// Opacity of the middle bar; towards the ends it falls to 0.
const COVER: f32 = 0.86;
/// Delay from one bar to the next.
/// Units: frames.
const BAR_DELAY: f32 = 1.5;
/// Start of the gradient that darkens the picture below the bars. Units: share of the canvas's
/// height.
const VEIL_SHARE: f32 = 0.68;
/// Brightness that remains at the bottom.
const VEIL_KEPT: f32 = 0.45;

/// Draws the waveform of each frame.
#[derive(Debug)]
pub struct Waveform {
    canvas: PixelSize,
    levels: Vec<f32>,
    geometry: Geometry,
    /// Grey value of the bars.
    color: u8,
    /// Brightness that remains in each row, of 256, from the first row that is darkened.
    veil: Vec<u16>,
}

/// Sizes and places of the bars on one canvas.
/// Units: pixels.
#[derive(Debug)]
struct Geometry {
    half_width: f32,
    pitch: f32,
    reach: f32,
    line: f32,
}

impl Geometry {
    fn new(canvas: PixelSize, window: Window) -> Self {
        let (width, height) = sides(canvas);
        let unit = width.min(height) as f32 / REFERENCE_PX;
        let reach = REACH_PX * unit;
        let below = height.saturating_sub(window.top + sides(window.size).1) as f32;
        let line = if below > 2.0 * reach { height as f32 - below / 2.0 } else { LINE_SHARE * height as f32 };
        Self { half_width: BAR_PX * unit / 2.0, pitch: PITCH_PX * unit, reach, line }
    }
}

impl Waveform {
    /// For these levels, one a frame, 0 to 1, on a picture that is shown in `window`.
    pub fn new(canvas: PixelSize, window: Window, color: BarColor, levels: Vec<f32>) -> Self {
        let (_, height) = sides(canvas);
        let geometry = Geometry::new(canvas, window);
        let begin = (VEIL_SHARE * height as f32) as usize;
        let kept = |row: usize| {
            let way = (row - begin) as f32 / (height - begin).max(1) as f32;
            // Slow at its beginning, so that no edge shows.
            let way = way * way * (3.0 - 2.0 * way);
            (256.0 * (1.0 - (1.0 - VEIL_KEPT) * way)) as u16
        };
        match color {
            BarColor::White => Self { canvas, levels, geometry, color: 255, veil: (begin..height).map(kept).collect() },
            BarColor::Dark => Self { canvas, levels, geometry, color: 36, veil: Vec::new() },
        }
    }

    /// Draws over one opaque frame.
    pub fn draw(&self, rgba: &mut [u8], index: usize) {
        self.darken(rgba);
        let (width, _) = sides(self.canvas);
        let geometry = &self.geometry;
        let beside = (WIDTH_SHARE * width as f32 / geometry.pitch / 2.0) as usize;
        for step in 0..=beside {
            let distance = step as f32;
            let level = self.level(index as f32 - distance * BAR_DELAY);
            let end = distance / (beside + 1) as f32;
            let cover = COVER * (1.0 - end * end);
            // Lower outwards, as a sound fades.
            let half_height = (level * geometry.reach * (1.0 - 0.55 * end)).max(geometry.half_width);
            let middle = width as f32 / 2.0;
            self.bar(rgba, middle + distance * geometry.pitch, half_height, cover);
            if step > 0 {
                self.bar(rgba, middle - distance * geometry.pitch, half_height, cover);
            }
        }
    }

    /// The interpolated level at a time; 0 before the beginning.
    /// Units: frames.
    fn level(&self, at: f32) -> f32 {
        if at < 0.0 {
            return 0.0;
        }
        let of = |index: usize| self.levels.get(index).copied().unwrap_or_default();
        let before = of(at as usize);
        before + (of(at as usize + 1) - before) * at.fract()
    }

    fn darken(&self, rgba: &mut [u8]) {
        let (width, height) = sides(self.canvas);
        let rows = rgba.chunks_exact_mut(width * 4).skip(height - self.veil.len());
        for (row, kept) in rows.zip(&self.veil) {
            for value in row.as_chunks_mut::<4>().0.iter_mut().flat_map(|[color @ .., _]| color) {
                *value = (u16::from(*value) * kept / 256) as u8;
            }
        }
    }

    /// An upright capsule with antialiased edges.
    fn bar(&self, rgba: &mut [u8], x: f32, half_height: f32, cover: f32) {
        let (width, _) = sides(self.canvas);
        let (radius, line) = (self.geometry.half_width, self.geometry.line);
        let straight = half_height - radius;
        let span = |middle: f32, half: f32| (middle - half - 1.0).max(0.0) as usize..(middle + half + 2.0) as usize;
        for y in span(line, half_height) {
            for column in span(x, radius).take_while(|column| *column < width) {
                let (across, down) = (column as f32 + 0.5 - x, (y as f32 + 0.5 - line).abs() - straight);
                let outside = across.hypot(down.max(0.0)) - radius;
                let covered = cover * (0.5 - outside).clamp(0.0, 1.0);
                let at = (y * width + column) * 4;
                for value in rgba.get_mut(at..at + 3).into_iter().flatten() {
                    *value = byte(f32::from(*value) + (f32::from(self.color) - f32::from(*value)) * covered);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: PixelSize = PixelSize { width: 320, height: 180 };

    fn drawn(levels: &[f32], index: usize) -> Vec<u8> {
        let mut frame = [90, 90, 90, 255].repeat(320 * 180);
        let window = Window { left: 0, top: 0, size: CANVAS };
        Waveform::new(CANVAS, window, BarColor::White, levels.to_vec()).draw(&mut frame, index);
        frame
    }

    #[test]
    fn bars_do_not_move_in_silence_and_a_sound_moves_outwards_from_the_middle() {
        let mut levels = vec![0.0; 60];
        let silence = drawn(&levels, 10);
        assert_eq!(silence, drawn(&levels, 50));
        levels[20] = 1.0;
        let differs = |index: usize| {
            let loud = drawn(&levels, index);
            let columns = (0..320).filter(|x| (0..180).any(|y| loud[(y * 320 + x) * 4] != silence[(y * 320 + x) * 4]));
            columns.map(|x: usize| x.abs_diff(160)).max()
        };
        assert_eq!(differs(19), None);
        let (now, later, latest) = (differs(20).unwrap(), differs(26).unwrap(), differs(32).unwrap());
        assert!(now < later && later < latest, "{now} {later} {latest}");
    }

    #[test]
    fn the_upper_part_of_the_picture_is_left_alone() {
        let frame = drawn(&[1.0; 40], 30);
        let untouched = 320 * 4 * (180 * 68 / 100);
        assert!(frame[..untouched].chunks_exact(4).all(|pixel| pixel == [90, 90, 90, 255]));
        assert!(frame[untouched..].chunks_exact(4).any(|pixel| pixel[0] > 200));
        assert!(frame.chunks_exact(4).all(|pixel| pixel[3] == 255));
    }
}
