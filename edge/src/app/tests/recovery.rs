//! Lost tasks, dead transcoders, late reports, and a database that fails.

use super::*;

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
    let progress = || ReportEvent::Progress { stage: AttemptStage::Encoding, progress_percent: 50 };
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
        // Its transcoder may still be heard for the length of another lease.
        assert_eq!(block_on(sweep::sweep(&ports)).exhausted, 0);
        assert_eq!(refused(&ports, &job), ClaimRefusal::Leased);
        ports.pass_ms(60_000);
        if found_by_sweep {
            assert_eq!(block_on(sweep::sweep(&ports)).exhausted, 1);
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
fn a_fault_of_the_machine_costs_no_attempt_and_a_run_does_not_circle_for_ever() {
    for (fault, code) in [
        (MachineFault::ToolFailed, JobErrorCode::TranscodersFailed),
        (MachineFault::StorageUnreachable, JobErrorCode::TranscodersFailed),
        (MachineFault::ScratchFull, JobErrorCode::ScratchFull),
    ] {
        let ports = FakePorts::new();
        let account = account(&ports, 20);
        let job = submit(&ports, &account, None).unwrap();
        for _ in 0..8 {
            let work = granted(&ports, &job);
            assert_eq!(work.attempt, 1, "{fault}");
            accepted(report(&ports, &work, ReportEvent::GiveBack { fault }));
            // Said twice, it counts once.
            assert_eq!(stopped(report(&ports, &work, ReportEvent::GiveBack { fault })), StopReason::LeaseLost);
            assert_eq!(find(&ports, &account, job.id).state, JobState::Queued);
        }
        // The first comes back at once, for another transcoder; the later ones leave time for a
        // repair.
        let pauses_s: Vec<_> = ports.tasks.delays_ms.borrow().iter().map(|delay_ms| delay_ms / 1_000).collect();
        assert_eq!(pauses_s, [0, 0, 10, 20, 40, 80, 160, 300, 300]);
        let last = granted(&ports, &job);
        accepted(report(&ports, &last, ReportEvent::GiveBack { fault }));
        assert_eq!(find(&ports, &account, job.id).failure.unwrap().code, code);
        assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "refund")), (20, 1));
        assert_eq!(stopped(report(&ports, &last, ReportEvent::GiveBack { fault })), StopReason::Over);
    }
}

#[test]
fn a_fault_that_the_footage_may_have_caused_costs_an_attempt() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    for attempt in 1..=3 {
        let work = granted(&ports, &job);
        assert_eq!(work.attempt, attempt);
        accepted(report(&ports, &work, ReportEvent::GiveBack { fault: MachineFault::Unclear }));
    }
    assert_eq!(find(&ports, &account, job.id).failure.unwrap().code, JobErrorCode::AttemptsExhausted);
    assert_eq!(balance(&ports, &account), 20);
}

#[test]
fn a_result_reported_after_its_lease_counts_while_nobody_else_has_the_run() {
    let begin = || {
        let ports = FakePorts::new();
        let account = account(&ports, 20);
        let job = submit(&ports, &account, None).unwrap();
        let work = granted(&ports, &job);
        // The edge hears nothing for longer than the lease, and its sweep gives the run to the
        // queue.
        ports.pass_ms(90_000);
        assert_eq!(block_on(sweep::sweep(&ports)).requeued, 1);
        (ports, account, job, work)
    };
    let (ports, account, job, work) = begin();
    accepted(report(&ports, &work, ReportEvent::Progress { stage: AttemptStage::Encoding, progress_percent: 5 }));
    assert_eq!(find(&ports, &account, job.id).state, JobState::Transcoding);
    assert_eq!(refused(&ports, &job), ClaimRefusal::Leased);
    accepted(report(&ports, &work, probed(4_000)));
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!((find(&ports, &account, job.id).attempt, balance(&ports, &account)), (1, 16));

    let (ports, account, job, work) = begin();
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!((find(&ports, &account, job.id).state, balance(&ports, &account)), (JobState::Success, 10));

    let (ports, account, job, work) = begin();
    accepted(report(&ports, &work, fail()));
    assert_eq!((find(&ports, &account, job.id).state, balance(&ports, &account)), (JobState::Failed, 20));

    let (ports, account, job, late) = begin();
    let work = granted(&ports, &job);
    assert_eq!(work.attempt, 2);
    assert_eq!(stopped(report(&ports, &late, complete(&late))), StopReason::LeaseLost);
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!(balance(&ports, &account), 10);
}

