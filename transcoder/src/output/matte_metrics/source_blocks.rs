//! The sampled blocks of the source: colour, and whether each shows screen, set or something else.

#![expect(clippy::cast_precision_loss, reason = "blocks of a picture are few")]

use rayon::prelude::*;

use super::beside_screen;
use super::blocks::{Blocks, CHUNK_ROWS, Ycc, squared_distance};
use super::screen_map::ScreenMap;
use keyer::color::{dot, scaled};

/// Blocks within so many variances of each other are equal.
const EQUAL_MARGIN: f32 = 9.0;
/// Brightness of screen in shade and in light, relative to its surroundings.
const SHADE_MIN: f32 = 0.35;
const SHADE_MAX: f32 = 1.6;
/// Difference of colour from the screen in the same light: up to the first a block is certainly
/// screen, from the second on certainly not. Transparent blocks have more room, for creases. The
/// noise is added.
/// Units: of the screen's colour.
pub const LEFT_RANGE: (f32, f32) = (0.04, 0.12);
const SCREEN_RANGE: (f32, f32) = (0.06, 0.2);
/// Deviations of the noise that are added.
const SCREEN_DEVIATIONS: f32 = 2.0;
/// Change of a block's colour, and share of the blocks that change so, at a cut.
/// Units: of 255, squared; share.
const CUT_MIN: f32 = 32.0 * 32.0;
const CUT_SHARE_MIN: f32 = 0.6;
/// Alpha up to which set counts as transparent, the share of its squared colour by which it may
/// change from frame to frame with the light, and one in so many frames in which it may change
/// more.
const SET_ALPHA_MAX: u8 = 5;
const SET_CHANGE_MAX: f32 = 0.01;
const SET_CHANGES_SHARE: u32 = 5;

/// Colour and classification of one block of the source.
#[derive(Debug, Default, Clone, Copy)]
pub struct SourceBlock {
    pub color: Ycc,
    /// Certainty that the block shows nothing but screen: 0 to 1.
    pub screen: f32,
    /// The same with less tolerance, for what is visible in the result.
    pub left: f32,
    /// True for the set beside the screen.
    pub is_set: bool,
    /// Frames of the shot in which it differed from the frame before.
    changes: u32,
    /// True if it equals that of the previous frame, and if that equalled the one before.
    is_still: [bool; 2],
}

/// The blocks of the last frame.
#[derive(Debug)]
pub struct SourceBlocks {
    pub list: Vec<SourceBlock>,
    /// Frames of the current shot so far.
    shot_frames: u32,
}

impl SourceBlocks {
    pub fn new(count: usize) -> Self {
        Self { list: vec![SourceBlock::default(); count], shot_frames: 0 }
    }

    /// Forgets what the shot before showed of the set.
    pub fn begin_shot(&mut self) {
        self.shot_frames = 0;
        self.list.iter_mut().for_each(|shown| shown.changes = 0);
    }

    /// Mean luma.
    pub fn luma(&self) -> f32 {
        self.list.iter().map(|shown| shown.color[0]).sum::<f32>() / self.list.len().max(1) as f32
    }

    /// Classifies the blocks of the next frame.
    pub fn update(&mut self, blocks: &Blocks, map: &ScreenMap) {
        let noise = map.block_noise();
        self.list.par_chunks_mut(blocks.columns).enumerate().with_min_len(CHUNK_ROWS).for_each(|(row, shown)| {
            let mut screen = vec![[0.0; 3]; blocks.columns];
            map.write_row(row, &mut screen);
            for ((shown, screen), seen) in shown.iter_mut().zip(screen).zip(blocks.means(row, 0..blocks.columns)) {
                let change_max = EQUAL_MARGIN * map.noise() + SET_CHANGE_MAX * dot(seen, seen);
                shown.changes += u32::from(squared_distance(seen, shown.color) > change_max);
                shown.is_still = [squared_distance(seen, shown.color) < EQUAL_MARGIN * noise, shown.is_still[0]];
                shown.screen = likeness(seen, screen, noise, SCREEN_RANGE);
                shown.left = likeness(seen, screen, noise, LEFT_RANGE);
                shown.color = seen;
            }
        });
    }

    /// Finds the blocks that are beside the screen, or are marks on it: transparent in the result,
    /// and without change since the shot began.
    /// `alpha` is that of a block in the result.
    pub fn update_set(&mut self, columns: usize, alpha: impl Fn(usize) -> u8 + Sync) {
        let changes_max = 1 + self.shot_frames / SET_CHANGES_SHARE;
        self.shot_frames += 1;
        let may_be_set = |index: usize| {
            let shown = &self.list[index];
            shown.screen < 0.5 && shown.changes <= changes_max && alpha(index) <= SET_ALPHA_MAX
        };
        let candidates: Vec<bool> = (0..self.list.len()).into_par_iter().map(may_be_set).collect();
        let set = beside_screen::without_subject(candidates, |index| alpha(index) > SET_ALPHA_MAX, columns);
        self.list.iter_mut().zip(set).for_each(|(shown, is_set)| shown.is_set = is_set);
    }

    /// True if most of the picture differs from the previous frame.
    pub fn is_cut(&self, blocks: &Blocks) -> bool {
        let changed = |row: usize| {
            let before = &self.list[row * blocks.columns..(row + 1) * blocks.columns];
            let now = blocks.means(row, 0..blocks.columns);
            before.iter().zip(now).filter(|(before, now)| squared_distance(before.color, *now) > CUT_MIN).count()
        };
        let changed: usize = (0..blocks.rows).map(changed).sum();
        changed as f32 > CUT_SHARE_MIN * self.list.len() as f32
    }
}

impl SourceBlock {
    /// True if the block did not change in the last three frames.
    pub fn is_still(&self) -> bool {
        self.is_still == [true; 2]
    }
}

/// Certainty that a colour is that of the screen in some light: 0 to 1.
pub fn likeness(seen: Ycc, screen: Ycc, noise: f32, (certain, possible): (f32, f32)) -> f32 {
    let power = dot(screen, screen).max(1.0);
    let shade = dot(seen, screen) / power;
    if !(SHADE_MIN..SHADE_MAX).contains(&shade) {
        return 0.0;
    }
    let apart = squared_distance(seen, scaled(screen, shade)).sqrt() - SCREEN_DEVIATIONS * noise.sqrt();
    let strength = shade * power.sqrt();
    ((possible * strength - apart) / ((possible - certain) * strength)).clamp(0.0, 1.0)
}
