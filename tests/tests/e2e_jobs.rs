//! Whole jobs through every real part: presigned PUT, D1, queue, transcoder, ffmpeg, R2, download. Good sources and bad ones.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::alpha::AlphaShares;
use tests::client::Job;
use tests::clip::Clip;
use tests::customer::Customer;
use tests::http::agent;
use tests::stack::StackOptions;
use tests::stack::shared::SharedStack;
use tests::web::{Page, Web};

static STACK: SharedStack = SharedStack::new();
static WEB: LazyLock<Web> = LazyLock::new(|| Web::start().unwrap());

const ALL_OUTPUTS: [&str; 3] = ["webm-vp9-alpha", "mov-prores4444", "matte-grayscale-mp4"];

/// A stack with one transcoder that may visit [`WEB`], and a customer of it.
struct Scene {
    customer: Customer,
    credits: u64,
    dir: TempDir,
    _stack: tests::stack::shared::SharedStackUse,
}

impl Scene {
    fn new() -> Self {
        let options = StackOptions { transcoders: 1, allow_hosts: vec![WEB.host()], ..StackOptions::default() };
        let shared = STACK.join(options).unwrap();
        let credits = 100;
        let customer = Customer::create(&shared.lock(), credits).unwrap();
        Self { customer, credits, dir: tempfile::tempdir().unwrap(), _stack: shared }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn green_clip(&self) -> PathBuf {
        let path = self.file("green.mp4");
        Clip::SHORT.write(&path).unwrap();
        path
    }

    /// Makes a file with ffmpeg.
    fn make(&self, name: &str, args: &[&str]) -> PathBuf {
        let path = self.file(name);
        let status = Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args).arg(&path).status().unwrap();
        assert!(status.success());
        path
    }

    fn run_file(&self, path: &Path, outputs: &[&str]) -> Job {
        let job = self.customer.submit_file(path, "video/mp4", outputs).unwrap();
        self.customer.wait_for_end(&job.id).unwrap()
    }

    fn run_url(&self, url: &str) -> Job {
        let body = json!({ "input": { "mode": "video", "videoUrl": url }, "options": { "outputs": ["webm-vp9-alpha"] } });
        let job = self.customer.submit(&body).unwrap();
        self.customer.wait_for_end(&job.id).unwrap()
    }

    /// A job that must fail so, with all credits back.
    fn assert_failed(&self, job: &Job, code: &str) {
        let error = job.error.as_ref().unwrap_or_else(|| panic!("{} without an error, expected {code}", job.status));
        assert_eq!((job.status.as_str(), error.code.as_str()), ("failed", code), "{}", error.message);
        assert!(error.message.ends_with('.') && !error.message.contains('/'), "{}", error.message);
        assert!(job.output_assets.is_empty());
        assert_eq!(self.customer.balance().unwrap(), self.credits);
    }
}

fn has_audio(path: &Path) -> bool {
    let args = ["-v", "error", "-select_streams", "a", "-show_entries", "stream=codec_type", "-of", "csv=p=0"];
    !Command::new("ffprobe").args(args).arg(path).output().unwrap().stdout.is_empty()
}

#[test]
fn a_green_screen_becomes_three_outputs_with_the_same_matte() {
    let scene = Scene::new();
    let job = scene.run_file(&scene.green_clip(), &ALL_OUTPUTS);
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
        assert_eq!(has_audio(&path), asset.format != "matte-grayscale-mp4", "{}", asset.format);
        shares.push(AlphaShares::measure(&path, &asset.format).unwrap());
    }
    for share in &shares {
        assert!(share.is_cut_out(), "{shares:?}");
        // The clip's subject covers a quarter to a third of the picture.
        assert!((share.transparent - shares[1].transparent).abs() < 0.02, "{shares:?}");
        assert!((share.opaque - shares[1].opaque).abs() < 0.02, "{shares:?}");
    }
    // One second of keying and two further outputs: 1, and a tenth of it rounded up.
    assert_eq!(scene.customer.balance().unwrap(), scene.credits - 2);
}

#[test]
fn an_output_is_a_file_url_with_ranges_and_a_source_for_the_next_job() {
    let scene = Scene::new();
    let first = scene.run_file(&scene.green_clip(), &["mov-prores4444"]);
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
    let scene = Scene::new();
    let source = scene.customer.api.upload_file(&scene.green_clip(), "video/mp4").unwrap();
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
    let scene = Scene::new();
    let file = WEB.put("/world.mp4", Page::File(scene.green_clip()));
    let redirect = WEB.put("/world", Page::Redirect(file));
    let job = scene.run_url(&redirect);
    assert_eq!(job.status, "success", "{:?}", job.error);
    assert_eq!(scene.customer.balance().unwrap(), scene.credits - 1);
}

