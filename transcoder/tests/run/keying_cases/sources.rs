//! Sources with a property that must not be ignored: an alpha that is none, fields, a narrow
//! picture.

use std::path::Path;

use serde_json::Value;

use super::footage::TAGS;
use crate::clips::{Bench, decode};

/// A box that moves over a screen, as lossless YUV: `rate` frames a second for a second.
fn moving_box(bench: &Bench, size: &str, rate: u32, speed: u32) {
    let screen = format!("-f lavfi -i color=0x1ea048:s={size}:r={rate}:d=1");
    let subject = format!("-f lavfi -i color=0xb44678:s=64x80:r={rate}:d=1");
    let mix = format!("-filter_complex [0][1]overlay=x=24+{speed}*t:y=48,scale=in_range=pc:out_color_matrix=bt709:out_range=tv");
    bench.ffmpeg(&format!("{screen} {subject} {mix} -c:v ffv1 -pix_fmt yuv444p {TAGS}"), "base.mkv");
}

fn key(bench: &Bench, file: &Path) -> Value {
    let report = bench.path("report.json");
    let done = bench.command(file, &["mov-prores4444"]).arg("--report").arg(&report).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
}

fn keyed(bench: &Bench, (width, height): (usize, usize)) -> Vec<Vec<u8>> {
    decode(&bench.path("out/mov-prores4444.mov"), "rgba", width * height * 4)
}

#[test]
fn an_alpha_that_is_zero_everywhere_is_none() {
    for (name, codec, format) in [("raw.avi", "rawvideo", "bgra"), ("frames.mov", "png", "rgba")] {
        let bench = Bench::new();
        moving_box(&bench, "256x144", 25, 70);
        let filter = format!("-vf scale=in_color_matrix=bt709,format={format},colorchannelmixer=aa=0");
        let file = bench.ffmpeg(&format!("-i base.mkv {filter} -c:v {codec} -pix_fmt {format}"), name);
        let report = key(&bench, &file);
        assert_eq!(report["choice"]["strategy"].as_str(), Some("chroma-key"), "{report}");
        let frames = keyed(&bench, (256, 144));
        let middle = frames[12].chunks_exact(4).map(|pixel| u64::from(pixel[3])).sum::<u64>() / 255;
        assert!(middle.abs_diff(64 * 80) < 250, "{name}: {middle} pixels are opaque");
    }
}

#[test]
fn interlaced_footage_gives_no_combed_matte_and_a_warning() {
    let bench = Bench::new();
    moving_box(&bench, "288x160", 50, 160);
    let fields = "-vf tinterlace=interleave_top,setfield=tff -r 25 -flags +ilme+ildct -x264-params tff=1";
    let file = bench
        .ffmpeg(&format!("-i base.mkv {fields} -c:v libx264 -preset veryfast -crf 14 -pix_fmt yuv420p {TAGS}"), "fields.mov");
    let report = key(&bench, &file);
    let warnings = report["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["code"].as_str().unwrap().contains("deinterlaced")), "{warnings:?}");
    for (index, frame) in keyed(&bench, (288, 160)).iter().enumerate() {
        // The sum of a row's alpha is the box's width, whichever field the row is of.
        let width =
            |row: usize| frame[row * 288 * 4..(row + 1) * 288 * 4].chunks_exact(4).map(|pixel| u32::from(pixel[3])).sum::<u32>();
        let left = |row: usize| (0..288).find(|x| frame[(row * 288 + x) * 4 + 3] > 127);
        for row in 60..116 {
            assert!(width(row).abs_diff(width(row + 1)) < 510, "frame {index}, row {row}");
            let apart = left(row).unwrap().abs_diff(left(row + 1).unwrap());
            assert!(apart < 2, "frame {index}, row {row}: combed by {apart}");
        }
    }
}

#[test]
fn a_very_narrow_picture_is_refused_for_a_reason_or_keyed() {
    let bench = Bench::new();
    let file =
        bench.ffmpeg(&format!("-f lavfi -i testsrc2=s=48x1600:r=12:d=1 -c:v libx264 -pix_fmt yuv420p {TAGS}"), "narrow.mp4");
    let done = bench.run(&file, &["mov-prores4444"]);
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(0) || stderr.contains("error[no_matte_strategy]"), "{stderr}");
}
