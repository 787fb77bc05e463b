//! Deleting a job removes every object of it from the bucket, whatever API and input it was created
//! with, and leaves the upload that another job needs. No transcoder runs: small objects are stored
//! where one would store its outputs.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shared::signature::{self, hmac_sha256, sha256_hex};
use shared::time::UnixMillis;
use tests::fake_transcoder::Lease;
use tests::fixture::make;
use tests::form::Form;
use tests::http::Answer;
use tests::kie_sim::{KieOptions, KieSim};
use tests::raw_http::send;
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::terminal::print_line;
use tests::test_account::{TestAccount, wait_for};

static STACK: SharedStack = SharedStack::new();
static KIE: LazyLock<KieSim> = LazyLock::new(|| KieSim::start(KieOptions::default()).unwrap());

const VIDEO: &str = "https://cdn.example.com/input.mp4";
/// One byte more than KIE takes, so that a transcoder makes the portrait.
const LOCAL_SOUND_SIZE_BYTES: usize = 10_000_001;

fn options() -> StackOptions {
    let mut edge_vars = KIE.edge_vars();
    edge_vars.push(("PROVIDER_POLL_S".into(), "1".into()));
    StackOptions { allow_hosts: vec![KIE.host()], edge_vars, ..StackOptions::default() }
}

/// A stack, an account, and a folder for the files that the account uploads.
struct Customer<'a> {
    stack: &'a Stack,
    account: TestAccount,
    folder: tempfile::TempDir,
}

