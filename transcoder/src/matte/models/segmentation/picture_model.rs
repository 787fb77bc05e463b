//! The model on square pictures: several runs at once, each on one thread, which takes less time
//! than one run on all threads for models as small as this.

use std::sync::Arc;

use rayon::prelude::*;

use crate::error::{TaskError, TaskResult};
use crate::matte::models::model::{Inference, Model};
use shared::code::JobErrorCode;

/// Runs of one model.
#[derive(Debug)]
pub struct PictureModel {
    side: usize,
    runs: Vec<Inference>,
}

impl PictureModel {
    /// As many runs as the model may use threads.
    /// Errors: `model_unavailable`, `model_failed`.
    pub fn start(model: &Arc<Model>) -> TaskResult<Self> {
        let side = model.picture_side().ok_or_else(|| {
            TaskError::with_detail(JobErrorCode::ModelUnavailable, "a segmentation model needs square pictures of a fixed size")
        })?;
        let runs = (0..model.threads().max(1)).map(|_| Inference::start(model)).collect::<TaskResult<_>>()?;
        Ok(Self { side, runs })
    }
}

impl segmentation::Model for PictureModel {
    type Error = TaskError;

    fn side(&self) -> usize {
        self.side
    }

    fn infer(&mut self, pictures: Vec<Vec<f32>>) -> TaskResult<Vec<Vec<f32>>> {
        let share = pictures.len().div_ceil(self.runs.len()).max(1);
        let mut parts: Vec<Vec<Vec<f32>>> = Vec::new();
        let mut pictures = pictures.into_iter().peekable();
        while pictures.peek().is_some() {
            parts.push(pictures.by_ref().take(share).collect());
        }
        let run_part = |(run, part): (&mut Inference, Vec<Vec<f32>>)| {
            part.into_iter().map(|picture| run.infer_picture(picture)).collect::<TaskResult<Vec<_>>>()
        };
        let shares: Vec<Vec<Vec<f32>>> = self.runs.par_iter_mut().zip(parts).map(run_part).collect::<TaskResult<_>>()?;
        Ok(shares.into_iter().flatten().collect())
    }
}
