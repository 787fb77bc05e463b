//! A few small frames of a clip → what its background looks like and where in which of them it is seen; or why that cannot be.

#![expect(clippy::cast_precision_loss, reason = "counts of pixels and samples are far below 2^24")]

use rayon::prelude::*;

use super::camera::{self, Motion, Pyramid, STILL_PX_MAX};
use super::choice;
use super::clusters::{self, Cluster};
use super::color::{Rgb, Ypq, rgb, ypq};
use super::exposure::Exposure;
use super::grid::Grid;
use super::seams;

/// More would not fit the bits of a word.
pub const SAMPLES_MAX: usize = 64;
/// Fewer tell nothing of what comes and goes.
const SAMPLES_MIN: usize = 8;
/// Pixels between those by which light is compared.
const EXPOSURE_STRIDE: usize = 5;
/// Least deviation of the noise, in codes: files are rounded.
const NOISE_MIN: Ypq = [1.5, 1.0, 1.0];
/// Share of the picture whose background may stay unknown.
const UNKNOWN_SHARE_MAX: f32 = 0.004;
/// Shares of the picture that something must cover, on average, and must not.
const SUBJECT_SHARE_MIN: f32 = 0.002;
const SUBJECT_SHARE_MAX: f32 = 0.6;
/// Longest false outline, as a share of the picture's height.
const FALSE_SEAM_MAX: f32 = 0.5;

/// Small frames of a clip in order, packed RGB.
#[derive(Debug, Clone)]
pub struct Samples {
    /// Units: pixels.
    pub width: usize,
    /// Units: pixels.
    pub height: usize,
    /// At most `SAMPLES_MAX`.
    pub frames: Vec<Vec<u8>>,
    /// The empty scene as the caller shows it, of the same size.
    pub given: Option<Vec<u8>>,
}

/// What is known of a background.
#[derive(Debug, Clone)]
pub struct Learned {
    pub(super) grid: Grid,
    /// The light of each sample.
    pub(super) exposures: Vec<Exposure>,
    /// In which samples each pixel shows the background and nothing else.
    pub(super) seen: Vec<u64>,
    /// The light of the caller's picture.
    pub(super) given: Option<Exposure>,
    pub(super) noise: Ypq,
    /// Share of the picture that the subject covers.
    pub subject_share: f32,
    /// 0 to 1.
    pub confidence: f32,
}

/// Why no background can be had.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Too short.
    #[error("the clip has too few frames to tell what moves from what stands still")]
    TooFewFrames,
    /// Panned, zoomed, or held in the hand.
    #[error("the camera moves: the picture shifts by up to {:.1} % of its width", share * 100.0)]
    CameraMoves {
        /// Of the picture's width.
        share: f32,
    },
    /// The caller's picture is of something else.
    #[error("the background picture does not show the scene from where the camera stands")]
    OtherScene,
    /// Nothing to cut out.
    #[error("nothing moves in front of the background")]
    NothingMoves,
    /// The subject, or the background itself, is always in motion.
    #[error("{:.1} % of the picture never shows a background that stands still", share * 100.0)]
    NeverStill {
        /// Of the picture.
        share: f32,
    },
    /// Part of the subject rests where it is.
    #[error("the subject never moves off some part of the background, or the camera moves before a plain wall")]
    NeverUncovered,
}

