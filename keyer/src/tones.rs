//! The subject's colours as a few tones, and how far each leans to the screen's hue where the screen's light does not reach.

use crate::color::Ypq;
use crate::plane::Plane;
use crate::rough::{CORE, Rough};
use crate::view::View;

const TONES: usize = 8;
const ROUNDS: usize = 12;
/// Pixels that tones are made from, at most, and of each sample.
const PIXELS_MAX: usize = 24_000;
const SAMPLE_PIXELS_MAX: usize = 3_000;
/// Luma tells tones apart less than chroma does.
const LUMA_WEIGHT: f32 = 0.7;
/// A tone's own lean is taken where it lies deepest: this share of its pixels, and among those this quantile.
const DEEP_SHARE: f32 = 0.25;
const LEAN_QUANTILE: f32 = 0.6;
/// A pixel may lean this much more than its tone.
const LEAN_MARGIN: f32 = 0.015;
/// A pale tone of exactly the screen's hue is a grey in the screen's light, and no dye: up to this lean, and with no more
/// chroma across the hue, as a share of that along it.
const GREY_LEAN_MAX: f32 = 0.16;
const GREY_ACROSS_MAX: f32 = 0.15;
/// What chroma along the screen's hue weighs in finding a pixel's tone.
const LIT_CHROMA_WEIGHT: f32 = 0.6;
/// How far a tone's say reaches. Units: of 255.
const TONE_REACH: f32 = 8.0;
/// Light that is taken off at most, in shares of the screen's.
const SPILL_MAX: f32 = 0.8;
/// Luma below this is not divided by. Units: of 255.
const LUMA_MIN: f32 = 8.0;

/// One colour of the subject, and its own lean: chroma along the screen's hue over luma.
#[derive(Debug, Clone, Copy, Default)]
struct Tone {
    mean: Ypq,
    lean: f32,
}

/// The tones of one shot.
#[derive(Debug, Clone, Default)]
pub struct Tones {
    tones: Vec<Tone>,
    pixels: Vec<(Ypq, u8)>,
}

impl Tones {
    /// Takes note of a sample's core.
    pub fn add(&mut self, view: &View, rough: &Rough) {
        let indexes: Vec<usize> = rough.teachers().collect();
        let depth = depths(&rough.class);
        let stride = (indexes.len() / SAMPLE_PIXELS_MAX).max(1);
        for index in indexes.into_iter().step_by(stride) {
            if self.pixels.len() < PIXELS_MAX {
                self.pixels.push(([0, 1, 2].map(|channel: usize| view.blocks[channel].cells[index]), depth[index]));
            }
        }
    }

