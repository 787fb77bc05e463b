//! The second pass: keys each frame with the model of its shot.

use crate::blocks::Siting;
use crate::core_colors::CoreColors;
use crate::cut_detection::Thumbnail;
use crate::edge_sharpness::{EdgeSharpness, MixedPixels};
use crate::foreground_estimation::BlockMatte;
use crate::opaque_regions::OpaqueRegions;
use crate::options::{KeyOptions, Levels};
use crate::planar::PlanarFormat;
use crate::plate_comparison::{PlateComparison, picture_height_blocks};
use crate::render::{RenderBuffers, Renderer};
use crate::shot_model::ShotModel;
use crate::static_regions::{BAR, SET};
use crate::trimap::{SCREEN, Trimap};

/// Widest gap in the core matte that is closed. Units: share of the picture's height.
/// Tuned: generator seeds 1 and 7, all kinds.
const GAP_SHARE: f32 = 0.011;

/// The frames between two cuts, and the model estimated from them.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Numbers and thumbnails of the first and the last frame that was analysed.
    pub first: (usize, Thumbnail),
    pub last: (usize, Thumbnail),
    pub model: Option<ShotModel>,
}

impl Shot {
    pub fn from(index: usize, thumbnail: Thumbnail) -> Self {
        Self { first: (index, thumbnail.clone()), last: (index, thumbnail), model: None }
    }
}

/// The screen of one shot, as measured in the first pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectedScreen {
    /// Number of the shot's first analysed frame, from 0.
    pub first_frame: usize,
    /// Median colour of the clean plate. Units: 0 to 255, gamma-coded as in the file.
    pub color: [f32; 3],
    /// Median share of the picture that is certain screen. Units: 0 to 1.
    pub coverage: f32,
    /// Share of the picture that is static set beside the screen. Units: 0 to 1.
    pub set_share: f32,
    /// Share of the picture that is black bars. Units: 0 to 1.
    pub bars_share: f32,
}

/// Keys all frames of one clip, in order. Made by [`Analyzer::finish`](crate::Analyzer::finish).
#[derive(Debug)]
pub struct Keyer {
    format: PlanarFormat,
    siting: Siting,
    options: KeyOptions,
    shots: Vec<Shot>,
    shot: usize,
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
    pub(crate) fn new(
        format: PlanarFormat,
        siting: Siting,
        options: KeyOptions,
        shots: Vec<Shot>,
        comparison: PlateComparison,
    ) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        Self {
            siting,
            options,
            shots,
            shot: usize::MAX,
            comparison,
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

    /// The detected screens, one for each shot that has one, in order.
    #[must_use]
    pub fn screens(&self) -> Vec<DetectedScreen> {
        let detected = |shot: &Shot| {
            let model = shot.model.as_ref()?;
            let share = |kind: u8| {
                model.static_regions.cells.iter().map(|region| usize::from(*region == kind)).sum::<usize>() as f32
                    / model.static_regions.cells.len() as f32
            };
            Some(DetectedScreen {
                first_frame: shot.first.0,
                color: model.space.to_rgb(model.screen),
                coverage: model.coverage,
                set_share: share(SET),
                bars_share: share(BAR),
            })
        };
        self.shots.iter().filter_map(detected).collect()
    }

    /// Keys the next frame of the clip into `out`.
    ///
    /// Shape: `out` is width × height × 4 bytes, straight RGBA; alpha is exactly 0 or 255 outside
    /// of edges. A shot without a screen is opaque. Where `frame` or `out` has another size, `out`
    /// is not written and the frame is not counted.
    pub fn key(&mut self, frame: &[u8], out: &mut [u8]) {
        let pixels = self.format.width * self.format.height;
        if frame.len() != self.format.frame_size_bytes() || out.len() != pixels * 4 || pixels == 0 {
            return;
        }
        let shot = self.find_shot(frame);
        let is_new = shot != self.shot;
        if is_new {
            self.shot = shot;
            self.sharpness = EdgeSharpness::default();
            self.comparison.gain = 1.0;
        }
        self.frame += 1;
        let Self { comparison, trimap, opaque_regions, core_colors, matte, shots, .. } = self;
        let Some(model) = shots.get(shot).and_then(|shot| shot.model.as_ref()) else {
            self.pass_through(frame, out);
            return;
        };
        comparison.read(&self.format, self.siting, frame, model.space.hue);
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
        if core_colors.has_core && trimap.grow_core(comparison, core_colors) {
            core_colors.update(comparison, &trimap.labels);
        }
        matte.update(comparison, model.noise, trimap, &model.foreground_model, core_colors);
        trimap.close_gaps(&mut matte.alpha, model.stats.blocks(GAP_SHARE), model.stats.height_blocks);
        trimap.refine(&matte.alpha);
        // The edge sharpness is measured while rendering, so the first frame of a shot is rendered
        // twice.
        for _ in 0..if is_new { 2 } else { 1 } {
            let renderer = Renderer {
                format: &self.format,
                siting: self.siting,
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

    /// Index of the next frame's shot. Between the last analysed frame of one shot and the first of
    /// the next, the nearer thumbnail decides.
    fn find_shot(&self, frame: &[u8]) -> usize {
        let after = self.shots.partition_point(|shot| shot.first.0 <= self.frame);
        let before = after.saturating_sub(1);
        let (Some(own), Some(next)) = (self.shots.get(before), self.shots.get(after)) else { return before };
        if self.frame <= own.last.0 {
            return before;
        }
        let thumbnail = Thumbnail::of(&self.format, frame);
        if thumbnail.distance(&next.first.1) < thumbnail.distance(&own.last.1) { after } else { before }
    }

    /// Writes a frame of a shot without a screen: opaque, or clear if the frame is black.
    fn pass_through(&mut self, frame: &[u8], out: &mut [u8]) {
        let hue = [1.0, 0.0];
        self.comparison.read(&self.format, self.siting, frame, hue);
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
