//! Conversion of operators on pictures.

use super::convert::Converter;
use super::topology::Node;
use super::value::Value;
use crate::error::{Result, malformed, unsupported};
use crate::layers::{Activation, Convolution, Padding, Sampling, activate, average, convolve, depthwise, resize};
use crate::onnx::Attribute;

/// Axes of batch × height × width × channels, in ONNX.
const AXES: [i64; 4] = [0, 2, 3, 1];

impl<'a> Converter<'a> {
    /// Converts a node; returns its outputs.
    pub fn convert(&mut self, node: &'a Node) -> Result<Vec<Value>> {
        let value = match node.operator.as_str() {
            "Add" | "AddV2" | "BiasAdd" => self.elementwise("Add", node)?,
            "Sub" => self.elementwise("Sub", node)?,
            "Mul" => self.elementwise("Mul", node)?,
            "RealDiv" => self.elementwise("Div", node)?,
            "Minimum" => self.elementwise("Min", node)?,
            "Maximum" => self.elementwise("Max", node)?,
            "Square" => {
                let picture = self.picture(node, 0)?;
                Value::Picture(self.graph.node("Mul", &[&picture, &picture], &[]))
            }
            "Sigmoid" | "Tanh" => {
                let picture = self.picture(node, 0)?;
                Value::Picture(self.graph.node(&node.operator, &[&picture], &[]))
            }
            "Relu" => self.activation(node, Activation::Relu)?,
            "Relu6" => self.activation(node, Activation::Relu6)?,
            "Conv2D" | "_FusedConv2D" => self.convolution(node, false)?,
            "DepthwiseConv2dNative" | "FusedDepthwiseConv2dNative" => self.convolution(node, true)?,
            "AvgPool" => self.average_pool(node)?,
            "Mean" => self.mean(node)?,
            "Pad" => self.pad(node)?,
            "ConcatV2" => self.concat(node)?,
            "ResizeBilinear" => self.resize(node)?,
            "Split" | "SplitV" => return self.split(node),
            _ => self.convert_shape_operator(node)?,
        };
        Ok(vec![value])
    }

    /// The name of an input that is a picture.
    pub fn picture(&self, node: &Node, index: usize) -> Result<String> {
        Ok(self.value(node.input(index)?)?.picture()?.to_owned())
    }

    fn elementwise(&mut self, operator: &str, node: &Node) -> Result<Value> {
        let operands = [self.input(node, 0)?, self.input(node, 1)?];
        if operands.iter().any(|operand| matches!(operand, Value::Picture(_))) {
            let [first, second] = operands.map(|operand| operand.beside_picture(&mut self.graph));
            return Ok(Value::Picture(self.graph.node(operator, &[&first?, &second?], &[])));
        }
        let [first, second] = operands.map(|operand| operand.numbers(&mut self.graph));
        Ok(Value::Numbers(self.graph.node(operator, &[&first?, &second?], &[])))
    }

    fn activation(&mut self, node: &Node, activation: Activation) -> Result<Value> {
        let picture = self.picture(node, 0)?;
        Ok(Value::Picture(activate(&mut self.graph, picture, activation)))
    }

