//! Learns the background from a few downscaled frames: which pixels show it in which of them, and
//! their exposures; or why it cannot be learned.

#![expect(clippy::cast_precision_loss, reason = "counts of pixels and samples are far below 2^24")]

use rayon::prelude::*;

use super::background_selection;
use super::camera_motion::{self, Motion, Pyramid, SHIFT_PX_MAX};
use super::clusters::{self, Cluster};
use super::color::{Rgb, Ycc, rgb, ycc};
use super::exposure::Exposure;
use super::ghost_outlines;
use super::grid::Grid;

/// Samples are numbered by the bits of a `u64`.
pub const SAMPLES_MAX: usize = 64;
/// Fewer do not tell a moving subject from the background.
const SAMPLES_MIN: usize = 8;
/// Every n-th pixel is used to fit the exposure.
const EXPOSURE_STRIDE: usize = 5;
/// Least standard deviation of the noise, in codes: files are rounded.
const NOISE_MIN: Ycc = [1.5, 1.0, 1.0];
/// Largest share of the picture whose background stays unknown.
const UNKNOWN_SHARE_MAX: f32 = 0.004;
/// Smallest and largest share of the picture that subjects cover, on average.
const SUBJECT_SHARE_MIN: f32 = 0.002;
const SUBJECT_SHARE_MAX: f32 = 0.6;
/// Longest ghost outline. Units: share of the picture's height.
const GHOST_OUTLINE_MAX: f32 = 0.5;

/// Downscaled frames of a clip in order, packed RGB.
#[derive(Debug, Clone)]
pub struct Samples {
    /// Units: pixels.
    pub width: usize,
    /// Units: pixels.
    pub height: usize,
    /// At most `SAMPLES_MAX`.
    pub frames: Vec<Vec<u8>>,
    /// The clean plate that the caller gave, in the same size.
    pub given_plate: Option<Vec<u8>>,
}

/// The background of a clip, before it is accumulated at full size.
#[derive(Debug, Clone)]
pub struct BackgroundModel {
    pub(super) grid: Grid,
    /// Exposure of each sample.
    pub(super) exposures: Vec<Exposure>,
    /// Bit mask, by pixel, of the samples in which the background is visible.
    pub(super) visible: Vec<u64>,
    /// Exposure of the given plate.
    pub(super) given_plate: Option<Exposure>,
    pub(super) noise: Ycc,
    /// Mean share of the picture that the subject covers.
    pub subject_share: f32,
    /// Confidence in the background, 0 to 1.
    pub confidence: f32,
}

/// Why the background cannot be learned.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The clip is too short.
    #[error("the clip has too few frames to tell what moves from what stands still")]
    TooFewFrames,
    /// The camera pans, zooms or is handheld.
    #[error("the camera moves: the picture shifts by up to {:.1} % of its width", share * 100.0)]
    CameraMoves {
        /// Of the picture's width.
        share: f32,
    },
    /// The given plate shows something else.
    #[error("the background picture does not show the scene from where the camera stands")]
    OtherScene,
    /// There is no subject.
    #[error("nothing moves in front of the background")]
    NothingMoves,
    /// The subject, or the background itself, always moves.
    #[error("{:.1} % of the picture never shows a background that stands still", share * 100.0)]
    NeverStill {
        /// Of the picture.
        share: f32,
    },
    /// A part of the subject never uncovers the background.
    #[error("the subject never moves off some part of the background, or the camera moves before a plain wall")]
    NeverUncovered,
}

/// Learns the background of a clip.
pub fn learn(samples: &Samples) -> Result<BackgroundModel, Refusal> {
    let grid = Grid { columns: samples.width, rows: samples.height };
    let mut frames: Vec<Vec<Rgb>> = samples.frames.iter().take(SAMPLES_MAX).map(|frame| unpacked(frame)).collect();
    if frames.len() < SAMPLES_MIN || frames.iter().any(|frame| frame.len() != grid.len()) {
        return Err(Refusal::TooFewFrames);
    }
    let exposures = normalize_exposure(&mut frames);
    let frames: Vec<Vec<Ycc>> = frames.par_iter().map(|frame| frame.iter().copied().map(ycc).collect()).collect();
    let noise = noise(&frames);
    let pyramids: Vec<Pyramid> =
        frames.par_iter().map(|frame| Pyramid::new(grid, frame.iter().map(|[luma, ..]| *luma).collect())).collect();
    let motion = camera_motion::motion(grid, &pyramids);
    check_motion(motion, grid)?;
    let mut clusters = clusters::find(&frames, noise);
    let given_plate = samples
        .given_plate
        .as_deref()
        .map(unpacked)
        .map(|given_plate| match_given_plate(&given_plate, &frames, grid))
        .transpose()?;
    if let Some((_, given_plate)) = &given_plate {
        for (pixel_clusters, color) in clusters.iter_mut().zip(given_plate) {
            pixel_clusters.push(Cluster { color: *color, samples: 0 });
        }
    }
    let selected =
        background_selection::select(grid, &clusters, frames.len(), given_plate.as_ref().map(|(_, colors)| colors.as_slice()));
    let model = ModelBuilder { grid, frames, noise, given_plate: given_plate.map(|(exposure, _)| exposure) };
    model.build(exposures, &clusters, &selected, motion)
}

