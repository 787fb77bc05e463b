//! The life of a job, through the use cases, on real SQL: what is charged, what is given back, and what can never happen.

use futures_executor::block_on;
use shared::code::JobErrorCode;
use shared::id::{AccountId, JobId, LeaseId};
use shared::media::{FrameRate, MediaFacts, Output, PixelSize};
use shared::price::Resolution;
use shared::report::{
    Claim, ClaimAnswer, ClaimRefusal, OutputAsset, Report, ReportAnswer, ReportEvent, Source, Stage, StopReason, Strategy, Work,
};
use shared::task::TranscodeTask;

use super::bury_task::Burial;
use super::fakes::FakePorts;
use super::idempotency::Begun;
use super::manage_keys::KeyRequest;
use super::ports::{Delivery, Next, Page, Ports as _};
use super::submit_job::JobRequest;
use super::{
    apply_report, authenticate, bury_task, claim_task, create_upload, delete_job, deliver_event, download_output, estimate_job,
    get_job, idempotency, list_deliveries, list_jobs, manage_accounts, manage_keys, read_books, submit_job, sweep, wait_for_job,
};
use crate::domain::api_key::{Caller, KeyHash, Scope};
use crate::domain::error::Error;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{Dialect, Job, JobState};
use crate::domain::model::Model;
use crate::domain::webhook::EventId;
use crate::store::sqlite::Fault;

const SOURCE_URL: &str = "https://example.com/a.mp4";

struct Account {
    id: AccountId,
    key: KeyHash,
    caller: Caller,
}

fn account(ports: &FakePorts, credits: u64) -> Account {
    block_on(async {
        let account = manage_accounts::create_account(ports, "test", credits).await.unwrap();
        let key = manage_keys::create_key_of(ports, account.id, &key_request(None)).await.unwrap();
        let key = KeyHash::of(&key.key);
        Account { id: account.id, caller: authenticate::authenticate(ports, &key, Scope::Jobs).await.unwrap(), key }
    })
}

fn key_request(monthly_quota_credits: Option<u64>) -> KeyRequest {
    KeyRequest { label: "test".into(), project_label: None, monthly_quota_credits, scopes: Scope::ALL.to_vec() }
}

fn request(duration_ms: Option<u64>) -> JobRequest {
    JobRequest {
        dialect: Dialect::Bgless,
        model: Model::Auto,
        video_url: SOURCE_URL.into(),
        outputs: vec![Output::WebmVp9Alpha],
        duration_ms,
        resolution: None,
        metadata_json: None,
        callback_url: None,
        callback_secret: None,
    }
}

fn submit(ports: &FakePorts, account: &Account, duration_ms: Option<u64>) -> Result<Job, Error> {
    block_on(submit_job::submit_job(ports, account.caller, request(duration_ms), None))
}

fn new_claim(ports: &FakePorts, job: &Job) -> Claim {
    Claim { job_id: job.id, run: job.run, lease_id: LeaseId::from_parts(ports.now(), ports.random_u128()) }
}

fn claim(ports: &FakePorts, job: &Job) -> ClaimAnswer {
    block_on(claim_task::claim_task(ports, &new_claim(ports, job))).unwrap()
}

fn granted(ports: &FakePorts, job: &Job) -> Work {
    match claim(ports, job) {
        ClaimAnswer::Granted(work) => *work,
        ClaimAnswer::Refused { reason } => panic!("refused: {reason:?}"),
    }
}

fn refused(ports: &FakePorts, job: &Job) -> ClaimRefusal {
    match claim(ports, job) {
        ClaimAnswer::Granted(_) => panic!("granted"),
        ClaimAnswer::Refused { reason } => reason,
    }
}

fn report(ports: &FakePorts, work: &Work, event: ReportEvent) -> ReportAnswer {
    let report = Report::ReportV1 { job_id: work.job_id, run: work.run, lease_id: work.lease_id, event };
    block_on(apply_report::apply_report(ports, report)).unwrap()
}

fn stopped(answer: ReportAnswer) -> StopReason {
    match answer {
        ReportAnswer::Stop { reason } => reason,
        ReportAnswer::Accepted { .. } => panic!("accepted"),
    }
}

fn accepted(answer: ReportAnswer) {
    assert!(matches!(answer, ReportAnswer::Accepted { .. }), "{answer:?}");
}

fn probed(duration_ms: u64) -> ReportEvent {
    let facts = MediaFacts {
        container: "mov".into(),
        video_codec: "h264".into(),
        pixel_format: "yuv420p".into(),
        size: PixelSize { width: 1_280, height: 720 },
        frame_rate: FrameRate { numerator: 30, denominator: 1 },
        duration_ms,
        has_alpha: false,
        has_audio: true,
    };
    ReportEvent::Probed { facts, strategy: Strategy::ChromaKey }
}

