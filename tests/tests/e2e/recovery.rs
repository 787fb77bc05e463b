//! Killed transcoders, duplicate messages, and jobs deleted while they run. Each test has a stack
//! of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::client::Job;
use tests::clip::Clip;
use tests::stack::{Stack, StackOptions};
use tests::test_account::{TestAccount, wait_for};

/// Long enough for a signal to arrive while it is processed.
const LONG_CLIP: Clip = Clip { width: 640, height: 360, frame_rate: 25, frame_count: 250 };
const CREDITS: u64 = 100;
/// Ten seconds of keying with three outputs: ten, and two tenths of it.
const LONG_CLIP_CREDITS: u64 = 12;
/// Two leases.
const OUTAGE: Duration = Duration::from_secs(6);
const OUTPUTS: [&str; 3] = ["webm-vp9-alpha", "mov-prores4444", "matte-grayscale-mp4"];

/// A stack with short leases, so that a killed transcoder is noticed within seconds.
struct Fixture {
    stack: Stack,
    account: TestAccount,
    clip: PathBuf,
    // Dropped last: the stack writes to it until it has stopped.
    _dir: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("bgless-recovery-").tempdir().unwrap();
        let stack = Stack::start(StackOptions {
            state: dir.path().join("state"),
            edge_vars: vec![("LEASE_DURATION_MS".into(), "3000".into())],
            transcoder_env: vec![
                ("VISIBILITY_TIMEOUT_MS".into(), "4000".into()),
                ("POLL_INTERVAL_MS".into(), "200".into()),
                ("SHUTDOWN_GRACE_S".into(), "0".into()),
            ],
            ..StackOptions::default()
        });
        let stack = stack.unwrap();
        let clip = dir.path().join("long.mp4");
        LONG_CLIP.write(&clip).unwrap();
        Self { account: TestAccount::create(&stack, CREDITS).unwrap(), stack, clip, _dir: dir }
    }

    fn submit(&self) -> Job {
        self.account.submit_file(&self.clip, "video/mp4", &OUTPUTS).unwrap()
    }

    fn wait_until_encoding(&self, job: &Job) {
        self.account.wait_until(&job.id, "encoding", |job| job.stage.as_deref() == Some("encoding")).unwrap();
    }

    /// Polls a job while firing the cron trigger, which fires each minute in production.
    fn wait_until(&self, job: &Job, what: &str, holds: impl Fn(&Job) -> bool) -> Job {
        wait_for(what, || {
            self.stack.trigger_cron()?;
            let job = self.account.api.get_job(&job.id)?;
            Ok(holds(&job).then_some(job))
        })
        .unwrap()
    }

    fn assert_success(&self, job: &Job) {
        assert_eq!(job.status, "success", "{:?}", job.error);
        assert_eq!(job.output_assets.len(), OUTPUTS.len());
        assert_eq!(self.account.balance().unwrap(), CREDITS - LONG_CLIP_CREDITS);
    }
}

/// Waits until no process uses a running transcoder's folder and it holds no task.
fn wait_until_clean(scratch_dir: &Path) {
    let clean = || Ok((task_dirs(scratch_dir).is_empty() && processes_in(scratch_dir).is_empty()).then_some(()));
    wait_for("clean", clean)
        .unwrap_or_else(|error| panic!("{error}: {:?}, {:?}", processes_in(scratch_dir), task_dirs(scratch_dir)));
}

