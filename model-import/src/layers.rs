//! Layers that both source formats have, added to an ONNX graph. Pictures are batch × channels ×
//! height × width.

use crate::error::Result;
use crate::onnx::{Attribute, Graph, length};
use crate::tensor::Tensor;

/// The axes of a picture in batch × height × width × channels, in the order of ONNX.
pub const CHANNELS_FIRST: [usize; 4] = [0, 3, 1, 2];

/// Padding of a sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Output sides are input sides over strides, rounded up; odd padding goes to the end.
    Same,
    /// None.
    Valid,
    /// Above, left, below, right.
    Explicit([i64; 4]),
}

/// Activations that are fused into other operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// None.
    None,
    /// Clipped below 0.
    Relu,
    /// Clipped to 0 to 6.
    Relu6,
}

/// Parameters of a convolution. Pairs are vertical, horizontal.
#[derive(Debug)]
pub struct Convolution {
    /// Output channels × input channels of a group × height × width.
    pub weights: Tensor<f32>,
    /// One value for each output channel.
    pub bias: Option<Tensor<f32>>,
    /// Steps of the window.
    pub strides: [i64; 2],
    /// Distances of the window's samples.
    pub dilations: [i64; 2],
    /// Padding of the window.
    pub padding: Padding,
    /// Groups of channels; as many as channels for a depthwise convolution.
    pub groups: usize,
}

/// Mapping of sample positions when a picture is resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// Pixels are areas.
    HalfPixel,
    /// The outermost samples coincide.
    AlignCorners,
    /// The first samples coincide.
    Asymmetric,
}

/// Adds a convolution.
pub fn convolve(graph: &mut Graph, picture: &str, layer: &Convolution) -> String {
    let weights = graph.floats(&layer.weights);
    let bias = layer.bias.as_ref().map(|bias| graph.floats(bias));
    let inputs: Vec<&str> = [picture, &weights].into_iter().chain(bias.as_deref()).collect();
    let attributes = [
        ("strides", Attribute::Ints(&layer.strides)),
        ("dilations", Attribute::Ints(&layer.dilations)),
        ("group", Attribute::Int(length(layer.groups))),
        padding_attribute(&layer.padding),
    ];
    graph.node("Conv", &inputs, &attributes)
}

/// Adds the mean over a window, which counts no padding.
pub fn average(graph: &mut Graph, picture: &str, window: [i64; 2], strides: [i64; 2], padding: Padding) -> String {
    let attributes = [
        ("kernel_shape", Attribute::Ints(&window)),
        ("strides", Attribute::Ints(&strides)),
        ("count_include_pad", Attribute::Int(0)),
        padding_attribute(&padding),
    ];
    graph.node("AveragePool", &[picture], &attributes)
}

fn padding_attribute(padding: &Padding) -> (&'static str, Attribute<'_>) {
    match padding {
        Padding::Same => ("auto_pad", Attribute::Text("SAME_UPPER")),
        Padding::Valid => ("auto_pad", Attribute::Text("VALID")),
        Padding::Explicit(sides) => ("pads", Attribute::Ints(sides)),
    }
}

/// Adds an activation.
pub fn activate(graph: &mut Graph, value: String, activation: Activation) -> String {
    match activation {
        Activation::None => value,
        Activation::Relu => graph.node("Relu", &[&value], &[]),
        Activation::Relu6 => {
            let limits = [0.0, 6.0].map(|limit| graph.number(limit));
            graph.node("Clip", &[&value, &limits[0], &limits[1]], &[])
        }
    }
}

/// Adds bilinear resizing; `size` is a list of height and width.
pub fn resize(graph: &mut Graph, picture: &str, size: &str, sampling: Sampling) -> String {
    let mode = match sampling {
        Sampling::HalfPixel => "half_pixel",
        Sampling::AlignCorners => "align_corners",
        Sampling::Asymmetric => "asymmetric",
    };
    let kept = graph.node("Shape", &[picture], &[("start", Attribute::Int(0)), ("end", Attribute::Int(2))]);
    let shape = graph.node("Concat", &[&kept, size], &[("axis", Attribute::Int(0))]);
    let attributes = [("mode", Attribute::Text("linear")), ("coordinate_transformation_mode", Attribute::Text(mode))];
    graph.node("Resize", &[picture, "", "", &shape], &attributes)
}

/// Weights of a depthwise convolution: `weights` is height × width × channels × multiplier, brought
/// to one group for each channel.
pub fn depthwise(weights: &Tensor<f32>) -> Result<Tensor<f32>> {
    let weights = weights.transposed([2, 3, 0, 1])?;
    let (height, width) = (weights.shape[2], weights.shape[3]);
    let channels = weights.shape[0] * weights.shape[1];
    weights.reshaped(vec![channels, 1, height, width])
}
