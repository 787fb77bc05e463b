//! The keyer itself: alpha and foreground colour of each pixel, between the local screen and the local subject.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "colours are clamped to 0..=255 before they become bytes"
)]

use rayon::prelude::*;

use super::color::{Rgb, ScreenAxis, against, chroma, dot, luma, mix, rgb, smoothstep, subtract};
use super::grid::{FilledGrid, Grid};
use super::{RgbFrame, ScreenModel, plate};

/// Units: pixels.
const SUBJECT_CELL_PX: usize = 4;
/// Subject whose surroundings are this opaque, for this far, is core: opaque, and known by colour.
const CORE_ALPHA_MIN: f32 = 0.97;
/// From here on a pixel may be subject that leans towards the screen's hue; its neighbours decide.
const LEANING_ALPHA_MIN: f32 = 0.76;
/// How far the screen's light may differ from the map's within a cell.
const BRIGHTNESS_MIN: f32 = 0.88;
const BRIGHTNESS_MAX: f32 = 1.14;
/// The reach of an edge: picture height over this, at least two pixels.
const EDGE_REACH_DIVISOR: usize = 180;
/// Luma tells less than chroma where the subject's own brightness is guessed from afar.
const LUMA_WEIGHT: f32 = 0.35;
/// Alpha below the floor is the screen's noise: this many times its own deviation, within bounds.
const NOISE_DEVIATIONS: f32 = 3.0;
const NOISE_FLOOR_MIN: f32 = 0.03;
const NOISE_FLOOR_MAX: f32 = 0.25;
/// Alpha above this is the subject's noise.
const NOISE_CEILING: f32 = 0.97;
/// How far a channel strays by noise and by the map's error; and how far it must be able to go to tell more than that.
/// Units: of 255.
const CHANNEL_NOISE: f32 = 4.0;
const TELLING_ROOM_MIN: f32 = 40.0;
/// Alpha that nobody sees is none.
const ALPHA_SEEN_MIN: f32 = 2.5 / 255.0;

/// Keys frames of one clip.
#[derive(Debug, Clone, Copy)]
pub struct Keyer {
    model: ScreenModel,
}

impl Keyer {
    /// A keyer for the screen that was found.
    pub const fn new(model: ScreenModel) -> Self {
        Self { model }
    }

    /// Keys one frame: straight RGBA, 0 and 255 exactly outside of edges. Where alpha is 0, the colour continues the
    /// nearest subject, so that no encoder's chroma smears screen into an edge.
    pub fn key(&self, frame: RgbFrame<'_>) -> Vec<u8> {
        let screen = plate::map(frame, &self.model);
        let rough = rough_matte(frame, &screen);
        let noise_floor = (screen_noise(&rough) * NOISE_DEVIATIONS).clamp(NOISE_FLOOR_MIN, NOISE_FLOOR_MAX);
        let reach = (frame.height / EDGE_REACH_DIVISOR).max(2);
        let floor = erode(&rough, frame.width, reach);
        let subject = subject_colors(frame, &floor);
        let mut keyed = vec![0; frame.width * frame.height * 4];
        keyed.par_chunks_mut(frame.width * 4).enumerate().for_each(|(y, row)| {
            let mut rows = [vec![[0.0; 3]; frame.width], vec![[0.0; 3]; frame.width]];
            let [screens, subjects] = &mut rows;
            screen.write_row(y, screens);
            subject.write_row(y, subjects);
            let start = y * frame.width;
            let pixels = frame.pixels.chunks_exact(3).skip(start);
            let floors = floor.iter().zip(&rough).skip(start);
            let known = screens.iter().zip(subjects.iter());
            for (((out, pixel), (floor, rough)), (screen, subject)) in row.chunks_exact_mut(4).zip(pixels).zip(floors).zip(known)
            {
                let color = rgb(pixel);
                let screen = relit(*screen, color);
                let local = Local { screen, subject: *subject, axis: ScreenAxis::of(screen), noise_floor };
                let (color, alpha) = local.solve(color, *rough, *floor);
                let [red, green, blue] = color.map(|channel| (channel + 0.5) as u8);
                out.copy_from_slice(&[red, green, blue, (alpha * 255.0 + 0.5) as u8]);
            }
        });
        keyed
    }
}

/// What lies around one pixel.
struct Local {
    screen: Rgb,
    subject: Rgb,
    axis: ScreenAxis,
    noise_floor: f32,
}

impl Local {
    fn solve(&self, color: Rgb, rough: f32, floor: f32) -> (Rgb, f32) {
        if floor >= CORE_ALPHA_MIN {
            return (self.axis.despill(color), 1.0);
        }
        let alpha = self.alpha(color, rough);
        // Faint hairs keep their alpha: what is above the floor is not lowered by it, only the step is rounded.
        let alpha = (alpha * smoothstep(self.noise_floor * 0.6, self.noise_floor * 1.6, alpha) / NOISE_CEILING).clamp(0.0, 1.0);
        if alpha < ALPHA_SEEN_MIN {
            return (self.axis.despill(self.subject), 0.0);
        }
        let behind = self.screen.map(|channel| channel * (1.0 - alpha));
        let unmixed = subtract(color, behind).map(|channel| (channel / alpha).clamp(0.0, 255.0));
        // The thinner a pixel, the louder its noise after unmixing, and the better its neighbours know.
        let trusted = mix(self.subject, unmixed, smoothstep(0.15, 0.9, alpha));
        (self.axis.despill(trusted), alpha)
    }

