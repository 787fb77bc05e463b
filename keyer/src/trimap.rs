//! The trimap of a frame: every block is screen, core, or uncertain.
//!
//! Distances are squared, in deviations of the noise; alphas are 0 to 1. Constants are tuned on
//! generator seeds 1 and 7, all kinds; see the README.

use crate::blocks::color_at;
use crate::color::{byte, dot, greater, lesser, subtract};
use crate::components::Components;
use crate::core_colors::CoreColors;
use crate::foreground_model::{ForegroundModel, length, nearest_direction};
use crate::options::GarbageMatte;
use crate::plane::{Area, Plane, erode_into, sum_3x3};
use crate::plate_comparison::{DISTANCE_STEPS, PlateComparison};
use crate::screen_space::Ypq;
use crate::static_regions::{BAR, MAYBE_SUBJECT, SET, STANDING_SET};

mod closing;

/// Screen: alpha 0.
pub const SCREEN: u8 = 0;
/// Uncertain: a mixture, or not known.
pub const UNCERTAIN: u8 = 1;
/// Core of the subject: alpha 1.
pub const CORE: u8 = 2;

/// Alpha 1 in the byte planes. Units: steps.
pub const OPAQUE: f32 = 200.0;
/// Least distance from the plate of a block for which a coarse alpha is computed.
const ALPHA_DISTANCE_MIN: f32 = 9.0;
/// Least coarse alpha of core by the foreground model, in the whole neighbourhood.
const CORE_ALPHA_MIN: f32 = 0.8;
/// Least hue alpha, in the whole neighbourhood, that makes core whatever the foreground model
/// gives.
const CORE_HUE_ALPHA_MIN: f32 = 0.96;
/// A block with this share of the plate's chroma or more, no darker than it and no brighter than
/// this, is screen.
const SATURATED_CHROMA_MIN: f32 = 0.97;
const SATURATED_LUMA_MAX: f32 = 1.4;
/// Largest distance of screen, and largest mean distance over 3 × 3 blocks.
const SCREEN_DISTANCE_MAX: f32 = 16.0;
const SCREEN_DISTANCE_3X3_MAX: f32 = 8.0;
/// As above for the blurred frame.
const BLURRED_DISTANCE_MAX: f32 = 14.0;
/// Least hue alpha, in the whole neighbourhood, of blocks that may become core by similarity, and
/// of samples of the foreground model.
const GROW_HUE_ALPHA_MIN: f32 = 1.0;
const FOREGROUND_HUE_ALPHA_MIN: f32 = 0.95;
/// Largest difference from the core nearby of a block that becomes core. Units: share of the
/// distance from screen to core.
const GROW_DIFFERENCE_MAX: f32 = 0.2;
/// Distance of the blocks that are samples of the foreground model. Units: blocks.
const SAMPLE_STRIDE: usize = 2;
/// Least hue alpha of blocks in the area beyond which there is no core, and its margin: a share of
/// the picture's rows, plus the minimum. Units: alpha; rows per block; blocks.
const AREA_ALPHA_MIN: f32 = 0.5;
const AREA_MARGIN_DIVISOR: usize = 16;
const AREA_MARGIN_MIN: usize = 8;
/// Blocks that are handled at once, or skipped at once where none needs it.
const STEP: usize = 32;
/// Radius of the neighbourhood. Units: blocks.
const NEIGHBOURHOOD_RADIUS: usize = 2;

/// The labels of one frame's blocks.
#[derive(Debug, Clone)]
pub struct Trimap {
    pub labels: Plane<u8>,
    /// Hue alpha of each block, and eroded.
    pub hue_alpha: Plane<u8>,
    pub eroded_hue_alpha: Plane<u8>,
    /// Coarse alpha by the foreground model, and eroded; `close_gaps` reuses this for closed core.
    alpha: Plane<u8>,
    eroded_alpha: Plane<u8>,
    /// Everything but screen and translucent subject, with a margin.
    pub area: Area,
    is_open: Vec<bool>,
    components: Components,
    scratch: Vec<u8>,
    sums: Vec<u16>,
    around: Vec<u16>,
}

