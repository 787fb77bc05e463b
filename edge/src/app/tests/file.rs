//! Uploads, downloads, and objects that must go.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::media::PreviewKind;
use shared::qa::{MatteFigures, OutputFigures, PreviewAsset, QaReport, QaWarning, ScoreTerm, StageTiming};

use super::*;
use crate::app::ports::ByteSource;
use crate::app::store_file;
use crate::dialect::bgless::map::job_out;

#[test]
fn an_upload_is_a_source_once_it_is_there_with_its_size_and_for_its_owner() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 20), account(&ports, 20));
    let ticket = block_on(create_upload::create_upload(&ports, account.caller, "a.mp4", "video/mp4", 5)).unwrap();
    let submit = |account: &Account, video_url: &str| {
        let request = JobRequest { input: JobInput::Video { url: video_url.to_owned() }, ..request(None) };
        block_on(submit_job::submit_job(&ports, account.caller, request, None))
    };
    assert_eq!(submit(&account, &ticket.file_url), Err(Error::UploadMissing));
    let object_key = ticket.file_url.split("/files/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    ports.objects.sizes.borrow_mut().insert(object_key.clone(), 6);
    assert_eq!(submit(&account, &ticket.file_url), Err(Error::UploadMissing));
    ports.objects.sizes.borrow_mut().insert(object_key.clone(), 5);
    assert_eq!(submit(&other, &ticket.file_url), Err(Error::InvalidFileUrl));
    assert_eq!(submit(&account, &ticket.file_url.replace("size=5", "size=6")), Err(Error::InvalidFileUrl));
    assert_eq!(submit(&account, "https://api.example.com/health"), Err(Error::InvalidFileUrl));
    let job = submit(&account, &ticket.file_url).unwrap();
    assert_eq!(job.source, Some(Source::Object { object_key, size_bytes: 5 }));
    ports.pass_ms(24 * 60 * 60 * 1_000);
    assert_eq!(submit(&account, &ticket.file_url), Err(Error::ExpiredFileUrl));
}

#[test]
fn an_output_can_be_downloaded_once_the_job_succeeded() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let download = |output| block_on(download_output::download_output(&ports, &account.key, job.id, output));
    assert_eq!(download(None), Err(Error::JobNotReady));
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!(download(Some(Output::MovProres4444)), Err(Error::OutputNotFound));
    let url = download(None).unwrap();
    assert_eq!(download(Some(Output::WebmVp9Alpha)).unwrap(), url);
    assert!(
        url.starts_with(&format!("https://api.example.com/files/{}webm-vp9-alpha.webm?size=9&", work.object_prefix)),
        "{url}"
    );
}

#[test]
fn a_deleted_jobs_objects_go_at_once_and_what_comes_late_goes_with_the_sweep() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let ticket = block_on(create_upload::create_upload(&ports, account.caller, "a.mp4", "video/mp4", 5)).unwrap();
    let source = ticket.file_url.split("/files/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    let put = |key: &str| ports.objects.sizes.borrow_mut().insert(key.to_owned(), 5);
    let there = |key: &str| ports.objects.sizes.borrow().contains_key(key);
    put(&source);
    let submit = || {
        let request = JobRequest { input: JobInput::Video { url: ticket.file_url.clone() }, ..request(None) };
        block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap()
    };
    let (first, second) = (submit(), submit());
    let work = granted(&ports, &first);
    let output = format!("{}webm-vp9-alpha.webm", work.object_prefix);
    put(&output);
    put("outputs/somebody/else/a.webm");
    block_on(delete_job::delete_job(&ports, &account.key, first.id)).unwrap();
    assert!(!there(&output) && there(&source) && there("outputs/somebody/else/a.webm"), "the second job needs the source");
    put(&output);
    assert_eq!(block_on(sweep::sweep(&ports)).jobs_emptied, 0);
    block_on(delete_job::delete_job(&ports, &account.key, second.id)).unwrap();
    assert!(!there(&source));
    ports.pass_ms(15 * 60 * 1_000);
    assert_eq!(block_on(sweep::sweep(&ports)).jobs_emptied, 2);
    assert!(!there(&output));
    assert_eq!(block_on(sweep::sweep(&ports)).jobs_emptied, 0);
}