#[test]
fn a_last_attempt_may_be_heard_late_too() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    for _ in 0..2 {
        granted(&ports, &job);
        ports.pass_ms(60_000);
    }
    let work = granted(&ports, &job);
    ports.pass_ms(90_000);
    block_on(sweep::sweep(&ports));
    accepted(report(&ports, &work, complete(&work)));
    assert_eq!(balance(&ports, &account), 10);
}

#[test]
fn a_job_whose_task_was_not_sent_is_found_by_the_sweep_once() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    ports.tasks.broken.set(true);
    let job = submit(&ports, &account, None).unwrap();
    assert_eq!(ports.warnings.borrow().len(), 1);
    ports.tasks.broken.set(false);
    assert_eq!(block_on(sweep::sweep(&ports)).tasks_sent, 0);
    ports.pass_ms(5 * 60 * 1_000);
    assert_eq!(block_on(sweep::sweep(&ports)).tasks_sent, 1);
    assert_eq!(block_on(sweep::sweep(&ports)).tasks_sent, 0);
    assert_eq!(*ports.tasks.sent.borrow(), [TranscodeTask::TranscodeV1 { job_id: job.id, run: 1 }]);
}

#[test]
fn a_dead_transcoders_job_is_queued_again_by_the_sweep() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    granted(&ports, &job);
    assert_eq!(block_on(sweep::sweep(&ports)), sweep::Swept::default());
    ports.pass_ms(60_000);
    let swept = block_on(sweep::sweep(&ports));
    assert_eq!((swept.requeued, swept.tasks_sent), (1, 1));
    assert_eq!(granted(&ports, &job).attempt, 2);
}

#[test]
fn a_job_queued_for_a_day_ends() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    ports.pass_ms(24 * 60 * 60 * 1_000 - 1);
    assert_eq!(block_on(sweep::sweep(&ports)).timed_out, 0);
    ports.pass_ms(1);
    assert_eq!(block_on(sweep::sweep(&ports)).timed_out, 1);
    assert_eq!(find(&ports, &account, job.id).failure.unwrap().code, JobErrorCode::QueueTimeout);
    assert_eq!(balance(&ports, &account), 20);
}

#[test]
fn a_dead_letter_ends_a_run_without_attempts_left_and_revives_one_that_was_only_given_back() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let fail_dead_letter =
        |run| block_on(fail_dead_letter::fail_dead_letter(&ports, &TranscodeTask::TranscodeV1 { job_id: job.id, run })).unwrap();
    let work = granted(&ports, &job);
    assert_eq!(fail_dead_letter(1), DeadLetterOutcome::Unchanged);
    accepted(report(&ports, &work, ReportEvent::Release));
    assert_eq!((fail_dead_letter(7), fail_dead_letter(1)), (DeadLetterOutcome::Unchanged, DeadLetterOutcome::TaskDue));
    assert_eq!(block_on(sweep::sweep(&ports)).tasks_sent, 1);
    for _ in 0..3 {
        granted(&ports, &job);
        assert_eq!(fail_dead_letter(1), DeadLetterOutcome::Unchanged);
        ports.pass_ms(60_000);
    }
    assert_eq!(fail_dead_letter(1), DeadLetterOutcome::Unchanged);
    ports.pass_ms(60_000);
    assert_eq!((fail_dead_letter(1), fail_dead_letter(1)), (DeadLetterOutcome::Failed, DeadLetterOutcome::Unchanged));
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
    assert_eq!(block_on(sweep::sweep(&ports)).timed_out, 1);
    assert_eq!(balance(&ports, &account), 20);
}