/// The task folders, each in the folder of a transcoder's process.
fn task_dirs(scratch_dir: &Path) -> Vec<PathBuf> {
    let owners = fs::read_dir(scratch_dir).unwrap().flatten().map(|entry| entry.path());
    let entries = owners.flat_map(|owner| fs::read_dir(owner).into_iter().flatten().flatten());
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// The processes with a folder in their arguments or as working directory.
fn processes_in(folder: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let found = processes.filter_map(|process| {
        let command = String::from_utf8_lossy(&fs::read(process.path().join("cmdline")).ok()?).replace('\0', " ");
        let is_working_dir = fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        (is_working_dir || command.contains(&*folder.to_string_lossy())).then_some(command)
    });
    found.collect()
}

fn scratch_dir(stack: &Stack, number: usize) -> PathBuf {
    stack.transcoder(number).unwrap().scratch_dir.clone()
}

#[test]
fn a_job_whose_transcoder_is_killed_is_finished_by_another_for_the_same_price() {
    let mut fixture = Fixture::new();
    let first = fixture.stack.start_transcoder().unwrap();
    let first_scratch = scratch_dir(&fixture.stack, first);
    let job = fixture.submit();
    fixture.wait_until_encoding(&job);
    fixture.stack.kill_transcoder(first, Signal::KILL).unwrap();
    wait_for("childless", || Ok(processes_in(&first_scratch).is_empty().then_some(()))).unwrap();
    fixture.stack.start_transcoder().unwrap();
    let job = fixture.wait_until(&job, "over", Job::is_over);
    fixture.assert_success(&job);
}

#[test]
fn a_task_that_kills_every_transcoder_fails_after_three_attempts_and_is_refunded() {
    let mut fixture = Fixture::new();
    let job = fixture.submit();
    for _ in 0..3 {
        let number = fixture.stack.start_transcoder().unwrap();
        fixture.wait_until(&job, "taken", |job| job.status == "transcoding");
        fixture.stack.kill_transcoder(number, Signal::KILL).unwrap();
        fixture.wait_until(&job, "queued again", |job| job.status != "transcoding");
    }
    let job = fixture.wait_until(&job, "over", Job::is_over);
    assert_eq!((job.status.as_str(), job.error.unwrap().code.as_str()), ("failed", "attempts_exhausted"));
    assert_eq!(fixture.account.balance().unwrap(), CREDITS);
    // A transcoder that starts later finds no work.
    let number = fixture.stack.start_transcoder().unwrap();
    wait_for("the queue to be empty", || Ok(fixture.stack.gateway().messages()?.is_empty().then_some(()))).unwrap();
    wait_until_clean(&scratch_dir(&fixture.stack, number));
    assert_eq!(fixture.account.balance().unwrap(), CREDITS);
}

#[test]
fn a_task_delivered_twice_has_one_result() {
    let mut fixture = Fixture::new();
    let job = fixture.submit();
    let task = json!({ "version": "TranscodeV1", "jobId": job.id, "run": 1 });
    let push = |stack: &Stack| {
        let answer = stack.gateway().post("messages", &json!({ "body": task, "content_type": "json" })).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    push(&fixture.stack);
    fixture.stack.start_transcoder().unwrap();
    fixture.stack.start_transcoder().unwrap();
    let job = fixture.account.wait_for_end(&job.id).unwrap();
    fixture.assert_success(&job);
    push(&fixture.stack);
    wait_for("the queue to be empty", || Ok(fixture.stack.gateway().messages()?.is_empty().then_some(()))).unwrap();
    let again = fixture.account.api.get_job(&job.id).unwrap();
    let places =
        |job: &Job| job.output_assets.iter().map(|asset| asset.url.split('?').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(places(&again), places(&job));
    assert_eq!(again.rest["updatedAt"], job.rest["updatedAt"]);
    fixture.assert_success(&again);
}

#[test]
fn a_transcoder_that_gets_sigterm_returns_its_job_and_leaves_no_files() {
    let mut fixture = Fixture::new();
    let first = fixture.stack.start_transcoder().unwrap();
    let first_scratch = scratch_dir(&fixture.stack, first);
    let job = fixture.submit();
    fixture.wait_until_encoding(&job);
    assert!(!processes_in(&first_scratch).is_empty());
    fixture.stack.kill_transcoder(first, Signal::TERM).unwrap();
    assert_eq!(processes_in(&first_scratch), Vec::<String>::new());
    assert_eq!(fs::read_dir(&first_scratch).unwrap().count(), 0);
    assert_eq!(fixture.account.api.get_job(&job.id).unwrap().status, "queued");
    fixture.stack.start_transcoder().unwrap();
    let job = fixture.wait_until(&job, "over", Job::is_over);
    fixture.assert_success(&job);
}

#[test]
fn a_deleted_job_is_stopped_and_refunded_and_leaves_no_files() {
    let mut fixture = Fixture::new();
    let number = fixture.stack.start_transcoder().unwrap();
    let scratch = scratch_dir(&fixture.stack, number);
    let job = fixture.submit();
    fixture.wait_until_encoding(&job);
    fixture.account.api.delete_job(&job.id).unwrap();
    assert_eq!(fixture.account.balance().unwrap(), CREDITS);
    wait_until_clean(&scratch);
    // The transcoder keeps running and takes the next job.
    let next = fixture.account.submit_file(&fixture.clip, "video/mp4", &["matte-grayscale-mp4"]).unwrap();
    let next = fixture.account.wait_for_end(&next.id).unwrap();
    assert_eq!(next.status, "success", "{:?}", next.error);
    assert_eq!(fixture.account.balance().unwrap(), CREDITS - 10);
}

#[test]
fn two_transcoders_share_the_work() {
    let mut fixture = Fixture::new();
    let jobs: Vec<_> =
        (0..4).map(|_| fixture.account.submit_file(&fixture.clip, "video/mp4", &["matte-grayscale-mp4"]).unwrap()).collect();
    for _ in 0..2 {
        fixture.stack.start_transcoder().unwrap();
    }
    for job in jobs {
        let job = fixture.account.wait_for_end(&job.id).unwrap();
        assert_eq!(job.status, "success", "{:?}", job.error);
        assert_eq!(job.rest["credits"], Value::from(10));
    }
    assert_eq!(fixture.account.balance().unwrap(), CREDITS - 40);
    fixture.stack.check_alive().unwrap();
    assert_eq!(fixture.stack.gateway().dead_letters().unwrap(), Vec::<Value>::new());
}

#[test]
fn a_transcoder_without_ffmpeg_takes_no_job_and_says_why() {
    let mut fixture = Fixture::new();
    let submit = || fixture.account.submit_file(&fixture.clip, "video/mp4", &["matte-grayscale-mp4"]).unwrap();
    let jobs: Vec<_> = (0..4).map(|_| submit()).collect();
    let broken = fixture.stack.start_transcoder_with(&[("FFMPEG", "/nonexistent/ffmpeg")]).unwrap();
    let log = fixture.stack.transcoder(broken).unwrap().log.clone();
    wait_for("a self-test that fails", || Ok(fs::read_to_string(&log)?.contains("ffmpeg_failed").then_some(()))).unwrap();
    // Long enough to claim each job several times.
    thread::sleep(OUTAGE);
    for job in &jobs {
        let job = fixture.account.api.get_job(&job.id).unwrap();
        assert_eq!(job.status, "queued", "{:?}", job.error);
    }
    fixture.stack.start_transcoder().unwrap();
    for job in &jobs {
        let job = fixture.wait_until(job, "over", Job::is_over);
        assert_eq!(job.status, "success", "{:?}", job.error);
    }
    assert_eq!(fixture.account.balance().unwrap(), CREDITS - 40);
    fixture.stack.check_alive().unwrap();
}

#[test]
fn an_edge_and_a_bucket_that_are_away_longer_than_a_lease_cost_no_result_and_no_attempt() {
    let mut fixture = Fixture::new();
    let number = fixture.stack.start_transcoder().unwrap();
    let job = fixture.submit();
    fixture.wait_until_encoding(&job);
    fixture.stack.signal_edge(Signal::STOP).unwrap();
    thread::sleep(OUTAGE);
    fixture.stack.signal_edge(Signal::CONT).unwrap();
    let job = fixture.wait_until(&job, "over", Job::is_over);
    fixture.assert_success(&job);
    let log = fs::read_to_string(&fixture.stack.transcoder(number).unwrap().log).unwrap();
    assert_eq!(log.matches("attempt begun").count(), 1, "{log}");
}
