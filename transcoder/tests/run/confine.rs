//! Permissions inside `confine`, tested with shell builtins and by an attacker, and the confinement
//! of real children.

mod attacks;

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::clips::Bench;
use crate::signals::{encoding, workers};

/// Runs a bash script, confined by these flags, in the bench's folder `out`.
fn confined(bench: &Bench, flags: &[&str], script: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.current_dir(bench.path("out")).arg("confine").args(flags);
    // It would take its stdin for a connection, since it may not ask, and read the files of a
    // login.
    command.args(["--", "bash", "--norc", "-c", script]).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_exit_code_and_the_words_of_the_program_come_through() {
    let bench = Bench::new();
    let output = confined(&bench, &[], "echo said; exit 7");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), &b"said\n"[..]));
    let absent = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder")).args(["confine", "--", "no-such-program"]).output();
    assert_eq!(absent.unwrap().status.code(), Some(125));
}

#[test]
fn no_socket_can_be_made() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = |protocol: &str| format!("exec 3<>/dev/{protocol}/127.0.0.1/{port} && echo connected");
    let bare = Command::new("bash").args(["-c", &script("tcp")]).output().unwrap();
    assert!(bare.status.success() && listener.accept().is_ok(), "unconfined it works: {}", stderr(&bare));
    for protocol in ["tcp", "udp"] {
        let output = confined(&bench, &["--dir", "."], &script(protocol));
        assert!(output.stdout.is_empty() && stderr(&output).contains("Operation not permitted"), "{}", stderr(&output));
    }
    assert!(listener.accept().is_err());
}

#[test]
fn no_process_can_be_started_but_threads_can() {
    let bench = Bench::new();
    let output = confined(&bench, &["--dir", "."], "(:)");
    assert!(stderr(&output).contains("fork: Operation not permitted"), "{}", stderr(&output));
    let threads = "-nostdin -v error -f lavfi -t 1 -i testsrc2=s=64x64 -c:v libx264 -threads 4 threads.mp4";
    let mut ffmpeg = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    ffmpeg.current_dir(bench.path("out")).args(["confine", "--dir", ".", "--", "ffmpeg"]).args(threads.split(' '));
    let output = ffmpeg.output().unwrap();
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
}

#[test]
fn only_what_was_given_can_be_read_and_only_the_folder_written() {
    let bench = Bench::new();
    for (name, text) in [("given", "given"), ("secret", "secret"), ("out/own", "own")] {
        std::fs::write(bench.path(name), text).unwrap();
    }
    std::os::unix::fs::symlink(bench.path("secret"), bench.path("out/link")).unwrap();
    let given = bench.path("given").display().to_string();
    // Landlock alone; with a root of its own, what is not given is not there at all.
    let flags = ["--keep-root", "--dir", ".", "--read", given.as_str()];
    for (file, readable) in [("../given", true), ("own", true), ("../secret", false), ("link", false), ("/etc/passwd", false)] {
        let output = confined(&bench, &flags, &format!("read -r line < {file} || [ -n \"$line\" ] && echo \"$line\""));
        assert_eq!(!output.stdout.is_empty(), readable, "{file}: {}", stderr(&output));
        assert_eq!(stderr(&output).contains("Permission denied"), !readable, "{file}: {}", stderr(&output));
    }
    let environment = format!("/proc/{}/environ", std::process::id());
    assert!(stderr(&confined(&bench, &flags, &format!("read -r line < {environment}"))).contains("Permission denied"));
    for (file, writable) in [("made", true), ("../made", false), ("../given", false), ("/dev/null", true)] {
        let output = confined(&bench, &flags, &format!("echo more > {file}"));
        assert_eq!(output.status.success(), writable, "{file}: {}", stderr(&output));
    }
    assert_eq!(std::fs::read_to_string(&given).unwrap(), "given");
    let own_root = ["--dir", ".", "--read", given.as_str()];
    for (file, readable) in [("../given", true), ("own", true), ("../secret", false), ("link", false), ("/etc/passwd", false)] {
        let output = confined(&bench, &own_root, &format!("read -r line < {file} || [ -n \"$line\" ] && echo \"$line\""));
        assert_eq!(!output.stdout.is_empty(), readable, "{file}: {}", stderr(&output));
    }
    let read_only = confined(&bench, &["--read", "."], "read -r line < own || echo \"$line\"; echo more > refused");
    assert!(!read_only.status.success() && read_only.stdout == b"own\n", "{}", stderr(&read_only));
}

