//! Videos that a provider generates: sent once, polled, taken once, given up; credits right
//! whatever happens.

use shared::media::Preset;

use super::*;
use crate::app::advance_generation::{Advance, advance_generation};
use crate::app::handle_provider_callback::handle_provider_callback;
use crate::app::ports::{Creation, Found, ProviderWake, TaskProgress};
use crate::domain::generation::AspectRatio;
use crate::domain::run::RunRef;

const CREDITS: u64 = 100;
const VIDEO_URL: &str = "https://cdn.example/v.mp4";

struct GenerationFixture {
    ports: FakePorts,
    account: Account,
}

impl GenerationFixture {
    fn new() -> Self {
        let ports = FakePorts::new();
        Self { account: account(&ports, CREDITS), ports }
    }

    fn order(&self) -> Job {
        let input = JobInput::Generation { prompt: "a red ball".into(), image_url: None, aspect_ratio: Some(AspectRatio::Tall) };
        let options = JobOptions { preset: Preset::Editing, resolution: Some(Resolution::Hd), ..JobOptions::default() };
        let callback_url = Some("https://receiver.example/hook".to_owned());
        let request = JobRequest { model: Model::KieKling3Video, input, options, callback_url, ..request(Some(3_000)) };
        let job = block_on(submit_job::submit_job(&self.ports, self.account.caller, request, None)).unwrap();
        assert_eq!((job.state, job.source.as_ref(), job.reserved_credits), (JobState::Queued, None, 48));
        assert!(self.ports.tasks.sent.borrow().is_empty());
        job
    }

    /// An order that the provider has as `task`.
    fn sent(&self, task: &str) -> Job {
        let job = self.order();
        assert_eq!(self.send(&job, accepted(task)), Advance::Sent);
        assert_eq!(find(&self.ports, &self.account, job.id).state, JobState::Submitted);
        job
    }

    fn advance(&self, job: &Job) -> Advance {
        block_on(advance_generation(&self.ports, run(job))).unwrap()
    }

    fn send(&self, job: &Job, creation: Creation) -> Advance {
        self.ports.provider.creations.borrow_mut().push(creation);
        self.advance(job)
    }

    fn poll(&self, job: &Job, progress: TaskProgress) -> Advance {
        self.find_next(progress, None);
        self.advance(job)
    }

    fn find_next(&self, progress: TaskProgress, callback_url: Option<String>) {
        self.ports.provider.findings.borrow_mut().push(Found { progress, callback_url });
    }

    fn call_back(&self, task: &str) -> Advance {
        block_on(handle_provider_callback(&self.ports, "kie", task)).unwrap()
    }

    fn assert_failed(&self, job: &Job, code: JobErrorCode) {
        let failed = find(&self.ports, &self.account, job.id);
        assert_eq!((failed.state, failed.failure.unwrap().code), (JobState::Failed, code));
        self.assert_over(CREDITS);
    }

    /// Each end has one event, and the balance is this.
    fn assert_over(&self, credits: u64) {
        assert_eq!(balance(&self.ports, &self.account), credits);
        assert_eq!(self.ports.sqlite().number("SELECT count(*) FROM deliveries"), 1);
        assert_eq!(self.ports.sqlite().number("SELECT count(*) FROM generations WHERE state <> 'over'"), 0);
    }
}

fn run(job: &Job) -> RunRef {
    RunRef { job_id: job.id, run: job.run }
}

fn accepted(task: &str) -> Creation {
    Creation::Accepted { task_id: task.to_owned() }
}

fn made() -> TaskProgress {
    TaskProgress::Succeeded { url: VIDEO_URL.to_owned() }
}

fn failed() -> TaskProgress {
    TaskProgress::Failed { code: JobErrorCode::ProviderFailed, reason: "501".into() }
}

