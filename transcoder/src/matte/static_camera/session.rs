//! Mattes the frames of a clip in order, from a known background.

use std::sync::Arc;

use rayon::prelude::*;

use super::color::{Rgb, distance};
use super::evidence::{self, Evidence};
use super::exposure::Exposure;
use super::foreground_estimation::{self, EdgeEstimator};
use super::mean_field::smooth_labels;
use super::motion_blur::MotionBlur;
use super::plate::Plate;
use super::regions;

/// Every n-th cell is used to follow the exposure.
const EXPOSURE_STRIDE: usize = 7;
/// Squared difference from the previous frame, in deviations of the noise, from which a cell counts
/// as changed.
const CHANGE_MIN: f32 = 12.0;
/// Weight of the previous frame's label in unchanged cells.
const PREVIOUS_WEIGHT: f32 = 2.0;

/// Mattes the frames of one clip in order, each after the next one has come.
#[derive(Debug)]
pub struct StaticCameraSession {
    plate: Arc<Plate>,
    /// Labels and alpha of the last frame that was matted.
    previous_labels: Option<Vec<f32>>,
    previous_alpha: Vec<u8>,
    /// The frame that waits for its successor.
    pending: Option<SegmentedFrame>,
}

/// A frame whose cells are labelled.
#[derive(Debug)]
struct SegmentedFrame {
    /// Packed pixels.
    rgba: Vec<u8>,
    exposure: Exposure,
    evidence: Evidence,
    changed: Vec<u8>,
    /// Above 0 for cells of the subject.
    labels: Vec<f32>,
}

impl StaticCameraSession {
    /// A session with this background.
    #[must_use]
    pub const fn new(plate: Arc<Plate>) -> Self {
        Self { plate, previous_labels: None, previous_alpha: Vec::new(), pending: None }
    }

    /// Takes the next frame and returns the one before it with alpha and, at edges, foreground
    /// colours. Packed RGBA; a frame of another size is returned unchanged.
    pub fn push(&mut self, rgba: Vec<u8>) -> Option<Vec<u8>> {
        if rgba.len() != self.plate.width * self.plate.height * 4 {
            return Some(rgba);
        }
        let next = self.segment(rgba);
        let pending = self.pending.take();
        let matted = pending.map(|pending| self.matte(pending, Some(&next)));
        self.pending = Some(next);
        matted
    }

    /// Returns the last frame.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let pending = self.pending.take()?;
        Some(self.matte(pending, None))
    }

    fn segment(&self, rgba: Vec<u8>) -> SegmentedFrame {
        let (plate, grid) = (self.plate.as_ref(), self.plate.cells);
        let previous = self.pending.as_ref();
        let frame = evidence::frame_cells(plate, &rgba);
        let exposure = exposure(plate, previous, &frame);
        let mut evidence = Evidence::new(plate, &exposure, frame);
        let changed = changed(plate, previous, &evidence.frame);
        if let Some(previous) = previous {
            let still = evidence.score.iter_mut().zip(&previous.labels).zip(&changed).filter(|(_, changed)| **changed == 0);
            for ((score, label), _) in still {
                *score += PREVIOUS_WEIGHT * label / (1.0 + label.abs());
            }
        }
        let difference: Vec<Rgb> = evidence
            .frame
            .par_iter()
            .zip(&evidence.background)
            .map(|(frame, behind)| [frame[0] - behind[0], frame[1] - behind[1], frame[2] - behind[2]])
            .collect();
        let mut labels = smooth_labels(grid, evidence.score.clone(), difference);
        regions::clean_up(grid, &mut labels, &evidence.score);
        SegmentedFrame { rgba, exposure, evidence, changed, labels }
    }

    fn matte(&mut self, frame: SegmentedFrame, next: Option<&SegmentedFrame>) -> Vec<u8> {
        let (plate, grid) = (self.plate.as_ref(), self.plate.cells);
        let SegmentedFrame { mut rgba, exposure, evidence, changed, labels } = frame;
        let motion_blur =
            MotionBlur::find(grid, self.previous_labels.as_deref(), &labels, next.map(|next| next.labels.as_slice()));
        let trimap = foreground_estimation::trimap(grid, &labels, &evidence, motion_blur.as_ref());
        let colors = foreground_estimation::foreground_colors(grid, &labels, &trimap, &evidence);
        let edges = EdgeEstimator {
            plate,
            exposure: &exposure,
            evidence: &evidence,
            labels: &labels,
            trimap: &trimap,
            colors: &colors,
            motion_blur: motion_blur.as_ref(),
            changed: &changed,
            previous: &self.previous_alpha,
        };
        edges.write(&mut rgba);
        self.previous_alpha = rgba.as_chunks::<4>().0.par_iter().map(|pixel| pixel[3]).collect();
        self.previous_labels = Some(labels);
        rgba
    }
}

fn exposure(plate: &Plate, previous: Option<&SegmentedFrame>, frame: &[Rgb]) -> Exposure {
    let pairs = |is_used: &dyn Fn(usize) -> bool| -> Vec<(Rgb, Rgb)> {
        let cells = (0..frame.len()).step_by(EXPOSURE_STRIDE).filter(|cell| is_used(*cell));
        cells.map(|cell| (plate.colors[cell], frame[cell])).collect()
    };
    match previous {
        Some(previous) => previous.exposure.follow(&pairs(&|cell| previous.labels[cell] < 0.0)),
        None => Exposure::fit(&pairs(&|_| true)),
    }
}

/// 255 for cells that differ from the previous frame by more than noise.
fn changed(plate: &Plate, previous: Option<&SegmentedFrame>, frame: &[Rgb]) -> Vec<u8> {
    let Some(previous) = previous else { return vec![255; frame.len()] };
    (0..frame.len())
        .into_par_iter()
        .map(|cell| {
            // The difference of two frames has twice the variance.
            let variance = plate.variance[cell].map(|variance| variance * 2.0);
            if distance(frame[cell], previous.evidence.frame[cell], variance) > CHANGE_MIN { 255 } else { 0 }
        })
        .collect()
}
