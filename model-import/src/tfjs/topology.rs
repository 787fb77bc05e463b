//! The graph as TensorFlow.js writes it: JSON of TensorFlow's `GraphDef`, and a list of weights.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::error::{Result, malformed};

/// A model's JSON file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Topology {
    #[serde(rename = "modelTopology")]
    graph: GraphDef,
    signature: Signature,
    /// One list for each group of files.
    pub weights_manifest: Vec<WeightsGroup>,
}

#[derive(Debug, Deserialize)]
struct GraphDef {
    node: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Signature {
    outputs: HashMap<String, OutputInfo>,
}

#[derive(Debug, Deserialize)]
struct OutputInfo {
    name: String,
}

/// The weights of a group of files, one after the other.
#[derive(Debug, Deserialize)]
pub struct WeightsGroup {
    /// In the order of their bytes.
    pub weights: Vec<WeightInfo>,
}

/// One constant.
#[derive(Debug, Deserialize)]
pub struct WeightInfo {
    /// Name of its node.
    pub name: String,
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// Element type after dequantisation.
    pub dtype: String,
    /// None where the elements are as `dtype` says.
    pub quantization: Option<Quantization>,
}

/// Linear quantisation: `stored * scale + min`.
#[derive(Debug, Deserialize)]
pub struct Quantization {
    /// Element type in the file.
    pub dtype: String,
    /// Value of one step.
    pub scale: f64,
    /// Value of 0.
    pub min: f64,
}

/// A node of the graph.
#[derive(Debug, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its operator.
    #[serde(rename = "op")]
    pub operator: String,
    #[serde(default)]
    input: Vec<String>,
    #[serde(default, rename = "attr")]
    attributes: HashMap<String, Json>,
}

/// An output of a node: its name and the number of the output.
pub type Reference<'a> = (&'a str, usize);

impl Topology {
    /// The nodes by name.
    pub fn nodes(&self) -> HashMap<&str, &Node> {
        self.graph.node.iter().map(|node| (node.name.as_str(), node)).collect()
    }

    /// The value that is an output of the model.
    pub fn output(&self, name: &str) -> Result<Reference<'_>> {
        let info = self.signature.outputs.get(name).ok_or_else(|| malformed(format!("it has no output {name}")))?;
        Ok(reference(&info.name))
    }
}

impl Node {
    /// The values that it takes, without those that only order execution.
    pub fn inputs(&self) -> impl Iterator<Item = Reference<'_>> {
        self.input.iter().filter(|input| !input.starts_with('^')).map(|input| reference(input))
    }

    /// One of them.
    pub fn input(&self, index: usize) -> Result<Reference<'_>> {
        self.inputs().nth(index).ok_or_else(|| malformed(format!("{} lacks an input", self.name)))
    }

    /// An integer, which JSON may hold as a text; 0 by default.
    pub fn int(&self, name: &str) -> i64 {
        self.attributes.get(name).and_then(|attribute| integer(&attribute["i"])).unwrap_or_default()
    }

    /// A list of integers; empty by default.
    pub fn ints(&self, name: &str) -> Vec<i64> {
        let list = self.attributes.get(name).and_then(|attribute| attribute["list"]["i"].as_array());
        list.into_iter().flatten().filter_map(integer).collect()
    }

    /// A flag; false by default.
    pub fn flag(&self, name: &str) -> bool {
        self.attributes.get(name).is_some_and(|attribute| attribute["b"] == true)
    }

    /// A text; empty by default.
    pub fn text(&self, name: &str) -> String {
        self.attributes.get(name).and_then(|attribute| text(&attribute["s"])).unwrap_or_default()
    }

    /// A list of texts; empty by default.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.attributes.get(name).and_then(|attribute| attribute["list"]["s"].as_array());
        list.into_iter().flatten().filter_map(text).collect()
    }

    /// An element type, such as `DT_FLOAT`.
    pub fn element(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(|attribute| attribute["type"].as_str()).unwrap_or_default()
    }
}

fn reference(text: &str) -> Reference<'_> {
    let (name, output) = text.split_once(':').unwrap_or((text, "0"));
    (name, output.parse().unwrap_or_default())
}

fn integer(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| json.as_str()?.parse().ok())
}

fn text(json: &Json) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(json.as_str()?).ok()?).ok()
}
