//! Footage that cannot be worked on, and files that are something else than they are called.

use std::path::PathBuf;

use crate::clips::{ALL, Bench, FRAMES};

#[test]
fn natural_footage_has_no_strategy() {
    let bench = Bench::new();
    for picture in ["testsrc2", "mandelbrot", "smptebars"] {
        let clip = bench.ffmpeg(&format!("-f lavfi -i {picture}=s=160x120:r=12 -frames:v 12 -c:v libx264"), "natural.mp4");
        bench.refused(&clip, "no_matte_strategy");
    }
}

#[test]
fn alpha_that_is_asked_for_must_be_there() {
    let bench = Bench::new();
    let green = bench.green("160x120", 2, "green.mp4");
    let output = bench.command(&green, &ALL).args(["--strategy", "preserve-source-alpha"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[no_source_alpha]: "));
    let natural =
        bench.ffmpeg("-f lavfi -i testsrc2=s=160x120:r=12,format=yuva444p10le -frames:v 2 -c:v prores_ks", "natural.mov");
    let output = bench.command(&natural, &ALL).args(["--strategy", "chroma-key"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[no_matte_strategy]: "));
}

#[test]
fn declared_alpha_that_is_opaque_everywhere_does_not_stop_keying() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let opaque = bench.ffmpeg("-i green.mp4 -an -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le", "opaque.mov");
    assert_eq!(bench.made(&opaque, &["matte-grayscale-mp4"]).len(), 1);
}

#[test]
fn scripts_and_texts_called_mp4_are_refused_and_their_neighbours_not_read() {
    let bench = Bench::new();
    let neighbour = bench.green("160x120", FRAMES, "neighbour.mp4");
    let name = neighbour.file_name().unwrap().to_str().unwrap();
    for text in [
        "this is a text\n".to_owned(),
        String::new(),
        format!("ffconcat version 1.0\nfile {name}\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n"),
        format!("v=0\no=- 0 0 IN IP4 127.0.0.1\ns={name}\nm=video 5004 RTP/AVP 96\n"),
    ] {
        let file = bench.path("script.mp4");
        std::fs::write(&file, text).unwrap();
        bench.refused(&file, "source_not_video");
    }
}

#[test]
fn a_file_that_only_begins_like_a_video_is_refused() {
    let bench = Bench::new();
    let file = bench.path("fake.mkv");
    std::fs::write(&file, [&[0x1a, 0x45, 0xdf, 0xa3][..], b"#EXTM3U\nneighbour.mp4\n"].concat()).unwrap();
    bench.refused(&file, "source_not_video");
}

#[test]
fn sound_alone_is_not_a_video() {
    let bench = Bench::new();
    let sound = bench.ffmpeg("-f lavfi -i sine=440:d=1 -c:a aac", "sound.mp4");
    bench.refused(&sound, "source_not_video");
}

#[test]
fn half_a_file_is_truncated_wherever_its_index_stands() {
    let bench = Bench::new();
    let cut = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() * 6 / 10]).unwrap();
        path
    };
    bench.refused(&cut(bench.green("160x120", FRAMES, "index_last.mp4")), "source_truncated");
    bench.green("160x120", FRAMES, "whole.mp4");
    for (options, name) in [("-movflags +faststart", "index_first.mp4"), ("", "cut.mkv"), ("", "cut.avi")] {
        let whole = bench.ffmpeg(&format!("-i whole.mp4 -c copy {options}"), name);
        bench.refused(&cut(whole), "source_truncated");
    }
}

#[test]
fn half_an_animation_is_truncated() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    for name in ["cut.gif", "cut.apng"] {
        let whole = bench.ffmpeg("-i green.mp4", name);
        assert_eq!(bench.made(&whole, &["matte-grayscale-mp4"]).len(), 1);
        std::fs::remove_file(bench.path("out").join("matte-grayscale-mp4.mp4")).unwrap();
        let bytes = std::fs::read(&whole).unwrap();
        std::fs::write(&whole, &bytes[..bytes.len() * 6 / 10]).unwrap();
        bench.refused(&whole, "source_truncated");
    }
}

#[test]
fn more_frames_than_are_declared_are_refused() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let clip = bench.ffmpeg("-stream_loop 7 -i green.mp4 -an -c copy", "liar.mkv");
    let mut bytes = std::fs::read(&clip).unwrap();
    let (true_length, claimed) = (b"00:00:08.000", b"00:00:00.200");
    let at = bytes.windows(12).position(|window| window == true_length).unwrap();
    bytes[at..at + 12].copy_from_slice(claimed);
    std::fs::write(&clip, bytes).unwrap();
    bench.refused(&clip, "source_too_large");
}

#[test]
fn a_stream_without_frames_is_told_so() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let empty = bench.ffmpeg("-i green.mp4 -c copy -map 0 -bsf:v noise=drop=1", "empty.mkv");
    bench.refused(&empty, "source_no_frames");
}

#[test]
fn too_large_a_picture_is_refused() {
    let bench = Bench::new();
    let huge = bench.ffmpeg("-f lavfi -i color=green:s=8200x64:r=1 -frames:v 1 -c:v ffv1", "huge.avi");
    bench.refused(&huge, "source_too_large");
}

#[test]
fn wrong_usage_is_another_exit_code() {
    let bench = Bench::new();
    let green = bench.green("160x120", 2, "green.mp4");
    for outputs in [&["gif89a"][..], &[], &["webm-vp9-alpha", "webm-vp9-alpha"]] {
        assert_eq!(bench.run(&green, outputs).status.code(), Some(2));
    }
    let two_targets = bench.command(&green, &["webm-vp9-alpha"]).args(["-o", "b.webm"]).output().unwrap();
    assert_eq!(two_targets.status.code(), Some(2));
    assert_eq!(bench.run(&bench.path("none.mp4"), &["webm-vp9-alpha"]).status.code(), Some(1));
    let one_file = bench.path("one.file");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.arg("run").arg(&green).args(["--output", "webm-vp9-alpha", "--output", "mov-prores4444"]);
    let same_target = command.arg("-o").arg(&one_file).arg("-o").arg(&one_file).output().unwrap();
    assert_eq!(same_target.status.code(), Some(2));
}
