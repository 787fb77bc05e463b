//! The table of models, which `GET /v1/models` lists.

use shared::matting::MODEL_REPORT_PERIOD_MS;
use shared::media::Output;
use shared::names;
use shared::price::{self, Tariff};
use shared::strategy::StrategyRequest;

use super::error::Error;
use super::generation;

/// The provider KIE: its name in models, tables and the path that it calls.
pub const KIE: &str = "kie";

names! {
    /// A model as it is named in requests and answers.
    Model {
        /// The first strategy that fits the footage.
        Auto = "auto",
        /// Keys a flat screen.
        LocalChromaKey = "local.chroma-key",
        /// Keeps the source's own alpha; converts formats.
        LocalFfmpegEncoder = "local.ffmpeg-encoder",
        /// Uses a matting model of the operator.
        LocalOnnxMatting = "local.onnx-matting",
        /// Separates the subject from a static background.
        LocalStaticCamera = "local.static-camera",
        /// Generates a video from a prompt or an image, in front of a screen that is then keyed.
        KieKling3Video = "kie.kling-3-video",
        /// Shows a picture while a sound plays.
        LocalPortrait = "local.portrait",
        /// Animates a face to a sound.
        KieKlingAvatar = "kie.kling-avatar",
    }
}

names! {
    /// Which models may make a portrait, by the operator's choice.
    PortraitMaker {
        /// The provider, where it is configured and takes both files; else the transcoders.
        Any = "auto",
        /// The transcoders.
        Local = "local.portrait",
    }
}

/// The largest file of which a provider makes a portrait. Source: docs.kie.ai,
/// `kling/ai-avatar-standard`.
/// Units: bytes. 10 MB.
pub const AVATAR_FILE_SIZE_BYTES_MAX: u64 = 10_000_000;

/// Transcoders report their models every five minutes; one that was not reported for so long counts
/// as unavailable.
/// Units: milliseconds. A quarter of an hour.
pub const MODEL_STALE_AFTER_MS: u64 = 3 * MODEL_REPORT_PERIOD_MS;
/// One that was not reported for so long is not listed any more.
/// Units: milliseconds. A day.
pub const MODEL_DELETED_AFTER_MS: u64 = 24 * 60 * 60 * 1_000;
/// Most models in one report.
pub const MATTING_MODELS_MAX: usize = 64;
/// The public message about a model that no transcoder could load.
pub const MATTING_MODEL_FAILED: &str = "The transcoders cannot load it; their logs say why.";
/// Longest id of a matting model.
const MATTING_ID_CHARS_MAX: usize = 80;

/// Reads a model's name in a request: one of the list, or `local.onnx-matting/` and the id of one
/// of the operator's.
pub fn parse_name(text: &str) -> Option<(Model, Option<String>)> {
    match text.split_once('/') {
        None => Model::find(text).map(|model| (model, None)),
        Some((name, id)) if Model::find(name) == Some(Model::LocalOnnxMatting) && is_matting_id(id) => {
            Some((Model::LocalOnnxMatting, Some(id.to_owned())))
        }
        Some(_) => None,
    }
}

/// A model's name in answers.
pub fn render_name(model: Model, matting_model: Option<&str>) -> String {
    matting_model.map_or_else(|| model.as_str().to_owned(), |id| format!("{}/{id}", model.as_str()))
}

/// Returns true for a well-formed id of a matting model.
pub fn is_matting_id(id: &str) -> bool {
    (1..=MATTING_ID_CHARS_MAX).contains(&id.len()) && id.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char))
}

names! {
    /// The kind of a job's input.
    Mode {
        /// A video that is there.
        Video = "video",
        /// A prompt.
        Text = "text",
        /// A picture.
        Image = "image",
    }
}

/// The properties of a model.
pub struct ModelInfo {
    pub provider: &'static str,
    pub display_name: &'static str,
    /// Empty where only another dialect's jobs use it.
    pub modes: &'static [Mode],
    pub capabilities: &'static [&'static str],
    /// The reserve before the source is probed: the highest price that the model may have.
    pub tariff: Tariff,
    pub strategy: StrategyRequest,
}

