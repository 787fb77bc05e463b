//! What may be said on the command line, and the help that says so.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use shared::keying::{KeySettings, ScreenColor};
use shared::media::{Output, Preset, UnknownName};
use shared::portrait::PortraitShape;
use shared::strategy::StrategyRequest;

use crate::ffmpeg::confine::Confinement;
use crate::matte::strategy::MatteRequest;

const EXIT_CODES: &str = "Exit codes:
  0    done
  1    the footage cannot be worked on, or an output failed; stderr says `error[code]: sentence`
  2    wrong usage, or no such file
  3    the machine failed: disk, memory, overload; another try may succeed
  130  stopped by a signal";

/// Cuts subjects out of video.
#[derive(Parser)]
#[command(name = "bgless-transcoder", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Takes tasks from the queue until told to stop; configured by the environment.
    Serve,
    /// Works on a local file; no server, no account.
    #[command(after_help = EXIT_CODES)]
    Run(RunArguments),
    /// Makes a video of a picture and a sound; no server, no account.
    #[command(after_help = EXIT_CODES)]
    Portrait(PortraitArguments),
    /// Says what would be made of a local file, and why; makes nothing.
    #[command(after_help = EXIT_CODES)]
    Probe(ProbeArguments),
    /// Says how good a keyed video is beside its source, whoever keyed it.
    #[command(after_help = EXIT_CODES)]
    Qa(QaArguments),
    /// Restricts itself, then becomes a program; without one, tells what this kernel enforces.
    #[command(hide = true)]
    Confine(Confinement),
}

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArguments {
    /// The source.
    pub file: PathBuf,
    /// What to make, repeatable.
    #[arg(long = "output", required = true, value_parser = named::<Output>(Output::ALL.map(Output::as_str)))]
    pub outputs: Vec<Output>,
    /// Where to put it: one file per --output, or one existing folder.
    #[arg(short = 'o', required = true)]
    pub targets: Vec<PathBuf>,
    /// How to make the matte.
    #[command(flatten)]
    pub matte: MatteArguments,
    /// How well and how large.
    #[arg(long, default_value = "web-app", value_parser = named::<Preset>(Preset::ALL.map(Preset::as_str)))]
    pub preset: Preset,
    /// Fills what is clear with a colour, such as #ffffff.
    #[arg(long)]
    pub fill: Option<ScreenColor>,
    /// Fills what is clear with a picture, PNG, JPEG or WebP.
    #[arg(long, conflicts_with = "fill")]
    pub fill_picture: Option<PathBuf>,
    /// Makes previews too, in a folder `previews` beside the first output.
    #[arg(long)]
    pub previews: bool,
    /// Writes the QA report to this file, as JSON.
    #[arg(long)]
    pub report: Option<PathBuf>,
}

/// Arguments of `portrait`.
#[derive(Args)]
pub struct PortraitArguments {
    /// What is shown: JPEG, PNG or WebP.
    pub picture: PathBuf,
    /// What is heard: MP3, WAV, M4A or Ogg.
    pub sound: PathBuf,
    /// Where to put the video, an MP4.
    #[arg(short = 'o', required = true)]
    pub target: PathBuf,
    /// Its shape; the one nearest to the picture's unless said.
    #[arg(long, value_parser = named::<PortraitShape>(PortraitShape::ALL.map(PortraitShape::as_str)))]
    pub shape: Option<PortraitShape>,
}

/// Arguments of `probe`.
#[derive(Args)]
pub struct ProbeArguments {
    /// The source.
    pub file: PathBuf,
    /// What would be made, repeatable; everything unless said.
    #[arg(long = "output", value_parser = named::<Output>(Output::ALL.map(Output::as_str)))]
    pub outputs: Vec<Output>,
    /// How to make the matte.
    #[command(flatten)]
    pub matte: MatteArguments,
    /// How well and how large.
    #[arg(long, default_value = "web-app", value_parser = named::<Preset>(Preset::ALL.map(Preset::as_str)))]
    pub preset: Preset,
    /// JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// How the matte is made; `run` and `probe` share these.
#[derive(Args)]
pub struct MatteArguments {
    /// How to make the matte.
    #[arg(long, default_value = "auto", value_parser = named::<StrategyRequest>(StrategyRequest::CHOICES.map(StrategyRequest::as_str)))]
    pub strategy: StrategyRequest,
    /// Which matting model, by its id; the first that works unless said.
    #[arg(long)]
    pub matting_model: Option<String>,
    /// A picture of the background without the subject, PNG, JPEG or WebP, for footage from a camera that stands still.
    #[arg(long)]
    pub background: Option<PathBuf>,
    /// The screen's colour, such as #00b140, instead of the one found.
    #[arg(long)]
    pub screen_color: Option<ScreenColor>,
    /// Alpha up to this becomes 0; 0 to 1.
    #[arg(long, value_parser = parse_share)]
    pub black_point: Option<f32>,
    /// Alpha from this on becomes 1; 0 to 1, above the black point.
    #[arg(long, value_parser = parse_share)]
    pub white_point: Option<f32>,
    /// How much of the screen's light on the subject is taken away; 0 to 1.
    #[arg(long, value_parser = parse_share)]
    pub spill_strength: Option<f32>,
}

impl From<MatteArguments> for MatteRequest {
    fn from(arguments: MatteArguments) -> Self {
        let MatteArguments { strategy, matting_model, background, screen_color, black_point, white_point, spill_strength } =
            arguments;
        let key = KeySettings { screen_color, black_point, white_point, spill_strength };
        Self { strategy, key, matting_model, background }
    }
}

/// Arguments of `qa`.
#[derive(Args)]
pub struct QaArguments {
    /// What was keyed.
    pub source: PathBuf,
    /// What came of it: a video with alpha, frame for frame.
    pub result: PathBuf,
    /// Writes the QA report to this file, as JSON.
    #[arg(long)]
    pub report: Option<PathBuf>,
}

/// Names that the help lists and a wrong one is answered with.
fn named<T>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = UnknownName> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

fn parse_share(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "must be from 0 to 1".to_owned())
}
