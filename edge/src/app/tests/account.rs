//! Keys, quotas, lists and estimates.

use shared::composition::Composition;
use shared::price;

use super::*;
use crate::app::start_job;

pub fn key_with_quota(ports: &FakePorts, account: &Account, quota: u64) -> Account {
    block_on(async {
        let key = manage_keys::create_key(ports, &account.key, Ok(key_request(Some(quota)))).await.unwrap();
        let key = KeyHash::of(&key.key);
        Account { id: account.id, caller: authenticate::authenticate(ports, &key, Scope::Jobs).await.unwrap(), key }
    })
}

#[test]
fn a_key_over_its_monthly_quota_is_refused_and_what_comes_back_counts_again() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let key = key_with_quota(&ports, &account, 15);
    let job = submit(&ports, &key, None).unwrap();
    let refusal = submit(&ports, &key, None).unwrap_err();
    assert!(matches!(refusal, Error::QuotaExceeded { required_credits: 10, .. }), "{refusal:?}");
    // Another key of the account is not held by it.
    submit(&ports, &account, None).unwrap();
    assert_eq!(balance(&ports, &account), 80);
    block_on(delete_job::delete_job(&ports, &key.key, job.id)).unwrap();
    submit(&ports, &key, None).unwrap();
    // The next month begins with nothing used.
    assert!(submit(&ports, &key, None).is_err());
    ports.pass_ms(31 * 24 * 60 * 60 * 1_000);
    submit(&ports, &key, None).unwrap();
    let months = block_on(read_credits::list_usage(&ports, &account.key)).unwrap();
    let used: Vec<_> = months.iter().map(|month| (month.month.as_str(), month.used_credits)).collect();
    assert_eq!(used.len(), 3, "{used:?}");
    assert_eq!(used.iter().map(|(_, credits)| credits).sum::<i64>(), 30);
}

#[test]
fn a_correction_beyond_the_quota_fails_the_job_and_gives_all_back() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let key = key_with_quota(&ports, &account, 15);
    let job = submit(&ports, &key, None).unwrap();
    let work = granted(&ports, &job);
    assert_eq!(stopped(report(&ports, &work, probed(16_000))), StopReason::Over);
    assert_eq!(find(&ports, &key, job.id).failure.unwrap().code, JobErrorCode::QuotaExceeded);
    assert_eq!(balance(&ports, &account), 100);
    let job = submit(&ports, &key, None).unwrap();
    let work = granted(&ports, &job);
    accepted(report(&ports, &work, probed(15_000)));
}

#[test]
fn an_estimate_prices_like_a_job_and_spends_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 47);
    let estimate = |model, duration_ms, resolution| {
        let options = JobOptions { resolution, ..JobOptions::default() };
        let request = estimate_job::EstimateRequest { model, options, duration_ms: Some(duration_ms), output_count: 1 };
        let estimate = block_on(estimate_job::estimate_job(&ports, &account.key, Ok(request))).unwrap();
        (estimate.credits, estimate.work_ms / 1_000, estimate.can_afford)
    };
    assert_eq!(estimate(Model::KieKling3Video, 3_000, Some(Resolution::Hd)), (48, 120, false));
    assert_eq!(estimate(Model::Auto, 3_000, None), (3, 26, true));
    assert_eq!(balance(&ports, &account), 47);
    ports.provider.unavailable.set(true);
    let refusal = JobRequest { model: Model::KieKling3Video, ..request(None) };
    let refusal = block_on(submit_job::submit_job(&ports, account.caller, refusal, None)).unwrap_err();
    assert!(matches!(refusal, Error::ModelUnavailable(_)), "{refusal:?}");
}

