//! How strongly each cell of a frame speaks for a subject, or for the background.

use rayon::prelude::*;

use super::color::{Rgb, Ypq, ypq};
use super::exposure::Exposure;
use super::plate::{Plate, cell_means};
use super::shadow;

/// Squared distance in deviations at which a cell speaks for neither; one of noise alone is near 3.
const NEITHER: f32 = 12.0;
/// Likewise for the mean over a neighbourhood, in which noise is much less.
const NEITHER_AROUND: f32 = 16.0;
const AROUND: usize = 2;
/// How much less the noise of that mean is; not by its 25 cells, since what codecs leave is alike in neighbours.
const AROUND_CALM: f32 = 8.0;
/// What a neighbourhood's mean may be off without any subject: light that bounces, blocks of a codec. In codes.
const AROUND_OFF: Ypq = [1.5, 1.0, 1.0];
const AROUND_WEIGHT: f32 = 0.7;
/// Most that one cell can say, against a subject and for it.
const SAID: (f32, f32) = (-5.0, 6.0);

/// A shadow whose texture is not seen may as well be cloth of the background's hue, the deeper the more: a cell says no less
/// than this against a subject in hardly any shadow, nothing where this much light is lost, and so much for one besides.
const UNSURE_MIN: f32 = -9.0;
const UNSURE_DEPTH: f32 = 0.4;
const UNSURE_WEIGHT: f32 = 6.0;

/// One frame beside the background, a value per cell.
#[derive(Debug)]
pub struct Evidence {
    /// The frame.
    pub seen: Vec<Rgb>,
    /// The background in the frame's light and shadow.
    pub behind: Vec<Rgb>,
    /// Share of light that a shadow leaves.
    pub shade: Vec<f32>,
    /// Squared distance from the background in deviations, shadow allowed for.
    pub distance: Vec<f32>,
    /// Above 0 for the subject, below for the background.
    pub said: Vec<f32>,
}

impl Evidence {
    pub fn new(plate: &Plate, exposure: &Exposure, seen: Vec<Rgb>) -> Self {
        let lit: Vec<Rgb> = (0..plate.cells.len()).into_par_iter().map(|cell| plate.lit(cell, exposure)).collect();
        let plain: Vec<f32> =
            (0..seen.len()).into_par_iter().map(|cell| distance(seen[cell], lit[cell], plate.variance[cell])).collect();
        let (shade, is_sure) = shadow::find(plate, &seen, &lit, &plain);
        let behind: Vec<Rgb> = lit.par_iter().zip(&shade).map(|(lit, shade)| lit.map(|channel| channel * shade)).collect();
        let distance: Vec<f32> =
            (0..seen.len()).into_par_iter().map(|cell| distance(seen[cell], behind[cell], plate.variance[cell])).collect();
        let mut said = said(plate, &seen, &behind, &distance);
        for ((said, shade), _) in said.iter_mut().zip(&shade).zip(&is_sure).filter(|(_, is_sure)| !**is_sure) {
            let depth = (shade - 1.0).abs();
            *said = said.max(UNSURE_MIN * (1.0 - depth / UNSURE_DEPTH).max(0.0)) + UNSURE_WEIGHT * depth;
        }
        Self { seen, behind, shade, distance, said }
    }
}

pub fn frame_cells(plate: &Plate, rgba: &[u8]) -> Vec<Rgb> {
    cell_means::<4>(plate.cells, plate.side, plate.width, plate.height, rgba)
}

pub fn distance(seen: Rgb, behind: Rgb, variance: Ypq) -> f32 {
    let off = ypq([seen[0] - behind[0], seen[1] - behind[1], seen[2] - behind[2]]);
    off[0] * off[0] / variance[0] + off[1] * off[1] / variance[1] + off[2] * off[2] / variance[2]
}

fn said(plate: &Plate, seen: &[Rgb], behind: &[Rgb], distance: &[f32]) -> Vec<f32> {
    let cells = plate.cells;
    let means: Vec<Vec<f32>> = (0..3)
        .map(|channel| {
            let off: Vec<f32> = seen
                .par_iter()
                .zip(behind)
                .map(|(seen, behind)| ypq([seen[0] - behind[0], seen[1] - behind[1], seen[2] - behind[2]])[channel])
                .collect();
            cells.mean(&off, AROUND)
        })
        .collect();
    (0..cells.len())
        .into_par_iter()
        .map(|cell| {
            let around: f32 = (0..3)
                .map(|channel| {
                    let variance = plate.variance[cell][channel] / AROUND_CALM + AROUND_OFF[channel] * AROUND_OFF[channel];
                    means[channel][cell] * means[channel][cell] / variance
                })
                .sum();
            let own = (distance[cell] - NEITHER) * 0.5;
            let around = ((around - NEITHER_AROUND) * 0.5 * AROUND_WEIGHT).clamp(SAID.0, SAID.1);
            // A cell beside a subject is in its neighbourhood, but is not off in the same direction.
            let mean = [0, 1, 2].map(|channel| means[channel][cell]);
            let off = ypq([0, 1, 2].map(|channel| seen[cell][channel] - behind[cell][channel]));
            let along: f32 = (0..3).map(|channel| off[channel] * mean[channel]).sum();
            let alike = along / mean.iter().map(|mean| mean * mean).sum::<f32>().max(1.0);
            own.clamp(SAID.0, SAID.1) + if around > 0.0 { around * ((alike - 0.3) * 2.0).clamp(0.0, 1.0) } else { around }
        })
        .collect()
}
