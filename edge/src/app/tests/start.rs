//! Drafts and starts: what they hold, what they cost, and that old runs have nothing to say.

use shared::id::ApiKeyId;

use super::*;
use crate::app::start_job::{self, RunRequest};
use crate::app::submit_job::JobRequest;

fn draft(ports: &FakePorts, account: &Account) -> Job {
    let request = JobRequest { policy: policy("removebgvideo"), ..request(None) };
    block_on(submit_job::create_draft(ports, account.caller, request, None)).unwrap()
}

fn start(ports: &FakePorts, job: &Job) -> Result<Job, Error> {
    start_with(ports, job.api_key_id, job)
}

fn start_with(ports: &FakePorts, api_key_id: ApiKeyId, job: &Job) -> Result<Job, Error> {
    let caller = Caller { account_id: job.account_id, api_key_id };
    let run = RunRequest {
        model: Model::LocalChromaKey,
        outputs: vec![Output::WebmVp9Alpha],
        options: JobOptions::default(),
        dialect_request_json: Some("{}".to_owned()),
        callback_url: None,
    };
    block_on(start_job::start_job(ports, caller, job.clone(), run))
}

#[test]
fn a_draft_holds_nothing_until_it_is_started_and_then_as_much_as_any_job() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let job = draft(&ports, &account);
    assert_eq!((job.state, balance(&ports, &account)), (JobState::Created, 100));
    assert!(ports.tasks.sent.borrow().is_empty());
    assert_eq!(refused(&ports, &job), ClaimRefusal::Over);
    ports.pass_ms(48 * 60 * 60 * 1_000);
    block_on(sweep::sweep(&ports));
    let started = start(&ports, &job).unwrap();
    assert_eq!((started.state, started.run, balance(&ports, &account)), (JobState::Queued, 1, 90));
    assert_eq!(ports.tasks.sent.borrow().len(), 1);
    assert_eq!(start(&ports, &job), Err(Error::JobNotStartable), "what was seen is no draft any more");
    assert_eq!(start(&ports, &started), Err(Error::JobNotStartable));
    assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "reserve")), (90, 1));
}

#[test]
fn a_new_run_may_be_given_back_as_often_as_the_first() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let first = start(&ports, &draft(&ports, &account)).unwrap();
    for _ in 0..=8 {
        let work = granted(&ports, &first);
        accepted(report(&ports, &work, ReportEvent::GiveBack { fault: MachineFault::ToolKilled }));
    }
    let second = start(&ports, &find(&ports, &account, first.id)).unwrap();
    let work = granted(&ports, &second);
    accepted(report(&ports, &work, ReportEvent::GiveBack { fault: MachineFault::ToolKilled }));
    assert_eq!(find(&ports, &account, second.id).state, JobState::Queued);
}

#[test]
fn a_failed_run_is_followed_by_one_with_a_reserve_of_its_own() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let first = start(&ports, &draft(&ports, &account)).unwrap();
    let work = granted(&ports, &first);
    accepted(report(&ports, &work, probed(20_000)));
    assert_eq!(balance(&ports, &account), 80);
    accepted(report(&ports, &work, fail()));
    assert_eq!(balance(&ports, &account), 100);
    ports.pass_ms(1_000);
    let second = start(&ports, &find(&ports, &account, first.id)).unwrap();
    assert_eq!((second.run, second.state, second.attempt, second.failure.clone()), (2, JobState::Queued, 0, None));
    assert_eq!((second.facts.is_none(), balance(&ports, &account)), (true, 90));
    // The old run may say what it likes.
    for event in [complete(&work), fail(), probed(40_000)] {
        assert_eq!(stopped(report(&ports, &work, event)), StopReason::Over);
    }
    assert_eq!(balance(&ports, &account), 90);
    let work = granted(&ports, &second);
    accepted(report(&ports, &work, probed(3_000)));
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!((balance(&ports, &account), find(&ports, &account, first.id).state), (97, JobState::Success));
    assert_eq!(["reserve", "refund", "settle"].map(|kind| ledger_kinds(&ports, kind)), [2, 1, 1]);
}

