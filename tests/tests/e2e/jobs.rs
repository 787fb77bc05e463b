//! Jobs of the bgless API: presigned PUT, D1, queue, transcoder, ffmpeg, R2, download. Valid
//! sources and broken ones.

use crate::{WEB_SERVER, fixture};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use tests::alpha::AlphaShares;
use tests::client::Job;
use tests::fixture::{Fixture, assert_failed, probe};
use tests::http::agent;
use tests::web_server::{Page, WebServer};

const ALL_OUTPUTS: [&str; 3] = ["webm-vp9-alpha", "mov-prores4444", "matte-grayscale-mp4"];

const CREDITS: u64 = 100;

fn run_file(fixture: &Fixture, path: &Path, outputs: &[&str]) -> Job {
    let job = fixture.account.submit_file(path, "video/mp4", outputs).unwrap();
    fixture.account.wait_for_end(&job.id).unwrap()
}

fn run_url(fixture: &Fixture, url: &str) -> Job {
    let body = json!({ "input": { "mode": "video", "videoUrl": url }, "options": { "outputs": ["webm-vp9-alpha"] } });
    let job = fixture.account.submit(&body).unwrap();
    fixture.account.wait_for_end(&job.id).unwrap()
}

#[test]
fn a_green_screen_becomes_three_outputs_with_the_same_matte() {
    let fixture = fixture(CREDITS);
    let job = run_file(&fixture, &fixture.clip(), &ALL_OUTPUTS);
    assert_eq!((job.status.as_str(), job.progress), ("success", 100.0), "{:?}", job.error);
    assert_eq!(job.rest["alphaStrategy"], "chroma-key");
    assert_eq!(job.rest["source"]["durationSec"], 1.0);
    let formats: Vec<_> = job.output_assets.iter().map(|asset| asset.format.as_str()).collect();
    assert_eq!(formats, ALL_OUTPUTS);
    let mut shares = Vec::new();
    for asset in &job.output_assets {
        let path = fixture.file(&asset.format);
        let size_bytes = fixture.account.api.download(&job.id, &asset.format, &path).unwrap();
        assert_eq!(size_bytes, asset.size_bytes);
        assert_eq!(probe(&path, "a", "stream=codec_type"), "audio", "{}", asset.format);
        shares.push(AlphaShares::measure(&path, &asset.format).unwrap());
    }
    for share in &shares {
        assert!(share.is_cut_out(), "{shares:?}");
        // The clip's subject covers a quarter to a third of the frame.
        assert!((share.transparent - shares[1].transparent).abs() < 0.02, "{shares:?}");
        assert!((share.opaque - shares[1].opaque).abs() < 0.02, "{shares:?}");
    }
    // One second of keying and two further outputs: 1, and a tenth of it rounded up.
    assert_eq!(fixture.account.balance().unwrap(), CREDITS - 2);
}

