//! The operator's matting models, as transcoders report them and the edge lists them.

use serde::{Deserialize, Serialize};

/// Path at the edge where transcoders report their models.
pub const MODELS_PATH: &str = "/internal/v1/fleet/models";
/// Time between two reports of a transcoder's matting models.
/// Units: milliseconds. Five minutes.
pub const MODEL_REPORT_PERIOD_MS: u64 = 5 * 60 * 1_000;
/// The kind of a model whose manifest cannot be read.
pub const UNNAMED_KIND: &str = "unknown";

/// The matting models of one transcoder; an empty list means that it has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MattingModelReport {
    /// In the operator's order: the first that works is the default.
    pub models: Vec<MattingModel>,
}

/// A matting model of the operator's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MattingModel {
    /// Its id in requests.
    pub id: String,
    /// For people.
    pub display_name: String,
    /// Its signature: `recurrent`, `image`, `portrait`; `unknown` where that cannot be read.
    pub kind: String,
    /// Under which terms it may be used, as the operator states them.
    pub licence: String,
    /// Why it cannot be used; none for one that works.
    #[serde(default)]
    pub unavailable_reason: Option<String>,
}
