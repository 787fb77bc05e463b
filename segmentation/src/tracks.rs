//! The boxes around the subjects of successive frames: each subject is followed, its box smoothed
//! over time.

use crate::components::Components;
use crate::plane::{Plane, float};
use crate::view::Rect;

/// Components of at least this share of the largest one belong to a subject.
const COMPONENT_SHARE_MIN: f32 = 0.2;
/// Least number of pixels of a subject.
const MASS_MIN: usize = 30;
/// Share of a subject's pixels that may lie outside of its box on each side.
const OUTSIDE_SHARE: f32 = 0.01;
/// Boxes that are closer than this share of the narrower one belong to one subject.
const GAP_SHARE_MAX: f32 = 0.15;
/// Most subjects that get boxes of their own: each costs as much as the first.
const SUBJECTS_MAX: usize = 3;
/// Least overlap of a box with the same subject's last one: intersection over union.
const OVERLAP_MIN: f32 = 0.2;
/// Frames whose subject is smaller than this share of the median get the box of their neighbours.
const MASS_SHARE_MIN: f32 = 0.25;
/// Subjects that are seen in a smaller share of the frames get no box of their own.
const FRAMES_SHARE_MIN: f32 = 0.2;
/// Frames of the median filter on either side.
const MEDIAN_REACH: usize = 3;
/// Standard deviation of the smoothing over time. Units: frames.
const DEVIATION: f32 = 2.0;
const SMOOTHING_REACH: usize = 6;

/// One subject: its box in each frame where it was found, and the number of its pixels there.
type Track = Vec<Option<(Rect, usize)>>;

/// The boxes of each frame. Units: pixels of the evidence. All of the picture where no frame shows
/// a subject.
pub fn subject_boxes(evidence: &[Plane<f32>]) -> Vec<Vec<Rect>> {
    let Some(first) = evidence.first() else { return Vec::new() };
    let tracks: Vec<Vec<Option<Rect>>> = follow(evidence).iter().filter_map(smooth_track).collect();
    let boxes = |frame: usize| tracks.iter().filter_map(|track| track[frame]).collect::<Vec<_>>();
    let whole = |boxes: Vec<Rect>| if boxes.is_empty() { vec![Rect::whole(first.width, first.height)] } else { boxes };
    (0..evidence.len()).map(boxes).map(whole).collect()
}

/// Assigns the boxes of each frame to the tracks of the frames before.
fn follow(evidence: &[Plane<f32>]) -> Vec<Track> {
    let mut tracks = Vec::<Track>::new();
    for (frame, plane) in evidence.iter().enumerate() {
        for found in boxes_of(plane) {
            let overlap = |track: &Track| {
                let last = track.iter().rev().flatten().next();
                last.filter(|_| track[frame].is_none()).map_or(0.0, |(rect, _)| rect.overlap(&found.0))
            };
            let best = tracks.iter_mut().max_by(|one, other| overlap(one).total_cmp(&overlap(other)));
            if let Some(track) = best.filter(|track| overlap(track) >= OVERLAP_MIN) {
                track[frame] = Some(found);
            } else {
                let mut track = vec![None; evidence.len()];
                track[frame] = Some(found);
                tracks.push(track);
            }
        }
    }
    let frames = |track: &Track| track.iter().flatten().count();
    let longest = tracks.iter().map(frames).max().unwrap_or_default();
    tracks.retain(|track| float(frames(track)) >= FRAMES_SHARE_MIN * float(longest));
    tracks
}

/// The subjects of one frame, the largest first.
fn boxes_of(evidence: &Plane<f32>) -> Vec<(Rect, usize)> {
    let components = Components::of(evidence, 0.0);
    let largest = components.sizes().iter().copied().max().unwrap_or_default();
    let size_min = (float(largest) * COMPONENT_SHARE_MIN).max(float(MASS_MIN));
    let kept: Vec<usize> = (0..components.sizes().len()).filter(|label| float(components.sizes()[*label]) >= size_min).collect();
    let mut found: Vec<(Rect, usize)> = kept.iter().map(|label| component_box(evidence, &components, *label)).collect();
    // Boxes beside each other are merged until none are.
    while let Some((one, other)) = near_pair(&found) {
        let (rect, mass) = found.swap_remove(other);
        found[one] = (found[one].0.union(&rect), found[one].1 + mass);
    }
    found.sort_by_key(|(_, mass)| std::cmp::Reverse(*mass));
    found.truncate(SUBJECTS_MAX);
    found
}

fn near_pair(found: &[(Rect, usize)]) -> Option<(usize, usize)> {
    let pairs = (0..found.len()).flat_map(|one| (one + 1..found.len()).map(move |other| (one, other)));
    pairs.into_iter().find(|(one, other)| {
        let (one, other) = (&found[*one].0, &found[*other].0);
        let gap = one.left.max(other.left) - one.right.min(other.right);
        gap < GAP_SHARE_MAX * (one.right - one.left).min(other.right - other.left)
    })
}

fn component_box(evidence: &Plane<f32>, components: &Components, label: usize) -> (Rect, usize) {
    let (mut columns, mut rows) = (vec![0; evidence.width], vec![0; evidence.height]);
    for (index, _) in components.labels().iter().enumerate().filter(|(_, other)| **other == Some(label)) {
        columns[index % evidence.width] += 1;
        rows[index / evidence.width] += 1;
    }
    let mass = components.sizes()[label];
    let ((left, right), (top, bottom)) = (range(&columns, mass), range(&rows, mass));
    (Rect { left, top, right, bottom }, mass)
}

