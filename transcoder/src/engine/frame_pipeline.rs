//! The frame pipeline: composes each decoded frame, measures its matte, keeps samples, and prepares
//! it for every encoder.

use keyer::Shot;
use shared::media::PixelSize;
use shared::qa::MatteFigures;

use crate::error::TaskResult;
use crate::frame::compositor::Compositor;
use crate::frame::feed::{Feed, Frame, Sized};
use crate::frame::pixels;
use crate::frame::samples::{Lattice, Samples};
use crate::matte::keying_step::{KeyingStep, MasterFrame};
use crate::output::master::Master;
use crate::output::matte_metrics::MatteMetrics;
use crate::output::rendition::{Rendition, RenditionKind};
use crate::output::run_plan::RunPlan;
use crate::output::second_opinion::MatteSamples;

/// Treatment of the colour of transparent pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransparentPixels {
    /// It is the source's own and is kept.
    Kept,
    /// It is invented, and is flattened away from visible pixels, which encodes better.
    Flattened,
}

/// The pipeline and the reference data collected so far.
#[derive(Debug)]
pub struct FramePipeline {
    keying: KeyingStep,
    transparent_pixels: TransparentPixels,
    size: PixelSize,
    compositor: Compositor,
    renditions: Vec<Rendition>,
    /// Each distinct one once.
    feeds: Vec<Feed>,
    metrics: MatteMetrics,
    /// Index of the frame that becomes the poster.
    poster_at: u64,
    master: Master,
}

impl FramePipeline {
    /// The pipeline of a plan.
    pub fn new(
        plan: &RunPlan,
        keying: KeyingStep,
        compositor: Compositor,
        transparent_pixels: TransparentPixels,
        metrics: MatteMetrics,
    ) -> Self {
        let (mut feeds, mut samples) = (Vec::new(), Vec::<Samples>::new());
        let frames = plan.picture.length.frames;
        for rendition in &plan.renditions {
            if !feeds.contains(&rendition.feed) {
                feeds.push(rendition.feed);
            }
            let feed_size = rendition.feed.size;
            if matches!(rendition.kind, RenditionKind::Output(_))
                && samples.iter().all(|samples| samples.lattice.size != feed_size)
            {
                samples.push(Samples::new(Lattice::new(feed_size, frames)));
            }
        }
        let (matte, matte_samples) = (MatteFigures::default(), MatteSamples::default());
        let master = Master { frames: 0, samples, screens: None, matte, matte_samples, posters: Vec::new() };
        let (size, renditions) = (plan.picture.size, plan.renditions.clone());
        Self { keying, transparent_pixels, size, compositor, renditions, feeds, metrics, poster_at: frames / 2, master }
    }

    /// Whether the next frame can be processed only after [`Self::add_shot`].
    pub fn needs_shot(&self) -> bool {
        self.keying.needs_shot()
    }

    /// Adds the next shot of the keyer's first pass.
    pub fn add_shot(&mut self, shot: Shot) {
        self.keying.add_shot(shot);
    }

    /// Processes one decoded frame. Returns the input of each rendition's encoder in the order of
    /// the plan; none for renditions that drop this frame.
    pub fn process(&mut self, raw: Vec<u8>) -> TaskResult<Vec<Option<Frame>>> {
        let index = self.master.frames;
        self.master.frames += 1;
        let MasterFrame { mut rgba, source } = self.keying.apply(raw);
        if self.transparent_pixels == TransparentPixels::Flattened {
            pixels::flatten(&mut rgba, self.size);
        }
        self.metrics.add(&rgba, source.as_ref());
        let rgba = self.compositor.show(rgba)?;
        let is_taken = |feed: &&Feed| self.renditions.iter().any(|rendition| rendition.feed == **feed && rendition.takes(index));
        let taken: Vec<Feed> = self.feeds.iter().filter(is_taken).copied().collect();
        // Sizes that nothing takes now get blank samples, so that the n-th samples are always of
        // the n-th frame.
        let sized = Sized::new(rgba, self.compositor.size(), taken.iter())?;
        for samples in &mut self.master.samples {
            let rgba = sized.iter().find(|(size, _)| *size == samples.lattice.size).map(|(_, rgba)| rgba);
            samples.add(index, rgba.unwrap_or_default());
        }
        let prepared: Vec<(Feed, Option<Frame>)> = taken.iter().map(|feed| (*feed, sized.prepare(feed))).collect();
        let find = |feed: &Feed| prepared.iter().find(|(other, _)| other == feed).and_then(|(_, frame)| frame.clone());
        if self.master.posters.is_empty() || index <= self.poster_at {
            self.keep_posters(index, &find);
        }
        Ok(self.renditions.iter().map(|rendition| find(&rendition.feed).filter(|_| rendition.takes(index))).collect())
    }

    fn keep_posters(&mut self, index: u64, find: &impl Fn(&Feed) -> Option<Frame>) {
        for rendition in &self.renditions {
            if let (RenditionKind::Preview(backdrop), true) = (rendition.kind, rendition.takes(index))
                && let Some(frame) = find(&rendition.feed)
            {
                self.master.posters.retain(|(kept, ..)| *kept != backdrop);
                self.master.posters.push((backdrop, rendition.feed.padded, frame));
            }
        }
    }

    /// Returns the reference data for verification, with the metrics of the matte.
    pub fn finish(mut self) -> Master {
        let matte_samples = self.metrics.take_samples();
        Master { screens: self.keying.screens(), matte: self.metrics.finish(), matte_samples, ..self.master }
    }
}
