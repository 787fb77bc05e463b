//! Whole jobs through every real part: presigned PUT, D1, queue, transcoder, ffmpeg, R2, download. Good sources and bad ones.

#![cfg(test)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tests::alpha::AlphaShares;
use tests::client::Job;
use tests::http::agent;
use tests::scene::{Scene, assert_failed, probe};
use tests::stack::StackOptions;
use tests::stack::shared::SharedStack;
use tests::web::{Page, Web};

static STACK: SharedStack = SharedStack::new();
static WEB: LazyLock<Web> = LazyLock::new(|| Web::start().unwrap());

const ALL_OUTPUTS: [&str; 3] = ["webm-vp9-alpha", "mov-prores4444", "matte-grayscale-mp4"];

const CREDITS: u64 = 100;

/// A stack with one transcoder that may visit [`WEB`].
fn scene() -> Scene {
    let options = StackOptions { transcoders: 1, allow_hosts: vec![WEB.host()], ..StackOptions::default() };
    Scene::join(&STACK, options, CREDITS)
}

fn run_file(scene: &Scene, path: &Path, outputs: &[&str]) -> Job {
    let job = scene.customer.submit_file(path, "video/mp4", outputs).unwrap();
    scene.customer.wait_for_end(&job.id).unwrap()
}

fn run_url(scene: &Scene, url: &str) -> Job {
    let body = json!({ "input": { "mode": "video", "videoUrl": url }, "options": { "outputs": ["webm-vp9-alpha"] } });
    let job = scene.customer.submit(&body).unwrap();
    scene.customer.wait_for_end(&job.id).unwrap()
}

#[test]
fn a_green_screen_becomes_three_outputs_with_the_same_matte() {
    let scene = scene();
    let job = run_file(&scene, &scene.clip(), &ALL_OUTPUTS);
    assert_eq!((job.status.as_str(), job.progress), ("success", 100.0), "{:?}", job.error);
    assert_eq!(job.rest["alphaStrategy"], "chroma-key");
    assert_eq!(job.rest["source"]["durationSec"], 1.0);
    let formats: Vec<_> = job.output_assets.iter().map(|asset| asset.format.as_str()).collect();
    assert_eq!(formats, ALL_OUTPUTS);
    let mut shares = Vec::new();
    for asset in &job.output_assets {
        let path = scene.file(&asset.format);
        let size_bytes = scene.customer.api.download(&job.id, &asset.format, &path).unwrap();
        assert_eq!(size_bytes, asset.size_bytes);
        assert_eq!(!probe(&path, "a", "stream=codec_type").is_empty(), asset.format != "matte-grayscale-mp4", "{}", asset.format);
        shares.push(AlphaShares::measure(&path, &asset.format).unwrap());
    }
    for share in &shares {
        assert!(share.is_cut_out(), "{shares:?}");
        // The clip's subject covers a quarter to a third of the picture.
        assert!((share.transparent - shares[1].transparent).abs() < 0.02, "{shares:?}");
        assert!((share.opaque - shares[1].opaque).abs() < 0.02, "{shares:?}");
    }
    // One second of keying and two further outputs: 1, and a tenth of it rounded up.
    assert_eq!(scene.customer.balance().unwrap(), CREDITS - 2);
}

#[test]
fn an_output_is_a_file_url_with_ranges_and_a_source_for_the_next_job() {
    let scene = scene();
    let first = run_file(&scene, &scene.clip(), &["mov-prores4444"]);
    let url = first.output_assets[0].url.clone();
    let ranged = agent().get(&url).header("range", "bytes=4-7").call().unwrap();
    assert_eq!(ranged.status(), 206);
    assert_eq!(ranged.into_body().read_to_string().unwrap(), "ftyp");

    let body = json!({
        "input": { "mode": "video", "videoUrl": url, "alphaStrategy": "preserve-source-alpha" },
        "options": { "outputs": ["webm-vp9-alpha"] },
    });
    let job = scene.customer.submit(&body).unwrap();
    assert_eq!(job.rest["model"], "local.ffmpeg-encoder");
    let second = scene.customer.wait_for_end(&job.id).unwrap();
    assert_eq!(second.status, "success", "{:?}", second.error);
    assert_eq!(second.rest["alphaStrategy"], "preserve-source-alpha");
    let path = scene.file("second.webm");
    scene.customer.api.download(&second.id, "webm-vp9-alpha", &path).unwrap();
    assert!(AlphaShares::measure(&path, "webm-vp9-alpha").unwrap().is_cut_out());
}

