//! Which strategy was taken for a clip, how sure that is, and what else was looked at.

use serde::{Deserialize, Serialize};

use crate::report::{Strategy, StrategyRequest};

/// The strategy that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyChoice {
    /// Its name, as it is asked for.
    #[cfg_attr(feature = "openapi", schema(schema_with = alpha_strategy))]
    pub strategy: StrategyRequest,
    /// How sure it is that this strategy fits the footage. 0 to 1.
    pub confidence: f64,
    /// For people: one sentence.
    pub reason: String,
    /// The matting model that did it; null where none did.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub matting_model: Option<String>,
    /// The strategies that were not taken, in the order of preference; empty when one was asked for by name.
    pub runners_up: Vec<StrategyCandidate>,
}

/// A strategy that was not taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyCandidate {
    /// Its name, as it is asked for.
    #[cfg_attr(feature = "openapi", schema(schema_with = alpha_strategy))]
    pub strategy: StrategyRequest,
    /// How sure it is that it would have fitted; 0: it does not. Null: not looked at, since another fits.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub confidence: Option<f64>,
    /// For people: one sentence.
    pub reason: String,
}

impl Strategy {
    /// What is asked for to get it.
    #[must_use]
    pub const fn request(self) -> StrategyRequest {
        match self {
            Self::SourceAlpha => StrategyRequest::PreserveSourceAlpha,
            Self::ChromaKey => StrategyRequest::ChromaKey,
            Self::OnnxMatting => StrategyRequest::OnnxMatting,
            Self::StaticCamera => StrategyRequest::StaticCamera,
            Self::Portrait => StrategyRequest::Portrait,
        }
    }
}

impl StrategyRequest {
    /// What a caller may ask for by name.
    pub const CHOICES: [Self; 5] =
        [Self::Auto, Self::ChromaKey, Self::PreserveSourceAlpha, Self::OnnxMatting, Self::StaticCamera];

    /// The ways to a matte that may be tried for it, the best first.
    #[must_use]
    pub const fn strategies(self) -> &'static [Strategy] {
        match self {
            Self::Auto => &[Strategy::SourceAlpha, Strategy::ChromaKey, Strategy::OnnxMatting, Strategy::StaticCamera],
            Self::PreserveSourceAlpha => &[Strategy::SourceAlpha],
            Self::ChromaKey => &[Strategy::ChromaKey],
            Self::OnnxMatting => &[Strategy::OnnxMatting],
            Self::StaticCamera => &[Strategy::StaticCamera],
            // A video that was made of the two elsewhere.
            Self::Portrait => &[Strategy::Portrait],
        }
    }
}

/// The edge describes strategies by name, from the one list of them.
#[cfg(feature = "openapi")]
fn alpha_strategy() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    utoipa::openapi::Ref::from_schema_name("AlphaStrategy").into()
}