fn complete(work: &Work) -> ReportEvent {
    let asset = OutputAsset {
        output: Output::WebmVp9Alpha,
        object_key: format!("{}webm-vp9-alpha.webm", work.object_prefix),
        size_bytes: 9,
        size: PixelSize { width: 1_280, height: 720 },
        frame_count: 30,
        duration_ms: 1_000,
        has_audio: true,
    };
    ReportEvent::Complete { strategy: Strategy::ChromaKey, assets: vec![asset] }
}

fn fail() -> ReportEvent {
    ReportEvent::Fail { code: JobErrorCode::NoMatteStrategy, message: "No flat screen was found.".into() }
}

fn find(ports: &FakePorts, account: &Account, id: JobId) -> Job {
    block_on(get_job::get_job(ports, &account.key, id)).unwrap()
}

/// The balance, checked against the ledger.
fn balance(ports: &FakePorts, account: &Account) -> u64 {
    let account = block_on(manage_accounts::get_account(ports, account.id)).unwrap();
    assert_eq!(account.ledger_credits, i64::try_from(account.balance_credits).unwrap());
    account.balance_credits
}

fn ledger_kinds(ports: &FakePorts, kind: &str) -> i64 {
    ports.sqlite().number(&format!("SELECT count(*) FROM ledger_entries WHERE kind = '{kind}'"))
}

#[test]
fn a_success_costs_what_the_source_turned_out_to_cost() {
    for (declared_ms, actual_ms, reserved, charged) in
        [(None, 4_000, 10, 4), (None, 12_500, 10, 13), (Some(4_000), 4_000, 4, 4), (Some(60_000), 1, 60, 1)]
    {
        let ports = FakePorts::new();
        let account = account(&ports, 100);
        let job = submit(&ports, &account, declared_ms).unwrap();
        assert_eq!((job.state, balance(&ports, &account)), (JobState::Queued, 100 - reserved));
        assert_eq!(*ports.tasks.sent.borrow(), [TranscodeTask::TranscodeV1 { job_id: job.id, run: 1 }]);

        let work = granted(&ports, &job);
        accepted(report(&ports, &work, ReportEvent::Progress { stage: Stage::Fetching, progress_percent: 5 }));
        accepted(report(&ports, &work, probed(actual_ms)));
        assert_eq!(balance(&ports, &account), 100 - charged);
        accepted(report(&ports, &work, ReportEvent::Progress { stage: Stage::Encoding, progress_percent: 3 }));
        let running = find(&ports, &account, job.id);
        assert_eq!((running.state, running.stage, running.progress_percent), (JobState::Transcoding, Some(Stage::Encoding), 5));

        accepted(report(&ports, &work, complete(&work)));
        let done = find(&ports, &account, job.id);
        assert_eq!((done.state, done.progress_percent, done.reserved_credits), (JobState::Success, 100, charged));
        assert_eq!(balance(&ports, &account), 100 - charged);
        assert_eq!(ledger_kinds(&ports, "settle"), 1);
        assert_eq!(ledger_kinds(&ports, "adjust"), i64::from(reserved != charged));
    }
}

#[test]
fn a_reserve_above_the_balance_is_refused_and_changes_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 9);
    let refusal = submit(&ports, &account, None).unwrap_err();
    assert_eq!(refusal, Error::InsufficientCredits { available_credits: 9, required_credits: 10 });
    assert_eq!(balance(&ports, &account), 9);
    assert_eq!(ports.sqlite().number("SELECT count(*) FROM jobs"), 0);
    assert!(ports.tasks.sent.borrow().is_empty());
}

#[test]
fn a_source_dearer_than_the_balance_fails_the_job_and_gives_all_back() {
    let ports = FakePorts::new();
    let account = account(&ports, 15);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    assert_eq!(stopped(report(&ports, &work, probed(16_000))), StopReason::Over);
    let failed = find(&ports, &account, job.id);
    assert_eq!(failed.failure.unwrap().code, JobErrorCode::InsufficientCredits);
    assert_eq!(balance(&ports, &account), 15);
}

#[test]
fn a_failure_gives_all_back_once() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, probed(15_000)));
    assert_eq!(balance(&ports, &account), 5);
    accepted(report(&ports, &work, fail()));
    accepted(report(&ports, &work, fail()));
    assert_eq!(stopped(report(&ports, &work, complete(&work))), StopReason::Over);
    assert_eq!(balance(&ports, &account), 20);
    assert_eq!((ledger_kinds(&ports, "refund"), ledger_kinds(&ports, "settle")), (1, 0));
    let failure = find(&ports, &account, job.id).failure.unwrap();
    assert_eq!((failure.code, failure.message.as_str()), (JobErrorCode::NoMatteStrategy, "No flat screen was found."));
}

