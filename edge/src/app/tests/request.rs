//! Requests that are repeated, lost or waited for.

use super::*;

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
fn a_request_with_a_key_is_done_once_and_answered_alike_for_a_day() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let idempotency = |body: &str| IdempotencyKey::parse("\"key-1\"", "/v1/jobs", body.as_bytes()).unwrap();
    let begin = |account: &Account, body: &str| {
        block_on(idempotency::begin(&ports, &account.key, &idempotency(body))).map(|(_, outcome)| outcome)
    };
    let create = || block_on(submit_job::submit_job(&ports, account.caller, request(None), Some(&idempotency("a"))));

    assert!(matches!(begin(&account, "a"), Ok(BeginOutcome::First)));
    assert!(matches!(begin(&account, "a"), Err(Error::IdempotencyKeyRunning)));
    assert!(matches!(begin(&account, "b"), Err(Error::IdempotencyKeyReused)));
    assert!(matches!(begin(&other, "b"), Ok(BeginOutcome::First)), "keys are the account's own");
    // Refused: the key is free again.
    block_on(idempotency::abandon(&ports, account.caller, &idempotency("a")));
    assert!(matches!(begin(&account, "a"), Ok(BeginOutcome::First)));
    // Created, but the answer is never kept: running first, then answered with the job.
    let job = create().unwrap();
    assert!(matches!(begin(&account, "a"), Err(Error::IdempotencyKeyRunning)));
    ports.pass_ms(2 * 60 * 1_000);
    assert!(matches!(begin(&account, "a"), Ok(BeginOutcome::Created(id)) if id == job.id));
    block_on(idempotency::abandon(&ports, account.caller, &idempotency("a")));
    block_on(idempotency::finish(&ports, account.caller, &idempotency("a"), "the answer"));
    assert!(matches!(begin(&account, "a"), Ok(BeginOutcome::Answered(answer)) if answer == "the answer"));
    ports.pass_ms(24 * 60 * 60 * 1_000);
    assert!(matches!(begin(&account, "b"), Ok(BeginOutcome::First)));
    assert_eq!(block_on(sweep::sweep(&ports)).idempotency_keys_deleted, 1);
    assert_eq!(balance(&ports, &account), 100, "the job that nobody took for a day came back");
}

#[test]
fn a_draft_is_created_once_per_key_for_a_day_too() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let idempotency = IdempotencyKey::parse("draft-1", "/v1/jobs", b"{}").unwrap();
    let begin = || block_on(idempotency::begin(&ports, &account.key, &idempotency)).map(|(_, outcome)| outcome);
    assert!(matches!(begin(), Ok(BeginOutcome::First)));
    let draft = block_on(submit_job::create_draft(&ports, account.caller, request(None), Some(&idempotency))).unwrap();
    // Created, but the answer was not kept.
    ports.pass_ms(2 * 60 * 1_000);
    assert!(matches!(begin(), Ok(BeginOutcome::Created(id)) if id == draft.id));
    block_on(idempotency::finish(&ports, account.caller, &idempotency, "the answer"));
    ports.pass_ms(24 * 60 * 60 * 1_000 - 2 * 60 * 1_000 - 1);
    assert!(matches!(begin(), Ok(BeginOutcome::Answered(answer)) if answer == "the answer"));
    ports.pass_ms(1);
    assert!(matches!(begin(), Ok(BeginOutcome::First)));
}

#[test]
fn an_answer_is_kept_for_a_day_whether_it_names_a_job_or_not() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let idempotency = IdempotencyKey::parse("once", "/v1/jobs", b"{}").unwrap();
    let begin = || block_on(idempotency::begin(&ports, &account.key, &idempotency)).map(|(_, outcome)| outcome);
    assert!(matches!(begin(), Ok(BeginOutcome::First)));
    block_on(idempotency::finish(&ports, account.caller, &idempotency, "the answer"));
    ports.pass_ms(24 * 60 * 60 * 1_000 - 1);
    assert!(matches!(begin(), Ok(BeginOutcome::Answered(_))));
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
