//! How far a matte and a second opinion on it differ, edges aside.

use super::Opinion;
use crate::frame::pixels::sides;
use crate::matte::models::Plane;

/// The opinion is sure of subject from here on, and of background up to 1 less this.
const SURE_MIN: f32 = 0.8;
/// Within this distance of where the opinion is not sure, nothing counts: its edges are not exact.
/// Units: pixels of the opinion.
const TOLERANCE_PX: usize = 1;
/// An opinion with a smaller subject does not know: small models overlook parts of small people.
/// Units: share of the picture.
const SUBJECT_SHARE_MIN: f64 = 0.02;
/// Nor does one whose subject's area deviates more from its mean, as where a model finds a person
/// in some frames only.
/// Units: share of the mean area.
const AREA_DEVIATION_MAX: f64 = 0.3;

/// Sums over the frames so far.
#[derive(Debug, Default)]
pub struct Disagreement {
    foreign: f64,
    lacking: f64,
    /// Area of the opinion's subject in each frame. Units: share of the picture.
    areas: Vec<f64>,
    pixels: f64,
}

impl Disagreement {
    /// Adds a frame: the matte and the opinion in the same size.
    pub fn add(&mut self, matte: &Plane, opinion: &Plane) {
        let width = sides(opinion.size).0;
        let sure = |is_sure: &dyn Fn(f32) -> bool| {
            eroded(&opinion.values.iter().map(|value| is_sure(*value)).collect::<Vec<_>>(), width)
        };
        let background = sure(&|value| value <= 1.0 - SURE_MIN);
        let subject = sure(&|value| value >= SURE_MIN);
        let (mut area, mut pixels) = (0.0, 1e-9);
        for (((alpha, opinion), background), subject) in matte.values.iter().zip(&opinion.values).zip(background).zip(subject) {
            let alpha = f64::from(*alpha);
            self.foreign += if background { alpha.powi(2) } else { 0.0 };
            self.lacking += if subject { (1.0 - alpha).powi(2) } else { 0.0 };
            area += f64::from(*opinion);
            pixels += 1.0;
        }
        self.areas.push(area / pixels);
        self.pixels = pixels;
    }

    /// The shares; none where the opinion does not know.
    pub fn finish(self) -> Option<Opinion> {
        #[expect(clippy::cast_precision_loss, reason = "a few frames")]
        let frames = self.areas.len().max(1) as f64;
        let mean = self.areas.iter().sum::<f64>() / frames;
        let deviation = self.areas.iter().map(|area| (area - mean).abs()).sum::<f64>() / frames;
        let subject = mean * self.pixels * frames;
        let is_known = mean >= SUBJECT_SHARE_MIN && deviation <= AREA_DEVIATION_MAX * mean;
        is_known.then(|| Opinion { foreign_share: self.foreign / subject, lacking_share: self.lacking / subject })
    }
}

/// The mask without pixels that are near others outside of it; beyond the picture is no outside.
fn eroded(mask: &[bool], width: usize) -> Vec<bool> {
    let height = mask.len() / width.max(1);
    let rows = |index: usize| index / width * width..index / width * width + width;
    let across = |index: usize| {
        let row = rows(index);
        let (first, last) = (index.saturating_sub(TOLERANCE_PX).max(row.start), (index + TOLERANCE_PX).min(row.end - 1));
        mask[first..=last].iter().all(|inside| *inside)
    };
    let narrow: Vec<bool> = (0..mask.len()).map(across).collect();
    let down = |index: usize| {
        let (row, column) = (index / width, index % width);
        let (first, last) = (row.saturating_sub(TOLERANCE_PX), (row + TOLERANCE_PX).min(height - 1));
        (first..=last).all(|row| narrow[row * width + column])
    };
    (0..mask.len()).map(down).collect()
}

#[cfg(test)]
mod tests {
    use shared::media::PixelSize;

    use super::*;

    const SIZE: PixelSize = PixelSize { width: 40, height: 30 };

    fn rectangle(columns: std::ops::Range<usize>, alpha: f32) -> Plane {
        Plane::from_fn(SIZE, |x, y| if columns.contains(&x) && (5..25).contains(&y) { alpha } else { 0.0 })
    }

    fn compared(matte: &Plane, opinion: &Plane) -> Option<(f64, f64)> {
        let mut sums = Disagreement::default();
        sums.add(matte, opinion);
        sums.finish().map(|found| (found.foreign_share, found.lacking_share))
    }

    #[test]
    fn an_edge_within_the_tolerance_is_no_disagreement() {
        let opinion = rectangle(5..15, 1.0);
        assert_eq!(compared(&opinion, &opinion), Some((0.0, 0.0)));
        assert_eq!(compared(&rectangle(6..16, 1.0), &opinion), Some((0.0, 0.0)));
    }

    #[test]
    fn another_object_counts_by_its_area_and_a_missing_part_by_its_own() {
        let opinion = rectangle(5..15, 1.0);
        let two =
            Plane::from_fn(SIZE, |x, y| rectangle(5..15, 1.0).values[y * 40 + x].max(rectangle(25..30, 1.0).values[y * 40 + x]));
        let (foreign, lacking) = compared(&two, &opinion).unwrap();
        assert!((foreign - 0.5).abs() < 1e-6 && lacking == 0.0, "{foreign} {lacking}");
        let (foreign, lacking) = compared(&rectangle(5..10, 1.0), &opinion).unwrap();
        assert!(foreign == 0.0 && lacking > 0.2 && lacking < 0.5, "{lacking}");
        assert!(compared(&rectangle(5..15, 0.5), &opinion).unwrap().1 > 0.05, "half transparent");
    }

    #[test]
    fn an_opinion_without_a_subject_does_not_know() {
        assert_eq!(compared(&rectangle(5..15, 1.0), &rectangle(0..0, 1.0)), None);
    }

    #[test]
    fn an_opinion_that_finds_the_subject_in_some_frames_only_does_not_know() {
        let (whole, none) = (rectangle(5..15, 1.0), rectangle(0..0, 1.0));
        let mut sums = Disagreement::default();
        sums.add(&whole, &whole);
        sums.add(&whole, &none);
        assert!(sums.finish().is_none());
    }
}
