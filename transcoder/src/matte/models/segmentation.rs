//! A segmentation model of people as a matting backend. The first pass collects evidence over the
//! whole clip with several views of each frame (crate `segmentation`); the second turns it into
//! mattes that follow the edges of the full picture.

mod analysis;
mod mattes;
mod picture_model;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use segmentation::{ClipSegmenter, Picture, Plane as Evidence, Views};
use shared::media::PixelSize;

use self::analysis::SegmentationAnalysis;
use self::mattes::MatteSession;
pub use self::mattes::full_matte;
use self::picture_model::PictureModel;
use super::model::Model;
use super::plane::Plane;
use crate::error::TaskResult;
use crate::frame::pixels::sides;
use crate::frame::raw_format::RawFormat;
use crate::matte::first_pass::FirstPass;
use crate::matte::matting_step::{MattingBackend, MattingRun};

/// Longer side of the frames of the first pass: enough for subjects of a quarter of the picture.
/// Units: pixels.
const ANALYSIS_SIDE_PX_MAX: u32 = 960;
/// Frames of evidence that wait for the second pass: as many as the first pass finishes at once.
const EVIDENCE_IN_FLIGHT_MAX: usize = segmentation::FRAMES_AT_ONCE_MAX;

/// Mattes clips with a segmentation model.
#[derive(Debug)]
pub struct SegmentationBackend {
    model: Arc<Model>,
}

impl SegmentationBackend {
    /// A backend of this model.
    pub const fn new(model: Arc<Model>) -> Self {
        Self { model }
    }
}

impl MattingBackend for SegmentationBackend {
    fn start(&self, size: PixelSize) -> TaskResult<MattingRun> {
        let manifest = self.model.manifest();
        let (first_pass, evidence) = first_pass(&self.model, manifest.views(), size)?;
        let session = MatteSession::new(manifest.clone(), size, evidence);
        Ok(MattingRun { session: Box::new(session), first_pass: Some(first_pass) })
    }
}

/// A first pass over a clip of this frame size, and the evidence of each frame, in order.
pub fn first_pass(model: &Arc<Model>, views: Views, size: PixelSize) -> TaskResult<(FirstPass, Receiver<Evidence<f32>>)> {
    let small = within(size, ANALYSIS_SIDE_PX_MAX);
    let (evidence_in, evidence) = sync_channel(EVIDENCE_IN_FLIGHT_MAX);
    let analysis = SegmentationAnalysis::new(PictureModel::start(model)?, views, small, evidence_in);
    Ok((FirstPass::new(Box::new(analysis), RawFormat::Rgba, small), evidence))
}

/// Mattes of single frames, packed RGB, without the help of their neighbours.
pub fn matte_samples(model: &Arc<Model>, frames: &[Vec<u8>], size: PixelSize) -> TaskResult<Vec<Plane>> {
    let mut pictures = PictureModel::start(model)?;
    let (width, height) = sides(size);
    let mut mattes = Vec::new();
    for frame in frames {
        let values = frame.as_chunks::<3>().0.to_vec();
        let mut segmenter = ClipSegmenter::new(Views::Few);
        let mut found = segmenter.push(Picture { width, height, values }, &mut pictures)?;
        found.extend(segmenter.finish(&mut pictures)?);
        mattes.extend(found.iter().map(|evidence| mattes::small_matte(model.manifest(), evidence)));
    }
    Ok(mattes)
}

/// The size scaled down to this longer side, if it is larger.
fn within(size: PixelSize, side_max: u32) -> PixelSize {
    let longer = size.width.max(size.height);
    if longer <= side_max {
        return size;
    }
    let scaled = |side: u32| {
        let scaled = (u64::from(side) * u64::from(side_max) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(side_max).max(1)
    };
    PixelSize { width: scaled(size.width), height: scaled(size.height) }
}