impl ModelInfo {
    /// The duration that is reserved for where the request names none.
    /// Units: milliseconds.
    pub const fn assumed_duration_ms(&self) -> u64 {
        match self.tariff {
            Tariff::Conversion | Tariff::Keying | Tariff::Avatar => price::ASSUMED_DURATION_MS,
            Tariff::Generation => generation::ASSUMED_DURATION_MS,
        }
    }
}

impl Model {
    /// The outputs that it can make.
    pub const fn outputs(self) -> &'static [Output] {
        match self {
            Self::LocalPortrait | Self::KieKlingAvatar => &[Output::OpaqueMp4],
            _ => &Output::ALL,
        }
    }

    /// The model that runs a strategy alone on a video; none for `auto` and `portrait`.
    fn of_strategy(strategy: StrategyRequest) -> Option<Self> {
        let is_of = |model: &Self| {
            let info = model.info();
            info.strategy == strategy && info.modes.contains(&Mode::Video)
        };
        Self::ALL.into_iter().filter(|model| *model != Self::Auto).find(is_of)
    }

    pub const fn info(self) -> ModelInfo {
        match self {
            Self::Auto => ModelInfo {
                provider: "local",
                display_name: "Automatic",
                modes: &[Mode::Video],
                capabilities: &["preserve-source-alpha", "chroma-key", "onnx-matting", "static-camera", "audio"],
                tariff: Tariff::Keying,
                strategy: StrategyRequest::Auto,
            },
            Self::LocalChromaKey => ModelInfo {
                provider: "local",
                display_name: "Chroma key",
                modes: &[Mode::Video],
                capabilities: &["chroma-key", "audio"],
                tariff: Tariff::Keying,
                strategy: StrategyRequest::ChromaKey,
            },
            Self::LocalFfmpegEncoder => ModelInfo {
                provider: "local",
                display_name: "Format conversion",
                modes: &[Mode::Video],
                capabilities: &["preserve-source-alpha", "audio"],
                tariff: Tariff::Conversion,
                strategy: StrategyRequest::PreserveSourceAlpha,
            },
            Self::LocalOnnxMatting => ModelInfo {
                provider: "local",
                display_name: "Matting model",
                modes: &[Mode::Video],
                capabilities: &["onnx-matting", "audio"],
                tariff: Tariff::Keying,
                strategy: StrategyRequest::OnnxMatting,
            },
            Self::LocalStaticCamera => ModelInfo {
                provider: "local",
                display_name: "Static camera",
                modes: &[Mode::Video],
                capabilities: &["static-camera", "audio"],
                tariff: Tariff::Keying,
                strategy: StrategyRequest::StaticCamera,
            },
            Self::KieKling3Video => ModelInfo {
                provider: KIE,
                display_name: "Kling 3 video",
                modes: &[Mode::Text, Mode::Image],
                capabilities: &["generation", "chroma-key"],
                tariff: Tariff::Generation,
                strategy: StrategyRequest::ChromaKey,
            },
            Self::LocalPortrait => ModelInfo {
                provider: "local",
                display_name: "Portrait",
                modes: &[],
                capabilities: &["portrait", "audio"],
                tariff: Tariff::Conversion,
                strategy: StrategyRequest::Portrait,
            },
            Self::KieKlingAvatar => ModelInfo {
                provider: KIE,
                display_name: "Kling avatar",
                modes: &[],
                capabilities: &["generation", "portrait", "audio"],
                tariff: Tariff::Avatar,
                strategy: StrategyRequest::Portrait,
            },
        }
    }
}