#[test]
fn an_order_is_sent_polled_taken_and_keyed_for_what_was_reserved() {
    let fixture = GenerationFixture::new();
    let job = fixture.order();
    assert_eq!(*fixture.ports.tasks.orders.borrow(), [(ProviderWake::Due(run(&job)), 0)]);
    assert_eq!(refused(&fixture.ports, &job), ClaimRefusal::Leased, "there is nothing to key yet");
    assert_eq!(fixture.send(&job, accepted("t1")), Advance::Sent);
    let (order, image_url, callback_url) = fixture.ports.provider.created.borrow()[0].clone();
    assert_eq!((order.prompt.as_str(), order.duration_s, order.aspect_ratio), ("a red ball", 3, Some(AspectRatio::Tall)));
    assert_eq!(image_url, GenerationUrls::default());
    assert!(callback_url.starts_with("https://api.example.com/api/v1/webhooks/kie?job=job_"), "{callback_url}");
    assert_eq!(fixture.advance(&job), Advance::Nothing, "it is not due yet");
    fixture.ports.pass_ms(10_000);
    assert_eq!(fixture.poll(&job, TaskProgress::Waiting), Advance::Polled);
    assert_eq!(fixture.ports.tasks.orders.borrow().last(), Some(&(ProviderWake::Due(run(&job)), 60_000)));
    fixture.ports.pass_ms(60_000);
    assert_eq!(fixture.poll(&job, TaskProgress::Working), Advance::Polled);
    assert_eq!(find(&fixture.ports, &fixture.account, job.id).state, JobState::Processing);
    fixture.ports.pass_ms(60_000);
    assert_eq!(fixture.poll(&job, made()), Advance::Received);
    assert_eq!(*fixture.ports.tasks.sent.borrow(), [TranscodeTask::TranscodeV1 { job_id: job.id, run: 1 }]);
    let work = granted(&fixture.ports, &job);
    assert_eq!(work.source, Source::Url { url: VIDEO_URL.into() });
    // The provider's three seconds are a little longer, as they are.
    super::accepted(report(&fixture.ports, &work, probed(3_040)));
    super::accepted(report(&fixture.ports, &work, complete(&work)));
    fixture.assert_over(CREDITS - 48);
    // A later step or callback changes nothing.
    assert_eq!((fixture.advance(&job), fixture.call_back("t1")), (Advance::Nothing, Advance::Nothing));
    fixture.assert_over(CREDITS - 48);
}

#[test]
fn a_picture_of_ours_is_shown_to_the_provider_by_a_signed_url() {
    let fixture = GenerationFixture::new();
    let GenerationFixture { ports, account } = &fixture;
    let ticket = block_on(create_upload::create_upload(ports, account.caller, "a.png", "image/png", 5)).unwrap();
    let input = JobInput::Generation { prompt: String::new(), image_url: Some(ticket.file_url.clone()), aspect_ratio: None };
    let request = || JobRequest { model: Model::KieKling3Video, input: input.clone(), ..request(None) };
    let submit = || block_on(submit_job::submit_job(ports, account.caller, request(), None));
    assert_eq!(submit(), Err(Error::UploadMissing));
    let object_key = ticket.file_url.split("/files/").nth(1).unwrap().split('?').next().unwrap().to_owned();
    ports.objects.sizes.borrow_mut().insert(object_key.clone(), 5);
    let Err(Error::InsufficientCredits { required_credits, .. }) = submit() else { panic!("5 s at 1080p are dearer") };
    assert_eq!(required_credits, 105);
    block_on(manage_accounts::grant_credits(ports, account.id, 5)).unwrap();
    assert_eq!(fixture.send(&submit().unwrap(), accepted("t1")), Advance::Sent);
    let image_url = ports.provider.created.borrow()[0].1.image.clone().unwrap();
    assert!(image_url.starts_with(&format!("https://api.example.com/files/{object_key}?size=5&")), "{image_url}");
}

