use serde_json::{Value as Json, json};

use super::*;

const OPEN: Dimension<'_> = Dimension::Open("side");
const INPUTS: Ports<'_> = &[("src", &[Dimension::Fixed(1), Dimension::Fixed(3), OPEN, OPEN]), ("ratio", &[Dimension::Fixed(1)])];
const OUTPUTS: Ports<'_> = &[("pha", &[Dimension::Fixed(1), Dimension::Fixed(1), OPEN, OPEN])];
/// 1 × 2 pixels × 3 channels of quantised weights, then two integers.
const WEIGHTS: [u8; 14] = [0, 1, 2, 3, 4, 5, 2, 0, 0, 0, 3, 0, 0, 0];

/// Enlarges the picture twice and three times, and convolves it.
fn model() -> Json {
    let list = |numbers: [&str; 4]| json!({ "list": { "i": numbers } });
    let node = |name: &str, op: &str, input: &[&str]| json!({ "name": name, "op": op, "input": input });
    let bounds = |name: &str, at: i64| json!({ "name": name, "op": "Const", "value": at });
    let mut slice = node("sides", "StridedSlice", &["shape", "one", "three", "step"]);
    slice["attr"] = json!({ "begin_mask": { "i": "0" }, "shrink_axis_mask": { "i": 0 } });
    let mut resize = node("large", "ResizeBilinear", &["src", "size", "^order"]);
    resize["attr"] = json!({ "half_pixel_centers": { "b": true } });
    let mut conv = node("conv", "Conv2D", &["large", "weights"]);
    conv["attr"] = json!({ "padding": { "s": "U0FNRQ==" }, "strides": list(["1", "1", "1", "1"]) });
    json!({
        "signature": { "outputs": { "pha": { "name": "end:0" } } },
        "modelTopology": { "node": [
            node("src", "Placeholder", &[]), node("weights", "Const", &[]), node("factors", "Const", &[]),
            node("shape", "Shape", &["src"]), slice, node("size", "Mul", &["sides", "factors"]),
            resize, conv, node("end", "Identity", &["conv"]), node("unused", "Unheard", &["conv"]),
            bounds("one", 1), bounds("three", 3), bounds("step", 1),
        ] },
        "weightsManifest": [{ "paths": ["w.bin"], "weights": [
            { "name": "weights", "shape": [1, 2, 3, 1], "dtype": "float32", "quantization": { "dtype": "uint8", "scale": 0.5, "min": -1.0 } },
            { "name": "factors", "shape": [2], "dtype": "int32" },
            { "name": "one", "shape": [1], "dtype": "bool" },
            { "name": "three", "shape": [1], "dtype": "bool" },
            { "name": "step", "shape": [1], "dtype": "bool" },
        ] }],
    })
}

fn weights() -> Vec<u8> {
    [&WEIGHTS[..], &[1, 3, 1]].concat()
}

fn convert(json: &Json, weights: &[u8]) -> Result<Vec<u8>> {
    super::convert(json.to_string().as_bytes(), weights, INPUTS, OUTPUTS)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn quantised_weights_are_brought_to_the_order_of_onnx_and_unused_parts_are_dropped() {
    let onnx = convert(&model(), &weights()).unwrap();
    let expected: Vec<u8> = [-1.0_f32, 0.5, -0.5, 1.0, 0.0, 1.5].iter().flat_map(|weight| weight.to_le_bytes()).collect();
    assert!(contains(&onnx, &expected));
    let factors: Vec<u8> = [2_i64, 3].iter().flat_map(|factor| factor.to_le_bytes()).collect();
    assert!(contains(&onnx, &factors));
    for text in ["src", "ratio", "Shape", "Slice", "Resize", "half_pixel", "SAME_UPPER", "pha"] {
        assert!(contains(&onnx, text.as_bytes()), "{text}");
    }
}

#[test]
fn damaged_models_are_errors_that_name_the_fault() {
    let changed = |pointer: &str, value: Json| {
        let mut json = model();
        *json.pointer_mut(pointer).unwrap() = value;
        json
    };
    for (json, why) in [
        (json!({}), "missing field"),
        (changed("/signature/outputs", json!({})), "it has no output pha"),
        (changed("/signature/outputs/pha/name", json!("end:7")), "there is no value end:7"),
        (changed("/signature/outputs/pha/name", json!("size")), "a picture is expected"),
        (changed("/modelTopology/node/8/input", json!(["nowhere"])), "there is no node nowhere"),
        (changed("/modelTopology/node/8/input", json!(["end"])), "end depends on itself"),
        (changed("/modelTopology/node/8/input", json!([])), "end lacks an input"),
        (changed("/modelTopology/node/8/op", json!("Unheard")), "operator Unheard of end"),
        (changed("/modelTopology/node/1/name", json!("other")), "there is no node weights"),
        (changed("/modelTopology/node/7/attr/strides", json!({})), "strides of conv"),
        (changed("/modelTopology/node/7/attr/padding/s", json!("!")), "padding "),
        (changed("/weightsManifest/0/weights/0/shape", json!([1, 2, 4])), "the file of weights is too"),
        (changed("/weightsManifest/0/weights/0/shape", json!([6])), "where four axes are expected"),
        (changed("/weightsManifest/0/weights/0/shape", json!([u64::MAX, 2])), "a tensor of shape"),
        (changed("/weightsManifest/0/weights/0/dtype", json!("int32")), "quantised weights of type int32"),
        (changed("/weightsManifest/0/weights/1/dtype", json!("string")), "weights of type string"),
        (changed("/weightsManifest", json!([])), "several groups"),
    ] {
        let error = convert(&json, &weights()).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
    for bytes in [&weights()[1..], &[weights(), vec![0]].concat()] {
        assert!(convert(&model(), bytes).unwrap_err().to_string().contains("the file of weights is too"));
    }
}

#[test]
fn a_graph_of_any_depth_is_converted_without_recursion() {
    let mut json = model();
    let nodes = json["modelTopology"]["node"].as_array_mut().unwrap();
    let depth = 50_000;
    nodes.extend((0..depth).map(|index| {
        let before = if index == 0 { "conv".to_owned() } else { format!("n{}", index - 1) };
        json!({ "name": format!("n{index}"), "op": "Relu", "input": [before] })
    }));
    json["signature"]["outputs"]["pha"]["name"] = json!(format!("n{}", depth - 1));
    assert!(convert(&json, &weights()).unwrap().len() > depth);
}
