//! `cargo x demo`: videos through the whole stack, from the presigned upload to a page that shows
//! the saved outputs.

pub mod clips;
mod job;
mod page;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{dev, setup};
use crate::cache::Cache;
use crate::client::Api;
use crate::stack::{self, Cron, Models, Stack, StackOptions, demo_account};
use crate::terminal::print_line;
use crate::workspace::Workspace;

const OUTPUTS: &str = "webm-vp9-alpha,mov-prores4444,matte-grayscale-mp4";

struct Options {
    input: Option<PathBuf>,
    outputs: Vec<String>,
    model: String,
    save_dir: PathBuf,
}

/// Runs the task.
pub fn run(args: lexopt::Parser) -> Result<()> {
    let workspace = Workspace::find()?;
    let options = parse(args, &workspace)?;
    fs::create_dir_all(&options.save_dir)?;
    let started = Instant::now();
    setup::ensure(&workspace, &Cache::open()?)?;
    let clips = match &options.input {
        Some(input) => vec![clips::own(input, &options.save_dir)?],
        None => clips::generate(&workspace, &options.save_dir)?,
    };
    let page = if let Some(api) = find_running(&workspace) {
        print_line("using the stack of `cargo x dev`");
        run_jobs(&options, clips, &api, &mut || Ok(()))?
    } else {
        let mut stack = Stack::start(StackOptions {
            state: workspace.output_dir().join("demo-stack"),
            transcoders: 1,
            cron: Cron::EveryMinute,
            models: Models::Installed,
            ..StackOptions::default()
        })?;
        let api = stack.api(&demo_account::ensure(&stack)?);
        let done = run_jobs(&options, clips, &api, &mut || stack.check_alive());
        stack.stop()?;
        done?
    };
    print_line(&format!("\ndone in {:.1} s; look at {}", started.elapsed().as_secs_f64(), page::file_url(&page)));
    Ok(())
}

/// Runs a job for each clip, one after another, and writes the page. `check_alive` fails when the
/// stack can no longer finish a job.
fn run_jobs(
    options: &Options,
    clips: Vec<clips::DemoClip>,
    api: &Api,
    check_alive: &mut dyn FnMut() -> Result<()>,
) -> Result<PathBuf> {
    let mut results = Vec::new();
    for clip in clips {
        let outcome = job::run(api, &clip, &options.model, &options.outputs, check_alive)?;
        results.push((clip, outcome));
    }
    page::write(&options.save_dir, &results)
}

fn parse(mut args: lexopt::Parser, workspace: &Workspace) -> Result<Options> {
    let mut options = Options {
        input: None,
        outputs: OUTPUTS.split(',').map(str::to_owned).collect(),
        model: "auto".to_owned(),
        save_dir: workspace.output_dir().join("demo"),
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("input") => {
                let path = PathBuf::from(args.value()?);
                ensure!(path.is_file(), "there is no file {}", path.display());
                options.input = Some(path);
            }
            lexopt::Arg::Long("outputs") => {
                options.outputs = args.value()?.to_string_lossy().split(',').map(|output| output.trim().to_owned()).collect();
            }
            lexopt::Arg::Long("model") => options.model = args.value()?.to_string_lossy().into_owned(),
            lexopt::Arg::Long("save") => options.save_dir = Workspace::absolute(PathBuf::from(args.value()?))?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

/// The stack of `cargo x dev`, if it is up.
fn find_running(workspace: &Workspace) -> Option<Api> {
    let text = fs::read_to_string(dev::env_file(&dev::default_state(workspace))).ok()?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let (base_url, api_key) = (value("BASE_URL")?, value("API_KEY")?);
    stack::is_healthy(base_url).then(|| Api::new(base_url, api_key))
}
