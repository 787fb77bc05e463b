//! Small files that would cost much: refused by name before they are decoded, or decoded once.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::clips::Bench;

/// A GIF whose frames change one pixel of a green screen: few bytes, many pixels.
fn gif(bench: &Bench, (width, height): (u16, u16), frames: usize) -> std::path::PathBuf {
    let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let head = [&b"GIF89a"[..], &size, &[0x80, 0, 0], &[0, 200, 60, 0, 190, 60]].concat();
    let delay = [0x21, 0xf9, 4, 0, 4, 0, 0, 0];
    let picture = [&delay[..], &[0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0]].concat();
    let path = bench.path("many.gif");
    std::fs::write(&path, [&head[..], &picture.repeat(frames), &[0x3b]].concat()).unwrap();
    path
}

/// Processor seconds of a program and all that it started; whether it succeeded.
fn cpu_s(program: &str, arguments: &[&str], bench: &Bench) -> (f64, bool) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" \"$@\" >/dev/null 2>&1; code=$?; times; exit $code", program]).args(arguments);
    shell.env("SCRATCH_DIR", bench.path("scratch")).env("MATTING_MODELS", "").env("RUST_LOG", "off");
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let times = String::from_utf8(output.stdout).unwrap();
    let of_children = times.lines().nth(1).unwrap();
    let seconds = |time: &str| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    };
    (of_children.split_whitespace().map(seconds).sum(), output.status.success())
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[test]
fn frames_of_an_animation_are_decoded_once_to_choose_how_to_cut_it_out() {
    let bench = Bench::new();
    let file = gif(&bench, (1_400, 1_000), 700);
    let (decode_s, _) = cpu_s("ffmpeg", &["-nostdin", "-v", "error", "-i", path(&file), "-f", "null", "-"], &bench);
    let (probe_s, is_done) = cpu_s(env!("CARGO_BIN_EXE_bgless-transcoder"), &["probe", path(&file)], &bench);
    // Nine samples that each decode from the beginning would take five times as long, twice.
    assert!(is_done && probe_s < decode_s * 2.5 + 3.0, "{probe_s} s of processor time, {decode_s} s for a decode");
}

#[test]
fn many_pixels_in_few_bytes_are_refused_by_name_and_at_once() {
    let bench = Bench::new();
    let file = gif(&bench, (2_000, 1_500), 7_000);
    bench.refused(&file, "source_too_large");
    let (probe_s, _) = cpu_s(env!("CARGO_BIN_EXE_bgless-transcoder"), &["probe", path(&file)], &bench);
    assert!(probe_s < 10.0, "{probe_s} s of processor time");
}

#[test]
fn sound_of_one_sample_a_second_is_refused_before_it_takes_memory() {
    let bench = Bench::new();
    let picture = bench.ffmpeg("-f lavfi -i testsrc2=s=64x64:d=0.04 -frames:v 1", "face.png");
    let samples = vec![128_u8; 3_000];
    let length = u32::try_from(samples.len()).unwrap().to_le_bytes();
    // PCM of one channel and one byte, one sample and one byte a second.
    let format = [1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 8, 0];
    let head = [&b"RIFF"[..], &3_036_u32.to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes(), &format, b"data", &length].concat();
    let sound = bench.path("slow.wav");
    std::fs::write(&sound, [head, samples].concat()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.arg("portrait").arg(&picture).arg(&sound).arg("-o").arg(bench.path("out/portrait.mp4"));
    let output = command.env("SCRATCH_DIR", bench.path("scratch")).env("RUST_LOG", "off").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && stderr.contains("error[sound_unusable]: "), "{stderr}");
}
