//! Measures the mattes of a clip as they pass: how much is covered, how soft, how steady, how clean. Frames are looked at on a
//! coarse grid of their own pixels, so that the time does not grow with the picture.

#![expect(clippy::cast_precision_loss, reason = "counts of pixels and frames are far below 2^52")]

use shared::media::PixelSize;
use shared::qa::MatteFigures;

use crate::frame::sides;
use crate::samples::pixel;

/// Longest side of the grid.
/// Units: pixels.
const GRID_SIDE_MAX: usize = 480;
/// Alpha up to here is clear, and from there on opaque: lossy sources are never exact.
const CLEAR_MAX: u8 = 5;
const OPAQUE_MIN: u8 = 250;
/// From here on a pixel belongs to the subject.
const SUBJECT_MIN: u8 = 128;
/// How far the frames around another may differ and still agree.
const AGREEMENT_MAX: u8 = 16;
/// Soft pixels whose colour is seen well enough to be judged.
const TINT_ALPHA_MIN: u8 = 26;
/// A clear patch of more than this share of the subject is no hole but a gap: between an arm and a body.
const HOLE_SHARE_MAX: f64 = 0.01;
/// Share of the frame's border that the subject must cover to touch it.
const CONTACT_SHARE_MIN: f64 = 0.005;

/// Sums over the frames so far.
#[derive(Debug)]
pub struct Meter {
    size: PixelSize,
    step: usize,
    columns: usize,
    rows: usize,
    frames: u64,
    /// The mattes of the frame before the last, and of the last.
    before: [Vec<u8>; 2],
    covered: Mean,
    soft: Mean,
    flicker: Mean,
    /// Excess of green and of blue, in soft and in opaque pixels.
    soft_tint: [Mean; 2],
    core_tint: [Mean; 2],
    hole_cells: u64,
    subject_cells: u64,
    contacts: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, sum: f64, count: f64) {
        self.sum += sum;
        self.count += count;
    }

    fn value(self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }
}

impl Meter {
    /// For frames of this size.
    pub fn new(size: PixelSize) -> Self {
        let (width, height) = sides(size);
        let step = width.max(height).div_ceil(GRID_SIDE_MAX).max(1);
        Self {
            size,
            step,
            columns: width.div_ceil(step),
            rows: height.div_ceil(step),
            frames: 0,
            before: [Vec::new(), Vec::new()],
            covered: Mean::default(),
            soft: Mean::default(),
            flicker: Mean::default(),
            soft_tint: [Mean::default(); 2],
            core_tint: [Mean::default(); 2],
            hole_cells: 0,
            subject_cells: 0,
            contacts: 0,
        }
    }

    /// Looks at the next frame: straight RGBA.
    pub fn add(&mut self, rgba: &[u8]) {
        let width = self.size.width as usize;
        let mut alpha = Vec::with_capacity(self.columns * self.rows);
        let (mut total, mut soft) = (0_u64, 0_u64);
        for y in 0..self.rows {
            for x in 0..self.columns {
                let [red, green, blue, value] = pixel::<4>(rgba, width, x * self.step, y * self.step).unwrap_or_default();
                total += u64::from(value);
                soft += u64::from(value > CLEAR_MAX && value < OPAQUE_MIN);
                let tints = [green.saturating_sub(red.max(blue)), blue.saturating_sub(red.max(green))];
                match value {
                    OPAQUE_MIN.. => tints.iter().zip(&mut self.core_tint).for_each(|(tint, mean)| mean.add((*tint).into(), 1.0)),
                    TINT_ALPHA_MIN.. => {
                        tints.iter().zip(&mut self.soft_tint).for_each(|(tint, mean)| mean.add((*tint).into(), 1.0));
                    }
                    _ => {}
                }
                alpha.push(value);
            }
        }
        let cells = alpha.len() as f64;
        self.covered.add(total as f64 / 255.0, cells);
        self.soft.add(soft as f64, cells);
        self.compare(&alpha);
        self.find_holes(&alpha);
        self.contacts += u64::from(self.touches_edge(&alpha));
        self.frames += 1;
        self.before.rotate_left(1);
        let [_, last] = &mut self.before;
        *last = alpha;
    }

    /// The figures of all frames.
    pub fn finish(self) -> MatteFigures {
        let residue = |(soft, core): (&Mean, &Mean)| (soft.value() - core.value()).max(0.0) / 255.0;
        let spill_residue = self.soft_tint.iter().zip(&self.core_tint).map(residue).fold(0.0, f64::max);
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        MatteFigures {
            coverage: self.covered.value(),
            soft_share: self.soft.value(),
            flicker: self.flicker.value(),
            spill_residue,
            holes: share(self.hole_cells, self.subject_cells),
            edge_contact: share(self.contacts, self.frames),
        }
    }

    /// How far the last frame lies from its neighbours where those two agree: nothing for whatever stands still, fades, or
    /// passes in one direction.
    fn compare(&mut self, alpha: &[u8]) {
        let [first, middle] = &self.before;
        let (mut sum, mut count) = (0_u64, 0_u64);
        for ((first, middle), last) in first.iter().zip(middle).zip(alpha) {
            if (*first).max(*middle).max(*last) > CLEAR_MAX {
                count += 1;
                if first.abs_diff(*last) <= AGREEMENT_MAX {
                    sum += u64::from((2 * u16::from(*middle)).abs_diff(u16::from(*first) + u16::from(*last)));
                }
            }
        }
        self.flicker.add(sum as f64 / 2.0 / 255.0, count as f64);
    }

