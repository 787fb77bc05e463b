use std::collections::BTreeMap;

use half::f16;

use super::*;
use crate::error::ImportError;

/// A field of a table; all of them take four bytes here.
#[derive(Clone)]
enum Field {
    Int(i32),
    Table(Fields),
    Tables(Vec<Fields>),
    Ints(Vec<i32>),
    Bytes(Vec<u8>),
}
type Fields = BTreeMap<usize, Field>;

fn table<const N: usize>(fields: [(usize, Field); N]) -> Fields {
    fields.into()
}

/// Writes a table, then what it refers to.
fn write(out: &mut Vec<u8>, fields: &Fields) -> usize {
    let slots = fields.keys().max().map_or(0, |index| index + 1);
    let layout = out.len();
    let size = |bytes: usize| u16::try_from(bytes).unwrap().to_le_bytes();
    out.extend(size(4 + 2 * slots));
    out.extend(size(4 + 4 * slots));
    for index in 0..slots {
        out.extend(size(if fields.contains_key(&index) { 4 + 4 * index } else { 0 }));
    }
    let position = out.len();
    out.extend(i32::try_from(position - layout).unwrap().to_le_bytes());
    out.resize(position + 4 + 4 * slots, 0);
    let place = |out: &mut Vec<u8>, at: usize, target: usize| {
        out[at..at + 4].copy_from_slice(&u32::try_from(target - at).unwrap().to_le_bytes());
    };
    let begin_list = |out: &mut Vec<u8>, len: usize| out.extend(u32::try_from(len).unwrap().to_le_bytes());
    for (index, field) in fields {
        let (at, end) = (position + 4 + 4 * index, out.len());
        match field {
            Field::Int(number) => out[at..at + 4].copy_from_slice(&number.to_le_bytes()),
            Field::Table(fields) => {
                let target = write(out, fields);
                place(out, at, target);
            }
            Field::Ints(numbers) => {
                begin_list(out, numbers.len());
                out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
                place(out, at, end);
            }
            Field::Bytes(bytes) => {
                begin_list(out, bytes.len());
                out.extend(bytes);
                place(out, at, end);
            }
            Field::Tables(tables) => {
                begin_list(out, tables.len());
                out.resize(end + 4 + 4 * tables.len(), 0);
                place(out, at, end);
                for (number, fields) in tables.iter().enumerate() {
                    let target = write(out, fields);
                    place(out, end + 4 + 4 * number, target);
                }
            }
        }
    }
    position
}

fn file(root: &Fields) -> Vec<u8> {
    let mut out = b"\0\0\0\0TFL3".to_vec();
    let position = u32::try_from(write(&mut out, root)).unwrap();
    out[..4].copy_from_slice(&position.to_le_bytes());
    out
}

fn tensor(shape: &[i32], element: i32, buffer: i32) -> Fields {
    table([(0, Field::Ints(shape.to_vec())), (1, Field::Int(element)), (2, Field::Int(buffer))])
}

fn operator<const N: usize>(code: i32, inputs: [i32; N], output: i32, options: Option<Fields>) -> Fields {
    let mut fields = table([(0, Field::Int(code)), (1, Field::Ints(inputs.to_vec())), (2, Field::Ints(vec![output]))]);
    fields.extend(options.map(|options| (4, Field::Table(options))));
    fields
}

const WEIGHTS: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

/// A model of one convolution over two pixels, whose weights have half precision, and a sigmoid.
fn model(stride: i32, last_operator: i32) -> Fields {
    let half: Vec<u8> = WEIGHTS.iter().flat_map(|weight| f16::from_f32(*weight).to_le_bytes()).collect();
    let buffers = [Vec::new(), half, 0.5_f32.to_le_bytes().to_vec()];
    let tensors = [
        tensor(&[1, 4, 4, 3], 0, 0),
        tensor(&[1, 1, 2, 3], 1, 1),
        tensor(&[1, 1, 2, 3], 0, 0),
        tensor(&[1], 0, 2),
        tensor(&[1, 4, 4, 1], 0, 0),
        tensor(&[1, 4, 4, 1], 0, 0),
    ];
    let options = table([(0, Field::Int(0)), (1, Field::Int(stride)), (2, Field::Int(1))]);
    let operators = vec![operator(0, [1], 2, None), operator(1, [0, 2, 3], 4, Some(options)), operator(2, [4], 5, None)];
    let graph = table([
        (0, Field::Tables(tensors.to_vec())),
        (1, Field::Ints(vec![0])),
        (2, Field::Ints(vec![5])),
        (3, Field::Tables(operators)),
    ]);
    let codes = [6, 3, last_operator].map(|code| table([(0, Field::Int(code)), (3, Field::Int(code))]));
    let buffers = buffers.map(|bytes| table([(0, Field::Bytes(bytes))]));
    table([(1, Field::Tables(codes.to_vec())), (2, Field::Tables(vec![graph])), (4, Field::Tables(buffers.to_vec()))])
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn weights_of_half_precision_are_widened_and_brought_to_the_order_of_onnx() {
    let onnx = convert(&file(&model(1, 14))).unwrap();
    let weights: Vec<u8> = [1.0_f32, 4.0, 2.0, 5.0, 3.0, 6.0].iter().flat_map(|weight| weight.to_le_bytes()).collect();
    assert!(contains(&onnx, &weights) && contains(&onnx, &0.5_f32.to_le_bytes()));
    for text in ["input", "batch", "Conv", "SAME_UPPER", "Sigmoid", "alpha"] {
        assert!(contains(&onnx, text.as_bytes()), "{text}");
    }
}

#[test]
fn what_is_not_converted_is_named() {
    let unsupported = |root: &Fields| match convert(&file(root)) {
        Err(ImportError::Unsupported(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(unsupported(&model(1, 99)), "operator 99");
    let Field::Tables(graphs) = &model(1, 14)[&2] else { panic!() };
    let with = |index: usize, field: Field| {
        let (mut root, mut graph) = (model(1, 14), graphs[0].clone());
        graph.insert(index, field);
        root.insert(2, Field::Tables(vec![graph]));
        root
    };
    assert!(unsupported(&with(1, Field::Ints(vec![0, 1]))).contains("one input"));
    assert!(unsupported(&with(2, Field::Ints(vec![1]))).contains("one value for each pixel"));
}

#[test]
fn damaged_files_are_errors_and_never_a_panic() {
    let bytes = file(&model(1, 14));
    for len in 0..bytes.len() {
        assert!(convert(&bytes[..len]).is_err(), "the first {len} bytes");
    }
    for index in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[index] = value;
            // Some of these are models, too.
            drop(convert(&damaged));
        }
    }
    for (root, why) in [(model(0, 14), "a stride or side of 0"), (model(-1, 14), "a stride or side of -1")] {
        assert!(convert(&file(&root)).unwrap_err().to_string().contains(why));
    }
    let mut used_too_early = model(1, 14);
    let Some(Field::Tables(graphs)) = used_too_early.get_mut(&2) else { panic!() };
    let Some(Field::Tables(operators)) = graphs[0].get_mut(&3) else { panic!() };
    operators.swap(1, 2);
    assert!(convert(&file(&used_too_early)).unwrap_err().to_string().contains("used before it is computed"));
}
