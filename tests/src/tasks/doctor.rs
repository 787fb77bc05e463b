//! `cargo x doctor`: tool versions, what is missing, and where to get it.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};
use serde_json::Value;

use super::setup;
use crate::cache::Cache;
use crate::onnx_runtime;
use crate::terminal::print_line;
use crate::tools::{
    FFMPEG_ENCODERS, NODE_VERSION_MIN, PINNED_CRATES, RUSTC_VERSION_MIN, Tools, WASM_BINDGEN_VERSION, WASM_TARGET,
    WORKER_BUILD_VERSION, output_of, parse_version,
};
use crate::workspace::Workspace;

const SETUP: &str = "cargo x setup";
const FFMPEG: &str = "cargo x setup, or your system's ffmpeg, 5.1 or later";

/// One line of the table.
#[derive(Debug)]
struct Finding {
    what: String,
    found: Option<String>,
    wanted: String,
    is_good: bool,
    remedy: &'static str,
}

/// Runs the task.
pub fn run(args: lexopt::Parser) -> Result<()> {
    super::expect_no_more(args)?;
    let (workspace, cache) = (Workspace::find()?, Cache::open()?);
    let tools = Tools::new(&workspace, &cache);
    let mut findings = find_tools(&workspace, &tools);
    findings.extend(find_encoders());
    findings.push(installed("ONNX Runtime", onnx_runtime::is_linked(&cache)));
    findings.push(installed("matting model selfie", setup::has_model(&cache)));
    findings.extend(find_pins(&workspace)?);
    findings.push(find_compatibility_date(&workspace)?);
    print_line(&format!("   {:26} {:22} {:22} get it by", "what", "found", "wanted"));
    for finding in &findings {
        let mark = if finding.is_good { '✓' } else { '✗' };
        let remedy = if finding.is_good { "" } else { finding.remedy };
        let found = finding.found.as_deref().unwrap_or("nothing");
        print_line(format!("{mark}  {:26} {found:22} {:22} {remedy}", finding.what, finding.wanted).trim_end());
    }
    match findings.iter().filter(|finding| !finding.is_good).count() {
        0 => Ok(()),
        count => bail!("{count} of {} do not meet the requirements", findings.len()),
    }
}

fn find_tools(workspace: &Workspace, tools: &Tools) -> Vec<Finding> {
    let version = |command: &mut Command| output_of(command).and_then(|text| Some(text.lines().next()?.trim().to_owned()));
    let rustc = version(Command::new("rustc").arg("--version"));
    let rustc = rustc.and_then(|line| line.split_whitespace().nth(1).map(str::to_owned));
    let node = version(Command::new(tools.node()).arg("--version"));
    let npm = version(Command::new("npm").arg("--version"));
    let wasm_bindgen = version(Command::new(tools.wasm_bindgen()).arg("--version"));
    let worker_build = version(Command::new(tools.worker_build()).arg("--version"));
    let wasm_target = setup::has_wasm_target().then(|| "installed".to_owned());
    let mut findings = vec![
        at_least("rustc", rustc, RUSTC_VERSION_MIN, "rustup update stable (https://rustup.rs)"),
        Finding { is_good: wasm_target.is_some(), ..exactly("wasm target", wasm_target, WASM_TARGET, SETUP) },
        exactly("wasm-bindgen", wasm_bindgen, WASM_BINDGEN_VERSION, SETUP),
        exactly("worker-build", worker_build, WORKER_BUILD_VERSION, SETUP),
        at_least("npm", npm, (9, 0), "your system's nodejs and npm (Debian: apt-get install npm)"),
        at_least("node for wrangler", node, NODE_VERSION_MIN, SETUP),
    ];
    let python = version(Command::new("python3").arg("--version"));
    let remedy = "your system's Python (Debian: apt-get install python3-pip)";
    findings.push(at_least("python3", python, (3, 11), remedy));
    let manifest = read_json(workspace, "package.json");
    for package in ["wrangler", "esbuild", "binaryen"] {
        let wanted = manifest["devDependencies"][package].as_str().unwrap_or_default().to_owned();
        let installed = read_json(workspace, &format!("node_modules/{package}/package.json"));
        findings.push(exactly(package, installed["version"].as_str().map(str::to_owned), &wanted, SETUP));
    }
    for program in ["ffmpeg", "ffprobe"] {
        let found = version(Command::new(program).arg("-version"));
        let found = found.and_then(|line| line.split_whitespace().nth(2).map(str::to_owned));
        findings.push(at_least(program, found, (5, 1), FFMPEG));
    }
    findings
}