/// Learns the background.
pub fn learn(samples: &Samples) -> Result<Learned, Refusal> {
    let grid = Grid { columns: samples.width, rows: samples.height };
    let mut frames: Vec<Vec<Rgb>> = samples.frames.iter().take(SAMPLES_MAX).map(|frame| unpacked(frame)).collect();
    if frames.len() < SAMPLES_MIN || frames.iter().any(|frame| frame.len() != grid.len()) {
        return Err(Refusal::TooFewFrames);
    }
    let exposures = even_out(&mut frames);
    let frames: Vec<Vec<Ypq>> = frames.par_iter().map(|frame| frame.iter().copied().map(ypq).collect()).collect();
    let noise = noise(&frames);
    let pyramids: Vec<Pyramid> =
        frames.par_iter().map(|frame| Pyramid::new(grid, frame.iter().map(|[luma, ..]| *luma).collect())).collect();
    let motion = camera::motion(grid, &pyramids);
    refuse_motion(motion, grid)?;
    let mut clusters = clusters::find(&frames, noise);
    let given = samples.given.as_deref().map(unpacked).map(|given| given_light(&given, &frames, grid)).transpose()?;
    if let Some((_, given)) = &given {
        for (clusters, color) in clusters.iter_mut().zip(given) {
            clusters.push(Cluster { color: *color, seen: 0 });
        }
    }
    let chosen = choice::choose(grid, &clusters, frames.len(), given.as_ref().map(|(_, colors)| colors.as_slice()));
    let learned = Learner { grid, frames, noise, given: given.map(|(exposure, _)| exposure) };
    learned.conclude(exposures, &clusters, &chosen, motion)
}

struct Learner {
    grid: Grid,
    frames: Vec<Vec<Ypq>>,
    noise: Ypq,
    given: Option<Exposure>,
}

impl Learner {
    fn conclude(
        self,
        exposures: Vec<Exposure>,
        clusters: &[Vec<Cluster>],
        chosen: &[usize],
        motion: Motion,
    ) -> Result<Learned, Refusal> {
        let count_min = clusters::count_min(self.frames.len());
        let background: Vec<Option<Cluster>> =
            clusters.iter().zip(chosen).map(|(clusters, chosen)| clusters.get(*chosen).copied()).collect();
        let known =
            |cluster: &Option<Cluster>| cluster.is_some_and(|cluster| self.given.is_some() || cluster.count() >= count_min);
        let unknown_share = background.iter().filter(|cluster| !known(cluster)).count() as f32 / self.grid.len() as f32;
        let seen: Vec<u64> = background.iter().map(|cluster| cluster.map_or(0, |cluster| cluster.seen)).collect();
        let all = self.frames.len() as f32;
        let subject_share = seen.iter().map(|seen| 1.0 - seen.count_ones() as f32 / all).sum::<f32>() / self.grid.len() as f32;
        let colors: Vec<Ypq> = background.iter().map(|cluster| cluster.map_or([0.0; 3], |cluster| cluster.color)).collect();
        let seams = seams::find(self.grid, &self.frames, &colors, &seen, self.noise);
        tracing::debug!(?motion, unknown_share, subject_share, ?seams, noise = ?self.noise, "looked at a still camera");
        if self.given.is_none() {
            if subject_share < SUBJECT_SHARE_MIN {
                return Err(Refusal::NothingMoves);
            }
            if unknown_share > UNKNOWN_SHARE_MAX || subject_share > SUBJECT_SHARE_MAX {
                return Err(Refusal::NeverStill { share: unknown_share.max(subject_share) });
            }
            if seams.false_px as f32 > FALSE_SEAM_MAX * self.grid.rows as f32 {
                return Err(Refusal::NeverUncovered);
            }
        }
        let rested = 1.0 - (seams.false_px as f32 / (FALSE_SEAM_MAX * self.grid.rows as f32)).min(1.0);
        let stood = 1.0 - (motion.shift_px / STILL_PX_MAX).min(1.0);
        let known = 1.0 - (unknown_share / UNKNOWN_SHARE_MAX).min(1.0);
        let confidence = if self.given.is_some() { 0.95 } else { 0.5 + 0.45 * rested.min(stood).min(known) };
        let (grid, noise, given) = (self.grid, self.noise, self.given);
        Ok(Learned { grid, exposures, seen, given, noise, subject_share, confidence })
    }
}

fn refuse_motion(motion: Motion, grid: Grid) -> Result<(), Refusal> {
    if motion.shift_px > STILL_PX_MAX {
        return Err(Refusal::CameraMoves { share: motion.shift_px / grid.columns as f32 });
    }
    Ok(())
}

