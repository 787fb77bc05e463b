//! Databases with a history of jobs, written by `tests/bench/seed.mjs`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::json;

use super::workerd::{FILE_URL_SECRET, PUBLIC_BASE_URL};
use crate::interrupt;
use crate::process::Group;
use crate::terminal::{is_interactive, print_line};
use crate::tools::Tools;
use crate::workspace::Workspace;

const STOP_GRACE: Duration = Duration::from_secs(5);
/// The key of the first account.
pub const API_KEY: &str = "sk_bench";

/// Ids and URLs in a seeded database that requests can name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seeded {
    /// Finished jobs of the key's account, spread over its history, oldest first.
    pub job_ids: Vec<String>,
    /// The stored hash of the key.
    pub key_sha256: String,
    /// The key of an uploaded object of the account.
    pub source_key: String,
    /// Its signed URL.
    pub source_url: String,
    /// Its size.
    pub source_size_bytes: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Progress { done: u64, of: u64 },
    Done(Seeded),
}

/// The time at which histories end; read once, so that all databases are equal.
pub fn now_ms() -> Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis())?)
}

/// Writes the database of a Worker below workerd's state folder.
pub fn seed(workspace: &Workspace, tools: &Tools, state_dir: &Path, worker: &str, job_count: u64, now_ms: u64) -> Result<Seeded> {
    let started = Instant::now();
    let config = json!({
        "stateDir": state_dir,
        "databaseId": worker,
        "migrationsDir": workspace.join("migrations/d1"),
        "jobCount": job_count,
        "nowMs": now_ms,
        "apiKey": API_KEY,
        "publicBaseUrl": PUBLIC_BASE_URL,
        "fileUrlSecret": FILE_URL_SECRET,
    });
    let (reader, writer) = std::io::pipe()?;
    let mut command = Command::new(tools.node());
    command.arg("--disable-warning=ExperimentalWarning").arg(workspace.join("tests/bench/seed.mjs")).arg(config.to_string());
    let mut group = Group::spawn(command.stdin(Stdio::null()).stdout(writer), STOP_GRACE)?;
    // The command keeps its end of the pipe open, so that the reader would never reach the end.
    command.stdout(Stdio::null());
    let bar = if is_interactive() { ProgressBar::new(job_count) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} jobs ({elapsed})")?);
    let mut seeded = None;
    for line in BufReader::new(reader).lines() {
        interrupt::check()?;
        match serde_json::from_str(&line?)? {
            Line::Progress { done, of } => {
                bar.set_position(done);
                if !is_interactive() && done % (of / 10).max(1) == 0 && of > 100_000 {
                    print_line(&format!("  {done} of {of} jobs"));
                }
            }
            Line::Done(done) => seeded = Some(done),
        }
    }
    bar.finish_and_clear();
    group.stop()?;
    let seeded = seeded.context("the database was not written")?;
    ensure!(!seeded.job_ids.is_empty(), "too few jobs to request");
    print_line(&format!("✓ database of `{worker}` with {job_count} jobs ({:.1} s)", started.elapsed().as_secs_f64()));
    Ok(seeded)
}
