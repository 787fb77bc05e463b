//! Frames in order → their mattes, by a background that is known.

use std::sync::Arc;

use rayon::prelude::*;

use super::color::Rgb;
use super::edge::{self, Edges};
use super::evidence::{self, Evidence, distance};
use super::exposure::Exposure;
use super::plate::Plate;
use super::regions;
use super::relax::relax;
use super::smear::Smear;

/// Cells between those by which light is followed.
const EXPOSURE_STRIDE: usize = 7;
/// Squared change since the last frame, in deviations, beyond which a cell moves.
const MOVING_MIN: f32 = 12.0;
/// What the last frame's label says where nothing moved.
const BEFORE_WEIGHT: f32 = 2.0;

/// Mattes the frames of one clip, in order, each when the next one is known.
#[derive(Debug)]
pub struct Matter {
    plate: Arc<Plate>,
    /// Of the last frame that was matted, both.
    labels_before: Option<Vec<f32>>,
    alpha_before: Vec<u8>,
    /// Until the next one is known.
    waiting: Option<Labelled>,
}

/// A frame of which is known where its subject is.
#[derive(Debug)]
struct Labelled {
    /// Packed.
    rgba: Vec<u8>,
    exposure: Exposure,
    evidence: Evidence,
    moving: Vec<u8>,
    /// Above 0 for the subject.
    labels: Vec<f32>,
}

impl Matter {
    /// Before this background.
    #[must_use]
    pub const fn new(plate: Arc<Plate>) -> Self {
        Self { plate, labels_before: None, alpha_before: Vec::new(), waiting: None }
    }

    /// Takes the next frame and gives back the one before it, with alpha and, at edges, the subject's own colour. Packed RGBA;
    /// a frame of another size stays as it is.
    pub fn take(&mut self, rgba: Vec<u8>) -> Option<Vec<u8>> {
        if rgba.len() != self.plate.width * self.plate.height * 4 {
            return Some(rgba);
        }
        let next = self.label(rgba);
        let waiting = self.waiting.take();
        let matted = waiting.map(|waiting| self.matte(waiting, Some(&next)));
        self.waiting = Some(next);
        matted
    }

    /// The last frame.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let waiting = self.waiting.take()?;
        Some(self.matte(waiting, None))
    }

    fn label(&self, rgba: Vec<u8>) -> Labelled {
        let (plate, grid) = (self.plate.as_ref(), self.plate.cells);
        let before = self.waiting.as_ref();
        let seen = evidence::frame_cells(plate, &rgba);
        let exposure = exposure(plate, before, &seen);
        let mut evidence = Evidence::new(plate, &exposure, seen);
        let moving = moving(plate, before, &evidence.seen);
        if let Some(before) = before {
            let still = evidence.said.iter_mut().zip(&before.labels).zip(&moving).filter(|(_, moving)| **moving == 0);
            for ((said, label), _) in still {
                *said += BEFORE_WEIGHT * label / (1.0 + label.abs());
            }
        }
        let off: Vec<Rgb> = evidence
            .seen
            .par_iter()
            .zip(&evidence.behind)
            .map(|(seen, behind)| [seen[0] - behind[0], seen[1] - behind[1], seen[2] - behind[2]])
            .collect();
        let mut labels = relax(grid, evidence.said.clone(), off);
        regions::tidy(grid, &mut labels, &evidence.said);
        Labelled { rgba, exposure, evidence, moving, labels }
    }

    fn matte(&mut self, frame: Labelled, after: Option<&Labelled>) -> Vec<u8> {
        let (plate, grid) = (self.plate.as_ref(), self.plate.cells);
        let Labelled { mut rgba, exposure, evidence, moving, labels } = frame;
        let smear = Smear::find(grid, self.labels_before.as_deref(), &labels, after.map(|after| after.labels.as_slice()));
        let class = edge::classify(grid, &labels, &evidence, smear.as_ref());
        let colors = edge::colors(grid, &labels, &class, &evidence);
        let edges = Edges {
            plate,
            exposure: &exposure,
            evidence: &evidence,
            labels: &labels,
            class: &class,
            colors: &colors,
            smear: smear.as_ref(),
            moving: &moving,
            before: &self.alpha_before,
        };
        edges.write(&mut rgba);
        self.alpha_before = rgba.as_chunks::<4>().0.par_iter().map(|pixel| pixel[3]).collect();
        self.labels_before = Some(labels);
        rgba
    }
}

fn exposure(plate: &Plate, before: Option<&Labelled>, seen: &[Rgb]) -> Exposure {
    let pairs = |is_used: &dyn Fn(usize) -> bool| -> Vec<(Rgb, Rgb)> {
        let cells = (0..seen.len()).step_by(EXPOSURE_STRIDE).filter(|cell| is_used(*cell));
        cells.map(|cell| (plate.colors[cell], seen[cell])).collect()
    };
    match before {
        Some(before) => before.exposure.follow(&pairs(&|cell| before.labels[cell] < 0.0)),
        None => Exposure::fit(&pairs(&|_| true)),
    }
}

/// Where the frame differs from the last one.
fn moving(plate: &Plate, before: Option<&Labelled>, seen: &[Rgb]) -> Vec<u8> {
    let Some(before) = before else { return vec![255; seen.len()] };
    (0..seen.len())
        .into_par_iter()
        .map(|cell| {
            // Both frames are noisy.
            let variance = plate.variance[cell].map(|variance| variance * 2.0);
            if distance(seen[cell], before.evidence.seen[cell], variance) > MOVING_MIN { 255 } else { 0 }
        })
        .collect()
}