    /// Clear patches that are closed in: what cannot be reached from the frame's edge through clear cells.
    fn find_holes(&mut self, alpha: &[u8]) {
        let subject = alpha.iter().filter(|value| **value >= SUBJECT_MIN).count();
        self.subject_cells += subject as u64;
        let mut seen: Vec<bool> = alpha.iter().map(|value| *value >= SUBJECT_MIN).collect();
        for start in 0..alpha.len() {
            if let Some((cells, open)) = self.flood(&mut seen, start)
                && !open
                && cells as f64 <= subject as f64 * HOLE_SHARE_MAX
            {
                self.hole_cells += cells;
            }
        }
    }

    /// Visits the patch around a cell: how many cells it has, and whether it reaches the edge.
    fn flood(&self, seen: &mut [bool], start: usize) -> Option<(u64, bool)> {
        let mut visit = |index: usize| seen.get_mut(index).is_some_and(|seen| !std::mem::replace(seen, true));
        if !visit(start) {
            return None;
        }
        let (mut cells, mut open, mut waiting) = (0, false, vec![start]);
        while let Some(index) = waiting.pop() {
            let (x, y) = (index % self.columns, index / self.columns);
            cells += 1;
            let at_edge = x == 0 || y == 0 || x + 1 == self.columns || y + 1 == self.rows;
            open |= at_edge;
            let beside = [(x > 0).then(|| index - 1), (x + 1 < self.columns).then_some(index + 1)];
            let above = [(y > 0).then(|| index - self.columns), (y + 1 < self.rows).then_some(index + self.columns)];
            waiting.extend(beside.into_iter().chain(above).flatten().filter(|index| visit(*index)));
        }
        Some((cells, open))
    }

    fn touches_edge(&self, alpha: &[u8]) -> bool {
        let rows = alpha.chunks_exact(self.columns);
        let (mut touched, mut cells) = (0_u64, 0_u64);
        for (y, row) in rows.enumerate() {
            let whole = y == 0 || y + 1 == self.rows;
            for (x, value) in row.iter().enumerate() {
                if whole || x == 0 || x + 1 == self.columns {
                    cells += 1;
                    touched += u64::from(*value >= SUBJECT_MIN);
                }
            }
        }
        touched as f64 > cells as f64 * CONTACT_SHARE_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: u32 = 100;

    /// A red square of 50 × 50 in the middle; `change` may alter each pixel.
    fn frame(change: impl Fn(usize, usize, &mut [u8; 4])) -> Vec<u8> {
        let mut rgba = Vec::new();
        for y in 0..SIDE as usize {
            for x in 0..SIDE as usize {
                let inside = (25..75).contains(&x) && (25..75).contains(&y);
                let mut pixel = [200, 40, 40, if inside { 255 } else { 0 }];
                change(x, y, &mut pixel);
                rgba.extend(pixel);
            }
        }
        rgba
    }

    fn measured(frames: &[Vec<u8>]) -> MatteFigures {
        let mut meter = Meter::new(PixelSize { width: SIDE, height: SIDE });
        for frame in frames {
            meter.add(frame);
        }
        meter.finish()
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn a_clean_square_has_nothing_to_hide() {
        let figures = measured(&vec![frame(|_, _, _| {}); 3]);
        assert!(close(figures.coverage, 0.25), "{figures:?}");
        assert_eq!(MatteFigures { coverage: 0.0, ..figures }, MatteFigures::default());
    }

    #[test]
    fn each_flaw_shows_in_its_own_figure() {
        let hole = frame(|x, y, pixel| {
            if x == 50 && (40..45).contains(&y) {
                pixel[3] = 0;
            }
        });
        assert!(close(measured(std::slice::from_ref(&hole)).holes, 5.0 / 2_495.0));
        let gap = frame(|x, y, pixel| {
            if (30..70).contains(&x) && (40..60).contains(&y) {
                pixel[3] = 0;
            }
        });
        assert!(close(measured(&[gap]).holes, 0.0), "too large for a hole");
        let fringe = frame(|x, _, pixel| {
            if x == 25 && pixel[3] > 0 {
                *pixel = [40, 91, 40, 128];
            }
        });
        let figures = measured(&[fringe]);
        assert!(close(figures.spill_residue, 0.2) && close(figures.soft_share, 50.0 / 10_000.0), "{figures:?}");
        let plain = frame(|_, _, _| {});
        let blink = frame(|_, _, pixel| pixel[3] /= 2);
        let figures = measured(&[plain.clone(), blink, plain]);
        assert!((figures.flicker - 0.5).abs() < 0.01, "{figures:?}");
        let leaning = frame(|_, y, pixel| {
            if y == 0 {
                pixel[3] = 255;
            }
        });
        assert!(close(measured(&[leaning, frame(|_, _, _| {})]).edge_contact, 0.5));
    }

    #[test]
    fn an_even_fade_is_no_flicker() {
        let faded = |by: u8| frame(|_, _, pixel| pixel[3] = pixel[3].saturating_sub(by));
        assert!(measured(&[faded(0), faded(20), faded(40), faded(60)]).flicker < 1e-9);
    }
}
