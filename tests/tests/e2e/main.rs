//! Whole jobs through every real part: edge, queue, transcoder, ffmpeg, bucket, webhooks.

#![cfg(test)]

mod chaos;
mod generate;
mod jobs;
mod matting;
mod model_import;
mod recovery;
mod removebgvideo;
mod unscreen;
mod vidgen;

use std::sync::LazyLock;

use tests::fixture::Fixture;
use tests::stack::StackOptions;
use tests::stack::shared::SharedStack;
use tests::web_server::WebServer;

/// Serves sources and receives webhooks. One for the program: use paths that no other test uses.
static WEB_SERVER: LazyLock<WebServer> = LazyLock::new(|| WebServer::start().unwrap());

/// An account on the stack that most of these tests share, which has one transcoder and may fetch
/// from [`WEB_SERVER`].
fn fixture(credits: u64) -> Fixture {
    static STACK: SharedStack = SharedStack::new();
    let options = StackOptions { transcoders: 1, allow_hosts: vec![WEB_SERVER.host()], ..StackOptions::default() };
    Fixture::join(&STACK, options, credits)
}