/// First and last position of a histogram, without the outermost share.
fn range(counts: &[usize], total: usize) -> (f32, f32) {
    let outside = float(total) * OUTSIDE_SHARE;
    let skipped = |counts: &mut dyn Iterator<Item = &usize>| {
        let mut sum = 0;
        counts
            .take_while(|count| {
                sum += **count;
                float(sum) <= outside
            })
            .count()
    };
    let (before, after) = (skipped(&mut counts.iter()), skipped(&mut counts.iter().rev()));
    (float(before), float(counts.len().saturating_sub(after)))
}

/// The smoothed box of a subject, from the first to the last frame in which it is seen.
fn smooth_track(track: &Track) -> Option<Vec<Option<Rect>>> {
    let mut masses: Vec<usize> = track.iter().flatten().map(|(_, mass)| *mass).collect();
    masses.sort_unstable();
    let mass_min = float(*masses.get(masses.len() / 2)?) * MASS_SHARE_MIN;
    let good: Vec<(usize, Rect)> = track
        .iter()
        .enumerate()
        .filter_map(|(frame, found)| found.filter(|(_, mass)| float(*mass) >= mass_min).map(|(rect, _)| (frame, rect)))
        .collect();
    // The ends are extended a little: a subject enters before it is found.
    let first = good.first()?.0.saturating_sub(SMOOTHING_REACH);
    let last = (good.last()?.0 + SMOOTHING_REACH).min(track.len() - 1);
    let sides: Vec<[f32; 4]> = (first..=last).map(|frame| interpolated(&good, frame)).collect();
    let smooth = smoothed(&medians(&sides)).into_iter().map(|[left, top, right, bottom]| Rect { left, top, right, bottom });
    let mut boxes = vec![None; track.len()];
    boxes[first..=last].iter_mut().zip(smooth).for_each(|(place, rect)| *place = Some(rect));
    Some(boxes)
}

fn interpolated(good: &[(usize, Rect)], frame: usize) -> [f32; 4] {
    let sides = |rect: &Rect| [rect.left, rect.top, rect.right, rect.bottom];
    let after = good.partition_point(|(place, _)| *place < frame);
    match (after.checked_sub(1).and_then(|before| good.get(before)), good.get(after)) {
        (Some((before, one)), Some((after, other))) => {
            let share = (float(frame) - float(*before)) / (float(*after) - float(*before));
            let (one, other) = (sides(one), sides(other));
            [0, 1, 2, 3].map(|side| one[side] * (1.0 - share) + other[side] * share)
        }
        (Some((_, rect)), None) | (None, Some((_, rect))) => sides(rect),
        (None, None) => [0.0; 4],
    }
}

fn medians(boxes: &[[f32; 4]]) -> Vec<[f32; 4]> {
    let median = |frame: usize, side: usize| {
        let around = frame.saturating_sub(MEDIAN_REACH)..(frame + MEDIAN_REACH + 1).min(boxes.len());
        let mut values: Vec<f32> = boxes[around].iter().map(|sides| sides[side]).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    };
    (0..boxes.len()).map(|frame| [0, 1, 2, 3].map(|side| median(frame, side))).collect()
}

fn smoothed(boxes: &[[f32; 4]]) -> Vec<[f32; 4]> {
    let smooth = |frame: usize| {
        let (mut sums, mut weights) = ([0.0; 4], 0.0);
        let first = frame.saturating_sub(SMOOTHING_REACH);
        for (offset, other) in boxes[first..(frame + SMOOTHING_REACH + 1).min(boxes.len())].iter().enumerate() {
            let distance = (float(first + offset) - float(frame)) / DEVIATION;
            let weight = (-0.5 * distance * distance).exp();
            sums.iter_mut().zip(other).for_each(|(sum, side)| *sum += weight * side);
            weights += weight;
        }
        sums.map(|sum| sum / weights)
    };
    (0..boxes.len()).map(smooth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(lefts: &[usize]) -> Plane<f32> {
        Plane::from_fn(160, 40, |x, y| {
            let is_subject = lefts.iter().any(|left| (*left..left + 20).contains(&x)) && (10..30).contains(&y);
            if is_subject || (x, y) == (159, 39) { 2.0 } else { -2.0 }
        })
    }

    fn is_near(rect: Rect, left: f32) -> bool {
        let sides = [(rect.left, left), (rect.right, left + 20.0), (rect.top, 10.0), (rect.bottom, 30.0)];
        sides.into_iter().all(|(found, expected)| (found - expected).abs() < 1.5)
    }

    #[test]
    fn a_frame_without_the_subject_gets_its_neighbours_box() {
        let mut evidence: Vec<Plane<f32>> = (0..9).map(|index| squares(&[10 + index * 2])).collect();
        evidence[4] = Plane::filled(160, 40, -2.0);
        let boxes = subject_boxes(&evidence);
        assert!(boxes[4].len() == 1 && is_near(boxes[4][0], 18.0), "{:?}", boxes[4]);
    }

    #[test]
    fn two_subjects_get_a_box_each_and_one_while_they_touch() {
        let evidence: Vec<Plane<f32>> = (0..30).map(|index| squares(&[10 + index, 110 - index])).collect();
        let boxes = subject_boxes(&evidence);
        assert!(boxes[3].len() == 2 && is_near(boxes[3][0], 13.0) && is_near(boxes[3][1], 107.0), "{:?}", boxes[3]);
        let beside = subject_boxes(&[squares(&[10, 31])]);
        assert_eq!(beside[0].len(), 1, "{beside:?}");
    }

    #[test]
    fn without_a_subject_the_box_is_the_picture() {
        assert_eq!(subject_boxes(&[Plane::filled(80, 40, -2.0)]), [[Rect::whole(80, 40)]]);
    }
}
