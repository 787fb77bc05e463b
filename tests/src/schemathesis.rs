//! Installs schemathesis into the cache, runs it against a stack, and reads its report.
//!
//! Source of the report format: schemathesis 4, `--report ndjson`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::pip;
use crate::workspace::Workspace;

/// The folder of settings and hooks.
const FOLDER: &str = "tests/schemathesis";

/// An installed schemathesis.
#[derive(Debug)]
pub struct Schemathesis {
    workspace: Workspace,
    packages: PathBuf,
}

impl Schemathesis {
    /// Installs the pinned versions where they are missing.
    pub fn ensure() -> Result<Self> {
        Ok(Self { workspace: Workspace::find()?, packages: pip::ensure_required("schemathesis")? })
    }

    /// Tests every operation of the served API description; a finding is an error with the output
    /// of schemathesis. Returns the statuses that each operation responded with, by `METHOD path`.
    pub fn run(&self, base_url: &str, state: &Path, env: &[(&str, String)]) -> Result<BTreeMap<String, BTreeSet<u16>>> {
        let (report, log) = (state.join("schemathesis.ndjson"), state.join("schemathesis.log"));
        let folder = self.workspace.join(FOLDER);
        let output = Command::new(self.packages.join("bin/st"))
            .arg("--config-file")
            .arg(folder.join("schemathesis.toml"))
            .args(["run", &format!("{base_url}/openapi.json"), "--report", "ndjson", "--report-ndjson-path"])
            .arg(&report)
            .current_dir(state)
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("PYTHONPATH", std::env::join_paths([&folder, &self.packages])?)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(env.iter().map(|(name, value)| (name, value)))
            .output()
            .context("schemathesis cannot be run")?;
        let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        fs::write(&log, &words)?;
        if !output.status.success() {
            bail!("{words}");
        }
        statuses(&fs::read_to_string(&report)?)
    }
}

/// The statuses that each operation responded with.
fn statuses(report: &str) -> Result<BTreeMap<String, BTreeSet<u16>>> {
    let mut statuses = BTreeMap::<String, BTreeSet<u16>>::new();
    for line in report.lines() {
        let event: Value = serde_json::from_str(line)?;
        let recorder = &event["ScenarioFinished"]["recorder"];
        let Some((label, (method, _))) = recorder["label"].as_str().and_then(|label| Some((label, label.split_once(' ')?)))
        else {
            continue;
        };
        let seen = statuses.entry(label.to_owned()).or_default();
        // A skipped scenario has none. Scenarios try other methods too, which do not belong to this
        // operation.
        let interactions = recorder["interactions"].as_object().into_iter().flat_map(|all| all.values());
        for interaction in interactions.filter(|interaction| interaction["request"]["method"] == method) {
            if let Some(status) = interaction["response"]["status_code"].as_u64() {
                seen.insert(status.try_into()?);
            }
        }
    }
    Ok(statuses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scenario(interactions: &Value) -> Value {
        json!({ "ScenarioFinished": { "recorder": { "label": "GET /a", "interactions": interactions } } })
    }

    #[test]
    fn a_report_is_read_by_operation() {
        let report = [
            json!({ "Initialize": { "seed": 1 } }),
            scenario(&json!({ "w": { "request": { "method": "GET" }, "response": { "status_code": 200 } } })),
            scenario(&json!({ "x": { "request": { "method": "OPTIONS" }, "response": { "status_code": 204 } } })),
            scenario(&json!({ "y": { "request": { "method": "GET" }, "response": null } })),
            scenario(&json!({ "z": { "request": { "method": "GET" }, "response": { "status_code": 404 } } })),
            json!({ "ScenarioFinished": { "recorder": { "label": "GET /a" } } }),
        ];
        let report: String = report.map(|event| format!("{event}\n")).concat();
        let expected = BTreeMap::from([("GET /a".to_owned(), BTreeSet::from([200, 404]))]);
        assert_eq!(statuses(&report).unwrap(), expected);
    }
}