impl<'a> Customer<'a> {
    fn new(stack: &'a Stack) -> Self {
        Self { stack, account: TestAccount::create(stack, 10_000).unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    /// Makes a file with ffmpeg; returns its bytes.
    fn make(&self, name: &str, graph: &str) -> Vec<u8> {
        fs::read(make(self.folder.path().join(name), &["-t", "0.5", "-f", "lavfi", "-i", graph])).unwrap()
    }

    fn picture(&self) -> Vec<u8> {
        self.make("picture.jpg", "color=red:size=64x64:rate=2")
    }

    fn sound(&self) -> Vec<u8> {
        self.make("sound.mp3", "sine=f=330")
    }

    fn upload(&self, name: &str) -> String {
        self.picture();
        let path = self.folder.path().join(name);
        fs::copy(self.folder.path().join("picture.jpg"), &path).unwrap();
        let content_type =
            if Path::new(name).extension().is_some_and(|found| found == "mp4") { "video/mp4" } else { "image/jpeg" };
        self.account.api.upload_file(&path, content_type).unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.account.api.post(path, body).unwrap();
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
        answer.body
    }

    fn bgless(&self, input: &Value) -> String {
        self.post("/v1/jobs", &json!({ "input": input }))["data"]["id"].as_str().unwrap().to_owned()
    }

    fn removebgvideo(&self, body: &Value) -> String {
        self.post("/v1/jobs", body)["job_id"].as_str().unwrap().to_owned()
    }

    fn start(&self, job_id: &str, body: &Value) {
        self.post(&format!("/v1/jobs/{job_id}/start"), body);
    }

    /// Creates a job of an API that takes forms; `id` points to the job's id in the response.
    fn form(&self, path: &str, form: &Form, id: &str) -> String {
        let headers = [("x-api-key", self.account.key.as_str()), ("content-type", &form.content_type())];
        let response = send("POST", &format!("{}{path}", self.stack.base_url()), &headers, &form.body());
        let answer = Answer::read(response).unwrap();
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
        answer.body.pointer(id).and_then(Value::as_str).unwrap().to_owned()
    }

    fn vidgen(&self, sound: &[u8]) -> String {
        let form = Form::default().file("image", "face.jpg", "image/jpeg", &self.picture());
        self.form("/api/jobs", &form.file("audio", "voice.mp3", "audio/mpeg", sound), "/jobId")
    }

    /// Claims a run and stores an output and a preview, as a transcoder does before it reports.
    fn work(&self, job_id: &str, run: u32) -> Lease<'_> {
        let lease = Lease::claim_run(self.stack, job_id, run);
        let prefix = lease.work["objectPrefix"].as_str().unwrap();
        for name in ["webm-vp9-alpha.webm", "previews/qa.json"] {
            put_object(self.stack, &format!("{prefix}{name}"));
        }
        lease
    }

    /// Works on a job once its provider's video exists; its task is on the queue then.
    fn work_on_generated(&self, job_id: &str) {
        wait_for("generated", || {
            let messages = self.stack.gateway().messages()?;
            Ok(messages.iter().any(|message| task_of(message)["jobId"] == *job_id).then_some(()))
        })
        .unwrap();
        self.work(job_id, 1);
    }

    fn delete(&self, job_id: &str) {
        self.account.api.delete_job(job_id).unwrap();
        self.stack.trigger_cron().unwrap();
    }
}

fn task_of(message: &Value) -> Value {
    let bytes = BASE64_STANDARD.decode(message["body"].as_str().unwrap_or_default()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Stores a small object through the S3 API, by a presigned URL (AWS Signature Version 4).
fn put_object(stack: &Stack, object_key: &str) {
    let secrets = &stack.config().secrets;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let at = UnixMillis::new(u64::try_from(now).unwrap()).to_amz_date();
    let date = &at[..8];
    let host = stack.base_url().trim_start_matches("http://");
    let path = format!("/cdn-cgi/local/r2/s3/bgless/{object_key}");
    let scope = format!("{date}/auto/s3/aws4_request");
    let credential = format!("{}/{scope}", secrets.r2_access_key_id).replace('/', "%2F");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={at}&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
    );
    let request = format!("PUT\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", sha256_hex(request.as_bytes()));
    let key = [date, "auto", "s3", "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", secrets.r2_secret_access_key).into_bytes(), |key, part| {
            hmac_sha256(&key, part.as_bytes()).to_vec()
        });
    let signature = signature::sign(&key, text.as_bytes());
    let url = format!("{}{path}?{query}&X-Amz-Signature={signature}", stack.base_url());
    let response = send("PUT", &url, &[("content-length", "4")], b"made");
    assert_eq!(response.status(), 200, "{object_key}");
}

/// The number of objects in the bucket, counted on disk.
fn stored(stack: &Stack) -> usize {
    fs::read_dir(stack.state().join("data/v3/r2/bgless/blobs")).map_or(0, Iterator::count)
}

/// Waits, since the runtime removes objects from disk in the background.
fn wait_for_stored(stack: &Stack, count: usize, what: &str) {
    wait_for(&format!("at {count} objects: {what}"), || Ok((stored(stack) == count).then_some(()))).unwrap();
}

/// Creates a job and brings it as far as its name says; returns its id.
type Case = fn(&Customer<'_>) -> String;

/// Each with the number of objects that the job has when it is deleted.
const CASES: [(&str, usize, Case); 14] = [
    ("bgless, a URL", 2, |customer| {
        let id = customer.bgless(&json!({ "mode": "video", "videoUrl": VIDEO }));
        customer.work(&id, 1);
        id
    }),
    ("bgless, an upload, succeeded", 3, |customer| {
        let id = customer.bgless(&json!({ "mode": "video", "videoUrl": customer.upload("a.mp4") }));
        customer.work(&id, 1).complete();
        id
    }),
    ("bgless, an upload and its clean plate", 4, |customer| {
        let (video, plate) = (customer.upload("a.mp4"), customer.upload("b.jpg"));
        let input = json!({ "mode": "video", "videoUrl": video, "backgroundUrl": plate, "alphaStrategy": "static-camera" });
        let id = customer.bgless(&input);
        customer.work(&id, 1);
        id
    }),
    ("bgless, generated from text", 2, |customer| {
        let id = customer.bgless(&json!({ "mode": "text", "prompt": "a red ball", "durationSec": 3, "resolution": "720p" }));
        customer.work_on_generated(&id);
        id
    }),
    ("bgless, generated from an upload", 3, |customer| {
        let image = customer.upload("frame.jpg");
        let id = customer.bgless(&json!({ "mode": "image", "imageUrl": image, "durationSec": 3, "resolution": "720p" }));
        customer.work_on_generated(&id);
        id
    }),
    ("RemoveBGVideo, a draft", 1, |customer| {
        customer.removebgvideo(&json!({ "video_url": customer.upload("a.mp4"), "auto_start": false }))
    }),
    ("RemoveBGVideo, a draft with a backdrop", 2, |customer| customer.removebgvideo(&draft_with_backdrop(customer))),
    ("RemoveBGVideo, a started draft", 4, |customer| {
        let id = customer.removebgvideo(&draft_with_backdrop(customer));
        customer.start(&id, &json!({}));
        customer.work(&id, 1);
        id
    }),
    ("RemoveBGVideo, started again with another backdrop", 7, |customer| {
        let id = customer.removebgvideo(&draft_with_backdrop(customer));
        customer.start(&id, &json!({}));
        customer.work(&id, 1).report(&json!({ "kind": "fail", "code": "no_matte_strategy", "message": "No." }));
        customer.start(&id, &json!({ "background": { "type": "image", "image_url": customer.upload("c.jpg") } }));
        customer.work(&id, 2);
        id
    }),
    ("VidGen, made by a transcoder", 4, |customer| {
        let mut sound = customer.sound();
        sound.resize(LOCAL_SOUND_SIZE_BYTES, 0);
        let id = customer.vidgen(&sound);
        customer.work(&id, 1);
        id
    }),
    ("VidGen, waiting for a provider", 2, |customer| customer.vidgen(&customer.sound())),
    ("VidGen, made by a provider", 4, |customer| {
        let id = customer.vidgen(&customer.sound());
        customer.work_on_generated(&id);
        id
    }),
    ("Unscreen, a file", 3, |customer| {
        let form = Form::default().file("video_file", "a.mp4", "video/mp4", b"not looked at yet").text("format", "gif");
        let id = customer.form("/v1.0/videos", &form, "/data/id");
        customer.work(&id, 1);
        id
    }),
    ("Unscreen, a URL", 2, |customer| {
        let form = Form::default().text("video_url", VIDEO).text("format", "gif");
        let id = customer.form("/v1.0/videos", &form, "/data/id");
        customer.work(&id, 1);
        id
    }),
];

fn draft_with_backdrop(customer: &Customer<'_>) -> Value {
    let background = json!({ "type": "image", "image_url": customer.upload("b.jpg") });
    json!({ "video_url": customer.upload("a.mp4"), "background": background, "auto_start": false })
}

#[test]
fn a_deleted_job_of_any_api_and_input_leaves_no_object() {
    STACK.with(options(), |stack| {
        for (name, objects, create) in CASES {
            let customer = Customer::new(stack);
            let before = stored(stack);
            let id = create(&customer);
            // At least: a large file is stored in parts.
            wait_for(name, || Ok((stored(stack) >= before + objects).then_some(()))).unwrap();
            customer.delete(&id);
            wait_for_stored(stack, before, name);
            print_line(&format!("{name:<52} {objects} objects before its deletion, 0 after it"));
        }
    });
}

#[test]
fn an_upload_that_another_job_needs_stays_until_that_job_is_deleted() {
    STACK.with(options(), |stack| {
        let customer = Customer::new(stack);
        let before = stored(stack);
        let shared = customer.upload("shared.jpg");
        let jobs = [
            customer.bgless(&json!({ "mode": "video", "videoUrl": shared })),
            customer.bgless(
                &json!({ "mode": "video", "videoUrl": VIDEO, "backgroundUrl": shared, "alphaStrategy": "static-camera" }),
            ),
            customer.removebgvideo(&json!({
                "video_url": VIDEO, "background": { "type": "image", "image_url": shared }, "auto_start": false,
            })),
        ];
        for job_id in &jobs {
            assert_eq!(stored(stack), before + 1);
            assert_eq!(send("GET", &shared, &[], &[]).status(), 200);
            customer.delete(job_id);
        }
        wait_for_stored(stack, before, "the last job is deleted");
        assert_eq!(send("GET", &shared, &[], &[]).status(), 404);
    });
}
