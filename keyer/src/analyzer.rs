//! The first pass: takes frames in order, all or evenly spaced ones, and estimates a model of each
//! shot.

use crate::blocks::{LumaRows, Siting, SitingEstimator, read_blocks};
use crate::clean_plate::SAMPLES_MAX;
use crate::cut_detection::{CutDetector, Thumbnail};
use crate::keyer::{Keyer, Shot};
use crate::options::KeyOptions;
use crate::planar::PlanarFormat;
use crate::plate_comparison::{PlateComparison, picture_height_blocks};
use crate::sample::Sample;
use crate::screen_detection::detect_chromaticity;
use crate::shot_model::ShotModel;

/// Most values kept in the samples of one shot. Units: blocks (6 bytes each).
const SAMPLED_BLOCKS_MAX: usize = 12_000_000;
/// Least capacity for a shot's samples, whatever the size of a frame.
const SAMPLES_MIN: usize = 6;
/// Least chromaticity of a given screen colour. Units: chroma over luma.
const GIVEN_CHROMATICITY_MIN: f32 = 0.15;
/// Samples from which the chroma siting is measured.
const SITING_FRAMES: usize = 6;

/// Every reason why a clip cannot be keyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalysisError {
    /// No frame was added, or none with pixels.
    NoFrames,
    /// No shot shows a screen of one saturated colour between green and blue.
    NoScreen,
    /// The given screen colour has no hue: white, grey or black cannot be separated from a subject
    /// by chroma.
    ColorlessScreen,
}

/// The first pass over a clip.
///
/// Units: memory is at most 16 samples of a frame while a shot is read, plus a model of each shot;
/// the number of shots is not bounded.
#[derive(Debug)]
pub struct Analyzer {
    format: PlanarFormat,
    options: KeyOptions,
    siting: SitingEstimator,
    siting_frames: usize,
    luma_rows: LumaRows,
    comparison: PlateComparison,
    sample_row: [Vec<f32>; 3],
    cuts: CutDetector,
    /// Kept frames in the file's format: the chroma siting is known only after several.
    samples: Vec<Vec<u8>>,
    /// Every `stride`-th frame of a shot is kept; it doubles when the samples are full.
    stride: usize,
    frames_in_shot: usize,
    samples_max: usize,
    shots: Vec<Shot>,
}

impl Analyzer {
    /// An analyzer of one clip with frames of one format.
    #[must_use]
    pub fn new(format: PlanarFormat, options: KeyOptions) -> Self {
        let count = (format.columns() * format.rows()).max(1);
        Self {
            format,
            options,
            siting: SitingEstimator::default(),
            siting_frames: 0,
            luma_rows: LumaRows::new(&format),
            comparison: PlateComparison::new(&format),
            sample_row: [(); 3].map(|()| vec![0.0; format.columns()]),
            cuts: CutDetector::default(),
            samples: Vec::new(),
            stride: 1,
            frames_in_shot: 0,
            samples_max: (SAMPLED_BLOCKS_MAX / count).clamp(SAMPLES_MIN, SAMPLES_MAX),
            shots: Vec::new(),
        }
    }

    /// Analyses a frame. `index` is its number in the clip, from 0 and increasing; frames may be
    /// skipped. A frame of another size than the format's is ignored.
    pub fn add_frame(&mut self, index: usize, frame: &[u8]) {
        if frame.len() != self.format.frame_size_bytes() || self.format.width == 0 || self.format.height == 0 {
            return;
        }
        let thumbnail = Thumbnail::of(&self.format, frame);
        if self.cuts.is_cut(&thumbnail) {
            self.end_shot();
        }
        if self.frames_in_shot == 0 {
            self.shots.push(Shot::from(index, thumbnail.clone()));
        }
        if let Some(shot) = self.shots.last_mut() {
            shot.last = (index, thumbnail);
        }
        if self.frames_in_shot.is_multiple_of(self.stride) {
            self.keep_sample(frame);
        }
        self.frames_in_shot += 1;
    }

    fn keep_sample(&mut self, frame: &[u8]) {
        if self.siting_frames < SITING_FRAMES {
            self.siting.add(&self.format, frame);
            self.siting_frames += 1;
        }
        if self.samples.len() >= self.samples_max {
            let mut number = 0;
            self.samples.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.stride *= 2;
            if !self.frames_in_shot.is_multiple_of(self.stride) {
                return;
            }
        }
        self.samples.push(frame.to_vec());
    }

    /// Converts a kept frame to blocks.
    fn read_sample_blocks(&mut self, frame: &[u8]) -> Sample {
        let (columns, rows, siting) = (self.format.columns(), self.format.rows(), self.siting());
        let mut sample = Sample::new(columns * rows);
        let planes = self.format.planes(frame);
        for row in 0..rows {
            let [y, cb, cr] = &mut self.sample_row;
            read_blocks(&self.format, siting, planes, row, &mut self.luma_rows, [&mut *y, &mut *cb, &mut *cr]);
            sample.write_row(row, [y, cb, cr]);
        }
        sample
    }

    fn siting(&self) -> Siting {
        self.siting.siting()
    }

    /// Estimates the model of the shot that ended.
    fn end_shot(&mut self) {
        let frames = std::mem::take(&mut self.samples);
        let samples: Vec<Sample> = frames.into_iter().map(|frame| self.read_sample_blocks(&frame)).collect();
        (self.stride, self.frames_in_shot) = (1, 0);
        if samples.is_empty() {
            return;
        }
        let given = self.options.screen_color.map(|color| crate::screen_space::chromaticity(self.format.matrix, color));
        let found = given.or_else(|| detect_chromaticity(&samples, self.format.columns(), self.format.matrix));
        let model = found.and_then(|chromaticity| {
            ShotModel::estimate(
                &samples,
                self.format.matrix,
                chromaticity,
                picture_height_blocks(&self.format),
                &mut self.comparison,
            )
        });
        if let (Some(shot), Some(model)) = (self.shots.last_mut(), model) {
            shot.model = Some(model);
        }
    }

    /// Ends the first pass and returns the keyer for the second, which keys the same clip from its
    /// first frame.
    ///
    /// # Errors
    /// Every [`AnalysisError`].
    pub fn finish(mut self) -> Result<Keyer, AnalysisError> {
        if let Some(color) = self.options.screen_color {
            let [a, b] = crate::screen_space::chromaticity(self.format.matrix, color);
            if a.hypot(b) < GIVEN_CHROMATICITY_MIN {
                return Err(AnalysisError::ColorlessScreen);
            }
        }
        self.end_shot();
        if self.shots.is_empty() {
            return Err(AnalysisError::NoFrames);
        }
        if self.shots.iter().all(|shot| shot.model.is_none()) {
            return Err(AnalysisError::NoScreen);
        }
        let siting = self.siting();
        Ok(Keyer::new(self.format, siting, self.options, self.shots, self.comparison))
    }
}
