//! Reads the constants out of the file of weights.

use std::collections::HashMap;
use std::rc::Rc;

use super::topology::{Quantization, Topology, WeightInfo};
use super::value::Value;
use crate::error::{Result, malformed, unsupported};
use crate::tensor::{Tensor, len_of};

/// The constants by the name of their node.
pub type Constants = HashMap<String, Value>;

/// Reads all constants.
pub fn read(topology: &Topology, bytes: &[u8]) -> Result<Constants> {
    let [group] = &topology.weights_manifest[..] else { return Err(unsupported("several groups of weights")) };
    let mut rest = bytes;
    let mut constants = Constants::new();
    for info in &group.weights {
        let size = len_of(&info.shape)?.checked_mul(item_size(info)?);
        let split = size.and_then(|size| rest.split_at_checked(size));
        let (bytes, after) = split.ok_or_else(|| malformed("the file of weights is too short"))?;
        rest = after;
        constants.insert(info.name.clone(), constant(info, bytes)?);
    }
    if rest.is_empty() { Ok(constants) } else { Err(malformed("the file of weights is too long")) }
}

fn stored_type(info: &WeightInfo) -> &str {
    info.quantization.as_ref().map_or(&info.dtype, |quantization| &quantization.dtype)
}

fn item_size(info: &WeightInfo) -> Result<usize> {
    match stored_type(info) {
        "uint8" | "bool" => Ok(1),
        "uint16" => Ok(2),
        "float32" | "int32" => Ok(4),
        other => Err(unsupported(format!("weights of type {other}"))),
    }
}

fn constant(info: &WeightInfo, bytes: &[u8]) -> Result<Value> {
    let shape = info.shape.clone();
    let Some(quantization) = &info.quantization else {
        let words = || bytes.chunks_exact(4).filter_map(|item| item.first_chunk().copied());
        return match info.dtype.as_str() {
            "float32" => Ok(Value::Floats(Rc::new(Tensor::new(shape, words().map(f32::from_le_bytes).collect())?))),
            "int32" => {
                let values = words().map(|word| i32::from_le_bytes(word).into()).collect();
                Ok(Value::Ints(Rc::new(Tensor::new(shape, values)?)))
            }
            _ => Ok(Value::Ints(Rc::new(Tensor::new(shape, bytes.iter().map(|byte| i64::from(*byte)).collect())?))),
        };
    };
    if info.dtype != "float32" {
        return Err(unsupported(format!("quantised weights of type {}", info.dtype)));
    }
    let values = match quantization.dtype.as_str() {
        "uint8" => bytes.iter().map(|byte| dequantized(quantization, u16::from(*byte))).collect(),
        "uint16" => {
            let steps = bytes.chunks_exact(2).filter_map(|item| item.first_chunk().copied());
            steps.map(|step| dequantized(quantization, u16::from_le_bytes(step))).collect()
        }
        other => return Err(unsupported(format!("weights quantised to {other}"))),
    };
    Ok(Value::Floats(Rc::new(Tensor::new(shape, values)?)))
}

#[expect(clippy::cast_possible_truncation, reason = "weights are of single precision")]
fn dequantized(quantization: &Quantization, step: u16) -> f32 {
    f64::from(step).mul_add(quantization.scale, quantization.min) as f32
}