/// Resolves the three ways to choose a model: by name, by strategy, and by the kind of input.
/// Errors: `InvalidRequest` when they contradict each other.
pub fn resolve(model: Option<Model>, strategy: Option<StrategyRequest>, mode: Mode) -> Result<Model, Error> {
    let default = match mode {
        Mode::Video => Model::Auto,
        Mode::Text | Mode::Image => Model::KieKling3Video,
    };
    // `auto` leaves the choice open.
    let named = model.filter(|model| *model != Model::Auto);
    // Generated videos are keyed: for them `chroma-key` names no model of its own.
    let by_strategy =
        strategy.and_then(Model::of_strategy).filter(|model| mode == Mode::Video || *model != Model::LocalChromaKey);
    let model = named.or(by_strategy).unwrap_or(default);
    if by_strategy.is_some_and(|by_strategy| by_strategy != model) {
        return Err(Error::invalid(
            "model",
            format!("`{}` does not go with this `input.alphaStrategy`; leave one of them out.", model.as_str()),
        ));
    }
    if !model.info().modes.contains(&mode) {
        return Err(Error::invalid("input.mode", format!("`{}` does not start from `{}`.", model.as_str(), mode.as_str())));
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matting_model_is_named_behind_its_strategy_and_nothing_else_is() {
        for (text, model, matting_model) in [
            ("auto", Model::Auto, None),
            ("local.onnx-matting", Model::LocalOnnxMatting, None),
            ("local.onnx-matting/RVM_mobilenetv3-1.0", Model::LocalOnnxMatting, Some("RVM_mobilenetv3-1.0")),
        ] {
            assert_eq!(parse_name(text), Some((model, matting_model.map(str::to_owned))), "{text}");
            assert_eq!(render_name(model, matting_model), text);
        }
        for text in ["", "rvm", "auto/rvm", "local.onnx-matting/", "local.onnx-matting/a/b", "local.onnx-matting/../a b"] {
            assert_eq!(parse_name(text), None, "{text}");
        }
    }

    #[test]
    fn every_strategy_that_callers_may_request_has_a_model() {
        for strategy in StrategyRequest::CHOICES {
            let model = resolve(None, Some(strategy), Mode::Video).unwrap();
            assert_eq!(model.info().strategy, strategy);
        }
    }

    #[test]
    fn a_strategy_names_its_model_and_contradictions_are_refused() {
        use StrategyRequest::{Auto, ChromaKey, OnnxMatting, PreserveSourceAlpha, StaticCamera};
        for (model, strategy, mode, expected) in [
            (None, None, Mode::Video, Some(Model::Auto)),
            (None, Some(PreserveSourceAlpha), Mode::Video, Some(Model::LocalFfmpegEncoder)),
            (Some(Model::Auto), Some(ChromaKey), Mode::Video, Some(Model::LocalChromaKey)),
            (Some(Model::LocalChromaKey), Some(Auto), Mode::Video, Some(Model::LocalChromaKey)),
            (Some(Model::LocalFfmpegEncoder), Some(PreserveSourceAlpha), Mode::Video, Some(Model::LocalFfmpegEncoder)),
            (Some(Model::LocalFfmpegEncoder), Some(ChromaKey), Mode::Video, None),
            (Some(Model::LocalChromaKey), Some(PreserveSourceAlpha), Mode::Video, None),
            (None, None, Mode::Text, Some(Model::KieKling3Video)),
            (Some(Model::Auto), Some(ChromaKey), Mode::Image, Some(Model::KieKling3Video)),
            (Some(Model::KieKling3Video), None, Mode::Video, None),
            (Some(Model::LocalChromaKey), None, Mode::Text, None),
            (None, Some(OnnxMatting), Mode::Video, Some(Model::LocalOnnxMatting)),
            (None, Some(StaticCamera), Mode::Video, Some(Model::LocalStaticCamera)),
            (Some(Model::LocalOnnxMatting), Some(StaticCamera), Mode::Video, None),
            (None, Some(StaticCamera), Mode::Text, None),
            (Some(Model::LocalPortrait), None, Mode::Video, None),
            (Some(Model::KieKlingAvatar), None, Mode::Image, None),
        ] {
            assert_eq!(resolve(model, strategy, mode).ok(), expected, "{model:?} {strategy:?} {mode:?}");
        }
    }
}
