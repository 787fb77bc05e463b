//! Entry points of the Worker: requests, queues, the cron trigger.

mod app;
mod config;
mod deps;
mod dialect;
mod domain;
mod internal_api;
mod platform;
mod provider;
mod router;
mod server;
mod store;

use std::sync::Arc;

use worker::wasm_bindgen::JsValue;
use worker::{Context, Env, MessageBatch, ScheduleContext, ScheduledEvent, event, web_sys};

use crate::deps::Deps;

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    let request = platform::exchange::from_wasm(request).await?;
    let deps = Arc::new(Deps::new(&env)?);
    let response = router::answer(deps.clone(), request).await;
    if let Some(key) = deps.used_key() {
        context.wait_until(async move { app::record_key_use::record_key_use(&*deps, key).await });
    }
    platform::exchange::into_wasm(response)
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let deps = match Deps::new(&env) {
        Ok(deps) => deps,
        Err(error) => return platform::log::error("the edge is not configured", &[("error", &error)]),
    };
    let swept = app::sweep::sweep(&deps).await;
    let log = if swept.failures == 0 { platform::log::info } else { platform::log::error };
    log("swept", &[("swept", &format!("{swept:?}"))]);
}

#[event(queue)]
async fn queue(batch: MessageBatch<JsValue>, env: Env, _context: Context) -> worker::Result<()> {
    // An error here would abort every request of this isolate.
    match Deps::new(&env) {
        Ok(deps) => platform::queue::consume(&deps, &batch, dialect::render_event).await,
        Err(error) => {
            platform::log::error("the edge is not configured", &[("error", &error)]);
            batch.retry_all();
        }
    }
    Ok(())
}
