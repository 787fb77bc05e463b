//! The keyer of one clip: runs the steps on each frame and keeps what is measured over the clip.

use super::blocks::Blocks;
use super::clean_plate::CleanPlate;
use super::core_colors::{CELL, CoreColors};
use super::foreground_estimation::BlockMatte;
use super::foreground_model::ForegroundModel;
use super::render::{Renderer, RowBuffers};
use super::screen::Screen;
use super::screen_space::ScreenSpace;
use super::spill::SpillMap;
use super::trimap::Trimap;
use ::keyer::edge_sharpness::EdgeSharpness;
use ::keyer::planar::PlanarFormat;
use ::keyer::{KeyOptions, Levels};

/// The clean plate is updated from every n-th row of blocks, another one in each frame.
const PLATE_ROWS_PERIOD: usize = 4;
/// The foreground model is updated from every n-th block, across and down.
const SAMPLE_STRIDE: usize = 2;
/// How often per frame core is grown by similarity.
const CORE_GROWTHS: usize = 1;

/// Keys the frames of one clip, in order.
#[derive(Debug)]
pub struct Keyer {
    format: PlanarFormat,
    space: ScreenSpace,
    blocks: Blocks,
    plate: CleanPlate,
    foreground_model: ForegroundModel,
    trimap: Trimap,
    core_colors: CoreColors,
    spill: SpillMap,
    matte: BlockMatte,
    sharpness: EdgeSharpness,
    rows: Vec<RowBuffers>,
    spill_strength: f32,
    levels: Levels,
    frame: usize,
}

impl Keyer {
    /// A keyer of frames of this format before this screen.
    #[must_use]
    pub fn new(model: Screen, format: PlanarFormat, options: KeyOptions) -> Self {
        let color = options.screen_color.unwrap_or(model.color);
        let space = ScreenSpace::new(format.matrix, color);
        let screen = space.ypq_from_rgb(color);
        let (columns, rows) = (format.columns(), format.rows());
        let core_colors = CoreColors::new(columns, rows);
        Self {
            format,
            space,
            blocks: Blocks::new(&format),
            plate: CleanPlate::new(columns, rows, screen),
            foreground_model: ForegroundModel::new(&space, screen),
            trimap: Trimap::new(columns * rows),
            spill: SpillMap::new(&core_colors, rows),
            core_colors,
            matte: BlockMatte::new(columns * rows),
            sharpness: EdgeSharpness::default(),
            rows: vec![RowBuffers::new(&format); rows.div_ceil(CELL)],
            spill_strength: options.spill_strength.unwrap_or(1.0).clamp(0.0, 1.0),
            levels: Levels::new(&options),
            frame: 0,
        }
    }

    /// Keys the next frame into `out`, straight RGBA with alpha exactly 0 or 255 outside of edges.
    /// `out` stays as it is where
    /// `frame` has another size.
    pub fn key(&mut self, frame: &[u8], out: &mut [u8]) {
        let pixels = self.format.width * self.format.height;
        if frame.len() != self.format.frame_size_bytes() || out.len() != pixels * 4 || pixels == 0 {
            return;
        }
        self.read(frame);
        if ForegroundModel::is_update_frame(self.frame) {
            self.update_foreground_model();
        }
        self.update_core();
        self.matte.update(&self.blocks, &self.plate, &self.trimap, &self.foreground_model, &self.core_colors);
        self.trimap.refine(self.blocks.columns, &self.matte.alpha);
        // Sharpness is measured while rendering, so the first frame is rendered twice.
        for _ in 0..if self.frame == 0 { 2 } else { 1 } {
            self.render(frame, out);
            self.sharpness.update(self.rows.iter_mut().map(|rows| &mut rows.mixture));
        }
        self.plate.update(&self.blocks, &self.trimap.is_plate_sample, self.frame, PLATE_ROWS_PERIOD);
        self.plate.use_measured_noise();
        self.frame += 1;
    }

    fn render(&mut self, frame: &[u8], out: &mut [u8]) {
        let renderer = Renderer {
            format: &self.format,
            space: &self.space,
            frame: self.format.planes(frame),
            blocks: &self.blocks,
            labels: &self.trimap.labels,
            plate: &self.plate,
            matte: &self.matte,
            core_colors: &self.core_colors,
            spill: &self.spill,
            levels: self.levels,
            sharpness: self.sharpness.factor(),
        };
        renderer.render(&mut self.rows, out);
    }

    /// Reads a frame into blocks and labels them. The first frame is read several times, until the
    /// plate has settled.
    fn read(&mut self, frame: &[u8]) {
        if self.frame == 0 {
            for pass in 0..CleanPlate::initial_passes() {
                self.plate.use_initial_tolerance(pass);
                self.compare(frame);
                self.plate.update(&self.blocks, &self.trimap.is_plate_sample, 0, 1);
            }
            for _ in 0..2 {
                self.plate.use_measured_noise();
                self.compare(frame);
                self.plate.update(&self.blocks, &self.trimap.is_plate_sample, 0, 1);
            }
        } else if let Some(difference) = self.plate.measure_exposure_shift(&self.format, &self.space, frame) {
            self.plate.apply_exposure_shift(difference);
        }
        self.compare(frame);
    }

    fn compare(&mut self, frame: &[u8]) {
        self.blocks.read(&self.format, &self.space, frame, self.plate.view(), &self.foreground_model);
        self.trimap.update(&self.blocks);
    }

    /// Updates the foreground model with blocks that are subject by their hue alone.
    fn update_foreground_model(&mut self) {
        for row in (0..self.blocks.rows).step_by(SAMPLE_STRIDE) {
            for index in (row * self.blocks.columns..(row + 1) * self.blocks.columns).step_by(SAMPLE_STRIDE) {
                if self.trimap.is_foreground_sample(index) {
                    self.foreground_model.add_sample(self.blocks.difference_at(index));
                }
            }
        }
        self.foreground_model.update();
    }

    /// Updates the core, its colours, and the spill on it.
    fn update_core(&mut self) {
        self.core_colors.update(&self.blocks, &self.plate, &self.trimap.labels);
        for _ in 0..CORE_GROWTHS {
            if self.core_colors.has_core && self.trimap.grow_core(&self.blocks, &self.plate, &self.core_colors.cells) {
                self.core_colors.update(&self.blocks, &self.plate, &self.trimap.labels);
            }
        }
        self.spill.update(&self.core_colors, self.plate.expected, self.spill_strength);
    }
}
