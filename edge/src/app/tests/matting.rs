//! Matting models that come and go with the fleet, and what a job says of its matte.

use shared::matting::{MattingModel, MattingModelReport};
use shared::strategy::StrategyRequest;
use shared::strategy::{StrategyCandidate, StrategyChoice};

use super::*;
use crate::app::{list_models, record_matting_models};

fn matting_model(id: &str, unavailable_reason: Option<&str>) -> MattingModel {
    MattingModel {
        id: id.into(),
        display_name: id.to_uppercase(),
        kind: "image".into(),
        licence: "MIT".into(),
        unavailable_reason: unavailable_reason.map(str::to_owned),
    }
}

fn queue_delivery(ports: &FakePorts, models: Vec<MattingModel>) -> Result<(), Error> {
    block_on(record_matting_models::record_matting_models(ports, &MattingModelReport { models }))
}

/// Each model under `local.onnx-matting`, and the entry itself first: whether it can be run.
fn listed(ports: &FakePorts) -> Vec<(String, bool)> {
    let models = block_on(list_models::list_models(ports)).unwrap();
    let matting = models.into_iter().filter(|listed| listed.model == Model::LocalOnnxMatting);
    let name = |seen: Option<SeenModel>| seen.map_or_else(String::new, |seen| seen.model.id);
    matting.map(|listed| (name(listed.matting_model), listed.unavailable_reason.is_none())).collect()
}

fn order(ports: &FakePorts, account: &Account, matting_model: Option<&str>) -> Result<Job, Error> {
    let options = JobOptions { matting_model: matting_model.map(str::to_owned), ..JobOptions::default() };
    let request = JobRequest { model: Model::LocalOnnxMatting, options, ..request(None) };
    block_on(submit_job::submit_job(ports, account.caller, request, None))
}

fn pair(id: &str, works: bool) -> (String, bool) {
    (id.to_owned(), works)
}

#[test]
fn matting_models_are_listed_as_the_fleet_announces_them() {
    let ports = FakePorts::new();
    assert_eq!(listed(&ports), [pair("", false)]);
    queue_delivery(&ports, vec![matting_model("b", Some("/models/b.onnx is missing")), matting_model("a", None)]).unwrap();
    assert_eq!(listed(&ports), [pair("", true), pair("b", false), pair("a", true)]);
    // Another member lacks it: those who can, can.
    queue_delivery(&ports, vec![matting_model("a", Some("no library"))]).unwrap();
    assert_eq!(listed(&ports)[2], pair("a", true));
    ports.pass_ms(MODEL_STALE_AFTER_MS + 1);
    assert_eq!(listed(&ports), [pair("", false), pair("b", false), pair("a", false)]);
    queue_delivery(&ports, vec![matting_model("a", Some("no library"))]).unwrap();
    assert_eq!(listed(&ports)[2], pair("a", false));
    ports.pass_ms(MODEL_DELETED_AFTER_MS + 1);
    queue_delivery(&ports, vec![matting_model("c", None)]).unwrap();
    assert_eq!(listed(&ports), [pair("", true), pair("c", true)]);
    assert_eq!(ports.sqlite().number("SELECT count(*) FROM matting_models"), 1);
}

#[test]
fn what_no_request_could_name_is_not_announced() {
    let ports = FakePorts::new();
    for models in [vec![matting_model("a b", None)], vec![matting_model("a", None); MATTING_MODELS_MAX + 1]] {
        assert!(matches!(queue_delivery(&ports, models), Err(Error::InvalidRequest { field: "models", .. })));
    }
    assert_eq!(listed(&ports), [pair("", false)]);
}

#[test]
fn a_job_for_a_model_that_cannot_be_run_is_refused_and_costs_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let refused = |matting_model| matches!(order(&ports, &account, matting_model), Err(Error::ModelUnavailable(_)));
    assert!(refused(None) && refused(Some("a")));
    queue_delivery(&ports, vec![matting_model("a", None), matting_model("b", Some("corrupt"))]).unwrap();
    assert!(refused(Some("b")) && refused(Some("c")));
    assert_eq!(balance(&ports, &account), 20);
    let job = order(&ports, &account, Some("a")).unwrap();
    let work = granted(&ports, &job);
    assert_eq!((work.strategy, work.matting_model.as_deref()), (StrategyRequest::OnnxMatting, Some("a")));
    assert_eq!(granted(&ports, &order(&ports, &account, None).unwrap()).matting_model, None);
}

#[test]
fn a_job_says_why_its_matte_was_made_so_from_the_probe_on() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    let choice = StrategyChoice {
        strategy: StrategyRequest::ChromaKey,
        confidence: 0.93,
        reason: "A flat screen.".into(),
        matting_model: None,
        runners_up: vec![StrategyCandidate {
            strategy: StrategyRequest::StaticCamera,
            confidence: None,
            reason: "Not looked at.".into(),
        }],
    };
    let ReportEvent::Probed { facts, strategy, .. } = probed(5_000) else { panic!("no probe") };
    accepted(report(&ports, &work, ReportEvent::Probed { facts, strategy, choice: Some(Box::new(choice.clone())) }));
    assert_eq!(find(&ports, &account, job.id).choice, Some(choice));
}

#[test]
fn a_background_is_checked_like_a_source_leased_and_removed_with_its_job() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let upload = |name: &str, size_bytes: u64| {
        let ticket = block_on(create_upload::create_upload(&ports, account.caller, name, "image/png", size_bytes)).unwrap();
        let key = ticket.file_url.split("/files/").nth(1).unwrap().split('?').next().unwrap().to_owned();
        ports.objects.sizes.borrow_mut().insert(key.clone(), size_bytes);
        (ticket.file_url, key)
    };
    let submit = |url: &str| {
        let request = JobRequest { model: Model::LocalStaticCamera, background_url: Some(url.to_owned()), ..request(None) };
        block_on(submit_job::submit_job(&ports, account.caller, request, None))
    };
    assert!(matches!(submit("http://127.0.0.1/a.png"), Err(Error::ForbiddenUrl { field: "input.backgroundUrl", .. })));
    let (large, _) = upload("large.png", 32 * 1024 * 1024 + 1);
    assert!(matches!(submit(&large), Err(Error::InvalidRequest { field: "input.backgroundUrl", .. })));
    assert_eq!(balance(&ports, &account), 100);
    let (url, object_key) = upload("room.png", 5);
    let background = Some(Source::Object { object_key: object_key.clone(), size_bytes: 5 });
    let (first, second) = (submit(&url).unwrap(), submit(&url).unwrap());
    assert_eq!(granted(&ports, &first).background, background);
    let is_there = || ports.objects.sizes.borrow().contains_key(&object_key);
    block_on(delete_job::delete_job(&ports, &account.key, first.id)).unwrap();
    assert!(is_there(), "the second job still needs it");
    block_on(delete_job::delete_job(&ports, &account.key, second.id)).unwrap();
    assert!(!is_there());
}
