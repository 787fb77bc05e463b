//! The page behind a share link: it plays a video, and needs neither a key nor a script.

use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{StatusCode, header};
use shared::signature::sha256;

use crate::app::open_share::{SharedVideo, open_share};
use crate::app::ports::Ports as _;
use crate::domain::error::Error;
use crate::server::extract::PathText;
use crate::server::http_error::HttpResult;
use crate::server::{App, error_responses};

const STYLE: &str = "\
:root{color-scheme:dark}\
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;justify-content:center;\
background:#111;color:#ddd;font:1rem/1.5 system-ui,sans-serif}\
video{max-width:100vw;max-height:calc(100dvh - 4rem);width:auto;height:auto;background:#000}\
a,p{padding:1rem;color:inherit}";

/// Show a shared video
#[utoipa::path(
    get,
    path = "/share/{token}",
    operation_id = "showSharedVideo",
    tag = "VidGen",
    security(("shareToken" = [])),
    responses((status = 200, description = "A page."), error_responses::Public)
)]
#[worker::send]
pub async fn get_share(App(app): App, PathText(token): PathText) -> HttpResult<Response> {
    let base_url = &app.settings().public_base_url;
    Ok(match open_share(&*app, &token).await {
        Ok(video) => page(StatusCode::OK, &player(&video, base_url)),
        Err(Error::FileNotFound) => {
            page(StatusCode::NOT_FOUND, "<p>There is no video here. The link is not whole, or the video was removed.</p>")
        }
        Err(error) => return Err(error.into()),
    })
}

/// URLs are relative to the origin, so that the page works under any host name of the service.
fn player(video: &SharedVideo, base_url: &str) -> String {
    let local = |url: &str| escaped(url.strip_prefix(base_url).unwrap_or(url));
    let SharedVideo { url, content_type, width, height, poster_url } = video;
    let poster = poster_url.as_ref().map_or_else(String::new, |url| format!(" poster=\"{}\"", local(url)));
    let url = local(url);
    format!(
        "<video controls playsinline preload=\"metadata\" width=\"{width}\" height=\"{height}\"{poster}>\
         <source src=\"{url}\" type=\"{content_type}\"></video>\n<a href=\"{url}\" download>Download</a>"
    )
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Video</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    );
    let style = BASE64_STANDARD.encode(sha256(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; media-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A link that was revoked shows nothing more.
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (status, headers.map(|(name, value)| (name, value.to_owned())), Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, char| {
        match char {
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
        escaped
    })
}
