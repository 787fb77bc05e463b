//! The matting models of an operator: what a transcoder announces, and the edge lists.

use serde::{Deserialize, Serialize};

/// Path at the edge where members of the fleet say which models they have.
pub const MODELS_PATH: &str = "/internal/v1/fleet/models";
/// How often they say it.
/// Units: milliseconds. Five minutes.
pub const MODEL_REPORT_PERIOD_MS: u64 = 5 * 60 * 1_000;
/// The kind of a model whose words cannot be read.
pub const UNNAMED_KIND: &str = "unknown";

/// A member of the fleet says which matting models it has. An empty list says that it has none.
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
    /// Names it in requests.
    pub id: String,
    /// For people.
    pub display_name: String,
    /// Its signature: `recurrent`, `image`, `portrait`; `unknown` where that cannot be read.
    pub kind: String,
    /// Under which terms it may be used, in the operator's words.
    pub licence: String,
    /// Why it cannot be used; none for one that works.
    #[serde(default)]
    pub unavailable_reason: Option<String>,
}
