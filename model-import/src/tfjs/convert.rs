//! Walks from an output back to its inputs, and converts the nodes on the way in order.

use std::collections::{HashMap, HashSet};

use super::topology::{Node, Reference, Topology};
use super::value::Value;
use super::weights::Constants;
use crate::error::{Result, malformed};
use crate::onnx::Graph;

/// The graph so far, and what became of each node.
#[derive(Debug)]
pub struct Converter<'a> {
    nodes: HashMap<&'a str, &'a Node>,
    constants: Constants,
    values: HashMap<&'a str, Vec<Value>>,
    /// The graph so far.
    pub graph: Graph,
}

impl<'a> Converter<'a> {
    /// An empty graph.
    pub fn new(topology: &'a Topology, constants: Constants) -> Self {
        Self { nodes: topology.nodes(), constants, values: HashMap::new(), graph: Graph::default() }
    }

    /// Converts what a picture depends on; returns its name. `inputs` are the model's inputs, and
    /// whether each is a picture.
    pub fn resolve(&mut self, target: Reference<'a>, inputs: &HashMap<&str, bool>) -> Result<String> {
        // Not recursive: the depth of a file is not bounded.
        let (mut stack, mut opened) = (vec![target.0], HashSet::new());
        while let Some(&name) = stack.last() {
            if self.values.contains_key(name) {
                stack.pop();
                continue;
            }
            let node = self.node(name)?;
            let pending: Vec<&str> = dependencies(node)?.into_iter().filter(|name| !self.values.contains_key(name)).collect();
            if pending.is_empty() {
                let values = self.add(node, inputs)?;
                self.values.insert(name, values);
            } else if opened.insert(name) {
                stack.extend(pending);
            } else {
                return Err(malformed(format!("{name} depends on itself")));
            }
        }
        Ok(self.value(target)?.picture()?.to_owned())
    }

    fn add(&mut self, node: &'a Node, inputs: &HashMap<&str, bool>) -> Result<Vec<Value>> {
        match node.operator.as_str() {
            "Const" => self.constants.get(&node.name).cloned().map(|value| vec![value]),
            "Placeholder" => inputs.get(node.name.as_str()).map(|is_picture| {
                let name = node.name.clone();
                vec![if *is_picture { Value::Picture(name) } else { Value::Numbers(name) }]
            }),
            // Both of a switch's outputs, since a merge has chosen between its branches.
            _ if passed_input(node).is_some() => {
                let value = self.value(node.input(passed_input(node).unwrap_or_default())?)?.clone();
                Some(vec![value.clone(), value])
            }
            _ => return self.convert(node),
        }
        .ok_or_else(|| malformed(format!("{} is neither an input nor a weight", node.name)))
    }

    /// A node by its name.
    pub fn node(&self, name: &str) -> Result<&'a Node> {
        self.nodes.get(name).copied().ok_or_else(|| malformed(format!("there is no node {name}")))
    }

    /// A value that was converted before.
    pub fn value(&self, (name, output): Reference<'_>) -> Result<&Value> {
        let value = self.values.get(name).and_then(|values| values.get(output));
        value.ok_or_else(|| malformed(format!("there is no value {name}:{output}")))
    }

    /// An input of a node.
    pub fn input(&self, node: &Node, index: usize) -> Result<Value> {
        self.value(node.input(index)?).cloned()
    }

    /// A constant that is an input of a node, and need not have been converted.
    pub fn constant(&self, node: &Node, index: usize) -> Result<&Value> {
        let (name, _) = node.input(index)?;
        self.constants.get(name).ok_or_else(|| malformed(format!("there is no weight {name}")))
    }
}

/// The input that becomes the output of a node unchanged; none for nodes that compute something.
///
/// Conditions ask whether the picture is scaled down before inference, and merge takes the branch
/// for which that holds; at a scale of 1 it gives the same up to the refinement of edges. It is
/// what the exported model of the authors does. Batches made of space are dilated convolutions.
fn passed_input(node: &Node) -> Option<usize> {
    match node.operator.as_str() {
        "Merge" => Some(1),
        "Switch" | "Identity" | "SpaceToBatchND" | "BatchToSpaceND" => Some(0),
        _ => None,
    }
}

fn dependencies(node: &Node) -> Result<Vec<&str>> {
    match passed_input(node) {
        Some(index) => Ok(vec![node.input(index)?.0]),
        None => Ok(node.inputs().map(|(name, _)| name).collect()),
    }
}