#[test]
fn without_a_provider_nothing_is_created_and_nothing_charged() {
    let fixture = GenerationFixture::new();
    fixture.ports.provider.unavailable.set(true);
    let input = JobInput::Generation { prompt: "x".into(), image_url: None, aspect_ratio: None };
    let request = JobRequest { model: Model::KieKling3Video, input, ..request(Some(3_000)) };
    let refusal = block_on(submit_job::submit_job(&fixture.ports, fixture.account.caller, request, None));
    assert!(matches!(refusal, Err(Error::ModelUnavailable(_))));
    assert_eq!(balance(&fixture.ports, &fixture.account), CREDITS);
    assert_eq!(fixture.ports.sqlite().number("SELECT count(*) FROM jobs"), 0);
}

#[test]
fn a_refused_order_waits_as_long_as_the_provider_wants_and_holds_the_others_back() {
    for (retry_after_ms, pause_ms) in [(Some(45_000), 45_000), (None, 10_000)] {
        let fixture = GenerationFixture::new();
        let (job, other) = (fixture.order(), fixture.order());
        assert_eq!(fixture.send(&job, Creation::Refused { retry_after_ms }), Advance::PutOff);
        assert_eq!(fixture.ports.tasks.orders.borrow().last(), Some(&(ProviderWake::Due(run(&job)), pause_ms)));
        for waiting in [&job, &other] {
            assert_eq!(fixture.advance(waiting), Advance::PutOff);
        }
        fixture.ports.pass_ms(pause_ms);
        assert_eq!(fixture.send(&job, accepted("t1")), Advance::Sent);
        assert_eq!(fixture.ports.provider.created.borrow().len(), 2);
    }
}

#[test]
fn no_more_orders_are_sent_than_the_rate_allows() {
    let fixture = GenerationFixture::new();
    block_on(manage_accounts::grant_credits(&fixture.ports, fixture.account.id, 1_000)).unwrap();
    let jobs: Vec<_> = (0..5).map(|_| fixture.order()).collect();
    let mut sent = Vec::new();
    for _ in 0..3 {
        let waiting = jobs.iter().filter(|job| find(&fixture.ports, &fixture.account, job.id).state == JobState::Queued);
        sent.push(waiting.filter(|job| fixture.send(job, accepted(&job.id.to_string())) == Advance::Sent).count());
        fixture.ports.provider.creations.borrow_mut().clear();
        fixture.ports.pass_ms(10_000);
    }
    assert_eq!(sent, [2, 2, 1]);
}

#[test]
fn an_order_that_is_refused_for_an_hour_or_rejected_fails_and_gives_all_back() {
    let fixture = GenerationFixture::new();
    let job = fixture.order();
    assert_eq!(fixture.send(&job, Creation::Refused { retry_after_ms: Some(3_599_999) }), Advance::PutOff);
    fixture.ports.pass_ms(3_600_000);
    assert_eq!(fixture.advance(&job), Advance::Failed);
    fixture.assert_failed(&job, JobErrorCode::ProviderUnavailable);

    let fixture = GenerationFixture::new();
    let job = fixture.order();
    let rejected = Creation::Rejected { code: JobErrorCode::ProviderRefused, reason: "422".into() };
    assert_eq!(fixture.send(&job, rejected), Advance::Failed);
    fixture.assert_failed(&job, JobErrorCode::ProviderRefused);
}

#[test]
fn an_order_that_may_have_arrived_is_never_sent_again_but_found_by_its_call() {
    let fixture = GenerationFixture::new();
    let job = fixture.order();
    assert_eq!(fixture.send(&job, Creation::Unclear { reason: "no connection".into() }), Advance::Unclear);
    fixture.ports.pass_ms(60_000);
    assert_eq!(fixture.advance(&job), Advance::Nothing);
    let callback_url = fixture.ports.provider.created.borrow()[0].2.clone();
    // The first poll finds the order by its callback URL, the second one its state.
    fixture.find_next(made(), Some(callback_url));
    fixture.find_next(made(), None);
    assert_eq!(fixture.call_back("t9"), Advance::Received);
    assert_eq!(fixture.ports.provider.created.borrow().len(), 1);
    granted(&fixture.ports, &job);
}

