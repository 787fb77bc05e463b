//! Fits a straight edge to the alphas of 3 × 3 blocks, which gives alpha at the resolution of
//! pixels. The gradient of the alphas is the normal of the edge; their sum, which a blur of chroma
//! does not change, its position.
//! Source: Youngs, "Time-dependent multi-material flow with large fluid distortion", 1982;
//! Scardovelli and Zaleski, 2000.

use crate::color::{dot, greater, lesser, subtract};
use crate::upsample::{Alphas3x3, PixelLayout};

/// Coverage of the pixels of the centre block by a straight edge, and the error of the fit.
#[derive(Debug, Clone, Copy)]
pub struct StraightEdge {
    pub alphas: [f32; 4],
    /// Root mean square error of the nine alphas.
    pub misfit: f32,
}

impl StraightEdge {
    /// Fits an edge.
    #[inline]
    pub fn fit(neighbours: &Alphas3x3, layout: PixelLayout) -> Self {
        let [above, own, under] = *neighbours;
        let column = |column: usize| above[column] + 2.0 * own[column] + under[column];
        let row = |row: [f32; 3]| row[0] + 2.0 * row[1] + row[2];
        let (right, below) = (column(2) - column(0), row(under) - row(above));
        let scale = 1.0 / greater(right.abs() + below.abs(), 1e-6);
        let normal = [right * scale, below * scale];
        let sum = |[a, b, c]: [f32; 3]| a + b + c;
        let middle = 3.0 * distance_of_coverage(normal, (sum(above) + sum(own) + sum(under)) * (1.0 / 9.0));
        let [x, y] = [normal[0] * layout.pixel_offsets[0], normal[1] * layout.pixel_offsets[1]];
        let line = Line { normal, middle, pixel: [x, y], gain: 0.5 / greater(x.abs() + y.abs(), 0.125) };
        // Written out: a loop within a loop over blocks is not compiled to vector instructions.
        let squares = line.squared_misfit(-1.0, above) + line.squared_misfit(0.0, own) + line.squared_misfit(1.0, under);
        // Pixels of chroma co-sited with the first of a pair are a quarter of a block farther to
        // the right.
        Self { alphas: line.cover(layout.siting_shift, 0.0), misfit: (squares * (1.0 / 9.0)).sqrt() }
    }
}

/// The line that a straight edge is.
#[derive(Debug, Clone, Copy)]
struct Line {
    normal: [f32; 2],
    /// Distance from the centre.
    middle: f32,
    /// Distance of a pixel's centre from its block's, along the normal.
    pixel: [f32; 2],
    gain: f32,
}

#[expect(clippy::inline_always, reason = "a loop over blocks that calls a function is not compiled to vector instructions")]
impl Line {
    /// Coverage of the pixels of a block.
    #[inline(always)]
    fn cover(&self, column: f32, row: f32) -> [f32; 4] {
        let distance = self.middle + column * self.normal[0] + row * self.normal[1];
        let [x, y] = self.pixel;
        let cover = |distance: f32| (0.5 + distance * self.gain).clamp(0.0, 1.0);
        [cover(distance - x - y), cover(distance + x - y), cover(distance - x + y), cover(distance + x + y)]
    }

    /// Coverage of a block.
    #[inline(always)]
    fn mean(&self, column: f32, row: f32) -> f32 {
        let [a, b, c, d] = self.cover(column, row);
        (a + b + c + d) * 0.25
    }

    /// Sum of the squared differences of a row of blocks from their alphas.
    #[inline(always)]
    fn squared_misfit(&self, row: f32, alphas: [f32; 3]) -> f32 {
        let coverage = [self.mean(-1.0, row), self.mean(0.0, row), self.mean(1.0, row)];
        let error = subtract(coverage, alphas);
        dot(error, error)
    }
}

/// Distance of an edge from the centre of the square of which it covers a given share. Units: side
/// of the square.
#[inline]
fn distance_of_coverage([x, y]: [f32; 2], covered: f32) -> f32 {
    let less = lesser(x.abs(), y.abs());
    let small = greater(lesser(covered, 1.0 - covered), 0.0);
    let rest = 1.0 - less;
    // Below this share, the edge cuts off a triangle at a corner.
    let corner = less * 0.5 / rest;
    let at_corner = (2.0 * less * rest * small).sqrt();
    let depth = if small < corner { at_corner } else { small * rest + less * 0.5 };
    (depth - 0.5) * if covered > 0.5 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Siting;

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
                let edge = StraightEdge::fit(&neighbours, PixelLayout::new(2, 2, Siting::Center));
                assert!(edge.misfit < 0.04, "{step} {middle}: {edge:?}");
                for (alpha, truth) in edge.alphas.iter().zip(truth) {
                    assert!((alpha - truth).abs() < 0.17, "{step} {middle}: {edge:?} {truth}");
                }
            }
        }
    }

    #[test]
    fn a_hair_and_a_slope_are_no_edge() {
        assert!(StraightEdge::fit(&[[0.0, 0.8, 0.0]; 3], PixelLayout::new(2, 2, Siting::Center)).misfit > 0.2);
        assert!(StraightEdge::fit(&[[0.2, 0.5, 0.8]; 3], PixelLayout::new(2, 2, Siting::Center)).misfit > 0.12);
    }
}