#[test]
fn a_success_said_twice_is_settled_once_and_cannot_be_taken_back() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, complete(&work)));
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!(stopped(report(&ports, &work, fail())), StopReason::Over);
    assert_eq!(refused(&ports, &job), ClaimRefusal::Over);
    assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "settle"), ledger_kinds(&ports, "refund")), (10, 1, 0));
}

#[test]
fn a_task_delivered_twice_runs_once() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    assert_eq!(refused(&ports, &job), ClaimRefusal::Leased);
    assert_eq!(work.attempt, 1);
    assert_eq!(work.source, Source::Url { url: SOURCE_URL.into() });
}

#[test]
fn a_late_report_from_an_old_lease_changes_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let late = granted(&ports, &job);
    ports.pass_ms(60_000);
    let current = granted(&ports, &job);
    assert_eq!(current.attempt, 2);
    assert_ne!(current.object_prefix, late.object_prefix);
    let progress = || ReportEvent::Progress { stage: Stage::Encoding, progress_percent: 50 };
    for event in [progress(), probed(1_000), complete(&late), fail(), ReportEvent::Release] {
        assert_eq!(stopped(report(&ports, &late, event)), StopReason::LeaseLost);
    }
    assert_eq!(find(&ports, &account, job.id).progress_percent, 0);
    assert_eq!(balance(&ports, &account), 10);
    accepted(report(&ports, &current, complete(&current)));
}

#[test]
fn three_attempts_that_die_exhaust_a_job() {
    for found_by_sweep in [false, true] {
        let ports = FakePorts::new();
        let account = account(&ports, 20);
        let job = submit(&ports, &account, None).unwrap();
        for attempt in 1..=3 {
            assert_eq!(granted(&ports, &job).attempt, attempt);
            ports.pass_ms(60_000);
        }
        if found_by_sweep {
            assert_eq!(block_on(sweep::sweep(&ports)).unwrap().exhausted, 1);
        } else {
            assert_eq!(refused(&ports, &job), ClaimRefusal::AttemptsExhausted);
        }
        assert_eq!(refused(&ports, &job), ClaimRefusal::Over);
        assert_eq!(find(&ports, &account, job.id).failure.unwrap().code, JobErrorCode::AttemptsExhausted);
        assert_eq!(balance(&ports, &account), 20);
    }
}

#[test]
fn a_run_given_back_keeps_its_attempts() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    for _ in 0..5 {
        let work = granted(&ports, &job);
        assert_eq!(work.attempt, 1);
        accepted(report(&ports, &work, ReportEvent::Release));
        assert_eq!(find(&ports, &account, job.id).state, JobState::Queued);
    }
}

#[test]
fn deleting_a_running_job_cancels_it_and_gives_all_back() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 20), account(&ports, 20));
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    let delete = |key: &KeyHash| block_on(delete_job::delete_job(&ports, key, job.id));
    assert_eq!(delete(&other.key), Err(Error::JobNotFound));
    assert_eq!(balance(&ports, &account), 10);
    assert_eq!(delete(&account.key), Ok(()));
    assert_eq!(balance(&ports, &account), 20);
    assert_eq!(delete(&account.key), Ok(()));
    assert_eq!(balance(&ports, &account), 20);
    assert_eq!(block_on(get_job::get_job(&ports, &account.key, job.id)), Err(Error::JobNotFound));
    assert_eq!(stopped(report(&ports, &work, complete(&work))), StopReason::Canceled);
    assert_eq!(refused(&ports, &job), ClaimRefusal::Over);
}

#[test]
fn deleting_a_finished_job_hides_it_and_gives_nothing_back() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!(block_on(delete_job::delete_job(&ports, &account.key, job.id)), Ok(()));
    assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "refund")), (10, 0));
}

#[test]
fn a_job_whose_task_was_not_sent_is_found_by_the_sweep_once() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    ports.tasks.broken.set(true);
    let job = submit(&ports, &account, None).unwrap();
    assert_eq!(ports.warnings.borrow().len(), 1);
    ports.tasks.broken.set(false);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().tasks_sent, 0);
    ports.pass_ms(5 * 60 * 1_000);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().tasks_sent, 1);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().tasks_sent, 0);
    assert_eq!(*ports.tasks.sent.borrow(), [TranscodeTask::TranscodeV1 { job_id: job.id, run: 1 }]);
}

#[test]
fn a_dead_transcoders_job_is_queued_again_by_the_sweep() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    granted(&ports, &job);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap(), sweep::Swept::default());
    ports.pass_ms(60_000);
    let swept = block_on(sweep::sweep(&ports)).unwrap();
    assert_eq!((swept.requeued, swept.tasks_sent), (1, 1));
    assert_eq!(granted(&ports, &job).attempt, 2);
}