#[test]
fn an_order_without_any_answer_ends_at_its_deadline() {
    for unclear in [false, true] {
        let fixture = GenerationFixture::new();
        let job = if unclear { fixture.order() } else { fixture.sent("t1") };
        if unclear {
            fixture.send(&job, Creation::Unclear { reason: "no answer".into() });
        }
        fixture.ports.pass_ms(30 * 60 * 1_000 + 60_000);
        assert_eq!(block_on(sweep::sweep(&fixture.ports)).generations_woken, 1);
        assert_eq!(fixture.advance(&job), Advance::Failed);
        fixture.assert_failed(&job, JobErrorCode::ProviderTimeout);
        assert_eq!(block_on(sweep::sweep(&fixture.ports)).generations_woken, 0);
    }
}

#[test]
fn a_task_may_be_unknown_for_a_while_but_not_for_ever() {
    let fixture = GenerationFixture::new();
    let job = fixture.sent("t1");
    fixture.ports.pass_ms(10_000);
    assert_eq!(fixture.poll(&job, TaskProgress::Unknown), Advance::Polled);
    fixture.ports.pass_ms(79_999);
    assert_eq!(fixture.poll(&job, TaskProgress::Unknown), Advance::Polled);
    fixture.ports.pass_ms(60_000);
    assert_eq!(fixture.poll(&job, TaskProgress::Unknown), Advance::Failed);
    fixture.assert_failed(&job, JobErrorCode::ProviderFailed);
}

#[test]
fn calls_that_come_three_times_or_at_once_finish_a_job_once() {
    let fixture = GenerationFixture::new();
    let job = fixture.sent("t1");
    fixture.find_next(made(), None);
    assert_eq!(
        [fixture.call_back("t1"), fixture.call_back("t1"), fixture.call_back("t1")],
        [Advance::Received, Advance::Nothing, Advance::Nothing]
    );
    assert_eq!(fixture.ports.tasks.sent.borrow().len(), 1);
    let work = granted(&fixture.ports, &job);
    super::accepted(report(&fixture.ports, &work, complete(&work)));
    assert_eq!(ledger_kinds(&fixture.ports, "settle"), 1);
    fixture.assert_over(CREDITS - 48);
}

#[test]
fn a_failure_or_a_video_of_nowhere_gives_all_back_once() {
    for progress in [failed(), TaskProgress::Succeeded { url: "http://127.0.0.1/v.mp4".into() }] {
        let fixture = GenerationFixture::new();
        let job = fixture.sent("t1");
        fixture.ports.pass_ms(10_000);
        assert_eq!(fixture.poll(&job, progress), Advance::Failed);
        assert_eq!(fixture.call_back("t1"), Advance::Nothing);
        fixture.assert_failed(&job, JobErrorCode::ProviderFailed);
    }
}

#[test]
fn a_provider_that_does_not_answer_is_polled_again_no_sooner_than_it_wants() {
    let fixture = GenerationFixture::new();
    let job = fixture.sent("t1");
    fixture.ports.pass_ms(10_000);
    let unanswered = TaskProgress::Unanswered { retry_after_ms: Some(90_000), reason: "429".into() };
    assert_eq!(fixture.poll(&job, unanswered), Advance::Polled);
    assert_eq!(fixture.ports.tasks.orders.borrow().last(), Some(&(ProviderWake::Due(run(&job)), 90_000)));
}