/// The MD5 of each frame as RGBA.
fn frame_hashes(arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]).args(arguments);
    let output = command.args(["-map", "0:v:0", "-pix_fmt", "rgba", "-f", "framemd5", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let frames = lines.lines().filter(|line| !line.starts_with('#'));
    frames.map(|line| line.rsplit(',').next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn a_source_and_an_output_of_several_parts_keep_every_byte() {
    const PART_SIZE_BYTES: u64 = 8 * 1024 * 1024;
    let fixture = fixture(CREDITS);
    // Noise: nothing compresses it, so both files are larger than one part of a multipart upload.
    // No pixel is fully transparent, since outputs do not keep the colour of those.
    let source = fixture.file("noise.mov");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "640x360", "-r", "12"]);
    command.args(["-i", "/dev/urandom", "-frames:v", "12", "-vf", "lutrgb=a=clip(val\\,1\\,255)"]);
    command.args(["-c:v", "png", "-pix_fmt", "rgba"]).arg(&source);
    assert!(command.status().unwrap().success());
    let source_url = fixture.account.api.upload_file(&source, "video/quicktime").unwrap();
    let body = json!({
        "input": { "mode": "video", "videoUrl": source_url, "alphaStrategy": "preserve-source-alpha" },
        "options": { "outputs": ["png-sequence"] },
    });
    let job = fixture.account.submit(&body).unwrap();
    let job = fixture.account.wait_for_end(&job.id).unwrap();
    assert_eq!(job.status, "success", "{:?}", job.error);

    let (zip, frames) = (fixture.file("frames.zip"), fixture.file("frames"));
    let size_bytes = fixture.account.api.download(&job.id, "png-sequence", &zip).unwrap();
    assert!(size_bytes > PART_SIZE_BYTES && fs::metadata(&source).unwrap().len() > PART_SIZE_BYTES, "{size_bytes}");
    let unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    assert!(Command::new("python3").args(["-c", unpack]).args([&zip, &frames]).status().unwrap().success());
    let pattern = frames.join("frame_%06d.png");
    let expected = frame_hashes(&["-i", source.to_str().unwrap()]);
    assert_eq!(expected.len(), 12);
    assert_eq!(frame_hashes(&["-i", pattern.to_str().unwrap()]), expected);
}

#[test]
fn an_output_is_a_file_url_with_ranges_and_a_source_for_the_next_job() {
    let fixture = fixture(CREDITS);
    let first = run_file(&fixture, &fixture.clip(), &["mov-prores4444"]);
    let url = first.output_assets[0].url.clone();
    let ranged = agent().get(&url).header("range", "bytes=4-7").call().unwrap();
    assert_eq!(ranged.status(), 206);
    assert_eq!(ranged.into_body().read_to_string().unwrap(), "ftyp");

    let body = json!({
        "input": { "mode": "video", "videoUrl": url, "alphaStrategy": "preserve-source-alpha" },
        "options": { "outputs": ["webm-vp9-alpha"] },
    });
    let job = fixture.account.submit(&body).unwrap();
    assert_eq!(job.rest["model"], "local.ffmpeg-encoder");
    let second = fixture.account.wait_for_end(&job.id).unwrap();
    assert_eq!(second.status, "success", "{:?}", second.error);
    assert_eq!(second.rest["alphaStrategy"], "preserve-source-alpha");
    let path = fixture.file("second.webm");
    fixture.account.api.download(&second.id, "webm-vp9-alpha", &path).unwrap();
    assert!(AlphaShares::measure(&path, "webm-vp9-alpha").unwrap().is_cut_out());
}

#[test]
fn deleting_a_job_removes_its_files() {
    let fixture = fixture(CREDITS);
    let source = fixture.account.api.upload_file(&fixture.clip(), "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": source }, "options": { "outputs": ["matte-grayscale-mp4"] } });
    let job = fixture.account.submit(&body).unwrap();
    let job = fixture.account.wait_for_end(&job.id).unwrap();
    assert!(job.rest["retainedUntil"].is_string(), "{:?}", job.error);
    let status = |url: &str| agent().get(url).call().unwrap().status().as_u16();
    let output = &job.output_assets[0].url;
    assert_eq!((status(&source), status(output)), (200, 200));
    fixture.account.api.delete_job(&job.id).unwrap();
    assert_eq!((status(&source), status(output)), (404, 404));
}

#[test]
fn a_source_url_is_fetched_and_redirects_are_followed() {
    let fixture = fixture(CREDITS);
    let file = WEB_SERVER.put("/world.mp4", Page::File(fixture.clip()));
    let redirect = WEB_SERVER.put("/world", Page::Redirect(file));
    let job = run_url(&fixture, &redirect);
    assert_eq!(job.status, "success", "{:?}", job.error);
    assert_eq!(fixture.account.balance().unwrap(), CREDITS - 1);
}

#[test]
fn a_redirect_into_a_private_network_is_refused() {
    let fixture = fixture(CREDITS);
    let private = WebServer::start().unwrap();
    let secret = private.put("/secret.mp4", Page::File(fixture.clip()));
    let job = run_url(&fixture, &WEB_SERVER.put("/trap", Page::Redirect(secret)));
    assert_failed(&fixture.account, &job, "source_forbidden", CREDITS);
    assert_eq!(private.request_count(), 0);
    let loop_url = WEB_SERVER.put("/loop", Page::Redirect(format!("http://{}/loop", WEB_SERVER.host())));
    assert_failed(&fixture.account, &run_url(&fixture, &loop_url), "source_forbidden", CREDITS);
    assert_failed(
        &fixture.account,
        &run_url(&fixture, &WEB_SERVER.put("/file", Page::Redirect("file:///etc/passwd".into()))),
        "source_forbidden",
        CREDITS,
    );
}

#[test]
fn a_missing_source_is_reported_as_unreachable() {
    let fixture = fixture(CREDITS);
    assert_failed(
        &fixture.account,
        &run_url(&fixture, &WEB_SERVER.put("/gone.mp4", Page::Status(404))),
        "source_unreachable",
        CREDITS,
    );
}

#[test]
fn a_file_that_is_not_a_video_fails_with_a_code_of_its_own() {
    let fixture = fixture(CREDITS);
    let text = fixture.file("text.mp4");
    fs::write(&text, "These are words, not pictures. ".repeat(100)).unwrap();
    assert_failed(&fixture.account, &run_file(&fixture, &text, &["webm-vp9-alpha"]), "source_not_video", CREDITS);
    let sound = fixture.make("sound.mp4", &["-f", "lavfi", "-i", "sine=duration=1"]);
    assert_failed(&fixture.account, &run_file(&fixture, &sound, &["webm-vp9-alpha"]), "source_not_video", CREDITS);
}

