//! What each block surely is: screen, core, or to be solved.

use crate::classes::Blocks;
use crate::color::{Ypq, dot, subtract};
use crate::options::Outside;
use crate::outside::{BAR, FIXED, STILL};
use crate::palette::{Palette, length};
use crate::plane::{Groups, Plane, Rank, rank, sum_around};
use crate::subject::Subject;
use crate::view::{ODD_UNIT, View};

/// Nothing but screen.
pub const SCREEN: u8 = 0;
/// Some of both, or not known.
pub const SOFT: u8 = 1;
/// Nothing but subject.
pub const CORE: u8 = 2;

/// Alpha 1 in the byte planes.
pub const OPAQUE: f32 = 200.0;
/// Below this oddness a block's colour says nothing about a subject.
const ODD_SEEN_MIN: f32 = 9.0;
/// Core is at least this opaque by the palette, with all around it.
const CORE_ALPHA_MIN: f32 = 0.8;
/// And at least this opaque by hue, with all around it, it is core whatever the palette says.
const CORE_HUED_MIN: f32 = 0.96;
/// A block with this share of the plate's chroma that is no darker, and not much brighter, is screen.
const MORE_CHROMA_MIN: f32 = 0.97;
const MORE_LUMA_MAX: f32 = 1.4;
/// A block less odd than this, among blocks that are less odd together, is screen.
const SCREEN_ODD_MAX: f32 = 16.0;
const SCREEN_ODD_AROUND_MAX: f32 = 8.0;
/// And less than this, once blurred.
const SOFT_ODD_MAX: f32 = 14.0;
/// Opaque by hue, with all around it: from here on it may be core by likeness, or teach the palette.
const LIKE_HUED_MIN: f32 = 1.0;
const TEACH_HUED_MIN: f32 = 0.95;
/// How unlike the core around it a block may be, against the way from the screen to the core.
const UNLIKE_MAX: f32 = 0.2;
/// Between cores a block this opaque by hue is subject; and so is what the screen does not reach but through this.
const GAP_HUE_MIN: f32 = 0.6;
const HOLE_HUE_MIN: f32 = 0.5;
const HOLE_ALPHA_MAX: f32 = 0.97;
/// Soft specks amid screen, no larger than a square of this side and nowhere this opaque by hue, are noise.
/// Units: share of the picture's height.
const SPECK_SHARE: f32 = 0.02;
const SPECK_HUE_MAX: f32 = 0.5;
/// The palette learns from every so many blocks, across and down.
const TEACHER_STRIDE: usize = 2;
/// How far around a block its opacity is asked for. Units: blocks.
const DEPTH: usize = 2;

/// What a group of soft blocks borders on, and how opaque by hue it is.
#[derive(Debug, Clone, Copy)]
struct Rim {
    touches_core: bool,
    touches_screen: bool,
    touches_border: bool,
    low: u8,
    high: u8,
}

/// The classes of one frame's blocks.
#[derive(Debug, Clone)]
pub struct Rough {
    pub class: Plane<u8>,
    /// Alpha by hue, and the least of it around each block.
    pub hue: Plane<u8>,
    pub hued: Plane<u8>,
    /// Likewise by the palette.
    deep: Plane<u8>,
    scratch: Vec<u8>,
    sums: Vec<u16>,
    around: Vec<u16>,
}

const fn steps(alpha: f32) -> u8 {
    (alpha * OPAQUE) as u8
}

impl Rough {
    pub fn new(columns: usize, rows: usize) -> Self {
        let bytes = Plane::new(columns, rows, 0);
        let around = vec![0; columns];
        Self {
            class: bytes.clone(),
            hue: bytes.clone(),
            hued: bytes.clone(),
            deep: bytes,
            scratch: Vec::new(),
            sums: Vec::new(),
            around,
        }
    }