fn find_encoders() -> Vec<Finding> {
    let listed = output_of(Command::new("ffmpeg").args(["-hide_banner", "-encoders"])).unwrap_or_default();
    let has = |encoder| listed.lines().any(|line| line.split_whitespace().nth(1) == Some(encoder));
    let finding = |encoder| {
        let found = has(encoder).then(|| "installed".to_owned());
        Finding { is_good: found.is_some(), ..exactly(&format!("ffmpeg {encoder}"), found, "any", FFMPEG) }
    };
    FFMPEG_ENCODERS.into_iter().map(finding).collect()
}

/// The crates that must be updated together with the tools.
fn find_pins(workspace: &Workspace) -> Result<Vec<Finding>> {
    let lock: toml::Table = fs::read_to_string(workspace.join("Cargo.lock"))?.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let versions = |name: &str| {
        let named = packages.iter().filter(|package| package.get("name").and_then(toml::Value::as_str) == Some(name));
        named.filter_map(|package| package.get("version")?.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let finding = |(name, wanted): (&str, &str)| {
        let found = Some(versions(name).join(" and ")).filter(|found| !found.is_empty());
        exactly(&format!("crate {name}"), found, wanted, "the pins in Cargo.toml and tests/src/tools.rs, together")
    };
    Ok(PINNED_CRATES.into_iter().map(finding).collect())
}

/// workerd refuses a date later than its own release.
fn find_compatibility_date(workspace: &Workspace) -> Result<Finding> {
    let config: toml::Table = fs::read_to_string(workspace.join("wrangler.toml"))?.parse()?;
    let date = config.get("compatibility_date").and_then(toml::Value::as_str).map(str::to_owned);
    let lock = read_json(workspace, "package-lock.json");
    let workerd = lock["packages"]["node_modules/workerd"]["version"].as_str().unwrap_or_default().to_owned();
    let release = workerd.split('.').nth(1).unwrap_or_default().to_owned();
    let is_good = date.as_ref().is_some_and(|date| date.replace('-', "") <= release);
    Ok(Finding {
        what: "compatibility_date".to_owned(),
        found: date,
        wanted: format!("≤ workerd {release}"),
        is_good,
        remedy: "an earlier date in wrangler.toml, or a later wrangler",
    })
}

fn installed(what: &str, is_good: bool) -> Finding {
    let text = || "installed".to_owned();
    Finding { what: what.to_owned(), found: is_good.then(text), wanted: text(), is_good, remedy: SETUP }
}

fn exactly(what: &str, found: Option<String>, wanted: &str, remedy: &'static str) -> Finding {
    // `wasm-bindgen 0.2.129` and `0.8.7` alike.
    let is_good = found.as_deref().and_then(|found| found.split_whitespace().last()) == Some(wanted);
    Finding { what: what.to_owned(), found, wanted: wanted.to_owned(), is_good, remedy }
}

fn at_least(what: &str, found: Option<String>, wanted: (u32, u32), remedy: &'static str) -> Finding {
    let is_good = found.as_deref().and_then(parse_version).is_some_and(|version| version >= wanted);
    Finding { what: what.to_owned(), found, wanted: format!("≥ {}.{}", wanted.0, wanted.1), is_good, remedy }
}

fn read_json(workspace: &Workspace, path: &str) -> Value {
    let text = fs::read_to_string(workspace.join(path)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
