//! Converts operators one by one: those of MediaPipe's selfie segmentation, and no others.

use std::collections::HashMap;

use super::flatbuffer::Table;
use super::model::{Code, Model, Operator};
use crate::error::{Result, malformed, unsupported};
use crate::layers::{Activation, CHANNELS_FIRST, Convolution, Padding, Sampling, activate, average, convolve, depthwise, resize};
use crate::onnx::{Attribute, Graph};
use crate::tensor::Tensor;

/// `BuiltinOperator`.
const ADD: i32 = 0;
const AVERAGE_POOL_2D: i32 = 1;
const CONV_2D: i32 = 3;
const DEPTHWISE_CONV_2D: i32 = 4;
const DEQUANTIZE: i32 = 6;
const LOGISTIC: i32 = 14;
const MUL: i32 = 18;
const RELU: i32 = 19;
const RELU6: i32 = 21;
const RESIZE_BILINEAR: i32 = 23;
const HARD_SWISH: i32 = 117;
/// MediaPipe's own transposed convolution with a bias.
const TRANSPOSE_BIAS: &str = "Convolution2DTransposeBias";
/// `TfLitePadding.kTfLitePaddingSame`, then strides; 32 bit little endian each.
const TRANSPOSE_SAME: [u8; 4] = 1_u32.to_le_bytes();

/// The graph so far, and what became of each tensor.
#[derive(Debug)]
pub struct Converter<'a> {
    model: &'a Model<'a>,
    /// The graph so far.
    pub graph: Graph,
    /// Values of the graph, by tensor.
    values: HashMap<usize, String>,
    /// Tensors that are constants of lower precision: the tensor that holds them.
    constants: HashMap<usize, usize>,
}

impl<'a> Converter<'a> {
    /// An empty graph.
    pub fn new(model: &'a Model<'a>) -> Self {
        Self { model, graph: Graph::default(), values: HashMap::new(), constants: HashMap::new() }
    }

    /// Says which value of the graph is a tensor.
    pub fn set(&mut self, tensor: usize, value: String) {
        self.values.insert(tensor, value);
    }

    /// The value of a tensor that was computed before.
    pub fn value(&self, tensor: usize) -> Result<&str> {
        self.values
            .get(&tensor)
            .map(String::as_str)
            .ok_or_else(|| malformed(format!("tensor {tensor} is used before it is computed")))
    }

    /// Adds an operator.
    pub fn add(&mut self, operator: &Operator<'_>) -> Result<()> {
        let [output] = operator.outputs[..] else { return Err(unsupported("an operator with several outputs")) };
        let [first, rest @ ..] = &operator.inputs[..] else { return Err(malformed("an operator without inputs")) };
        if operator.code == Code::BuiltIn(DEQUANTIZE) {
            self.constants.insert(output, *first);
            return Ok(());
        }
        let picture = self.value(*first)?.to_owned();
        let value = match operator.code {
            Code::BuiltIn(code @ (ADD | MUL)) => {
                let name = if code == ADD { "Add" } else { "Mul" };
                let other = self.value(input(rest, 0)?)?.to_owned();
                let sum = self.graph.node(name, &[&picture, &other], &[]);
                activate(&mut self.graph, sum, activation(operator.options.as_ref(), 0)?)
            }
            Code::BuiltIn(AVERAGE_POOL_2D) => self.average_pool(&picture, options(operator)?)?,
            Code::BuiltIn(CONV_2D) => self.convolution(&picture, rest, options(operator)?)?,
            Code::BuiltIn(DEPTHWISE_CONV_2D) => self.depthwise_convolution(&picture, rest, options(operator)?)?,
            Code::BuiltIn(LOGISTIC) => self.graph.node("Sigmoid", &[&picture], &[]),
            Code::BuiltIn(RELU) => activate(&mut self.graph, picture, Activation::Relu),
            Code::BuiltIn(RELU6) => activate(&mut self.graph, picture, Activation::Relu6),
            Code::BuiltIn(HARD_SWISH) => self.graph.node("HardSwish", &[&picture], &[]),
            Code::BuiltIn(RESIZE_BILINEAR) => self.resize(&picture, rest, options(operator)?)?,
            Code::Custom(TRANSPOSE_BIAS) => self.transposed_convolution(&picture, rest, operator.custom_options)?,
            Code::BuiltIn(code) => return Err(unsupported(format!("operator {code}"))),
            Code::Custom(name) => return Err(unsupported(format!("operator {name}"))),
        };
        self.set(output, value);
        Ok(())
    }

    fn constant(&self, tensor: usize) -> Result<Tensor<f32>> {
        self.model.floats(self.constants.get(&tensor).copied().unwrap_or(tensor))
    }

    fn bias(&self, inputs: &[usize]) -> Result<Option<Tensor<f32>>> {
        inputs.get(1).map(|tensor| self.constant(*tensor)).transpose()
    }

    /// `Conv2DOptions`: padding, horizontal and vertical stride, activation, dilations alike.
    fn convolution(&mut self, picture: &str, inputs: &[usize], options: &Table<'_>) -> Result<String> {
        let layer = Convolution {
            // Output channels × height × width × input channels.
            weights: self.constant(input(inputs, 0)?)?.transposed(CHANNELS_FIRST)?,
            bias: self.bias(inputs)?,
            strides: [count(options, 2, 0)?, count(options, 1, 0)?],
            dilations: [count(options, 5, 1)?, count(options, 4, 1)?],
            padding: padding(options)?,
            groups: 1,
        };
        let value = convolve(&mut self.graph, picture, &layer);
        Ok(activate(&mut self.graph, value, activation(Some(options), 3)?))
    }

