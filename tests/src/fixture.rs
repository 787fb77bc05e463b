//! The fixture of end-to-end tests: an account on a shared stack, and a temporary folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::client::Job;
use crate::clip::Clip;
use crate::http::{Answer, agent};
use crate::raw_http::send;
use crate::stack::StackOptions;
use crate::stack::shared::{SharedStack, SharedStackUse};
use crate::test_account::TestAccount;

/// Keeps the stack running and the folder in place.
#[derive(Debug)]
pub struct Fixture {
    /// The account.
    pub account: TestAccount,
    /// The URL of the edge.
    pub base_url: String,
    dir: TempDir,
    _stack: SharedStackUse,
}

impl Fixture {
    /// Uses the running stack, or starts one with these options.
    ///
    /// # Panics
    /// When the stack does not start.
    #[must_use]
    pub fn join(stack: &SharedStack, options: StackOptions, credits: u64) -> Self {
        let shared = stack.join(options).unwrap();
        let (account, base_url) = {
            let stack = shared.lock();
            (TestAccount::create(&stack, credits).unwrap(), stack.base_url().to_owned())
        };
        Self { account, base_url, dir: tempfile::tempdir().unwrap(), _stack: shared }
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a short green-screen clip.
    ///
    /// # Panics
    /// When ffmpeg fails.
    #[must_use]
    pub fn clip(&self) -> PathBuf {
        let path = self.file("clip.mp4");
        Clip::SHORT.write(&path).unwrap();
        path
    }

    /// Writes a file with ffmpeg.
    #[must_use]
    pub fn make(&self, name: &str, args: &[&str]) -> PathBuf {
        make(self.file(name), args)
    }

    /// Sends a request with the key, to a path or a URL.
    ///
    /// # Panics
    /// When there is no response.
    #[must_use]
    pub fn call(&self, method: &str, place: &str, content_type: &str, body: &[u8]) -> Answer {
        let url = if place.starts_with('/') { format!("{}{place}", self.base_url) } else { place.to_owned() };
        let headers = [("x-api-key", self.account.key.as_str()), ("content-type", content_type)];
        Answer::read(send(method, &url, &headers, body)).unwrap()
    }

    /// Downloads a file into the folder, without the key.
    ///
    /// # Panics
    /// When the status is not 200.
    #[must_use]
    pub fn fetch(&self, url: &str, name: &str) -> PathBuf {
        let response = agent().get(url).call().unwrap();
        assert_eq!(response.status(), 200, "{url}");
        let path = self.file(name);
        fs::write(&path, response.into_body().into_with_config().limit(u64::MAX).read_to_vec().unwrap()).unwrap();
        path
    }
}

/// Writes a file with ffmpeg.
///
/// # Panics
/// When ffmpeg fails.
#[must_use]
pub fn make(path: PathBuf, args: &[&str]) -> PathBuf {
    let status = Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args).arg(&path).status().unwrap();
    assert!(status.success());
    path
}

/// Checks that a job failed with this code and a readable message, and that its credits were
/// refunded.
///
/// # Panics
/// When something differs.
pub fn assert_failed(account: &TestAccount, job: &Job, code: &str, credits: u64) {
    let error = job.error.as_ref().unwrap();
    assert_eq!((job.status.as_str(), error.code.as_str()), ("failed", code), "{}", error.message);
    assert!(error.message.ends_with('.') && !error.message.contains('/'), "{}", error.message);
    assert!(job.output_assets.is_empty());
    assert_eq!(account.balance().unwrap(), credits);
}

/// The output of ffprobe for the streams of one kind, such as `v`.
///
/// # Panics
/// When ffprobe cannot be started.
#[must_use]
pub fn probe(path: &Path, streams: &str, entries: &str) -> String {
    let args = ["-v", "error", "-count_frames", "-select_streams", streams, "-show_entries", entries, "-of", "csv=p=0"];
    let output = Command::new("ffprobe").args(args).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Red, green and blue of a pixel of the first frame.
///
/// # Panics
/// When there is no such pixel.
#[must_use]
pub fn pixel(path: &Path, x: u32, y: u32) -> Vec<u8> {
    let filter = format!("crop=1:1:{x}:{y}:exact=1,format=rgb24");
    let more = ["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "-"];
    let output = Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args(more).output().unwrap();
    assert_eq!(output.stdout.len(), 3, "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
