//! The life of a job, through the use cases, on real SQL: what is charged, what is given back, and what can never happen.

mod account;
mod delivery;
mod file;
mod request;

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
    get_job, idempotency, list_deliveries, list_jobs, manage_accounts, manage_keys, manage_webhook_secret, read_books,
    record_use, submit_job, sweep, wait_for_job,
};
use crate::domain::api_key::{Caller, KeyHash, Scope};
use crate::domain::error::Error;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{Dialect, Job, JobOptions, JobState};
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
        options: JobOptions::default(),
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
    ReportEvent::Complete { strategy: Strategy::ChromaKey, assets: vec![asset], previews: Vec::new(), qa_report: None }
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
fn a_result_that_was_not_ordered_or_lies_elsewhere_is_not_taken() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let work = granted(&ports, &job);
    let ReportEvent::Complete { strategy, assets, .. } = complete(&work) else { unreachable!() };
    let mut elsewhere = assets.clone();
    elsewhere[0].object_key = elsewhere[0].object_key.replace("outputs/", "uploads/");
    let twice = [assets.clone(), assets].concat();
    for assets in [Vec::new(), elsewhere, twice] {
        let event = ReportEvent::Complete { strategy, assets, previews: Vec::new(), qa_report: None };
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
