//! The life of a job: what is charged, what is given back, and what can never happen.

use super::*;

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
        accepted(report(&ports, &work, ReportEvent::Progress { stage: AttemptStage::Fetching, progress_percent: 5 }));
        accepted(report(&ports, &work, probed(actual_ms)));
        assert_eq!(balance(&ports, &account), 100 - charged);
        accepted(report(&ports, &work, ReportEvent::Progress { stage: AttemptStage::Encoding, progress_percent: 3 }));
        let running = find(&ports, &account, job.id);
        assert_eq!(
            (running.state, running.stage, running.progress_percent),
            (JobState::Transcoding, Some(AttemptStage::Encoding), 5)
        );

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
fn a_lease_carries_what_was_asked_for() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let key = KeySettings { spill_strength: Some(0.5), ..KeySettings::default() };
    let matting_model = Some("rvm".to_owned());
    let options = JobOptions {
        preset: Preset::Editing,
        refine_edges: true,
        key,
        resolution: Some(Resolution::Hd),
        matting_model,
        ..JobOptions::default()
    };
    let job = block_on(submit_job::submit_job(&ports, account.caller, JobRequest { options, ..request(None) }, None)).unwrap();
    let work = granted(&ports, &job);
    assert_eq!((work.preset, work.refine_edges, work.key, work.resolution), (Preset::Editing, true, key, Some(Resolution::Hd)));
}
