//! Matting by the tiny models of `tests/models`, whose mattes are known exactly, through the real
//! binary and ONNX Runtime.

mod runs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::clips::{Bench, decode};
use crate::frames::sequence;

/// A picture of soft colours whose parts move.
const NATURAL: &str = "testsrc2=s=SIZE:r=5,gblur=sigma=2,format=gbrp";

pub fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)
}

/// The shared library: what the caller names, or what `cargo x test` installs.
pub fn onnx_runtime() -> PathBuf {
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH") {
        return path.into();
    }
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    let cache = std::env::var_os("BGLESS_CACHE").map_or_else(|| home.join(".cache/bgless"), PathBuf::from);
    let tools = fs::read_dir(cache.join("tools")).into_iter().flatten().flatten().map(|entry| entry.path());
    let installed = tools.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("onnxruntime-"));
    let libraries = installed.flat_map(|path| fs::read_dir(path.join("onnxruntime/capi")).into_iter().flatten().flatten());
    let mut libraries = libraries.map(|entry| entry.path());
    let is_library = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("libonnxruntime.so");
    libraries.find(is_library).expect("ONNX Runtime: set ORT_DYLIB_PATH, or let `cargo x test` install it")
}

/// A lossless clip of a few frames.
fn clip(bench: &Bench, size: &str, frames: usize) -> PathBuf {
    let picture = NATURAL.replace("SIZE", size);
    bench.ffmpeg(&format!("-f lavfi -i {picture} -frames:v {frames} -c:v ffv1"), &format!("{size}.mkv"))
}

fn run(bench: &Bench, file: &Path, models: &Path, more: &[&str]) -> Output {
    let mut command = bench.command(file, &["png-sequence"]);
    command.args(["--strategy", "onnx-matting", "--preset", "editing"]).args(more);
    command.env("MATTING_MODELS", models).env("ORT_DYLIB_PATH", onnx_runtime()).output().unwrap()
}

