//! Finds the colour of a screen along the border of one frame: after a cut, another screen may
//! stand behind the subject.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "blocks and bins of hue are few and never negative"
)]

use super::blocks::{Blocks, Ycc};

/// Width of the border, as a share of the shorter side.
const BORDER_SHARE: f32 = 0.08;
/// Share of the border that must have one hue.
const COVERAGE_MIN: f32 = 0.45;
/// Least chroma of a screen.
/// Units: of 255.
const CHROMA_MIN: f32 = 25.0;
/// A hue covers its bin and one on either side.
const HUE_BINS: usize = 36;

/// The median colour of the hue that dominates the border.
pub fn detect(blocks: &Blocks) -> Option<Ycc> {
    let border = border(blocks);
    let mut bins = vec![Vec::new(); HUE_BINS];
    for color in &border {
        if let Some(bin) = hue_bin(*color).and_then(|bin| bins.get_mut(bin)) {
            bin.push(*color);
        }
    }
    let around = |bin: usize| [bin + HUE_BINS - 1, bin, bin + 1].map(|bin| bin % HUE_BINS);
    let count = |bin: usize| around(bin).into_iter().map(|bin| bins[bin].len()).sum::<usize>();
    let best = (0..HUE_BINS).max_by_key(|bin| count(*bin))?;
    if (count(best) as f32) < COVERAGE_MIN * border.len() as f32 {
        return None;
    }
    let colors: Vec<Ycc> = around(best).into_iter().flat_map(|bin| bins[bin].iter().copied()).collect();
    Some([0, 1, 2].map(|channel| {
        let mut values: Vec<f32> = colors.iter().map(|color| color[channel]).collect();
        values.sort_by(f32::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    }))
}

fn border(blocks: &Blocks) -> Vec<Ycc> {
    let depth = ((blocks.columns.min(blocks.rows) as f32 * BORDER_SHARE) as usize).max(1);
    let is_outer = |position: usize, length: usize| position < depth || position + depth >= length;
    let mut border = Vec::new();
    for row in 0..blocks.rows {
        for (column, color) in blocks.means(row, 0..blocks.columns).enumerate() {
            if is_outer(row, blocks.rows) || is_outer(column, blocks.columns) {
                border.push(color);
            }
        }
    }
    border
}

fn hue_bin([_, cb, cr]: Ycc) -> Option<usize> {
    if cb.hypot(cr) < CHROMA_MIN {
        return None;
    }
    let turn = cr.atan2(cb) / std::f32::consts::TAU + 1.0;
    Some((turn * HUE_BINS as f32) as usize % HUE_BINS)
}