#[test]
fn outputs_are_kept_for_their_retention() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, complete(&work)));
    ports.pass_ms(30 * 24 * 60 * 60 * 1_000 - 1);
    assert_eq!(block_on(sweep::sweep(&ports)).jobs_emptied, 0);
    assert_eq!(find(&ports, &account, job.id).assets.len(), 1);
    ports.pass_ms(1);
    assert_eq!(block_on(sweep::sweep(&ports)).jobs_emptied, 1);
    let job = find(&ports, &account, job.id);
    assert_eq!((job.state, job.assets.len()), (JobState::Success, 0));
}

#[test]
fn uploads_go_with_their_retention_used_or_not_but_not_from_under_a_running_job() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let upload = || {
        let ticket = block_on(create_upload::create_upload(&ports, account.caller, "a.mp4", "video/mp4", 5)).unwrap();
        let object_key = ticket.file_url.split("/files/").nth(1).unwrap().split('?').next().unwrap().to_owned();
        ports.objects.sizes.borrow_mut().insert(object_key.clone(), 5);
        (ticket.file_url, object_key)
    };
    let there = |key: &str| ports.objects.sizes.borrow().contains_key(key);
    let removed = || block_on(sweep::sweep(&ports)).uploads_removed;
    let (_, unused) = upload();
    let (url, used) = upload();
    let request = JobRequest { input: JobInput::Video { url }, ..request(None) };
    let job = block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap();
    ports.pass_ms(7 * 24 * 60 * 60 * 1_000 - 1);
    // A job that waits for days is over by its own rule; this one is held by a transcoder.
    ports.sqlite().execute("UPDATE jobs SET queued_at_ms = queued_at_ms + 604800000").unwrap();
    let work = granted(&ports, &job);
    assert_eq!(removed(), 0);
    assert!(there(&unused) && there(&used));
    ports.pass_ms(1);
    assert_eq!((removed(), there(&unused), there(&used)), (1, false, true));
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!((removed(), there(&used), removed()), (1, false, 0));
}

#[test]
fn the_answer_says_of_quality_what_the_file_says() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    let ReportEvent::Complete { strategy, assets, previews, .. } = complete(&work) else { unreachable!() };
    // What the transcoder writes to the file, and what it sends.
    let (file, sent) = (serde_json::to_string_pretty(&qa_report()).unwrap(), qa_report());
    let event = ReportEvent::Complete { strategy, assets, previews, qa_report: Some(Box::new(sent)) };
    let report = Report::ReportV1 { job_id: work.job_id, run: work.run, lease_id: work.lease_id, event };
    let received = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    accepted(block_on(apply_report::apply_report(&ports, received)).unwrap());
    let answer = serde_json::to_value(job_out(&ports, &find(&ports, &account, job.id))).unwrap();
    assert_eq!(answer["qaReport"], serde_json::from_str::<Value>(&file).unwrap());
    assert_eq!(answer["qaReport"]["outputs"][0]["frameCount"], 72);
}

#[test]
fn previews_and_the_report_come_with_the_outputs_and_only_from_the_leases_own_prefix() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    let ReportEvent::Complete { strategy, assets, .. } = complete(&work) else { unreachable!() };
    let complete = |prefix: &str| {
        let previews = [PreviewKind::Dark, PreviewKind::Qa].map(|kind| PreviewAsset {
            kind,
            object_key: format!("{prefix}{}", kind.file_name()),
            size_bytes: 5,
            size: None,
        });
        let qa_report = Some(Box::new(qa_report()));
        let event = ReportEvent::Complete { strategy, assets: assets.clone(), previews: previews.into(), qa_report };
        let report = Report::ReportV1 { job_id: work.job_id, run: work.run, lease_id: work.lease_id, event };
        block_on(apply_report::apply_report(&ports, report))
    };
    assert!(complete("uploads/another/").is_err());
    accepted(complete(&work.object_prefix).unwrap());
    let done = find(&ports, &account, job.id);
    assert_eq!((done.previews.len(), done.qa_report.unwrap().score), (2, 87));
}

