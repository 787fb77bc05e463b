//! What happens to each decoded frame before it goes to the encoders: composed, measured, sampled, prepared in every form.

use shared::media::PixelSize;
use shared::qa::MatteFigures;

use crate::error::TaskResult;
use crate::frame::compositor::Compositor;
use crate::frame::feed::{Feed, Frame, Sized};
use crate::frame::pixels::{self, Backdrop};
use crate::frame::samples::{Lattice, Samples};
use crate::matte::keying_step::KeyingStep;
use crate::output::matte_metrics::Meter;
use crate::output::product::{Item, Product};
use crate::plan::Plan;

/// What went into the encoders.
#[derive(Debug)]
pub struct Master {
    /// How many frames.
    pub frames: u64,
    /// Some pixels of each, per size.
    pub samples: Vec<Samples>,
    /// What the matte looked like.
    pub matte: MatteFigures,
    /// One frame over each backdrop, with its size.
    pub posters: Vec<(Backdrop, PixelSize, Frame)>,
}

impl Master {
    /// What was kept of the frames of this size.
    pub fn samples_of(&self, size: PixelSize) -> Option<&Samples> {
        self.samples.iter().find(|samples| samples.lattice.size == size)
    }
}

/// What becomes of colour that nobody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
    /// It is the source's own.
    Kept,
    /// We made it up: what is far from everything seen may go.
    Flattened,
}

/// The line, and what it has seen so far.
#[derive(Debug)]
pub struct Line {
    keying: KeyingStep,
    unseen: Unseen,
    shown: PixelSize,
    stage: Compositor,
    products: Vec<Product>,
    feeds: Vec<Feed>,
    meter: Meter,
    /// The frame that stands for the clip.
    poster_at: u64,
    master: Master,
}

impl Line {
    /// A line for the plan.
    pub fn new(plan: &Plan, keying: KeyingStep, stage: Compositor, unseen: Unseen, meter: Meter) -> Self {
        let (mut feeds, mut samples) = (Vec::new(), Vec::<Samples>::new());
        let frames = plan.picture.length.frames;
        for product in &plan.products {
            if !feeds.contains(&product.feed) {
                feeds.push(product.feed);
            }
            let size = product.feed.size;
            if matches!(product.item, Item::Output(_)) && samples.iter().all(|samples| samples.lattice.size != size) {
                samples.push(Samples::new(Lattice::new(size, frames)));
            }
        }
        let master = Master { frames: 0, samples, matte: MatteFigures::default(), posters: Vec::new() };
        let (shown, products) = (plan.picture.shown, plan.products.clone());
        Self { keying, unseen, shown, stage, products, feeds, meter, poster_at: frames / 2, master }
    }

    /// How many frames have passed.
    pub const fn frames(&self) -> u64 {
        self.master.frames
    }

    /// Passes one frame as the decoder wrote it; what each product takes of it, in the order of the plan.
    pub fn pass(&mut self, raw: Vec<u8>) -> TaskResult<Vec<Option<Frame>>> {
        let index = self.master.frames;
        self.master.frames += 1;
        let (mut rgba, source) = self.keying.apply(raw);
        if self.unseen == Unseen::Flattened {
            pixels::flatten(&mut rgba, self.shown);
        }
        self.meter.add(&rgba, source.as_deref());
        let rgba = self.stage.show(rgba)?;
        let is_taken = |feed: &&Feed| self.products.iter().any(|product| product.feed == **feed && product.takes(index));
        let taken: Vec<Feed> = self.feeds.iter().filter(is_taken).copied().collect();
        // Samples of every size, so that the n-th are always those of the n-th frame.
        let sized = Sized::new(rgba, self.stage.size(), taken.iter())?;
        for samples in &mut self.master.samples {
            let rgba = sized.iter().find(|(size, _)| *size == samples.lattice.size).map(|(_, rgba)| rgba);
            samples.add(index, rgba.unwrap_or_default());
        }
        let prepared: Vec<(Feed, Option<Frame>)> = taken.iter().map(|feed| (*feed, sized.prepare(feed))).collect();
        let find = |feed: &Feed| prepared.iter().find(|(other, _)| other == feed).and_then(|(_, frame)| frame.clone());
        if self.master.posters.is_empty() || index <= self.poster_at {
            self.keep_posters(index, &find);
        }
        Ok(self.products.iter().map(|product| find(&product.feed).filter(|_| product.takes(index))).collect())
    }

    fn keep_posters(&mut self, index: u64, find: &impl Fn(&Feed) -> Option<Frame>) {
        for product in &self.products {
            if let (Item::Preview(backdrop), true) = (product.item, product.takes(index))
                && let Some(frame) = find(&product.feed)
            {
                self.master.posters.retain(|(kept, ..)| *kept != backdrop);
                self.master.posters.push((backdrop, product.feed.padded, frame));
            }
        }
    }

    /// What has passed.
    pub fn finish(self) -> Master {
        Master { matte: self.meter.finish(), ..self.master }
    }
}