#[test]
fn a_deleted_job_takes_its_files_with_it() {
    let scene = scene();
    let source = scene.customer.api.upload_file(&scene.clip(), "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": source }, "options": { "outputs": ["matte-grayscale-mp4"] } });
    let job = scene.customer.submit(&body).unwrap();
    let job = scene.customer.wait_for_end(&job.id).unwrap();
    assert!(job.rest["retainedUntil"].is_string(), "{:?}", job.error);
    let status = |url: &str| agent().get(url).call().unwrap().status().as_u16();
    let output = &job.output_assets[0].url;
    assert_eq!((status(&source), status(output)), (200, 200));
    scene.customer.api.delete_job(&job.id).unwrap();
    assert_eq!((status(&source), status(output)), (404, 404));
}

#[test]
fn a_source_of_the_world_is_fetched_and_redirects_are_followed() {
    let scene = scene();
    let file = WEB.put("/world.mp4", Page::File(scene.clip()));
    let redirect = WEB.put("/world", Page::Redirect(file));
    let job = run_url(&scene, &redirect);
    assert_eq!(job.status, "success", "{:?}", job.error);
    assert_eq!(scene.customer.balance().unwrap(), CREDITS - 1);
}

#[test]
fn a_redirect_into_a_private_network_is_refused() {
    let scene = scene();
    let private = Web::start().unwrap();
    let secret = private.put("/secret.mp4", Page::File(scene.clip()));
    let job = run_url(&scene, &WEB.put("/trap", Page::Redirect(secret)));
    assert_failed(&scene.customer, &job, "source_forbidden", CREDITS);
    assert_eq!(private.visits(), 0);
    let loop_url = WEB.put("/loop", Page::Redirect(format!("http://{}/loop", WEB.host())));
    assert_failed(&scene.customer, &run_url(&scene, &loop_url), "source_forbidden", CREDITS);
    assert_failed(
        &scene.customer,
        &run_url(&scene, &WEB.put("/file", Page::Redirect("file:///etc/passwd".into()))),
        "source_forbidden",
        CREDITS,
    );
}

#[test]
fn a_source_that_is_not_there_is_said_to_be_unreachable() {
    let scene = scene();
    assert_failed(&scene.customer, &run_url(&scene, &WEB.put("/gone.mp4", Page::Status(404))), "source_unreachable", CREDITS);
}

#[test]
fn what_is_not_a_video_is_refused_by_name() {
    let scene = scene();
    let text = scene.file("text.mp4");
    fs::write(&text, "These are words, not pictures. ".repeat(100)).unwrap();
    assert_failed(&scene.customer, &run_file(&scene, &text, &["webm-vp9-alpha"]), "source_not_video", CREDITS);
    let sound = scene.make("sound.mp4", &["-f", "lavfi", "-i", "sine=duration=1"]);
    assert_failed(&scene.customer, &run_file(&scene, &sound, &["webm-vp9-alpha"]), "source_not_video", CREDITS);
}

