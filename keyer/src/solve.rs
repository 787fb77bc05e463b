//! Unmixes the blocks between screen and core: how much subject, and of which colour.

use crate::color::{Ypq, dot, mix, plus, scaled, smoothstep, subtract};
use crate::palette::{Palette, length};
use crate::plane::Plane;
use crate::rough::{CORE, Rough, SCREEN};
use crate::subject::Subject;
use crate::view::View;

/// Luma is worth less than chroma where the subject's own brightness varies: the least and the most, and the variance at
/// which it is half way. Codecs leave thin hair its luma alone.
const LUMA_WEIGHT: (f32, f32) = (0.3, 0.8);
const VARIANCE_HALF: f32 = 60.0;
/// The signal, in variances of the noise, at which a direction of colour is half believed.
const SIGNAL_HALF: f32 = 8.0;
/// Likeness of direction, as a cosine, from which the core nearby begins to tell, and from which it tells all it can.
const LIKE_MIN: f32 = 0.80;
const LIKE_FULL: f32 = 0.97;
/// What the palette is worth without knowledge, and how much of its say the core nearby takes.
const PALETTE_WEIGHT_MIN: f32 = 0.05;
const NEAR_TAKES: f32 = 0.7;
/// Between these alphas a block's own colour takes over from that of its surroundings.
const OWN_COLOR_ALPHA: (f32, f32) = (0.4, 0.95);

/// Alpha of a whole block below or above these is taken for none, or all.
const ALPHA_SEEN_MIN: f32 = 0.02;
const ALPHA_OPAQUE_MIN: f32 = 0.97;

/// Alpha and the subject's colour.
#[derive(Debug, Clone)]
pub struct Solved {
    /// Of every block.
    pub alpha: Plane<f32>,
    /// Of soft blocks alone; others keep an old one.
    pub color: Vec<Ypq>,
}

/// What a block is solved with.
struct Around<'a> {
    screen: Ypq,
    near: Ypq,
    is_near_known: bool,
    noise_square: f32,
    luma_weight: f32,
    palette: &'a Palette,
}

impl Solved {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { alpha: Plane::new(columns, rows, 0.0), color: vec![[0.0; 3]; columns * rows] }
    }

    pub fn update(&mut self, view: &View, noise: Ypq, rough: &Rough, palette: &Palette, subject: &Subject) {
        let columns = self.alpha.columns;
        for row in 0..self.alpha.rows {
            for column in 0..columns {
                let index = row * columns + column;
                let alpha = &mut self.alpha.cells[index];
                match rough.class.cells[index] {
                    SCREEN => *alpha = 0.0,
                    CORE => *alpha = 1.0,
                    _ => {
                        let variance = subject.luma_variance(column, row);
                        let calm = VARIANCE_HALF / (VARIANCE_HALF + variance);
                        let luma_weight = LUMA_WEIGHT.0 + (LUMA_WEIGHT.1 - LUMA_WEIGHT.0) * calm;
                        let noise = weighted(noise, luma_weight);
                        let around = Around {
                            screen: view.plate_at(index),
                            near: subject.grid.at_block(column, row),
                            is_near_known: subject.is_known,
                            noise_square: dot(noise, noise),
                            luma_weight,
                            palette,
                        };
                        let (solved, color) = around.solve(view.seen_at(index), smoothed(view, index));
                        *alpha = settled(solved);
                        self.color[index] = color;
                    }
                }
            }
        }
    }
}

/// Nearly nothing is nothing, nearly all is all.
fn settled(alpha: f32) -> f32 {
    if alpha < ALPHA_SEEN_MIN {
        0.0
    } else if alpha > ALPHA_OPAQUE_MIN {
        1.0
    } else {
        alpha
    }
}

fn weighted([y, p, q]: Ypq, luma_weight: f32) -> Ypq {
    [y * luma_weight, p, q]
}

/// The mean over a block and its neighbours: hairs that cross share a colour, and chroma is filtered wider than luma.
fn smoothed(view: &View, index: usize) -> Ypq {
    [0, 1, 2].map(|channel: usize| view.scratch.soft[channel].cells[index] - view.plate[channel].cells[index])
}

impl Around<'_> {
    /// From a block's colour and that of its surroundings, both less the screen's.
    fn solve(&self, seen: Ypq, around: Ypq) -> (f32, Ypq) {
        let full = self.subject_color(around);
        let (own, line) = (weighted(seen, self.luma_weight), weighted(full, self.luma_weight));
        let alpha = (dot(own, line) / dot(line, line).max(1.0)).clamp(0.0, 1.0);
        let scale = 1.0 / alpha.max(0.02);
        let own = scaled(seen, scale);
        (alpha, plus(self.screen, mix(full, own, smoothstep(OWN_COLOR_ALPHA.0, OWN_COLOR_ALPHA.1, alpha))))
    }

    /// The subject's colour less the screen's, in the direction that is seen: as far out as the core nearby or the palette say.
    fn subject_color(&self, around: Ypq) -> Ypq {
        let (radius, trust) = self.palette.find(around);
        let by_palette = length(around) / radius;
        let line = subtract(self.near, self.screen);
        let (seen, near) = (weighted(around, self.luma_weight), weighted(line, self.luma_weight));
        let (seen_square, near_square, both) = (dot(seen, seen), dot(near, near), dot(seen, near));
        let cosine = both / (seen_square * near_square).sqrt().max(1.0);
        // Where the direction is seen well, the length of what is seen counts; where it drowns in noise, its projection.
        let sure = seen_square / (seen_square + SIGNAL_HALF * self.noise_square);
        let (along_seen, along_near) = (seen_square / both.max(1.0), both / near_square.max(1.0));
        let by_near = along_near + (along_seen - along_near) * sure;
        let near_weight = if self.is_near_known { smoothstep(LIKE_MIN, LIKE_FULL, cosine) } else { 0.0 };
        let palette_weight = (PALETTE_WEIGHT_MIN + trust) * (1.0 - NEAR_TAKES * near_weight);
        let alpha = (by_near * near_weight + by_palette * palette_weight) / (near_weight + palette_weight);
        mix(line, scaled(around, 1.0 / alpha.max(0.01)), sure)
    }
}