#[test]
fn a_job_queued_for_a_day_ends() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    ports.pass_ms(24 * 60 * 60 * 1_000 - 1);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().timed_out, 0);
    ports.pass_ms(1);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().timed_out, 1);
    assert_eq!(find(&ports, &account, job.id).failure.unwrap().code, JobErrorCode::QueueTimeout);
    assert_eq!(balance(&ports, &account), 20);
}

#[test]
fn a_dead_letter_ends_a_run_without_attempts_left_and_revives_one_that_was_only_given_back() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let bury = |run| block_on(bury_task::bury_task(&ports, &TranscodeTask::TranscodeV1 { job_id: job.id, run })).unwrap();
    let work = granted(&ports, &job);
    assert_eq!(bury(1), Burial::Nothing);
    accepted(report(&ports, &work, ReportEvent::Release));
    assert_eq!((bury(7), bury(1)), (Burial::Nothing, Burial::Due));
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().tasks_sent, 1);
    for _ in 0..3 {
        granted(&ports, &job);
        assert_eq!(bury(1), Burial::Nothing);
        ports.pass_ms(60_000);
    }
    assert_eq!((bury(1), bury(1)), (Burial::Ended, Burial::Nothing));
    assert_eq!(balance(&ports, &account), 20);
}

#[test]
fn a_run_that_is_always_given_back_ends_with_its_day() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    ports.pass_ms(24 * 60 * 60 * 1_000 - 1);
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, ReportEvent::Release));
    ports.pass_ms(1);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().timed_out, 1);
    assert_eq!(balance(&ports, &account), 20);
}

#[test]
fn credits_are_right_whenever_the_database_fails() {
    // Each step of a job's life fails once, before or after its write, and is then said again as its caller would.
    for fault in [Fault::BeforeTheWrite, Fault::AfterTheWrite] {
        let ports = FakePorts::new();
        let account = account(&ports, 100);
        let again = |call: &dyn Fn() -> Result<(), Error>| {
            ports.sqlite().fail_next(fault);
            assert!(matches!(call(), Err(Error::Internal(_))));
            call()
        };
        let job = submit(&ports, &account, None).unwrap();
        let work = granted(&ports, &job);
        let say = |event: &dyn Fn() -> ReportEvent| {
            again(&|| {
                let report = Report::ReportV1 { job_id: work.job_id, run: work.run, lease_id: work.lease_id, event: event() };
                block_on(apply_report::apply_report(&ports, report)).map(accepted)
            })
        };
        say(&|| probed(4_000)).unwrap();
        assert_eq!(balance(&ports, &account), 96);
        say(&|| complete(&work)).unwrap();
        assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "settle")), (96, 1));

        let job = submit(&ports, &account, None).unwrap();
        assert_eq!(balance(&ports, &account), 86);
        again(&|| block_on(delete_job::delete_job(&ports, &account.key, job.id))).unwrap();
        assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "refund")), (96, 1));

        // A claim whose answer is lost is asked again and counts once.
        let job = submit(&ports, &account, None).unwrap();
        let claim = new_claim(&ports, &job);
        let mut attempt = 0;
        again(&|| block_on(claim_task::claim_task(&ports, &claim)).map(drop)).unwrap();
        if let ClaimAnswer::Granted(work) = block_on(claim_task::claim_task(&ports, &claim)).unwrap() {
            attempt = work.attempt;
        }
        assert_eq!((attempt, refused(&ports, &job)), (1, ClaimRefusal::Leased));
        assert_eq!(balance(&ports, &account), 86);
    }
}

#[test]
fn a_job_whose_creation_was_committed_unheard_is_answered_and_one_that_was_not_costs_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    ports.sqlite().fail_next(Fault::AfterTheWrite);
    let job = submit(&ports, &account, None).unwrap();
    assert_eq!((find(&ports, &account, job.id).id, balance(&ports, &account)), (job.id, 10));
    assert_eq!(ports.tasks.sent.borrow().len(), 1);
    ports.sqlite().fail_next(Fault::BeforeTheWrite);
    assert!(matches!(submit(&ports, &account, None), Err(Error::Internal(_))));
    assert_eq!(balance(&ports, &account), 10);
}

#[test]
fn a_result_that_was_not_ordered_or_lies_elsewhere_is_not_taken() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    let ReportEvent::Complete { strategy, assets } = complete(&work) else { unreachable!() };
    let mut elsewhere = assets.clone();
    elsewhere[0].object_key = elsewhere[0].object_key.replace("outputs/", "uploads/");
    let twice = [assets.clone(), assets].concat();
    for assets in [Vec::new(), elsewhere, twice] {
        let event = ReportEvent::Complete { strategy, assets };
        let report = Report::ReportV1 { job_id: work.job_id, run: work.run, lease_id: work.lease_id, event };
        let refusal = block_on(apply_report::apply_report(&ports, report)).unwrap_err();
        assert!(matches!(refusal, Error::InvalidRequest { field: "assets", .. }), "{refusal:?}");
    }
    assert_eq!(find(&ports, &account, job.id).state, JobState::Transcoding);
    accepted(report(&ports, &work, complete(&work)));
}

