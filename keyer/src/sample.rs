//! Samples of a shot: kept frames as luma and chroma per block, 16-bit.

use crate::screen_space::Ypq;

/// Steps of a stored value per unit of 255.
const STEPS: f32 = 64.0;

/// One kept frame.
#[derive(Debug, Clone)]
pub struct Sample {
    values: Vec<[i16; 3]>,
}

impl Sample {
    pub fn new(count: usize) -> Self {
        Self { values: vec![[0; 3]; count] }
    }

    /// Stores a row of blocks: luma, Cb, Cr.
    pub fn write_row(&mut self, row: usize, [y, cb, cr]: [&[f32]; 3]) {
        let columns = y.len();
        let values = &mut self.values[row * columns..(row + 1) * columns];
        for (value, ((y, cb), cr)) in values.iter_mut().zip(y.iter().zip(cb).zip(cr)) {
            *value = [to_steps(*y), to_steps(*cb), to_steps(*cr)];
        }
    }

    pub fn rows(&self, columns: usize) -> usize {
        self.values.len() / columns.max(1)
    }

    /// Luma, Cb, Cr of a block.
    pub fn at(&self, index: usize) -> [f32; 3] {
        self.values[index].map(|value| f32::from(value) / STEPS)
    }

    /// Reads a row of blocks as luma and chroma along and across a hue.
    pub fn read_row(&self, row: usize, hue: [f32; 2], out: [&mut [f32]; 3]) {
        let [y, p, q] = out;
        let columns = y.len();
        let values = &self.values[row * columns..(row + 1) * columns];
        for (value, ((y, p), q)) in values.iter().zip(y.iter_mut().zip(p.iter_mut()).zip(q.iter_mut())) {
            [*y, *p, *q] = rotate_to_hue(value.map(|value| f32::from(value) / STEPS), hue);
        }
    }
}

/// Rotates Cb and Cr to chroma along and across a hue, a unit vector.
pub fn rotate_to_hue([y, cb, cr]: [f32; 3], hue: [f32; 2]) -> Ypq {
    [y, cb * hue[0] + cr * hue[1], cr * hue[0] - cb * hue[1]]
}

fn to_steps(value: f32) -> i16 {
    (value * STEPS).round() as i16
}
