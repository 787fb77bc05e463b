//! Footage without a screen, from a camera that stands still or does not, through the real binary.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::clips::{Bench, decode};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const FRAMES: usize = 24;
const RADIUS: f64 = 30.0;
const SUBJECT: [f64; 3] = [190.0, 60.0, 70.0];

fn number(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap())
}

/// A scene with texture everywhere, at a place that a moving camera shifts.
fn scene(x: f64, y: f64) -> [f64; 3] {
    let waves = (x * 0.11).sin() * (y * 0.07).cos() + (x * 0.031 + y * 0.05).sin() + 0.6 * (x * 0.37 - y * 0.29).sin();
    [110.0 + 22.0 * waves, 125.0 + 26.0 * waves, 105.0 + 18.0 * waves]
}

/// The disc's true alpha.
fn alpha(middle: f64, x: usize, y: usize) -> f64 {
    ((RADIUS + 1.0 - (number(x) - middle).hypot(number(y) - 90.0)) / 2.0).clamp(0.0, 1.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "colours within a byte")]
fn pixel(color: [f64; 3]) -> [u8; 3] {
    color.map(|channel| channel.round().clamp(0.0, 255.0) as u8)
}

/// The disc where `middle` says, before the scene shifted by what `camera` says, both in pixels for
/// each frame.
fn clip(bench: &Bench, middle: impl Fn(f64) -> f64, camera: impl Fn(f64) -> f64) -> PathBuf {
    let mut raw = Vec::new();
    let mut grain = 7_u32;
    for frame in 0..FRAMES {
        let (middle, shift) = (middle(number(frame)), camera(number(frame)));
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (share, grain) = (alpha(middle, x, y), f64::from(grain >> 30) - 1.5);
                let behind = scene(number(x) + shift, number(y));
                raw.extend(pixel([0, 1, 2].map(|channel| SUBJECT[channel] * share + behind[channel] * (1.0 - share) + grain)));
            }
        }
    }
    std::fs::write(bench.path("raw.rgb"), raw).unwrap();
    let tags = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv";
    let input = format!("-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r 12 -i raw.rgb");
    let filter = "-vf scale=out_color_matrix=bt709:out_range=tv,format=yuv420p";
    bench.ffmpeg(&format!("{input} {filter} -c:v libx264 -crf 16 -preset ultrafast {tags}"), "clip.mp4")
}

fn run(bench: &Bench, file: &Path, more: &[&str]) -> Output {
    bench.command(file, &["mov-prores4444"]).args(["--strategy", "static-camera"]).args(more).output().unwrap()
}

/// Mean squared error of alpha over the clip, of which the disc covers a twentieth.
fn error(bench: &Bench, done: &Output, middle: impl Fn(f64) -> f64) -> f64 {
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let frames = decode(&bench.path("out/mov-prores4444.mov"), "rgba", WIDTH * HEIGHT * 4);
    assert_eq!(frames.len(), FRAMES);
    let mut sum = 0.0;
    for (frame, pixels) in frames.iter().enumerate() {
        for (index, pixel) in pixels.chunks_exact(4).enumerate() {
            let truth = alpha(middle(number(frame)), index % WIDTH, index / WIDTH);
            sum += (f64::from(pixel[3]) / 255.0 - truth).powi(2);
        }
    }
    sum / number(WIDTH * HEIGHT * FRAMES)
}

fn refused(done: &Output, reason: &str) {
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("error[no_matte_strategy]: ") && stderr.contains(reason), "{reason}: {stderr}");
}

#[test]
fn a_subject_that_walks_before_a_still_scene_is_cut_out() {
    let bench = Bench::new();
    let walk = |frame: f64| 40.0 + frame * 10.0;
    let file = clip(&bench, walk, |_| 0.0);
    let error = error(&bench, &run(&bench, &file, &[]), walk);
    assert!(error < 0.0006, "{error}");
}

#[test]
fn a_moving_camera_is_refused() {
    let bench = Bench::new();
    for camera in [|frame: f64| frame * 3.0, |frame: f64| (frame * 1.9).sin() * 2.5] {
        let file = clip(&bench, |frame| 40.0 + frame * 10.0, camera);
        refused(&run(&bench, &file, &[]), "camera moves");
    }
}

#[test]
fn nothing_that_moves_is_refused() {
    let bench = Bench::new();
    let file = clip(&bench, |_| -200.0, |_| 0.0);
    refused(&run(&bench, &file, &[]), "Nothing moves");
}

#[test]
fn a_picture_of_the_empty_scene_serves_where_the_subject_never_moves_off() {
    let bench = Bench::new();
    let stay = |frame: f64| 160.0 + (frame * 0.7).sin() * 6.0;
    let file = clip(&bench, stay, |_| 0.0);
    refused(&run(&bench, &file, &[]), "never moves off");
    let mut empty = Vec::new();
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            empty.extend(pixel(scene(number(x), number(y)).map(|channel| channel * 1.06 + 3.0)));
        }
    }
    std::fs::write(bench.path("empty.rgb"), empty).unwrap();
    let input = format!("-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -i empty.rgb");
    let picture = bench.ffmpeg(&format!("{input} -vf scale=480:270 -q:v 3"), "empty.jpg");
    let error = error(&bench, &run(&bench, &file, &["--background", picture.to_str().unwrap()]), stay);
    assert!(error < 0.0012, "{error}");
}
