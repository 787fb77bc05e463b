//! HTTP requests to webhook receivers and providers, by the runtime's `fetch`.

use std::time::Duration;

use worker::wasm_bindgen::JsValue;
use worker::{AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response};

use crate::app::ports::{HttpAnswer, HttpRequest, HttpSender};

/// The runtime's outgoing requests.
pub struct Outgoing;

impl HttpSender for Outgoing {
    async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &str, timeout_ms: u64) -> Result<u16, String> {
        let request = request(Method::Post, url, headers, Some(body)).map_err(request_error)?;
        with_time_limit(timeout_ms, request, async |response| Ok(response.status_code())).await
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpAnswer, String> {
        let HttpRequest { method, url, headers, body, timeout_ms } = request;
        let request = self::request(Method::from((*method).to_owned()), url, headers, body.as_deref()).map_err(request_error)?;
        with_time_limit(*timeout_ms, request, async |mut response| {
            let retry_after_s = response.headers().get("retry-after").ok().flatten().and_then(|text| text.trim().parse().ok());
            let body = response.text().await.map_err(|_| "the answer broke off".to_owned())?;
            Ok(HttpAnswer { status: response.status_code(), retry_after_s, body })
        })
        .await
    }
}

/// Sends a request and reads the response, both within the time limit.
async fn with_time_limit<T>(
    timeout_ms: u64,
    request: Request,
    read: impl AsyncFnOnce(Response) -> Result<T, String>,
) -> Result<T, String> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let fetch = Fetch::Request(request);
    let answer = std::pin::pin!(async {
        match fetch.send_with_signal(&signal).await {
            Ok(response) => read(response).await,
            Err(_) => Err("no connection".into()),
        }
    });
    let limit = std::pin::pin!(Delay::from(Duration::from_millis(timeout_ms)));
    match futures_util::future::select(answer, limit).await {
        futures_util::future::Either::Left((answer, _)) => answer,
        futures_util::future::Either::Right(_) => {
            abort.abort();
            Err(format!("no answer within {timeout_ms} ms"))
        }
    }
}

fn request(method: Method, url: &str, headers: &[(&'static str, String)], body: Option<&str>) -> worker::Result<Request> {
    let all = Headers::new();
    for (name, value) in headers {
        all.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(method).with_headers(all).with_body(body.map(JsValue::from_str));
    // A redirect is a failure: it may lead where the address itself may not.
    init.with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}

fn request_error(_error: worker::Error) -> String {
    "the request could not be made".to_owned()
}
