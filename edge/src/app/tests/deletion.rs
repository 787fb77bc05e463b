//! Which uploads a job depends on: kept while it may read them, and removed with it, whatever part
//! they play.

use std::collections::BTreeSet;

use super::*;
use crate::app::advance_generation::advance_generation;
use crate::app::ports::{Creation, Found, TaskProgress};
use crate::app::start_job::{self, RunRequest};
use crate::app::store_file::{StoredFile, store_file};
use crate::app::{create_portrait, open_file, ports::ByteSource};
use crate::domain::generation::AspectRatio;
use crate::domain::run::RunRef;
use crate::store::row::FileRole;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

struct Bytes(Option<Vec<u8>>);

impl ByteSource for Bytes {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.take())
    }
}

fn upload(ports: &FakePorts, account: &Account, name: &str) -> StoredFile {
    block_on(store_file(ports, account.caller, name, "any/thing", &mut Bytes(Some(vec![0; 5])))).unwrap().unwrap()
}

/// The names of the objects in the bucket, sorted.
fn bucket(ports: &FakePorts) -> Vec<String> {
    let mut names: Vec<_> =
        ports.objects.sizes.borrow().keys().map(|key| key.rsplit('/').next().unwrap_or_default().to_owned()).collect();
    names.sort();
    names
}

fn delete(ports: &FakePorts, account: &Account, job: &Job) {
    block_on(delete_job::delete_job(ports, &account.key, job.id)).unwrap();
    ports.pass_ms(15 * 60 * 1_000);
    block_on(sweep::sweep(ports));
}

fn draft(ports: &FakePorts, account: &Account, video: &StoredFile, backdrop: &StoredFile) -> Job {
    let request = JobRequest {
        policy: policy("removebgvideo"),
        input: JobInput::Video { url: video.file_url.clone() },
        options: before(backdrop),
        ..request(None)
    };
    block_on(submit_job::create_draft(ports, account.caller, request, None)).unwrap()
}

/// The subject is shown before this picture.
fn before(backdrop: &StoredFile) -> JobOptions {
    let mut options = JobOptions::default();
    options.composition.picture = Some(backdrop.source());
    options
}

fn start(ports: &FakePorts, job: &Job, options: JobOptions) -> Job {
    let run = RunRequest {
        model: Model::Auto,
        outputs: vec![Output::WebmVp9Alpha],
        options,
        dialect_request_json: None,
        callback_url: None,
    };
    try_to_start(ports, job, run).unwrap()
}

fn try_to_start(ports: &FakePorts, job: &Job, run: RunRequest) -> Result<Job, Error> {
    let caller = Caller { account_id: job.account_id, api_key_id: job.api_key_id };
    block_on(start_job::start_job(ports, caller, job.clone(), run))
}

/// A provider takes the job's request and then has this to say of it.
fn generate(ports: &FakePorts, job: &Job, progress: TaskProgress) {
    let run = RunRef { job_id: job.id, run: job.run };
    ports.provider.creations.borrow_mut().push(Creation::Accepted { task_id: job.id.to_string() });
    block_on(advance_generation(ports, run)).unwrap();
    ports.pass_ms(10_000);
    ports.provider.findings.borrow_mut().push(Found { progress, callback_url: None });
    block_on(advance_generation(ports, run)).unwrap();
}

#[test]
fn a_portrait_that_a_provider_made_takes_the_face_and_the_voice_with_it() {
    for progress in [
        TaskProgress::Waiting,
        TaskProgress::Succeeded { url: "https://cdn.example/v.mp4".into() },
        TaskProgress::Failed { code: JobErrorCode::ProviderFailed, reason: "501".into() },
    ] {
        let ports = FakePorts::new();
        let account = account(&ports, 1_000);
        let (face, voice) = (upload(&ports, &account, "face.png"), upload(&ports, &account, "voice.mp3"));
        let policy = policy("vidgen");
        let created = create_portrait::create_portrait(&ports, account.caller, policy, &face, &voice, None);
        let job = block_on(created).unwrap();
        assert_eq!(job.model, Model::KieKlingAvatar);
        generate(&ports, &job, progress);
        assert_eq!(bucket(&ports), ["face.png", "voice.mp3"]);
        delete(&ports, &account, &job);
        assert_eq!(bucket(&ports), [""; 0]);
    }
}