fn qa_report() -> QaReport {
    QaReport {
        choice: None,
        score: 87,
        score_terms: vec![ScoreTerm { term: "reconstruction".into(), error: 0.012_345 }],
        matte: MatteFigures { coverage: 0.123_457, reconstruction_error: Some(0.012_345), ..MatteFigures::default() },
        outputs: vec![OutputFigures {
            format: Output::WebmVp9Alpha,
            width: 1_280,
            height: 720,
            frame_rate: 23.976_024,
            frame_count: 72,
            duration_sec: 3.003,
            size_bytes: 412_345,
            alpha_psnr_db: Some(47.213_333),
            color_psnr_db: None,
            av_offset_ms: None,
        }],
        warnings: vec![QaWarning { code: "holes".into(), message: "There are small holes in the subject.".into() }],
        tools: BTreeMap::from([("ffmpeg".into(), "7.1".into())]),
        stages: vec![StageTiming { stage: "encoding".into(), duration_ms: 5_120 }],
    }
}

/// Bytes in pieces, and then an end or an error.
struct Pieces(Vec<Result<Vec<u8>, Error>>);

impl ByteSource for Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.0.is_empty() { Ok(None) } else { self.0.remove(0).map(Some) }
    }
}

#[test]
fn a_file_that_comes_with_a_request_is_a_source_and_leaves_nothing_behind_when_it_breaks_off() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let store = |pieces: Vec<Result<Vec<u8>, Error>>| {
        block_on(store_file::store_file(&ports, account.caller, "../a b.mp4", "video/mp4", &mut Pieces(pieces)))
    };
    let uploads = || ports.sqlite().number("SELECT count(*) FROM uploads");
    assert!(store(vec![]).unwrap().is_none());
    assert_eq!(store(vec![Ok(vec![1]), Err(Error::TooLarge)]).err(), Some(Error::TooLarge));
    assert_eq!((uploads(), ports.objects.sizes.borrow().len()), (0, 0));
    ports.sqlite().fail_next(Fault::BeforeTheWrite);
    assert!(store(vec![Ok(vec![1, 2])]).is_err());
    assert_eq!((uploads(), ports.objects.sizes.borrow().len()), (0, 0));
    let file = store(vec![Ok(vec![1, 2]), Ok(vec![3])]).unwrap().unwrap();
    assert!(file.file_url.contains("/a_b.mp4?size=3&"), "{}", file.file_url);
    assert_eq!((uploads(), ports.objects.sizes.borrow().len()), (1, 1));
    block_on(store_file::discard_file(&ports, &file));
    assert_eq!((uploads(), ports.objects.sizes.borrow().len()), (0, 0));
}

#[test]
fn a_source_longer_than_its_format_takes_ends_the_job_and_costs_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let submit = || {
        let options = JobOptions { source_duration_ms_max: Some(20_000), ..JobOptions::default() };
        let request = JobRequest { options, ..request(None) };
        block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap()
    };
    let job = submit();
    accepted(report(&ports, &granted(&ports, &job), probed(20_000)));
    let job = submit();
    assert_eq!(stopped(report(&ports, &granted(&ports, &job), probed(20_001))), StopReason::Over);
    let failed = find(&ports, &account, job.id);
    assert_eq!((failed.state, failed.failure.unwrap().code), (JobState::Failed, JobErrorCode::SourceTooLarge));
    assert_eq!(balance(&ports, &account), 80);
}
