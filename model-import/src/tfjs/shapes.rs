//! Conversion of operators that compute with shapes. Lists of four are in the order of the source:
//! batch, height, width, channels.

use super::convert::Converter;
use super::topology::Node;
use super::value::Value;
use crate::error::{Result, malformed, unsupported};
use crate::onnx::{Attribute, Element};

/// Batch, height, width and channels as places of an ONNX shape, and the other way round.
const TO_CHANNELS_LAST: [i64; 4] = [0, 2, 3, 1];
const TO_CHANNELS_FIRST: [i64; 4] = [0, 3, 1, 2];
/// An end that no side reaches.
const TO_THE_END: i64 = i32::MAX as i64;
const FIRST_AXIS: (&str, Attribute<'_>) = ("axis", Attribute::Int(0));

impl<'a> Converter<'a> {
    /// Converts a node.
    pub fn convert_shape_operator(&mut self, node: &'a Node) -> Result<Value> {
        match node.operator.as_str() {
            "Shape" => {
                let shape = self.graph.node("Shape", &[&self.picture(node, 0)?], &[]);
                Ok(Value::Numbers(self.permuted(&shape, TO_CHANNELS_LAST)))
            }
            "Cast" => {
                let element = match node.element("DstT") {
                    "DT_FLOAT" => Element::Float,
                    "DT_INT32" => Element::Int64,
                    other => return Err(unsupported(format!("a conversion to {other}"))),
                };
                let numbers = self.numbers(node, 0)?;
                Ok(Value::Numbers(self.graph.cast(&numbers, element)))
            }
            "StridedSlice" => self.part_of_list(node),
            "Pack" => self.pack(node),
            "Slice" => self.slice(node),
            "BroadcastTo" => {
                let (picture, shape) = (self.picture(node, 0)?, self.numbers(node, 1)?);
                let shape = self.permuted(&shape, TO_CHANNELS_FIRST);
                Ok(Value::Picture(self.graph.node("Expand", &[&picture, &shape], &[])))
            }
            other => Err(unsupported(format!("operator {other} of {}", node.name))),
        }
    }

    fn numbers(&mut self, node: &Node, index: usize) -> Result<String> {
        self.input(node, index)?.numbers(&mut self.graph)
    }

    fn permuted(&mut self, list: &str, order: [i64; 4]) -> String {
        let order = self.graph.list(&order);
        self.graph.node("Gather", &[list, &order], &[FIRST_AXIS])
    }

    /// A part of a list, or one number of it.
    fn part_of_list(&mut self, node: &Node) -> Result<Value> {
        let masks = ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask"];
        let bounds = [self.input(node, 1)?, self.input(node, 2)?, self.input(node, 3)?];
        let ([begin], [end], [1]) = (bounds[0].ints()?, bounds[1].ints()?, bounds[2].ints()?) else {
            return Err(unsupported(format!("the part of a list in {}", node.name)));
        };
        if masks.iter().any(|mask| node.int(mask) != 0) {
            return Err(unsupported(format!("the part of a list in {}", node.name)));
        }
        let list = self.numbers(node, 0)?;
        if node.int("shrink_axis_mask") == 1 {
            let place = self.graph.list(&[*begin]);
            let part = self.graph.node("Gather", &[&list, &place], &[FIRST_AXIS]);
            return Ok(Value::Numbers(part));
        }
        let [begin, end, axes] = [*begin, *end, 0].map(|number| self.graph.list(&[number]));
        Ok(Value::Numbers(self.graph.node("Slice", &[&list, &begin, &end, &axes], &[])))
    }

    /// A list of numbers, each a list of one here.
    fn pack(&mut self, node: &Node) -> Result<Value> {
        let mut parts = Vec::new();
        for index in 0..node.inputs().count() {
            parts.push(match self.input(node, index)? {
                Value::Numbers(name) => name,
                Value::Ints(tensor) => self.graph.list(&tensor.values),
                Value::Floats(_) | Value::Picture(_) => return Err(malformed("a list of something else than integers")),
            });
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(Value::Numbers(self.graph.node("Concat", &parts, &[FIRST_AXIS])))
    }

    /// A part of a picture; a size of -1 is all that is left.
    fn slice(&mut self, node: &Node) -> Result<Value> {
        let picture = self.picture(node, 0)?;
        let (begin, size) = (self.numbers(node, 1)?, self.numbers(node, 2)?);
        let (begin, size) = (self.permuted(&begin, TO_CHANNELS_FIRST), self.permuted(&size, TO_CHANNELS_FIRST));
        let (zero, open) = (self.graph.list(&[0]), self.graph.list(&[TO_THE_END]));
        let is_open = self.graph.node("Less", &[&size, &zero], &[]);
        let sum = self.graph.node("Add", &[&begin, &size], &[]);
        let end = self.graph.node("Where", &[&is_open, &open, &sum], &[]);
        let axes = self.graph.list(&[0, 1, 2, 3]);
        Ok(Value::Picture(self.graph.node("Slice", &[&picture, &begin, &end, &axes], &[])))
    }
}
