//! Motion between neighbouring frames, in both directions, and how far it is trusted.

use crate::optical_flow::{Flow, LumaPyramid, flow};
use crate::plane::{Picture, Plane, float, position, scale};

/// Share of the length of both vectors by which forward and backward flow may differ, squared.
const LENGTH_TOLERANCE: f32 = 0.05;
/// Difference of colours at which trust is 1 ÷ e. Units: codes of 255.
const COLOR_TOLERANCE: f32 = 12.0;

/// One frame as motion estimation needs it.
#[derive(Debug)]
pub struct MotionFrame {
    color: Picture,
    luma: LumaPyramid,
}

impl MotionFrame {
    /// A frame at the size at which motion is estimated.
    pub fn new(color: Picture) -> Self {
        let luma = LumaPyramid::new(color.luma());
        Self { color, luma }
    }
}

/// Motion from one frame to a neighbour.
#[derive(Debug)]
pub struct Motion {
    flow: Flow,
    /// From 0 to 1: the flow there and back agree, and so do the colours.
    trust: Plane<f32>,
}

impl Motion {
    /// Motion from `one` to `other`, and back.
    pub fn between(one: &MotionFrame, other: &MotionFrame) -> (Self, Self) {
        let (there, back) = rayon::join(|| flow(&one.luma, &other.luma), || flow(&other.luma, &one.luma));
        let trusts = rayon::join(|| trust(&there, &back, one, other), || trust(&back, &there, other, one));
        (Self { flow: there, trust: trusts.0 }, Self { flow: back, trust: trusts.1 })
    }

    /// Mean trust of the picture.
    pub fn mean_trust(&self) -> f32 {
        self.trust.values.iter().sum::<f32>() / float(self.trust.values.len()).max(1.0)
    }

    /// For each pixel of planes of `width` × `height`: where it is in the other frame, and how far
    /// that is trusted. Calls `set` with the row of results.
    pub fn row(&self, y: usize, (width, height): (usize, usize), mut set: impl FnMut(usize, f32, f32, f32)) {
        let (across, down) = (scale(self.flow.width, width), scale(self.flow.height, height));
        let row = position(y, height, self.flow.height);
        for x in 0..width {
            let column = position(x, width, self.flow.width);
            let [right, below] = self.flow.bilinear(column, row);
            let trust = self.trust.bilinear(column, row);
            set(x, float(x) + right * across, float(y) + below * down, trust);
        }
    }
}

fn trust(flow: &Flow, back: &Flow, from: &MotionFrame, to: &MotionFrame) -> Plane<f32> {
    Plane::from_fn(flow.width, flow.height, |x, y| {
        let index = y * flow.width + x;
        let [right, below] = flow.values[index];
        let (column, row) = (float(x) + right, float(y) + below);
        let [back_right, back_below] = back.bilinear(column, row);
        let gap = (right + back_right).powi(2) + (below + back_below).powi(2);
        let lengths = right * right + below * below + back_right * back_right + back_below * back_below;
        let (own, other) = (from.color.values[index], to.color.bilinear(column, row));
        let difference = own.iter().zip(other).map(|(own, other)| (f32::from(*own) - other).abs()).sum::<f32>() / 3.0;
        (-gap / (1.0 + LENGTH_TOLERANCE * lengths) - (difference / COLOR_TOLERANCE).powi(2)).exp()
    })
}
