//! Footage without a screen: matting models that transcoders register, and jobs where there is
//! none.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::cache::Cache;
use tests::client::Job;
use tests::fixture::{assert_failed, make};
use tests::onnx_runtime;
use tests::stack::{Stack, StackOptions};
use tests::test_account::{TestAccount, wait_for};
use tests::workspace::Workspace;

const CREDITS: u64 = 100;

struct Fixture {
    stack: Stack,
    account: TestAccount,
    dir: TempDir,
}

impl Fixture {
    /// A stack with one transcoder that has these models, in a temporary folder.
    fn new(models: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let library = onnx_runtime::ensure(&Cache::open().unwrap()).unwrap();
        let folder = Workspace::find().unwrap().join("transcoder/tests/models");
        let paths: Vec<PathBuf> = models.iter().map(|name| folder.join(name)).collect();
        let transcoder_env = vec![
            (onnx_runtime::VARIABLE.to_owned(), text(&library)),
            ("MATTING_MODELS".to_owned(), paths.iter().map(|path| text(path)).collect::<Vec<_>>().join(":")),
            ("MATTING_FRAME_MS_MAX".to_owned(), "2000".to_owned()),
        ];
        let state = dir.path().join("state");
        let stack = Stack::start(StackOptions { transcoders: 1, state, transcoder_env, ..StackOptions::default() }).unwrap();
        let account = TestAccount::create(&stack, CREDITS).unwrap();
        Self { stack, account, dir }
    }

    /// `local.onnx-matting` and the operator's models: id, and why it is unavailable.
    fn models(&self) -> Vec<(String, Option<String>)> {
        let answer = self.stack.api("").get("/v1/models").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let models = answer.body["data"].as_array().unwrap().iter();
        let matting = models.filter(|model| model["id"].as_str().unwrap().starts_with("local.onnx-matting"));
        matting.map(|model| (text_of(&model["id"]), model["unavailableReason"].as_str().map(str::to_owned))).collect()
    }

    fn make(&self, name: &str, args: &[&str]) -> PathBuf {
        make(self.dir.path().join(name), args)
    }

    /// Uploads footage without a screen.
    fn footage(&self) -> String {
        let path = self.make("natural.mp4", &["-f", "lavfi", "-t", "1", "-i", "testsrc2=s=160x120:r=10", "-c:v", "libx264"]);
        self.account.api.upload_file(&path, "video/mp4").unwrap()
    }

