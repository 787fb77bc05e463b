//! Events and their receivers.

use super::*;
use crate::domain::webhook::EventMessage;

fn submit_with_callback(ports: &FakePorts, account: &Account, secret: Option<&str>) -> Job {
    let callback_url = Some("https://receiver.example/hook".to_owned());
    let request = JobRequest { callback_url, callback_secret: secret.map(str::to_owned), ..request(None) };
    block_on(submit_job::submit_job(ports, account.caller, request, None)).unwrap()
}

fn woken(ports: &FakePorts) -> Vec<(EventId, u64)> {
    std::mem::take(&mut *ports.tasks.woken.borrow_mut())
}

fn deliver(ports: &FakePorts, id: EventId) -> Option<DeliveryOutcome> {
    let render = |_: &FakePorts, delivery: &Delivery, job: &Job| {
        Ok(EventMessage { body: format!("{} {}", delivery.event, job.state.as_str()), sign: |_| Vec::new() })
    };
    block_on(deliver_event::deliver_event(ports, id, render)).unwrap()
}

#[test]
fn however_a_run_ends_its_event_is_sent_once() {
    let end_each = |end: &dyn Fn(&FakePorts, &Account, &Job), event: &str| {
        let ports = FakePorts::new();
        let account = account(&ports, 100);
        let job = submit_with_callback(&ports, &account, Some("hush"));
        assert!(!ports.sqlite().text("SELECT callback_secret_box FROM jobs").contains("hush"));
        end(&ports, &account, &job);
        let woken = woken(&ports);
        assert_eq!(woken.len(), 1, "{event}");
        ports.http.answers.borrow_mut().push(Ok(204));
        assert_eq!(deliver(&ports, woken[0].0), Some(DeliveryOutcome::Delivered));
        assert_eq!(deliver(&ports, woken[0].0), None, "it is not due any more");
        let sent = ports.http.posts.borrow();
        assert!(sent[0].1.starts_with(event), "{}", sent[0].1);
        assert!(sent[0].0.iter().any(|(name, _)| *name == "x-bgless-signature"));
    };
    end_each(
        &|ports, _, job| {
            let work = granted(ports, job);
            accepted(report(ports, &work, complete(&work)));
        },
        "job.completed success",
    );
    end_each(&|ports, _, job| accepted(report(ports, &granted(ports, job), fail())), "job.failed failed");
    end_each(
        &|ports, account, job| block_on(delete_job::delete_job(ports, &account.key, job.id)).unwrap(),
        "job.canceled canceled",
    );
    end_each(
        &|ports, _, _| {
            ports.pass_ms(24 * 60 * 60 * 1_000);
            block_on(sweep::sweep(ports));
        },
        "job.failed failed",
    );
}

#[test]
fn a_job_without_a_receiver_wakes_nobody_and_one_without_a_secret_signs_nothing() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let job = submit(&ports, &account, None).unwrap();
    accepted(report(&ports, &granted(&ports, &job), fail()));
    assert!(woken(&ports).is_empty());
    assert_eq!(ports.sqlite().number("SELECT count(*) FROM deliveries"), 0);
    let job = submit_with_callback(&ports, &account, None);
    accepted(report(&ports, &granted(&ports, &job), fail()));
    ports.http.answers.borrow_mut().push(Ok(200));
    deliver(&ports, woken(&ports)[0].0);
    assert!(!ports.http.posts.borrow()[0].0.iter().any(|(name, _)| name.contains("signature")));
}

