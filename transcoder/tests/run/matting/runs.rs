//! Runs of models: half precision, batches, providers, and the black point of faint alpha.

use std::fs;
use std::path::PathBuf;

use super::{apart, clip, made, mean, model, onnx_runtime, recurrent_error, run, sources, still_clip};
use crate::clips::Bench;

/// A model of `tests/models` in a folder of its own, with more said on its card.
fn with_words(bench: &Bench, name: &str, more: &str) -> PathBuf {
    let folder = bench.path("models");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.onnx"));
    fs::copy(model(&format!("{name}.onnx")), &path).unwrap();
    let words = fs::read_to_string(model(&format!("{name}.toml"))).unwrap();
    fs::write(path.with_extension("toml"), format!("{words}\n{more}")).unwrap();
    path
}

#[test]
fn models_in_half_precision_give_the_mattes_of_those_in_single_precision() {
    // Four states, each of which rounds to 11 bits.
    let largest = recurrent_error("recurrent_half.onnx");
    assert!(largest <= 1.5, "{largest}");
    let bench = Bench::new();
    let file = still_clip(&bench, "161x91", 3);
    let sources = sources(&file, (161, 91));
    let frames = made(&bench, &file, &model("image_half.onnx"), (161, 91));
    let (image, _) = apart(&frames, |number, index| mean(&sources[number][index * 4..]));
    let frames = made(&bench, &file, &model("portrait_half.onnx"), (161, 91));
    let (portrait, _) = apart(&frames, |number, index| f64::from(sources[number][index * 4]));
    assert!(image <= 1.25 && portrait <= 1.25, "{image} {portrait}");
}

#[test]
fn mattes_are_the_same_however_many_frames_a_model_sees_at_once() {
    let bench = Bench::new();
    let file = clip(&bench, "160x96", 10);
    let one_by_one = made(&bench, &file, &model("image.onnx"), (160, 96));
    assert_eq!(one_by_one.len(), 10);
    assert!(one_by_one.windows(2).all(|pair| pair[0] != pair[1]), "the clip must move");
    for batch in [3, 4, 16] {
        let path = with_words(&bench, "image", &format!("[input]\nbatch = {batch}"));
        assert!(made(&bench, &file, &path, (160, 96)) == one_by_one, "{batch} at once");
    }
    assert!(made(&bench, &file, &model("four.onnx"), (160, 96)) == one_by_one, "four and no fewer");
}

#[test]
fn a_batch_that_a_model_does_not_take_is_refused_when_it_is_loaded() {
    let bench = Bench::new();
    let file = clip(&bench, "160x96", 6);
    for (name, batch, why) in [
        ("four", 3, "it takes 4 pictures a run, not 3"),
        ("portrait", 2, "it takes 1 pictures a run, not 2"),
        ("recurrent", 2, "`input.batch` is for models that see every picture for the first time"),
    ] {
        let output = run(&bench, &file, &with_words(&bench, name, &format!("[input]\nbatch = {batch}")), &[]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("error[model_unavailable]: ") && stderr.contains(why), "{name}: {stderr}");
    }
}

#[test]
fn a_matte_that_is_never_quite_clear_is_cleared_where_the_card_says_so() {
    let bench = Bench::new();
    // A white square on a grey of 6: what the model makes of it is a faint glow around a subject.
    let picture = "color=0x060606:s=160x96:r=5,drawbox=x=60:y=30:w=40:h=40:c=white:t=fill,format=gbrp";
    let file = bench.ffmpeg(&format!("-f lavfi -t 1 -i {picture} -c:v ffv1"), "glow.mkv");
    let faint = |frames: &[Vec<u8>]| frames.concat().chunks_exact(4).filter(|pixel| (1..20).contains(&pixel[3])).count();
    let full = |frames: &[Vec<u8>]| frames.concat().chunks_exact(4).filter(|pixel| pixel[3] == 255).count();
    let glowing = made(&bench, &file, &model("image.onnx"), (160, 96));
    let cleared = made(&bench, &file, &with_words(&bench, "image", "[output]\nblack_point = 0.03"), (160, 96));
    assert!(faint(&glowing) > 160 * 96 * 4, "{}", faint(&glowing));
    assert_eq!((faint(&cleared), full(&cleared)), (0, full(&glowing)));
}

#[test]
fn a_provider_that_is_unknown_or_not_there_is_refused_by_name() {
    let bench = Bench::new();
    let file = clip(&bench, "160x96", 6);
    let with = |providers: &str| {
        let mut command = bench.command(&file, &["gif"]);
        command.args(["--strategy", "onnx-matting"]).env("MATTING_MODELS", model("image.onnx"));
        command.env("ORT_DYLIB_PATH", onnx_runtime()).env("MATTING_PROVIDERS", providers);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, stderr) = with("abacus,cpu");
    assert!(status == Some(2) && stderr.contains("<MATTING_PROVIDERS>': must be a list of cpu, "), "{stderr}");
    let (status, stderr) = with("migraphx,cpu");
    assert_eq!(status, Some(1));
    let why = ["error[model_unavailable]: ", "has no migraphx; it has cpu"];
    assert!(why.iter().all(|why| stderr.contains(why)), "{stderr}");
}