const fn steps(alpha: f32) -> u8 {
    (alpha * OPAQUE) as u8
}

impl Trimap {
    pub fn new(columns: usize, rows: usize) -> Self {
        let bytes = Plane::new(columns, rows, 0);
        let around = vec![0; columns];
        Self {
            labels: bytes.clone(),
            hue_alpha: bytes.clone(),
            eroded_hue_alpha: bytes.clone(),
            alpha: bytes.clone(),
            area: Area::of(&bytes),
            eroded_alpha: bytes,
            is_open: Vec::new(),
            components: Components::default(),
            scratch: Vec::new(),
            sums: Vec::new(),
            around,
        }
    }

    /// Labels the blocks of a frame.
    pub fn update(&mut self, comparison: &PlateComparison, noise: Ypq, foreground_model: &ForegroundModel) {
        self.measure_alphas(comparison, foreground_model);
        let margin = self.labels.rows / AREA_MARGIN_DIVISOR + AREA_MARGIN_MIN;
        self.area = Area::of_values_from(&self.hue_alpha, steps(AREA_ALPHA_MIN), margin).and(&Area::of_values_from(
            &self.alpha,
            steps(CORE_ALPHA_MIN),
            margin,
        ));
        for (plane, eroded) in [(&self.alpha, &mut self.eroded_alpha), (&self.hue_alpha, &mut self.eroded_hue_alpha)] {
            eroded.cells.fill(0);
            erode_into(plane, &self.area, NEIGHBOURHOOD_RADIUS, &mut self.scratch, eroded);
        }
        let screen_distance = (SCREEN_DISTANCE_MAX * DISTANCE_STEPS) as u8;
        let blurred_distance = (BLURRED_DISTANCE_MAX * DISTANCE_STEPS) as u8;
        let around_distance = (SCREEN_DISTANCE_3X3_MAX * DISTANCE_STEPS * 9.0) as u16;
        for row in 0..comparison.distance.rows {
            sum_3x3(&comparison.distance, row, &mut self.sums, &mut self.around);
            let labels = self.labels.row_mut(row);
            for (label, around) in labels.iter_mut().zip(&self.around) {
                *label = u8::from(*around < around_distance);
            }
            let distances = comparison.distance.row(row).iter().zip(comparison.blurred_distance.row(row));
            let alphas = self.eroded_alpha.row(row).iter().zip(self.eroded_hue_alpha.row(row));
            for ((label, (distance, blurred)), (alpha, hue_alpha)) in labels.iter_mut().zip(distances).zip(alphas) {
                let is_screen = *label & u8::from(*distance < screen_distance) & u8::from(*blurred < blurred_distance);
                let is_core = u8::from(*alpha >= steps(CORE_ALPHA_MIN)) | u8::from(*hue_alpha >= steps(CORE_HUE_ALPHA_MIN));
                *label = is_core * CORE + (1 - is_core) * (1 - is_screen) * UNCERTAIN;
            }
            let start = row * comparison.distance.columns;
            for (step, labels) in labels.chunks_mut(STEP).enumerate().filter(|(_, labels)| labels.contains(&UNCERTAIN)) {
                for (column, label) in labels.iter_mut().enumerate().filter(|(_, label)| **label == UNCERTAIN) {
                    let index = start + step * STEP + column;
                    *label = u8::from(!is_saturated_as_plate(comparison, index, noise)) * UNCERTAIN;
                }
            }
        }
    }

