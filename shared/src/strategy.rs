//! How a matte is made: what a caller asks for, what was done, and why that was chosen.

use serde::{Deserialize, Serialize};

use crate::names;
use crate::task::Pool;

names! {
    /// How the caller wants the matte made.
    StrategyRequest {
        /// The first that fits: source alpha, a flat screen, a matting model, a camera that stands still.
        Auto = "auto",
        /// Key a flat screen or fail with `no_matte_strategy`.
        ChromaKey = "chroma-key",
        /// Keep the source's own alpha or fail with `no_source_alpha`.
        PreserveSourceAlpha = "preserve-source-alpha",
        /// Let a matting model of the operator's do it or fail with `model_unavailable` or `no_matte_strategy`.
        OnnxMatting = "onnx-matting",
        /// Tell the subject from a background that stands still or fail with `no_matte_strategy`.
        StaticCamera = "static-camera",
        /// No matte: a picture and a sound become a video. Nobody asks for it by this name.
        Portrait = "portrait",
    }
}

impl StrategyRequest {
    /// Where such work waits. What turns out otherwise when the footage is seen is transferred.
    #[must_use]
    pub const fn pool(self) -> Pool {
        match self {
            Self::Auto | Self::ChromaKey | Self::PreserveSourceAlpha | Self::Portrait => Pool::Light,
            Self::OnnxMatting | Self::StaticCamera => Pool::Heavy,
        }
    }
}

names! {
    /// How the matte was made; the best first.
    Strategy {
        /// The source's own alpha was kept.
        SourceAlpha = "source-alpha",
        /// A flat screen was keyed.
        ChromaKey = "chroma-key",
        /// A matting model did it.
        OnnxMatting = "onnx-matting",
        /// The subject was told from a background that stands still.
        StaticCamera = "static-camera",
        /// There is no matte: a picture and a sound became a video.
        Portrait = "portrait",
    }
}

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
