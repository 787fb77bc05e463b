//! Constant tensors: weights, and the small integer tensors that parameterise operators.

use crate::error::{Result, malformed, unsupported};

/// A dense tensor, the last axis first in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor<T> {
    /// Lengths of its axes; none for a scalar.
    pub shape: Vec<usize>,
    /// Its values; as many as the product of the shape.
    pub values: Vec<T>,
}

/// Number of values of a shape.
/// Errors: more than fit into memory.
pub fn len_of(shape: &[usize]) -> Result<usize> {
    let len = shape.iter().try_fold(1_usize, |len, side| len.checked_mul(*side));
    len.ok_or_else(|| malformed(format!("a tensor of shape {shape:?}")))
}

impl<T: Copy> Tensor<T> {
    /// Errors: the number of values does not fit the shape.
    pub fn new(shape: Vec<usize>, values: Vec<T>) -> Result<Self> {
        if len_of(&shape)? != values.len() {
            return Err(malformed(format!("a tensor of shape {shape:?} has {} values", values.len())));
        }
        Ok(Self { shape, values })
    }

    /// Permutes the axes: axis `n` of the result is axis `order[n]` of this tensor.
    /// Errors: it has not four axes.
    pub fn transposed(&self, order: [usize; 4]) -> Result<Self> {
        let Ok(sides) = <[usize; 4]>::try_from(self.shape.as_slice()) else {
            return Err(unsupported(format!("weights of shape {:?} where four axes are expected", self.shape)));
        };
        let steps = [sides[1] * sides[2] * sides[3], sides[2] * sides[3], sides[3], 1];
        let (sides, steps) = (order.map(|axis| sides[axis]), order.map(|axis| steps[axis]));
        let mut values = Vec::with_capacity(self.values.len());
        for first in 0..sides[0] {
            for second in 0..sides[1] {
                for third in 0..sides[2] {
                    let start = first * steps[0] + second * steps[1] + third * steps[2];
                    values.extend((0..sides[3]).filter_map(|fourth| self.values.get(start + fourth * steps[3])));
                }
            }
        }
        Self::new(sides.to_vec(), values)
    }

    /// The same values in another shape.
    pub fn reshaped(self, shape: Vec<usize>) -> Result<Self> {
        Self::new(shape, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_permuted_and_shapes_that_do_not_fit_are_refused() {
        let tensor = Tensor::new(vec![1, 2, 1, 3], vec![1, 2, 3, 4, 5, 6]).unwrap();
        let transposed = tensor.transposed([0, 3, 1, 2]).unwrap();
        assert_eq!((transposed.shape, transposed.values), (vec![1, 3, 2, 1], vec![1, 4, 2, 5, 3, 6]));
        assert!(Tensor::new(vec![2, 2], vec![1]).is_err());
        assert!(Tensor::new(vec![usize::MAX, 2], vec![1]).is_err());
        assert!(Tensor::new(vec![2], vec![1, 2]).unwrap().transposed([0, 1, 2, 3]).is_err());
    }
}
