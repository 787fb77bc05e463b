//! RemoveBGVideo's API against the whole stack: upload, draft, start, poll, download.

use crate::{WEB_SERVER, fixture};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tests::alpha::AlphaShares;
use tests::cache::Cache;
use tests::fixture::{Fixture, pixel, probe};
use tests::form::Form;
use tests::stack::shared::SharedStack;
use tests::stack::{Models, StackOptions};
use tests::tasks::demo::clips;
use tests::tasks::setup;
use tests::test_account::wait_for;
use tests::web_server::Page;
use tests::workspace::Workspace;

const CREDITS: u64 = 200;

/// A client that works as the vendor's libraries do.
struct Client(Fixture);

impl Client {
    fn new() -> Self {
        Self(fixture(CREDITS))
    }

    /// On a stack with the models that are installed.
    fn with_models() -> Self {
        static STACK: SharedStack = SharedStack::new();
        let (workspace, cache) = (Workspace::find().unwrap(), Cache::open().unwrap());
        setup::ensure(&workspace, &cache).unwrap();
        let options = StackOptions {
            transcoders: 1,
            allow_hosts: vec![WEB_SERVER.host()],
            models: Models::Installed,
            ..StackOptions::default()
        };
        Self(Fixture::join(&STACK, options, CREDITS))
    }

