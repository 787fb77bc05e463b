//! Files as cameras, recorders, editors and browsers write them: what is taken, and as what.

mod alpha;
mod fuzz;
mod sound;
mod table;
mod timing;
mod work;

use std::path::Path;

use serde_json::Value;

use crate::clips::{Bench, probe};

/// Runs a file, with further options, and returns the report; `matte-grayscale-mp4` is made.
pub fn report(bench: &Bench, file: &Path, options: &[&str]) -> Value {
    let path = bench.path("report.json");
    let done = bench.command(file, &["matte-grayscale-mp4"]).args(options).arg("--report").arg(&path).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}: {}", file.display(), String::from_utf8_lossy(&done.stderr));
    assert_eq!(bench.names("scratch"), Vec::<String>::new(), "nothing may be left");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The codes of a report's warnings.
pub fn warnings(report: &Value) -> Vec<&str> {
    report["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

/// The only output's rate, number of frames and length in seconds.
pub fn timing(report: &Value) -> (f64, u64, f64) {
    let figures = &report["outputs"][0];
    let number = |name: &str| figures[name].as_f64().unwrap();
    (number("frameRate"), figures["frameCount"].as_u64().unwrap(), number("durationSec"))
}

/// The size of the output.
pub fn size(bench: &Bench) -> String {
    probe(&bench.path("out/matte-grayscale-mp4.mp4"), "v", "stream=width,height")
}

/// A box over a screen, at this size and rate, without losses.
pub fn moving_box(bench: &Bench, size: &str, rate: u32, name: &str) {
    let screen = format!("-f lavfi -i color=0x1ea048:s={size}:r={rate}:d=1");
    let subject = format!("-f lavfi -i color=0xb44678:s=40x56:r={rate}:d=1");
    let mix = "-filter_complex [0][1]overlay=x=20+60*t:y=30,scale=in_range=pc:out_color_matrix=bt709:out_range=tv";
    bench.ffmpeg(&format!("{screen} {subject} {mix} -c:v ffv1 -pix_fmt yuv444p -colorspace bt709"), name);
}
