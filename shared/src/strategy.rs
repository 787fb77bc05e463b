//! Matte strategies: their table, and the report of a choice.

use serde::{Deserialize, Serialize};

use crate::names;
use crate::price::Tariff;
use crate::task::Pool;

macro_rules! strategies {
    (
        offered { $($(#[$doc:meta])* $strategy:ident = $name:literal,
            $request:ident = $request_name:literal, $pool:ident, $tariff:ident;)* }
        internal { $($(#[$own_doc:meta])* $own_strategy:ident = $own_name:literal,
            $own_request:ident = $own_request_name:literal, $own_pool:ident, $own_tariff:ident;)* }
    ) => {
        names! {
            /// The strategy by which a matte was made.
            Strategy {
                $($(#[$doc])* $strategy = $name,)*
                $($(#[$own_doc])* $own_strategy = $own_name,)*
            }
        }

        names! {
            /// The strategy that a caller requests.
            StrategyRequest {
                /// The first strategy that fits, in the order of the table.
                Auto = "auto",
                $($(#[$doc])* $request = $request_name,)*
                $($(#[$own_doc])* $own_request = $own_request_name,)*
            }
        }

        impl Strategy {
            /// The request for this strategy alone.
            #[must_use]
            pub const fn request(self) -> StrategyRequest {
                match self {
                    $(Self::$strategy => StrategyRequest::$request,)*
                    $(Self::$own_strategy => StrategyRequest::$own_request,)*
                }
            }
        }

        impl StrategyRequest {
            /// The names that a caller may use.
            pub const CHOICES: [Self; 1 + [$($name),*].len()] = [Self::Auto, $(Self::$request),*];

            /// The strategies to try, in the order of preference.
            #[must_use]
            pub const fn strategies(self) -> &'static [Strategy] {
                match self {
                    Self::Auto => &[$(Strategy::$strategy),*],
                    $(Self::$request => &[Strategy::$strategy],)*
                    $(Self::$own_request => &[Strategy::$own_strategy],)*
                }
            }

            /// The pool whose transcoders start such work. A job whose footage needs a strategy of
            /// another pool is transferred there.
            #[must_use]
            pub const fn pool(self) -> Pool {
                match self {
                    Self::Auto => Pool::Light,
                    $(Self::$request => Pool::$pool,)*
                    $(Self::$own_request => Pool::$own_pool,)*
                }
            }
        }

        impl From<Strategy> for Tariff {
            fn from(strategy: Strategy) -> Self {
                match strategy {
                    $(Strategy::$strategy => Self::$tariff,)*
                    $(Strategy::$own_strategy => Self::$own_tariff,)*
                }
            }
        }
    };
}

// A row: strategy, request, pool, tariff.
strategies! {
    // Callers may request these by name; `auto` tries them in this order.
    offered {
        /// Keeps the source's own alpha, or fails with `no_source_alpha`.
        SourceAlpha = "source-alpha", PreserveSourceAlpha = "preserve-source-alpha", Light, Conversion;
        /// Keys a flat coloured screen, or fails with `no_matte_strategy`.
        ChromaKey = "chroma-key", ChromaKey = "chroma-key", Light, Keying;
        /// Runs a matting model of the operator's, or fails with `model_unavailable` or
        /// `no_matte_strategy`.
        OnnxMatting = "onnx-matting", OnnxMatting = "onnx-matting", Heavy, Keying;
        /// Mattes against the background of a static camera, or fails with `no_matte_strategy`.
        StaticCamera = "static-camera", StaticCamera = "static-camera", Heavy, Keying;
    }
    internal {
        /// Makes no matte: a picture and a sound become a video.
        Portrait = "portrait", Portrait = "portrait", Light, Conversion;
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
    /// Confidence that this strategy fits the footage. 0 to 1.
    pub confidence: f64,
    /// For people: one sentence.
    pub reason: String,
    /// The matting model that did it; null where none did.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub matting_model: Option<String>,
    /// The strategies that were not taken, in the order of preference; empty when one was asked for
    /// by name.
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
    /// Confidence that it fits the footage; 0: it does not. Null: not examined, since another one
    /// fits.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub confidence: Option<f64>,
    /// For people: one sentence.
    pub reason: String,
}

/// The edge's schema of strategy names, which it makes from the table.
#[cfg(feature = "openapi")]
fn alpha_strategy() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    utoipa::openapi::Ref::from_schema_name("AlphaStrategy").into()
}
