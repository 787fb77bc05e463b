//! A step against an edge that answers as told; sources come from a loopback server that the test runs.

use std::collections::VecDeque;
use std::sync::Mutex;

use shared::address::AllowedHosts;
use shared::media::Output;
use shared::report::{ClaimRefusal, Report, ReportAnswer, StrategyRequest};
use shared::time::UnixMillis;
use tokio::net::TcpListener;

use super::*;
use crate::config::{BucketConfig, Secret};
use crate::report::CallError;

const WORK: &str = r#"{"jobId":"job_01KAJ4A2G00000000000000000","run":1,"attempt":1,
    "leaseId":"lea_01KAJ4A2G00000000000000000","leaseDurationMs":4000,"source":{"kind":"url","url":"URL"},
    "strategy":"auto","outputs":["webm-vp9-alpha"],"objectPrefix":"a/"}"#;

/// What the edge says to a report.
#[derive(Debug, Clone, Copy)]
enum Says {
    Accepted,
    Stop(StopReason),
    Nothing,
}

struct FakeEdge {
    claim: Option<ClaimAnswer>,
    /// Answers to progress, then to whatever ends the attempt; the last stays.
    progress: Mutex<VecDeque<Says>>,
    ending: Mutex<VecDeque<Says>>,
    heard: Mutex<Vec<ReportEvent>>,
}

impl FakeEdge {
    fn new(claim: Option<ClaimAnswer>, progress: &[Says], ending: &[Says]) -> Self {
        let list = |says: &[Says]| Mutex::new(says.iter().copied().collect());
        Self { claim, progress: list(progress), ending: list(ending), heard: Mutex::default() }
    }

    fn last(&self) -> Option<ReportEvent> {
        self.heard.lock().unwrap().last().cloned()
    }
}

impl Edge for FakeEdge {
    async fn claim(&self, _: &Claim) -> Result<ClaimAnswer, CallError> {
        self.claim.clone().ok_or_else(|| CallError("down".into()))
    }

    async fn report(&self, report: &Report) -> Result<ReportAnswer, CallError> {
        let Report::ReportV1 { event, .. } = report;
        let answers = if matches!(event, ReportEvent::Progress { .. }) { &self.progress } else { &self.ending };
        let mut answers = answers.lock().unwrap();
        let says = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
        drop(answers);
        match says {
            Some(Says::Nothing) => Err(CallError("down".into())),
            Some(Says::Stop(reason)) => Ok(ReportAnswer::Stop { reason }),
            Some(Says::Accepted) | None => {
                self.heard.lock().unwrap().push(event.clone());
                Ok(ReportAnswer::Accepted { lease_expires_at_ms: UnixMillis::new(0) })
            }
        }
    }
}

/// A source that never answers: connections wait in its backlog.
async fn silent_server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

fn granted(url: &str) -> ClaimAnswer {
    let work: Work = serde_json::from_str(&WORK.replace("URL", url)).unwrap();
    assert_eq!((work.outputs.as_slice(), work.strategy), (&[Output::WebmVp9Alpha][..], StrategyRequest::Auto));
    ClaimAnswer::Granted(Box::new(work))
}

struct Outcome {
    verdict: Verdict,
    deps: Deps<FakeEdge>,
    scratch_is_empty: bool,
}

