//! Which models a job may ask for, and which matte strategy each stands for.

use shared::price::Tariff;
use shared::report::StrategyRequest;

use super::error::Error;

/// A model as it is named in requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// The first strategy that fits the footage.
    Auto,
    /// Keys a flat screen.
    LocalChromaKey,
    /// Keeps the source's own alpha; converts formats.
    LocalFfmpegEncoder,
}

impl Model {
    pub const ALL: [Self; 3] = [Self::Auto, Self::LocalChromaKey, Self::LocalFfmpegEncoder];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::LocalChromaKey => "local.chroma-key",
            Self::LocalFfmpegEncoder => "local.ffmpeg-encoder",
        }
    }

    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.as_str() == name)
    }

    pub const fn strategy(self) -> StrategyRequest {
        match self {
            Self::Auto => StrategyRequest::Auto,
            Self::LocalChromaKey => StrategyRequest::ChromaKey,
            Self::LocalFfmpegEncoder => StrategyRequest::PreserveSourceAlpha,
        }
    }

    /// What is reserved before the footage was looked at: the dearest that the model may turn out to be.
    pub const fn tariff(self) -> Tariff {
        match self {
            Self::Auto | Self::LocalChromaKey => Tariff::Keying,
            Self::LocalFfmpegEncoder => Tariff::Conversion,
        }
    }
}

/// Brings a request's two ways of saying the same thing together: a model, and a strategy. `auto` gives way to the other.
/// Errors: `InvalidRequest` when they contradict each other.
pub fn resolve(model: Option<Model>, strategy: Option<StrategyRequest>) -> Result<Model, Error> {
    let model = model.unwrap_or(Model::Auto);
    let asked = match strategy {
        None | Some(StrategyRequest::Auto) => return Ok(model),
        Some(StrategyRequest::ChromaKey) => Model::LocalChromaKey,
        Some(StrategyRequest::PreserveSourceAlpha) => Model::LocalFfmpegEncoder,
    };
    if model == Model::Auto || model == asked {
        return Ok(asked);
    }
    Err(Error::InvalidRequest {
        field: "model",
        message: format!("`{}` does not go with this `input.alphaStrategy`; leave one of them out.", model.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_names_its_model_and_contradictions_are_refused() {
        use StrategyRequest::{Auto, ChromaKey, PreserveSourceAlpha};
        for (model, strategy, expected) in [
            (None, None, Some(Model::Auto)),
            (None, Some(PreserveSourceAlpha), Some(Model::LocalFfmpegEncoder)),
            (Some(Model::Auto), Some(ChromaKey), Some(Model::LocalChromaKey)),
            (Some(Model::LocalChromaKey), Some(Auto), Some(Model::LocalChromaKey)),
            (Some(Model::LocalFfmpegEncoder), Some(PreserveSourceAlpha), Some(Model::LocalFfmpegEncoder)),
            (Some(Model::LocalFfmpegEncoder), Some(ChromaKey), None),
            (Some(Model::LocalChromaKey), Some(PreserveSourceAlpha), None),
        ] {
            assert_eq!(resolve(model, strategy).ok(), expected, "{model:?} {strategy:?}");
        }
    }
}
