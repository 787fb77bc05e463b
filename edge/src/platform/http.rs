//! Speaking to receivers by the runtime's `fetch`.

use std::time::Duration;

use worker::wasm_bindgen::JsValue;
use worker::{AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect};

use crate::app::ports::HttpSender;

/// The runtime's outgoing requests.
pub struct Outgoing;

impl HttpSender for Outgoing {
    async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &str, timeout_ms: u64) -> Result<u16, String> {
        let request = request(url, headers, body).map_err(|_| "the request could not be made".to_owned())?;
        let abort = AbortController::default();
        let signal = abort.signal();
        let fetch = Fetch::Request(request);
        let answer = std::pin::pin!(fetch.send_with_signal(&signal));
        let limit = std::pin::pin!(Delay::from(Duration::from_millis(timeout_ms)));
        match futures_util::future::select(answer, limit).await {
            futures_util::future::Either::Left((Ok(response), _)) => Ok(response.status_code()),
            futures_util::future::Either::Left((Err(_), _)) => Err("no connection".into()),
            futures_util::future::Either::Right(_) => {
                abort.abort();
                Err(format!("no answer within {timeout_ms} ms"))
            }
        }
    }
}

fn request(url: &str, headers: &[(&'static str, String)], body: &str) -> worker::Result<Request> {
    let all = Headers::new();
    for (name, value) in headers {
        all.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(all).with_body(Some(JsValue::from_str(body)));
    // A redirect is a failure: it may lead where the address itself may not.
    init.with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}
