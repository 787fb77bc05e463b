//! Values of the source graph: constants, and what became of the rest.

use std::rc::Rc;

use crate::error::{Result, unsupported};
use crate::layers::CHANNELS_FIRST;
use crate::onnx::Graph;
use crate::tensor::Tensor;

/// A value of the source graph.
#[derive(Debug, Clone)]
pub enum Value {
    /// A constant of floats.
    Floats(Rc<Tensor<f32>>),
    /// A constant of integers.
    Ints(Rc<Tensor<i64>>),
    /// A picture, batch × channels × height × width in ONNX: the name of its value there.
    Picture(String),
    /// A number, or a list of numbers: the name of its value in ONNX.
    Numbers(String),
}

impl Value {
    /// A constant of floats.
    pub fn floats(&self) -> Result<&Tensor<f32>> {
        if let Self::Floats(tensor) = self { Ok(tensor) } else { Err(unsupported("weights that are computed")) }
    }

    /// The values of a constant of integers.
    pub fn ints(&self) -> Result<&[i64]> {
        if let Self::Ints(tensor) = self { Ok(&tensor.values) } else { Err(unsupported("a parameter that is computed")) }
    }

    /// The name of a picture.
    pub fn picture(&self) -> Result<&str> {
        if let Self::Picture(name) = self { Ok(name) } else { Err(unsupported("a picture is expected, and there is none")) }
    }

    /// The name of a value that is no picture; constants are added to the graph.
    pub fn numbers(&self, graph: &mut Graph) -> Result<String> {
        match self {
            Self::Numbers(name) => Ok(name.clone()),
            Self::Ints(tensor) => Ok(graph.ints(tensor)),
            Self::Floats(tensor) => Ok(graph.floats(tensor)),
            Self::Picture(_) => Err(unsupported("a picture where numbers are expected")),
        }
    }

    /// The name of a value that is combined with a picture element by element; constants are added
    /// to the graph in the order of its axes.
    pub fn beside_picture(&self, graph: &mut Graph) -> Result<String> {
        match self {
            Self::Picture(name) => Ok(name.clone()),
            Self::Floats(tensor) => match tensor.shape[..] {
                [] | [1] => Ok(graph.floats(tensor)),
                [channels] => Ok(graph.floats(&Tensor::clone(tensor).reshaped(vec![1, channels, 1, 1])?)),
                _ => Ok(graph.floats(&tensor.transposed(CHANNELS_FIRST)?)),
            },
            Self::Ints(_) | Self::Numbers(_) => Err(unsupported("numbers that are combined with a picture")),
        }
    }
}
