//! When a member takes work, with self-tests whose results are a list.

use std::collections::VecDeque;

use tokio::time::{Instant, timeout};

use super::*;

/// Problems of each self-test in turn, then none.
#[derive(Default)]
struct Script(Mutex<VecDeque<Vec<Problem>>>, Mutex<u32>);

impl SelfTest for Script {
    async fn run(&self) -> Vec<Problem> {
        *self.1.lock().unwrap() += 1;
        self.0.lock().unwrap().pop_front().unwrap_or_default()
    }
}

fn no_ffmpeg() -> Vec<Problem> {
    vec![Problem::new(ProblemCode::FfmpegFailed, "it does not start")]
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_before_a_self_test_has_passed_and_the_reason_is_told() {
    let member = Member::new([Pool::Light]);
    assert_eq!((member.takes_work(), member.readiness().state), (false, State::Testing));
    let script = Script(Mutex::new([no_ffmpeg(), no_ffmpeg()].into()), Mutex::default());
    let begun = Instant::now();
    let seen = async {
        while member.readiness().problems.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        let readiness = member.readiness();
        assert_eq!((readiness.ready, readiness.state), (false, State::Failing));
        assert_eq!(readiness.problems, no_ffmpeg());
        assert!(!member.takes_work());
        member.until_it_takes_work().await;
    };
    tokio::select! {
        () = member.keep_tested(&script) => unreachable!(),
        () = seen => {}
    }
    // Pauses of 1 and 2 s, each at most doubled.
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(7), "{took:?}");
    assert!(!member.readiness().ready, "no queue was pulled yet");
    member.note_pull(Pool::Light, None);
    assert_eq!(member.readiness(), Readiness { ready: true, state: State::Pulling, problems: Vec::new() });
    member.note_pull(Pool::Light, Some("answered 401".into()));
    let problem = Problem::new(ProblemCode::QueueUnreachable, "light: answered 401");
    assert_eq!(member.readiness(), Readiness { ready: false, state: State::Pulling, problems: vec![problem] });
}

#[tokio::test(start_paused = true)]
async fn each_fault_stops_work_for_longer_until_an_attempt_ends_by_itself() {
    let member = Member::new([Pool::Light]);
    let script = Script::default();
    let script_of_faults = async {
        // Seconds without work after each fault, before jitter of up to as much again.
        for pause_s in [0, 2, 4, 8, 16, 32, 60, 60] {
            member.until_it_takes_work().await;
            // Several attempts that end by one fault count as one.
            member.note_fault(MachineFault::StorageUnreachable);
            member.note_fault(MachineFault::StorageUnreachable);
            assert!(!member.takes_work());
            let begun = Instant::now();
            member.until_it_takes_work().await;
            let paused = begun.elapsed().as_secs();
            assert!((pause_s..=pause_s * 2).contains(&paused), "{paused} of {pause_s}");
        }
        member.note_end();
        member.note_fault(MachineFault::ToolFailed);
        assert!(timeout(Duration::from_millis(1), member.until_it_takes_work()).await.is_ok());
    };
    tokio::select! {
        () = member.keep_tested(&script) => unreachable!(),
        () = script_of_faults => {}
    }
    assert_eq!(*script.1.lock().unwrap(), 10, "one self-test before each task");
}

#[tokio::test]
async fn a_member_that_stops_never_opens_again() {
    let member = Member::for_test();
    member.stop();
    member.fail(no_ffmpeg());
    assert_eq!(member.readiness().state, State::Stopping);
    let script = Script::default();
    tokio::select! {
        () = member.keep_tested(&script) => {}
        () = tokio::task::yield_now() => {}
    }
    assert!(!member.takes_work());
}

#[test]
fn a_run_is_worked_on_once_at_a_time() {
    let member = Member::for_test();
    let id = "job_01KAJ4A2G00000000000000000".parse().unwrap();
    let running = member.begin(id, 1);
    assert!(running.is_some() && member.begin(id, 1).is_none() && member.begin(id, 2).is_some());
    drop(running);
    assert!(member.begin(id, 1).is_some());
}
