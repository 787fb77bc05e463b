//! Converts a TensorFlow.js graph model to ONNX: the operators of Robust Video Matting, and no
//! others.

mod convert;
mod operators;
mod shapes;
mod topology;
mod value;
mod weights;

use std::collections::HashMap;

use crate::error::{Result, malformed};
use crate::onnx::Dimension;
use convert::Converter;
use topology::Topology;

/// Inputs or outputs: name, and dimensions in the order of ONNX. Those with four are pictures.
pub type Ports<'a> = &'a [(&'a str, &'a [Dimension<'a>])];

/// Converts a model: `json` is its graph, `weights` the file that its only manifest names.
/// Inputs and outputs keep their names; parts that no output of `outputs` needs are dropped.
pub fn convert(json: &[u8], weights: &[u8], inputs: Ports<'_>, outputs: Ports<'_>) -> Result<Vec<u8>> {
    let topology: Topology = serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
    let constants = weights::read(&topology, weights)?;
    let mut converter = Converter::new(&topology, constants);
    let pictures: HashMap<&str, bool> = inputs.iter().map(|(name, dimensions)| (*name, dimensions.len() == 4)).collect();
    for (name, dimensions) in inputs {
        converter.graph.input(name, dimensions);
    }
    for (name, dimensions) in outputs {
        let value = converter.resolve(topology.output(name)?, &pictures)?;
        converter.graph.output(&value, name, dimensions);
    }
    Ok(converter.graph.into_bytes("matting"))
}

#[cfg(test)]
mod tests;