    /// Draws conclusions, and forgets the pixels.
    pub fn learn(&mut self, _screen: Ypq) {
        let pixels = std::mem::take(&mut self.pixels);
        if pixels.len() < 50 {
            return;
        }
        let mut means = spread_out(&pixels);
        let mut member = vec![0_usize; pixels.len()];
        for _ in 0..ROUNDS {
            let mut sums = vec![[0.0_f64; 4]; means.len()];
            for ((color, _), member) in pixels.iter().zip(&mut member) {
                *member = nearest(means.iter().copied(), *color);
                for (sum, value) in sums[*member].iter_mut().zip([color[0], color[1], color[2], 1.0]) {
                    *sum += f64::from(value);
                }
            }
            for (mean, sum) in means.iter_mut().zip(sums) {
                if sum[3] > 0.0 {
                    *mean = [0, 1, 2].map(|channel: usize| (sum[channel] / sum[3]) as f32);
                }
            }
        }
        for (number, mean) in means.into_iter().enumerate() {
            let mut own: Vec<(u8, f32)> = pixels
                .iter()
                .zip(&member)
                .filter(|(_, member)| **member == number)
                .map(|((color, depth), _)| (*depth, color[1] / color[0].max(LUMA_MIN)))
                .collect();
            if own.len() >= 20 {
                own.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)));
                own.truncate(((own.len() as f32 * DEEP_SHARE) as usize).max(1));
                own.sort_by(|a, b| a.1.total_cmp(&b.1));
                let mut lean = own[((own.len() - 1) as f32 * LEAN_QUANTILE) as usize].1;
                let [_, p, q] = mean;
                if lean > 0.0 && lean < GREY_LEAN_MAX && q.abs() < p * GREY_ACROSS_MAX {
                    lean = 0.0;
                }
                self.tones.push(Tone { mean, lean });
            }
        }
    }

    /// The lean of the tones that a colour has under the screen's light, which changes chroma along the screen's hue most.
    fn lean_of(&self, [y, p, q]: Ypq) -> f32 {
        let (mut sum, mut weight) = (0.0, 1e-9);
        for Tone { mean, lean } in &self.tones {
            let distance = apart([y, p * LIT_CHROMA_WEIGHT, q], [mean[0], mean[1] * LIT_CHROMA_WEIGHT, mean[2]]);
            let near = 1.0 / (1.0 + distance / (TONE_REACH * TONE_REACH));
            let near = near * near * near;
            sum += lean * near;
            weight += near;
        }
        sum / weight
    }

    /// How much of the screen's light lies on a colour, in shares of the screen.
    pub fn spill(&self, color: Ypq, screen: Ypq) -> f32 {
        if self.tones.is_empty() {
            return 0.0;
        }
        let lean = self.lean_of(color) + LEAN_MARGIN;
        let room = screen[1] - lean * screen[0];
        ((color[1] - lean * color[0]) / room.max(4.0)).clamp(0.0, SPILL_MAX)
    }
}

fn apart(a: Ypq, b: Ypq) -> f32 {
    let luma = (a[0] - b[0]) * LUMA_WEIGHT;
    luma * luma + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2])
}

fn nearest(means: impl Iterator<Item = Ypq>, color: Ypq) -> usize {
    let mut best = (f32::MAX, 0);
    for (number, mean) in means.enumerate() {
        let distance = apart(mean, color);
        if distance < best.0 {
            best = (distance, number);
        }
    }
    best.1
}

/// The pixels' mean, and then ever the pixel that is farthest from all before.
fn spread_out(pixels: &[(Ypq, u8)]) -> Vec<Ypq> {
    let count = pixels.len() as f32;
    let mut mean = [0.0; 3];
    for (color, _) in pixels {
        for (mean, value) in mean.iter_mut().zip(color) {
            *mean += value / count;
        }
    }
    let mut means = vec![mean];
    let mut distance = vec![f32::MAX; pixels.len()];
    while means.len() < TONES {
        let last = means[means.len() - 1];
        let mut farthest = (0.0, 0);
        for (index, ((color, _), distance)) in pixels.iter().zip(&mut distance).enumerate() {
            *distance = distance.min(apart(*color, last));
            if *distance > farthest.0 {
                farthest = (*distance, index);
            }
        }
        if farthest.0 < 1.0 {
            break;
        }
        means.push(pixels[farthest.1].0);
    }
    means
}

/// How many blocks away the nearest block is that is not core; the picture's border is no edge.
fn depths(class: &Plane<u8>) -> Vec<u8> {
    let (columns, rows) = (class.columns, class.rows);
    let mut depth: Vec<u8> = class.cells.iter().map(|class| if *class == CORE { u8::MAX } else { 0 }).collect();
    let mut relax = |index: usize, near: Option<usize>| {
        if let Some(near) = near {
            depth[index] = depth[index].min(depth[near].saturating_add(1));
        }
    };
    for index in 0..columns * rows {
        relax(index, (index % columns > 0).then(|| index - 1));
        relax(index, (index >= columns).then(|| index - columns));
    }
    for index in (0..columns * rows).rev() {
        relax(index, (index % columns + 1 < columns).then(|| index + 1));
        relax(index, (index + columns < columns * rows).then(|| index + columns));
    }
    depth
}