#[test]
fn jobs_and_entries_are_listed_newest_first_in_pages_that_meet() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    submit(&ports, &other, None).unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ports.pass_ms(1);
        ids.insert(0, submit(&ports, &account, None).unwrap().id);
    }
    block_on(delete_job::delete_job(&ports, &account.key, ids.remove(2))).unwrap();
    let list = |cursor: &str, limit, offset, states: &[JobState]| {
        let page = Page { cursor: cursor.to_owned(), limit, offset };
        let jobs = block_on(list_jobs::list_jobs(&ports, &account.key, &page, states)).unwrap().jobs;
        jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(list("job_~", 3, 0, &[]), ids[..3]);
    assert_eq!(list(&ids[2].to_string(), 3, 0, &[]), ids[3..]);
    assert_eq!(list("job_~", 2, 1, &[]), ids[1..3]);
    granted(&ports, &find(&ports, &account, ids[1]));
    assert_eq!(list("job_~", 9, 0, &[JobState::Transcoding]), ids[1..2]);
    assert_eq!(list("job_~", 2, 0, &[JobState::Transcoding, JobState::Queued]), ids[..2]);
    assert_eq!(list("job_~", 9, 1, &[JobState::Processing, JobState::Transcoding, JobState::Queued]), ids[1..]);
    let page = Page { cursor: "led_~".into(), limit: 100, offset: 0 };
    let entries = block_on(read_credits::list_ledger(&ports, &account.key, &page)).unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["refund", "reserve", "reserve", "reserve", "reserve", "reserve", "grant"]);
}

#[test]
fn a_rotated_key_overlaps_with_its_successor_and_a_scope_is_kept() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let narrow = KeyRequest { scopes: vec![Scope::Jobs], ..key_request(Some(7)) };
    let narrow = block_on(manage_keys::create_key(&ports, &account.key, Ok(narrow))).unwrap();
    let narrow_hash = KeyHash::of(&narrow.key);
    let works = |hash: &KeyHash, scope| block_on(authenticate::authenticate(&ports, hash, scope)).map(|_| ());
    assert_eq!(works(&narrow_hash, Scope::Jobs), Ok(()));
    assert_eq!(works(&narrow_hash, Scope::Manage), Err(Error::MissingScope(Scope::Manage)));
    assert!(block_on(manage_keys::list_keys(&ports, &narrow_hash)).is_err());
    let id = narrow.about.key.id;
    let rotate = |key: &KeyHash, overlap_s| block_on(manage_keys::rotate_key(&ports, key, Ok(id), overlap_s));
    assert!(matches!(rotate(&other.key, 60), Err(Error::NoSuchThing("key"))));
    let next = rotate(&account.key, 60).ok().unwrap();
    assert_eq!((next.about.key.monthly_quota_credits, next.about.key.scopes.as_slice()), (Some(7), [Scope::Jobs].as_slice()));
    let next_hash = KeyHash::of(&next.key);
    assert_eq!((works(&narrow_hash, Scope::Jobs), works(&next_hash, Scope::Jobs)), (Ok(()), Ok(())));
    ports.pass_ms(60_000);
    assert_eq!((works(&narrow_hash, Scope::Jobs), works(&next_hash, Scope::Jobs)), (Err(Error::RevokedApiKey), Ok(())));
    assert!(rotate(&account.key, 60).is_err(), "a dead key has no successor");
    assert_eq!(block_on(manage_keys::revoke_key(&ports, &other.key, Ok(id))), Err(Error::NoSuchThing("key")));
    assert_eq!(block_on(manage_keys::list_keys(&ports, &account.key)).unwrap().len(), 3);
}

#[test]
fn an_operator_needs_the_token() {
    let ports = FakePorts::new();
    assert_eq!(authenticate::authenticate_operator(&ports, Some("token")), Ok(()));
    assert_eq!(authenticate::authenticate_operator(&ports, None), Err(Error::MissingApiKey));
    for wrong in ["", "toke", "token2"] {
        assert_eq!(authenticate::authenticate_operator(&ports, Some(wrong)), Err(Error::Forbidden));
    }
    assert_eq!(ports.now().as_secs(), 1_763_750_000);
    let lease = LeaseId::from_parts(ports.now(), ports.random_u128());
    assert_ne!(lease, LeaseId::from_parts(ports.now(), ports.random_u128()));
}

