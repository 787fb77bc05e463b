//! Heavy work and light work wait in queues of their own.

use super::*;

fn task(job: &Job) -> TranscodeTask {
    TranscodeTask::TranscodeV1 { job_id: job.id, run: job.run }
}

fn submit_heavy(ports: &FakePorts, account: &Account) -> Job {
    let request = JobRequest { model: Model::LocalStaticCamera, ..request(None) };
    block_on(submit_job::submit_job(ports, account.caller, request, None)).unwrap()
}

#[test]
fn each_kind_of_work_is_sent_to_its_own_queue_by_the_request_and_by_the_sweep() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let (light, heavy) = (submit(&ports, &account, None).unwrap(), submit_heavy(&ports, &account));
    assert_eq!((ports.tasks.sent.take(), ports.tasks.sent_heavy.take()), (vec![task(&light)], vec![task(&heavy)]));
    ports.pass_ms(5 * 60 * 1_000);
    assert_eq!(block_on(sweep::sweep(&ports)).tasks_sent, 2);
    assert_eq!((ports.tasks.sent.take(), ports.tasks.sent_heavy.take()), (vec![task(&light)], vec![task(&heavy)]));
}

#[test]
fn work_that_turns_out_heavy_changes_its_queue_and_keeps_its_attempts() {
    let ports = FakePorts::new();
    let account = account(&ports, 20);
    let job = submit(&ports, &account, None).unwrap();
    ports.tasks.sent.take();
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, ReportEvent::Transfer));
    assert_eq!((ports.tasks.sent.take(), ports.tasks.sent_heavy.take()), (vec![], vec![task(&job)]));
    assert_eq!(find(&ports, &account, job.id).state, JobState::Queued);
    // Said twice, it changes nothing; lost, the sweep sends it where it belongs; released, it stays
    // there.
    assert_eq!(stopped(report(&ports, &work, ReportEvent::Transfer)), StopReason::LeaseLost);
    let work = granted(&ports, &job);
    assert_eq!(work.attempt, 1);
    accepted(report(&ports, &work, ReportEvent::Release));
    ports.pass_ms(5 * 60 * 1_000);
    assert_eq!(block_on(sweep::sweep(&ports)).tasks_sent, 1);
    assert_eq!((ports.tasks.sent.take(), ports.tasks.sent_heavy.take()), (vec![], vec![task(&job)]));
}
