//! A picture and a sound become a video: exactly as long, moving smoothly, and nothing else than
//! pictures and sounds is taken.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::clips::{Bench, decode, probe};
use crate::signals::{wait_until, workers};

const SAMPLES_PER_FRAME: usize = 48_000 / 30;

fn command(bench: &Bench, picture: &Path, sound: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.arg("portrait").args([picture, sound]).arg("-o").arg(bench.path("out/portrait.mp4"));
    command.env("SCRATCH_DIR", bench.path("scratch")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn rendered(bench: &Bench, picture: &Path, sound: &Path, shape: Option<&str>) -> PathBuf {
    let mut command = command(bench, picture, sound);
    let output = command.args(shape.into_iter().flat_map(|shape| ["--shape", shape])).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(bench.names("scratch"), Vec::<String>::new(), "nothing may be left");
    bench.path("out/portrait.mp4")
}

fn refused(bench: &Bench, picture: &Path, sound: &Path, code: &str) {
    let Output { status, stderr, .. } = command(bench, picture, sound).output().unwrap();
    let (stderr, names) = (String::from_utf8_lossy(&stderr).into_owned(), (picture.display(), sound.display()));
    assert_eq!(status.code(), Some(1), "{names:?}: {stderr}");
    assert!(stderr.contains(&format!("error[{code}]: ")), "{names:?}: {code}: {stderr}");
    assert_eq!((bench.names("out"), bench.names("scratch")), (Vec::<String>::new(), Vec::<String>::new()));
}

/// Decoded by somebody else: samples of one channel.
fn samples(bench: &Bench, file: &Path) -> usize {
    let raw = bench.ffmpeg(&format!("-i {} -map 0:a:0 -ac 1 -ar 48000 -f s16le", file.display()), "sound.raw");
    std::fs::read(raw).unwrap().len() / 2
}

fn tone(bench: &Bench, duration_s: &str, options: &str, name: &str) -> PathBuf {
    bench.ffmpeg(&format!("-f lavfi -t {duration_s} -i sine=440:r=44100 {options}"), name)
}

fn picture(bench: &Bench, size: &str, name: &str) -> PathBuf {
    bench.ffmpeg(&format!("-f lavfi -i testsrc2=s={size} -frames:v 1"), name)
}

/// The mean of a square of 16 pixels around a point, in RGB.
fn color(frame: &[u8], width: usize, (x, y): (usize, usize)) -> [usize; 3] {
    let pixels = (y - 8..y + 8).flat_map(|y| (x - 8..x + 8).map(move |x| (y * width + x) * 4));
    let sums =
        pixels.fold([0; 3], |sums: [usize; 3], at| [0, 1, 2].map(|channel| sums[channel] + usize::from(frame[at + channel])));
    sums.map(|sum| sum / 256)
}

#[test]
fn every_picture_goes_with_every_sound_and_lasts_as_long() {
    let bench = Bench::new();
    let sounds = [("libmp3lame", "mp3"), ("pcm_s16le", "wav"), ("aac", "m4a"), ("libvorbis", "ogg")];
    for (index, (size, name)) in [("320x180", "a.jpg"), ("200x200", "a.png"), ("180x320", "a.webp")].into_iter().enumerate() {
        let picture = picture(&bench, size, name);
        for (encoder, extension) in sounds {
            let sound = tone(&bench, ["0.1", "0.04", "0.07"][index], &format!("-c:a {encoder}"), &format!("a.{extension}"));
            let made = rendered(&bench, &picture, &sound, None);
            let (given, delivered) = (samples(&bench, &sound), samples(&bench, &made));
            let canvas = ["1280,720", "960,960", "720,1280"][index];
            let frames = given.div_ceil(SAMPLES_PER_FRAME);
            assert_eq!(probe(&made, "v", "stream=codec_name,profile,pix_fmt"), "h264,High,yuv420p");
            assert_eq!(probe(&made, "v", "stream=width,height"), canvas, "{name} {extension}");
            assert_eq!(probe(&made, "a", "stream=codec_name,sample_rate,channels"), "aac,48000,2");
            // Every canvas has as many pixels.
            assert_eq!(decode(&made, "gray", 1_280 * 720).len(), frames, "{name} {extension}");
            assert!(given.abs_diff(delivered) < SAMPLES_PER_FRAME, "{name} {extension}: {given} became {delivered}");
            let length_s: f64 = probe(&made, "v", "format=duration").parse().unwrap();
            let given_s = f64::from(u32::try_from(given).unwrap()) / 48_000.0;
            assert!((length_s - given_s).abs() < 1.0 / 30.0, "{name} {extension}: {length_s} {given_s}");
            let bytes = std::fs::read(&made).unwrap();
            let at = |kind: &[u8]| bytes.windows(4).position(|window| window == kind).unwrap();
            assert!(at(b"moov") < at(b"mdat"), "plays before it is there");
        }
    }
}

#[test]
fn the_shape_is_the_one_that_is_asked_for() {
    let bench = Bench::new();
    let (picture, sound) = (picture(&bench, "320x180", "a.png"), tone(&bench, "0.05", "", "a.wav"));
    for (shape, canvas) in [("16:9", "1280,720"), ("9:16", "720,1280"), ("1:1", "960,960")] {
        assert_eq!(probe(&rendered(&bench, &picture, &sound, Some(shape)), "v", "stream=width,height"), canvas);
    }
    let wrong = command(&bench, &picture, &sound).args(["--shape", "4:3"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

/// White on grey, so that its middle says where the camera is, and nothing of it is near the
/// waveform.
#[test]
fn the_camera_moves_smoothly_and_the_waveform_only_while_something_is_heard() {
    let bench = Bench::new();
    let disc = "color=s=640x360,format=gray,geq=lum=90+160*clip(30-hypot(X-100\\,Y-60)\\,0\\,1)";
    let picture = bench.ffmpeg(&format!("-f lavfi -i {disc} -frames:v 1"), "disc.png");
    let heard = "aevalsrc=if(gt(t\\,0.4)\\,sin(2764*t)*abs(sin(25*t))/2\\,0):s=48000";
    let sound = bench.ffmpeg(&format!("-f lavfi -t 0.8 -i {heard}"), "half.wav");
    let frames = decode(&rendered(&bench, &picture, &sound, None), "gray", 1_280 * 720);
    assert_eq!(frames.len(), 24);
    let middle = |frame: &[u8]| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (index, value) in frame[..1_280 * 360].iter().enumerate() {
            let bright = f64::from(value.saturating_sub(120));
            sum += bright * f64::from(u32::try_from(index % 1_280).unwrap());
            weight += bright;
        }
        sum / weight
    };
    let middles: Vec<f64> = frames.iter().map(|frame| middle(frame)).collect();
    let steps: Vec<f64> = middles.windows(2).map(|pair| pair[0] - pair[1]).collect();
    assert!(middles[0] - middles[23] > 2.0, "pushes in: {middles:?}");
    assert!(steps.iter().all(|step| (-0.05..0.5).contains(step)), "never back, never a whole pixel: {steps:?}");
    assert!(steps.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.12), "never a jerk: {steps:?}");
    let change = |at: usize| {
        let lower = 1_280 * 560..1_280 * 710;
        let pairs = frames[at][lower.clone()].iter().zip(&frames[at - 1][lower]);
        pairs.filter(|(now, before)| now.abs_diff(**before) > 12).count()
    };
    assert!((1..12).all(|at| change(at) == 0), "{:?}", (1..12).map(change).collect::<Vec<_>>());
    assert!((14..24).all(|at| change(at) > 100), "{:?}", (14..24).map(change).collect::<Vec<_>>());
}

/// An APP1 segment with one entry: the orientation. Source: EXIF 2.32, 4.5.2.
fn with_orientation(jpeg: &Path, orientation: u8) {
    let tiff = [&b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..], &[orientation], &[0; 6]].concat();
    let body = [&b"Exif\0\0"[..], &tiff].concat();
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    let bytes = std::fs::read(jpeg).unwrap();
    std::fs::write(jpeg, [&bytes[..2], &[0xff, 0xe1], &length, &body, &bytes[2..]].concat()).unwrap();
}

#[test]
fn a_picture_stands_as_the_camera_was_held() {
    let bench = Bench::new();
    let sound = tone(&bench, "0.03", "", "a.wav");
    // Red is on the left as stored.
    for (orientation, red, blue) in [(1, (300, 300), (1_000, 300)), (3, (1_000, 300), (300, 300)), (6, (360, 300), (360, 900))] {
        let halves = "color=red:s=160x180,format=rgb24[l];color=blue:s=160x180,format=rgb24[r];[l][r]hstack";
        let jpeg = bench.ffmpeg(&format!("-filter_complex {halves} -frames:v 1 -pix_fmt yuvj444p"), "held.jpg");
        with_orientation(&jpeg, orientation);
        let made = rendered(&bench, &jpeg, &sound, None);
        let width = if orientation == 6 { 720 } else { 1_280 };
        let frame = &decode(&made, "rgba", 1_280 * 720 * 4)[0];
        let ([bright, _, low], [dark, _, high]) = (color(frame, width, red), color(frame, width, blue));
        assert!(bright > 180 && low < 60 && dark < 60 && high > 180, "{orientation}");
    }
}

#[test]
fn what_is_clear_lies_over_a_ground_that_sets_it_off() {
    let bench = Bench::new();
    let sound = tone(&bench, "0.03", "", "a.wav");
    for (drawing, corner, name) in [("0x101830", 180..256, "dark.png"), ("0xf0f0d0", 0..80, "bright.webp")] {
        let alpha = format!("color={drawing}:s=160x90,format=rgba,geq=r=p(X\\,Y):g=p(X\\,Y):b=p(X\\,Y):a=255*gt(X\\,40)");
        let picture = bench.ffmpeg(&format!("-f lavfi -i {alpha} -frames:v 1"), name);
        let frame = &decode(&rendered(&bench, &picture, &sound, None), "rgba", 1_280 * 720 * 4)[0];
        for point in [(20, 20), (250, 280), (1_260, 20)] {
            let ground = color(frame, 1_280, point);
            assert!(ground.iter().all(|value| corner.contains(value)), "{name} {point:?}: {ground:?}");
        }
        let subject = color(frame, 1_280, (800, 280))[0];
        assert!(corner.contains(&(255 - subject)), "{name}: {subject}");
    }
}

#[test]
fn a_cover_in_a_sound_is_no_picture_and_no_hindrance() {
    let bench = Bench::new();
    let picture = picture(&bench, "200x200", "a.png");
    let plain = tone(&bench, "0.1", "-c:a libmp3lame", "plain.mp3");
    let cover = "-map 0 -map 1 -c:a copy -c:v mjpeg -disposition:v attached_pic -metadata:s:v comment=Cover(front)";
    let sound = bench.ffmpeg(&format!("-i plain.mp3 -i a.png {cover}"), "cover.mp3");
    assert_eq!(probe(&sound, "v", "stream=codec_name"), "mjpeg");
    let made = rendered(&bench, &picture, &sound, None);
    assert!(samples(&bench, &plain).abs_diff(samples(&bench, &made)) < SAMPLES_PER_FRAME);
}

#[test]
fn what_is_no_picture_is_refused_by_name() {
    let bench = Bench::new();
    let sound = tone(&bench, "0.1", "", "a.wav");
    let whole = std::fs::read(picture(&bench, "320x180", "a.jpg")).unwrap();
    let neighbour = bench.green("160x120", 2, "neighbour.mp4");
    let gif = picture(&bench, "64x64", "a.gif");
    let animated = bench.ffmpeg("-f lavfi -t 0.2 -i testsrc2=s=64x64 -c:v libwebp_anim", "animated.webp");
    let bomb = bench.ffmpeg("-f lavfi -i color=s=9000x9000,format=gray -frames:v 1", "bomb.png");
    for file in [neighbour, gif, animated, bomb] {
        refused(&bench, &file, &sound, "picture_unusable");
    }
    for bytes in [
        &b"this is a text\n"[..],
        b"",
        b"#EXTM3U\n#EXTINF:1,\nneighbour.mp4\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\nand no more",
        &whole[..whole.len() / 2],
    ] {
        let file = bench.path("b.jpg");
        std::fs::write(&file, bytes).unwrap();
        refused(&bench, &file, &sound, "picture_unusable");
    }
    let large = bench.path("large.jpg");
    std::fs::write(&large, &whole).unwrap();
    std::fs::File::options().append(true).open(&large).unwrap().set_len(50 * 1024 * 1024 + 1).unwrap();
    refused(&bench, &large, &sound, "picture_unusable");
}

#[test]
fn what_cannot_be_heard_is_refused_by_name() {
    let bench = Bench::new();
    let picture = picture(&bench, "320x180", "a.png");
    bench.green("160x120", 2, "green.mp4");
    let mute = bench.ffmpeg("-i green.mp4 -an -c copy", "mute.mp4");
    let empty = tone(&bench, "0.1", "-af atrim=end_sample=0", "empty.wav");
    for file in [picture.clone(), mute, empty] {
        refused(&bench, &picture, &file, "sound_unusable");
    }
    for bytes in [
        &b"this is a text\n"[..],
        b"",
        b"#EXTM3U\n#EXTINF:1,\ngreen.mp4\n",
        b"ffconcat version 1.0\nfile green.mp4\n",
        b"ID3\x04\0\0\0\0\0\0 and then a text, which is not a sound either",
        b"RIFF\xff\xff\xff\x7fWAVEfmt ",
        b"OggS\0\x02 and nothing of it",
    ] {
        let file = bench.path("b.mp3");
        std::fs::write(&file, bytes).unwrap();
        refused(&bench, &picture, &file, "sound_unusable");
    }
    let large = tone(&bench, "0.1", "", "large.wav");
    std::fs::File::options().append(true).open(&large).unwrap().set_len(50 * 1024 * 1024 + 1).unwrap();
    refused(&bench, &picture, &large, "sound_unusable");
    refused(&bench, &picture, &bench.path("none.mp3"), "source_unreachable");
}

#[test]
fn a_signal_leaves_no_child_and_no_file() {
    let bench = Bench::new();
    let (picture, sound) = (picture(&bench, "320x180", "a.png"), tone(&bench, "60", "", "a.wav"));
    let mut child = command(&bench, &picture, &sound).spawn().unwrap();
    let encodes = |path: &String| std::fs::read_to_string(format!("{path}/cmdline")).is_ok_and(|line| line.contains("libx264"));
    wait_until("an encoder", || workers(&bench.path("scratch")).iter().any(encodes));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!((bench.names("out"), bench.names("scratch")), (Vec::<String>::new(), Vec::<String>::new()));
    wait_until("no child", || workers(&bench.path("scratch")).is_empty());
}