#[test]
fn a_key_that_may_not_work_with_jobs_changes_none() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let request = KeyRequest { scopes: vec![Scope::Manage], ..key_request(None) };
    let manager = KeyHash::of(&block_on(manage_keys::create_key(&ports, &account.key, Ok(request))).unwrap().key);
    let job = submit(&ports, &account, None).unwrap();
    let refused = |error: Error| assert_eq!(error, Error::MissingScope(Scope::Jobs));
    refused(block_on(delete_job::delete_job(&ports, &manager, job.id)).unwrap_err());
    assert_eq!(find(&ports, &account, job.id).state, JobState::Queued);
    let idempotency = IdempotencyKey::parse("once", "/v1/jobs", b"{}").unwrap();
    refused(block_on(idempotency::begin(&ports, &manager, &idempotency)).err().unwrap());
    assert_eq!(ports.sqlite().number("SELECT count(*) FROM idempotency_keys"), 0);
}

#[test]
fn a_key_that_manages_may_make_keys_that_work_and_no_other_key_may_make_any() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let make = |by: &KeyHash, scopes: &[Scope]| {
        let request = KeyRequest { scopes: scopes.to_vec(), ..key_request(None) };
        block_on(manage_keys::create_key(&ports, by, Ok(request))).map(|new| KeyHash::of(&new.key))
    };
    let manager = make(&account.key, &[Scope::Manage]).unwrap();
    let worker = make(&manager, &[Scope::Jobs]).unwrap();
    assert_eq!(block_on(read_credits::get_credits(&ports, &worker)).unwrap().0.balance_credits, 100);
    for scopes in [&[Scope::Jobs][..], &[Scope::Manage]] {
        assert_eq!(make(&worker, scopes), Err(Error::MissingScope(Scope::Manage)));
    }
}

#[test]
fn a_key_in_its_overlap_still_deletes() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let job = submit(&ports, &account, None).unwrap();
    let id = account.caller.api_key_id;
    assert!(block_on(manage_keys::rotate_key(&ports, &account.key, Ok(id), 60)).is_ok());
    block_on(delete_job::delete_job(&ports, &account.key, job.id)).unwrap();
    assert_eq!(ports.sqlite().text("SELECT state FROM jobs"), "canceled");
}

#[test]
fn a_keys_use_is_noted_at_most_hourly() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let noted = || {
        block_on(async {
            ports.used_key.take();
            read_credits::get_credits(&ports, &account.key).await.unwrap();
            let used = ports.used_key.take();
            if let Some(id) = used {
                record_key_use::record_key_use(&ports, id).await;
            }
            used.is_some()
        })
    };
    assert_eq!((noted(), noted()), (true, false));
    ports.pass_ms(60 * 60 * 1_000 - 1);
    assert!(!noted());
    ports.pass_ms(1);
    assert!(noted());
    // A key that is refused was not used.
    let unknown = KeyHash::of("sk_unknown");
    assert!(block_on(read_credits::get_credits(&ports, &unknown)).is_err());
    assert_eq!(ports.used_key.take(), None);
}

#[test]
fn an_accounts_secret_is_shown_to_it_alone_and_the_old_one_signs_for_a_while() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let get = |account: &Account| block_on(manage_webhook_secret::get_webhook_secret(&ports, &account.key)).unwrap();
    let rotate = |overlap_s| block_on(manage_webhook_secret::rotate_webhook_secret(&ports, &account.key, overlap_s));
    assert!(get(&account).is_none());
    let first = rotate(60).unwrap();
    assert!(first.secret.starts_with("whsec_") && first.old_until_ms.is_none());
    assert!(
        !ports
            .sqlite()
            .text("SELECT webhook_secret_box FROM accounts WHERE webhook_secret_box IS NOT NULL")
            .contains(&first.secret)
    );
    let second = rotate(60).unwrap();
    assert_ne!(first.secret, second.secret);
    assert_eq!(get(&account).unwrap().secret, second.secret);
    assert!(second.old_until_ms.is_some() && get(&other).is_none());
    ports.pass_ms(60_000);
    assert_eq!(get(&account).unwrap().old_until_ms, None);
    assert!(matches!(rotate(u64::MAX), Err(Error::InvalidRequest { field: "overlapSec", .. })));
}