#[test]
fn a_late_success_changes_nothing_and_is_logged() {
    let fixture = GenerationFixture::new();
    let (failing, canceled) = (fixture.sent("t1"), fixture.sent("t2"));
    fixture.ports.pass_ms(10_000);
    fixture.poll(&failing, failed());
    block_on(delete_job::delete_job(&fixture.ports, &fixture.account.key, canceled.id)).unwrap();
    assert_eq!(balance(&fixture.ports, &fixture.account), CREDITS);
    for task in ["t1", "t2"] {
        fixture.ports.warnings.borrow_mut().clear();
        assert_eq!(fixture.call_back(task), Advance::Nothing);
        assert!(fixture.ports.warnings.borrow()[0].contains("over"), "{task}");
    }
    assert_eq!(fixture.ports.provider.polled.borrow().len(), 1);
    assert_eq!((balance(&fixture.ports, &fixture.account), ledger_kinds(&fixture.ports, "refund")), (CREDITS, 2));
    // Canceled while it was being sent: the answer and the call come too late.
    let job = fixture.order();
    block_on(delete_job::delete_job(&fixture.ports, &fixture.account.key, job.id)).unwrap();
    assert_eq!(fixture.advance(&job), Advance::Nothing);
}

#[test]
fn a_call_about_a_strange_task_or_another_address_finishes_nobodys_job() {
    let fixture = GenerationFixture::new();
    let job = fixture.order();
    fixture.send(&job, Creation::Unclear { reason: "no connection".into() });
    let genuine = fixture.ports.provider.created.borrow()[0].2.clone();
    let forged = genuine.replace("token=", "token=00");
    let other = genuine.replace("run=1", "run=2");
    for callback_url in [None, Some("https://attacker.example/".to_owned()), Some(forged), Some(other), Some("?".into())] {
        fixture.find_next(made(), callback_url);
        assert_eq!(fixture.call_back("t9"), Advance::Nothing);
    }
    assert_eq!(block_on(handle_provider_callback(&fixture.ports, "nobody", "t9")).unwrap(), Advance::Nothing);
    assert_eq!(find(&fixture.ports, &fixture.account, job.id).state, JobState::Queued);
    // A second task with the genuine callback URL does not replace the first, whoever created it.
    fixture.find_next(TaskProgress::Waiting, Some(genuine.clone()));
    fixture.find_next(TaskProgress::Waiting, None);
    assert_eq!(fixture.call_back("t1"), Advance::Polled);
    fixture.find_next(made(), Some(genuine));
    assert_eq!(fixture.call_back("t2"), Advance::Nothing);
    assert_eq!(find(&fixture.ports, &fixture.account, job.id).state, JobState::Submitted);
}

#[test]
fn an_order_whose_wake_up_was_lost_is_found_by_the_sweep() {
    let fixture = GenerationFixture::new();
    fixture.ports.tasks.broken.set(true);
    let job = fixture.order();
    fixture.ports.tasks.broken.set(false);
    assert_eq!(block_on(sweep::sweep(&fixture.ports)), sweep::Swept::default());
    fixture.ports.pass_ms(60_000);
    let swept = block_on(sweep::sweep(&fixture.ports));
    assert_eq!((swept.generations_woken, swept.tasks_sent), (1, 0));
    assert_eq!(*fixture.ports.tasks.orders.borrow(), [(ProviderWake::Due(run(&job)), 0)]);
}

#[test]
fn credits_are_right_whenever_the_database_fails_around_an_order() {
    for fault in [Fault::BeforeTheWrite, Fault::AfterTheWrite] {
        let fixture = GenerationFixture::new();
        let job = fixture.order();
        fixture.ports.sqlite().fail_next(fault);
        assert!(block_on(advance_generation(&fixture.ports, run(&job))).is_err());
        assert_eq!(fixture.send(&job, accepted("t1")), Advance::Sent);
        fixture.ports.pass_ms(10_000);
        fixture.find_next(failed(), None);
        fixture.ports.sqlite().fail_next(fault);
        assert!(block_on(advance_generation(&fixture.ports, run(&job))).is_err());
        assert_eq!(fixture.advance(&job), Advance::Failed);
        fixture.assert_failed(&job, JobErrorCode::ProviderFailed);
    }
}
