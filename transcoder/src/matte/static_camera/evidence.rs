//! Scores each cell of a frame as subject or background, by its distance from the plate in
//! deviations of the noise.

use rayon::prelude::*;

use super::color::{Rgb, Ycc, distance, ycc};
use super::exposure::Exposure;
use super::plate::{Plate, cell_means};
use super::shadow;

/// Squared distance at which the score is 0; noise alone has about 3.
const NEUTRAL_DISTANCE: f32 = 12.0;
/// The same for the mean of the 5 × 5 neighbourhood, in which noise is much less.
const NEUTRAL_DISTANCE_5X5: f32 = 16.0;
const NEIGHBOURHOOD: usize = 2;
/// Reduction of the variance by that mean; less than 25, since the noise that codecs leave is
/// correlated.
const MEAN_NOISE_REDUCTION: f32 = 8.0;
/// Difference of a neighbourhood's mean without a subject: bounced light, blocks of a codec. Units:
/// codes.
const MEAN_TOLERANCE: Ycc = [1.5, 1.0, 1.0];
const MEAN_WEIGHT: f32 = 0.7;
/// Range of the score of one cell.
const SCORE_RANGE: (f32, f32) = (-5.0, 6.0);

/// A shadow in which the background's texture is not visible may as well be cloth of its hue, the
/// deeper the more likely. The score has a lower bound, from the first of these in a faint shadow
/// to 0 where the second share of light is lost, and rises by the third times the loss.
const UNCERTAIN_SHADOW_MIN: f32 = -9.0;
const UNCERTAIN_SHADOW_DEPTH: f32 = 0.4;
const UNCERTAIN_SHADOW_WEIGHT: f32 = 6.0;

/// A frame compared with the plate, one value per cell.
#[derive(Debug)]
pub struct Evidence {
    /// Mean colours of the frame.
    pub frame: Vec<Rgb>,
    /// The plate with the exposure and the shadows of the frame.
    pub background: Vec<Rgb>,
    /// Share of the light that remains in a shadow; 1 without.
    pub shade: Vec<f32>,
    /// Squared distance from `background` in deviations of the noise.
    pub distance: Vec<f32>,
    /// Above 0 for the subject, below for the background.
    pub score: Vec<f32>,
}

impl Evidence {
    pub fn new(plate: &Plate, exposure: &Exposure, frame: Vec<Rgb>) -> Self {
        let lit: Vec<Rgb> = (0..plate.cells.len()).into_par_iter().map(|cell| plate.exposed(cell, exposure)).collect();
        let plain: Vec<f32> =
            (0..frame.len()).into_par_iter().map(|cell| distance(frame[cell], lit[cell], plate.variance[cell])).collect();
        let (shade, is_textured) = shadow::find(plate, &frame, &lit, &plain);
        let background: Vec<Rgb> = lit.par_iter().zip(&shade).map(|(lit, shade)| lit.map(|channel| channel * shade)).collect();
        let distance: Vec<f32> =
            (0..frame.len()).into_par_iter().map(|cell| distance(frame[cell], background[cell], plate.variance[cell])).collect();
        let mut score = scores(plate, &frame, &background, &distance);
        for ((score, shade), _) in score.iter_mut().zip(&shade).zip(&is_textured).filter(|(_, is_textured)| !**is_textured) {
            let depth = (shade - 1.0).abs();
            *score = score.max(UNCERTAIN_SHADOW_MIN * (1.0 - depth / UNCERTAIN_SHADOW_DEPTH).max(0.0))
                + UNCERTAIN_SHADOW_WEIGHT * depth;
        }
        Self { frame, background, shade, distance, score }
    }
}

pub fn frame_cells(plate: &Plate, rgba: &[u8]) -> Vec<Rgb> {
    cell_means::<4>(plate.cells, plate.side, plate.width, plate.height, rgba)
}

fn scores(plate: &Plate, frame: &[Rgb], background: &[Rgb], distance: &[f32]) -> Vec<f32> {
    let cells = plate.cells;
    let means: Vec<Vec<f32>> = (0..3)
        .map(|channel| {
            let difference: Vec<f32> = frame
                .par_iter()
                .zip(background)
                .map(|(frame, background)| {
                    ycc([frame[0] - background[0], frame[1] - background[1], frame[2] - background[2]])[channel]
                })
                .collect();
            cells.box_mean(&difference, NEIGHBOURHOOD)
        })
        .collect();
    (0..cells.len())
        .into_par_iter()
        .map(|cell| {
            let around: f32 = (0..3)
                .map(|channel| {
                    let variance =
                        plate.variance[cell][channel] / MEAN_NOISE_REDUCTION + MEAN_TOLERANCE[channel] * MEAN_TOLERANCE[channel];
                    means[channel][cell] * means[channel][cell] / variance
                })
                .sum();
            let own = (distance[cell] - NEUTRAL_DISTANCE) * 0.5;
            let around = ((around - NEUTRAL_DISTANCE_5X5) * 0.5 * MEAN_WEIGHT).clamp(SCORE_RANGE.0, SCORE_RANGE.1);
            // A background cell beside a subject has it in its neighbourhood, but does not differ
            // in the same direction.
            let mean = [0, 1, 2].map(|channel| means[channel][cell]);
            let difference = ycc([0, 1, 2].map(|channel| frame[cell][channel] - background[cell][channel]));
            let along: f32 = (0..3).map(|channel| difference[channel] * mean[channel]).sum();
            let alike = along / mean.iter().map(|mean| mean * mean).sum::<f32>().max(1.0);
            own.clamp(SCORE_RANGE.0, SCORE_RANGE.1)
                + if around > 0.0 { around * ((alike - 0.3) * 2.0).clamp(0.0, 1.0) } else { around }
        })
        .collect()
}
