//! Says which models there are, and which of them this installation cannot run.

use crate::app::ports::{Ports, Provider as _};
use crate::domain::model::Model;

/// Every model, with why it cannot be run here.
pub fn list_models(ports: &impl Ports) -> Vec<(Model, Option<&'static str>)> {
    Model::ALL.into_iter().map(|model| (model, unavailable(ports, model))).collect()
}

/// Why a model cannot be run here. What no provider makes can always be.
pub fn unavailable(ports: &impl Ports, model: Model) -> Option<&'static str> {
    ports.provider(model.card().provider)?.unavailable()
}