#[test]
fn a_redirect_into_a_private_network_is_refused() {
    let scene = Scene::new();
    let private = Web::start().unwrap();
    let secret = private.put("/secret.mp4", Page::File(scene.green_clip()));
    let job = scene.run_url(&WEB.put("/trap", Page::Redirect(secret)));
    scene.assert_failed(&job, "source_forbidden");
    assert_eq!(private.visits(), 0);
    let loop_url = WEB.put("/loop", Page::Redirect(format!("http://{}/loop", WEB.host())));
    scene.assert_failed(&scene.run_url(&loop_url), "source_forbidden");
    scene.assert_failed(&scene.run_url(&WEB.put("/file", Page::Redirect("file:///etc/passwd".into()))), "source_forbidden");
}

#[test]
fn a_source_that_is_not_there_is_said_to_be_unreachable() {
    let scene = Scene::new();
    scene.assert_failed(&scene.run_url(&WEB.put("/gone.mp4", Page::Status(404))), "source_unreachable");
}

#[test]
fn what_is_not_a_video_is_refused_by_name() {
    let scene = Scene::new();
    let text = scene.file("text.mp4");
    fs::write(&text, "These are words, not pictures. ".repeat(100)).unwrap();
    scene.assert_failed(&scene.run_file(&text, &["webm-vp9-alpha"]), "source_not_video");
    let sound = scene.make("sound.mp4", &["-f", "lavfi", "-i", "sine=duration=1"]);
    scene.assert_failed(&scene.run_file(&sound, &["webm-vp9-alpha"]), "source_not_video");
}

#[test]
fn scripts_in_disguise_are_refused_and_their_neighbours_never_read() {
    let scene = Scene::new();
    let neighbour = scene.green_clip();
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
        scene.assert_failed(&scene.run_file(&path, &["webm-vp9-alpha"]), "source_not_video");
    }
    assert_eq!(WEB.visits(), before);
}

#[test]
fn a_truncated_source_is_refused_by_name() {
    let scene = Scene::new();
    let whole = fs::read(scene.green_clip()).unwrap();
    let cut = scene.file("cut.mp4");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    scene.assert_failed(&scene.run_file(&cut, &["webm-vp9-alpha"]), "source_truncated");
    // Its index lies at the end, so nothing can be found in what is left.
    let late_index = scene.make("late.mp4", &["-f", "lavfi", "-i", "color=green:s=64x64:d=2", "-c:v", "libx264"]);
    let whole = fs::read(&late_index).unwrap();
    fs::write(&late_index, &whole[..whole.len() / 2]).unwrap();
    scene.assert_failed(&scene.run_file(&late_index, &["webm-vp9-alpha"]), "source_truncated");
}

#[test]
fn a_source_without_frames_is_refused_by_name() {
    let scene = Scene::new();
    let empty = scene.make("empty.avi", &["-f", "lavfi", "-i", "color=green:s=64x64:d=1", "-c:v", "mpeg4", "-frames:v", "0"]);
    scene.assert_failed(&scene.run_file(&empty, &["webm-vp9-alpha"]), "source_no_frames");
    // Packets are there, but the edit list shows none of them.
    let clip = scene.green_clip();
    let hidden = scene.make("hidden.mp4", &["-ss", "100", "-i", &clip.to_string_lossy(), "-c", "copy"]);
    scene.assert_failed(&scene.run_file(&hidden, &["webm-vp9-alpha"]), "source_no_frames");
}

#[test]
fn footage_without_screen_and_alpha_is_refused_with_a_reason() {
    let scene = Scene::new();
    let natural = scene.make("natural.mp4", &["-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=25", "-pix_fmt", "yuv420p"]);
    scene.assert_failed(&scene.run_file(&natural, &["webm-vp9-alpha"]), "no_matte_strategy");
    let url = scene.customer.api.upload_file(&natural, "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": url, "alphaStrategy": "preserve-source-alpha" } });
    let job = scene.customer.submit(&body).unwrap();
    scene.assert_failed(&scene.customer.wait_for_end(&job.id).unwrap(), "no_source_alpha");
}

#[test]
fn a_source_dearer_than_the_balance_fails_without_a_charge() {
    let scene = Scene::new();
    let long = scene.make("long.mp4", &["-f", "lavfi", "-i", "color=0x00b140:s=64x64:d=120:r=5", "-pix_fmt", "yuv420p"]);
    scene.assert_failed(&scene.run_file(&long, &["webm-vp9-alpha"]), "insufficient_credits");
}

#[test]
fn the_duration_that_a_caller_declares_is_corrected() {
    let scene = Scene::new();
    let url = scene.customer.api.upload_file(&scene.green_clip(), "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": url, "durationSec": 42.5 } });
    let job = scene.customer.submit(&body).unwrap();
    assert_eq!(job.rest["credits"], Value::from(43));
    let job = scene.customer.wait_for_end(&job.id).unwrap();
    assert_eq!((job.status.as_str(), &job.rest["credits"]), ("success", &Value::from(1)), "{:?}", job.error);
    assert_eq!(scene.customer.balance().unwrap(), scene.credits - 1);
}
