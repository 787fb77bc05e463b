//! Each frame's evidence together with that of the frames before and after, carried along the
//! motion. Errors that last a few frames disappear; where motion is not trusted nothing is carried,
//! so that nothing smears.

use rayon::prelude::*;

use crate::motion::Motion;
use crate::plane::Plane;

/// Share of a neighbour's evidence that is carried over where motion is trusted.
const CARRIED: f32 = 0.95;

/// Sums of evidence and of weights.
#[derive(Debug, Clone)]
struct Sums(Plane<[f32; 2]>);

/// Fuses the evidence of successive frames. `forward[i]` is the motion from frame `i` to `i + 1`,
/// `backward[i]` from `i + 1` to `i`.
pub fn fuse(evidence: &[&Plane<f32>], forward: &[&Motion], backward: &[&Motion]) -> Vec<Plane<f32>> {
    let before = carry(evidence.iter().copied(), backward.iter().copied());
    let mut after = carry(evidence.iter().rev().copied(), forward.iter().rev().copied());
    after.reverse();
    let fuse_frame = |((own, before), after): ((&&Plane<f32>, Sums), Sums)| {
        let sums = before.0.values.iter().zip(&after.0.values).zip(&own.values);
        let values = sums.map(|((before, after), own)| (before[0] + after[0] - own) / (before[1] + after[1] - 1.0)).collect();
        Plane { width: own.width, height: own.height, values }
    };
    evidence.iter().zip(before).zip(after).map(fuse_frame).collect()
}

/// Accumulates frames in order; `motions` lead from each frame to the one accumulated before it.
fn carry<'a>(evidence: impl Iterator<Item = &'a Plane<f32>>, motions: impl Iterator<Item = &'a Motion>) -> Vec<Sums> {
    let mut all = Vec::<Sums>::new();
    let mut motions = motions;
    for own in evidence {
        let start = own.map(|evidence| [evidence, 1.0]);
        let sums = match all.last().and_then(|last| motions.next().map(|motion| (last, motion))) {
            Some((last, motion)) => add_carried(start, last, motion),
            None => start,
        };
        all.push(Sums(sums));
    }
    all
}

fn add_carried(mut start: Plane<[f32; 2]>, last: &Sums, motion: &Motion) -> Plane<[f32; 2]> {
    let size = (start.width, start.height);
    start.values.par_chunks_mut(size.0).enumerate().for_each(|(y, row)| {
        motion.row(y, size, |column, x, y, trust| {
            let [evidence, weight] = last.0.bilinear(x, y);
            row[column][0] += CARRIED * trust * evidence;
            row[column][1] += CARRIED * trust * weight;
        });
    });
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::MotionFrame;
    use crate::plane::Picture;

    #[test]
    fn an_error_of_one_frame_is_outvoted_along_the_motion() {
        let picture = |shift: usize| {
            Picture::from_fn(96, 64, |x, y| {
                let position = crate::plane::float(x + 40 - shift);
                let luma = 120.0 + 60.0 * (position * 0.3).sin() + 40.0 * (crate::plane::float(y) * 0.4).cos();
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "20 to 220")]
                [luma as u8; 3]
            })
        };
        let frames: Vec<MotionFrame> = (0..5).map(|index| MotionFrame::new(picture(index * 2))).collect();
        let (forward, backward): (Vec<_>, Vec<_>) = frames.windows(2).map(|pair| Motion::between(&pair[0], &pair[1])).unzip();
        // The subject moves with the picture; frame 2 misses it.
        let evidence: Vec<Plane<f32>> = (0..5)
            .map(|index| {
                Plane::from_fn(
                    96,
                    64,
                    |x, _| if index != 2 && (40..60).contains(&(x - index.min(x) * 2 / 2)) { 3.0 } else { -3.0 },
                )
            })
            .collect();
        let fused =
            fuse(&evidence.iter().collect::<Vec<_>>(), &forward.iter().collect::<Vec<_>>(), &backward.iter().collect::<Vec<_>>());
        assert!(evidence[2].values[30 * 96 + 52] < 0.0);
        assert!(fused[2].values[30 * 96 + 52] > 0.5, "{}", fused[2].values[30 * 96 + 52]);
        assert!(fused[2].values[30 * 96 + 10] < -2.0);
    }
}
