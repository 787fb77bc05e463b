//! Floating-point precision of tensors: 32 or 16 bits. Everything here computes in 32 bits and
//! converts at the tensors.

use std::borrow::Cow;

use half::f16;
use half::slice::HalfFloatSliceExt;
use ort::value::{DynValue, Outlet, Shape, Tensor, TensorElementType, ValueType};

/// Element type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    Single,
    /// 16 bits.
    Half,
}

impl Precision {
    /// Precision of an input or output.
    /// Errors: a sentence for the operator.
    pub fn of(outlet: &Outlet) -> Result<Self, String> {
        let kind = outlet.dtype().tensor_type();
        let kind_name = || kind.map_or_else(|| "no tensor".to_owned(), |kind| kind.to_string());
        Self::of_kind(outlet.dtype())
            .ok_or_else(|| format!("its {} is {}; floats of 32 and 16 bits can be used", outlet.name(), kind_name()))
    }

    fn of_kind(kind: &ValueType) -> Option<Self> {
        match kind.tensor_type()? {
            TensorElementType::Float32 => Some(Self::Single),
            TensorElementType::Float16 => Some(Self::Half),
            _ => None,
        }
    }

    /// Makes a tensor of this precision.
    pub fn tensor(self, shape: Vec<i64>, values: Vec<f32>) -> ort::Result<DynValue> {
        match self {
            Self::Single => Ok(Tensor::from_array((shape, values))?.into_dyn()),
            Self::Half => {
                let mut halves = vec![f16::ZERO; values.len()];
                halves.convert_from_f32_slice(&values);
                Ok(Tensor::from_array((shape, halves))?.into_dyn())
            }
        }
    }
}

/// Shape and values of a tensor of either precision.
/// Errors: those of the runtime for other element types.
pub fn read(value: &DynValue) -> ort::Result<(&Shape, Cow<'_, [f32]>)> {
    if Precision::of_kind(value.dtype()) == Some(Precision::Half) {
        let (shape, halves) = value.try_extract_tensor::<f16>()?;
        return Ok((shape, Cow::Owned(halves.to_f32_vec())));
    }
    value.try_extract_tensor::<f32>().map(|(shape, values)| (shape, Cow::Borrowed(values)))
}