    fn call(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Value {
        let answer = self.0.call(method, path, content_type, body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, "application/json", body.to_string().as_bytes())
    }

    fn upload(&self) -> Value {
        let form = Form::default().file("file", "clip.mp4", "video/mp4", &fs::read(self.0.clip()).unwrap());
        self.call("POST", "/v1/uploads", &form.content_type(), &form.body())["video_url"].clone()
    }

    fn wait(&self, id: &Value) -> Value {
        let path = format!("/v1/jobs/{}", id.as_str().unwrap());
        let ended = wait_for("over", || {
            let job = self.call("GET", &path, "application/json", &[]);
            Ok(Some(job.clone()).filter(|_| job["status"] == "completed" || job["status"] == "failed"))
        });
        ended.unwrap()
    }

    fn fetch(&self, job: &Value, name: &str) -> PathBuf {
        assert_eq!(job["status"], "completed", "{job}");
        self.0.fetch(job["output_url"].as_str().unwrap(), name)
    }
}

fn is_near(seen: &[u8], truth: [u8; 3]) -> bool {
    seen.len() == 3 && seen.iter().zip(truth).all(|(seen, truth)| seen.abs_diff(truth) <= 8)
}

#[test]
fn a_subject_is_composed_over_a_picture_as_the_start_says() {
    let client = Client::new();
    // Wider than the canvas: red at the left and right, where it is cropped away, blue in the
    // middle.
    let source = "color=red:s=800x300:d=1,drawbox=x=140:y=0:w=520:h=300:color=0x2040a0:t=fill";
    let picture = client.0.make("beach.png", &["-t", "1", "-f", "lavfi", "-i", source, "-frames:v", "1"]);
    let picture_url = WEB_SERVER.put("/beach.png", Page::File(picture));
    let draft = json!({ "video_url": client.upload(), "model": "original", "output_format": "mp4", "auto_start": false });
    let id = client.post("/v1/jobs", &draft)["job_id"].clone();
    let start = json!({
        "model": "light",
        "background": { "type": "image", "image_url": picture_url },
        "composition": {
            "canvas": { "width": 480, "height": 480 },
            "foreground": { "anchor": "bottom-right", "scale": 0.5, "offset": { "x": -20, "y": -10 } },
        },
    });
    assert_eq!(client.post(&format!("/v1/jobs/{}/start", id.as_str().unwrap()), &start)["status"], "processing");
    let path = client.fetch(&client.wait(&id), "composed.mp4");
    assert_eq!(probe(&path, "v", "stream=codec_name,width,height"), "h264,480,480");
    for (x, y) in [(4, 4), (475, 4), (4, 475), (475, 475), (240, 240)] {
        assert!(is_near(&pixel(&path, x, y), [0x20, 0x40, 0xa0]), "{x},{y}: {:?}", pixel(&path, x, y));
    }
    // The picture is 240 × 135 there, and its subject in the middle of it: 220 to 460 across, 335
    // to 470 down.
    assert!(!is_near(&pixel(&path, 340, 402), [0x20, 0x40, 0xa0]), "{:?}", pixel(&path, 340, 402));
}

#[test]
fn the_calls_of_the_vendors_documentation_cut_a_person_out_as_installed() {
    let client = Client::with_models();
    let clips = clips::generate(&Workspace::find().unwrap(), &client.0.file("clips")).unwrap();
    let source = clips[1].source.to_str().unwrap();
    let second = client.0.make("person.mp4", &["-i", source, "-t", "1", "-vf", "scale=320:180", "-c:v", "libx264"]);
    let draft = json!({
        "video_url": WEB_SERVER.put("/person.mp4", Page::File(second)), "model": "original", "output_format": "webm",
        "background": { "type": "transparent" }, "auto_start": false,
    });
    let id = client.post("/v1/jobs", &draft)["job_id"].clone();
    let start = json!({
        "model": "pro", "text_prompt": "person, clothing accessories, glowing ring", "background": { "type": "transparent" },
        "composition": {
            "canvas": { "width": 1920, "height": 1080 },
            "foreground": { "anchor": "center", "scale": 1, "offset": { "x": 0, "y": 0 } },
        },
    });
    let path = format!("/v1/jobs/{}/start", id.as_str().unwrap());
    // The model is announced when the transcoder has started.
    wait_for("started", || {
        Ok((client.0.call("POST", &path, "application/json", start.to_string().as_bytes()).status == 200).then_some(()))
    })
    .unwrap();
    let output = client.fetch(&client.wait(&id), "person.webm");
    assert_eq!(probe(&output, "v", "stream=codec_name,width,height"), "vp9,1920,1080");
    let shares = AlphaShares::measure(&output, "webm-vp9-alpha").unwrap();
    assert!((0.5..0.9).contains(&shares.transparent) && (0.1..0.5).contains(&shares.opaque), "{shares:?}");
}

#[test]
fn every_format_is_made() {
    let client = Client::new();
    let url = client.upload();
    for (format, codec) in
        [("webm", "vp9"), ("mov", "prores"), ("mp4", "h264"), ("gif", "gif"), ("webp", ""), ("png_sequence", "")]
    {
        let created = client.post("/v1/jobs", &json!({ "video_url": url, "output_format": format }));
        let job = client.wait(&created["id"]);
        assert_eq!((&job["output_format"], &job["error"]), (&json!(format), &Value::Null), "{job}");
        let path = client.fetch(&job, &format!("made.{format}"));
        let head = fs::read(&path).unwrap()[..4].to_vec();
        match format {
            "webp" => assert_eq!(head, b"RIFF"),
            "png_sequence" => assert_eq!(head, b"PK\x03\x04"),
            _ => assert_eq!(probe(&path, "v", "stream=codec_name"), codec),
        }
    }
}

#[test]
fn a_background_that_is_no_image_fails_the_job_and_costs_nothing() {
    let client = Client::new();
    let text = client.0.file("picture.png");
    fs::write(&text, "no picture at all, whatever it is called").unwrap();
    let body = json!({
        "video_url": client.upload(), "background": { "type": "image", "image_url": WEB_SERVER.put("/none.png", Page::File(text)) },
    });
    let job = client.wait(&client.post("/v1/jobs", &body)["id"]);
    assert_eq!((&job["status"], &job["error"]["code"]), (&json!("failed"), &json!("backdrop_unusable")), "{job}");
    assert_eq!(client.0.account.balance().unwrap(), CREDITS);
}