#[test]
fn a_lease_is_not_kept_alive_for_ever_and_cannot_be_dated_ahead() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let ahead = LeaseId::from_parts(ports.now().plus_ms(301_000), 1);
    let claim = Claim { job_id: job.id, run: job.run, lease_id: ahead };
    assert_eq!(block_on(claim_task::claim_task(&ports, &claim)).unwrap_err(), Error::Forbidden);
    let work = granted(&ports, &job);
    let beat = || ReportEvent::Progress { stage: Stage::Encoding, progress_percent: 1 };
    ports.pass_ms(6 * 60 * 60 * 1_000);
    accepted(report(&ports, &work, beat()));
    ports.pass_ms(1);
    assert_eq!(stopped(report(&ports, &work, beat())), StopReason::LeaseLost);
    ports.pass_ms(60_000);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().requeued, 1);
}

#[test]
fn a_key_sees_its_own_accounts_jobs_and_files_alone() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 20), account(&ports, 20));
    let job = submit(&ports, &account, None).unwrap();
    assert_eq!(block_on(get_job::get_job(&ports, &other.key, job.id)), Err(Error::JobNotFound));
    assert_eq!(block_on(get_job::get_job(&ports, &KeyHash::of("sk_no"), job.id)), Err(Error::InvalidApiKey));
    block_on(manage_accounts::revoke_api_key(&ports, account.caller.api_key_id)).unwrap();
    assert_eq!(block_on(get_job::get_job(&ports, &account.key, job.id)), Err(Error::RevokedApiKey));
    assert_eq!(block_on(delete_job::delete_job(&ports, &account.key, job.id)), Err(Error::RevokedApiKey));
    assert_eq!(balance(&ports, &account), 10);
}

#[test]
fn an_upload_is_a_source_once_it_is_there_with_its_size_and_for_its_owner() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 20), account(&ports, 20));
    let ticket = create_upload::create_upload(&ports, account.caller, "a.mp4", "video/mp4", 5).unwrap();
    let submit = |account: &Account, video_url: &str| {
        let request = JobRequest { video_url: video_url.to_owned(), ..request(None) };
        block_on(submit_job::submit_job(&ports, account.caller, request, None))
    };
    assert_eq!(submit(&account, &ticket.file_url), Err(Error::UploadMissing));
    let object_key = ticket.file_url.split("/files/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    ports.objects.0.borrow_mut().insert(object_key.clone(), 6);
    assert_eq!(submit(&account, &ticket.file_url), Err(Error::UploadMissing));
    ports.objects.0.borrow_mut().insert(object_key.clone(), 5);
    assert_eq!(submit(&other, &ticket.file_url), Err(Error::InvalidFileUrl));
    assert_eq!(submit(&account, &ticket.file_url.replace("size=5", "size=6")), Err(Error::InvalidFileUrl));
    assert_eq!(submit(&account, "https://api.example.com/health"), Err(Error::InvalidFileUrl));
    let job = submit(&account, &ticket.file_url).unwrap();
    assert_eq!(job.source, Source::Object { object_key, size_bytes: 5 });
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

fn key_with_quota(ports: &FakePorts, account: &Account, quota: u64) -> Account {
    block_on(async {
        let key = manage_keys::create_key(ports, &account.key, Ok(key_request(Some(quota)))).await.unwrap();
        let key = KeyHash::of(&key.key);
        Account { id: account.id, caller: authenticate::authenticate(ports, &key, Scope::Jobs).await.unwrap(), key }
    })
}

#[test]
fn a_key_over_its_monthly_quota_is_refused_and_what_comes_back_counts_again() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let key = key_with_quota(&ports, &account, 15);
    let job = submit(&ports, &key, None).unwrap();
    let refusal = submit(&ports, &key, None).unwrap_err();
    assert!(matches!(refusal, Error::QuotaExceeded { required_credits: 10, .. }), "{refusal:?}");
    // Another key of the account is not held by it.
    submit(&ports, &account, None).unwrap();
    assert_eq!(balance(&ports, &account), 80);
    block_on(delete_job::delete_job(&ports, &key.key, job.id)).unwrap();
    submit(&ports, &key, None).unwrap();
    // The next month begins with nothing used.
    assert!(submit(&ports, &key, None).is_err());
    ports.pass_ms(31 * 24 * 60 * 60 * 1_000);
    submit(&ports, &key, None).unwrap();
    let months = block_on(read_books::list_usage(&ports, &account.key)).unwrap();
    let used: Vec<_> = months.iter().map(|month| (month.month.as_str(), month.used_credits)).collect();
    assert_eq!(used.len(), 3, "{used:?}");
    assert_eq!(used.iter().map(|(_, credits)| credits).sum::<i64>(), 30);
}