#[test]
fn an_estimate_follows_the_history_once_there_are_twenty_jobs() {
    let ports = FakePorts::new();
    let account = account(&ports, 1_000);
    let eta_s = |resolution| {
        let options = JobOptions { resolution, ..JobOptions::default() };
        let request = estimate_job::EstimateRequest { model: Model::Auto, options, duration_ms: Some(5_000), output_count: 1 };
        block_on(estimate_job::estimate_job(&ports, &account.key, Ok(request))).unwrap().work_ms / 1_000
    };
    let work_for = |duration_ms: u64, work_ms| {
        let job = submit(&ports, &account, None).unwrap();
        let work = granted(&ports, &job);
        accepted(report(&ports, &work, probed(duration_ms)));
        ports.pass_ms(work_ms);
        accepted(report(&ports, &work, complete(&work)));
    };
    let assumed = eta_s(None);
    for _ in 0..19 {
        work_for(10_000, 300_000);
    }
    assert_eq!(eta_s(None), assumed);
    work_for(10_000, 300_000);
    let size = find(&ports, &account, newest_job(&ports)).facts.unwrap().size;
    assert_eq!(eta_s(Some(Resolution::of(size))), 150);
    let other = Resolution::ALL.into_iter().find(|class| *class != Resolution::of(size));
    assert_ne!(eta_s(other), 150);
}

fn newest_job(ports: &FakePorts) -> JobId {
    ports.sqlite().text("SELECT id FROM jobs ORDER BY id DESC LIMIT 1").parse().unwrap()
}

#[test]
fn what_is_made_is_paid_for_not_what_was_sent() {
    let options = JobOptions { resolution: Some(Resolution::Hd), ..JobOptions::default() };
    let size = |width, height| PixelSize { width, height };
    assert_eq!(options.paid_resolution(size(3_840, 2_160)), Resolution::Hd);
    assert_eq!(JobOptions::default().paid_resolution(size(3_840, 2_160)), Resolution::UltraHd);
    let large = JobOptions { resolution: Some(Resolution::UltraHd), ..JobOptions::default() };
    assert_eq!(large.paid_resolution(size(640, 360)), Resolution::Hd);
}

#[test]
fn the_reserve_is_that_of_the_canvas_however_a_job_begins() {
    let ports = FakePorts::new();
    let account = account(&ports, 1_000);
    let canvas = PixelSize { width: 3_840, height: 2_160 };
    let options = |resolution| {
        let composition = Composition { canvas: Some(canvas), ..Composition::default() };
        JobOptions { resolution, composition, ..JobOptions::default() }
    };
    let reserves = |options: &JobOptions| {
        let request = || JobRequest { policy: policy("removebgvideo"), options: options.clone(), ..request(None) };
        let submitted = block_on(submit_job::submit_job(&ports, account.caller, request(), None)).unwrap();
        let draft = block_on(submit_job::create_draft(&ports, account.caller, request(), None)).unwrap();
        let run = start_job::RunRequest {
            model: Model::Auto,
            outputs: vec![Output::WebmVp9Alpha],
            options: options.clone(),
            dialect_request_json: None,
            callback_url: None,
        };
        let started = block_on(start_job::start_job(&ports, account.caller, draft, run)).unwrap();
        let estimate =
            estimate_job::EstimateRequest { model: Model::Auto, options: options.clone(), duration_ms: None, output_count: 1 };
        let estimated = block_on(estimate_job::estimate_job(&ports, &account.key, Ok(estimate))).unwrap();
        [submitted.reserved_credits, started.reserved_credits, estimated.credits]
    };
    let of =
        |resolution| price::price_credits(Model::Auto.info().tariff, Model::Auto.info().assumed_duration_ms(), resolution, 1);
    assert_ne!(of(Resolution::UltraHd), of(price::ASSUMED_RESOLUTION));
    assert_eq!(reserves(&options(None)), [of(Resolution::UltraHd); 3]);
    assert_eq!(reserves(&options(Some(Resolution::Hd))), [of(Resolution::Hd); 3]);
    assert_eq!(reserves(&JobOptions::default()), [of(price::ASSUMED_RESOLUTION); 3]);
}