    fn run(&self, body: &Value) -> Job {
        let job = self.account.submit(body).unwrap();
        self.account.wait_for_end(&job.id).unwrap()
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_matting_model_is_registered_listed_requested_and_named_in_the_job() {
    let fixture = Fixture::new(&["portrait.onnx", "slow.onnx"]);
    let listed = wait_for("announced", || {
        let models = fixture.models();
        Ok((models.len() == 3).then_some(models))
    });
    let listed = listed.unwrap();
    let works: Vec<_> = listed.iter().map(|(id, reason)| (id.as_str(), reason.is_none())).collect();
    assert_eq!(works, [("local.onnx-matting", true), ("local.onnx-matting/portrait", true), ("local.onnx-matting/slow", false)]);
    let url = fixture.footage();
    let order = |model: &str| json!({ "model": model, "input": { "mode": "video", "videoUrl": url } });
    for model in ["local.onnx-matting/slow", "local.onnx-matting/other"] {
        let refused = fixture.account.api.post("/v1/jobs", &order(model)).unwrap();
        assert_eq!((refused.status, refused.body["error"]["code"].as_str()), (409, Some("model_unavailable")), "{model}");
    }
    for (model, expected) in [("local.onnx-matting/portrait", "local.onnx-matting/portrait"), ("auto", "auto")] {
        let job = fixture.run(&order(model));
        assert_eq!(job.status, "success", "{:?}", job.error);
        let rest = &job.rest;
        assert_eq!((rest["model"].as_str(), rest["alphaStrategy"].as_str()), (Some(expected), Some("onnx-matting")));
        assert_eq!(rest["strategyChoice"], rest["qaReport"]["choice"]);
        assert_eq!(rest["strategyChoice"]["mattingModel"], "portrait");
        let runners_up = rest["strategyChoice"]["runnersUp"].as_array().unwrap().len();
        assert_eq!(runners_up, if model == "auto" { 3 } else { 0 });
    }
}

#[test]
fn queued_heavy_work_does_not_delay_light_work() {
    let fixture = Fixture::new(&["portrait.onnx"]);
    wait_for("announced", || Ok((fixture.models().len() == 2).then_some(()))).unwrap();
    let long = fixture.make("long.mp4", &["-f", "lavfi", "-t", "6", "-i", "testsrc2=s=320x240:r=25", "-c:v", "libx264"]);
    let long = fixture.account.api.upload_file(&long, "video/mp4").unwrap();
    let screen = "color=0x10c040:s=160x120:r=10,drawbox=w=40:h=40:x=60:y=40:c=red:t=fill";
    let quick = fixture.make("quick.mp4", &["-f", "lavfi", "-t", "1", "-i", screen, "-c:v", "libx264"]);
    let quick = fixture.account.api.upload_file(&quick, "video/mp4").unwrap();
    let submit = |model: &str, url: &str| {
        let body = json!({ "model": model, "input": { "mode": "video", "videoUrl": url }, "options": { "outputs": ["webm-vp9-alpha"] } });
        fixture.account.submit(&body).unwrap()
    };
    // The first is queued as light work: the probe finds that it is heavy and transfers it.
    let heavy = ["auto", "local.onnx-matting", "local.onnx-matting"].map(|model| submit(model, &long).id);
    let light = fixture.account.wait_for_end(&submit("local.chroma-key", &quick).id).unwrap();
    assert_eq!(light.status, "success", "{:?}", light.error);
    let last = fixture.account.api.get_job(&heavy[2]).unwrap();
    assert_ne!(last.status, "success", "the light job waited for all of the heavy ones");
    for id in heavy {
        let job = fixture.account.wait_for_end(&id).unwrap();
        assert_eq!(
            (job.status.as_str(), job.rest["alphaStrategy"].as_str()),
            ("success", Some("onnx-matting")),
            "{:?}",
            job.error
        );
    }
    let said = std::fs::read_to_string(&fixture.stack.transcoder(0).unwrap().log).unwrap();
    assert_eq!(said.matches("attempt transferred").count(), 1, "{said}");
}

#[test]
fn without_a_usable_model_the_transcoder_keeps_running_and_logs_it() {
    let fixture = Fixture::new(&["missing.onnx"]);
    let listed = wait_for("announced", || {
        let models = fixture.models();
        Ok((models.len() == 2).then_some(models))
    });
    assert!(listed.unwrap().iter().all(|(_, reason)| reason.is_some()));
    let url = fixture.footage();
    let input = json!({ "mode": "video", "videoUrl": url, "alphaStrategy": "onnx-matting" });
    let refused = fixture.account.api.post("/v1/jobs", &json!({ "input": input })).unwrap();
    assert_eq!((refused.status, refused.body["error"]["code"].as_str()), (409, Some("model_unavailable")));
    let job = fixture.run(&json!({ "input": { "mode": "video", "videoUrl": url } }));
    assert_failed(&fixture.account, &job, "no_matte_strategy", CREDITS);
    assert!(job.error.unwrap().message.contains("No matting model that is configured can be used."));
    // A background that is no image has an error code of its own.
    let input = json!({ "mode": "video", "videoUrl": url, "backgroundUrl": url, "alphaStrategy": "static-camera" });
    assert_failed(&fixture.account, &fixture.run(&json!({ "input": input })), "background_unusable", CREDITS);
}