#[test]
fn a_correction_beyond_the_quota_fails_the_job_and_gives_all_back() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let key = key_with_quota(&ports, &account, 15);
    let job = submit(&ports, &key, None).unwrap();
    let work = granted(&ports, &job);
    assert_eq!(stopped(report(&ports, &work, probed(16_000))), StopReason::Over);
    assert_eq!(find(&ports, &key, job.id).failure.unwrap().code, JobErrorCode::QuotaExceeded);
    assert_eq!(balance(&ports, &account), 100);
    let job = submit(&ports, &key, None).unwrap();
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, probed(15_000)));
}

#[test]
fn an_estimate_prices_like_a_job_and_spends_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 47);
    let ask = |model, duration_ms, resolution| {
        let request = estimate_job::EstimateRequest { model, duration_ms: Some(duration_ms), resolution, output_count: 1 };
        let estimate = block_on(estimate_job::estimate_job(&ports, &account.key, Ok(request))).unwrap();
        (estimate.credits, estimate.work_ms / 1_000, estimate.can_afford)
    };
    assert_eq!(ask(Model::KieKling3Video, 3_000, Some(Resolution::Hd)), (48, 120, false));
    assert_eq!(ask(Model::Auto, 3_000, None), (3, 26, true));
    assert_eq!(balance(&ports, &account), 47);
    let refusal = JobRequest { model: Model::KieKling3Video, ..request(None) };
    let refusal = block_on(submit_job::submit_job(&ports, account.caller, refusal, None)).unwrap_err();
    assert!(matches!(refusal, Error::ModelUnavailable(_)), "{refusal:?}");
}

#[test]
fn jobs_and_entries_are_listed_newest_first_in_pages_that_meet() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    submit(&ports, &other, None).unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ports.pass_ms(1);
        ids.insert(0, submit(&ports, &account, None).unwrap().id);
    }
    block_on(delete_job::delete_job(&ports, &account.key, ids.remove(2))).unwrap();
    let list = |cursor: &str, limit, state| {
        let page = Page { cursor: cursor.to_owned(), limit };
        let jobs = block_on(list_jobs::list_jobs(&ports, &account.key, &page, state)).unwrap();
        jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(list("job_~", 3, None), ids[..3]);
    assert_eq!(list(&ids[2].to_string(), 3, None), ids[3..]);
    granted(&ports, &find(&ports, &account, ids[1]));
    assert_eq!(list("job_~", 9, Some(JobState::Transcoding)), ids[1..2]);
    let page = Page { cursor: "led_~".into(), limit: 100 };
    let entries = block_on(read_books::list_ledger(&ports, &account.key, &page)).unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["refund", "reserve", "reserve", "reserve", "reserve", "reserve", "grant"]);
}

#[test]
fn a_rotated_key_overlaps_with_its_successor_and_a_scope_is_kept() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let narrow = KeyRequest { scopes: vec![Scope::Jobs], ..key_request(Some(7)) };
    let narrow = block_on(manage_keys::create_key(&ports, &account.key, Ok(narrow))).unwrap();
    let narrow_hash = KeyHash::of(&narrow.key);
    let works = |hash: &KeyHash, scope| block_on(authenticate::authenticate(&ports, hash, scope)).map(|_| ());
    assert_eq!(works(&narrow_hash, Scope::Jobs), Ok(()));
    assert_eq!(works(&narrow_hash, Scope::Manage), Err(Error::MissingScope(Scope::Manage)));
    assert!(block_on(manage_keys::list_keys(&ports, &narrow_hash)).is_err());
    let id = narrow.about.key.id;
    let rotate = |key: &KeyHash, overlap_s| block_on(manage_keys::rotate_key(&ports, key, Ok(id), overlap_s));
    assert!(matches!(rotate(&other.key, 60), Err(Error::NoSuchThing("key"))));
    let next = rotate(&account.key, 60).ok().unwrap();
    assert_eq!((next.about.key.monthly_quota_credits, next.about.key.scopes.as_slice()), (Some(7), [Scope::Jobs].as_slice()));
    let next_hash = KeyHash::of(&next.key);
    assert_eq!((works(&narrow_hash, Scope::Jobs), works(&next_hash, Scope::Jobs)), (Ok(()), Ok(())));
    ports.pass_ms(60_000);
    assert_eq!((works(&narrow_hash, Scope::Jobs), works(&next_hash, Scope::Jobs)), (Err(Error::RevokedApiKey), Ok(())));
    assert!(rotate(&account.key, 60).is_err(), "a dead key has no successor");
    assert_eq!(block_on(manage_keys::revoke_key(&ports, &other.key, Ok(id))), Err(Error::NoSuchThing("key")));
    assert_eq!(block_on(manage_keys::list_keys(&ports, &account.key)).unwrap().len(), 3);
}