#[test]
fn disguised_playlists_are_refused_and_their_targets_never_read() {
    let fixture = fixture(CREDITS);
    let neighbour = fixture.clip();
    let bait = WEB_SERVER.put("/bait.mp4", Page::File(neighbour.clone()));
    let neighbour = neighbour.display();
    for (name, script) in [
        ("hls.mp4", format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{neighbour}\n#EXT-X-ENDLIST\n")),
        ("hls-http.mp4", format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{bait}\n#EXT-X-ENDLIST\n")),
        ("concat.mp4", format!("ffconcat version 1.0\nfile '{neighbour}'\n")),
        ("sdp.mp4", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n".to_owned()),
    ] {
        let path = fixture.file(name);
        fs::write(&path, script).unwrap();
        assert_failed(&fixture.account, &run_file(&fixture, &path, &["webm-vp9-alpha"]), "source_not_video", CREDITS);
    }
    assert_eq!(WEB_SERVER.requests_to("/bait.mp4"), []);
}

#[test]
fn a_truncated_source_fails_with_a_code_of_its_own() {
    let fixture = fixture(CREDITS);
    let whole = fs::read(fixture.clip()).unwrap();
    let cut = fixture.file("cut.mp4");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert_failed(&fixture.account, &run_file(&fixture, &cut, &["webm-vp9-alpha"]), "source_truncated", CREDITS);
    // The index is at the end of the file, so the rest cannot be read.
    let late_index = fixture.make("late.mp4", &["-f", "lavfi", "-i", "color=green:s=64x64:d=2", "-c:v", "libx264"]);
    let whole = fs::read(&late_index).unwrap();
    fs::write(&late_index, &whole[..whole.len() / 2]).unwrap();
    assert_failed(&fixture.account, &run_file(&fixture, &late_index, &["webm-vp9-alpha"]), "source_truncated", CREDITS);
}

#[test]
fn a_source_without_frames_fails_with_a_code_of_its_own() {
    let fixture = fixture(CREDITS);
    let empty = fixture.make("empty.avi", &["-f", "lavfi", "-i", "color=green:s=64x64:d=1", "-c:v", "mpeg4", "-frames:v", "0"]);
    assert_failed(&fixture.account, &run_file(&fixture, &empty, &["webm-vp9-alpha"]), "source_no_frames", CREDITS);
    // The file has packets, but its edit list shows none of them.
    let clip = fixture.clip();
    let hidden = fixture.make("hidden.mp4", &["-ss", "100", "-i", &clip.to_string_lossy(), "-c", "copy"]);
    assert_failed(&fixture.account, &run_file(&fixture, &hidden, &["webm-vp9-alpha"]), "source_no_frames", CREDITS);
}

#[test]
fn footage_without_screen_and_alpha_fails_with_a_reason() {
    let fixture = fixture(CREDITS);
    let natural = fixture.make("natural.mp4", &["-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=25", "-pix_fmt", "yuv420p"]);
    assert_failed(&fixture.account, &run_file(&fixture, &natural, &["webm-vp9-alpha"]), "no_matte_strategy", CREDITS);
    let url = fixture.account.api.upload_file(&natural, "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": url, "alphaStrategy": "preserve-source-alpha" } });
    let job = fixture.account.submit(&body).unwrap();
    assert_failed(&fixture.account, &fixture.account.wait_for_end(&job.id).unwrap(), "no_source_alpha", CREDITS);
}

#[test]
fn a_source_that_costs_more_than_the_balance_fails_without_a_charge() {
    let fixture = fixture(CREDITS);
    let long = fixture.make("long.mp4", &["-f", "lavfi", "-i", "color=0x00b140:s=64x64:d=120:r=5", "-pix_fmt", "yuv420p"]);
    assert_failed(&fixture.account, &run_file(&fixture, &long, &["webm-vp9-alpha"]), "insufficient_credits", CREDITS);
}

#[test]
fn a_declared_duration_is_corrected_by_the_measured_one() {
    let fixture = fixture(CREDITS);
    let url = fixture.account.api.upload_file(&fixture.clip(), "video/mp4").unwrap();
    let body = json!({ "input": { "mode": "video", "videoUrl": url, "durationSec": 42.5 } });
    let job = fixture.account.submit(&body).unwrap();
    assert_eq!(job.rest["credits"], Value::from(43));
    let job = fixture.account.wait_for_end(&job.id).unwrap();
    assert_eq!((job.status.as_str(), &job.rest["credits"]), ("success", &Value::from(1)), "{:?}", job.error);
    assert_eq!(fixture.account.balance().unwrap(), CREDITS - 1);
}
