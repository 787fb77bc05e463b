//! A task against an edge with prepared answers; sources come from a loopback server that the test
//! runs.

mod portrait;

use std::collections::VecDeque;
use std::sync::Mutex;

use shared::address::AllowedHosts;
use shared::media::Output;
use shared::report::{ClaimRefusal, Report, ReportAnswer};
use shared::source::Source;
use shared::strategy::StrategyRequest;
use shared::time::UnixMillis;
use tokio::net::TcpListener;

use super::*;
use crate::fleet::config::{BucketConfig, Secret};
use crate::fleet::edge_client::CallError;

const WORK: &str = r#"{"jobId":"job_01KAJ4A2G00000000000000000","run":1,"attempt":1,
    "leaseId":"lea_01KAJ4A2G00000000000000000","leaseDurationMs":4000,"source":{"kind":"url","url":"URL"},
    "strategy":"auto","outputs":["webm-vp9-alpha"],"objectPrefix":"a/"}"#;

/// Answer of the fake edge to a report.
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
    /// How long the task bears its silence beyond the lease.
    silence: Duration,
}

impl FakeEdge {
    fn new(claim: Option<ClaimAnswer>, progress: &[Says], ending: &[Says]) -> Self {
        let list = |answers: &[Says]| Mutex::new(answers.iter().copied().collect());
        Self { claim, progress: list(progress), ending: list(ending), heard: Mutex::default(), silence: Duration::ZERO }
    }

    fn last(&self) -> Option<ReportEvent> {
        self.heard.lock().unwrap().last().cloned()
    }
}

impl Edge for FakeEdge {
    async fn claim(&self, _: &Claim) -> Result<ClaimAnswer, CallError> {
        self.claim.clone().ok_or_else(|| CallError::Unanswered("down".into()))
    }

