//! Closing of the core matte: gaps, holes, and specks amid screen.
//!
//! Constants are tuned on generator seeds 1 and 7, all kinds, and on clips with holes and specks.

use super::{CORE, SCREEN, Trimap, UNCERTAIN, steps};
use crate::plane::{Components, Plane, dilate, erode};

/// Least hue alpha of a block in a closed gap of the core, and of a hole enclosed by core; and
/// largest alpha of a hole's blocks.
const GAP_HUE_ALPHA_MIN: f32 = 0.6;
const HOLE_HUE_ALPHA_MIN: f32 = 0.5;
const HOLE_ALPHA_MAX: f32 = 0.97;
/// Largest uncertain component amid screen that is taken for noise, if it were a square, and its
/// largest hue alpha.
/// Units: share of the picture's height; alpha.
const SPECK_SHARE: f32 = 0.02;
const SPECK_HUE_ALPHA_MAX: f32 = 0.5;

/// Labels around an uncertain component, and the range of its hue alpha.
#[derive(Debug, Clone, Copy)]
struct Surroundings {
    touches_core: bool,
    touches_screen: bool,
    touches_border: bool,
    low: u8,
    high: u8,
}

impl Trimap {
    /// Closes gaps of the core, where two subjects' colours mix to one like the screen's, and
    /// enclosed holes; removes specks.
    pub fn close_gaps(&mut self, alpha: &mut Plane<f32>, gap: usize, height_blocks: f32) {
        let Self { labels, hue_alpha, eroded_alpha: closed, scratch, .. } = self;
        for (closed, label) in closed.cells.iter_mut().zip(&labels.cells) {
            *closed = u8::from(*label == CORE);
        }
        dilate(closed, gap, scratch);
        erode(closed, gap, scratch);
        let (columns, rows) = (labels.columns, labels.rows);
        // At the picture's border, the other side of a gap is not visible.
        for row in gap..rows.saturating_sub(gap) {
            for index in row * columns + gap..((row + 1) * columns).saturating_sub(gap) {
                if labels.cells[index] == UNCERTAIN
                    && closed.cells[index] > 0
                    && hue_alpha.cells[index] > steps(GAP_HUE_ALPHA_MIN)
                {
                    (labels.cells[index], alpha.cells[index]) = (CORE, 1.0);
                }
            }
        }
        let is_open: Vec<bool> =
            labels.cells.iter().zip(&alpha.cells).map(|(label, alpha)| *label == UNCERTAIN && *alpha < HOLE_ALPHA_MAX).collect();
        let components = Components::of(&is_open, columns);
        let mut surroundings_of =
            vec![
                Surroundings { touches_core: false, touches_screen: false, touches_border: false, low: u8::MAX, high: 0 };
                components.list.len() + 1
            ];
        for (index, id) in components.ids.iter().enumerate().filter(|(_, id)| **id > 0) {
            let (row, column) = (index / columns, index % columns);
            let near = column.saturating_sub(1)..(column + 2).min(columns);
            let (above, surroundings) = (labels.three_rows(row), &mut surroundings_of[*id as usize]);
            surroundings.touches_border |= row == 0 || column == 0 || row + 1 == rows || column + 1 == columns;
            surroundings.touches_screen |= above.iter().any(|row| row[near.clone()].contains(&SCREEN));
            surroundings.touches_core |= above.iter().any(|row| row[near.clone()].contains(&CORE));
            surroundings.low = surroundings.low.min(hue_alpha.cells[index]);
            surroundings.high = surroundings.high.max(hue_alpha.cells[index]);
        }
        let speck = (SPECK_SHARE * height_blocks).powi(2).max(2.0);
        let new_labels: Vec<Option<u8>> = surroundings_of
            .iter()
            .enumerate()
            .map(|(id, surroundings)| {
                let count = id.checked_sub(1).map_or(0, |number| components.list[number].count);
                if !surroundings.touches_screen && !surroundings.touches_border && surroundings.low > steps(HOLE_HUE_ALPHA_MIN) {
                    Some(CORE)
                } else if !surroundings.touches_core && (count as f32) <= speck && surroundings.high < steps(SPECK_HUE_ALPHA_MAX)
                {
                    Some(SCREEN)
                } else {
                    None
                }
            })
            .collect();
        for ((label, alpha), id) in labels.cells.iter_mut().zip(&mut alpha.cells).zip(&components.ids) {
            if let Some(new_label) = new_labels[*id as usize]
                && *id > 0
            {
                (*label, *alpha) = (new_label, f32::from(u8::from(new_label == CORE)));
            }
        }
    }
}
