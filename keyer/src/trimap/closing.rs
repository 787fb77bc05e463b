//! Closing of the core matte: gaps, holes, and specks amid screen.
//!
//! Constants are tuned on generator seeds 1 and 7, all kinds, and on clips with holes and specks.

use super::{CORE, SCREEN, Trimap, UNCERTAIN, steps};
use crate::plane::{Plane, dilate_within, erode_within};

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
        let Self { labels, hue_alpha, eroded_alpha: closed, area, scratch, components, .. } = self;
        for (closed, label) in closed.cells.iter_mut().zip(&labels.cells) {
            *closed = u8::from(*label == CORE);
        }
        dilate_within(closed, area, gap, scratch);
        erode_within(closed, area, gap, scratch);
        let (columns, rows) = (labels.columns, labels.rows);
        // At the picture's border, the other side of a gap is not visible.
        for row in area.rows.start.max(gap)..area.rows.end.min(rows.saturating_sub(gap)) {
            let places =
                labels.row_mut(row).iter_mut().zip(alpha.row_mut(row)).zip(hue_alpha.row(row).iter().zip(closed.row(row)));
            for ((label, alpha), (hue_alpha, closed)) in places.take(columns.saturating_sub(gap)).skip(gap) {
                if *label == UNCERTAIN && *closed > 0 && *hue_alpha > steps(GAP_HUE_ALPHA_MIN) {
                    (*label, *alpha) = (CORE, 1.0);
                }
            }
        }
        self.is_open.resize(labels.cells.len(), false);
        for (is_open, (label, alpha)) in self.is_open.iter_mut().zip(labels.cells.iter().zip(&alpha.cells)) {
            *is_open = *label == UNCERTAIN && *alpha < HOLE_ALPHA_MAX;
        }
        components.update(&self.is_open, columns);
        let mut surroundings_of =
            vec![
                Surroundings { touches_core: false, touches_screen: false, touches_border: false, low: u8::MAX, high: 0 };
                components.list.len() + 1
            ];
        for (id, row, run) in components.runs(columns) {
            let surroundings = &mut surroundings_of[id];
            let near = run.start().saturating_sub(1)..(run.end() + 2).min(columns);
            surroundings.touches_border |= row == 0 || *run.start() == 0 || row + 1 == rows || run.end() + 1 == columns;
            for row in labels.three_rows(row) {
                surroundings.touches_screen |= row[near.clone()].contains(&SCREEN);
                surroundings.touches_core |= row[near.clone()].contains(&CORE);
            }
            for hue_alpha in &hue_alpha.row(row)[run] {
                surroundings.low = surroundings.low.min(*hue_alpha);
                surroundings.high = surroundings.high.max(*hue_alpha);
            }
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
        for (id, row, run) in components.runs(columns) {
            if let Some(new_label) = new_labels[id] {
                labels.row_mut(row)[run.clone()].fill(new_label);
                alpha.row_mut(row)[run].fill(f32::from(u8::from(new_label == CORE)));
            }
        }
    }
}
