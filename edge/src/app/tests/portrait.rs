//! A picture and a sound: one job of a key at a time, canceled while it waits, paid by the length
//! of the sound, shown to who has its link.

use super::*;
use crate::app::ports::{ByteSource, Creation, GenerationStore as _, ProviderWake};
use crate::app::store_file::{StoredFile, discard_file, store_file};
use crate::app::{admit_portrait, advance_generation, cancel_job, create_portrait, open_share};
use crate::domain::model::{AVATAR_FILE_SIZE_BYTES_MAX, PortraitMaker};
use crate::domain::run::RunRef;
use crate::domain::share;

/// So many bytes, in one piece.
struct Bytes(Option<usize>);

impl ByteSource for Bytes {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.take().map(|size_bytes| vec![0; size_bytes]))
    }
}

/// No provider is configured.
fn local() -> FakePorts {
    let ports = FakePorts::new();
    ports.provider.unavailable.set(true);
    ports
}

fn stored(ports: &FakePorts, account: &Account, name: &str, size_bytes: usize) -> StoredFile {
    block_on(store_file(ports, account.caller, name, "any/thing", &mut Bytes(Some(size_bytes)))).unwrap().unwrap()
}

fn portrait(ports: &FakePorts, account: &Account, callback_url: Option<&str>) -> Result<Job, Error> {
    let (picture, sound) = (stored(ports, account, "picture.png", 7), stored(ports, account, "sound.mp3", 8));
    let url = callback_url.map(str::to_owned);
    let created = block_on(create_portrait::create_portrait(ports, account.caller, policy("vidgen"), &picture, &sound, url));
    if created.is_err() {
        block_on(async {
            discard_file(ports, &picture).await;
            discard_file(ports, &sound).await;
        });
    }
    created
}

fn admitted(ports: &FakePorts, account: &Account) -> Result<Caller, Error> {
    block_on(admit_portrait::admit_portrait(ports, &account.key))
}

fn cancel(ports: &FakePorts, account: &Account, id: JobId) -> Result<(), Error> {
    block_on(cancel_job::cancel_job(ports, &account.key, id))
}

fn made(work: &Work) -> ReportEvent {
    let ReportEvent::Complete { mut assets, .. } = complete(work) else { unreachable!() };
    assets[0].output = Output::OpaqueMp4;
    assets[0].object_key = format!("{}{}", work.object_prefix, Output::OpaqueMp4.file_name());
    ReportEvent::Complete { strategy: Strategy::Portrait, assets, previews: Vec::new(), qa_report: None }
}

fn probed_sound(duration_ms: u64) -> ReportEvent {
    let ReportEvent::Probed { facts, .. } = probed(duration_ms) else { unreachable!() };
    ReportEvent::Probed { facts, strategy: Strategy::Portrait, choice: None }
}

#[test]
fn a_key_has_one_at_a_time_and_another_key_of_the_account_its_own() {
    let ports = local();
    let account = account(&ports, 100);
    let further = block_on(manage_keys::create_key_of(&ports, account.id, &key_request(None))).unwrap();
    let key = KeyHash::of(&further.key);
    let further =
        Account { id: account.id, caller: block_on(authenticate::authenticate(&ports, &key, Scope::Jobs)).unwrap(), key };
    assert!(admitted(&ports, &account).is_ok());
    let first = portrait(&ports, &account, None).unwrap();
    // Jobs of other dialects neither count nor are held up.
    submit(&ports, &account, Some(1_000)).unwrap();
    let (spent, objects) = (balance(&ports, &account), ports.objects.sizes.borrow().len());
    assert_eq!(admitted(&ports, &account), Err(Error::JobActive));
    assert_eq!(portrait(&ports, &account, None), Err(Error::JobActive));
    assert_eq!((balance(&ports, &account), ports.objects.sizes.borrow().len()), (spent, objects));
    assert!(admitted(&ports, &further).is_ok());
    portrait(&ports, &further, None).unwrap();
    // The backstop, should a statement ever forget.
    let error = ports.sqlite().execute("UPDATE jobs SET is_only_active_job = 1").unwrap_err().to_string();
    assert!(error.contains("jobs.api_key_id"), "{error}");
    let work = granted(&ports, &first);
    assert_eq!(portrait(&ports, &account, None), Err(Error::JobActive));
    accepted(report(&ports, &work, made(&work)));
    portrait(&ports, &account, None).unwrap();
}

