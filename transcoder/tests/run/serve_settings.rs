//! `serve` is configured by the environment, and its help is the reference of the variables.

use std::process::{Command, Output};

const REQUIRED: [&str; 8] = [
    "EDGE_URL",
    "TRANSCODER_SECRET",
    "CLOUDFLARE_ACCOUNT_ID",
    "QUEUE_API_TOKEN",
    "R2_S3_ENDPOINT",
    "R2_BUCKET_NAME",
    "R2_ACCESS_KEY_ID",
    "R2_SECRET_ACCESS_KEY",
];
const OPTIONAL: [&str; 19] = [
    "QUEUE_API_URL",
    "QUEUE_ID",
    "HEAVY_QUEUE_ID",
    "CONCURRENCY",
    "HEAVY_CONCURRENCY",
    "VISIBILITY_TIMEOUT_MS",
    "POLL_INTERVAL_MS",
    "SHUTDOWN_GRACE_S",
    "JOB_TIMEOUT_S",
    "EDGE_SILENCE_S",
    "HEALTH_ADDR",
    "ALLOWED_PRIVATE_HOSTS",
    "SCRATCH_DIR",
    "FFMPEG",
    "FFPROBE",
    "MATTING_MODELS",
    "MATTING_FRAME_MS_MAX",
    "MATTING_PROVIDERS",
    "MATTING_THREADS",
];
const SECRET: &str = "hush-hush";

fn serve(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.arg("serve").args(arguments).env_clear().envs(variables.iter().copied()).output().unwrap()
}

fn refusal(variables: &[(&str, &str)]) -> String {
    let output = serve(&[], variables);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(!stderr.contains(SECRET), "{stderr}");
    stderr
}

fn required() -> Vec<(&'static str, &'static str)> {
    REQUIRED
        .map(|name| (name, if name.ends_with("URL") || name.ends_with("ENDPOINT") { "http://127.0.0.1:9" } else { SECRET }))
        .to_vec()
}

#[test]
fn every_missing_variable_is_named_at_once_and_an_empty_one_is_missing() {
    for variables in [vec![], REQUIRED.map(|name| (name, " ")).to_vec()] {
        let stderr = refusal(&variables);
        assert!(REQUIRED.iter().all(|name| stderr.contains(&format!("<{name}>"))), "{stderr}");
    }
}

#[test]
fn missing_queues_and_wrong_values_are_named_and_no_secret_is_shown() {
    let stderr = refusal(&[required(), vec![("QUEUE_ID", ""), ("HEAVY_CONCURRENCY", "0")]].concat());
    assert!(stderr.contains("QUEUE_ID is missing") && !stderr.contains("HEAVY_QUEUE_ID"), "{stderr}");
    let stderr = refusal(&[required(), vec![("CONCURRENCY", "many")]].concat());
    assert!(stderr.contains("<CONCURRENCY>"), "{stderr}");
}

#[test]
fn the_help_lists_every_variable_and_shows_no_secret() {
    let output = serve(&["--help"], &required());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(REQUIRED.iter().chain(&OPTIONAL).all(|name| stdout.contains(&format!("[env: {name}"))), "{stdout}");
    // The account and the bucket's name may be shown.
    assert_eq!(stdout.matches(SECRET).count(), 2, "{stdout}");
}
