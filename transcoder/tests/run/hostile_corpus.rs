//! The hostile corpus, file by file: each ends in a documented code and one clear line, or in an
//! output; none makes a child read a neighbour or talk to anybody, and none leaves anything behind.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use shared::code::JobErrorCode;

use crate::clips::{Bench, FRAMES};
use crate::corpus::{Hostile, bombs, damaged, lies, scripts};
use crate::signals::{wait_until, workers};

/// The seed of all damage.
const SEED: u64 = 4;

/// Codes that say what is wrong with the file itself.
const REFUSED: [&str; 6] =
    ["source_not_video", "source_unsupported", "source_undecodable", "source_truncated", "source_no_frames", "source_too_large"];

/// Traps that no child may touch: a named pipe, on which a reader would block until it stalls, and
/// a TCP and UDP port.
struct Traps {
    pipe: PathBuf,
    tcp: TcpListener,
    udp: UdpSocket,
    port: u16,
}

impl Traps {
    fn set(bench: &Bench) -> Self {
        let pipe = bench.path("neighbour.ts");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let udp = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        Self { pipe, tcp, udp, port }
    }

    fn name(&self) -> &str {
        self.pipe.file_name().unwrap().to_str().unwrap()
    }

    /// A pipe opens for writing without waiting only while somebody waits to read it.
    fn is_being_read(&self) -> bool {
        std::fs::OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&self.pipe).is_ok()
    }

    fn was_called(&self) -> bool {
        self.tcp.accept().is_ok() || self.udp.recv(&mut [0; 16]).is_ok()
    }
}

