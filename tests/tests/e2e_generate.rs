//! From words and from a picture to video with alpha: KIE's stand-in, the edge, the transcoder, ffmpeg; all else is real.

#![cfg(test)]

use std::sync::LazyLock;

use serde_json::{Value, json};
use tests::alpha::AlphaShares;
use tests::client::Job;
use tests::customer::wait_for;
use tests::form::Form;
use tests::kie_sim::{KieOptions, KieSim};
use tests::scene::{Scene, probe};
use tests::stack::StackOptions;
use tests::stack::shared::SharedStack;
use tests::web::{Page, Web};

static STACK: SharedStack = SharedStack::new();
static KIE: LazyLock<KieSim> = LazyLock::new(|| KieSim::start(KieOptions::default()).unwrap());
static WEB: LazyLock<Web> = LazyLock::new(|| Web::start().unwrap());
const CREDITS: u64 = 200;
/// Three seconds at 720p, and a tenth of it, rounded up, for a second output.
const PRICE_CREDITS: u64 = 53;

struct Orderer(Scene);

impl Orderer {
    fn new() -> Self {
        let mut edge_vars = KIE.edge_vars();
        edge_vars.push(("PROVIDER_ASK_S".into(), "2".into()));
        let options =
            StackOptions { transcoders: 1, allow_hosts: vec![KIE.host(), WEB.host()], edge_vars, ..StackOptions::default() };
        Self(Scene::join(&STACK, options, CREDITS))
    }

    /// Runs an order to its end, of which its receiver hears once.
    fn run(&self, told_at: &str, mut input: Value) -> Job {
        input["durationSec"] = json!(3);
        input["resolution"] = json!("720p");
        let options =
            json!({ "outputs": ["webm-vp9-alpha", "matte-grayscale-mp4"], "callbackUrl": WEB.put(told_at, Page::Status(200)) });
        let job = self.0.customer.submit(&json!({ "input": input, "options": options })).unwrap();
        assert_eq!(job.rest["model"], "kie.kling-3-video");
        let job = self.0.customer.wait_for_end(&job.id).unwrap();
        let told = wait_for("told", || Ok(Some(WEB.visits_of(told_at)).filter(|told| !told.is_empty()))).unwrap();
        let told: Vec<Value> = told.iter().map(|visit| serde_json::from_str(&visit.body).unwrap()).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((&told[0]["data"]["id"], &told[0]["data"]["status"]), (&json!(job.id), &json!(job.status)), "{}", told[0]);
        job
    }

    fn assert_keyed(&self, job: &Job, size: (u32, u32)) {
        assert_eq!((job.status.as_str(), &job.rest["alphaStrategy"]), ("success", &json!("chroma-key")), "{:?}", job.error);
        let source = &job.rest["source"];
        assert_eq!((&source["width"], &source["height"], &source["durationSec"]), (&json!(size.0), &json!(size.1), &json!(3.0)));
        for asset in &job.output_assets {
            let path = self.0.file(&asset.format);
            self.0.customer.api.download(&job.id, &asset.format, &path).unwrap();
            let shares = AlphaShares::measure(&path, &asset.format).unwrap();
            // A body and its hairs: about a sixth of a wide picture, and nothing else is left of it.
            assert!(shares.transparent > 0.6 && shares.opaque > 0.05, "{} {shares:?}", asset.format);
        }
        assert_eq!(self.0.customer.balance().unwrap(), CREDITS - PRICE_CREDITS);
    }
}

#[test]
fn words_become_video_with_alpha() {
    let orderer = Orderer::new();
    // Green and blue are named, so the screen is neither.
    let job = orderer.run("/words", json!({ "mode": "text", "prompt": "a green ball on blue strings", "aspectRatio": "9:16" }));
    orderer.assert_keyed(&job, (720, 1_280));
}

#[test]
fn a_picture_becomes_video_with_alpha() {
    let orderer = Orderer::new();
    let args = ["-f", "lavfi", "-i", "testsrc=s=320x320:d=1:r=1", "-frames:v", "1"];
    let picture = orderer.0.make("picture.png", &args);
    let image_url = orderer.0.customer.api.upload_file(&picture, "image/png").unwrap();
    let job = orderer.run("/picture", json!({ "mode": "image", "imageUrl": image_url, "aspectRatio": "16:9" }));
    orderer.assert_keyed(&job, (1_280, 720));
}

#[test]
fn a_picture_and_a_sound_become_a_video_that_is_taken_as_it_is() {
    let orderer = Orderer::new();
    let make = |name: &str, args: &[&str]| std::fs::read(orderer.0.make(name, args)).unwrap();
    let picture = make("picture.png", &["-t", "0.04", "-f", "lavfi", "-i", "testsrc=s=320x320", "-frames:v", "1"]);
    let sound = make("sound.wav", &["-t", "2.2", "-f", "lavfi", "-i", "sine"]);
    let form = Form::default().file("image", "a", "", &picture).file("audio", "b", "", &sound);
    let created = orderer.0.ask("POST", "/api/jobs", &form.content_type(), &form.body());
    assert_eq!(created.status, 201, "{}", created.body);
    let job = orderer.0.customer.wait_for_end(created.body["jobId"].as_str().unwrap()).unwrap();
    assert_eq!((job.status.as_str(), &job.rest["model"]), ("success", &json!("kie.kling-avatar")), "{:?}", job.error);
    assert_eq!(job.rest["alphaStrategy"], "portrait");
    let path = orderer.0.file("made.mp4");
    orderer.0.customer.api.download(&job.id, "opaque-mp4", &path).unwrap();
    assert_eq!(probe(&path, "v", "stream=codec_name,width"), "h264,640");
    assert_eq!(probe(&path, "a", "stream=codec_name"), "aac");
    // Three seconds begun.
    assert_eq!(orderer.0.customer.balance().unwrap(), CREDITS - 48);
}

#[test]
fn a_result_that_is_no_video_fails_and_gives_all_back() {
    let orderer = Orderer::new();
    let job = orderer.run("/broken", json!({ "mode": "text", "prompt": "a ball {kie:broken}" }));
    assert_eq!((job.status.as_str(), job.error.unwrap().code.as_str()), ("failed", "source_not_video"));
    assert_eq!(orderer.0.customer.balance().unwrap(), CREDITS);
}
