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

/// Cells between those by which light is followed.
const EXPOSURE_STRIDE: usize = 7;
/// Squared change since the last frame, in deviations, beyond which a cell moves.
const MOVING_MIN: f32 = 12.0;
/// What the last frame's label says where nothing moved.
const BEFORE_WEIGHT: f32 = 2.0;

/// Mattes the frames of one clip, in order.
#[derive(Debug)]
pub struct Matter {
    plate: Arc<Plate>,
    before: Option<Before>,
}

/// The last frame.
#[derive(Debug)]
struct Before {
    exposure: Exposure,
    seen: Vec<Rgb>,
    labels: Vec<f32>,
    alpha: Vec<u8>,
}

impl Matter {
    /// Before this background.
    #[must_use]
    pub const fn new(plate: Arc<Plate>) -> Self {
        Self { plate, before: None }
    }

    /// Gives one frame its alpha, and its edges the subject's own colour. Packed RGBA; a frame of another size stays as it is.
    pub fn matte(&mut self, rgba: &mut [u8]) {
        let (plate, grid) = (self.plate.as_ref(), self.plate.cells);
        if rgba.len() != plate.width * plate.height * 4 {
            return;
        }
        let seen = evidence::frame_cells(plate, rgba);
        let exposure = self.exposure(&seen);
        let mut evidence = Evidence::new(plate, &exposure, seen);
        let moving = self.moving(&evidence.seen);
        if let Some(before) = &self.before {
            for ((said, label), _) in
                evidence.said.iter_mut().zip(&before.labels).zip(&moving).filter(|(_, moving)| **moving == 0)
            {
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
        let class = edge::classify(grid, &labels, &evidence);
        let colors = edge::colors(grid, &labels, &class, &evidence);
        let before = self.before.as_ref().map(|before| before.alpha.as_slice()).unwrap_or_default();
        let edges = Edges {
            plate,
            exposure: &exposure,
            evidence: &evidence,
            labels: &labels,
            class: &class,
            colors: &colors,
            moving: &moving,
            before,
        };
        edges.write(rgba);
        let alpha = rgba.as_chunks::<4>().0.par_iter().map(|pixel| pixel[3]).collect();
        self.before = Some(Before { exposure, seen: evidence.seen, labels, alpha });
    }

    fn exposure(&self, seen: &[Rgb]) -> Exposure {
        let pairs = |is_used: &dyn Fn(usize) -> bool| -> Vec<(Rgb, Rgb)> {
            let cells = (0..seen.len()).step_by(EXPOSURE_STRIDE).filter(|cell| is_used(*cell));
            cells.map(|cell| (self.plate.colors[cell], seen[cell])).collect()
        };
        match &self.before {
            Some(before) => before.exposure.follow(&pairs(&|cell| before.labels[cell] < 0.0)),
            None => Exposure::fit(&pairs(&|_| true)),
        }
    }

    /// Where the frame differs from the last one.
    fn moving(&self, seen: &[Rgb]) -> Vec<u8> {
        let Some(before) = &self.before else { return vec![255; seen.len()] };
        (0..seen.len())
            .into_par_iter()
            .map(|cell| {
                // Both frames are noisy.
                let variance = self.plate.variance[cell].map(|variance| variance * 2.0);
                if distance(seen[cell], before.seen[cell], variance) > MOVING_MIN { 255 } else { 0 }
            })
            .collect()
    }
}