    /// Classes the blocks of a frame.
    pub fn update(&mut self, view: &View, noise: Ypq, palette: &Palette) {
        self.rate(view, palette);
        self.hue.cells.copy_from_slice(&self.hued.cells);
        rank(&mut self.deep, DEPTH, Rank::Least, &mut self.scratch);
        rank(&mut self.hued, DEPTH, Rank::Least, &mut self.scratch);
        for row in 0..view.odd.rows {
            sum_around(&view.odd, row, &mut self.sums, &mut self.around);
            let places = self
                .class
                .row_mut(row)
                .iter_mut()
                .zip(view.odd.row(row))
                .zip(&self.around)
                .zip(self.deep.row(row).iter().zip(self.hued.row(row)));
            for (column, (((class, odd), around), (deep, hued))) in places.enumerate() {
                let is_screen =
                    f32::from(*odd) < SCREEN_ODD_MAX * ODD_UNIT && f32::from(*around) < SCREEN_ODD_AROUND_MAX * ODD_UNIT * 9.0;
                let is_screen =
                    is_screen && f32::from(view.soft_odd.cells[row * view.odd.columns + column]) < SOFT_ODD_MAX * ODD_UNIT;
                let is_screen = is_screen || is_more_screen(view, row * view.odd.columns + column, noise);
                *class = if *deep >= steps(CORE_ALPHA_MIN) || *hued >= steps(CORE_HUED_MIN) {
                    CORE
                } else {
                    u8::from(!is_screen) * SOFT
                };
            }
        }
    }

    /// Alpha of each block by the palette, and by hue alone.
    fn rate(&mut self, view: &View, palette: &Palette) {
        for (index, odd) in view.odd.cells.iter().enumerate() {
            let (alpha, hued) = (&mut self.deep.cells[index], &mut self.hued.cells[index]);
            if f32::from(*odd) < ODD_SEEN_MIN * ODD_UNIT {
                (*alpha, *hued) = (0, 0);
                continue;
            }
            let seen = view.seen_at(index);
            *alpha = (length(seen) * palette.nearest_scale(seen) * OPAQUE).min(255.0) as u8;
            *hued = (hue_alpha(&view.blocks, &view.plate, index) * OPAQUE).clamp(0.0, 255.0) as u8;
        }
    }

    /// Takes what lies beside the screen: fixed things are core, bars are clear.
    pub fn take_outside(&mut self, outside: &Plane<u8>, wanted: Outside) {
        for (class, outside) in self.class.cells.iter_mut().zip(&outside.cells) {
            match *outside {
                STILL => *class = CORE,
                FIXED if wanted == Outside::Keep => *class = CORE,
                FIXED | BAR => *class = SCREEN,
                _ => {}
            }
        }
    }

    /// Makes core of what is like the core around it; says whether there was any.
    pub fn grow(&mut self, view: &View, subject: &Subject) -> bool {
        let mut has_grown = false;
        for row in 0..self.class.rows {
            for column in 0..self.class.columns {
                let index = row * self.class.columns + column;
                if self.class.cells[index] == SOFT && self.hued.cells[index] >= steps(LIKE_HUED_MIN) {
                    let line = subtract(subject.grid.at_block(column, row), view.plate_at(index));
                    let unlike = subtract(view.seen_at(index), line);
                    if dot(unlike, unlike) < UNLIKE_MAX * UNLIKE_MAX * dot(line, line) {
                        self.class.cells[index] = CORE;
                        has_grown = true;
                    }
                }
            }
        }
        has_grown
    }

