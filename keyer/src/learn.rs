//! The first pass: frames in order, every one or a spread of them; out comes a keyer that knows each shot.

use crate::chroma::{Lines, Siting, SitingVote, read_blocks};
use crate::detect::find_chromaticity;
use crate::frame::PlanarFormat;
use crate::keyer::{Keyer, Scene};
use crate::options::KeyOptions;
use crate::plate::SAMPLES_MAX;
use crate::sample::Sample;
use crate::shot::Shot;
use crate::thumbnail::{CutFinder, Thumbnail};
use crate::view::{View, unit};

/// Kept values of all samples, at most. Units: blocks.
const SAMPLED_BLOCKS_MAX: usize = 12_000_000;
const SAMPLES_MIN: usize = 6;
/// Frames that vote for the siting.
const SITING_FRAMES: usize = 6;

/// Why a clip cannot be keyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No frame was given, or frames without pixels.
    NoFrames,
    /// No shot shows a screen of one saturated green or blue.
    NoScreen,
    /// The colour that was given has no hue: white, grey or black cannot be told from a subject.
    ColorlessScreen,
}

/// What the first pass gathers.
#[derive(Debug)]
pub struct Learner {
    format: PlanarFormat,
    options: KeyOptions,
    vote: SitingVote,
    votes: usize,
    lines: Lines,
    view: View,
    rows: [Vec<f32>; 3],
    cuts: CutFinder,
    /// Kept frames, as they came: where chroma lies is known only after some.
    samples: Vec<Vec<u8>>,
    /// Every so many frames of a shot are kept.
    stride: usize,
    seen: usize,
    capacity: usize,
    scenes: Vec<Scene>,
}

impl Learner {
    /// A learner for frames of one format.
    #[must_use]
    pub fn new(format: PlanarFormat, options: KeyOptions) -> Self {
        let count = (format.columns() * format.rows()).max(1);
        Self {
            format,
            options,
            vote: SitingVote::default(),
            votes: 0,
            lines: Lines::new(&format),
            view: View::new(&format),
            rows: [(); 3].map(|()| vec![0.0; format.columns()]),
            cuts: CutFinder::default(),
            samples: Vec::new(),
            stride: 1,
            seen: 0,
            capacity: (SAMPLED_BLOCKS_MAX / count).clamp(SAMPLES_MIN, SAMPLES_MAX),
            scenes: Vec::new(),
        }
    }

    /// Looks at a frame; `index` is its number in the clip, counted from 0 and growing. A frame of another size is left out.
    pub fn learn(&mut self, index: usize, frame: &[u8]) {
        if frame.len() != self.format.frame_size_bytes() || self.format.width == 0 || self.format.height == 0 {
            return;
        }
        let thumbnail = Thumbnail::of(&self.format, frame);
        if self.cuts.is_cut(&thumbnail) {
            self.end_shot();
        }
        if self.seen == 0 {
            self.scenes.push(Scene::from(index, thumbnail.clone()));
        }
        if let Some(scene) = self.scenes.last_mut() {
            scene.last = (index, thumbnail);
        }
        if self.seen.is_multiple_of(self.stride) {
            self.keep(frame);
        }
        self.seen += 1;
    }

    fn keep(&mut self, frame: &[u8]) {
        if self.votes < SITING_FRAMES {
            self.vote.add(&self.format, frame);
            self.votes += 1;
        }
        if self.samples.len() >= self.capacity {
            let mut number = 0;
            self.samples.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.stride *= 2;
            if !self.seen.is_multiple_of(self.stride) {
                return;
            }
        }
        self.samples.push(frame.to_vec());
    }

    /// A kept frame as blocks.
    fn read(&mut self, frame: &[u8]) -> Sample {
        let (columns, rows, siting) = (self.format.columns(), self.format.rows(), self.siting());
        let mut sample = Sample::new(columns * rows);
        let planes = self.format.planes(frame);
        for row in 0..rows {
            let [y, cb, cr] = &mut self.rows;
            read_blocks(&self.format, siting, planes, row, &mut self.lines, [&mut *y, &mut *cb, &mut *cr]);
            sample.write_row(row, [y, cb, cr]);
        }
        sample
    }

    fn siting(&self) -> Siting {
        self.vote.siting()
    }

    /// Draws conclusions from a shot's samples.
    fn end_shot(&mut self) {
        let frames = std::mem::take(&mut self.samples);
        let samples: Vec<Sample> = frames.into_iter().map(|frame| self.read(&frame)).collect();
        (self.stride, self.seen) = (1, 0);
        if samples.is_empty() {
            return;
        }
        let given = self.options.screen_color.map(|color| crate::color::chromaticity(self.format.matrix, color));
        let found = given.or_else(|| find_chromaticity(&samples, self.format.columns(), self.format.matrix));
        let shot = found
            .and_then(|chromaticity| Shot::learn(&samples, self.format.matrix, chromaticity, unit(&self.format), &mut self.view));
        if let (Some(scene), Some(shot)) = (self.scenes.last_mut(), shot) {
            scene.shot = Some(shot);
        }
    }

    /// The keyer for the second pass.
    ///
    /// # Errors
    /// Says why the clip cannot be keyed.
    pub fn finish(mut self) -> Result<Keyer, Refusal> {
        if let Some(color) = self.options.screen_color {
            let [a, b] = crate::color::chromaticity(self.format.matrix, color);
            if a.hypot(b) < 0.15 {
                return Err(Refusal::ColorlessScreen);
            }
        }
        self.end_shot();
        if self.scenes.is_empty() {
            return Err(Refusal::NoFrames);
        }
        if self.scenes.iter().all(|scene| scene.shot.is_none()) {
            return Err(Refusal::NoScreen);
        }
        let siting = self.siting();
        Ok(Keyer::new(self.format, siting, self.options, self.scenes, self.view))
    }
}
