//! However it ends, nothing of it is left: no child, no file.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::clips::{ALL, Bench};

/// Bounds every wait; nothing is asserted about how long things take.
const WAIT_S_MAX: u64 = 60;

/// Processes that work in this folder: our children do, and nobody else knows of it.
pub fn workers(scratch: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let works_here = |path: &Path| std::fs::read_link(path.join("cwd")).is_ok_and(|folder| folder.starts_with(scratch));
    processes.map(|entry| entry.path()).filter(|path| works_here(path)).map(|path| path.display().to_string()).collect()
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(WAIT_S_MAX), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a long run and waits until both decoders and all three encoders work.
pub fn encoding(bench: &Bench) -> Child {
    let clip = bench.green("640x480", 1, "short.mp4");
    let long = bench.ffmpeg(&format!("-stream_loop 400 -i {} -an -c copy", clip.display()), "long.mp4");
    let child = bench.command(&long, &ALL).spawn().unwrap();
    // Until it is ffmpeg, a child is our own executable, still confining itself.
    let is_ffmpeg = |path: &String| std::fs::read_link(format!("{path}/exe")).is_ok_and(|program| program.ends_with("ffmpeg"));
    wait_until("five children", || workers(&bench.path("scratch")).iter().filter(|path| is_ffmpeg(path)).count() >= 5);
    child
}

fn kill(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn sigterm_and_sigint_leave_no_child_and_no_file() {
    for signal in ["-TERM", "-INT"] {
        let bench = Bench::new();
        let mut child = encoding(&bench);
        kill(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(bench.names("scratch"), Vec::<String>::new());
        assert_eq!(bench.names("out"), Vec::<String>::new());
        wait_until("no child", || workers(&bench.path("scratch")).is_empty());
    }
}

#[test]
fn sigkill_leaves_no_child_and_the_next_run_removes_the_files() {
    let bench = Bench::new();
    let mut child = encoding(&bench);
    kill(&child, "-KILL");
    assert!(!child.wait().unwrap().success());
    assert_eq!(bench.names("scratch").len(), 1, "a killed process cannot clean up");
    wait_until("no child", || workers(&bench.path("scratch")).is_empty());
    let clip = bench.green("160x120", 2, "next.mp4");
    assert_eq!(bench.made(&clip, &["matte-grayscale-mp4"]).len(), 1);
}

#[test]
fn a_dead_encoder_ends_the_run() {
    let bench = Bench::new();
    let mut child = encoding(&bench);
    let encoder = workers(&bench.path("scratch")).into_iter().find(|path| {
        let line = std::fs::read_to_string(format!("{path}/cmdline")).unwrap_or_default();
        line.contains("prores_ks")
    });
    let encoder = encoder.unwrap();
    assert!(Command::new("kill").args(["-SEGV", encoder.rsplit('/').next().unwrap()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(bench.names("scratch"), Vec::<String>::new());
    wait_until("no child", || workers(&bench.path("scratch")).is_empty());
}

/// The estimate is kept, but somebody else has filled the disk since.
#[test]
fn a_disk_that_fills_up_is_the_machines_failure_and_leaves_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let clip = bench.green("160x120", 12, "green.mp4");
    let full = bench.path("full");
    let script = "#!/bin/bash\n[[ \"$*\" == *prores_ks* ]] || exec ffmpeg \"$@\"\necho 'prores.mov: No space left on device' >&2\nexit 1\n";
    std::fs::write(&full, script).unwrap();
    std::fs::set_permissions(&full, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = bench.command(&clip, &ALL).env("FFMPEG", &full).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("No space left on device"), "{stderr}");
    assert_eq!((bench.names("out"), bench.names("scratch")), (Vec::<String>::new(), Vec::<String>::new()));
}
