//! What each block surely is: screen, core, or to be solved.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thresholds are small and never negative")]

use rayon::prelude::*;

use super::blocks::{Blocks, ODD_UNIT, OPAQUE};
use super::plane::{BAND, erode, sum_around};
use super::plate::Plate;
use super::subject::Subject;
use crate::frame::color::{dot, subtract};

/// Nothing but screen.
pub const SCREEN: u8 = 0;
/// Some of both, or not known.
pub const SOFT: u8 = 1;
/// Nothing but subject.
pub const CORE: u8 = 2;

/// Core is at least this opaque by the palette, with all around it.
const CORE_ALPHA_MIN: f32 = 0.8;
/// A block less odd than this, among blocks that are less odd together, is screen.
const SCREEN_ODD_MAX: f32 = 16.0;
const SCREEN_ODD_AROUND_MAX: f32 = 8.0;
/// And this clear, it tells what the screen looks like.
const CLEAR_ODD_MAX: f32 = 12.0;
const CLEAR_ODD_AROUND_MAX: f32 = 6.0;
/// Opaque by hue, with all around it: from here on it may be core by likeness, or teach the palette.
const LIKE_HUED_MIN: f32 = 1.0;
const TEACH_HUED_MIN: f32 = 0.95;
/// How unlike the core around it a block may be, against the way from the screen to the core.
const UNLIKE_MAX: f32 = 0.2;

/// The classes of one frame's blocks.
#[derive(Debug)]
pub struct Rough {
    pub class: Vec<u8>,
    /// 1 where a block is screen with nothing but screen around it, else 0.
    pub clear: Vec<u8>,
    /// The least alpha by hue around each block.
    hued: Vec<u8>,
    deep: Vec<u8>,
    scratch: Vec<u8>,
}

const fn steps(alpha: f32) -> u8 {
    (alpha * OPAQUE as f32) as u8
}

impl Rough {
    pub fn new(count: usize) -> Self {
        let bytes = vec![0; count];
        Self { class: bytes.clone(), clear: bytes.clone(), hued: bytes.clone(), deep: bytes.clone(), scratch: bytes }
    }

    /// Classes the blocks of a frame.
    pub fn update(&mut self, blocks: &Blocks) {
        let columns = blocks.columns;
        erode(&blocks.alpha, columns, &mut self.scratch, &mut self.deep);
        erode(&blocks.hued, columns, &mut self.scratch, &mut self.hued);
        let size = columns * BAND;
        let planes = self.class.par_chunks_mut(size).zip(self.scratch.par_chunks_mut(size)).zip(self.deep.par_chunks_mut(size));
        planes.enumerate().for_each_init(
            || (vec![0_u16; columns], vec![0_u16; columns]),
            |(down, around), (band, ((class, clear), deep))| {
                let rows = class.chunks_exact_mut(columns).zip(clear.chunks_exact_mut(columns)).zip(deep.chunks_exact(columns));
                for (row, ((class, clear), deep)) in rows.enumerate() {
                    let row = band * BAND + row;
                    sum_around(&blocks.odd, columns, row, down, around);
                    let odd = &blocks.odd[row * columns..(row + 1) * columns];
                    classify(odd, around, deep, class, clear);
                }
            },
        );
        // `deep` is done with.
        erode(&self.scratch, columns, &mut self.deep, &mut self.clear);
    }

    /// Makes core of what is like the core around it; says whether there was any.
    pub fn grow(&mut self, blocks: &Blocks, plate: &Plate, subject: &Subject) -> bool {
        let columns = blocks.columns;
        let rows = self.class.par_chunks_mut(columns).zip(self.hued.par_chunks(columns)).enumerate();
        let grown = rows.with_min_len(BAND).map(|(row, (class, hued))| {
            let mut grown = false;
            for (column, (class, hued)) in class.iter_mut().zip(hued).enumerate() {
                if *class == SOFT && *hued >= steps(LIKE_HUED_MIN) {
                    let line = subtract(subject.cells.at_block(column, row), plate.cells.at_block(column, row));
                    let unlike = subtract(blocks.seen_at(row * columns + column), line);
                    if dot(unlike, unlike) < UNLIKE_MAX * UNLIKE_MAX * dot(line, line) {
                        *class = CORE;
                        grown = true;
                    }
                }
            }
            grown
        });
        grown.reduce(|| false, |a, b| a | b)
    }

    /// Takes from the soft blocks those that turned out to be nothing but screen, or nothing but subject, as all around them.
    pub fn settle(&mut self, columns: usize, alpha: &[f32]) {
        let rows = alpha.len() / columns;
        self.class.par_chunks_mut(columns).enumerate().with_min_len(BAND).for_each(|(row, class)| {
            let starts = [row.saturating_sub(1) * columns, row * columns, (row + 1).min(rows - 1) * columns];
            for (column, class) in class.iter_mut().enumerate() {
                if *class == SOFT {
                    let (left, right) = (column.saturating_sub(1), (column + 1).min(columns - 1));
                    let (mut low, mut high) = (1.0_f32, 0.0_f32);
                    for start in starts {
                        for alpha in [alpha[start + left], alpha[start + column], alpha[start + right]] {
                            low = low.min(alpha);
                            high = high.max(alpha);
                        }
                    }
                    if high <= 0.0 {
                        *class = SCREEN;
                    } else if low >= 1.0 {
                        *class = CORE;
                    }
                }
            }
        });
    }

    /// Whether a block is subject enough to teach the palette.
    pub fn teaches(&self, index: usize) -> bool {
        self.hued[index] >= steps(TEACH_HUED_MIN)
    }
}

fn classify(odd: &[u8], around: &[u16], deep: &[u8], class: &mut [u8], clear: &mut [u8]) {
    let (screen_max, clear_max) = ((SCREEN_ODD_MAX * ODD_UNIT) as u8, (CLEAR_ODD_MAX * ODD_UNIT) as u8);
    let (screen_around, clear_around) =
        ((SCREEN_ODD_AROUND_MAX * ODD_UNIT * 9.0) as u16, (CLEAR_ODD_AROUND_MAX * ODD_UNIT * 9.0) as u16);
    let core = steps(CORE_ALPHA_MIN);
    for ((((odd, around), deep), class), clear) in odd.iter().zip(around).zip(deep).zip(class).zip(clear) {
        let is_screen = *odd < screen_max && *around < screen_around;
        *class = if *deep >= core { CORE } else { u8::from(!is_screen) * SOFT };
        *clear = u8::from(*odd < clear_max && *around < clear_around);
    }
}
