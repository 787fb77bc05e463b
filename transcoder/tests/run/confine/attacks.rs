//! `attacks.c`, compiled with the C compiler that Rust links with, inside and outside `confine`.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::clips::Bench;
use crate::signals::wait_until;

const FLAGS: [&str; 8] =
    ["--memory-bytes=209715200", "--file-size-bytes=100000", "--open-files=64", "--cpu-s=60", "--dir", ".", "--read", "../given"];
/// What Landlock and seccomp cannot deny: `stat` takes a path, which a filter cannot read.
const SEEN_WITHOUT_OWN_ROOT: [&str; 2] = ["see a file elsewhere", "see the parent process"];
/// Attacks that some systems refuse everybody.
const REFUSED_ANYWAY: [&str; 5] =
    ["a call with x32's number", "write the parent's memory", "io_uring", "read the parent's environment", "clone3"];
/// The attacks that are not survived.
const FATAL: [&str; 18] = [
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "open_by_handle_at",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "init_module",
    "reboot",
];

/// A bench with the attacker in `out`, and files elsewhere that it attacks.
fn attacked() -> Bench {
    let bench = Bench::new();
    for name in ["victim", "given", "removable", "movable", "out/own"] {
        std::fs::write(bench.path(name), "whole").unwrap();
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run/confine/attacks.c");
    let compiled = Command::new("cc").args(["-O1", "-Wall", "-Werror", "-o"]).arg(bench.path("out/attacks")).arg(source).output();
    let compiled = compiled.expect("the C compiler that Rust links with");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    bench
}

fn confine(bench: &Bench, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.current_dir(bench.path("out")).arg("confine").args(flags).args(FLAGS).args(["--", "./attacks"]);
    command
}

/// The names of all attacks, and of those that were allowed.
fn allowed(command: &mut Command) -> (usize, Vec<String>) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    let lines = text.lines().filter_map(|line| line.split_once(": ALLOWED")).map(|(name, _)| name.to_owned()).collect();
    (text.lines().count(), lines)
}

#[test]
fn every_attack_that_works_outside_is_denied_inside() {
    let bench = attacked();
    let (attacks, made) = allowed(&mut confine(&bench, &["--keep-root"]));
    assert_eq!(made, SEEN_WITHOUT_OWN_ROOT, "without a mount namespace");
    let (_, made) = allowed(&mut confine(&bench, &[]));
    assert!(made.is_empty() || (!has_own_root() && made == SEEN_WITHOUT_OWN_ROOT), "{made:?}");
    for name in ["victim", "given", "removable", "movable"] {
        assert_eq!(std::fs::read_to_string(bench.path(name)).unwrap(), "whole", "{name}");
    }
    let (tried, made) = allowed(Command::new("./attacks").current_dir(bench.path("out")));
    assert_eq!(tried, attacks);
    let refused = attacks - made.len();
    let excused = REFUSED_ANYWAY.iter().filter(|name| !made.iter().any(|made| made == *name)).count();
    assert_eq!(refused, excused, "outside, attacks work: {made:?}");
}

/// True if this system lets `confine` have a mount namespace; its report says so.
fn has_own_root() -> bool {
    report(&[]).1.is_empty()
}

/// Kept and broken promises.
fn report(flags: &[&str]) -> (Vec<String>, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder")).arg("confine").args(flags).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(ToOwned::to_owned).collect();
    (lines(&output.stdout), lines(&output.stderr))
}

#[test]
fn the_report_lists_each_promise_as_kept_or_not() {
    let (kept, broken) = report(&["--keep-root"]);
    assert!(broken.len() == 1 && broken[0].starts_with("files elsewhere cannot be seen (stat: Ok(())"), "{broken:?}");
    assert_eq!(kept.len(), 15, "{kept:#?}");
    let (all, broken) = report(&[]);
    assert!(all.len() == 16 || broken.len() == 1, "{broken:?}");
}

#[test]
fn calls_that_only_an_exploit_makes_are_not_survived() {
    let bench = attacked();
    for attack in FATAL {
        let output = confine(&bench, &[]).arg(attack).output().unwrap();
        assert_eq!(output.status.signal(), Some(libc::SIGSYS), "{attack}: {}", output.status);
    }
}

#[test]
fn a_hostile_child_does_not_outlive_its_parent() {
    let bench = attacked();
    let attack = format!(
        "{:?} confine --parent-id $$ {} -- ./attacks survive 600; true",
        env!("CARGO_BIN_EXE_bgless-transcoder"),
        FLAGS.join(" ")
    );
    let mut parent =
        Command::new("sh").current_dir(bench.path("out")).args(["-c", &attack]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let stat = format!("/proc/{}/stat", line.trim());
    // One that nobody has waited for yet is dead too.
    let lives = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
    assert!(lives(), "{line}");
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until("the child is dead", || !lives());
}
