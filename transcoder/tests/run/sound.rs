//! The sound belongs to the picture: it begins and ends with it, in step, and a bad one costs no
//! good picture.

use std::path::Path;

use crate::clips::{Bench, FRAMES, probe};

const WITH_SOUND: [&str; 3] = ["webm-vp9-alpha", "mov-prores4444", "matte-grayscale-mp4"];

/// How loud each tenth of a second is, from 0 to 1.
fn loudness(bench: &Bench, path: &Path) -> Vec<f64> {
    let raw = bench.ffmpeg(&format!("-i {} -map 0:a -ac 1 -ar 8000 -f s16le", path.display()), "sound.raw");
    let samples = std::fs::read(raw).unwrap();
    let samples: Vec<f64> =
        samples.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])).abs() / 32_768.0).collect();
    samples.chunks(800).map(|tenth| tenth.iter().copied().fold(0.0, f64::max)).collect()
}

/// `#` is a tenth that is heard, `.` one that is silent; any other may be either.
fn check_heard(bench: &Bench, path: &Path, heard: &str) {
    let tenths = loudness(bench, path);
    assert!(tenths.len() >= 10, "{tenths:?}");
    for (tenth, wanted) in tenths.iter().zip(heard.chars()) {
        let fits = match wanted {
            '#' => *tenth > 0.05,
            '.' => *tenth < 0.02,
            _ => true,
        };
        assert!(fits, "{}: {heard}: {tenths:?}", path.display());
    }
}

fn check_lengths(paths: &[std::path::PathBuf]) {
    for path in paths {
        let length_s: f64 = probe(path, "v", "format=duration").parse().unwrap();
        assert!((length_s - 1.0).abs() <= 0.05, "{}: {length_s}", path.display());
    }
}

#[test]
fn sound_that_outlasts_the_picture_is_cut() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    for name in ["long.mp4", "long.mkv"] {
        let clip = bench.ffmpeg("-i green.mp4 -f lavfi -i sine=440:d=90 -map 0:v -map 1:a -c:v copy -c:a aac", name);
        let made = bench.made(&clip, &WITH_SOUND);
        check_lengths(&made);
        check_heard(&bench, &made[1], "##########");
    }
    // Live recordings say no length at all.
    let live = bench.ffmpeg("-i long.mkv -c copy -f matroska -live 1", "live.mkv");
    check_lengths(&bench.made(&live, &WITH_SOUND));
}

#[test]
fn a_picture_that_begins_late_keeps_its_sound() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let tone = "aevalsrc=if(between(t\\,1.5\\,2)\\,sin(2764*t)/2\\,0):d=3";
    for name in ["late.mp4", "late.mkv"] {
        let inputs = format!("-itsoffset 1.5 -i green.mp4 -f lavfi -i {tone}");
        let clip = bench.ffmpeg(&format!("{inputs} -map 0:v -map 1:a -c:v copy -c:a aac"), name);
        let made = bench.made(&clip, &WITH_SOUND);
        check_lengths(&made);
        assert_eq!(probe(&made[1], "v", "stream=nb_frames"), FRAMES.to_string());
        for path in &made {
            check_heard(&bench, path, "####  ....");
        }
    }
}

#[test]
fn a_gap_in_the_sound_stays_a_gap() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    for name in ["gap.mp4", "gap.mkv"] {
        let gap = "-af aselect=not(between(t\\,0.25\\,0.75))";
        let clip = bench.ffmpeg(&format!("-i green.mp4 -c:v copy -c:a aac {gap}"), name);
        for path in bench.made(&clip, &WITH_SOUND) {
            check_heard(&bench, &path, "##  ..  ##");
        }
    }
}

#[test]
fn sound_that_never_meets_the_picture_is_silence() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    for (inputs, name) in
        [("-i green.mp4 -itsoffset 4 -i green.mp4", "after.mp4"), ("-itsoffset 4 -i green.mp4 -i green.mp4", "before.mkv")]
    {
        let clip = bench.ffmpeg(&format!("{inputs} -map 0:v -map 1:a -c copy"), name);
        let made = bench.made(&clip, &WITH_SOUND);
        check_lengths(&made);
        check_heard(&bench, &made[1], "..........");
    }
}

#[test]
fn an_empty_track_is_passed_over_for_one_that_can_be_heard() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let words = "-i green.mp4 -map 0:v -map 0:a -map 0:a -c copy -bsf:a:0 noise=drop=1";
    let made = bench.made(&bench.ffmpeg(words, "empty.mkv"), &WITH_SOUND);
    check_heard(&bench, &made[1], "##########");
}

#[test]
fn a_track_that_nobody_can_decode_leaves_the_picture() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let clip = bench.ffmpeg("-i green.mp4 -c copy", "foreign.mkv");
    let mut bytes = std::fs::read(&clip).unwrap();
    let at = bytes.windows(5).position(|window| window == b"A_AAC").unwrap();
    bytes[at..at + 5].copy_from_slice(b"A_ABC");
    std::fs::write(&clip, bytes).unwrap();
    let made = bench.made(&clip, &WITH_SOUND);
    assert_eq!(probe(&made[1], "a", "stream=codec_name"), "");
}

#[test]
fn more_channels_than_players_know_become_two() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let sound = "-f lavfi -i sine=440:d=1,aformat=channel_layouts=hexadecagonal";
    let clip = bench.ffmpeg(&format!("-i green.mp4 {sound} -map 0:v -map 1:a -c:v copy -c:a pcm_s16le"), "many.mov");
    for path in bench.made(&clip, &WITH_SOUND) {
        assert_eq!(probe(&path, "a", "stream=channels"), "2");
    }
}
