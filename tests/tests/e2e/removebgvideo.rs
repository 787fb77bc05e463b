//! RemoveBGVideo's API against the whole stack: upload, draft, start, poll, download.

use crate::{WEB_SERVER, fixture};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tests::fixture::{Fixture, pixel, probe};
use tests::form::Form;
use tests::test_account::wait_for;
use tests::web_server::Page;

const CREDITS: u64 = 200;

/// A client that works as the vendor's libraries do.
struct Client(Fixture);

impl Client {
    fn new() -> Self {
        Self(fixture(CREDITS))
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
