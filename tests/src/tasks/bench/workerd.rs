//! Workers in a workerd process of their own, without a proxy in front; see
//! `tests/bench/serve.mjs`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::seed::Seeded;
use crate::process::Group;
use crate::tools::Tools;
use crate::workspace::Workspace;

const STOP_GRACE: Duration = Duration::from_secs(10);
/// The host of signed file URLs; nothing listens there.
pub const PUBLIC_BASE_URL: &str = "https://api.example.com";
/// Signs file URLs in every Worker.
pub const FILE_URL_SECRET: &str = "a secret of the bench alone";

/// One Worker to be served.
pub struct Worker<'a> {
    /// Also the name of its database and its bucket.
    pub name: &'a str,
    /// Files, the main one first.
    pub modules: Vec<PathBuf>,
    /// The contents of its database.
    pub seeded: &'a Seeded,
}

/// A running workerd.
pub struct Workerd {
    _group: Group,
    pid: u32,
    /// The URL of each Worker, in the order given.
    pub urls: Vec<String>,
}

#[derive(Deserialize)]
struct Ready {
    pid: u32,
    urls: Vec<String>,
}

impl Workerd {
    /// Serves Workers from a folder that holds their databases.
    pub fn start(workspace: &Workspace, tools: &Tools, state_dir: &std::path::Path, workers: &[Worker<'_>]) -> Result<Self> {
        let deployed: toml::Table = fs::read_to_string(workspace.join("wrangler.toml"))?.parse()?;
        let config = json!({
            "stateDir": state_dir,
            "compatibilityDate": deployed.get("compatibility_date"),
            "workers": workers.iter().map(|worker| json!({
                "name": worker.name,
                "modules": worker.modules,
                "vars": vars(&deployed),
                "durableObjects": durable_objects(&deployed),
                "object": { "key": worker.seeded.source_key, "sizeBytes": worker.seeded.source_size_bytes },
            })).collect::<Vec<_>>(),
        });
        let config_file = state_dir.join("serve.json");
        fs::write(&config_file, config.to_string())?;
        let log_file = state_dir.join("serve.log");
        let (reader, writer) = std::io::pipe()?;
        let mut command = std::process::Command::new(tools.node());
        command.arg(workspace.join("tests/bench/serve.mjs")).arg(config_file).current_dir(workspace.root());
        command.stdin(Stdio::null()).stdout(writer).stderr(File::create(&log_file)?);
        let group = Group::spawn(&mut command, STOP_GRACE)?;
        // The command keeps its end of the pipe open, so that the reader would never reach the end.
        command.stdout(Stdio::null());
        let mut line = String::new();
        BufReader::new(reader).read_line(&mut line)?;
        let ready: Ready = serde_json::from_str(&line)
            .with_context(|| format!("workerd does not start:\n{}", fs::read_to_string(&log_file).unwrap_or_default()))?;
        Ok(Self { _group: group, pid: ready.pid, urls: ready.urls })
    }

    /// CPU time of the process so far. `schedstat` counts nanoseconds where `stat` counts
    /// hundredths of a second, so rounds can be short. The threads of workerd live as long as the
    /// process.
    pub fn cpu_time(&self) -> Result<Duration> {
        let tasks =
            fs::read_dir(format!("/proc/{}/task", self.pid)).context("CPU time is read from /proc, and workerd is not there")?;
        tasks
            .map(|task| {
                // Nanoseconds on a processor, nanoseconds waiting for one, turns.
                let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
                let on_cpu_ns = schedstat.split_whitespace().next().context("an empty schedstat")?;
                Ok(Duration::from_nanos(on_cpu_ns.parse()?))
            })
            .sum()
    }
}

/// The deployed variables, with placeholders for the secrets.
fn vars(deployed: &toml::Table) -> Map<String, Value> {
    let plain = deployed.get("vars").and_then(toml::Value::as_table).into_iter().flatten();
    let plain = plain.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())));
    let key = "00".repeat(32);
    let own = [
        ("PUBLIC_BASE_URL", PUBLIC_BASE_URL),
        ("FILE_URL_SECRET", FILE_URL_SECRET),
        ("R2_ACCESS_KEY_ID", "bench"),
        ("R2_SECRET_ACCESS_KEY", "bench"),
        ("TRANSCODER_SECRET", "bench"),
        ("ADMIN_TOKEN", "bench"),
        ("SECRET_BOX_KEY", &key),
        // All requests come from one client.
        ("REQUESTS_PER_MINUTE", "4000000000"),
        ("SUBMISSIONS_PER_MINUTE", "4000000000"),
    ];
    plain.chain(own.map(|(name, value)| (name.to_owned(), value.into()))).collect()
}

fn durable_objects(deployed: &toml::Table) -> Map<String, Value> {
    let bindings = deployed.get("durable_objects").and_then(|table| table.get("bindings")).and_then(toml::Value::as_array);
    let text = |binding: &toml::Value, key: &str| binding.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    bindings
        .into_iter()
        .flatten()
        .filter_map(|binding| Some((text(binding, "name")?, text(binding, "class_name")?.into())))
        .collect()
}
