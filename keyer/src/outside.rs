//! What lies beside the screen and never moves: set, studio, wall. And bars around the picture.

use crate::classes::Look;
use crate::plane::{Groups, Plane, Rank, rank};
use crate::plate::{Evidence, Still};
use crate::rough::wedge_alpha;

/// Fixed things are at least this opaque by hue, and all of a region on average this much.
const HUE_MIN: f32 = 0.12;
const REGION_HUE_MIN: f32 = 0.6;
/// A region is at least as large as a square of this side. Units: share of the picture's height.
const SIDE_SHARE: f32 = 0.05;
/// Bars are this dark and this grey. Units: of 255.
const BAR_LUMA_MAX: f32 = 6.0;
const BAR_CHROMA_MAX: f32 = 4.0;

/// Nothing special.
pub const INSIDE: u8 = 0;
/// Opaque, whatever a frame shows.
pub const FIXED: u8 = 1;
/// Opaque, and maybe the subject: it touches the lower border alone.
pub const STILL: u8 = 3;
/// A bar: clear.
pub const BAR: u8 = 2;

/// Marks each block. Without enough samples, nothing is fixed.
pub fn find_outside(evidence: &Evidence<'_>, still: &Still, look: &Look, plate: &crate::classes::Blocks) -> Plane<u8> {
    let (columns, rows) = (plate[0].columns, plate[0].rows);
    let mut outside = Plane::new(columns, rows, INSIDE);
    let mut alpha = vec![0.0_f32; columns * rows];
    let mut fixed = Plane::new(columns, rows, 0_u8);
    if evidence.samples.len() >= SAMPLES_MIN {
        for (index, fixed) in fixed.cells.iter_mut().enumerate() {
            let screen = [0, 1, 2].map(|channel: usize| plate[channel].cells[index]);
            alpha[index] = wedge_alpha(still.middles[index], screen);
            *fixed = u8::from(still.is_fixed[index] && evidence.like[index] == 0 && alpha[index] > HUE_MIN);
        }
        let marked: Vec<bool> = fixed.cells.iter().map(|fixed| *fixed > 0).collect();
        let groups = Groups::of(&marked, columns);
        let mut sums = vec![0.0_f32; groups.found.len() + 1];
        for (label, alpha) in groups.label.iter().zip(&alpha) {
            sums[*label as usize] += alpha.min(1.0);
        }
        let least = (SIDE_SHARE * look.unit).powi(2);
        let kind_of = |label: usize| {
            let Some(group) = label.checked_sub(1).and_then(|number| groups.found.get(number)) else { return INSIDE };
            if (group.count as f32) < least || sums[label] <= REGION_HUE_MIN * group.count as f32 {
                INSIDE
            } else if group.left == 0 || group.top == 0 || group.right + 1 == columns {
                FIXED
            } else if group.bottom + 1 == rows {
                // A subject that hardly moves stands there too.
                STILL
            } else {
                INSIDE
            }
        };
        let kinds: Vec<u8> = (0..=groups.found.len()).map(kind_of).collect();
        for (fixed, label) in fixed.cells.iter_mut().zip(&groups.label) {
            *fixed = u8::from(kinds[*label as usize] != INSIDE);
        }
        rank(&mut fixed, 1, Rank::Least, &mut Vec::new());
        for (outside, (fixed, label)) in outside.cells.iter_mut().zip(fixed.cells.iter().zip(&groups.label)) {
            if *fixed > 0 {
                *outside = kinds[*label as usize];
            }
        }
    }
    mark_bars(evidence, &mut outside);
    outside
}

/// Samples without which nothing is known to stay.
const SAMPLES_MIN: usize = 4;

/// Rows and columns from the picture's border inwards that are black in every sample.
fn mark_bars(evidence: &Evidence<'_>, outside: &mut Plane<u8>) {
    let (columns, rows) = (outside.columns, outside.rows);
    let is_black = |index: usize| {
        evidence.samples.iter().all(|sample| {
            let [y, cb, cr] = sample.at(index);
            y < BAR_LUMA_MAX && cb.abs() < BAR_CHROMA_MAX && cr.abs() < BAR_CHROMA_MAX
        })
    };
    let row_is_black = |row: usize| (0..columns).all(|column| is_black(row * columns + column));
    let column_is_black = |column: usize| (0..rows).all(|row| is_black(row * columns + column));
    let top = (0..rows).take_while(|row| row_is_black(*row)).count();
    let bottom = (0..rows - top).take_while(|row| row_is_black(rows - 1 - row)).count();
    let left = (0..columns).take_while(|column| column_is_black(*column)).count();
    let right = (0..columns - left).take_while(|column| column_is_black(columns - 1 - column)).count();
    if top == rows || left == columns {
        return;
    }
    for row in 0..rows {
        for column in 0..columns {
            // The blocks beside a bar mix both.
            let is_bar = (top > 0 && row <= top + 1)
                || (bottom > 0 && row + bottom + 2 >= rows)
                || (left > 0 && column <= left + 1)
                || (right > 0 && column + right + 2 >= columns);
            if is_bar {
                outside.cells[row * columns + column] = BAR;
            }
        }
    }
}
