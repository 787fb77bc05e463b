//! Generation from text and from an image to video with alpha: KIE is simulated, everything else is
//! real.

use std::sync::LazyLock;

use crate::WEB_SERVER;
use serde_json::{Value, json};
use tests::alpha::AlphaShares;
use tests::client::Job;
use tests::fixture::{Fixture, probe};
use tests::form::Form;
use tests::kie_sim::{KieOptions, KieSim};
use tests::stack::StackOptions;
use tests::stack::shared::SharedStack;
use tests::test_account::wait_for;
use tests::web_server::Page;

static STACK: SharedStack = SharedStack::new();
static KIE: LazyLock<KieSim> = LazyLock::new(|| KieSim::start(KieOptions::default()).unwrap());
const CREDITS: u64 = 200;
/// Three seconds at 720p, and a tenth of it, rounded up, for a second output.
const PRICE_CREDITS: u64 = 53;

struct Generator(Fixture);

impl Generator {
    fn new() -> Self {
        let mut edge_vars = KIE.edge_vars();
        edge_vars.push(("PROVIDER_POLL_S".into(), "2".into()));
        let options = StackOptions {
            transcoders: 1,
            allow_hosts: vec![KIE.host(), WEB_SERVER.host()],
            edge_vars,
            ..StackOptions::default()
        };
        Self(Fixture::join(&STACK, options, CREDITS))
    }

    /// Runs a generation job to its end and checks that it sent one webhook.
    fn run(&self, callback_path: &str, mut input: Value) -> Job {
        input["durationSec"] = json!(3);
        input["resolution"] = json!("720p");
        let options = json!({ "outputs": ["webm-vp9-alpha", "matte-grayscale-mp4"], "callbackUrl": WEB_SERVER.put(callback_path, Page::Status(200)) });
        let job = self.0.account.submit(&json!({ "input": input, "options": options })).unwrap();
        assert_eq!(job.rest["model"], "kie.kling-3-video");
        let job = self.0.account.wait_for_end(&job.id).unwrap();
        let webhooks =
            wait_for("received", || Ok(Some(WEB_SERVER.requests_to(callback_path)).filter(|requests| !requests.is_empty())))
                .unwrap();
        let webhooks: Vec<Value> = webhooks.iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
        assert_eq!(webhooks.len(), 1, "{webhooks:?}");
        assert_eq!(
            (&webhooks[0]["data"]["id"], &webhooks[0]["data"]["status"]),
            (&json!(job.id), &json!(job.status)),
            "{}",
            webhooks[0]
        );
        job
    }

    fn assert_keyed(&self, job: &Job, size: (u32, u32)) {
        assert_eq!((job.status.as_str(), &job.rest["alphaStrategy"]), ("success", &json!("chroma-key")), "{:?}", job.error);
        let source = &job.rest["source"];
        assert_eq!((&source["width"], &source["height"], &source["durationSec"]), (&json!(size.0), &json!(size.1), &json!(3.0)));
        for asset in &job.output_assets {
            let path = self.0.file(&asset.format);
            self.0.account.api.download(&job.id, &asset.format, &path).unwrap();
            let shares = AlphaShares::measure(&path, &asset.format).unwrap();
            // The subject and its hairs: about a sixth of a wide frame, and nothing else.
            assert!(shares.transparent > 0.6 && shares.opaque > 0.05, "{} {shares:?}", asset.format);
        }
        assert_eq!(self.0.account.balance().unwrap(), CREDITS - PRICE_CREDITS);
    }
}

#[test]
fn a_prompt_becomes_video_with_alpha() {
    let generator = Generator::new();
    // The prompt names green and blue, so the screen has another colour.
    let job = generator.run("/words", json!({ "mode": "text", "prompt": "a green ball on blue strings", "aspectRatio": "9:16" }));
    generator.assert_keyed(&job, (720, 1_280));
}

#[test]
fn an_image_becomes_video_with_alpha() {
    let generator = Generator::new();
    let args = ["-f", "lavfi", "-i", "testsrc=s=320x320:d=1:r=1", "-frames:v", "1"];
    let picture = generator.0.make("picture.png", &args);
    let image_url = generator.0.account.api.upload_file(&picture, "image/png").unwrap();
    let job = generator.run("/picture", json!({ "mode": "image", "imageUrl": image_url, "aspectRatio": "16:9" }));
    generator.assert_keyed(&job, (1_280, 720));
}

#[test]
fn an_image_and_a_sound_become_a_video_that_is_kept_as_it_is() {
    let generator = Generator::new();
    let make = |name: &str, args: &[&str]| std::fs::read(generator.0.make(name, args)).unwrap();
    let picture = make("picture.png", &["-t", "0.04", "-f", "lavfi", "-i", "testsrc=s=320x320", "-frames:v", "1"]);
    let sound = make("sound.wav", &["-t", "2.2", "-f", "lavfi", "-i", "sine"]);
    let form = Form::default().file("image", "a", "", &picture).file("audio", "b", "", &sound);
    let created = generator.0.call("POST", "/api/jobs", &form.content_type(), &form.body());
    assert_eq!(created.status, 201, "{}", created.body);
    let job = generator.0.account.wait_for_end(created.body["jobId"].as_str().unwrap()).unwrap();
    assert_eq!((job.status.as_str(), &job.rest["model"]), ("success", &json!("kie.kling-avatar")), "{:?}", job.error);
    assert_eq!(job.rest["alphaStrategy"], "portrait");
    let path = generator.0.file("made.mp4");
    generator.0.account.api.download(&job.id, "opaque-mp4", &path).unwrap();
    assert_eq!(probe(&path, "v", "stream=codec_name,width"), "h264,640");
    assert_eq!(probe(&path, "a", "stream=codec_name"), "aac");
    // Three started seconds.
    assert_eq!(generator.0.account.balance().unwrap(), CREDITS - 48);
}

#[test]
fn a_result_that_is_no_video_fails_and_is_refunded() {
    let generator = Generator::new();
    let job = generator.run("/broken", json!({ "mode": "text", "prompt": "a ball {kie:broken}" }));
    assert_eq!((job.status.as_str(), job.error.unwrap().code.as_str()), ("failed", "source_not_video"));
    assert_eq!(generator.0.account.balance().unwrap(), CREDITS);
}