#[test]
fn a_draft_past_the_retention_keeps_its_video_and_its_backdrop_and_can_be_started() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let files = ["a.mp4", "backdrop.png", "unused.mp4"].map(|name| upload(&ports, &account, name));
    let job = draft(&ports, &account, &files[0], &files[1]);
    ports.pass_ms(8 * DAY_MS);
    block_on(sweep::sweep(&ports));
    assert_eq!(bucket(&ports), ["a.mp4", "backdrop.png"]);
    let started = start(&ports, &job, job.options.clone());
    let work = granted(&ports, &started);
    assert_eq!((work.source, work.composition.picture), (files[0].source(), Some(files[1].source())));
}

#[test]
fn an_image_that_a_provider_still_has_to_read_is_kept_past_the_retention() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let image = upload(&ports, &account, "frame.png");
    let input =
        JobInput::Generation { prompt: "a".into(), image_url: Some(image.file_url), aspect_ratio: Some(AspectRatio::Wide) };
    let request = JobRequest { model: Model::KieKling3Video, input, ..request(Some(3_000)) };
    let job = block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap();
    ports.sqlite().execute("UPDATE generations SET deadline_at_ms = 9000000000000, due_at_ms = 9000000000000").unwrap();
    ports.sqlite().execute("UPDATE jobs SET queued_at_ms = 9000000000000").unwrap();
    ports.pass_ms(8 * DAY_MS);
    block_on(sweep::sweep(&ports));
    assert_eq!(bucket(&ports), ["frame.png"]);
    delete(&ports, &account, &job);
    assert_eq!(bucket(&ports), [""; 0]);
}

#[test]
fn a_job_that_was_started_again_takes_the_files_of_every_run_with_it() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let [video, first, second, third] = ["a.mp4", "b1.png", "b2.png", "b3.png"].map(|name| upload(&ports, &account, name));
    let job = draft(&ports, &account, &video, &first);
    let run = start(&ports, &job, before(&second));
    let work = granted(&ports, &run);
    assert_eq!((run.run, work.composition.picture.clone()), (1, Some(second.source())));
    ports.objects.sizes.borrow_mut().insert(format!("{}half-made.webm", work.object_prefix), 5);
    accepted(report(&ports, &work, fail()));
    ports.pass_ms(1);
    let run = start(&ports, &find(&ports, &account, job.id), before(&third));
    let work = granted(&ports, &run);
    assert_eq!((run.run, &work.source, work.composition.picture), (2, &video.source(), Some(third.source())));
    assert_eq!(bucket(&ports), ["a.mp4", "b1.png", "b2.png", "b3.png", "half-made.webm"]);
    delete(&ports, &account, &job);
    assert_eq!(bucket(&ports), [""; 0]);
}

#[test]
fn an_upload_that_two_jobs_share_in_whatever_roles_goes_with_the_last_of_them() {
    let ports = FakePorts::new();
    let account = account(&ports, 10_000);
    let shared = upload(&ports, &account, "shared");
    let other = upload(&ports, &account, "other");
    let submit = |request: JobRequest| block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap();
    let video = |file: &StoredFile| JobInput::Video { url: file.file_url.clone() };
    let image = JobInput::Generation { prompt: "a".into(), image_url: Some(shared.file_url.clone()), aspect_ratio: None };
    let jobs = [
        submit(JobRequest { input: video(&shared), ..request(None) }),
        submit(JobRequest { input: video(&other), background_url: Some(shared.file_url.clone()), ..request(None) }),
        submit(JobRequest { input: video(&other), options: before(&shared), ..request(None) }),
        submit(JobRequest { model: Model::KieKling3Video, input: image, ..request(Some(3_000)) }),
        draft(&ports, &account, &other, &shared),
    ];
    for (number, job) in jobs.iter().enumerate() {
        assert!(bucket(&ports).contains(&"shared".to_owned()), "before deletion {number}");
        delete(&ports, &account, job);
    }
    assert_eq!(bucket(&ports), [""; 0]);
}