#[test]
fn scripts_in_disguise_are_refused_and_their_neighbours_never_read() {
    let scene = scene();
    let neighbour = scene.clip();
    let bait = WEB.put("/bait.mp4", Page::File(neighbour.clone()));
    let before = WEB.visits();
    let neighbour = neighbour.display();
    for (name, script) in [
        ("hls.mp4", format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{neighbour}\n#EXT-X-ENDLIST\n")),
        ("hls-http.mp4", format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{bait}\n#EXT-X-ENDLIST\n")),
        ("concat.mp4", format!("ffconcat version 1.0\nfile '{neighbour}'\n")),
        ("sdp.mp4", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n".to_owned()),
    ] {
        let path = scene.file(name);
        fs::write(&path, script).unwrap();
        assert_failed(&scene.customer, &run_file(&scene, &path, &["webm-vp9-alpha"]), "source_not_video", CREDITS);
    }
    assert_eq!(WEB.visits(), before);
}

#[test]
fn a_truncated_source_is_refused_by_name() {
    let scene = scene();
    let whole = fs::read(scene.clip()).unwrap();
    let cut = scene.file("cut.mp4");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert_failed(&scene.customer, &run_file(&scene, &cut, &["webm-vp9-alpha"]), "source_truncated", CREDITS);
    // Its index lies at the end, so nothing can be found in what is left.
    let late_index = scene.make("late.mp4", &["-f", "lavfi", "-i", "color=green:s=64x64:d=2", "-c:v", "libx264"]);
    let whole = fs::read(&late_index).unwrap();
    fs::write(&late_index, &whole[..whole.len() / 2]).unwrap();
    assert_failed(&scene.customer, &run_file(&scene, &late_index, &["webm-vp9-alpha"]), "source_truncated", CREDITS);
}

#[test]
fn a_source_without_frames_is_refused_by_name() {
    let scene = scene();
    let empty = scene.make("empty.avi", &["-f", "lavfi", "-i", "color=green:s=64x64:d=1", "-c:v", "mpeg4", "-frames:v", "0"]);
    assert_failed(&scene.customer, &run_file(&scene, &empty, &["webm-vp9-alpha"]), "source_no_frames", CREDITS);
    // Packets are there, but the edit list shows none of them.
    let clip = scene.clip();
    let hidden = scene.make("hidden.mp4", &["-ss", "100", "-i", &clip.to_string_lossy(), "-c", "copy"]);
    assert_failed(&scene.customer, &run_file(&scene, &hidden, &["webm-vp9-alpha"]), "source_no_frames", CREDITS);
}

#[test]
fn footage_without_screen_and_alpha_is_refused_with_a_reason() {
    let scene = scene();
    let natural = scene.make("natural.mp4", &["-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=25", "-pix_fmt", "yuv420p"]);
    assert_failed(&scene.customer, &run_file(&scene, &natural, &["webm-vp9-alpha"]), "no_matte_strategy", CREDITS);
    let url = scene.customer.api.upload_file(&natural, "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": url, "alphaStrategy": "preserve-source-alpha" } });
    let job = scene.customer.submit(&body).unwrap();
    assert_failed(&scene.customer, &scene.customer.wait_for_end(&job.id).unwrap(), "no_source_alpha", CREDITS);
}

#[test]
fn a_source_dearer_than_the_balance_fails_without_a_charge() {
    let scene = scene();
    let long = scene.make("long.mp4", &["-f", "lavfi", "-i", "color=0x00b140:s=64x64:d=120:r=5", "-pix_fmt", "yuv420p"]);
    assert_failed(&scene.customer, &run_file(&scene, &long, &["webm-vp9-alpha"]), "insufficient_credits", CREDITS);
}

#[test]
fn the_duration_that_a_caller_declares_is_corrected() {
    let scene = scene();
    let url = scene.customer.api.upload_file(&scene.clip(), "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": url, "durationSec": 42.5 } });
    let job = scene.customer.submit(&body).unwrap();
    assert_eq!(job.rest["credits"], Value::from(43));
    let job = scene.customer.wait_for_end(&job.id).unwrap();
    assert_eq!((job.status.as_str(), &job.rest["credits"]), ("success", &Value::from(1)), "{:?}", job.error);
    assert_eq!(scene.customer.balance().unwrap(), CREDITS - 1);
}