async fn run(edge: FakeEdge, allowed: &str, job_timeout: Duration, shutdown: CancellationToken) -> Outcome {
    drop(rustls::crypto::ring::default_provider().install_default());
    let parent = tempfile::tempdir().unwrap();
    let bucket = BucketConfig {
        endpoint: "http://127.0.0.1:9".parse().unwrap(),
        name: "b".into(),
        access_key_id: "id".into(),
        secret_access_key: Secret::for_test("key"),
    };
    let deps = Deps {
        edge,
        objects: Objects::new(&bucket).unwrap(),
        fetcher: Fetcher::new(AllowedHosts::parse(allowed).unwrap()).unwrap(),
        programs: Programs { ffmpeg: "ffmpeg".into(), ffprobe: "ffprobe".into() },
        scratch: Arc::new(Scratch::create(parent.path()).unwrap()),
        job_timeout,
        shutdown_grace: Duration::from_millis(10),
    };
    let task = TranscodeTask::TranscodeV1 { job_id: "job_01KAJ4A2G00000000000000000".parse().unwrap(), run: 1 };
    let verdict = step(&deps, &task, &shutdown).await;
    let own = std::fs::read_dir(parent.path()).unwrap().next().unwrap().unwrap().path();
    // The lock file alone.
    let scratch_is_empty = std::fs::read_dir(own).unwrap().count() == 1;
    Outcome { verdict, deps, scratch_is_empty }
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_refused_claim_is_acknowledged_and_an_unheard_one_comes_again() {
    for reason in [ClaimRefusal::Over, ClaimRefusal::Leased, ClaimRefusal::AttemptsExhausted] {
        let edge = FakeEdge::new(Some(ClaimAnswer::Refused { reason }), &[], &[]);
        let outcome = run(edge, "", HOUR, CancellationToken::new()).await;
        assert_eq!(outcome.verdict, Verdict::Ack);
        assert_eq!(outcome.deps.edge.last(), None);
    }
    let outcome = run(FakeEdge::new(None, &[], &[]), "", HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.verdict, Verdict::Retry { delay_s: CLAIM_RETRY_S });
}

#[tokio::test]
async fn a_permanent_failure_is_reported_until_it_is_heard() {
    let edge = FakeEdge::new(Some(granted("http://127.0.0.1:9/a")), &[], &[Says::Nothing, Says::Nothing, Says::Accepted]);
    let outcome = run(edge, "", HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.verdict, Verdict::Ack);
    let last = outcome.deps.edge.last();
    assert!(matches!(last, Some(ReportEvent::Fail { code: JobErrorCode::SourceForbidden, .. })), "{last:?}");
}

#[tokio::test]
async fn a_canceled_job_stops_in_mid_fetch_and_leaves_nothing() {
    let (listener, address) = silent_server().await;
    for (reason, said) in
        [(StopReason::Canceled, Says::Stop(StopReason::Canceled)), (StopReason::LeaseLost, Says::Stop(StopReason::LeaseLost))]
    {
        let edge = FakeEdge::new(Some(granted(&format!("http://{address}/a"))), &[Says::Accepted, said], &[]);
        let outcome = run(edge, &address, HOUR, CancellationToken::new()).await;
        assert_eq!(outcome.verdict, Verdict::Ack, "{reason:?}");
        assert!(outcome.scratch_is_empty);
        assert!(matches!(outcome.deps.edge.last(), Some(ReportEvent::Progress { .. })), "nothing more is said");
    }
    drop(listener);
}

#[tokio::test]
async fn an_edge_that_falls_silent_ends_the_attempt_with_the_lease() {
    let (listener, address) = silent_server().await;
    let edge = FakeEdge::new(Some(granted(&format!("http://{address}/a"))), &[Says::Accepted, Says::Nothing], &[Says::Nothing]);
    let outcome = run(edge, &address, HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.verdict, Verdict::Retry { delay_s: 5 }, "after the lease of 4 s");
    assert!(outcome.scratch_is_empty);
    drop(listener);
}

#[tokio::test]
async fn an_attempt_without_end_times_out_for_good() {
    let (listener, address) = silent_server().await;
    let edge = FakeEdge::new(Some(granted(&format!("http://{address}/a"))), &[], &[]);
    let outcome = run(edge, &address, Duration::from_millis(50), CancellationToken::new()).await;
    assert_eq!(outcome.verdict, Verdict::Ack);
    assert!(matches!(outcome.deps.edge.last(), Some(ReportEvent::Fail { code: JobErrorCode::TimedOut, .. })));
    drop(listener);
}

#[tokio::test]
async fn a_stop_signal_gives_the_attempt_back() {
    let (listener, address) = silent_server().await;
    let edge = FakeEdge::new(Some(granted(&format!("http://{address}/a"))), &[], &[]);
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    let outcome = run(edge, &address, HOUR, shutdown).await;
    assert_eq!(outcome.verdict, Verdict::Retry { delay_s: 0 });
    assert_eq!(outcome.deps.edge.last(), Some(ReportEvent::Release));
    assert!(outcome.scratch_is_empty);
    drop(listener);
}

#[test]
fn what_was_stored_goes_unless_it_may_have_been_named() {
    let stopped = |reason| Err(TaskError::Stopped(reason));
    let lost = || Err(TaskError::Transient("unheard".into()));
    for (said, when_complete, when_not) in [
        (Ok(()), false, true),
        (lost(), false, true),
        (stopped(StopReason::Canceled), true, true),
        (stopped(StopReason::LeaseLost), true, true),
        (stopped(StopReason::Over), false, false),
    ] {
        assert_eq!((is_unwanted(&said, true), is_unwanted(&said, false)), (when_complete, when_not), "{said:?}");
    }
}