#[test]
fn memory_processor_time_files_and_their_size_end() {
    let bench = Bench::new();
    let memory = ["--memory-bytes", "50000000"];
    let filled = |size: u64| confined(&bench, &memory, &format!("printf -v line %{size}d 1 && echo ${{#line}}"));
    assert_eq!(filled(1_000_000).stdout, b"1000000\n");
    let refused = filled(100_000_000);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", stderr(&refused));
    let endless = confined(&bench, &["--cpu-s", "1"], "while :; do :; done");
    assert_eq!(endless.status.signal(), Some(libc::SIGXCPU));
    let written = confined(&bench, &["--dir", ".", "--file-size-bytes", "1000"], "printf %2000d 1 > large");
    assert_eq!(written.status.signal(), Some(libc::SIGXFSZ), "{}", stderr(&written));
    assert!(std::fs::metadata(bench.path("out/large")).unwrap().len() <= 1_000);
    let opened = confined(&bench, &["--dir", ".", "--open-files", "8"], "for i in 3 4 5 6 7 8 9; do eval \"exec $i>f$i\"; done");
    assert!(!opened.status.success() || !bench.path("out/f9").exists(), "{}", stderr(&opened));
}

#[test]
fn it_may_abort() {
    let aborted = confined(&Bench::new(), &["--dir", "."], "kill -ABRT $$");
    assert_eq!(aborted.status.signal(), Some(libc::SIGABRT), "{}", stderr(&aborted));
}

#[test]
fn denied_calls_can_be_logged_instead() {
    let bench = Bench::new();
    let output = confined(&bench, &["--dir", ".", "--log-calls"], "(:) && chmod 600 . && echo made");
    assert_eq!(output.stdout, b"made\n", "{}", stderr(&output));
}

#[test]
fn it_dies_with_its_parent_even_when_that_died_first() {
    let bench = Bench::new();
    let output = confined(&bench, &["--parent-id", "1"], "echo alive");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(125), &b""[..]), "our parent is not process 1");
}

/// `/proc/…/status` and `limits` of a living process.
fn told(process: &str, file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(Path::new(process).join(file)).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_child_of_a_run_is_confined() {
    let bench = Bench::new();
    let mut run = encoding(&bench);
    let children = workers(&bench.path("scratch"));
    let facts = |child: &String| {
        let status = |name| told(child, "status", name);
        assert_eq!((status("NoNewPrivs:"), status("Seccomp:")), ("NoNewPrivs: 1".to_owned(), "Seccomp: 2".to_owned()));
        assert!(
            ["CapEff: 0000000000000000", "CapEff: 0000000000000004"].contains(&status("CapEff:").as_str()),
            "{}",
            status("CapEff:")
        );
        assert_eq!(told(child, "limits", "Max data size"), "Max data size 8589934592 8589934592 bytes");
        assert!(told(child, "limits", "Max address space").ends_with("bytes"), "{}", told(child, "limits", "Max address space"));
        assert_eq!(told(child, "limits", "Max stack size"), "Max stack size 8388608 8388608 bytes");
        assert_eq!(told(child, "limits", "Max open files"), "Max open files 64 64 files");
        told(child, "limits", "Max file size")
    };
    let writers = children.iter().map(facts).filter(|limit| limit != "Max file size 0 0 bytes").count();
    assert_eq!((children.len(), writers), (5, 3), "two decoders and three encoders");
    run.kill().unwrap();
    run.wait().unwrap();
}