#[test]
fn an_upload_stays_for_another_job_that_is_over_but_not_deleted() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let shared = upload(&ports, &account, "shared");
    let submit = || {
        let request = JobRequest { input: JobInput::Video { url: shared.file_url.clone() }, ..request(None) };
        block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap()
    };
    let (failed, deleted) = (submit(), submit());
    accepted(report(&ports, &granted(&ports, &failed), fail()));
    delete(&ports, &account, &deleted);
    assert_eq!(bucket(&ports), ["shared"], "the failed job may be started again");
    delete(&ports, &account, &failed);
    assert_eq!(bucket(&ports), [""; 0]);
}

/// Every part that an upload can play, with a job of each API in which it plays it.
fn jobs_of_every_role(ports: &FakePorts, account: &Account) -> Vec<(&'static str, StoredFile, Job)> {
    let submit = |request: JobRequest| block_on(submit_job::submit_job(ports, account.caller, request, None)).unwrap();
    let file = |name: &str| upload(ports, account, name);
    let on = |api: &str, file: &StoredFile| JobRequest {
        policy: policy(api),
        input: JobInput::Video { url: file.file_url.clone() },
        ..request(None)
    };
    let mut jobs = Vec::new();
    for api in ["bgless", "removebgvideo", "unscreen"] {
        let video = file("video");
        let job = submit(on(api, &video));
        jobs.push(("source", video, job));
        let backdrop = file("backdrop");
        let job = submit(JobRequest { options: before(&backdrop), ..on(api, &file("other")) });
        jobs.push(("backdrop", backdrop, job));
    }
    let plate = file("plate");
    let job = submit(JobRequest { background_url: Some(plate.file_url.clone()), ..on("bgless", &file("other")) });
    jobs.push(("background", plate, job));
    let image = file("image");
    let input = JobInput::Generation { prompt: "a".into(), image_url: Some(image.file_url.clone()), aspect_ratio: None };
    let job = submit(JobRequest { model: Model::KieKling3Video, input, ..request(Some(3_000)) });
    jobs.push(("prompt_image", image, job));
    let (video, backdrop) = (file("video"), file("backdrop"));
    let job = draft(ports, account, &video, &backdrop);
    jobs.push(("source", video, job.clone()));
    jobs.push(("backdrop", backdrop, job));
    for unavailable in [false, true] {
        ports.provider.unavailable.set(unavailable);
        let (face, voice) = (file("face.png"), file("voice.mp3"));
        let one = portrait_account(ports, account);
        let job = block_on(create_portrait::create_portrait(ports, one.caller, policy("vidgen"), &face, &voice, None)).unwrap();
        let roles = if unavailable { ["source", "sound"] } else { ["prompt_image", "prompt_sound"] };
        jobs.push((roles[0], face, job.clone()));
        jobs.push((roles[1], voice, job));
    }
    ports.provider.unavailable.set(false);
    jobs
}

/// A further key of an account: VidGen's jobs are one per key.
fn portrait_account(ports: &FakePorts, account: &Account) -> Account {
    let key = block_on(manage_keys::create_key_of(ports, account.id, &key_request(None))).unwrap();
    let key = KeyHash::of(&key.key);
    Account { id: account.id, caller: block_on(authenticate::authenticate(ports, &key, Scope::Jobs)).unwrap(), key }
}

#[test]
fn an_upload_of_any_role_and_api_stays_while_its_job_is_not_over() {
    let states = ["created", "queued", "submitted", "processing", "transcoding"];
    for state in states {
        let ports = FakePorts::new();
        let account = account(&ports, 100_000);
        let jobs = jobs_of_every_role(&ports, &account);
        let roles: BTreeSet<_> = jobs.iter().map(|(role, ..)| *role).collect();
        assert_eq!(roles.len(), FileRole::ALL.len(), "{roles:?}");
        // In this state for longer than the retention, whatever would end it in the meantime.
        ports.sqlite().execute("UPDATE generations SET due_at_ms = 9e15, deadline_at_ms = 9e15").unwrap();
        let keep =
            format!("UPDATE jobs SET state = '{state}', queued_at_ms = 9e15, lease_expires_at_ms = 9e15, task_due_at_ms = 9e15");
        ports.sqlite().execute(&keep).unwrap();
        for (role, file, job) in &jobs {
            // Another job on the same file is deleted.
            let request = JobRequest { input: JobInput::Video { url: file.file_url.clone() }, ..request(None) };
            let other = block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap();
            block_on(delete_job::delete_job(&ports, &account.key, other.id)).unwrap();
            let known =
                ports.sqlite().number(&format!("SELECT count(*) FROM job_files WHERE job_id = '{}' AND role = '{role}'", job.id));
            assert_eq!(known, 1, "{role} {}", job.dialect);
            assert!(is_there(&ports, file), "{role} of {} in {state}", job.dialect);
        }
        ports.pass_ms(8 * DAY_MS);
        block_on(sweep::sweep(&ports));
        for (role, file, job) in &jobs {
            assert!(is_there(&ports, file), "{role} of {} in {state}", job.dialect);
        }
        for (.., job) in &jobs {
            block_on(delete_job::delete_job(&ports, &account.key, job.id)).unwrap();
        }
        for (role, file, job) in &jobs {
            assert!(!is_there(&ports, file), "{role} of {} goes with its last job", job.dialect);
        }
    }
}