/// Every frame as RGBA, out of the zip.
fn made(bench: &Bench, file: &Path, models: &Path, size: (usize, usize)) -> Vec<Vec<u8>> {
    let output = run(bench, file, models, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let frames = sequence(&bench.path("out/png-sequence.zip"));
    assert!(frames.iter().all(|frame| frame.len() == size.0 * size.1 * 4));
    frames
}

/// The source's frames as the engine sees them.
fn sources(file: &Path, (width, height): (usize, usize)) -> Vec<Vec<u8>> {
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(file).args(["-f", "rawvideo", "-pix_fmt", "rgba", "-"]);
    command.output().unwrap().stdout.chunks(width * height * 4).map(<[u8]>::to_vec).collect()
}

fn mean(pixel: &[u8]) -> f64 {
    pixel[..3].iter().map(|code| f64::from(*code)).sum::<f64>() / 3.0
}

/// The largest difference of alpha from what is expected, and the mean one; 0 to 255.
fn apart(frames: &[Vec<u8>], expected: impl Fn(usize, usize) -> f64) -> (f64, f64) {
    let (mut largest, mut sum, mut count) = (0.0_f64, 0.0, 0.0);
    for (number, frame) in frames.iter().enumerate() {
        for (index, pixel) in frame.chunks_exact(4).enumerate() {
            let difference = (f64::from(pixel[3]) - expected(number, index)).abs();
            (largest, sum, count) = (largest.max(difference), sum + difference, count + 1.0);
        }
    }
    (largest, sum / count)
}

/// Largest error of a recurrent model's mattes.
fn recurrent_error(name: &str) -> f64 {
    let bench = Bench::new();
    let size = (161, 90);
    let file = clip(&bench, "161x90", 9);
    let frames = made(&bench, &file, &model(name), size);
    let sources = sources(&file, size);
    assert_eq!((frames.len(), sources.len()), (9, 9));
    // Four leaky means in a row, as in make.py.
    let mut states = vec![[0.0_f64; 4]; size.0 * size.1];
    let mut expected = Vec::new();
    for source in &sources {
        for (state, pixel) in states.iter_mut().zip(source.chunks_exact(4)) {
            let mut level = mean(pixel);
            for state in state {
                *state = f64::midpoint(*state, level);
                level = *state;
            }
        }
        expected.push(states.iter().map(|state| state[3]).collect::<Vec<_>>());
    }
    let first = frames[0].chunks_exact(4).map(|pixel| pixel[3]).max();
    let last = frames[8].chunks_exact(4).map(|pixel| pixel[3]).max();
    assert!(first.unwrap() < 20 && last.unwrap() > 150, "nothing is remembered: {first:?} {last:?}");
    apart(&frames, |number, index| expected[number][index]).0
}

#[test]
fn a_recurrent_model_remembers_all_four_states_from_frame_to_frame() {
    let largest = recurrent_error("recurrent.onnx");
    assert!(largest <= 1.0, "{largest}");
}

/// A clip of a still picture, in which temporal smoothing has nothing to change.
fn still_clip(bench: &Bench, size: &str, frames: usize) -> PathBuf {
    let picture = NATURAL.replace("SIZE", size);
    let words = format!("-f lavfi -i {picture},trim=end_frame=1,loop=loop={}:size=1 -frames:v {frames} -c:v ffv1", frames - 1);
    bench.ffmpeg(&words, &format!("{size}.mkv"))
}

#[test]
fn a_model_of_single_pictures_is_fed_any_size_and_its_matte_comes_back_exactly() {
    let bench = Bench::new();
    for (text, size) in [("160x96", (160, 96)), ("161x91", (161, 91)), ("64x200", (64, 200)), ("17x16", (17, 16))] {
        let file = still_clip(&bench, text, 3);
        let sources = sources(&file, size);
        let frames = made(&bench, &file, &model("image.onnx"), size);
        let (largest, _) = apart(&frames, |number, index| mean(&sources[number][index * 4..]));
        assert!(largest <= 1.0, "{text}: {largest}");
    }
}

/// A red square that moves, and for three frames another one.
fn moving_square(bench: &Bench, size: &str, frames: usize) -> PathBuf {
    let background = format!("testsrc2=s={size}:r=25,hue=s=0,colorchannelmixer=rr=0.1[back]");
    let squares = "color=0xff2020:s=80x100:r=25[one];color=0xff2020:s=60x60:r=25[other]";
    let first = "[back][one]overlay=x='20+t*40':y='H/2-50':shortest=1[with]";
    let second = "[with][other]overlay=x='W-70':y=8:enable='between(n,30,32)':shortest=1";
    let filter = format!("{background};{squares};{first};{second}");
    bench.ffmpeg(&format!("-filter_complex {filter} -frames:v {frames} -c:v ffv1 -pix_fmt gbrp"), &format!("{size}-square.mkv"))
}

#[test]
fn a_segmentation_model_sees_several_views_and_what_is_short_lived_is_no_subject() {
    let bench = Bench::new();
    // More frames than one window; larger and smaller than the size at which edges are looked for.
    for (text, (width, height), frames) in [("360x202", (360, 202), 70), ("1000x562", (1000, 562), 40)] {
        let file = moving_square(&bench, text, frames);
        let mattes = made(&bench, &file, &model("segmentation.onnx"), (width, height));
        assert_eq!(mattes.len(), frames);
        for (number, matte) in mattes.iter().enumerate() {
            let alpha = |x: usize, y: usize| matte[(y * width + x) * 4 + 3];
            let left = 20 + number * 40 / 25;
            for (x, y) in [(left + 40, height / 2), (left + 12, height / 2 - 38), (left + 68, height / 2 + 38)] {
                assert!(alpha(x, y) > 250, "{text} {number} inside: {}", alpha(x, y));
            }
            for (x, y) in [(left + 120, height / 2), (left + 40, height - 6), (width - 40, 38), (width - 8, height / 2)] {
                assert!(alpha(x, y) < 5, "{text} {number} outside, {x} {y}: {}", alpha(x, y));
            }
        }
    }
}

#[test]
fn a_portrait_models_named_output_is_the_matte() {
    let bench = Bench::new();
    let file = still_clip(&bench, "200x120", 3);
    let sources = sources(&file, (200, 120));
    let frames = made(&bench, &file, &model("portrait.onnx"), (200, 120));
    let (largest, _) = apart(&frames, |number, index| f64::from(sources[number][index * 4]));
    assert!(largest <= 1.0, "{largest}");
}

#[test]
fn a_small_models_matte_is_refined_by_the_picture_at_4k_too() {
    let bench = Bench::new();
    let size = (3_840, 2_160);
    let file = still_clip(&bench, "3840x2160", 1);
    let sources = sources(&file, size);
    let frames = made(&bench, &file, &model("square.onnx"), size);
    let (_, refined) = apart(&frames, |number, index| mean(&sources[number][index * 4..]));
    // What the model gave: the mean of each of its 32 x 32 cells.
    let mut cells = vec![(0.0, 0.0); 32 * 32];
    let cell = |index: usize| (index / 3_840 * 32 / 2_160) * 32 + index % 3_840 * 32 / 3_840;
    for (index, pixel) in sources[0].chunks_exact(4).enumerate() {
        let (sum, count) = &mut cells[cell(index)];
        (*sum, *count) = (*sum + mean(pixel), *count + 1.0);
    }
    let blocks: f64 = sources[0]
        .chunks_exact(4)
        .enumerate()
        .map(|(index, pixel)| (cells[cell(index)].0 / cells[cell(index)].1 - mean(pixel)).abs())
        .sum();
    let blocks = blocks / f64::from(3_840 * 2_160);
    assert!(refined * 3.0 < blocks, "{refined} {blocks}");
}

#[test]
fn probe_and_report_name_the_model_and_the_runners_up() {
    let bench = Bench::new();
    let file = clip(&bench, "160x96", 6);
    let report = bench.path("report.json");
    let mut command = bench.command(&file, &["gif"]);
    command.arg("--report").arg(&report).env("MATTING_MODELS", model("portrait.onnx")).env("ORT_DYLIB_PATH", onnx_runtime());
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("strategy: onnx-matting with portrait, confidence "));
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let choice = &report["choice"];
    assert_eq!((choice["strategy"].as_str(), choice["mattingModel"].as_str()), (Some("onnx-matting"), Some("portrait")));
    assert!((0.0..=1.0).contains(&choice["confidence"].as_f64().unwrap()));
    let names: Vec<_> = choice["runnersUp"].as_array().unwrap().iter().map(|other| other["strategy"].as_str().unwrap()).collect();
    assert_eq!(names, ["preserve-source-alpha", "chroma-key", "static-camera"]);
    let mut probe = std::process::Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    probe.arg("probe").arg(&file).env("MATTING_MODELS", model("portrait.onnx")).env("ORT_DYLIB_PATH", onnx_runtime());
    let text = String::from_utf8(probe.output().unwrap().stdout).unwrap();
    for line in
        ["strategy: onnx-matting with portrait, ", "  not chroma-key, confidence 0.00. ", "  not static-camera. Not looked at"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_screen_is_keyed_even_where_there_is_a_model() {
    let bench = Bench::new();
    let file = bench.green("160x120", 6, "green.mp4");
    let mut command = bench.command(&file, &["gif"]);
    command.env("MATTING_MODELS", model("image.onnx")).env("ORT_DYLIB_PATH", onnx_runtime());
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("strategy: chroma-key, confidence "));
    assert!(!decode(&bench.path("out/gif.gif"), "rgba", 160 * 120 * 4).is_empty());
}

#[test]
fn a_model_that_cannot_be_used_fails_the_job_with_a_code_and_says_why() {
    let bench = Bench::new();
    let file = clip(&bench, "160x96", 6);
    let folder = bench.path("models");
    fs::create_dir(&folder).unwrap();
    let words = fs::read_to_string(model("image.toml")).unwrap();
    let put = |name: &str, onnx: Option<&[u8]>, words: &str| {
        if let Some(onnx) = onnx {
            fs::write(folder.join(format!("{name}.onnx")), onnx).unwrap();
        }
        fs::write(folder.join(format!("{name}.toml")), words.replace("\"image\"\ndisplay", &format!("\"{name}\"\ndisplay")))
            .unwrap();
        folder.join(format!("{name}.onnx"))
    };
    let image = fs::read(model("image.onnx")).unwrap();
    let recurrent = fs::read(model("recurrent.onnx")).unwrap();
    for (path, why) in [
        (put("missing", None, &words), "is missing"),
        (put("corrupt", Some(&image[..image.len() / 2]), &words), "the file is no model that ONNX Runtime can run"),
        (put("other", Some(b"\x89PNG, not ONNX"), &words), "the file is no model that ONNX Runtime can run"),
        (put("signature", Some(&recurrent), &words), "it has inputs src, r1i"),
        (put("recurrent", Some(&image), &words.replace("kind = \"image\"", "kind = \"recurrent\"")), "but no src"),
        (put("un readable", Some(&image), "kind = 5"), "un readable.toml"),
        (model("slow.onnx"), "takes longer than 0.3 s"),
    ] {
        let mut command = bench.command(&file, &["gif"]);
        command.args(["--strategy", "onnx-matting"]).env("MATTING_MODELS", &path).env("ORT_DYLIB_PATH", onnx_runtime());
        let output = command.env("MATTING_FRAME_MS_MAX", "300").output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{}: {stderr}", path.display());
        assert!(stderr.contains("error[model_unavailable]: ") && stderr.contains(why), "{}: {stderr}", path.display());
    }
    let output = run(&bench, &file, &model("image.onnx"), &["--matting-model", "other"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[model_unavailable]: There is no matting model other."));
    let mut command = bench.command(&file, &["gif"]);
    command.args(["--strategy", "onnx-matting"]).env("MATTING_MODELS", model("image.onnx")).env("ORT_DYLIB_PATH", &file);
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("ONNX Runtime cannot be loaded"));
    assert_eq!(bench.names("out"), Vec::<String>::new());
}

#[test]
fn a_model_that_fails_on_the_footage_or_takes_too_long_for_it_ends_the_job_with_a_code() {
    let bench = Bench::new();
    let file = clip(&bench, "160x96", 6);
    for (name, code) in [("tall.onnx", "model_too_slow"), ("unsure.onnx", "model_failed")] {
        let mut command = bench.command(&file, &["gif"]);
        command.env("MATTING_MODELS", model(name)).env("ORT_DYLIB_PATH", onnx_runtime()).env("MATTING_FRAME_MS_MAX", "1000");
        let tried = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&tried.stderr);
        assert!(stderr.contains("error[no_matte_strategy]: "), "others are tried: {stderr}");
        let asked_for = command.args(["--strategy", "onnx-matting"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&asked_for.stderr);
        assert_eq!(asked_for.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(&format!("error[{code}]: ")), "{stderr}");
    }
    assert_eq!(bench.names("out"), Vec::<String>::new());
}