    /// `DepthwiseConv2DOptions`: padding, strides, multiplier, activation, dilations.
    fn depthwise_convolution(&mut self, picture: &str, inputs: &[usize], options: &Table<'_>) -> Result<String> {
        let weights = self.constant(input(inputs, 0)?)?;
        let multiplier = usize::try_from(count(options, 3, 1)?).unwrap_or(1);
        let [1, height, width, channels] = weights.shape[..] else {
            return Err(malformed(format!("depthwise weights of shape {:?}", weights.shape)));
        };
        if channels % multiplier != 0 {
            return Err(malformed("a multiplier that does not divide the channels"));
        }
        let groups = channels / multiplier;
        let layer = Convolution {
            weights: depthwise(&weights.reshaped(vec![height, width, groups, multiplier])?)?,
            bias: self.bias(inputs)?,
            strides: [count(options, 2, 0)?, count(options, 1, 0)?],
            dilations: [count(options, 6, 1)?, count(options, 5, 1)?],
            padding: padding(options)?,
            groups,
        };
        let value = convolve(&mut self.graph, picture, &layer);
        Ok(activate(&mut self.graph, value, activation(Some(options), 4)?))
    }

    /// `Pool2DOptions`: padding, strides, width and height of the window, activation.
    fn average_pool(&mut self, picture: &str, options: &Table<'_>) -> Result<String> {
        let window = [count(options, 4, 0)?, count(options, 3, 0)?];
        let strides = [count(options, 2, 0)?, count(options, 1, 0)?];
        let value = average(&mut self.graph, picture, window, strides, padding(options)?);
        Ok(activate(&mut self.graph, value, activation(Some(options), 5)?))
    }

    /// `ResizeBilinearOptions`: two unused, whether corners are aligned, whether pixels are areas.
    fn resize(&mut self, picture: &str, inputs: &[usize], options: &Table<'_>) -> Result<String> {
        let size = self.model.ints(input(inputs, 0)?)?;
        if size.len() != 2 {
            return Err(malformed("a size that is not height and width"));
        }
        let sampling = match (options.i8(2)? != 0, options.i8(3)? != 0) {
            (_, true) => Sampling::HalfPixel,
            (true, false) => Sampling::AlignCorners,
            (false, false) => Sampling::Asymmetric,
        };
        let size = self.graph.list(&size);
        Ok(resize(&mut self.graph, picture, &size, sampling))
    }

    fn transposed_convolution(&mut self, picture: &str, inputs: &[usize], options: &[u8]) -> Result<String> {
        // Output channels × height × width × input channels; ONNX wants the input channels first.
        let weights = self.constant(input(inputs, 0)?)?.transposed([3, 0, 1, 2])?;
        let strides = [weights.shape[2], weights.shape[3]].map(|side| i64::try_from(side).unwrap_or(i64::MAX));
        let horizontal_and_vertical = [strides[1], strides[0]].map(|stride| u32::try_from(stride).unwrap_or(0).to_le_bytes());
        let expected = [TRANSPOSE_SAME, horizontal_and_vertical[0], horizontal_and_vertical[1]].concat();
        if options != expected {
            return Err(unsupported("a transposed convolution whose windows overlap or have gaps"));
        }
        let weights = self.graph.floats(&weights);
        let bias = self.bias(inputs)?.map(|bias| self.graph.floats(&bias));
        let inputs: Vec<&str> = [picture, &weights].into_iter().chain(bias.as_deref()).collect();
        Ok(self.graph.node("ConvTranspose", &inputs, &[("strides", Attribute::Ints(&strides))]))
    }
}

fn input(inputs: &[usize], index: usize) -> Result<usize> {
    inputs.get(index).copied().ok_or_else(|| malformed("an operator lacks an input"))
}

fn options<'a, 'b>(operator: &'b Operator<'a>) -> Result<&'b Table<'a>> {
    operator.options.as_ref().ok_or_else(|| malformed("an operator lacks its options"))
}

/// A stride, dilation or side.
fn count(options: &Table<'_>, index: usize, default: i32) -> Result<i64> {
    let number = options.i32(index, default)?;
    if number > 0 { Ok(number.into()) } else { Err(malformed(format!("a stride or side of {number}"))) }
}

/// `Padding`, the first option of all that have it.
fn padding(options: &Table<'_>) -> Result<Padding> {
    match options.i8(0)? {
        0 => Ok(Padding::Same),
        1 => Ok(Padding::Valid),
        other => Err(unsupported(format!("padding {other}"))),
    }
}

/// `ActivationFunctionType`.
fn activation(options: Option<&Table<'_>>, index: usize) -> Result<Activation> {
    match options.map_or(Ok(0), |options| options.i8(index))? {
        0 => Ok(Activation::None),
        1 => Ok(Activation::Relu),
        3 => Ok(Activation::Relu6),
        other => Err(unsupported(format!("activation {other}"))),
    }
}