#[test]
fn credits_are_right_whenever_the_database_fails() {
    // Each step of a job's life fails once, before or after its write, and is then said again as
    // its caller would.
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

        // A claim whose answer is lost is repeated and counts once.
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
fn a_lease_is_not_kept_alive_for_ever_and_cannot_be_dated_ahead() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    let ahead = LeaseId::from_parts(ports.now().plus_ms(301_000), 1);
    let claim = Claim { job_id: job.id, run: job.run, lease_id: ahead };
    assert_eq!(block_on(claim_task::claim_task(&ports, &claim)).unwrap_err(), Error::Forbidden);
    let work = granted(&ports, &job);
    let beat = || ReportEvent::Progress { stage: AttemptStage::Encoding, progress_percent: 1 };
    ports.pass_ms(6 * 60 * 60 * 1_000);
    accepted(report(&ports, &work, beat()));
    ports.pass_ms(1);
    assert_eq!(stopped(report(&ports, &work, beat())), StopReason::LeaseLost);
    ports.pass_ms(60_000);
    assert_eq!(block_on(sweep::sweep(&ports)).requeued, 1);
}

#[test]
fn a_step_of_the_sweep_that_fails_holds_up_no_other_step() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    // Out of attempts, at the start of the sweep; a deleted job's objects are at its end.
    let exhausted = submit(&ports, &account, None).unwrap();
    for _ in 0..3 {
        granted(&ports, &exhausted);
        ports.pass_ms(60_000);
    }
    let deleted = submit(&ports, &account, None).unwrap();
    let output = format!("{}a.webm", granted(&ports, &deleted).object_prefix);
    block_on(delete_job::delete_job(&ports, &account.key, deleted.id)).unwrap();
    ports.objects.sizes.borrow_mut().insert(output.clone(), 5);
    submit(&ports, &account, None).unwrap();
    ports.pass_ms(15 * 60 * 1_000);
    ports.tasks.broken.set(true);
    ports.sqlite().fail_next(Fault::BeforeTheWrite);
    let swept = block_on(sweep::sweep(&ports));
    assert_eq!((swept.failures, swept.exhausted, swept.tasks_sent, swept.jobs_emptied), (2, 0, 0, 1));
    assert_eq!(ports.warnings.borrow().len(), 2);
    assert!(!ports.objects.sizes.borrow().contains_key(&output));
    ports.tasks.broken.set(false);
    // A task is due again later the longer its run has waited.
    ports.pass_ms(15 * 60 * 1_000);
    let swept = block_on(sweep::sweep(&ports));
    assert_eq!((swept.failures, swept.exhausted, swept.tasks_sent), (0, 1, 1));
}

#[test]
fn an_object_that_cannot_be_removed_holds_up_no_other_object() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let upload = || {
        let ticket = block_on(create_upload::create_upload(&ports, account.caller, "a.mp4", "video/mp4", 5)).unwrap();
        let object_key = ticket.file_url.split("/files/").nth(1).unwrap().split('?').next().unwrap().to_owned();
        ports.objects.sizes.borrow_mut().insert(object_key.clone(), 5);
        object_key
    };
    let keys = [upload(), upload(), upload()];
    ports.pass_ms(7 * 24 * 60 * 60 * 1_000);
    *ports.objects.unremovable.borrow_mut() = Some(keys[0].clone());
    let swept = block_on(sweep::sweep(&ports));
    assert_eq!((swept.uploads_removed, swept.failures), (2, 1));
    assert_eq!(ports.objects.sizes.borrow().keys().collect::<Vec<_>>(), [&keys[0]]);
    *ports.objects.unremovable.borrow_mut() = None;
    let swept = block_on(sweep::sweep(&ports));
    assert_eq!((swept.uploads_removed, swept.failures), (1, 0));
}
