//! A straight edge through nine blocks: which pixels lie on the subject's side, more finely than chroma was recorded.
//!
//! The slope between the blocks says where the edge faces; their sum, which no blur of chroma changes, where it lies.
//! Source: Youngs, "Time-dependent multi-material flow with large fluid distortion", 1982; Scardovelli and Zaleski, 2000.

use crate::chroma::Siting;
use crate::spread::Nine;

/// How a block's pixels are covered, and how far the nine blocks are from what such an edge makes of them.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    pub alphas: [f32; 4],
    /// Units: alpha, root of the mean square.
    pub misfit: f32,
}

impl Edge {
    /// The edge that fits nine blocks of `across` times `down` pixels, 1 or 2.
    pub fn fit(near: &Nine, across: usize, down: usize, siting: Siting) -> Self {
        let [above, own, under] = near;
        let columns = [0, 2].map(|column| above[column] + 2.0 * own[column] + under[column]);
        let rows = [above, under].map(|row| row[0] + 2.0 * row[1] + row[2]);
        let (right, below) = (columns[1] - columns[0], rows[1] - rows[0]);
        let size = (right.abs() + below.abs()).max(1e-6);
        let facing = [right / size, below / size];
        let middle = 3.0 * offset(facing, near.as_flattened().iter().sum::<f32>() * (1.0 / 9.0));
        let [x, y] = [facing[0] * part(across), facing[1] * part(down)];
        let gain = 0.5 / (x.abs() + y.abs()).max(0.125);
        let cover = |column: f32, row: f32| {
            let distance = middle + column * facing[0] + row * facing[1];
            [distance - x - y, distance + x - y, distance - x + y, distance + x + y].map(|d| (0.5 + d * gain).clamp(0.0, 1.0))
        };
        let mut squares = 0.0;
        for (near, row) in near.iter().zip([-1.0, 0.0, 1.0]) {
            for (near, column) in near.iter().zip([-1.0, 0.0, 1.0]) {
                let miss = cover(column, row).iter().sum::<f32>() * 0.25 - near;
                squares += miss * miss;
            }
        }
        // Where chroma lies on the first pixels, the pixels lie a quarter of a block further on.
        let further = siting.offsets(across).iter().sum::<f32>() * 0.5;
        Self { alphas: cover(further, 0.0), misfit: (squares * (1.0 / 9.0)).sqrt() }
    }
}

/// How far a pixel's middle is from its block's. Units: blocks.
const fn part(pixels: usize) -> f32 {
    if pixels == 1 { 0.0 } else { 0.25 }
}

/// How far the edge is shifted from a square's middle, if it covers so much of the square. Units: the square's side.
fn offset([x, y]: [f32; 2], covered: f32) -> f32 {
    let less = x.abs().min(y.abs());
    let small = covered.min(1.0 - covered).max(0.0);
    let rest = 1.0 - less;
    // Below this, the edge cuts off a corner.
    let corner = less * 0.5 / rest;
    let depth = if small < corner { (2.0 * less * rest * small).sqrt() } else { small * rest + less * 0.5 };
    (depth - 0.5) * if covered > 0.5 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nine blocks of four pixels before an edge, and the coverage of the pixels in the middle, by counting.
    fn painted(facing: [f32; 2], middle: f32) -> (Nine, [f32; 4]) {
        let steps: Vec<f32> = (0..20_u8).map(|step| (f32::from(step) + 0.5) / 20.0 - 0.5).collect();
        let covered = |x: f32, y: f32, side: f32| {
            let is_inside = |dx: &f32, dy: &f32| (x + dx * side) * facing[0] + (y + dy * side) * facing[1] + middle > 0.0;
            let points = steps.iter().flat_map(|dx| steps.iter().map(move |dy| (dx, dy)));
            points.map(|(dx, dy)| f32::from(u8::from(is_inside(dx, dy)))).sum::<f32>() / 400.0
        };
        let near = [-1.0, 0.0, 1.0].map(|row| [-1.0, 0.0, 1.0].map(|column| covered(column, row, 1.0)));
        (near, [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)].map(|(x, y)| covered(x, y, 0.5)))
    }

    #[test]
    fn straight_edges_of_all_directions_are_found_within_the_block() {
        for step in 0..36_u16 {
            let (sin, cos) = (f32::from(step) * std::f32::consts::TAU / 36.0).sin_cos();
            for middle in [-0.6, -0.3, 0.0, 0.2, 0.5] {
                let (near, truth) = painted([cos, sin], middle);
                let edge = Edge::fit(&near, 2, 2, Siting::Center);
                assert!(edge.misfit < 0.04, "{step} {middle}: {edge:?}");
                for (alpha, truth) in edge.alphas.iter().zip(truth) {
                    assert!((alpha - truth).abs() < 0.17, "{step} {middle}: {edge:?} {truth}");
                }
            }
        }
    }

    #[test]
    fn a_hair_and_a_slope_are_no_edge() {
        assert!(Edge::fit(&[[0.0, 0.8, 0.0]; 3], 2, 2, Siting::Center).misfit > 0.2);
        assert!(Edge::fit(&[[0.2, 0.5, 0.8]; 3], 2, 2, Siting::Center).misfit > 0.12);
    }
}
