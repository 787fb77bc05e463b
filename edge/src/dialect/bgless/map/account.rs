//! Maps requests and responses about an account. Pure.

use std::borrow::Cow;

use shared::price::Resolution;
use shared::time::UnixMillis;

use super::missing;
use crate::app::list_models::ListedModel;
use crate::app::manage_webhook_secret::ShownSecret;
use crate::app::ports::{Delivery, KeyMonth, KeyWithUse, LedgerEntry};
use crate::dialect::bgless::wire::{
    CreateKeyIn, CreditsOut, DeliveryAttemptOut, DeliveryOut, KeyMonthOut, KeyOut, LedgerEntryOut, ModelOut, PageOut, PriceOut,
    QuotaOut, WebhookSecretOut,
};
use crate::domain::api_key::KeyRequest;
use crate::domain::dialect::KeyDialect;
use crate::domain::error::Error;
use crate::domain::model::render_name;
use crate::domain::scope::Scope;
use crate::domain::spending_limit::SpendingLimit;
use crate::server::page::PageRequest;

pub fn quota_out(spending_limit: SpendingLimit, resets_at_ms: UnixMillis) -> Option<QuotaOut> {
    spending_limit.quota.map(|quota| QuotaOut {
        monthly_credits: quota.monthly_credits,
        used_credits: quota.used_credits,
        remaining_credits: quota.remaining_credits(),
        resets_at: resets_at_ms.to_iso_8601(),
    })
}

pub fn credits_out(spending_limit: SpendingLimit, resets_at_ms: UnixMillis) -> CreditsOut {
    CreditsOut { balance_credits: spending_limit.balance_credits, quota: quota_out(spending_limit, resets_at_ms) }
}

pub fn model_out(listed: ListedModel) -> ModelOut {
    let ListedModel { model, matting_model, unavailable_reason } = listed;
    let (info, matting_model) = (model.info(), matting_model.map(|seen| seen.model));
    let price = |resolution: Resolution| {
        let (credits, unit_ms) = info.tariff.unit(resolution);
        PriceOut { resolution: resolution.as_str(), credits, per_started_sec: unit_ms / 1_000 }
    };
    ModelOut {
        id: render_name(model, matting_model.as_ref().map(|matting| matting.id.as_str())),
        provider: info.provider,
        display_name: matting_model.as_ref().map_or_else(|| info.display_name.to_owned(), |matting| matting.display_name.clone()),
        modes: info.modes.iter().map(|mode| mode.as_str()).collect(),
        capabilities: info.capabilities,
        outputs: model.outputs().iter().map(|output| output.as_str()).collect(),
        prices: Resolution::ALL.map(price).into(),
        available: unavailable_reason.is_none(),
        unavailable_reason: unavailable_reason.map(Cow::into_owned),
        signature: matting_model.as_ref().map(|matting| matting.kind.clone()),
        licence: matting_model.map(|matting| matting.licence),
    }
}

pub fn page_out<T, U>(page: &PageRequest, rows: &[T], id: impl Fn(&T) -> String, out: impl Fn(&T) -> U) -> PageOut<U> {
    let (shown, last) = page.split(rows);
    PageOut { next_cursor: last.map(id), data: shown.iter().map(out).collect() }
}

pub fn delivery_out(delivery: &Delivery) -> DeliveryOut {
    let attempts = delivery.attempts.iter().map(|attempt| DeliveryAttemptOut {
        started_at: attempt.started_at_ms.to_iso_8601(),
        duration_ms: attempt.duration_ms,
        status_code: attempt.outcome.as_ref().ok().copied(),
        error: attempt.outcome.as_ref().err().cloned(),
    });
    DeliveryOut {
        id: delivery.id.to_string(),
        event: delivery.event.clone(),
        status: delivery.state.clone(),
        next_attempt_at: (delivery.state == "pending").then(|| delivery.due_at_ms.to_iso_8601()),
        created_at: delivery.created_at_ms.to_iso_8601(),
        attempts: attempts.collect(),
    }
}

pub fn ledger_entry_out(entry: &LedgerEntry) -> LedgerEntryOut {
    LedgerEntryOut {
        id: entry.id.to_string(),
        kind: entry.kind.clone(),
        amount_credits: entry.amount_credits,
        job_id: entry.job_id.map(String::from),
        api_key_id: entry.api_key_id.map(String::from),
        created_at: entry.created_at_ms.to_iso_8601(),
    }
}

pub fn key_month_out(month: &KeyMonth) -> KeyMonthOut {
    KeyMonthOut {
        month: month.month.clone(),
        api_key_id: month.api_key_id.to_string(),
        label: month.label.clone(),
        project_label: month.project_label.clone(),
        used_credits: month.used_credits,
    }
}

pub fn key_request(body: CreateKeyIn) -> Result<KeyRequest, Error> {
    let scopes = body.scopes.unwrap_or_else(|| vec![Scope::Jobs.as_str().to_owned()]);
    let scopes =
        scopes.iter().map(|name| Scope::find(name).ok_or_else(|| Error::invalid("scopes", "Must be `jobs` or `manage`.")));
    let dialect = match body.dialect.as_deref() {
        None => KeyDialect::Bgless,
        Some(name) => KeyDialect::find(name).ok_or_else(|| Error::invalid("dialect", "Must be `bgless` or `removebgvideo`."))?,
    };
    Ok(KeyRequest {
        dialect,
        label: body.label.ok_or_else(|| missing("label", "A name to know the key by."))?,
        project_label: body.project_label,
        monthly_quota_credits: body.monthly_quota_credits,
        scopes: scopes.collect::<Result<_, _>>()?,
    })
}

pub fn key_out(about: &KeyWithUse, key: Option<String>) -> KeyOut {
    let KeyWithUse { key: stored, used_credits } = about;
    KeyOut {
        id: stored.id.to_string(),
        key,
        label: stored.label.clone(),
        project_label: stored.project_label.clone(),
        monthly_quota_credits: stored.monthly_quota_credits,
        used_credits: *used_credits,
        dialect: stored.dialect.as_str(),
        scopes: stored.scopes.iter().map(|scope| scope.as_str()).collect(),
        created_at: stored.created_at_ms.to_iso_8601(),
        last_used_at: stored.last_used_at_ms.map(UnixMillis::to_iso_8601),
        revoked_at: stored.revoked_at_ms.map(UnixMillis::to_iso_8601),
    }
}

pub fn webhook_secret_out(shown: ShownSecret) -> WebhookSecretOut {
    WebhookSecretOut {
        secret: Some(shown.secret),
        created_at: Some(shown.created_at_ms.to_iso_8601()),
        previous_signs_until: shown.old_until_ms.map(UnixMillis::to_iso_8601),
    }
}
