//! The first pass: takes the frames of a clip in order and estimates a model of each shot as soon
//! as the shot ends.

use crate::blocks::{LumaRows, SitingEstimator, read_blocks};
use crate::clean_plate::SAMPLES_MAX;
use crate::cut_detection::{CutDetector, Thumbnail};
use crate::options::KeyOptions;
use crate::planar::PlanarFormat;
use crate::plate_comparison::{BLACK_LUMA_MAX, PlateComparison, picture_height_blocks};
use crate::sample::Sample;
use crate::screen_detection::detect_chromaticity;
use crate::screen_space::chromaticity;
use crate::shot::{ScreenCertainty, Shot};
use crate::shot_model::ShotModel;

/// Most values kept in the samples of one shot. Units: blocks (6 bytes each).
const SAMPLED_BLOCKS_MAX: usize = 12_000_000;
/// Least capacity for a shot's samples, whatever the size of a frame.
const SAMPLES_MIN: usize = 6;
/// Least chromaticity of a given screen colour. Units: chroma over luma.
const GIVEN_CHROMATICITY_MIN: f32 = 0.15;
/// Largest difference from the chromaticity of an earlier shot's screen for the same screen. Units:
/// share of that chromaticity.
const SAME_SCREEN_DIFFERENCE_MAX: f32 = 0.25;
/// Samples from which the chroma siting is measured.
const SITING_FRAMES: usize = 6;

/// The given screen colour has no hue: white, grey and black cannot be separated from a subject by
/// chroma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColorlessScreen;

/// The first pass over a clip.
///
/// Units: memory is at most 16 samples of a frame, whatever the length of a shot.
#[derive(Debug)]
pub struct Analyzer {
    format: PlanarFormat,
    /// Chromaticity of the given screen colour.
    given: Option<[f32; 2]>,
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
    samples_max: usize,
    /// Chromaticity of the last certain screen: a later shot may show only a little of it.
    last_certain: Option<[f32; 2]>,
    /// Number of the next frame, and of the first frame of its shot.
    frame: usize,
    first_frame: usize,
}

impl Analyzer {
    /// An analyzer of one clip with frames of one format.
    ///
    /// # Errors
    /// [`ColorlessScreen`].
    pub fn new(format: PlanarFormat, options: &KeyOptions) -> Result<Self, ColorlessScreen> {
        let count = (format.columns() * format.rows()).max(1);
        let given = options.screen_color.map(|color| chromaticity(format.matrix, color));
        if given.is_some_and(|[a, b]| a.hypot(b) < GIVEN_CHROMATICITY_MIN) {
            return Err(ColorlessScreen);
        }
        Ok(Self {
            format,
            given,
            siting: SitingEstimator::default(),
            siting_frames: 0,
            luma_rows: LumaRows::new(&format),
            comparison: PlateComparison::new(&format),
            sample_row: [(); 3].map(|()| vec![0.0; format.columns()]),
            cuts: CutDetector::default(),
            samples: Vec::new(),
            stride: 1,
            samples_max: (SAMPLED_BLOCKS_MAX / count).clamp(SAMPLES_MIN, SAMPLES_MAX),
            last_certain: None,
            frame: 0,
            first_frame: 0,
        })
    }

    /// Analyses the next frame of the clip; returns the shot before it where a cut is found. A
    /// frame of another size than the format's is ignored.
    pub fn add_frame(&mut self, frame: &[u8]) -> Option<Shot> {
        if frame.len() != self.format.frame_size_bytes() || self.format.width == 0 || self.format.height == 0 {
            return None;
        }
        let ended = if self.cuts.is_cut(&Thumbnail::of(&self.format, frame)) { self.end_shot(Some(self.frame)) } else { None };
        if (self.frame - self.first_frame).is_multiple_of(self.stride) {
            self.keep_sample(frame);
        }
        self.frame += 1;
        ended
    }

    /// The last shot; none where no frame was added.
    #[must_use]
    pub fn finish(mut self) -> Option<Shot> {
        self.end_shot(None)
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
            if !(self.frame - self.first_frame).is_multiple_of(self.stride) {
                return;
            }
        }
        self.samples.push(frame.to_vec());
    }

    /// Converts a kept frame to blocks.
    fn read_sample_blocks(&mut self, frame: &[u8]) -> Sample {
        let (columns, rows, siting) = (self.format.columns(), self.format.rows(), self.siting.siting());
        let mut sample = Sample::new(columns * rows);
        let planes = self.format.planes(frame);
        for row in 0..rows {
            let [y, cb, cr] = &mut self.sample_row;
            read_blocks(&self.format, siting, planes, row, &mut self.luma_rows, [&mut *y, &mut *cb, &mut *cr]);
            sample.write_row(row, [y, cb, cr]);
        }
        sample
    }

    /// Ends the shot before frame `end`, or the last one, and estimates its model.
    fn end_shot(&mut self, end: Option<usize>) -> Option<Shot> {
        let first_frame = std::mem::replace(&mut self.first_frame, self.frame);
        let frames = std::mem::take(&mut self.samples);
        self.stride = 1;
        if frames.is_empty() {
            return None;
        }
        let samples: Vec<Sample> = frames.into_iter().map(|frame| self.read_sample_blocks(&frame)).collect();
        let is_black = samples.iter().all(|sample| sample.is_below(BLACK_LUMA_MAX));
        let (columns, matrix) = (self.format.columns(), self.format.matrix);
        let chromaticity = self.given.or_else(|| detect_chromaticity(&samples, columns, matrix));
        let model = chromaticity.and_then(|chromaticity| {
            let height_blocks = picture_height_blocks(&self.format);
            ShotModel::estimate(&samples, matrix, chromaticity, height_blocks, &mut self.comparison)
        });
        let mut shot = Shot::new((first_frame, end), self.siting.siting(), is_black, model);
        if !self.is_accepted(&shot, chromaticity) {
            shot.reject_screen();
        }
        Some(shot)
    }

    /// True if the detected screen is to be keyed: always if its colour was given or is that of a
    /// certain screen before. A merely possible one counts only until a certain one was found.
    fn is_accepted(&mut self, shot: &Shot, chromaticity: Option<[f32; 2]>) -> bool {
        let (Some(screen), Some([a, b])) = (shot.screen(), chromaticity) else { return false };
        let certainty = screen.certainty();
        if certainty == ScreenCertainty::Certain {
            self.last_certain = chromaticity;
        }
        let is_as_before = self.last_certain.is_some_and(|[c, d]| (a - c).hypot(b - d) < SAME_SCREEN_DIFFERENCE_MAX * c.hypot(d));
        let least = if self.last_certain.is_some() { ScreenCertainty::Certain } else { ScreenCertainty::Possible };
        self.given.is_some() || is_as_before || certainty >= least
    }
}
