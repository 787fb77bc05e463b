//! Runs the stages over the frames of one clip, and keeps what they learn.

use super::blocks::{Blocks, drift};
use super::color::Space;
use super::options::{KeyOptions, Levels};
use super::paint::{Painter, Rows};
use super::palette::Palette;
use super::plate::Plate;
use super::rough::Rough;
use super::screen::ScreenModel;
use super::sharpness::Sharpness;
use super::solve::Solved;
use super::spill::Spill;
use super::subject::{CELL, Subject};
use crate::frame::planar::PlanarFormat;

/// The screen is looked at in every so many rows of blocks, others in each frame.
const PLATE_ROWS_SHARE: usize = 4;
/// The palette learns from every so many blocks, across and down.
const TEACHER_STRIDE: usize = 2;
/// How often the core grows by likeness.
const GROWTHS: usize = 1;

/// Keys the frames of one clip, in order.
#[derive(Debug)]
pub struct Keyer {
    format: PlanarFormat,
    space: Space,
    blocks: Blocks,
    plate: Plate,
    palette: Palette,
    rough: Rough,
    subject: Subject,
    spill: Spill,
    solved: Solved,
    sharpness: Sharpness,
    rows: Vec<Rows>,
    spill_strength: f32,
    levels: Levels,
    frame: usize,
}

impl Keyer {
    /// A keyer for the screen that was found.
    #[must_use]
    pub fn new(model: ScreenModel, format: PlanarFormat, options: KeyOptions) -> Self {
        let color = options.screen_color.unwrap_or(model.color);
        let space = Space::new(format.matrix, color);
        let screen = space.of_rgb(color);
        let (columns, rows) = (format.columns(), format.rows());
        let subject = Subject::new(columns, rows);
        Self {
            format,
            space,
            blocks: Blocks::new(&format),
            plate: Plate::new(columns, rows, screen),
            palette: Palette::new(&space, screen),
            rough: Rough::new(columns * rows),
            spill: Spill::new(&subject, rows),
            subject,
            solved: Solved::new(columns * rows),
            sharpness: Sharpness::default(),
            rows: vec![Rows::new(&format); rows.div_ceil(CELL)],
            spill_strength: options.spill_strength.unwrap_or(1.0).clamp(0.0, 1.0),
            levels: Levels::new(&options),
            frame: 0,
        }
    }

    /// Keys the next frame: straight RGBA, 0 and 255 exactly outside of edges. A frame of another size is left out.
    pub fn key(&mut self, frame: &[u8], out: &mut [u8]) {
        let pixels = self.format.width * self.format.height;
        if frame.len() != self.format.frame_size_bytes() || out.len() != pixels * 4 || pixels == 0 {
            return;
        }
        self.read(frame);
        if Palette::wants(self.frame) {
            self.teach();
        }
        self.separate();
        self.solved.update(&self.blocks, &self.plate, &self.rough, &self.palette, &self.subject);
        self.rough.settle(self.blocks.columns, &self.solved.alpha);
        // The first frame shows how sharp edges are only once it is painted.
        for _ in 0..if self.frame == 0 { 2 } else { 1 } {
            self.paint(frame, out);
            self.sharpness.learn(self.rows.iter_mut().map(|rows| &mut rows.mixture));
        }
        self.plate.learn(&self.blocks, &self.rough.clear, self.frame, PLATE_ROWS_SHARE);
        self.plate.settle();
        self.frame += 1;
    }

    /// Blocks → pixels.
    fn paint(&mut self, frame: &[u8], out: &mut [u8]) {
        let painter = Painter {
            format: &self.format,
            space: &self.space,
            frame: self.format.planes(frame),
            blocks: &self.blocks,
            class: &self.rough.class,
            plate: &self.plate,
            solved: &self.solved,
            subject: &self.subject,
            spill: &self.spill,
            levels: self.levels,
            sharpness: self.sharpness.share(),
        };
        painter.paint(&mut self.rows, out);
    }

    /// Frame → blocks against the screen, and what they roughly are.
    fn read(&mut self, frame: &[u8]) {
        if self.frame == 0 {
            for guess in 0..Plate::guesses() {
                self.plate.guess(guess);
                self.load(frame);
                self.plate.learn(&self.blocks, &self.rough.clear, 0, 1);
            }
            for _ in 0..2 {
                self.plate.settle();
                self.load(frame);
                self.plate.learn(&self.blocks, &self.rough.clear, 0, 1);
            }
        } else if let Some(drift) = drift(&self.format, &self.space, frame, &self.plate) {
            self.plate.shift(drift);
        }
        self.load(frame);
    }

    fn load(&mut self, frame: &[u8]) {
        self.blocks.load(&self.format, &self.space, frame, &self.plate, &self.palette);
        self.rough.update(&self.blocks);
    }

    /// The palette learns from what is subject by its hue alone.
    fn teach(&mut self) {
        for row in (0..self.blocks.rows).step_by(TEACHER_STRIDE) {
            for index in (row * self.blocks.columns..(row + 1) * self.blocks.columns).step_by(TEACHER_STRIDE) {
                if self.rough.teaches(index) {
                    self.palette.add(self.blocks.seen_at(index));
                }
            }
        }
        self.palette.learn();
    }

    /// Core, its colours around, and the screen's light on it.
    fn separate(&mut self) {
        self.subject.update(&self.blocks, &self.plate, &self.rough.class);
        for _ in 0..GROWTHS {
            if self.subject.is_known && self.rough.grow(&self.blocks, &self.plate, &self.subject) {
                self.subject.update(&self.blocks, &self.plate, &self.rough.class);
            }
        }
        self.spill.update(&self.subject, self.plate.expected, self.spill_strength);
    }
}