#[test]
fn too_low_a_balance_is_refused_before_any_file_is_read_but_after_the_active_job() {
    let ports = local();
    let (poor, account) = (account(&ports, 4), account(&ports, 5));
    let required = Error::InsufficientCredits { available_credits: 4, required_credits: 5 };
    assert_eq!(admitted(&ports, &poor), Err(required.clone()));
    assert_eq!(portrait(&ports, &poor, None), Err(required));
    portrait(&ports, &account, None).unwrap();
    assert_eq!(balance(&ports, &account), 0);
    assert_eq!(admitted(&ports, &account), Err(Error::JobActive));
    assert_eq!(block_on(admit_portrait::admit_portrait(&ports, &KeyHash::of("sk_x"))), Err(Error::InvalidApiKey));
}

#[test]
fn a_job_is_canceled_while_it_waits_and_not_later_and_stays_to_be_seen() {
    let ports = local();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let job = portrait(&ports, &account, Some("https://example.com/hook")).unwrap();
    assert_eq!(cancel(&ports, &other, job.id), Err(Error::JobNotFound));
    assert_eq!(balance(&ports, &account), 95);
    assert_eq!(cancel(&ports, &account, job.id), Ok(()));
    assert_eq!((balance(&ports, &account), find(&ports, &account, job.id).state), (100, JobState::Canceled));
    assert_eq!(cancel(&ports, &account, job.id), Err(Error::JobNotCancelable));
    assert_eq!(refused(&ports, &job), ClaimRefusal::Over);
    // This API has no event for a cancellation; that of bgless has one.
    assert_eq!(ports.sqlite().number("SELECT count(*) FROM deliveries"), 0);
    let request = JobRequest { callback_url: Some("https://example.com/hook".into()), ..request(None) };
    let job = block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap();
    assert_eq!(cancel(&ports, &account, job.id), Ok(()));
    assert_eq!(ports.sqlite().text("SELECT event FROM deliveries"), "job.canceled");
    let job = portrait(&ports, &account, None).unwrap();
    granted(&ports, &job);
    assert_eq!(cancel(&ports, &account, job.id), Err(Error::JobNotCancelable));
    assert_eq!((balance(&ports, &account), ledger_kinds(&ports, "refund")), (95, 2));
}

#[test]
fn a_transcoder_is_given_both_files_and_the_sounds_length_is_paid_for() {
    let ports = local();
    let account = account(&ports, 100);
    let job = portrait(&ports, &account, None).unwrap();
    assert_eq!((job.model, job.dialect.as_str()), (Model::LocalPortrait, "vidgen"));
    let work = granted(&ports, &job);
    let name = |source: &Source| match source {
        Source::Object { object_key, size_bytes } => format!("{} {size_bytes}", object_key.rsplit('/').next().unwrap()),
        Source::Url { .. } => unreachable!(),
    };
    let portrait = work.portrait.clone().unwrap();
    assert_eq!((name(&work.source), name(&portrait.sound)), ("picture.png 7".into(), "sound.mp3 8".into()));
    assert_eq!((portrait.shape, work.outputs.as_slice()), (None, [Output::OpaqueMp4].as_slice()));
    accepted(report(&ports, &work, probed_sound(61_000)));
    assert_eq!(balance(&ports, &account), 100 - 31);
    // However long it takes: files that are worked on are not swept away.
    ports.pass_ms(8 * 24 * 60 * 60 * 1_000);
    ports.sqlite().execute("UPDATE jobs SET lease_expires_at_ms = 9000000000000, attempt = 1").unwrap();
    block_on(sweep::sweep(&ports));
    assert_eq!(ports.objects.sizes.borrow().len(), 2);
    accepted(report(&ports, &work, made(&work)));
    assert_eq!(block_on(delete_job::delete_job(&ports, &account.key, job.id)), Ok(()));
    assert_eq!(ports.objects.sizes.borrow().len(), 0);
}

#[test]
fn a_provider_makes_it_where_it_may_and_the_files_are_small() {
    for (unavailable, maker, size_bytes, model) in [
        (false, PortraitMaker::Any, 8, Model::KieKlingAvatar),
        (false, PortraitMaker::Any, AVATAR_FILE_SIZE_BYTES_MAX + 1, Model::LocalPortrait),
        (false, PortraitMaker::Local, 8, Model::LocalPortrait),
        (true, PortraitMaker::Any, 8, Model::LocalPortrait),
    ] {
        let mut ports = FakePorts::new();
        ports.provider.unavailable.set(unavailable);
        ports.settings.portrait_maker = maker;
        let account = account(&ports, 1_000);
        let picture = stored(&ports, &account, "picture.png", 7);
        let sound = stored(&ports, &account, "sound.mp3", usize::try_from(size_bytes).unwrap());
        let job =
            block_on(create_portrait::create_portrait(&ports, account.caller, policy("vidgen"), &picture, &sound, None)).unwrap();
        assert_eq!(job.model, model, "{unavailable} {maker} {size_bytes}");
    }
}

