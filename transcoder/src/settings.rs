//! Settings that all commands share: the programs, the scratch folder, the matting models. Each is
//! an option and an environment variable; the help of a command is their reference.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{RangedU64ValueParser, TypedValueParser};

use crate::data_folder;
use crate::engine::Programs;
use crate::matte::models::{Catalog, Limits, Providers};

/// Default time limit of a model for one frame.
/// Units: milliseconds.
const FRAME_MS_MAX: u64 = 30_000;
/// More threads than any machine has.
const THREADS_MAX: usize = 1_024;

/// Programs, scratch folder and matting models.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Programs and models")]
pub struct Settings {
    /// ffmpeg: a path, or a name that is found through PATH.
    #[arg(long, env, default_value = "ffmpeg")]
    ffmpeg: String,
    /// ffprobe: a path, or a name that is found through PATH.
    #[arg(long, env, default_value = "ffprobe")]
    ffprobe: String,
    /// Folder in which temporary folders are made.
    #[arg(long, env, default_value_os_t = std::env::temp_dir())]
    pub scratch_dir: PathBuf,
    /// Matting models: folders or ONNX files, separated as in PATH; empty for none. Without it,
    /// those that `cargo x setup` and `model add` installed.
    #[arg(long, env, value_parser = parse_paths)]
    matting_models: Option<ModelPaths>,
    /// Longest time that a model may take for one frame, in milliseconds.
    #[arg(long, env, default_value_t = FRAME_MS_MAX, value_parser = clap::value_parser!(u64).range(1..=FRAME_MS_MAX * 20))]
    matting_frame_ms_max: u64,
    /// ONNX Runtime's execution providers in order of preference, each with its options:
    /// `cuda device_id=0, cpu`.
    #[arg(long, env, default_value = "cpu", value_parser = parse_providers)]
    matting_providers: Providers,
    /// CPU threads that all models share.
    #[arg(long, env, default_value_t = cores(), value_parser = threads())]
    matting_threads: usize,
}

#[derive(Debug, Clone)]
struct ModelPaths(Vec<PathBuf>);

impl Settings {
    /// ffmpeg and ffprobe.
    pub fn programs(&self) -> Programs {
        Programs { ffmpeg: self.ffmpeg.clone(), ffprobe: self.ffprobe.clone() }
    }

    /// Reads the manifests of the matting models; loads none.
    pub fn catalog(&self) -> Catalog {
        let paths = self.matting_models.as_ref().map_or_else(data_folder::models, |paths| paths.0.clone());
        Catalog::read(paths, &self.limits())
    }

    /// Limits and resources of inference.
    pub fn limits(&self) -> Limits {
        Limits {
            frame: Duration::from_millis(self.matting_frame_ms_max),
            providers: self.matting_providers.clone(),
            threads: self.matting_threads,
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX)
}

fn threads() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..=THREADS_MAX as u64)
}

#[expect(clippy::unnecessary_wraps, reason = "clap's parsers return results")]
fn parse_paths(text: &str) -> Result<ModelPaths, Infallible> {
    Ok(ModelPaths(std::env::split_paths(text.trim()).filter(|path| !path.as_os_str().is_empty()).collect()))
}

fn parse_providers(text: &str) -> Result<Providers, String> {
    Providers::parse(text).ok_or_else(|| format!("must be {}", Providers::form()))
}
