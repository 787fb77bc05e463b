//! The second pass: keys each frame with the model of its shot.

use std::collections::VecDeque;

use crate::blocks::Siting;
use crate::core_colors::CoreColors;
use crate::edge_sharpness::{EdgeSharpness, MixedPixels};
use crate::foreground_estimation::BlockMatte;
use crate::opaque_regions::OpaqueRegions;
use crate::options::{KeyOptions, Levels};
use crate::planar::PlanarFormat;
use crate::plate_comparison::{PlateComparison, picture_height_blocks};
use crate::render::{RenderBuffers, Renderer};
use crate::shot::Shot;
use crate::trimap::{SCREEN, Trimap};

/// Widest gap in the core matte that is closed. Units: share of the picture's height.
/// Tuned: generator seeds 1 and 7, all kinds.
const GAP_SHARE: f32 = 0.011;

/// Keys all frames of one clip, in order. It needs the shots of an [`Analyzer`](crate::Analyzer) of
/// the same clip; each is dropped after its last frame.
#[derive(Debug)]
pub struct Keyer {
    format: PlanarFormat,
    options: KeyOptions,
    shots: VecDeque<Shot>,
    /// Whether the next frame is the first one of its shot.
    is_new_shot: bool,
    comparison: PlateComparison,
    trimap: Trimap,
    opaque_regions: OpaqueRegions,
    core_colors: CoreColors,
    matte: BlockMatte,
    sharpness: EdgeSharpness,
    render_buffers: RenderBuffers,
    frame: usize,
}

impl Keyer {
    /// A keyer of frames of one format.
    #[must_use]
    pub fn new(format: PlanarFormat, options: KeyOptions) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        Self {
            options,
            shots: VecDeque::new(),
            is_new_shot: true,
            comparison: PlateComparison::new(&format),
            trimap: Trimap::new(columns, rows),
            opaque_regions: OpaqueRegions::new(columns, rows, picture_height_blocks(&format)),
            core_colors: CoreColors::new(columns, rows),
            matte: BlockMatte::new(columns, rows),
            sharpness: EdgeSharpness::default(),
            render_buffers: RenderBuffers::new(&format),
            frame: 0,
            format,
        }
    }

    /// Adds the next shot of the clip.
    pub fn add_shot(&mut self, shot: Shot) {
        self.shots.push_back(shot);
    }

    /// Whether the next frame belongs to a shot that was not added yet.
    #[must_use]
    pub fn needs_shot(&self) -> bool {
        self.shot().is_none()
    }

    /// The shot of the next frame, if it was added.
    #[must_use]
    pub fn shot(&self) -> Option<&Shot> {
        self.shots.iter().find(|shot| shot.end.is_none_or(|end| self.frame < end))
    }

    /// Keys the next frame of the clip into `out`.
    ///
    /// Shape: `out` is width × height × 4 bytes, straight RGBA; alpha is exactly 0 or 255 outside
    /// of edges. A shot without a screen is opaque. Where `frame` or `out` has another size, or the
    /// shot was not added, `out` is not written and the frame is not counted.
    pub fn key(&mut self, frame: &[u8], out: &mut [u8]) {
        let pixels = self.format.width * self.format.height;
        if frame.len() != self.format.frame_size_bytes() || out.len() != pixels * 4 || pixels == 0 {
            return;
        }
        while self.shots.front().is_some_and(|shot| shot.end.is_some_and(|end| self.frame >= end)) {
            self.shots.pop_front();
            self.is_new_shot = true;
        }
        let Some(shot) = self.shots.front() else { return };
        let is_new = std::mem::replace(&mut self.is_new_shot, false);
        self.frame += 1;
        if is_new {
            self.sharpness = EdgeSharpness::default();
            self.comparison.gain = 1.0;
        }
        let siting = shot.siting;
        let Some(model) = &shot.model else {
            self.pass_through(siting, frame, out);
            return;
        };
        let Self { comparison, trimap, opaque_regions, core_colors, matte, .. } = self;
        comparison.read(&self.format, siting, frame, model.space.hue);
        comparison.fit(&model.stats, &model.clean_plate);
        comparison.measure_distance(&model.metrics, &model.distance_weight);
        trimap.update(comparison, model.noise, &model.foreground_model);
        opaque_regions.label_core(comparison, trimap);
        trimap.apply_static_regions(&model.static_regions, self.options.garbage_matte);
        if comparison.is_black() {
            // Fade to black: neither subject nor screen is visible.
            trimap.labels.cells.fill(SCREEN);
        }
        core_colors.update(comparison, &trimap.labels);
        if core_colors.has_core {
            let grown = trimap.grow_core(comparison, core_colors);
            core_colors.add(comparison, &grown);
        }
        matte.update(comparison, model.noise, trimap, &model.foreground_model, core_colors);
        trimap.close_gaps(&mut matte.alpha, model.stats.blocks(GAP_SHARE), model.stats.height_blocks);
        trimap.refine(&matte.alpha);
        // The edge sharpness is measured while rendering, so the first frame of a shot is rendered
        // twice.
        for _ in 0..if is_new { 2 } else { 1 } {
            let renderer = Renderer {
                format: &self.format,
                siting,
                space: &model.space,
                luma: self.format.planes(frame)[0],
                comparison,
                labels: &trimap.labels.cells,
                noise: model.noise,
                matte,
                core_colors,
                spill_model: &model.spill_model,
                static_regions: &model.static_regions,
                levels: Levels::new(&self.options),
                spill_strength: self.options.spill_strength.unwrap_or(1.0).clamp(0.0, 1.0),
                sharpness: self.sharpness.factor(),
            };
            let mut mixture = MixedPixels::default();
            renderer.render(&mut self.render_buffers, &mut mixture, out);
            self.sharpness.update(std::iter::once(&mut mixture));
        }
    }

    /// Writes a frame of a shot without a screen: opaque, or clear if the frame is black.
    fn pass_through(&mut self, siting: Siting, frame: &[u8], out: &mut [u8]) {
        let hue = [1.0, 0.0];
        self.comparison.read(&self.format, siting, frame, hue);
        if self.comparison.is_black() {
            out.fill(0);
            return;
        }
        let space = crate::screen_space::ScreenSpace::of_hue(self.format.matrix, hue);
        let planes = self.format.planes(frame);
        let (gain, offset) = self.format.luma_scale();
        for (index, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let (x, y) = (index % self.format.width, index / self.format.width);
            let block = y / self.format.down * self.comparison.distance.columns + x / self.format.across;
            let luma = self.format.code(planes[0], index) * gain + offset;
            let rgb = space.to_rgb([luma, self.comparison.blocks[1].cells[block], self.comparison.blocks[2].cells[block]]);
            *out = [crate::color::byte(rgb[0]), crate::color::byte(rgb[1]), crate::color::byte(rgb[2]), 255];
        }
    }
}