    async fn report(&self, report: &Report) -> Result<ReportAnswer, CallError> {
        let Report::ReportV1 { event, .. } = report;
        let answers = if matches!(event, ReportEvent::Progress { .. }) { &self.progress } else { &self.ending };
        let mut answers = answers.lock().unwrap();
        let says = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
        drop(answers);
        match says {
            Some(Says::Nothing) => Err(CallError::Unanswered("down".into())),
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
    settlement: Settlement,
    deps: Deps<FakeEdge>,
    scratch_is_empty: bool,
}

async fn run(edge: FakeEdge, allowed: &str, job_timeout: Duration, shutdown: CancellationToken) -> Outcome {
    run_with_bucket(edge, "127.0.0.1:9", allowed, job_timeout, shutdown).await
}

async fn run_with_bucket(
    edge: FakeEdge,
    bucket: &str,
    allowed: &str,
    job_timeout: Duration,
    shutdown: CancellationToken,
) -> Outcome {
    run_with_tools(edge, "ffmpeg", (bucket, allowed), job_timeout, shutdown).await
}

async fn run_with_tools(
    edge: FakeEdge,
    ffmpeg: &str,
    (bucket, allowed): (&str, &str),
    job_timeout: Duration,
    shutdown: CancellationToken,
) -> Outcome {
    drop(rustls::crypto::ring::default_provider().install_default());
    let parent = tempfile::tempdir().unwrap();
    let bucket = BucketConfig {
        endpoint: format!("http://{bucket}").parse().unwrap(),
        name: "b".into(),
        access_key_id: "id".into(),
        secret_access_key: Secret::for_test("key"),
    };
    let silence = edge.silence;
    let scratch = Arc::new(Scratch::create(parent.path()).unwrap());
    let programs = Programs { ffmpeg: ffmpeg.to_owned(), ffprobe: "ffprobe".into() };
    let deps = Deps {
        edge: Arc::new(edge),
        objects: Objects::new(&bucket),
        fetcher: Fetcher::new(AllowedHosts::parse(allowed).unwrap()).unwrap(),
        programs: programs.clone(),
        models: Arc::default(),
        scratch: Arc::clone(&scratch),
        member: Arc::new(Member::for_test()),
        tools: Arc::new(ToolTest::new(programs, scratch)),
        job_timeout,
        claim_patience: Duration::ZERO,
        edge_silence: silence,
        shutdown_grace: Duration::from_millis(10),
    };
    let task = TranscodeTask::TranscodeV1 { job_id: "job_01KAJ4A2G00000000000000000".parse().unwrap(), run: 1 };
    let settlement = super::run(&deps, Pool::Light, &task, &shutdown).await;
    let own = std::fs::read_dir(parent.path()).unwrap().next().unwrap().unwrap().path();
    // The lock file alone.
    let scratch_is_empty = std::fs::read_dir(own).unwrap().count() == 1;
    Outcome { settlement, deps, scratch_is_empty }
}

const HOUR: Duration = Duration::from_hours(1);
/// All but a portrait's poster.
const PREVIEWS: usize = shared::media::PreviewKind::ALL.len() - 1;

#[tokio::test]
async fn a_refused_claim_is_acknowledged_and_an_unheard_one_comes_again() {
    for reason in [ClaimRefusal::Over, ClaimRefusal::Leased, ClaimRefusal::AttemptsExhausted] {
        let edge = FakeEdge::new(Some(ClaimAnswer::Refused { reason }), &[], &[]);
        let outcome = run(edge, "", HOUR, CancellationToken::new()).await;
        assert_eq!(outcome.settlement, Settlement::Ack);
        assert_eq!(outcome.deps.edge.last(), None);
    }
    let outcome = run(FakeEdge::new(None, &[], &[]), "", HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Retry { delay_s: CLAIM_RETRY_S });
    assert!(!outcome.deps.member.takes_work(), "it waits for the edge before it pulls again");
}

#[tokio::test]
async fn a_permanent_failure_is_reported_until_it_is_heard() {
    let edge = FakeEdge::new(Some(granted("http://127.0.0.1:9/a")), &[], &[Says::Nothing, Says::Nothing, Says::Accepted]);
    let outcome = run(edge, "", HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Ack);
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
        assert_eq!(outcome.settlement, Settlement::Ack, "{reason:?}");
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
    assert_eq!(outcome.settlement, Settlement::Retry { delay_s: 5 }, "after the lease of 4 s");
    assert!(outcome.scratch_is_empty);
    drop(listener);
}

#[tokio::test]
async fn a_tool_that_does_not_start_costs_no_attempt_and_no_more_work_is_taken() {
    // The first cannot be started; the second fails on every file, which alone would fail the job.
    for ffmpeg in ["/nonexistent/ffmpeg", "false"] {
        let (address, _calls, _server) = world(clip()).await;
        let edge = FakeEdge::new(Some(granted(&format!("http://{address}/source"))), &[], &[]);
        let outcome = run_with_tools(edge, ffmpeg, (&address, &address), HOUR, CancellationToken::new()).await;
        assert_eq!(outcome.settlement, Settlement::Ack);
        assert_eq!(outcome.deps.edge.last(), Some(ReportEvent::GiveBack { fault: MachineFault::ToolFailed }), "{ffmpeg}");
        assert!(!outcome.deps.member.takes_work() && outcome.scratch_is_empty);
    }
}

#[tokio::test]
async fn a_result_outlives_its_lease_while_the_edge_is_silent() {
    let (address, _calls, _server) = world(clip()).await;
    let ClaimAnswer::Granted(mut work) = granted(&format!("http://{address}/source")) else { panic!("not granted") };
    work.lease_duration_ms = 200;
    // The facts are accepted; the completion is answered only after the lease is over.
    let ending = [&[Says::Accepted][..], &[Says::Nothing; 6], &[Says::Accepted]].concat();
    let mut edge = FakeEdge::new(Some(ClaimAnswer::Granted(work)), &[], &ending);
    edge.silence = Duration::from_mins(1);
    let outcome = run_with_bucket(edge, &address, &address, HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Ack);
    assert!(matches!(outcome.deps.edge.last(), Some(ReportEvent::Complete { .. })));
    assert!(outcome.deps.member.takes_work());
}

#[tokio::test]
async fn an_attempt_without_end_times_out_for_good() {
    let (listener, address) = silent_server().await;
    let edge = FakeEdge::new(Some(granted(&format!("http://{address}/a"))), &[], &[]);
    let outcome = run(edge, &address, Duration::from_millis(50), CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Ack);
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
    assert_eq!(outcome.settlement, Settlement::Retry { delay_s: 0 });
    assert_eq!(outcome.deps.edge.last(), Some(ReportEvent::Release));
    assert!(outcome.scratch_is_empty);
    drop(listener);
}

/// Serves a clip at `/source`; see [`world_of`].
async fn world(clip: Vec<u8>) -> World {
    world_of(vec![("/source", clip)]).await
}

/// An address, what was put there and deleted, and the server.
type World = (String, Arc<Mutex<Vec<String>>>, tokio::task::JoinSet<()>);

/// Serves files by their paths, takes every object, and notes what was put and what was deleted.
async fn world_of(files: Vec<(&'static str, Vec<u8>)>) -> World {
    use axum::http::{Method, StatusCode, Uri};
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let answer = move |method: Method, uri: Uri, _body: axum::body::Bytes| {
        let (noted, files) = (Arc::clone(&noted), files.clone());
        async move {
            if method == Method::GET {
                let file = files.into_iter().find(|(path, _)| *path == uri.path());
                let status = if file.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
                return (status, [("etag", "source")], file.map(|(_, bytes)| bytes).unwrap_or_default());
            }
            noted.lock().unwrap().push(format!("{method} {}", uri.path()));
            (StatusCode::OK, [("etag", "stored")], Vec::new())
        }
    };
    let app = axum::Router::new().fallback(answer).layer(axum::extract::DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, calls, server)
}

fn clip() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clip.mov");
    let picture = "color=s=64x64:r=5,format=rgba,geq=r=200:g=60:b=50:a=if(lt(X\\,32)\\,255\\,0)";
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, "-frames:v", "3", "-c:v", "qtrle"]).arg(&path);
    assert!(command.status().unwrap().success());
    std::fs::read(&path).unwrap()
}

