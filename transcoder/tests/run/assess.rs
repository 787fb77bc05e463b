//! `qa SOURCE RESULT`: the score of a job, of anybody's result.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::clips::Bench;

fn qa(bench: &Bench, source: &Path, result: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.arg("qa").args([source, result]).arg("--report").arg(bench.path("qa.json"));
    command.env("SCRATCH_DIR", bench.path("scratch")).env("MATTING_MODELS", "").output().unwrap()
}

fn report(bench: &Bench, source: &Path, result: &Path) -> Value {
    let done = qa(bench, source, result);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8(done.stdout).unwrap().starts_with("score "));
    assert_eq!(bench.names("scratch"), Vec::<String>::new());
    serde_json::from_slice(&std::fs::read(bench.path("qa.json")).unwrap()).unwrap()
}

fn terms(report: &Value) -> Vec<&str> {
    report["scoreTerms"].as_array().unwrap().iter().map(|term| term["term"].as_str().unwrap()).collect()
}

#[test]
fn a_result_is_judged_as_its_job_was_and_a_spoiled_one_is_worse() {
    let bench = Bench::new();
    // Odd sides: what was padded is cut off again.
    let clip = bench.green("161x121", 6, "green.mp4");
    let job_report = bench.path("job.json");
    let more = ["--report", job_report.to_str().unwrap()];
    let made = bench.command(&clip, &["mov-prores4444"]).args(more).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let job: Value = serde_json::from_slice(&std::fs::read(job_report).unwrap()).unwrap();
    let result = bench.path("out/mov-prores4444.mov");
    let report = |result: &Path| report(&bench, &clip, result);
    let own = report(&result);
    let score = |report: &Value| report["score"].as_i64().unwrap();
    assert!((score(&own) - score(&job)).abs() <= 2 && score(&own) > 80, "{own} {job}");
    let expected = ["reconstruction", "spill", "flicker", "translucency"];
    assert_eq!((terms(&own), terms(&job)), (expected.to_vec(), expected.to_vec()));
    let spoil = |filter: &str, name: &str| {
        let input = result.display();
        let words = format!(
            "-i {input} -filter_complex [0]format=rgba,split[a][b];[a]alphaextract,{filter}[m];[b][m]alphamerge -c:v png"
        );
        bench.ffmpeg(&words, name)
    };
    let [once, thrice] = ["erosion", "erosion,erosion,erosion"].map(|filter| score(&report(&spoil(filter, "spoiled.mov"))));
    assert!(score(&own) > once + 5 && once > thrice + 5, "{} {once} {thrice}", score(&own));
}

#[test]
fn without_a_screen_the_matte_is_judged_alone() {
    let bench = Bench::new();
    let clip = bench.ffmpeg("-f lavfi -t 0.5 -i testsrc2=s=160x120:r=12 -c:v libx264", "natural.mp4");
    let result = bench.ffmpeg("-f lavfi -t 0.5 -i testsrc2=s=160x120:r=12:alpha=128,format=rgba -c:v png", "result.mov");
    let report = report(&bench, &clip, &result);
    assert_eq!(terms(&report), ["flicker", "translucency", "holes", "softness"]);
    assert_eq!(report["matte"]["reconstructionError"], Value::Null);
    let warnings = report["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["code"] == "score_uncertain"), "{warnings:?}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let bench = Bench::new();
    let clip = bench.green("160x120", 6, "green.mp4");
    let short = bench.ffmpeg("-f lavfi -t 0.25 -i color=red@0.5:s=160x120:r=12,format=rgba -c:v png", "short.mov");
    for (result, said) in
        [(&short, "goes on after frame 3"), (&clip, "error[no_source_alpha]: "), (&bench.path("no.mov"), "not a file")]
    {
        let refused = qa(&bench, &clip, result);
        let stderr = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(1) && stderr.contains(said), "{said}: {stderr}");
    }
}
