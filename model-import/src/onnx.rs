//! Builds an ONNX graph and writes it.
//! Source: `onnx.proto` of ONNX 1.15; the numbers are its field numbers.

use crate::protobuf::Message;
use crate::tensor::Tensor;

/// ONNX Runtime from 1.15 on reads both.
const IR_VERSION: i64 = 8;
const OPERATOR_SET: i64 = 18;
const PRODUCER: &str = "bgless model-import";

/// `TensorProto.DataType`.
const FLOAT: i64 = 1;
const INT64: i64 = 7;
/// `AttributeProto.AttributeType`.
const INT_ATTRIBUTE: i64 = 2;
const STRING_ATTRIBUTE: i64 = 3;
const INTS_ATTRIBUTE: i64 = 7;

/// Element types of a graph's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Single precision.
    Float,
    /// Integers.
    Int64,
}

/// An attribute of an operator.
#[derive(Debug, Clone, Copy)]
pub enum Attribute<'a> {
    /// An integer.
    Int(i64),
    /// A list of integers.
    Ints(&'a [i64]),
    /// A text.
    Text(&'a str),
}

/// A dimension of an input or output.
#[derive(Debug, Clone, Copy)]
pub enum Dimension<'a> {
    /// Of this length.
    Fixed(usize),
    /// Of any length; equal names are equal lengths.
    Open(&'a str),
}

/// Attributes of an operator, by name.
pub type Attributes<'a> = &'a [(&'a str, Attribute<'a>)];

/// A graph under construction. Values are named by texts.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    names: usize,
}

impl Graph {
    /// Adds an input of floats.
    pub fn input(&mut self, name: &str, dimensions: &[Dimension<'_>]) {
        self.inputs.push(value_info(name, dimensions));
    }

    /// Makes a value of floats an output.
    pub fn output(&mut self, value: &str, name: &str, dimensions: &[Dimension<'_>]) {
        self.nodes.push(node("Identity", &[value], &[name], &[]));
        self.outputs.push(value_info(name, dimensions));
    }

    /// Adds an operator with one output; returns that.
    pub fn node(&mut self, operator: &str, inputs: &[&str], attributes: Attributes<'_>) -> String {
        let output = self.name(operator);
        self.nodes.push(node(operator, inputs, &[&output], attributes));
        output
    }

    /// Adds an operator with several outputs; returns those.
    pub fn nodes(&mut self, operator: &str, inputs: &[&str], outputs: usize, attributes: Attributes<'_>) -> Vec<String> {
        let outputs: Vec<String> = (0..outputs).map(|_| self.name(operator)).collect();
        let names: Vec<&str> = outputs.iter().map(String::as_str).collect();
        self.nodes.push(node(operator, inputs, &names, attributes));
        outputs
    }

    /// Adds a constant of floats.
    pub fn floats(&mut self, tensor: &Tensor<f32>) -> String {
        let bytes: Vec<u8> = tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(FLOAT, &tensor.shape, &bytes)
    }

    /// Adds a constant of integers.
    pub fn ints(&mut self, tensor: &Tensor<i64>) -> String {
        let bytes: Vec<u8> = tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(INT64, &tensor.shape, &bytes)
    }

    /// Adds a constant list of integers.
    pub fn list(&mut self, values: &[i64]) -> String {
        self.ints(&Tensor { shape: vec![values.len()], values: values.to_vec() })
    }

    /// Adds a constant number.
    pub fn number(&mut self, value: f32) -> String {
        self.floats(&Tensor { shape: Vec::new(), values: vec![value] })
    }

    /// Adds a conversion of elements.
    pub fn cast(&mut self, value: &str, to: Element) -> String {
        let code = match to {
            Element::Float => FLOAT,
            Element::Int64 => INT64,
        };
        self.node("Cast", &[value], &[("to", Attribute::Int(code))])
    }

    /// The model's file.
    pub fn into_bytes(self, name: &str) -> Vec<u8> {
        let graph = Message::default()
            .messages(1, &self.nodes)
            .text(2, name)
            .messages(5, &self.constants)
            .messages(11, &self.inputs)
            .messages(12, &self.outputs);
        let operators = Message::default().text(1, "").int(2, OPERATOR_SET);
        let model = Message::default().int(1, IR_VERSION).text(2, PRODUCER).message(7, &graph);
        model.message(8, &operators).into_bytes()
    }

    fn constant(&mut self, element: i64, shape: &[usize], bytes: &[u8]) -> String {
        let name = self.name("constant");
        let tensor = Message::default().ints(1, shape.iter().map(|side| length(*side))).int(2, element).text(8, &name);
        self.constants.push(tensor.bytes(9, bytes));
        name
    }

    fn name(&mut self, stem: &str) -> String {
        self.names += 1;
        format!("{}_{}", stem.to_ascii_lowercase(), self.names)
    }
}

/// A length as ONNX writes it. None is longer than memory.
pub fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: Attributes<'_>) -> Message {
    let attributes: Vec<Message> = attributes.iter().map(|(name, value)| attribute(name, *value)).collect();
    let node = Message::default().texts(1, inputs.iter().copied()).texts(2, outputs.iter().copied());
    node.text(4, operator).messages(5, &attributes)
}

fn attribute(name: &str, value: Attribute<'_>) -> Message {
    let message = Message::default().text(1, name);
    match value {
        Attribute::Int(value) => message.int(3, value).int(20, INT_ATTRIBUTE),
        Attribute::Ints(values) => message.ints(8, values.iter().copied()).int(20, INTS_ATTRIBUTE),
        Attribute::Text(value) => message.text(4, value).int(20, STRING_ATTRIBUTE),
    }
}

fn value_info(name: &str, dimensions: &[Dimension<'_>]) -> Message {
    let dimensions: Vec<Message> = dimensions
        .iter()
        .map(|dimension| match dimension {
            Dimension::Fixed(side) => Message::default().int(1, length(*side)),
            Dimension::Open(name) => Message::default().text(2, name),
        })
        .collect();
    let shape = Message::default().messages(1, &dimensions);
    let tensor = Message::default().int(1, FLOAT).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}
