//! The HTTP contract of every API, request by request, against the real edge. Where a job must
//! advance, [`tests::fake_transcoder`] sends the reports; only `schemathesis` runs a transcoder.

#![cfg(test)]

mod account;
mod authz;
mod bgless;
mod create;
mod deletion;
mod files;
mod forms;
mod kie;
mod limits;
mod queue;
mod removebgvideo;
mod schemathesis;
mod snapshot;
mod unscreen;
mod vidgen;
mod webhooks;

use std::sync::LazyLock;

use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::web_server::WebServer;

/// Receives webhooks and serves sources. One for the program: use paths that no other test uses.
static WEB_SERVER: LazyLock<WebServer> = LazyLock::new(|| WebServer::start().unwrap());

/// Runs a test alone on the stack that most of these tests share. Webhooks are retried after a
/// second each.
fn with_stack(test: impl FnOnce(&Stack)) {
    static STACK: SharedStack = SharedStack::new();
    let options = StackOptions {
        allow_hosts: vec![WEB_SERVER.host()],
        edge_vars: vec![("WEBHOOK_RETRY_S".into(), "1,1,1,1".into())],
        ..StackOptions::default()
    };
    STACK.with(options, test);
}
