//! Converts a TFLite model of one picture input and one output to ONNX. Source:
//! `tensorflow/compiler/mlir/lite/schema/schema.fbs` of TensorFlow 2.16.

mod convert;
mod flatbuffer;
mod model;

use crate::error::{Result, unsupported};
use crate::onnx::Dimension;
use convert::Converter;
use model::Model;

/// Converts a model that takes RGB from 0 to 1 and gives alpha from 0 to 1.
///
/// The ONNX model's `input` is batch × 3 × height × width, its `alpha` batch × 1 × height × width;
/// the batch may have any size.
pub fn convert(bytes: &[u8]) -> Result<Vec<u8>> {
    let model = Model::read(bytes)?;
    let picture = model.shape(model.input)?;
    let [1, height, width, 3] = *picture else {
        return Err(unsupported(format!("an input of shape {picture:?} where 1 × height × width × 3 is expected")));
    };
    if *model.shape(model.output)? != [1, height, width, 1] {
        return Err(unsupported("an output that is not one value for each pixel of the input"));
    }
    let dimensions = |channels| [Dimension::Open("batch"), channels, Dimension::Fixed(height), Dimension::Fixed(width)];
    let mut converter = Converter::new(&model);
    converter.graph.input("input", &dimensions(Dimension::Fixed(3)));
    converter.set(model.input, "input".to_owned());
    for operator in &model.operators {
        converter.add(operator)?;
    }
    let alpha = converter.value(model.output)?.to_owned();
    converter.graph.output(&alpha, "alpha", &dimensions(Dimension::Fixed(1)));
    Ok(converter.graph.into_bytes("segmentation"))
}

#[cfg(test)]
mod tests;