    /// Takes from the soft blocks those that turned out to be nothing but screen, or nothing but subject, as all around them.
    pub fn settle(&mut self, alpha: &Plane<f32>) {
        for row in 0..alpha.rows {
            let near = alpha.three_rows(row);
            for (column, class) in self.class.row_mut(row).iter_mut().enumerate() {
                if *class == SOFT {
                    let (left, right) = (column.saturating_sub(1), (column + 1).min(alpha.columns - 1));
                    let (mut low, mut high) = (1.0_f32, 0.0_f32);
                    for row in near {
                        for alpha in [row[left], row[column], row[right]] {
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
        }
    }

    /// Closes gaps between bodies, where two colours mix to something screen-like, and holes that the screen does not reach.
    pub fn close(&mut self, alpha: &mut Plane<f32>, gap: usize, unit: f32) {
        let Self { class, hue, deep, scratch, .. } = self;
        for (closed, class) in deep.cells.iter_mut().zip(&class.cells) {
            *closed = u8::from(*class == CORE);
        }
        rank(deep, gap, Rank::Largest, scratch);
        rank(deep, gap, Rank::Least, scratch);
        let (columns, rows) = (class.columns, class.rows);
        // At the picture's border nobody knows what is beyond a gap.
        for row in gap..rows.saturating_sub(gap) {
            for index in row * columns + gap..((row + 1) * columns).saturating_sub(gap) {
                if class.cells[index] == SOFT && deep.cells[index] > 0 && hue.cells[index] > steps(GAP_HUE_MIN) {
                    (class.cells[index], alpha.cells[index]) = (CORE, 1.0);
                }
            }
        }
        let open: Vec<bool> =
            class.cells.iter().zip(&alpha.cells).map(|(class, alpha)| *class == SOFT && *alpha < HOLE_ALPHA_MAX).collect();
        let groups = Groups::of(&open, columns);
        let mut rims = vec![
            Rim { touches_core: false, touches_screen: false, touches_border: false, low: u8::MAX, high: 0 };
            groups.found.len() + 1
        ];
        for (index, label) in groups.label.iter().enumerate().filter(|(_, label)| **label > 0) {
            let (row, column) = (index / columns, index % columns);
            let near = column.saturating_sub(1)..(column + 2).min(columns);
            let (above, rim) = (class.three_rows(row), &mut rims[*label as usize]);
            rim.touches_border |= row == 0 || column == 0 || row + 1 == rows || column + 1 == columns;
            rim.touches_screen |= above.iter().any(|row| row[near.clone()].contains(&SCREEN));
            rim.touches_core |= above.iter().any(|row| row[near.clone()].contains(&CORE));
            rim.low = rim.low.min(hue.cells[index]);
            rim.high = rim.high.max(hue.cells[index]);
        }
        let speck = (SPECK_SHARE * unit).powi(2).max(2.0);
        let becomes: Vec<Option<u8>> = rims
            .iter()
            .enumerate()
            .map(|(label, rim)| {
                let count = label.checked_sub(1).map_or(0, |number| groups.found[number].count);
                if !rim.touches_screen && !rim.touches_border && rim.low > steps(HOLE_HUE_MIN) {
                    Some(CORE)
                } else if !rim.touches_core && (count as f32) <= speck && rim.high < steps(SPECK_HUE_MAX) {
                    Some(SCREEN)
                } else {
                    None
                }
            })
            .collect();
        for ((class, alpha), label) in class.cells.iter_mut().zip(&mut alpha.cells).zip(&groups.label) {
            if let Some(becomes) = becomes[*label as usize]
                && *label > 0
            {
                (*class, *alpha) = (becomes, f32::from(u8::from(becomes == CORE)));
            }
        }
    }

    /// The blocks that are subject enough to teach the palette.
    pub fn teachers(&self) -> impl Iterator<Item = usize> + '_ {
        let (columns, rows) = (self.hued.columns, self.hued.rows);
        (0..rows)
            .step_by(TEACHER_STRIDE)
            .flat_map(move |row| (0..columns).step_by(TEACHER_STRIDE).map(move |column| row * columns + column))
            .filter(|index| {
                self.hued.cells[*index] >= steps(TEACH_HUED_MIN) || (self.class.cells[*index] == CORE && self.is_inner(*index))
            })
    }

    /// Core with nothing but core around.
    fn is_inner(&self, index: usize) -> bool {
        let (row, column) = (index / self.class.columns, index % self.class.columns);
        let near = column.saturating_sub(1)..(column + 2).min(self.class.columns);
        self.class.three_rows(row).iter().all(|row| row[near.clone()].iter().all(|class| *class == CORE))
    }
}

/// As screen-like as the plate or more, and no darker: halos of sharpening, shadows that have moved on.
fn is_more_screen(view: &View, index: usize, noise: Ypq) -> bool {
    let ([y, p, q], [screen_y, screen_p, screen_q]) =
        ([0, 1, 2].map(|channel: usize| view.blocks[channel].cells[index]), view.plate_at(index));
    let scale = (y / screen_y.max(1.0)).max(1.0);
    let across = (q - screen_q * scale).abs();
    p - across > screen_p * MORE_CHROMA_MIN - noise[1] && y > screen_y - noise[0] && y < screen_y * MORE_LUMA_MAX
}

/// Opaque by hue alone, at a block.
pub fn hue_alpha(blocks: &Blocks, plate: &Blocks, index: usize) -> f32 {
    wedge_alpha(
        [0, 1, 2].map(|channel: usize| blocks[channel].cells[index]),
        [0, 1, 2].map(|channel: usize| plate[channel].cells[index]),
    )
}

/// Opaque by hue alone: how much of the plate's chroma is missing, where chroma across its direction counts as missing too.
pub fn wedge_alpha([_, p, q]: Ypq, [_, screen_p, screen_q]: Ypq) -> f32 {
    let square = (screen_p * screen_p + screen_q * screen_q).max(4.0);
    1.0 - (p * screen_p + q * screen_q - (p * screen_q - q * screen_p).abs()) / square
}
