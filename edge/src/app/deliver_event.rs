//! Delivers an event to its webhook receiver: one attempt, and the schedule of the next.

use shared::address;

use crate::app::ports::{
    Delivery, DeliveryAttempt, DeliveryOutcome, DeliveryStore as _, HttpSender as _, Ports, TaskQueue as _, WebhookSecret,
};
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::secret_box;
use crate::domain::webhook::{self, ANSWER_MS_MAX, EventId, EventMessage, EventToSign, UNCONFIRMED_AFTER_MS};

/// Makes one attempt if the event is due; `render` makes the message. Of several concurrent calls
/// one makes the attempt. Returns its outcome, for the log; None if nothing was due.
pub async fn deliver_event<P: Ports>(
    ports: &P,
    id: EventId,
    render: impl Fn(&P, &Delivery, &Job) -> Result<EventMessage, Error>,
) -> Result<Option<DeliveryOutcome>, Error> {
    let now = ports.now();
    let Some((delivery, job, account_secret)) = ports.store().take_delivery(id, now, now.plus_ms(UNCONFIRMED_AFTER_MS)).await?
    else {
        return Ok(None);
    };
    let message = render(ports, &delivery, &job)?;
    let outcome = post(ports, &delivery, &job, account_secret, &message).await?;
    let duration_ms = ports.now().ms_since(now);
    let next = match &outcome {
        Ok(200..=299) => DeliveryOutcome::Delivered,
        _ => match webhook::pause_ms(&ports.settings().webhook_retry_s, delivery.tries, ports.random_u128()) {
            Some(pause_ms) => DeliveryOutcome::TryAgain { due_at_ms: ports.now().plus_ms(pause_ms) },
            None => DeliveryOutcome::GivenUp,
        },
    };
    let attempt = DeliveryAttempt { started_at_ms: now, duration_ms, outcome };
    ports.store().record_attempt(id, &attempt, next).await?;
    if let DeliveryOutcome::TryAgain { due_at_ms } = next {
        ports.tasks().wake_sender(&[id], due_at_ms.ms_since(ports.now())).await?;
    }
    Ok(Some(next))
}

async fn post(
    ports: &impl Ports,
    delivery: &Delivery,
    job: &Job,
    account_secret: Option<WebhookSecret>,
    message: &EventMessage,
) -> Result<Result<u16, String>, Error> {
    let settings = ports.settings();
    let Some(callback) = &job.callback else { return Err(Error::Internal("an event without a receiver".into())) };
    // Checked at creation, and again here, since the operator's settings may have changed.
    if address::check_url(&callback.url, &settings.allowed_hosts).is_err() {
        return Ok(Err("the address is not public".into()));
    }
    // A job's own secret, else its account's, with the one before while that still signs.
    let sealed = match (&callback.secret_box, account_secret) {
        (Some(own), _) => vec![own.clone()],
        (None, Some(account)) => [Some(account.secret_box), account.old.map(|(old, _)| old)].into_iter().flatten().collect(),
        (None, None) => Vec::new(),
    };
    let secrets =
        sealed.iter().map(|sealed| secret_box::open(&settings.secret_box_key, sealed)).collect::<Result<Vec<_>, _>>()?;
    let (id, now) = (delivery.id, ports.now());
    let body = message.body.as_str();
    let mut headers = webhook::headers(id, body, &secrets, now);
    headers.extend((message.sign)(&EventToSign { event: &delivery.event, id, body, secrets: &secrets, now }));
    Ok(ports.http().post(&callback.url, &headers, body, ANSWER_MS_MAX).await)
}
