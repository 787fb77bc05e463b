//! An account of a test's own on the stack that its program shares, and a folder for what is sent and what is fetched.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::client::Job;
use crate::clip::Clip;
use crate::customer::Customer;
use crate::http::{Answer, agent};
use crate::raw::send;
use crate::stack::StackOptions;
use crate::stack::shared::{SharedStack, SharedStackUse};

/// Keeps the stack up and the folder there.
#[derive(Debug)]
pub struct Scene {
    /// Who calls.
    pub customer: Customer,
    /// Where the service is.
    pub base_url: String,
    dir: TempDir,
    _stack: SharedStackUse,
}

impl Scene {
    /// Joins the stack that runs, or starts one with these options.
    ///
    /// # Panics
    /// When there is no stack.
    #[must_use]
    pub fn join(stack: &SharedStack, options: StackOptions, credits: u64) -> Self {
        let shared = stack.join(options).unwrap();
        let (customer, base_url) = {
            let stack = shared.lock();
            (Customer::create(&stack, credits).unwrap(), stack.base_url().to_owned())
        };
        Self { customer, base_url, dir: tempfile::tempdir().unwrap(), _stack: shared }
    }

    /// Where a file of this name lies.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A short clip before a green screen.
    ///
    /// # Panics
    /// When ffmpeg fails.
    #[must_use]
    pub fn clip(&self) -> PathBuf {
        let path = self.file("clip.mp4");
        Clip::SHORT.write(&path).unwrap();
        path
    }

    /// Makes a file with ffmpeg.
    #[must_use]
    pub fn make(&self, name: &str, args: &[&str]) -> PathBuf {
        make(self.file(name), args)
    }

    /// Sends with the key, to a path or to an address.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn ask(&self, method: &str, place: &str, content_type: &str, body: &[u8]) -> Answer {
        let url = if place.starts_with('/') { format!("{}{place}", self.base_url) } else { place.to_owned() };
        let headers = [("x-api-key", self.customer.key.as_str()), ("content-type", content_type)];
        Answer::read(send(method, &url, &headers, body)).unwrap()
    }

    /// Fetches a file into the folder, without the key as browsers do.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn fetch(&self, url: &str, name: &str) -> PathBuf {
        let response = agent().get(url).call().unwrap();
        assert_eq!(response.status(), 200, "{url}");
        let path = self.file(name);
        fs::write(&path, response.into_body().into_with_config().limit(u64::MAX).read_to_vec().unwrap()).unwrap();
        path
    }
}

/// Makes a file with ffmpeg.
///
/// # Panics
/// When ffmpeg fails.
#[must_use]
pub fn make(path: PathBuf, args: &[&str]) -> PathBuf {
    let status = Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args).arg(&path).status().unwrap();
    assert!(status.success());
    path
}

/// Checks that a job failed so, says why in words for people, and gave back all credits.
///
/// # Panics
/// When it did not.
pub fn assert_failed(customer: &Customer, job: &Job, code: &str, credits: u64) {
    let error = job.error.as_ref().unwrap();
    assert_eq!((job.status.as_str(), error.code.as_str()), ("failed", code), "{}", error.message);
    assert!(error.message.ends_with('.') && !error.message.contains('/'), "{}", error.message);
    assert!(job.output_assets.is_empty());
    assert_eq!(customer.balance().unwrap(), credits);
}

/// What ffprobe says of a file's streams of a kind, such as `v`.
///
/// # Panics
/// When there is no ffprobe.
#[must_use]
pub fn probe(path: &Path, streams: &str, entries: &str) -> String {
    let args = ["-v", "error", "-count_frames", "-select_streams", streams, "-show_entries", entries, "-of", "csv=p=0"];
    let output = Command::new("ffprobe").args(args).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Red, green and blue of one pixel of the first frame.
///
/// # Panics
/// When there is no ffmpeg.
#[must_use]
pub fn pixel(path: &Path, x: u32, y: u32) -> Vec<u8> {
    let filter = format!("crop=1:1:{x}:{y}:exact=1,format=rgb24");
    let more = ["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "-"];
    Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args(more).output().unwrap().stdout
}