/// Runs one file; the code it ended with, or `made`.
pub fn outcome(bench: &Bench, file: &Path) -> String {
    let output = bench.command(file, &["matte-grayscale-mp4"]).env("RUST_LOG", "off").output().unwrap();
    let (name, stderr) = (file.display(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(bench.names("scratch"), Vec::<String>::new(), "{name} left something");
    assert_eq!(workers(&bench.path("scratch")), Vec::<String>::new(), "{name} left a process");
    let made = bench.names("out");
    if output.status.success() {
        assert_eq!(made, ["matte-grayscale-mp4.mp4"], "{name}");
        std::fs::remove_file(bench.path("out").join(&made[0])).unwrap();
        return "made".to_owned();
    }
    assert_eq!((output.status.code(), made.len()), (Some(1), 0), "{name}: {stderr}");
    let line = stderr.lines().next().unwrap_or_default();
    let told = line.strip_prefix("error[").and_then(|rest| rest.split_once("]: "));
    let (code, sentence) = told.unwrap_or_else(|| panic!("{name}: {stderr}"));
    let known = JobErrorCode::find(code).unwrap_or_else(|| panic!("{name}: {stderr}"));
    assert!(known != JobErrorCode::Internal && sentence.ends_with('.'), "{name} is no fault of ours: {stderr}");
    code.to_owned()
}

/// Runs every file; what each ended with. Shown when a test fails, or with `--nocapture`.
fn outcomes(bench: &Bench, files: Vec<Hostile>) -> Vec<(String, String)> {
    let one = |file: Hostile| {
        let path = bench.path(&file.name);
        std::fs::write(&path, &file.bytes).unwrap();
        let begun = Instant::now();
        let code = outcome(bench, &path);
        println!("{}: {code}, {:.2} s", file.name, begun.elapsed().as_secs_f64());
        std::fs::remove_file(path).unwrap();
        (file.name, code)
    };
    files.into_iter().map(one).collect()
}

fn clip(bench: &Bench, options: &str, name: &str) -> Vec<u8> {
    let green = bench.path("green.mp4");
    if !green.exists() {
        bench.green("96x72", FRAMES, "green.mp4");
    }
    std::fs::read(bench.ffmpeg(&format!("-i green.mp4 {options}"), name)).unwrap()
}

#[test]
fn nothing_that_points_elsewhere_is_followed() {
    let bench = Bench::new();
    let traps = Traps::set(&bench);
    let clip = clip(&bench, "-an -c copy", "clip.mp4");
    for (name, code) in outcomes(&bench, scripts(traps.name(), traps.port, &clip)) {
        assert!(REFUSED.contains(&code.as_str()), "{name}: {code}");
        assert!(!traps.was_called(), "{name} made a connection");
    }
}

#[test]
fn a_bare_ffprobe_falls_into_the_traps() {
    let bench = Bench::new();
    let traps = Traps::set(&bench);
    let clip = clip(&bench, "-an -c copy", "clip.mp4");
    let biting = [("hls_neighbour.mp4", ""), ("ffconcat.mp4", ""), ("external_samples.mov", "-enable_drefs 1")];
    for script in scripts(traps.name(), traps.port, &clip) {
        let Some((name, options)) = biting.iter().find(|(name, _)| *name == script.name) else { continue };
        std::fs::write(bench.path(name), &script.bytes).unwrap();
        let mut ffprobe = Command::new("ffprobe");
        ffprobe.current_dir(bench.path(".")).args(["-v", "quiet"]).args(options.split_whitespace()).arg(name);
        let mut ffprobe = ffprobe.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        wait_until(&format!("{name} is followed"), || traps.is_being_read());
        ffprobe.kill().unwrap();
        ffprobe.wait().unwrap();
    }
    assert!(!traps.was_called());
    drop(std::net::TcpStream::connect(("127.0.0.1", traps.port)).unwrap());
    wait_until("the port hears", || traps.was_called());
}

#[test]
fn bombs_are_refused() {
    let bench = Bench::new();
    for (name, code) in outcomes(&bench, bombs()) {
        // What says nothing false about its size is no bomb after all: its frames are few, or
        // small.
        let harmless = ["apng_4g_frames.apng", "gif_frame_65535x65535.gif"].contains(&name.as_str());
        assert!(harmless || REFUSED.contains(&code.as_str()), "{name}: {code}");
    }
}

#[test]
fn headers_that_lie_end_in_a_code_or_are_seen_through() {
    let bench = Bench::new();
    let (mp4, matroska) = (clip(&bench, "-c copy -map 0:v", "clip.mp4"), clip(&bench, "-c copy", "clip.mkv"));
    let avi = clip(&bench, "-c:v mjpeg -an", "clip.avi");
    let outcomes = outcomes(&bench, lies(&mp4, &matroska, &avi));
    for (name, expected) in
        [("lasts_4g.avi", "source_too_large"), ("no_samples.mp4", "source_no_frames"), ("1e9_frames.mp4", "made")]
    {
        let code = outcomes.iter().find(|(found, _)| found == name).map(|(_, code)| code.as_str());
        assert_eq!(code, Some(expected), "{name}");
    }
}

#[test]
fn damaged_files_of_every_container_end_in_a_code_or_are_seen_through() {
    let bench = Bench::new();
    let kinds = [
        ("-c copy", "damaged.mp4"),
        ("-c copy -movflags +faststart", "faststart.mp4"),
        ("-c copy -movflags +frag_keyframe+empty_moov", "fragmented.mp4"),
        ("-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -c:a pcm_s16le", "damaged.mov"),
        ("-c:v libvpx-vp9 -pix_fmt yuva420p -auto-alt-ref 0 -deadline realtime -cpu-used 8 -c:a libopus", "damaged.webm"),
        ("-c:v ffv1 -c:a flac", "damaged.mkv"),
        ("-c:v mjpeg -c:a pcm_s16le", "damaged.avi"),
        ("-an", "damaged.gif"),
        ("-an", "damaged.apng"),
    ];
    let mut cut = Vec::new();
    for (seed, (options, name)) in (SEED..).zip(kinds) {
        let whole = clip(&bench, options, name);
        assert_eq!(outcome(&bench, &bench.path(name)), "made", "{name} before it is damaged");
        cut.extend(outcomes(&bench, damaged(name, &whole, seed)).into_iter().filter(|(name, _)| name.starts_with("cut_")));
    }
    for (name, code) in cut {
        assert!(REFUSED.contains(&code.as_str()), "{name}: {code}");
    }
}

#[test]
fn odd_but_whole_files_end_in_a_code_or_are_seen_through() {
    let bench = Bench::new();
    let long = "x".repeat(60_000);
    let streams = "-map 0:v ".repeat(200);
    let odd = [
        (streams.as_str(), "two_hundred_streams.mkv"),
        (&format!("-metadata title={long} -metadata comment={long} -metadata artist={long}"), "huge_metadata.mkv"),
        ("-c copy -output_ts_offset -5 -avoid_negative_ts disabled", "negative_times.mkv"),
        ("-c copy -output_ts_offset 90000", "starts_late.mkv"),
        ("-an -r 1000000 -frames:v 4 -c:v ffv1", "million_a_second.avi"),
        ("-an -frames:v 1 -c:v mjpeg -disposition:v attached_pic", "only_a_cover.mp4"),
        ("-an -vf scale=2:2 -c:v ffv1", "tiny.mkv"),
        ("-an -vf scale=8192:2 -c:v ffv1", "a_line.mkv"),
        ("-an -c:v ffv1 -aspect 1000:1", "odd_pixels.mkv"),
    ];
    for (options, name) in odd {
        clip(&bench, options, name);
        println!("{name}: {}", outcome(&bench, &bench.path(name)));
    }
}

#[test]
fn what_is_no_file_is_told_so() {
    let bench = Bench::new();
    let traps = Traps::set(&bench);
    for path in [bench.path("out"), traps.pipe.clone(), PathBuf::from("/dev/zero"), bench.path("absent.mp4")] {
        let output = bench.command(&path, &["matte-grayscale-mp4"]).env("RUST_LOG", "off").output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with("error[source_unreachable]: ") && stderr.lines().count() == 1, "{stderr}");
        assert_eq!(bench.names("scratch"), Vec::<String>::new());
    }
}