#[test]
fn a_request_with_a_key_is_done_once_and_answered_alike_for_a_day() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let idempotency = |body: &str| IdempotencyKey::parse("\"key-1\"", "/v1/jobs", body.as_bytes()).unwrap();
    let begun = |account: &Account, body: &str| {
        block_on(idempotency::begin(&ports, &account.key, &idempotency(body))).map(|(_, begun)| begun)
    };
    let create = || block_on(submit_job::submit_job(&ports, account.caller, request(None), Some(&idempotency("a"))));

    assert!(matches!(begun(&account, "a"), Ok(Begun::First)));
    assert!(matches!(begun(&account, "a"), Err(Error::IdempotencyKeyRunning)));
    assert!(matches!(begun(&account, "b"), Err(Error::IdempotencyKeyReused)));
    assert!(matches!(begun(&other, "b"), Ok(Begun::First)), "keys are the account's own");
    // Refused: the key is free again.
    block_on(idempotency::abandon(&ports, account.caller, &idempotency("a")));
    assert!(matches!(begun(&account, "a"), Ok(Begun::First)));
    // Created, but the answer is never kept: running first, then answered with the job.
    let job = create().unwrap();
    assert!(matches!(begun(&account, "a"), Err(Error::IdempotencyKeyRunning)));
    ports.pass_ms(2 * 60 * 1_000);
    assert!(matches!(begun(&account, "a"), Ok(Begun::Created(id)) if id == job.id));
    block_on(idempotency::abandon(&ports, account.caller, &idempotency("a")));
    block_on(idempotency::finish(&ports, account.caller, &idempotency("a"), "the answer"));
    assert!(matches!(begun(&account, "a"), Ok(Begun::Answered(answer)) if answer == "the answer"));
    ports.pass_ms(24 * 60 * 60 * 1_000);
    assert!(matches!(begun(&account, "b"), Ok(Begun::First)));
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().requests_forgotten, 1);
    assert_eq!(balance(&ports, &account), 100, "the job that nobody took for a day came back");
}

#[test]
fn a_wait_ends_with_the_job_or_before_its_bound_and_reads_seldom() {
    for (timeout_s, ends_at_pause) in [(1, 0), (30, 0), (60, 0), (60, 3)] {
        let ports = FakePorts::new();
        let account = account(&ports, 100);
        let started_at_ms = ports.now();
        ports.ends_at_pause.set(ends_at_pause);
        let job = submit(&ports, &account, None).unwrap();
        let job = block_on(wait_for_job::wait_for_job(&ports, job, started_at_ms, timeout_s * 1_000)).unwrap();
        assert_eq!(job.state.is_over(), ends_at_pause > 0);
        assert!(ports.now().as_u64() - started_at_ms.as_u64() < timeout_s * 1_000);
        assert!(ports.pauses.get() <= 38, "{}", ports.pauses.get());
        assert!(ports.pauses.get() >= 2);
    }
}

fn submit_with_callback(ports: &FakePorts, account: &Account, secret: Option<&str>) -> Job {
    let callback_url = Some("https://receiver.example/hook".to_owned());
    let request = JobRequest { callback_url, callback_secret: secret.map(str::to_owned), ..request(None) };
    block_on(submit_job::submit_job(ports, account.caller, request, None)).unwrap()
}

fn woken(ports: &FakePorts) -> Vec<(EventId, u32)> {
    std::mem::take(&mut *ports.tasks.woken.borrow_mut())
}

fn deliver(ports: &FakePorts, id: EventId) -> Option<Next> {
    let render = |_: &FakePorts, delivery: &Delivery, job: &Job| Ok(format!("{} {}", delivery.event, job.state.as_str()));
    block_on(deliver_event::deliver_event(ports, id, render)).unwrap()
}

#[test]
fn however_a_run_ends_its_event_is_told_once() {
    let end_each = |end: &dyn Fn(&FakePorts, &Account, &Job), event: &str| {
        let ports = FakePorts::new();
        let account = account(&ports, 100);
        let job = submit_with_callback(&ports, &account, Some("hush"));
        assert!(!ports.sqlite().text("SELECT callback_secret_box FROM jobs").contains("hush"));
        end(&ports, &account, &job);
        let woken = woken(&ports);
        assert_eq!(woken.len(), 1, "{event}");
        ports.http.answers.borrow_mut().push(Ok(204));
        assert_eq!(deliver(&ports, woken[0].0), Some(Next::Delivered));
        assert_eq!(deliver(&ports, woken[0].0), None, "it is not due any more");
        let told = ports.http.posts.borrow();
        assert!(told[0].1.starts_with(event), "{}", told[0].1);
        assert!(told[0].0.iter().any(|(name, _)| *name == "x-bgless-signature"));
    };
    end_each(
        &|ports, _, job| {
            let work = granted(ports, job);
            accepted(report(ports, &work, complete(&work)));
        },
        "job.completed success",
    );
    end_each(&|ports, _, job| accepted(report(ports, &granted(ports, job), fail())), "job.failed failed");
    end_each(
        &|ports, account, job| block_on(delete_job::delete_job(ports, &account.key, job.id)).unwrap(),
        "job.canceled canceled",
    );
    end_each(
        &|ports, _, _| {
            ports.pass_ms(24 * 60 * 60 * 1_000);
            block_on(sweep::sweep(ports)).unwrap();
        },
        "job.failed failed",
    );
}

