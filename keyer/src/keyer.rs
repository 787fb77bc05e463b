//! The second pass: each frame keyed with what was learned of its shot.

use crate::bodies::Bodies;
use crate::chroma::Siting;
use crate::frame::PlanarFormat;
use crate::options::{KeyOptions, Levels};
use crate::outside::{BAR, FIXED};
use crate::paint::{Lines, Painter};
use crate::rough::{Rough, SCREEN};
use crate::sharpness::{EdgeMixture, Sharpness};
use crate::shot::Shot;
use crate::solve::Solved;
use crate::subject::Subject;
use crate::thumbnail::Thumbnail;
use crate::view::{View, unit};

/// Gaps between bodies that are closed. Units: share of the picture's height.
const GAP_SHARE: f32 = 0.011;

/// Frames between two cuts, and what was learned of them.
#[derive(Debug, Clone)]
pub struct Scene {
    /// First and last frame that was looked at.
    pub first: (usize, Thumbnail),
    pub last: (usize, Thumbnail),
    pub shot: Option<Shot>,
}

impl Scene {
    pub fn from(index: usize, thumbnail: Thumbnail) -> Self {
        Self { first: (index, thumbnail.clone()), last: (index, thumbnail), shot: None }
    }
}

/// A screen that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenFound {
    /// The number of the frame that it is seen from.
    pub first_frame: usize,
    /// Its typical colour. Units: 0 to 255, gamma-coded as in the file.
    pub color: [f32; 3],
    /// How much of the picture is screen for certain, in the typical frame; 0 to 1.
    pub coverage: f32,
    /// How much of the picture lies beside the screen for certain; 0 to 1.
    pub outside_share: f32,
    /// How much of the picture is black bars; 0 to 1.
    pub bars_share: f32,
}

/// Keys the frames of one clip, in order.
#[derive(Debug)]
pub struct Keyer {
    format: PlanarFormat,
    siting: Siting,
    options: KeyOptions,
    scenes: Vec<Scene>,
    scene: usize,
    view: View,
    rough: Rough,
    bodies: Bodies,
    subject: Subject,
    solved: Solved,
    sharpness: Sharpness,
    lines: Lines,
    frame: usize,
}

impl Keyer {
    pub(crate) fn new(format: PlanarFormat, siting: Siting, options: KeyOptions, scenes: Vec<Scene>, view: View) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        Self {
            siting,
            options,
            scenes,
            scene: usize::MAX,
            view,
            rough: Rough::new(columns, rows),
            bodies: Bodies::new(columns, rows, unit(&format)),
            subject: Subject::new(columns, rows),
            solved: Solved::new(columns, rows),
            sharpness: Sharpness::default(),
            lines: Lines::new(&format),
            frame: 0,
            format,
        }
    }

    /// The screens that were found, a shot each.
    #[must_use]
    pub fn screens(&self) -> Vec<ScreenFound> {
        let found = |scene: &Scene| {
            let shot = scene.shot.as_ref()?;
            let share = |kind: u8| {
                shot.outside.cells.iter().map(|outside| usize::from(*outside == kind)).sum::<usize>() as f32
                    / shot.outside.cells.len() as f32
            };
            Some(ScreenFound {
                first_frame: scene.first.0,
                color: shot.space.to_rgb(shot.screen),
                coverage: shot.coverage,
                outside_share: share(FIXED),
                bars_share: share(BAR),
            })
        };
        self.scenes.iter().filter_map(found).collect()
    }

    /// Keys the next frame: straight RGBA, 0 and 255 exactly outside of edges. A frame of another size is left out.
    pub fn key(&mut self, frame: &[u8], out: &mut [u8]) {
        let pixels = self.format.width * self.format.height;
        if frame.len() != self.format.frame_size_bytes() || out.len() != pixels * 4 || pixels == 0 {
            return;
        }
        let scene = self.find_scene(frame);
        let is_new = scene != self.scene;
        if is_new {
            self.scene = scene;
            self.sharpness = Sharpness::default();
            self.view.gain = 1.0;
        }
        self.frame += 1;
        let Self { view, rough, bodies, subject, solved, scenes, .. } = self;
        let Some(shot) = scenes.get(scene).and_then(|scene| scene.shot.as_ref()) else {
            self.pass_through(frame, out);
            return;
        };
        view.read(&self.format, self.siting, frame, shot.space.hue);
        view.fit(&shot.look, &shot.clean);
        view.measure(&shot.metrics, &shot.calm);
        rough.update(view, shot.noise, &shot.palette);
        bodies.harden(view, rough);
        rough.take_outside(&shot.outside, self.options.outside);
        if view.is_black() {
            // The end of a fade: nothing is seen, of either.
            rough.class.cells.fill(SCREEN);
        }
        subject.update(view, &rough.class);
        if subject.is_known && rough.grow(view, subject) {
            subject.update(view, &rough.class);
        }
        solved.update(view, shot.noise, rough, &shot.palette, subject);
        rough.close(&mut solved.alpha, shot.look.blocks(GAP_SHARE), shot.look.unit);
        rough.settle(&solved.alpha);
        // The first frame shows how sharp edges are only once it is painted.
        for _ in 0..if is_new { 2 } else { 1 } {
            let painter = Painter {
                format: &self.format,
                siting: self.siting,
                space: &shot.space,
                luma: self.format.planes(frame)[0],
                view,
                class: &rough.class.cells,
                noise: shot.noise,
                solved,
                subject,
                tones: &shot.tones,
                outside: &shot.outside,
                levels: Levels::new(&self.options),
                spill_strength: self.options.spill_strength.unwrap_or(1.0).clamp(0.0, 1.0),
                sharpness: self.sharpness.share(),
            };
            let mut mixture = EdgeMixture::default();
            painter.paint(&mut self.lines, &mut mixture, out);
            self.sharpness.learn(std::iter::once(&mut mixture));
        }
    }

    /// The scene of the next frame; between two frames that were looked at on either side of a cut, the one it resembles.
    fn find_scene(&self, frame: &[u8]) -> usize {
        let after = self.scenes.partition_point(|scene| scene.first.0 <= self.frame);
        let before = after.saturating_sub(1);
        let (Some(own), Some(next)) = (self.scenes.get(before), self.scenes.get(after)) else { return before };
        if self.frame <= own.last.0 {
            return before;
        }
        let thumbnail = Thumbnail::of(&self.format, frame);
        if thumbnail.distance(&next.first.1) < thumbnail.distance(&own.last.1) { after } else { before }
    }

    /// A shot without a screen: all of it is subject, unless it is black.
    fn pass_through(&mut self, frame: &[u8], out: &mut [u8]) {
        let hue = [1.0, 0.0];
        self.view.read(&self.format, self.siting, frame, hue);
        if self.view.is_black() {
            out.fill(0);
            return;
        }
        let space = crate::color::Space::of_hue(self.format.matrix, hue);
        let planes = self.format.planes(frame);
        let (gain, offset) = self.format.luma_scale();
        for (index, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let (x, y) = (index % self.format.width, index / self.format.width);
            let block = y / self.format.down * self.view.odd.columns + x / self.format.across;
            let luma = self.format.code(planes[0], index) * gain + offset;
            let rgb = space.to_rgb([luma, self.view.blocks[1].cells[block], self.view.blocks[2].cells[block]]);
            *out = [crate::color::byte(rgb[0]), crate::color::byte(rgb[1]), crate::color::byte(rgb[2]), 255];
        }
    }
}
