//! The use cases on real SQL, with what their tests share.

mod account;
mod deletion;
mod delivery;
mod file;
mod generation;
mod life;
mod matting;
mod pools;
mod portrait;
mod recovery;
mod request;
mod start;

use futures_executor::block_on;
use shared::code::JobErrorCode;
use shared::id::{AccountId, JobId, LeaseId};
use shared::keying::KeySettings;
use shared::media::{FrameRate, MediaFacts, Output, PixelSize, Preset};
use shared::price::Resolution;
use shared::report::{
    AttemptStage, Claim, ClaimAnswer, ClaimRefusal, MachineFault, OutputAsset, Report, ReportAnswer, ReportEvent, StopReason,
    Work,
};
use shared::source::Source;
use shared::strategy::{Strategy, StrategyRequest};
use shared::task::TranscodeTask;

use super::fail_dead_letter::DeadLetterOutcome;
use super::fakes::FakePorts;
use super::idempotency::BeginOutcome;
use super::ports::{Delivery, DeliveryOutcome, GenerationUrls, Page, Ports as _, SeenModel};
use super::submit_job::{JobInput, JobRequest};
use super::{
    apply_report, authenticate, claim_task, create_upload, delete_job, deliver_event, download_output, estimate_job,
    fail_dead_letter, get_job, idempotency, list_deliveries, list_jobs, manage_accounts, manage_keys, manage_webhook_secret,
    read_credits, record_key_use, submit_job, sweep, wait_for_job,
};
use crate::dialect::policy;
use crate::domain::api_key::{Caller, KeyHash, KeyRequest};
use crate::domain::dialect::KeyDialect;
use crate::domain::error::Error;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::job::{Job, JobOptions, JobState};
use crate::domain::model::{MATTING_MODELS_MAX, MODEL_DELETED_AFTER_MS, MODEL_STALE_AFTER_MS, Model};
use crate::domain::scope::Scope;
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
    KeyRequest {
        label: "test".into(),
        project_label: None,
        monthly_quota_credits,
        scopes: Scope::ALL.to_vec(),
        dialect: KeyDialect::Bgless,
    }
}

fn request(duration_ms: Option<u64>) -> JobRequest {
    let input = JobInput::Video { url: SOURCE_URL.into() };
    JobRequest { duration_ms, ..JobRequest::new(policy("bgless"), Model::Auto, input, vec![Output::WebmVp9Alpha]) }
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
    ReportEvent::Probed { facts, strategy: Strategy::ChromaKey, choice: None }
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