    /// Computes the coarse alpha and the hue alpha of each block.
    fn measure_alphas(&mut self, comparison: &PlateComparison, foreground_model: &ForegroundModel) {
        let distance_min = (ALPHA_DISTANCE_MIN * DISTANCE_STEPS) as u8;
        let [y, p, q] = &comparison.blocks;
        let [screen_y, screen_p, screen_q] = &comparison.plate;
        for row in 0..y.rows {
            let distances = comparison.distance.row(row);
            let hue_alphas = self.hue_alpha.row_mut(row);
            let observed = p.row(row).iter().zip(q.row(row));
            let screen = screen_p.row(row).iter().zip(screen_q.row(row));
            for ((hue_alpha, (p, q)), (screen_p, screen_q)) in hue_alphas.iter_mut().zip(observed).zip(screen) {
                *hue_alpha = byte(hue_alpha_of([0.0, *p, *q], [0.0, *screen_p, *screen_q]) * OPAQUE - 0.5);
            }
            for (hue_alpha, distance) in hue_alphas.iter_mut().zip(distances) {
                *hue_alpha *= u8::from(*distance >= distance_min);
            }
            let alphas = self.alpha.row_mut(row);
            alphas.fill(0);
            let colors = [y, p, q].map(|plane| plane.row(row));
            let screen = [screen_y, screen_p, screen_q].map(|plane| plane.row(row));
            for (step, (alphas, distances)) in alphas.chunks_mut(STEP).zip(distances.chunks(STEP)).enumerate() {
                if distances.iter().copied().max() >= Some(distance_min) {
                    let columns = step * STEP..step * STEP + alphas.len();
                    let (colors, screen) = (colors.map(|row| &row[columns.clone()]), screen.map(|row| &row[columns.clone()]));
                    let (lengths, directions) = lengths_and_directions(colors, screen);
                    for (place, (alpha, distance)) in alphas.iter_mut().zip(distances).enumerate() {
                        if *distance >= distance_min {
                            *alpha = (lengths[place] * foreground_model.scale(directions[place]) * OPAQUE).min(255.0) as u8;
                        }
                    }
                }
            }
        }
    }

    /// Applies the static regions: the set is core, or screen with a garbage matte; bars are
    /// screen.
    pub fn apply_static_regions(&mut self, static_regions: &Plane<u8>, garbage_matte: GarbageMatte) {
        for (label, region) in self.labels.cells.iter_mut().zip(&static_regions.cells) {
            match *region {
                MAYBE_SUBJECT => *label = CORE,
                SET if garbage_matte == GarbageMatte::Off => *label = CORE,
                STANDING_SET if garbage_matte != GarbageMatte::All => *label = CORE,
                SET | STANDING_SET | BAR => *label = SCREEN,
                _ => {}
            }
        }
    }

    /// Makes core of uncertain blocks whose colour is that of the core nearby; returns their
    /// indices.
    pub fn grow_core(&mut self, comparison: &PlateComparison, core_colors: &CoreColors) -> Vec<usize> {
        let mut grown = Vec::new();
        for row in 0..self.labels.rows {
            let hue_alphas = self.eroded_hue_alpha.row(row);
            let start = row * self.labels.columns;
            for (column, (label, hue_alpha)) in self.labels.row_mut(row).iter_mut().zip(hue_alphas).enumerate() {
                if *label == UNCERTAIN && *hue_alpha >= steps(GROW_HUE_ALPHA_MIN) {
                    let index = start + column;
                    let line = subtract(core_colors.cells.at_block(column, row), comparison.plate_at(index));
                    let difference = subtract(comparison.difference_at(index), line);
                    if dot(difference, difference) < GROW_DIFFERENCE_MAX * GROW_DIFFERENCE_MAX * dot(line, line) {
                        *label = CORE;
                        grown.push(index);
                    }
                }
            }
        }
        grown
    }

    /// Labels uncertain blocks as screen or core where the estimated alpha of all around them is 0
    /// or 1.
    pub fn refine(&mut self, alpha: &Plane<f32>) {
        for row in 0..alpha.rows {
            let near = alpha.three_rows(row);
            for (step, labels) in self.labels.row_mut(row).chunks_mut(STEP).enumerate() {
                if !labels.contains(&UNCERTAIN) {
                    continue;
                }
                for (column, label) in labels.iter_mut().enumerate().filter(|(_, label)| **label == UNCERTAIN) {
                    *label = refined(near, step * STEP + column);
                }
            }
        }
    }