#[test]
fn a_job_without_a_receiver_wakes_nobody_and_one_without_a_secret_signs_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let job = submit(&ports, &account, None).unwrap();
    accepted(report(&ports, &granted(&ports, &job), fail()));
    assert!(woken(&ports).is_empty());
    assert_eq!(ports.sqlite().number("SELECT count(*) FROM deliveries"), 0);
    let job = submit_with_callback(&ports, &account, None);
    accepted(report(&ports, &granted(&ports, &job), fail()));
    ports.http.answers.borrow_mut().push(Ok(200));
    deliver(&ports, woken(&ports)[0].0);
    assert!(!ports.http.posts.borrow()[0].0.iter().any(|(name, _)| name.contains("signature")));
}

#[test]
fn an_event_is_tried_on_schedule_then_kept_for_redelivery_by_its_owner() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let job = submit_with_callback(&ports, &account, Some("hush"));
    accepted(report(&ports, &granted(&ports, &job), fail()));
    let id = woken(&ports)[0].0;
    for (answer, pauses_s) in [(Ok(302), 4..=6), (Err("no connection".to_owned()), 24..=36)] {
        ports.http.answers.borrow_mut().push(answer);
        assert!(matches!(deliver(&ports, id), Some(Next::TryAgain { .. })));
        let woken = woken(&ports);
        assert!(woken[0].0 == id && pauses_s.contains(&woken[0].1), "{woken:?}");
        assert_eq!(deliver(&ports, id), None, "it is not due yet");
        ports.pass_ms(u64::from(woken[0].1) * 1_000);
    }
    ports.http.answers.borrow_mut().push(Ok(500));
    assert_eq!(deliver(&ports, id), Some(Next::GivenUp));
    assert!(woken(&ports).is_empty());
    let redeliver = |key: &KeyHash| block_on(list_deliveries::redeliver(&ports, key, id));
    assert_eq!(redeliver(&other.key), Err(Error::NoSuchThing("delivery")));
    assert_eq!(redeliver(&account.key), Ok(()));
    ports.http.answers.borrow_mut().push(Ok(200));
    assert_eq!(deliver(&ports, woken(&ports)[0].0), Some(Next::Delivered));
    let deliveries = block_on(list_deliveries::list_deliveries(&ports, &account.key, job.id)).unwrap();
    let outcomes: Vec<_> = deliveries[0].attempts.iter().map(|attempt| attempt.outcome.clone()).collect();
    assert_eq!(outcomes, [Ok(302), Err("no connection".to_owned()), Ok(500), Ok(200)]);
    let told = ports.http.posts.borrow();
    let header = |post: usize, name: &str| told[post].0.iter().find(|(found, _)| *found == name).unwrap().1.clone();
    assert_eq!(header(0, "webhook-id"), header(3, "webhook-id"));
    assert_ne!(header(0, "webhook-timestamp"), header(3, "webhook-timestamp"));
    assert_eq!(block_on(list_deliveries::list_deliveries(&ports, &other.key, job.id)).unwrap_err(), Error::JobNotFound);
}

#[test]
fn an_event_whose_wake_up_was_lost_is_found_by_the_sweep() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let job = submit_with_callback(&ports, &account, None);
    let work = granted(&ports, &job);
    ports.tasks.broken.set(true);
    accepted(report(&ports, &work, fail()));
    ports.tasks.broken.set(false);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().senders_woken, 0);
    ports.pass_ms(60_000);
    assert_eq!(block_on(sweep::sweep(&ports)).unwrap().senders_woken, 1);
    assert_eq!(woken(&ports).len(), 1);
}

#[test]
fn an_operator_needs_the_token() {
    let ports = FakePorts::new();
    assert_eq!(authenticate::authenticate_operator(&ports, Some("token")), Ok(()));
    for wrong in [None, Some(""), Some("toke"), Some("token2")] {
        assert_eq!(authenticate::authenticate_operator(&ports, wrong), Err(Error::Forbidden));
    }
    assert_eq!(ports.now().as_secs(), 1_763_750_000);
    let lease = LeaseId::from_parts(ports.now(), ports.random_u128());
    assert_ne!(lease, LeaseId::from_parts(ports.now(), ports.random_u128()));
}