struct ModelBuilder {
    grid: Grid,
    frames: Vec<Vec<Ycc>>,
    noise: Ycc,
    given_plate: Option<Exposure>,
}

impl ModelBuilder {
    fn build(
        self,
        exposures: Vec<Exposure>,
        clusters: &[Vec<Cluster>],
        selected: &[usize],
        motion: Motion,
    ) -> Result<BackgroundModel, Refusal> {
        let count_min = clusters::count_min(self.frames.len());
        let background: Vec<Option<Cluster>> =
            clusters.iter().zip(selected).map(|(clusters, selected)| clusters.get(*selected).copied()).collect();
        let known =
            |cluster: &Option<Cluster>| cluster.is_some_and(|cluster| self.given_plate.is_some() || cluster.count() >= count_min);
        let unknown_share = background.iter().filter(|cluster| !known(cluster)).count() as f32 / self.grid.len() as f32;
        let visible: Vec<u64> = background.iter().map(|cluster| cluster.map_or(0, |cluster| cluster.samples)).collect();
        let all = self.frames.len() as f32;
        let subject_share = visible.iter().map(|seen| 1.0 - seen.count_ones() as f32 / all).sum::<f32>() / self.grid.len() as f32;
        let colors: Vec<Ycc> = background.iter().map(|cluster| cluster.map_or([0.0; 3], |cluster| cluster.color)).collect();
        let ghosts = ghost_outlines::find(self.grid, &self.frames, &colors, &visible, self.noise);
        tracing::debug!(?motion, unknown_share, subject_share, ?ghosts, noise = ?self.noise, "looked at a still camera");
        if self.given_plate.is_none() {
            if subject_share < SUBJECT_SHARE_MIN {
                return Err(Refusal::NothingMoves);
            }
            if unknown_share > UNKNOWN_SHARE_MAX || subject_share > SUBJECT_SHARE_MAX {
                return Err(Refusal::NeverStill { share: unknown_share.max(subject_share) });
            }
            if ghosts.ghost_px as f32 > GHOST_OUTLINE_MAX * self.grid.rows as f32 {
                return Err(Refusal::NeverUncovered);
            }
        }
        let uncovered = 1.0 - (ghosts.ghost_px as f32 / (GHOST_OUTLINE_MAX * self.grid.rows as f32)).min(1.0);
        let still = 1.0 - (motion.shift_px / SHIFT_PX_MAX).min(1.0);
        let known = 1.0 - (unknown_share / UNKNOWN_SHARE_MAX).min(1.0);
        let confidence = if self.given_plate.is_some() { 0.95 } else { 0.5 + 0.45 * uncovered.min(still).min(known) };
        let (grid, noise, given_plate) = (self.grid, self.noise, self.given_plate);
        Ok(BackgroundModel { grid, exposures, visible, given_plate, noise, subject_share, confidence })
    }
}

fn check_motion(motion: Motion, grid: Grid) -> Result<(), Refusal> {
    if motion.shift_px > SHIFT_PX_MAX {
        return Err(Refusal::CameraMoves { share: motion.shift_px / grid.columns as f32 });
    }
    Ok(())
}

fn unpacked(frame: &[u8]) -> Vec<Rgb> {
    frame.as_chunks::<3>().0.iter().copied().map(rgb).collect()
}

/// Normalises all samples to the exposure of the middle one, then to that of their median.
fn normalize_exposure(frames: &mut [Vec<Rgb>]) -> Vec<Exposure> {
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

/// Standard deviation of the noise, from the third quartile of the differences of consecutive
/// samples: textures are coded with more noise than walls.
fn noise(frames: &[Vec<Ycc>]) -> Ycc {
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

/// Fits the exposure of the given plate and normalises it to that of the samples.
/// Errors: [`Refusal::OtherScene`] where most tiles are shifted.
fn match_given_plate(given_plate: &[Rgb], frames: &[Vec<Ycc>], grid: Grid) -> Result<(Exposure, Vec<Ycc>), Refusal> {
    let middle = frames.len() / 2;
    let back = |[luma, blue, red]: Ycc| {
        let (red, blue) = (luma + 1.5748 * red, luma + 1.8556 * blue);
        [red, (luma - 0.2126 * red - 0.0722 * blue) / 0.7152, blue]
    };
    let reference: Vec<Rgb> = frames[middle].iter().copied().map(back).collect();
    // From the samples to the given plate.
    let exposure = Exposure::fit(&pairs(&reference, given_plate));
    let even: Vec<Ycc> = given_plate.iter().map(|color| ycc(exposure.undo(*color))).collect();
    let luma = |colors: &[Ycc]| Pyramid::new(grid, colors.iter().map(|[luma, ..]| *luma).collect());
    let shifts = camera_motion::shifts(&luma(&even), &luma(&frames[middle]));
    let textured = shifts.iter().flatten().count();
    let off = shifts.iter().flatten().filter(|[x, y]| x.hypot(*y) > 2.0 * SHIFT_PX_MAX).count();
    if textured > 0 && off * 2 > textured {
        return Err(Refusal::OtherScene);
    }
    Ok((exposure, even))
}