    fn convolution(&mut self, node: &Node, is_depthwise: bool) -> Result<Value> {
        let (picture, weights) = (self.picture(node, 0)?, self.input(node, 1)?);
        let weights = weights.floats()?;
        let mut fused = node.texts("fused_ops");
        let has_bias = fused.first().is_some_and(|operator| operator == "BiasAdd");
        let bias = if has_bias { Some(self.input(node, 2)?.floats()?.clone()) } else { None };
        fused.drain(..usize::from(has_bias));
        let activation = match fused.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Activation::None,
            ["Relu"] => Activation::Relu,
            ["Relu6"] => Activation::Relu6,
            _ => return Err(unsupported(format!("a convolution with {}", fused.join(", ")))),
        };
        let layer = Convolution {
            groups: if is_depthwise { weights.shape.get(2).copied().unwrap_or_default() } else { 1 },
            weights: if is_depthwise { depthwise(weights)? } else { weights.transposed([3, 2, 0, 1])? },
            bias,
            strides: inner(node, "strides")?,
            dilations: self.dilations(node)?,
            padding: padding(node)?,
        };
        let value = convolve(&mut self.graph, &picture, &layer);
        Ok(Value::Picture(activate(&mut self.graph, value, activation)))
    }

    /// Its own dilations, or those of a conversion of space to batches before it, which pads at the
    /// end until the sides divide, and is undone afterwards.
    fn dilations(&self, node: &Node) -> Result<[i64; 2]> {
        let before = self.node(node.input(0)?.0)?;
        if before.operator == "SpaceToBatchND" {
            return <[i64; 2]>::try_from(self.constant(before, 1)?.ints()?).map_err(|_| malformed("blocks of no two sides"));
        }
        if node.ints("dilations").is_empty() { Ok([1, 1]) } else { inner(node, "dilations") }
    }

    fn average_pool(&mut self, node: &Node) -> Result<Value> {
        let picture = self.picture(node, 0)?;
        let (window, strides) = (inner(node, "ksize")?, inner(node, "strides")?);
        Ok(Value::Picture(average(&mut self.graph, &picture, window, strides, padding(node)?)))
    }

    fn mean(&mut self, node: &Node) -> Result<Value> {
        if !node.flag("keep_dims") {
            return Err(unsupported("a mean that drops axes"));
        }
        let axes = self.input(node, 1)?.ints()?.iter().map(|axis| channels_first(*axis)).collect::<Result<Vec<_>>>()?;
        let (picture, axes) = (self.picture(node, 0)?, self.graph.list(&axes));
        Ok(Value::Picture(self.graph.node("ReduceMean", &[&picture, &axes], &[("keepdims", Attribute::Int(1))])))
    }

    fn pad(&mut self, node: &Node) -> Result<Value> {
        let sides = self.input(node, 1)?;
        let &[before_n, after_n, above, below, left, right, before_c, after_c] = sides.ints()? else {
            return Err(malformed("padding of something else than a picture"));
        };
        let sides = self.graph.list(&[before_n, before_c, above, left, after_n, after_c, below, right]);
        let picture = self.picture(node, 0)?;
        Ok(Value::Picture(self.graph.node("Pad", &[&picture, &sides], &[])))
    }

    fn concat(&mut self, node: &Node) -> Result<Value> {
        let count = node.inputs().count().saturating_sub(1);
        let axis = one(self.input(node, count)?.ints()?)?;
        let pictures = (0..count).map(|index| self.picture(node, index)).collect::<Result<Vec<_>>>()?;
        let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
        Ok(Value::Picture(self.graph.node("Concat", &pictures, &[("axis", Attribute::Int(channels_first(axis)?))])))
    }

    fn resize(&mut self, node: &Node) -> Result<Value> {
        let sampling = match (node.flag("align_corners"), node.flag("half_pixel_centers")) {
            (_, true) => Sampling::HalfPixel,
            (true, false) => Sampling::AlignCorners,
            (false, false) => Sampling::Asymmetric,
        };
        let (picture, size) = (self.picture(node, 0)?, self.input(node, 1)?.numbers(&mut self.graph)?);
        Ok(Value::Picture(resize(&mut self.graph, &picture, &size, sampling)))
    }

    fn split(&mut self, node: &Node) -> Result<Vec<Value>> {
        let is_even = node.operator == "Split";
        let (picture, axis) = if is_even { (1, 0) } else { (0, 2) };
        let axis = channels_first(one(self.input(node, axis)?.ints()?)?)?;
        let picture = self.picture(node, picture)?;
        let outputs = if is_even {
            let count = node.int("num_split");
            let parts = usize::try_from(count).ok().filter(|parts| (1..=64).contains(parts));
            let parts = parts.ok_or_else(|| malformed(format!("a split into {count} parts")))?;
            let attributes = [("axis", Attribute::Int(axis)), ("num_outputs", Attribute::Int(count))];
            self.graph.nodes("Split", &[&picture], parts, &attributes)
        } else {
            let sizes = self.input(node, 1)?;
            let list = self.graph.list(sizes.ints()?);
            self.graph.nodes("Split", &[&picture, &list], sizes.ints()?.len(), &[("axis", Attribute::Int(axis))])
        };
        Ok(outputs.into_iter().map(Value::Picture).collect())
    }
}

/// The height and width of an attribute for all four axes.
fn inner(node: &Node, attribute: &str) -> Result<[i64; 2]> {
    match node.ints(attribute)[..] {
        [1, height, width, 1] if height > 0 && width > 0 => Ok([height, width]),
        _ => Err(unsupported(format!("{attribute} of {}", node.name))),
    }
}

fn padding(node: &Node) -> Result<Padding> {
    match (node.text("padding").as_str(), &node.ints("explicit_paddings")[..]) {
        ("SAME", _) => Ok(Padding::Same),
        ("VALID", _) => Ok(Padding::Valid),
        ("EXPLICIT", &[0, 0, above, below, left, right, 0, 0]) => Ok(Padding::Explicit([above, left, below, right])),
        (other, _) => Err(unsupported(format!("padding {other}"))),
    }
}

/// The place in ONNX of an axis of a picture; negative ones count from the end.
fn channels_first(axis: i64) -> Result<i64> {
    let index = if axis < 0 { axis + 4 } else { axis };
    let place = usize::try_from(index).ok().and_then(|index| AXES.get(index));
    place.copied().ok_or_else(|| malformed(format!("axis {axis} of a picture")))
}

fn one(values: &[i64]) -> Result<i64> {
    if let [value] = values { Ok(*value) } else { Err(malformed("a list where one number is expected")) }
}
