//! The first pass: frames of a working size in, evidence out.

use std::sync::mpsc::SyncSender;

use segmentation::{ClipSegmenter, Picture, Plane, Views};
use shared::media::PixelSize;

use super::picture_model::PictureModel;
use crate::error::TaskResult;
use crate::frame::pixels::sides;
use crate::matte::first_pass::{Analysis, Progress};

/// Collects the evidence of one clip.
#[derive(Debug)]
pub struct SegmentationAnalysis {
    segmenter: ClipSegmenter,
    model: PictureModel,
    size: PixelSize,
    evidence: SyncSender<Plane<f32>>,
}

impl SegmentationAnalysis {
    /// An analysis of frames of this size, which sends the evidence of each frame in order.
    pub const fn new(model: PictureModel, views: Views, size: PixelSize, evidence: SyncSender<Plane<f32>>) -> Self {
        Self { segmenter: ClipSegmenter::new(views), model, size, evidence }
    }

    fn send(&self, planes: Vec<Plane<f32>>) -> Progress {
        match planes.into_iter().try_for_each(|plane| self.evidence.send(plane)) {
            Ok(()) => Progress::Continue,
            Err(_) => Progress::Stop,
        }
    }
}

impl Analysis for SegmentationAnalysis {
    fn add_frame(&mut self, frame: Vec<u8>) -> TaskResult<Progress> {
        let (width, height) = sides(self.size);
        let values = frame.as_chunks::<4>().0.iter().map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
        let done = self.segmenter.push(Picture { width, height, values }, &mut self.model)?;
        Ok(self.send(done))
    }

    fn finish(&mut self) -> TaskResult<()> {
        let done = self.segmenter.finish(&mut self.model)?;
        self.send(done);
        Ok(())
    }
}
