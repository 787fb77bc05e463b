//! The inputs and outputs that a file declares, to propose a manifest for it.

use std::path::Path;

use super::limits::Limits;
use super::ort_session::open;
use super::runtime;

/// Names of a model's inputs and outputs, in the order of its file.
#[derive(Debug, PartialEq, Eq)]
pub struct PortNames {
    /// Inputs.
    pub inputs: Vec<String>,
    /// Outputs.
    pub outputs: Vec<String>,
}

impl PortNames {
    /// Reads them from a model's file.
    /// Errors: a sentence for the operator.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, String> {
        runtime::load(limits)?;
        let session = open(path, limits, false)?;
        let names = |outlets: &[ort::value::Outlet]| outlets.iter().map(|outlet| outlet.name().to_owned()).collect();
        Ok(Self { inputs: names(session.inputs()), outputs: names(session.outputs()) })
    }
}