fn is_there(ports: &FakePorts, file: &StoredFile) -> bool {
    let Source::Object { object_key, .. } = file.source() else { unreachable!() };
    ports.objects.sizes.borrow().contains_key(&object_key)
}

/// As a client does that still has the presigned URL.
fn upload_again(ports: &FakePorts, file: &StoredFile) {
    let Source::Object { object_key, size_bytes } = file.source() else { unreachable!() };
    ports.objects.sizes.borrow_mut().insert(object_key, size_bytes);
}

#[test]
fn what_is_uploaded_after_its_removal_is_no_file_and_goes_within_a_day() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let [file, other] = ["a.mp4", "b.mp4"].map(|name| upload(&ports, &account, name));
    let read = || block_on(open_file::open_file(&ports, &file.file_url.parse().unwrap()));
    assert!(read().is_ok());
    let on = |url: &str, options: JobOptions| {
        let request = || JobRequest { input: JobInput::Video { url: url.to_owned() }, options: options.clone(), ..request(None) };
        let draft = block_on(submit_job::create_draft(&ports, account.caller, request(), None)).map(|_| ());
        (block_on(submit_job::submit_job(&ports, account.caller, request(), None)).map(|_| ()), draft)
    };
    let startable = draft(&ports, &account, &other, &other);
    let request = JobRequest { input: JobInput::Video { url: file.file_url.clone() }, ..request(None) };
    let job = block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap();
    block_on(delete_job::delete_job(&ports, &account.key, job.id)).unwrap();
    upload_again(&ports, &file);
    assert_eq!(read(), Err(Error::FileNotFound));
    let missing = || (Err(Error::UploadMissing), Err(Error::UploadMissing));
    assert_eq!(on(&file.file_url, JobOptions::default()), missing());
    assert_eq!(on(&other.file_url, before(&file)), missing());
    let run = RunRequest {
        model: Model::Auto,
        outputs: vec![Output::WebmVp9Alpha],
        options: before(&file),
        dialect_request_json: None,
        callback_url: None,
    };
    assert_eq!(try_to_start(&ports, &startable, run), Err(Error::UploadMissing));
    assert_eq!(balance(&ports, &account), 100);
    ports.pass_ms(DAY_MS - 1);
    block_on(sweep::sweep(&ports));
    assert_eq!(read(), Err(Error::FileNotFound));
    upload_again(&ports, &file);
    ports.pass_ms(1);
    block_on(sweep::sweep(&ports));
    assert_eq!(bucket(&ports), ["b.mp4"]);
    assert_eq!(ports.sqlite().number("SELECT count(*) FROM uploads"), 1);
}

#[test]
fn a_failed_run_whose_source_is_past_its_retention_cannot_be_started_again() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let [video, backdrop] = ["a.mp4", "b.png"].map(|name| upload(&ports, &account, name));
    let job = draft(&ports, &account, &video, &backdrop);
    accepted(report(&ports, &granted(&ports, &start(&ports, &job, JobOptions::default())), fail()));
    ports.pass_ms(8 * DAY_MS);
    block_on(sweep::sweep(&ports));
    let run = RunRequest {
        model: Model::Auto,
        outputs: vec![Output::WebmVp9Alpha],
        options: JobOptions::default(),
        dialect_request_json: None,
        callback_url: None,
    };
    assert_eq!(try_to_start(&ports, &find(&ports, &account, job.id), run), Err(Error::UploadMissing));
    assert_eq!(balance(&ports, &account), 100);
}
