//! Samples of a shot: kept frames as luma and chroma per block, 16-bit.

use crate::color::steps;
use crate::screen_space::Ypq;

/// Steps of a stored value per unit of 255.
pub const STEPS: f32 = 64.0;

/// One kept frame: planes of luma, Cb, Cr.
#[derive(Debug, Clone)]
pub struct Sample {
    planes: [Vec<i16>; 3],
}

impl Sample {
    pub fn new(count: usize) -> Self {
        Self { planes: [(); 3].map(|()| vec![0; count]) }
    }

    /// Stores a row of blocks: luma, Cb, Cr.
    pub fn write_row(&mut self, row: usize, values: [&[f32]; 3]) {
        for (plane, values) in self.planes.iter_mut().zip(values) {
            let start = row * values.len();
            for (stored, value) in plane[start..start + values.len()].iter_mut().zip(values) {
                *stored = steps(*value, STEPS);
            }
        }
    }

    pub fn rows(&self, columns: usize) -> usize {
        self.planes[0].len() / columns.max(1)
    }

    /// Whether the luma of all blocks is below a value.
    pub fn is_below(&self, luma: f32) -> bool {
        self.planes[0].iter().all(|y| f32::from(*y) / STEPS < luma)
    }

    /// Luma, Cb, Cr of a block.
    pub fn at(&self, index: usize) -> [f32; 3] {
        let [y, cb, cr] = &self.planes;
        [y[index], cb[index], cr[index]].map(|value| f32::from(value) / STEPS)
    }

    /// Reads a row of blocks as luma and chroma along and across a hue.
    pub fn read_row(&self, row: usize, hue: [f32; 2], [y, p, q]: [&mut [f32]; 3]) {
        let start = row * y.len();
        let [luma, cb, cr] = self.planes.each_ref().map(|plane| &plane[start..start + y.len()]);
        for (y, luma) in y.iter_mut().zip(luma) {
            *y = f32::from(*luma) * (1.0 / STEPS);
        }
        for ((p, q), (cb, cr)) in p.iter_mut().zip(q).zip(cb.iter().zip(cr)) {
            [_, *p, *q] = rotate_to_hue([0.0, f32::from(*cb) * (1.0 / STEPS), f32::from(*cr) * (1.0 / STEPS)], hue);
        }
    }
}

/// Rotates Cb and Cr to chroma along and across a hue, a unit vector.
pub fn rotate_to_hue([y, cb, cr]: [f32; 3], hue: [f32; 2]) -> Ypq {
    [y, cb * hue[0] + cr * hue[1], cr * hue[0] - cb * hue[1]]
}
