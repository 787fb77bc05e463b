//! `probe FILE`: facts, chosen strategy and plan for a local file, without running it.

use std::ffi::OsString;

use serde::Serialize;
use shared::composition::Composition;
use shared::media::{FrameRate, MediaFacts, Output, PixelSize};
use shared::qa::QaWarning;
use shared::strategy::StrategyChoice;

use crate::cli::arguments::ProbeArguments;
use crate::cli::environment::{LocalEnvironment, RunError, absolute, located};
use crate::engine::{Engine, Prepared};
use crate::ffmpeg::probe::{ColorRange, Input};
use crate::output::qa;
use crate::output::rendition::{OutputRequest, Rendition, RenditionKind};
use crate::output::run_plan::RunPlan;
use crate::output::space;
use crate::progress::ProgressSink;

/// Facts, chosen strategy and planned outputs of a source.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    facts: MediaFacts,
    /// None where the strategy was given.
    choice: Option<StrategyChoice>,
    /// Matrix, range and conversions of the source's colours.
    color: String,
    frames: u64,
    /// ffmpeg's arguments for decoding.
    decoder: Vec<String>,
    outputs: Vec<PlannedOutput>,
    /// Expected disk space while the outputs are encoded.
    disk_size_bytes: u64,
    warnings: Vec<QaWarning>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlannedOutput {
    output: Output,
    size: PixelSize,
    frame_rate: FrameRate,
    frames: u64,
    has_audio: bool,
    /// ffmpeg's arguments for it; null where this process encodes or muxes.
    encoder: Option<Vec<String>>,
}

/// Looks at a file.
pub async fn inspect(request: &ProbeArguments) -> Result<Inspection, RunError> {
    let (source, matte) = (absolute(&request.file)?, located(request.matte.clone().into())?);
    let environment = LocalEnvironment::create(&request.settings)?;
    let (sink, _progress) = ProgressSink::new();
    let engine = environment.engine(&sink);
    let prepared = engine.prepare(&source, &matte).await?;
    let outputs = if request.outputs.is_empty() { Output::ALL.to_vec() } else { request.outputs.clone() };
    let plan = Engine::plan(
        &prepared,
        &OutputRequest {
            outputs,
            preset: request.preset,
            resolution: None,
            composition: Composition::default(),
            backdrop: None,
            previews: false,
        },
    );
    Ok(describe(prepared, &plan))
}

fn describe(prepared: Prepared, plan: &RunPlan) -> Inspection {
    let has_audio = prepared.probed.facts.has_audio;
    let planned = |rendition: &Rendition| match rendition.kind {
        RenditionKind::Output(output) => Some(PlannedOutput {
            output,
            size: rendition.written_size(),
            frame_rate: rendition.params.frame_rate,
            frames: rendition.params.frames,
            has_audio: has_audio && output.carries_sound(),
            encoder: rendition.ffmpeg_arguments().map(strings),
        }),
        RenditionKind::Preview(_) => None,
    };
    Inspection {
        choice: prepared.choice,
        color: color(&prepared.probed.input),
        frames: plan.picture.length.frames,
        decoder: strings(&plan.decode),
        outputs: plan.renditions.iter().filter_map(planned).collect(),
        disk_size_bytes: space::needed_size_bytes(&plan.renditions),
        warnings: qa::source_warnings(&prepared.probed, plan),
        facts: prepared.probed.facts,
    }
}

fn strings(arguments: &[OsString]) -> Vec<String> {
    arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

fn color(input: &Input) -> String {
    let range = match input.color_range {
        ColorRange::Limited => "limited",
        ColorRange::Full => "full",
    };
    let gamut = input.wide_gamut.map(|gamut| format!(", {} brought to BT.709", gamut.as_str()));
    let tones = input.bright_transfer.map(|transfer| format!(", tones of {} mapped to BT.709's", transfer.as_str()));
    let matrix = input.color_matrix.unwrap_or("RGB");
    format!("{matrix}, {range} range{}{}", gamut.unwrap_or_default(), tones.unwrap_or_default())
}

impl Inspection {
    /// For programs.
    pub fn json(&self) -> Result<String, RunError> {
        serde_json::to_string_pretty(self).map_err(|error| RunError::Machine(error.to_string()))
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let facts = &self.facts;
        let (length_s, rate) = (std::time::Duration::from_millis(facts.duration_ms).as_secs_f64(), facts.frame_rate.as_f64());
        let mut lines = vec![
            format!("source: {}, {} {}, {}", facts.container, facts.video_codec, facts.pixel_format, facts.size),
            format!("length: {length_s:.3} s, {} frames, {rate:.3} a second", self.frames),
            format!("colour: {}", self.color),
            format!("sound: {}", if facts.has_audio { "yes" } else { "none" }),
        ];
        if let Some(choice) = &self.choice {
            lines.push(qa::choice_text(choice));
            lines.extend(choice.runners_up.iter().map(|candidate| {
                let confidence =
                    candidate.confidence.map_or_else(String::new, |confidence| format!(", confidence {confidence:.2}"));
                format!("  not {}{confidence}. {}", candidate.strategy, candidate.reason)
            }));
        }
        lines.extend(self.outputs.iter().map(|planned| {
            let sound = if planned.has_audio { ", with sound" } else { "" };
            let rate = planned.frame_rate.as_f64();
            format!("{}: {}, {rate:.3} frames a second, {} frames{sound}", planned.output, planned.size, planned.frames)
        }));
        lines.push(format!("disk: about {} MiB while they are made", self.disk_size_bytes.div_ceil(1024 * 1024)));
        lines.extend(self.warnings.iter().map(|warning| format!("warning[{}]: {}", warning.code, warning.message)));
        lines.join("\n")
    }
}