#[test]
fn an_event_is_tried_on_schedule_then_kept_for_redelivery_by_its_owner() {
    let ports = FakePorts::new();
    let (account, other) = (account(&ports, 100), account(&ports, 100));
    let job = submit_with_callback(&ports, &account, Some("hush"));
    accepted(report(&ports, &granted(&ports, &job), fail()));
    let id = woken(&ports)[0].0;
    for (answer, pauses_ms) in [(Ok(302), 4_000..=6_000), (Err("no connection".to_owned()), 24_000..=36_000)] {
        ports.http.answers.borrow_mut().push(answer);
        assert!(matches!(deliver(&ports, id), Some(DeliveryOutcome::TryAgain { .. })));
        let woken = woken(&ports);
        assert!(woken[0].0 == id && pauses_ms.contains(&woken[0].1), "{woken:?}");
        assert_eq!(deliver(&ports, id), None, "it is not due yet");
        ports.pass_ms(woken[0].1);
    }
    ports.http.answers.borrow_mut().push(Ok(500));
    assert_eq!(deliver(&ports, id), Some(DeliveryOutcome::GivenUp));
    assert!(woken(&ports).is_empty());
    let redeliver = |key: &KeyHash| block_on(list_deliveries::redeliver(&ports, key, id));
    assert_eq!(redeliver(&other.key), Err(Error::NoSuchThing("delivery")));
    assert_eq!(redeliver(&account.key), Ok(()));
    ports.http.answers.borrow_mut().push(Ok(200));
    assert_eq!(deliver(&ports, woken(&ports)[0].0), Some(DeliveryOutcome::Delivered));
    let deliveries = block_on(list_deliveries::list_deliveries(&ports, &account.key, job.id)).unwrap();
    let outcomes: Vec<_> = deliveries[0].attempts.iter().map(|attempt| attempt.outcome.clone()).collect();
    assert_eq!(outcomes, [Ok(302), Err("no connection".to_owned()), Ok(500), Ok(200)]);
    let sent = ports.http.posts.borrow();
    let header = |post: usize, name: &str| sent[post].0.iter().find(|(found, _)| *found == name).unwrap().1.clone();
    assert_eq!(header(0, "webhook-id"), header(3, "webhook-id"));
    assert_ne!(header(0, "webhook-timestamp"), header(3, "webhook-timestamp"));
    assert_eq!(block_on(list_deliveries::list_deliveries(&ports, &other.key, job.id)).unwrap_err(), Error::JobNotFound);
}

#[test]
fn an_event_whose_wake_up_was_lost_is_found_by_the_sweep() {
    let ports = FakePorts::new();
    let account = account(&ports, 100);
    let job = submit_with_callback(&ports, &account, None);
    let work = granted(&ports, &job);
    ports.tasks.broken.set(true);
    accepted(report(&ports, &work, fail()));
    ports.tasks.broken.set(false);
    assert_eq!(block_on(sweep::sweep(&ports)).senders_woken, 0);
    ports.pass_ms(60_000);
    assert_eq!(block_on(sweep::sweep(&ports)).senders_woken, 1);
    assert_eq!(woken(&ports).len(), 1);
}

#[test]
fn a_start_has_one_event_where_the_dialect_notifies_starts() {
    for (policy, starts) in [(policy("unscreen"), 1), (policy("bgless"), 0)] {
        let ports = FakePorts::new();
        let account = account(&ports, 100);
        let callback_url = Some("https://receiver.example/hook".to_owned());
        let request = JobRequest { policy, callback_url, ..request(None) };
        let job = block_on(submit_job::submit_job(&ports, account.caller, request, None)).unwrap();
        let work = granted(&ports, &job);
        let events = woken(&ports);
        assert_eq!(events.len(), starts, "{policy:?}");
        assert!(events.iter().all(|(id, _)| id.to_string().ends_with("_1_start")), "{events:?}");
        // Given back and taken again: for the receiver, work went on.
        accepted(report(&ports, &work, ReportEvent::Release));
        granted(&ports, &job);
        assert_eq!(ports.sqlite().number("SELECT count(*) FROM deliveries"), i64::try_from(starts).unwrap(), "{policy:?}");
        ports.http.answers.borrow_mut().push(Ok(200));
        for (id, _) in events {
            assert_eq!(deliver(&ports, id), Some(DeliveryOutcome::Delivered));
            assert!(ports.http.posts.borrow()[0].1.starts_with("job.started"));
        }
    }
}