fn unpacked(frame: &[u8]) -> Vec<Rgb> {
    frame.as_chunks::<3>().0.iter().copied().map(rgb).collect()
}

/// Brings all samples to the light of the middle one; twice, the second time against the median of all.
fn even_out(frames: &mut [Vec<Rgb>]) -> Vec<Exposure> {
    let middle = frames[frames.len() / 2].clone();
    let first: Vec<Exposure> = frames.par_iter().map(|frame| Exposure::fit(&pairs(&middle, frame))).collect();
    let median = median(frames, &first);
    let exposures: Vec<Exposure> =
        frames.par_iter().zip(&first).map(|(frame, first)| first.follow(&pairs(&median, frame))).collect();
    frames.par_iter_mut().zip(&exposures).for_each(|(frame, exposure)| {
        for color in frame.iter_mut() {
            *color = exposure.undo(*color);
        }
    });
    exposures
}

fn pairs(reference: &[Rgb], seen: &[Rgb]) -> Vec<(Rgb, Rgb)> {
    reference.iter().copied().zip(seen.iter().copied()).step_by(EXPOSURE_STRIDE).collect()
}

fn median(frames: &[Vec<Rgb>], exposures: &[Exposure]) -> Vec<Rgb> {
    let pixels = frames.first().map_or(0, Vec::len);
    (0..pixels)
        .into_par_iter()
        .map(|pixel| {
            let even: Vec<Rgb> = frames.iter().zip(exposures).map(|(frame, exposure)| exposure.undo(frame[pixel])).collect();
            [0, 1, 2].map(|channel| {
                let mut values: Vec<f32> = even.iter().map(|color| color[channel]).collect();
                let middle = values.len() / 2;
                *values.select_nth_unstable_by(middle, f32::total_cmp).1
            })
        })
        .collect()
}

/// The third quartile of the change from sample to sample, as a deviation of one of them: textures are coded worse than walls.
fn noise(frames: &[Vec<Ypq>]) -> Ypq {
    [0, 1, 2].map(|channel| {
        let mut changes: Vec<f32> = frames
            .windows(2)
            .flat_map(|pair| pair[0].iter().zip(&pair[1]).step_by(7).map(|(left, right)| (left[channel] - right[channel]).abs()))
            .collect();
        let third = changes.len() / 4 * 3;
        let change = if changes.is_empty() { 0.0 } else { *changes.select_nth_unstable_by(third, f32::total_cmp).1 };
        // Of a normal distribution's difference: the third quartile of |x| is 1.15 σ √2.
        (change / (1.15 * std::f32::consts::SQRT_2)).max(NOISE_MIN[channel])
    })
}

/// The caller's picture in the light of the samples.
fn given_light(given: &[Rgb], frames: &[Vec<Ypq>], grid: Grid) -> Result<(Exposure, Vec<Ypq>), Refusal> {
    let middle = frames.len() / 2;
    let back = |[luma, blue, red]: Ypq| {
        let (red, blue) = (luma + 1.5748 * red, luma + 1.8556 * blue);
        [red, (luma - 0.2126 * red - 0.0722 * blue) / 0.7152, blue]
    };
    let reference: Vec<Rgb> = frames[middle].iter().copied().map(back).collect();
    // From the samples' light to the picture's.
    let exposure = Exposure::fit(&pairs(&reference, given));
    let even: Vec<Ypq> = given.iter().map(|color| ypq(exposure.undo(*color))).collect();
    let luma = |colors: &[Ypq]| Pyramid::new(grid, colors.iter().map(|[luma, ..]| *luma).collect());
    let shifts = camera::shifts(&luma(&even), &luma(&frames[middle]));
    let told = shifts.iter().flatten().count();
    let off = shifts.iter().flatten().filter(|[x, y]| x.hypot(*y) > 2.0 * STILL_PX_MAX).count();
    if told > 0 && off * 2 > told {
        return Err(Refusal::OtherScene);
    }
    Ok((exposure, even))
}
