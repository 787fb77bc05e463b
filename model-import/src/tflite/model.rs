//! The parts of a TFLite model that are converted.

use half::f16;

use super::flatbuffer::Table;
use crate::error::{Result, malformed, unsupported};
use crate::tensor::{Tensor, len_of};

const IDENTIFIER: [u8; 4] = *b"TFL3";
/// `TensorType`.
const FLOAT32: i8 = 0;
const FLOAT16: i8 = 1;
const INT32: i8 = 2;
/// `BuiltinOperator.CUSTOM`.
const CUSTOM: i32 = 32;

/// A model with one graph.
#[derive(Debug)]
pub struct Model<'a> {
    tensors: Vec<TensorInfo>,
    buffers: Vec<&'a [u8]>,
    /// In the order of execution.
    pub operators: Vec<Operator<'a>>,
    /// The only input.
    pub input: usize,
    /// The only output.
    pub output: usize,
}

#[derive(Debug)]
struct TensorInfo {
    shape: Vec<usize>,
    element: i8,
    buffer: usize,
}

/// One operator.
#[derive(Debug)]
pub struct Operator<'a> {
    /// `BuiltinOperator`, or the name of a custom one.
    pub code: Code<'a>,
    /// Indexes of tensors.
    pub inputs: Vec<usize>,
    /// Indexes of tensors.
    pub outputs: Vec<usize>,
    /// Options of a built-in operator; their schema depends on the operator.
    pub options: Option<Table<'a>>,
    /// Options of a custom operator.
    pub custom_options: &'a [u8],
}

/// An operator: built in, or one of MediaPipe's own by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code<'a> {
    /// `BuiltinOperator`.
    BuiltIn(i32),
    /// Its name.
    Custom(&'a str),
}

impl<'a> Model<'a> {
    /// Reads a file.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let root = Table::root(bytes, IDENTIFIER)?;
        let codes = root.tables(1)?.iter().map(read_code).collect::<Result<Vec<_>>>()?;
        let [graph] = root.tables(2)?[..] else { return Err(unsupported("it has not exactly one graph")) };
        let buffers = root.tables(4)?.iter().map(|buffer| buffer.bytes(0)).collect::<Result<_>>()?;
        let tensors = graph.tables(0)?.iter().map(read_tensor).collect::<Result<_>>()?;
        let ([input], [output]) = (&indexes(&graph.i32s(1)?)?[..], &indexes(&graph.i32s(2)?)?[..]) else {
            return Err(unsupported("it has not exactly one input and one output"));
        };
        let (input, output) = (*input, *output);
        let operators = graph.tables(3)?.iter().map(|table| read_operator(table, &codes)).collect::<Result<_>>()?;
        Ok(Self { tensors, buffers, operators, input, output })
    }

    /// Shape of a tensor.
    pub fn shape(&self, tensor: usize) -> Result<&[usize]> {
        Ok(&self.tensor(tensor)?.shape)
    }

    fn tensor(&self, tensor: usize) -> Result<&TensorInfo> {
        self.tensors.get(tensor).ok_or_else(|| malformed(format!("there is no tensor {tensor}")))
    }

    /// Reads a constant of floats.
    pub fn floats(&self, tensor: usize) -> Result<Tensor<f32>> {
        let element = self.tensor(tensor)?.element;
        let values: Vec<f32> = match element {
            FLOAT32 => self.items(tensor, 4)?.map(|item| f32::from_le_bytes(first(item))).collect(),
            FLOAT16 => self.items(tensor, 2)?.map(|item| f16::from_le_bytes(first(item)).to_f32()).collect(),
            _ => return Err(unsupported(format!("weights of element type {element}"))),
        };
        Tensor::new(self.tensor(tensor)?.shape.clone(), values)
    }

    /// Reads a constant of integers.
    pub fn ints(&self, tensor: usize) -> Result<Vec<i64>> {
        if self.tensor(tensor)?.element != INT32 {
            return Err(unsupported("a parameter that is no 32 bit integer"));
        }
        Ok(self.items(tensor, 4)?.map(|item| i64::from(i32::from_le_bytes(first(item)))).collect())
    }

    /// The bytes of each element.
    fn items(&self, tensor: usize, item_size: usize) -> Result<std::slice::ChunksExact<'a, u8>> {
        let info = self.tensor(tensor)?;
        let buffer = self.buffers.get(info.buffer).filter(|buffer| !buffer.is_empty());
        let Some(buffer) = buffer else { return Err(unsupported(format!("tensor {tensor} is no constant"))) };
        if len_of(&info.shape)?.checked_mul(item_size) != Some(buffer.len()) {
            return Err(malformed(format!("tensor {tensor} has {} bytes for the shape {:?}", buffer.len(), info.shape)));
        }
        Ok(buffer.chunks_exact(item_size))
    }
}

/// The first bytes of an item that has at least as many.
fn first<const N: usize>(item: &[u8]) -> [u8; N] {
    item.first_chunk().copied().unwrap_or([0; N])
}

fn read_code<'a>(table: &Table<'a>) -> Result<Code<'a>> {
    // Older files have the first field alone, newer ones 127 there where the number is larger.
    match i32::from(table.i8(0)?).max(table.i32(3, 0)?) {
        CUSTOM => std::str::from_utf8(table.bytes(1)?).map(Code::Custom).map_err(|_| malformed("an operator has no name")),
        code => Ok(Code::BuiltIn(code)),
    }
}

fn read_tensor(table: &Table<'_>) -> Result<TensorInfo> {
    Ok(TensorInfo { shape: indexes(&table.i32s(0)?)?, element: table.i8(1)?, buffer: table.index(2)? })
}

fn read_operator<'a>(table: &Table<'a>, codes: &[Code<'a>]) -> Result<Operator<'a>> {
    let code = codes.get(table.index(0)?).ok_or_else(|| malformed("an operator has no code"))?;
    Ok(Operator {
        code: *code,
        inputs: indexes(&table.i32s(1)?)?,
        outputs: indexes(&table.i32s(2)?)?,
        options: table.table(4)?,
        custom_options: table.bytes(5)?,
    })
}

fn indexes(numbers: &[i32]) -> Result<Vec<usize>> {
    numbers.iter().map(|number| usize::try_from(*number).map_err(|_| unsupported("an optional or open part"))).collect()
}