    /// Indices of the blocks that are certain enough to be samples of the foreground model.
    pub fn foreground_samples(&self) -> impl Iterator<Item = usize> + '_ {
        let (columns, rows) = (self.eroded_hue_alpha.columns, self.eroded_hue_alpha.rows);
        (0..rows)
            .step_by(SAMPLE_STRIDE)
            .flat_map(move |row| (0..columns).step_by(SAMPLE_STRIDE).map(move |column| row * columns + column))
            .filter(|index| {
                self.eroded_hue_alpha.cells[*index] >= steps(FOREGROUND_HUE_ALPHA_MIN)
                    || (self.labels.cells[*index] == CORE && self.is_inner_core(*index))
            })
    }

    /// Whether a block and its 3 × 3 neighbourhood are core.
    fn is_inner_core(&self, index: usize) -> bool {
        let (row, column) = (index / self.labels.columns, index % self.labels.columns);
        let near = column.saturating_sub(1)..(column + 2).min(self.labels.columns);
        self.labels.three_rows(row).iter().all(|row| row[near.clone()].iter().all(|label| *label == CORE))
    }
}

/// Lengths and nearest directions of the differences of some blocks from the plate.
fn lengths_and_directions([y, p, q]: [&[f32]; 3], [screen_y, screen_p, screen_q]: [&[f32]; 3]) -> ([f32; STEP], [u32; STEP]) {
    let (mut lengths, mut directions) = ([0.0; STEP], [0; STEP]);
    let colors = y.iter().zip(p).zip(q);
    let screen = screen_y.iter().zip(screen_p).zip(screen_q);
    for ((found, ((y, p), q)), ((screen_y, screen_p), screen_q)) in
        lengths.iter_mut().zip(&mut directions).zip(colors).zip(screen)
    {
        let difference = [y - screen_y, p - screen_p, q - screen_q];
        (*found.0, *found.1) = (length(difference), nearest_direction(difference));
    }
    (lengths, directions)
}

/// Label of an uncertain block, from the alphas of the rows above, at and below.
fn refined(near: [&[f32]; 3], column: usize) -> u8 {
    let columns = column.saturating_sub(1)..(column + 2).min(near[0].len());
    let (mut low, mut high) = (1.0_f32, 0.0_f32);
    for alpha in near.iter().flat_map(|row| &row[columns.clone()]) {
        low = lesser(low, *alpha);
        high = greater(high, *alpha);
    }
    if high <= 0.0 {
        SCREEN
    } else if low >= 1.0 {
        CORE
    } else {
        UNCERTAIN
    }
}

/// Whether a block is at least as saturated as the plate and no darker: sharpening halos, shadows
/// that have moved.
fn is_saturated_as_plate(comparison: &PlateComparison, index: usize, noise: Ypq) -> bool {
    let ([y, p, q], [screen_y, screen_p, screen_q]) = (color_at(&comparison.blocks, index), comparison.plate_at(index));
    let scale = (y / screen_y.max(1.0)).max(1.0);
    let across = (q - screen_q * scale).abs();
    p - across > screen_p * SATURATED_CHROMA_MIN - noise[1] && y > screen_y - noise[0] && y < screen_y * SATURATED_LUMA_MAX
}

/// Hue alpha: missing share of the plate's chroma, where chroma across the plate's hue counts as
/// missing too. It is alpha for a grey foreground, less for one near the screen's hue, more for one
/// of the opposite hue.
pub fn hue_alpha_of([_, p, q]: Ypq, [_, screen_p, screen_q]: Ypq) -> f32 {
    let square = (screen_p * screen_p + screen_q * screen_q).max(4.0);
    1.0 - (p * screen_p + q * screen_q - (p * screen_q - q * screen_p).abs()) / square
}