#[test]
fn a_run_counts_against_the_quota_of_the_month_in_which_it_reserves() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let key = account::key_with_quota(&ports, &account, 15);
    let drafts = [draft(&ports, &key), draft(&ports, &key)];
    // The drafts' own month is used up: that does not matter in the next one.
    submit(&ports, &key, None).unwrap();
    ports.pass_ms(31 * 24 * 60 * 60 * 1_000);
    let run = start(&ports, &drafts[0]).unwrap();
    let refusal = start(&ports, &drafts[1]).unwrap_err();
    assert!(matches!(refusal, Error::QuotaExceeded { required_credits: 10, .. }), "{refusal:?}");
    // The correction of the reserve and the refund count in the same month.
    let work = granted(&ports, &run);
    assert_eq!(stopped(report(&ports, &work, probed(16_000))), StopReason::Over);
    start(&ports, &drafts[1]).unwrap();
    let months = block_on(read_credits::list_usage(&ports, &account.key)).unwrap();
    assert_eq!(months.iter().map(|month| month.used_credits).collect::<Vec<_>>(), [10, 10], "{months:?}");
}

#[test]
fn drafts_of_earlier_months_spend_the_quota_of_this_month_alone() {
    let ports = FakePorts::new();
    let account = account(&ports, 1_000);
    let key = account::key_with_quota(&ports, &account, 10);
    let drafts: Vec<_> = (0..4)
        .map(|_| {
            ports.pass_ms(31 * 24 * 60 * 60 * 1_000);
            draft(&ports, &key)
        })
        .collect();
    start(&ports, &drafts[0]).unwrap();
    for job in &drafts[1..] {
        let refusal = start(&ports, job).unwrap_err();
        let Error::QuotaExceeded { quota, resets_at_ms, .. } = refusal else { panic!("{refusal:?}") };
        assert_eq!((quota.monthly_credits, quota.used_credits), (10, 10));
        assert_eq!(resets_at_ms, ports.now().next_month());
    }
    let (limit, resets_at_ms) = block_on(read_credits::get_credits(&ports, &key.key)).unwrap();
    assert_eq!((balance(&ports, &account), limit.quota.unwrap().used_credits), (990, 10));
    assert_eq!((resets_at_ms.to_iso_8601().as_str(), resets_at_ms), ("2026-04-01T00:00:00.000Z", ports.now().next_month()));
    // A millisecond before that instant the quota is still used up, and from then on it is whole.
    ports.pass_ms(resets_at_ms.ms_since(ports.now()) - 1);
    assert!(start(&ports, &drafts[1]).is_err());
    ports.pass_ms(1);
    start(&ports, &drafts[1]).unwrap();
    assert!(start(&ports, &drafts[2]).is_err());
}

#[test]
fn a_run_counts_against_the_quota_of_the_key_that_starts_it() {
    let ports = FakePorts::new();
    let account = account(&ports, 1_000);
    let (narrow, wide) = (account::key_with_quota(&ports, &account, 10), account::key_with_quota(&ports, &account, 500));
    let drafts = [draft(&ports, &wide), draft(&ports, &wide)];
    let run = start_with(&ports, narrow.caller.api_key_id, &drafts[0]).unwrap();
    let refusal = start_with(&ports, narrow.caller.api_key_id, &drafts[1]).unwrap_err();
    assert!(matches!(refusal, Error::QuotaExceeded { .. }), "{refusal:?}");
    // The refund goes to where the reserve came from.
    let work = granted(&ports, &run);
    accepted(report(&ports, &work, fail()));
    let used = |key: &Account| block_on(read_credits::get_credits(&ports, &key.key)).unwrap().0.quota.unwrap().used_credits;
    assert_eq!((used(&narrow), used(&wide)), (0, 0));
    start_with(&ports, wide.caller.api_key_id, &find(&ports, &account, run.id)).unwrap();
    assert_eq!((used(&narrow), used(&wide), balance(&ports, &account)), (0, 10, 990));
}

#[test]
fn a_start_that_cannot_be_paid_changes_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 9);
    let job = draft(&ports, &account);
    let expected = Error::InsufficientCredits { available_credits: 9, required_credits: 10 };
    assert_eq!(start(&ports, &job), Err(expected));
    assert_eq!((find(&ports, &account, job.id).state, ledger_kinds(&ports, "reserve")), (JobState::Created, 0));
    block_on(delete_job::delete_job(&ports, &account.key, job.id)).unwrap();
    assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "refund")), (9, 0));
}

#[test]
fn a_start_whose_answer_is_lost_reserves_once() {
    for fault in [Fault::BeforeTheWrite, Fault::AfterTheWrite] {
        let ports = FakePorts::new();
        let account = account(&ports, 100);
        let job = draft(&ports, &account);
        ports.sqlite().fail_next(fault);
        assert!(start(&ports, &job).is_err());
        let again = start(&ports, &job);
        assert_eq!(again.is_ok(), fault == Fault::BeforeTheWrite, "{fault:?}");
        assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "reserve")), (90, 1), "{fault:?}");
    }
}