#[tokio::test]
async fn everything_is_stored_below_the_prefix_and_named_in_the_completion() {
    let (address, calls, _server) = world(clip()).await;
    let edge = FakeEdge::new(Some(granted(&format!("http://{address}/source"))), &[], &[]);
    let outcome = run_with_bucket(edge, &address, &address, HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Ack);
    let last = outcome.deps.edge.last();
    let Some(ReportEvent::Complete { assets, previews, qa_report: Some(report), .. }) = last else { panic!("{last:?}") };
    let mut named: Vec<_> = assets.iter().map(|asset| &asset.object_key).collect();
    named.extend(previews.iter().map(|preview| &preview.object_key));
    let mut named: Vec<_> = named.iter().map(|key| format!("PUT /b/{key}")).collect();
    assert_eq!((assets.len(), previews.len()), (1, PREVIEWS));
    assert!(
        named.contains(&"PUT /b/a/webm-vp9-alpha.webm".to_owned()) && named.contains(&"PUT /b/a/previews/qa.json".to_owned())
    );
    let mut calls = calls.lock().unwrap().clone();
    calls.sort();
    named.sort();
    assert_eq!(calls, named);
    assert_eq!((report.outputs[0].frame_count, assets[0].frame_count), (3, 3));
    assert!((report.matte.coverage - 0.5).abs() < 0.01);
}

#[tokio::test]
async fn a_background_that_cannot_be_had_is_not_the_sources_fault() {
    let (address, _calls, _server) = world(clip()).await;
    let ClaimAnswer::Granted(mut work) = granted(&format!("http://{address}/source")) else { panic!("not granted") };
    work.background = Some(Source::Url { url: "http://127.0.0.1:9/a".into() });
    let edge = FakeEdge::new(Some(ClaimAnswer::Granted(work)), &[], &[]);
    let outcome = run_with_bucket(edge, &address, &address, HOUR, CancellationToken::new()).await;
    let last = outcome.deps.edge.last();
    assert!(matches!(last, Some(ReportEvent::Fail { code: JobErrorCode::BackgroundUnusable, .. })), "{last:?}");
    assert!(outcome.scratch_is_empty);
}

#[tokio::test]
async fn what_nobody_wants_any_more_is_removed_again() {
    let (address, calls, _server) = world(clip()).await;
    let claim = Some(granted(&format!("http://{address}/source")));
    // The source is accepted; the completion is not.
    let edge = FakeEdge::new(claim, &[], &[Says::Accepted, Says::Stop(StopReason::Canceled)]);
    let outcome = run_with_bucket(edge, &address, &address, HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Ack);
    let calls = calls.lock().unwrap().clone();
    let of = |method: &str| {
        let mut paths: Vec<_> = calls.iter().filter_map(|call| call.strip_prefix(method)).collect();
        paths.sort_unstable();
        paths
    };
    assert_eq!(of("PUT ").len(), 1 + PREVIEWS);
    assert_eq!(of("DELETE "), of("PUT "), "{calls:?}");
}

#[test]
fn what_was_stored_goes_unless_it_may_have_been_named() {
    let stopped = |reason| Err(TaskError::Stopped(reason));
    let lost = || Err(TaskError::machine(MachineFault::EdgeUnreachable, "unheard"));
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