    /// Where the colour lies on the line from screen to subject; between what is possible and what the hue allows.
    fn alpha(&self, color: Rgb, rough: f32) -> f32 {
        let (seen, line) = (weighted(subtract(color, self.screen)), weighted(subtract(self.subject, self.screen)));
        let length = dot(line, line);
        let solved = if length > 400.0 { dot(seen, line) / length } else { rough };
        solved.clamp(0.0, lean(rough)).max(self.alpha_possible(color))
    }

    /// The least alpha at which some colour between black and white explains the pixel.
    fn alpha_possible(&self, color: Rgb) -> f32 {
        let shares = color.iter().zip(self.screen).map(|(channel, screen)| {
            // A screen's channel that is nearly black or white already says nothing by going further.
            let (seen, room) = if *channel > screen { (channel - screen, 255.0 - screen) } else { (screen - channel, screen) };
            if room > TELLING_ROOM_MIN { (seen - CHANNEL_NOISE) / room } else { 0.0 }
        });
        shares.fold(0.0, f32::max).clamp(0.0, 1.0)
    }
}

fn weighted(color: Rgb) -> Rgb {
    let [x, y] = chroma(color);
    [luma(color) * LUMA_WEIGHT, x, y]
}

/// The screen at this pixel's own light, as long as the pixel is nearly screen: folds and noise are not subject.
fn relit(screen: Rgb, color: Rgb) -> Rgb {
    let (brightness, tint) = against(color, screen);
    let share = 1.0 - smoothstep(0.1, 0.3, tint);
    let light = 1.0 + (brightness.clamp(BRIGHTNESS_MIN, BRIGHTNESS_MAX) - 1.0) * share;
    screen.map(|channel| channel * light)
}

/// Lifts the limit on alpha where hue alone cannot tell a leaning subject from a mixture.
fn lean(rough: f32) -> f32 {
    rough + (1.0 - rough) * smoothstep(LEANING_ALPHA_MIN - 0.05, LEANING_ALPHA_MIN + 0.08, rough)
}

/// Alpha by hue alone: right on the screen and in the core, too high between.
fn rough_matte(frame: RgbFrame<'_>, screen: &FilledGrid) -> Vec<f32> {
    let mut rough = vec![0.0; frame.width * frame.height];
    rough.par_chunks_mut(frame.width).enumerate().for_each(|(y, row)| {
        let mut screens = vec![[0.0; 3]; frame.width];
        screen.write_row(y, &mut screens);
        let pixels = frame.pixels.chunks_exact(3).skip(y * frame.width);
        for ((alpha, pixel), screen) in row.iter_mut().zip(pixels).zip(&screens) {
            let color = rgb(pixel);
            *alpha = (1.0 - ScreenAxis::of(relit(*screen, color)).screenness(color)).clamp(0.0, 1.0);
        }
    });
    rough
}

/// How far the screen's own pixels are from the screen: one deviation, read off where 84 % lie below. Half are clamped to 0.
fn screen_noise(rough: &[f32]) -> f32 {
    const BINS: usize = 64;
    const NEAR: f32 = 0.3;
    let mut counts = [0_usize; BINS];
    for alpha in rough.iter().filter(|alpha| **alpha < NEAR) {
        if let Some(count) = counts.get_mut((alpha / NEAR * BINS as f32) as usize) {
            *count += 1;
        }
    }
    let most = counts.iter().sum::<usize>() * 84 / 100;
    let mut seen = 0;
    let below = counts.iter().take_while(|count| {
        seen += **count;
        seen <= most
    });
    (below.count() as f32 + 0.5) * NEAR / BINS as f32
}

/// The colours of the core, and with less weight of what leans, spread over the whole picture.
fn subject_colors(frame: RgbFrame<'_>, floor: &[f32]) -> FilledGrid {
    let grid = Grid::build(frame.width, frame.height, SUBJECT_CELL_PX, |cell_row, cells| {
        for y in (cell_row * SUBJECT_CELL_PX..frame.height).take(SUBJECT_CELL_PX) {
            let pixels = frame.pixels.chunks_exact(3).zip(floor).skip(y * frame.width).take(frame.width);
            for (x, (pixel, floor)) in pixels.enumerate() {
                let weight = smoothstep(LEANING_ALPHA_MIN, CORE_ALPHA_MIN, *floor);
                if weight > 0.0
                    && let Some(cell) = cells.get_mut(x / SUBJECT_CELL_PX)
                {
                    cell.add(rgb(pixel), weight);
                }
            }
        }
    });
    grid.fill_holes((SUBJECT_CELL_PX * SUBJECT_CELL_PX) as f32).unwrap_or_else(|| FilledGrid::uniform([128.0; 3]))
}

/// The least value within `reach` pixels, across and down.
fn erode(plane: &[f32], width: usize, reach: usize) -> Vec<f32> {
    let least = |values: &[f32]| values.iter().copied().fold(1.0, f32::min);
    let mut across = vec![0.0_f32; plane.len()];
    across.par_chunks_mut(width).zip(plane.par_chunks(width)).for_each(|(out, row)| {
        for (x, value) in out.iter_mut().enumerate() {
            *value = least(row.get(x.saturating_sub(reach)..(x + reach + 1).min(width)).unwrap_or_default());
        }
    });
    let height = plane.len() / width.max(1);
    let mut eroded = vec![0.0_f32; plane.len()];
    eroded.par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        out.fill(1.0);
        for near in y.saturating_sub(reach)..(y + reach + 1).min(height) {
            for (value, other) in out.iter_mut().zip(across.iter().skip(near * width)) {
                *value = value.min(*other);
            }
        }
    });
    eroded
}
