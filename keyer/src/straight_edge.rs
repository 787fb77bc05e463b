//! Fits a straight edge to the alphas of 3 × 3 blocks, which gives alpha at the resolution of
//! pixels. The gradient of the alphas is the normal of the edge; their sum, which a blur of chroma
//! does not change, its position.
//! Source: Youngs, "Time-dependent multi-material flow with large fluid distortion", 1982;
//! Scardovelli and Zaleski, 2000.

use crate::blocks::Siting;
use crate::upsample::Alphas3x3;

/// Coverage of the pixels of the centre block by a straight edge, and the error of the fit.
#[derive(Debug, Clone, Copy)]
pub struct StraightEdge {
    pub alphas: [f32; 4],
    /// Root mean square error of the nine alphas.
    pub misfit: f32,
}

impl StraightEdge {
    /// Fits an edge; a block has `across` × `down` pixels, each 1 or 2.
    pub fn fit(neighbours: &Alphas3x3, across: usize, down: usize, siting: Siting) -> Self {
        let [above, own, under] = neighbours;
        let columns = [0, 2].map(|column| above[column] + 2.0 * own[column] + under[column]);
        let rows = [above, under].map(|row| row[0] + 2.0 * row[1] + row[2]);
        let (right, below) = (columns[1] - columns[0], rows[1] - rows[0]);
        let size = (right.abs() + below.abs()).max(1e-6);
        let normal = [right / size, below / size];
        let middle = 3.0 * distance_of_coverage(normal, neighbours.as_flattened().iter().sum::<f32>() * (1.0 / 9.0));
        let [x, y] = [normal[0] * pixel_offset(across), normal[1] * pixel_offset(down)];
        let gain = 0.5 / (x.abs() + y.abs()).max(0.125);
        let cover = |column: f32, row: f32| {
            let distance = middle + column * normal[0] + row * normal[1];
            [distance - x - y, distance + x - y, distance - x + y, distance + x + y].map(|d| (0.5 + d * gain).clamp(0.0, 1.0))
        };
        let mut squares = 0.0;
        for (neighbours, row) in neighbours.iter().zip([-1.0, 0.0, 1.0]) {
            for (neighbours, column) in neighbours.iter().zip([-1.0, 0.0, 1.0]) {
                let error = cover(column, row).iter().sum::<f32>() * 0.25 - neighbours;
                squares += error * error;
            }
        }
        // Pixels of chroma co-sited with the first of a pair are a quarter of a block farther to
        // the right.
        let siting_shift = siting.offsets(across).iter().sum::<f32>() * 0.5;
        Self { alphas: cover(siting_shift, 0.0), misfit: (squares * (1.0 / 9.0)).sqrt() }
    }
}

/// Distance of a pixel's centre from its block's. Units: blocks.
const fn pixel_offset(pixels: usize) -> f32 {
    if pixels == 1 { 0.0 } else { 0.25 }
}

/// Distance of an edge from the centre of the square of which it covers a given share. Units: side
/// of the square.
fn distance_of_coverage([x, y]: [f32; 2], covered: f32) -> f32 {
    let less = x.abs().min(y.abs());
    let small = covered.min(1.0 - covered).max(0.0);
    let rest = 1.0 - less;
    // Below this share, the edge cuts off a triangle at a corner.
    let corner = less * 0.5 / rest;
    let depth = if small < corner { (2.0 * less * rest * small).sqrt() } else { small * rest + less * 0.5 };
    (depth - 0.5) * if covered > 0.5 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Coverage of nine blocks and of the pixels of the centre block by an edge, by counting
    /// points.
    fn rendered(normal: [f32; 2], middle: f32) -> (Alphas3x3, [f32; 4]) {
        let steps: Vec<f32> = (0..20_u8).map(|step| (f32::from(step) + 0.5) / 20.0 - 0.5).collect();
        let covered = |x: f32, y: f32, side: f32| {
            let is_inside = |dx: &f32, dy: &f32| (x + dx * side) * normal[0] + (y + dy * side) * normal[1] + middle > 0.0;
            let points = steps.iter().flat_map(|dx| steps.iter().map(move |dy| (dx, dy)));
            points.map(|(dx, dy)| f32::from(u8::from(is_inside(dx, dy)))).sum::<f32>() / 400.0
        };
        let neighbours = [-1.0, 0.0, 1.0].map(|row| [-1.0, 0.0, 1.0].map(|column| covered(column, row, 1.0)));
        (neighbours, [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)].map(|(x, y)| covered(x, y, 0.5)))
    }

    #[test]
    fn straight_edges_of_all_directions_are_found_within_the_block() {
        for step in 0..36_u16 {
            let (sin, cos) = (f32::from(step) * std::f32::consts::TAU / 36.0).sin_cos();
            for middle in [-0.6, -0.3, 0.0, 0.2, 0.5] {
                let (neighbours, truth) = rendered([cos, sin], middle);
                let edge = StraightEdge::fit(&neighbours, 2, 2, Siting::Center);
                assert!(edge.misfit < 0.04, "{step} {middle}: {edge:?}");
                for (alpha, truth) in edge.alphas.iter().zip(truth) {
                    assert!((alpha - truth).abs() < 0.17, "{step} {middle}: {edge:?} {truth}");
                }
            }
        }
    }

    #[test]
    fn a_hair_and_a_slope_are_no_edge() {
        assert!(StraightEdge::fit(&[[0.0, 0.8, 0.0]; 3], 2, 2, Siting::Center).misfit > 0.2);
        assert!(StraightEdge::fit(&[[0.2, 0.5, 0.8]; 3], 2, 2, Siting::Center).misfit > 0.12);
    }
}