#[test]
fn a_providers_video_is_taken_as_it_is_and_paid_by_its_length() {
    let ports = FakePorts::new();
    let account = account(&ports, 1_000);
    let job = portrait(&ports, &account, None).unwrap();
    assert_eq!(balance(&ports, &account), 1_000 - 160);
    let run = RunRef { job_id: job.id, run: 1 };
    assert_eq!(ports.tasks.orders.borrow().as_slice(), [(ProviderWake::Due(run), 0)]);
    ports.provider.creations.borrow_mut().push(Creation::Accepted { task_id: "t1".into() });
    block_on(advance_generation::advance_generation(&ports, run)).unwrap();
    let GenerationUrls { image, sound } = ports.provider.created.borrow()[0].1.clone();
    assert!(image.unwrap().contains("/picture.png?") && sound.unwrap().contains("/sound.mp3?"));
    assert_eq!(cancel(&ports, &account, job.id), Err(Error::JobNotCancelable));
    block_on(ports.store.record_generated_video(run, "https://kie.example/a.mp4", ports.now())).unwrap();
    let work = granted(&ports, &job);
    assert_eq!((work.portrait.as_ref(), work.strategy), (None, StrategyRequest::Portrait));
    accepted(report(&ports, &work, probed_sound(4_200)));
    assert_eq!(balance(&ports, &account), 1_000 - 80);
}

#[test]
fn a_link_shows_the_video_until_the_job_is_deleted() {
    let ports = local();
    let account = account(&ports, 100);
    let job = portrait(&ports, &account, None).unwrap();
    let url = share::url("", &ports.settings.file_url_secret, job.id);
    let open = || block_on(open_share::open_share(&ports, url.strip_prefix("/share/").unwrap())).map(|video| video.url);
    assert_eq!(open(), Err(Error::FileNotFound));
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, made(&work)));
    assert!(open().unwrap().contains("/opaque-mp4.mp4?"));
    assert_eq!(block_on(open_share::open_share(&ports, "01KAJ4A2G00000000000000000-00")).map(|_| ()), Err(Error::FileNotFound));
    block_on(delete_job::delete_job(&ports, &account.key, job.id)).unwrap();
    assert_eq!(open(), Err(Error::FileNotFound));
}

#[test]
fn the_first_job_with_a_receiver_gives_the_account_a_secret_and_the_next_one_keeps_it() {
    let ports = local();
    let account = account(&ports, 100);
    let secret = || block_on(manage_webhook_secret::get_webhook_secret(&ports, &account.key)).unwrap().map(|shown| shown.secret);
    let end = |job: Job| cancel(&ports, &account, job.id).unwrap();
    end(portrait(&ports, &account, None).unwrap());
    assert_eq!(secret(), None);
    end(portrait(&ports, &account, Some("https://example.com/hook")).unwrap());
    let first = secret();
    assert!(first.is_some());
    end(portrait(&ports, &account, Some("https://example.com/hook")).unwrap());
    assert_eq!(secret(), first);
}

#[test]
fn a_list_of_several_states_is_newest_first_and_goes_on_below_its_cursor() {
    let ports = local();
    let account = account(&ports, 1_000);
    let jobs: Vec<_> = (0..6).map(|_| submit(&ports, &account, Some(1_000)).unwrap().id).collect();
    for (job, state) in jobs.iter().zip(["submitted", "queued", "transcoding", "processing", "success", "transcoding"]) {
        ports.sqlite().execute(&format!("UPDATE jobs SET state = '{state}' WHERE id = '{job}'")).unwrap();
    }
    let states = [JobState::Submitted, JobState::Processing, JobState::Transcoding];
    let list = |cursor: &str, limit, states: &[JobState]| {
        let page = Page { cursor: cursor.to_owned(), limit, offset: 0 };
        let listed = block_on(list_jobs::list_jobs(&ports, &account.key, &page, states)).unwrap().jobs;
        listed.iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(list("job_~", 3, &states), [jobs[5], jobs[3], jobs[2]]);
    assert_eq!(list(&jobs[2].to_string(), 3, &states), [jobs[0]]);
    assert_eq!(list("job_~", 9, &[JobState::Created, JobState::Queued]), [jobs[1]]);
}
