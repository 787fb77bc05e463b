//! Removes pieces that are too small or too short-lived to be the subject.

use crate::components::Components;
use crate::plane::{Plane, float};

/// Pieces are separate where evidence falls below this, not at even odds: a hand behind a faint
/// wrist belongs to its arm. Units: log-odds.
const SEPARATION: f32 = -1.5;
/// Least volume of a piece, as a share of the largest one.
const VOLUME_SHARE_MIN: f32 = 0.08;
/// Least number of frames in which a piece is seen.
const FRAMES_MIN: usize = 5;
/// Most evidence that a removed piece keeps. Units: log-odds.
const REMOVED: f32 = -3.0;

/// Lowers the evidence of stray pieces in successive frames.
pub fn remove_strays(evidence: &mut [Plane<f32>]) {
    let components = Components::of_volume(&evidence.iter().collect::<Vec<_>>(), SEPARATION);
    let Some(area) = evidence.first().map(|plane| plane.values.len()) else { return };
    let count = components.sizes().len();
    let (mut volumes, mut lives, mut last_seen) = (vec![0_usize; count], vec![0_usize; count], vec![usize::MAX; count]);
    for (place, label) in components.labels().iter().enumerate() {
        let (Some(label), frame) = (*label, place / area) else { continue };
        if evidence[frame].values[place % area] > 0.0 {
            volumes[label] += 1;
        }
        if last_seen[label] != frame {
            last_seen[label] = frame;
            lives[label] += 1;
        }
    }
    let volume_min = float(volumes.iter().copied().max().unwrap_or_default()) * VOLUME_SHARE_MIN;
    let frames_min = FRAMES_MIN.min(evidence.len());
    let is_stray: Vec<bool> =
        volumes.iter().zip(&lives).map(|(volume, frames)| float(*volume) < volume_min || *frames < frames_min).collect();
    for (place, label) in components.labels().iter().enumerate() {
        if label.is_some_and(|label| is_stray[label]) {
            let value = &mut evidence[place / area].values[place % area];
            *value = value.min(REMOVED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_short_lived_pieces_go_and_the_subject_stays() {
        let frame = |index: usize| {
            Plane::from_fn(60, 40, move |x, y| {
                let subject = (5..30).contains(&x) && (5..35).contains(&y);
                let small = (50..54).contains(&x) && (2..6).contains(&y);
                let short = (3..6).contains(&index) && (35..55).contains(&x) && (10..35).contains(&y);
                if subject || small || short { 2.0 } else { -4.0 }
            })
        };
        let mut evidence: Vec<Plane<f32>> = (0..12).map(frame).collect();
        remove_strays(&mut evidence);
        let at = |x: usize, y: usize| evidence[4].values[y * 60 + x];
        assert!(at(10, 10) > 1.0 && at(52, 4) < -2.0 && at(45, 20) < -2.0);
    }
}
