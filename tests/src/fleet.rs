//! A transcoder's calls, made by hand: takes a job and says what became of it, without a frame being decoded.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
#![expect(clippy::must_use_candidate, reason = "calls are made for what they do")]

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use shared::id::LeaseId;
use shared::report::{CLAIM_PATH, REPORT_PATH};
use shared::signature;
use shared::time::UnixMillis;

use crate::http::Answer;
use crate::raw::send;
use crate::stack::Stack;

/// A job that was taken.
#[derive(Debug)]
pub struct Lease<'a> {
    stack: &'a Stack,
    job_id: String,
    /// What the edge wants done.
    pub work: Value,
}

impl<'a> Lease<'a> {
    /// Takes a job's first run.
    ///
    /// # Panics
    /// When it is not to be had.
    #[must_use]
    pub fn take(stack: &'a Stack, job_id: &str) -> Self {
        Self::take_run(stack, job_id, 1)
    }

    /// Takes a run of a job.
    ///
    /// # Panics
    /// When it is not to be had.
    #[must_use]
    pub fn take_run(stack: &'a Stack, job_id: &str, run: u32) -> Self {
        let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let lease_id = LeaseId::from_parts(UnixMillis::new(now_ms), u128::from(run));
        let work = call(stack, CLAIM_PATH, &json!({ "jobId": job_id, "run": run, "leaseId": lease_id }));
        assert_eq!(work["answer"], "granted", "{work}");
        Self { stack, job_id: job_id.to_owned(), work }
    }

    /// Says something about it; what the edge says to that.
    ///
    /// # Panics
    /// When it is refused.
    pub fn report(&self, event: &Value) -> Value {
        let (run, lease_id) = (&self.work["run"], &self.work["leaseId"]);
        let report = json!({ "version": "ReportV1", "jobId": self.job_id, "run": run, "leaseId": lease_id, "event": event });
        call(self.stack, REPORT_PATH, &report)
    }

    /// Says what the source is.
    pub fn report_probed(&self, duration_ms: u64) -> Value {
        let facts = json!({
            "container": "mov,mp4,m4a,3gp,3g2,mj2", "videoCodec": "h264", "pixelFormat": "yuv420p",
            "size": { "width": 320, "height": 180 }, "frameRate": { "numerator": 25, "denominator": 1 },
            "durationMs": duration_ms, "hasAlpha": false, "hasAudio": true,
        });
        self.report(&json!({ "kind": "probed", "facts": facts, "strategy": "chroma-key" }))
    }

    /// Says that everything was made. Nothing is.
    ///
    /// # Panics
    /// When the work names no outputs.
    pub fn complete(&self) -> Value {
        let prefix = self.work["objectPrefix"].as_str().unwrap();
        let outputs: Vec<shared::media::Output> = serde_json::from_value(self.work["outputs"].clone()).unwrap();
        let assets = outputs.iter().map(|output| {
            json!({
                "output": output, "objectKey": format!("{prefix}{}", output.file_name()), "sizeBytes": 12_345,
                "size": { "width": 320, "height": 180 }, "frameCount": 25, "durationMs": 1_000, "hasAudio": false,
            })
        });
        self.report(&json!({ "kind": "complete", "strategy": "chroma-key", "assets": assets.collect::<Vec<_>>() }))
    }

    /// Says that it cannot be done.
    pub fn fail(&self) -> Value {
        self.report(&json!({ "kind": "fail", "code": "source_not_video", "message": "Nothing to see." }))
    }
}

/// A call as a transcoder signs it.
fn call(stack: &Stack, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let timestamp_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let signed = signature::sign_call(stack.site().secrets.transcoder_secret.as_bytes(), timestamp_s, body.as_bytes());
    let timestamp = timestamp_s.to_string();
    let headers = [(signature::TIMESTAMP_HEADER, timestamp.as_str()), (signature::SIGNATURE_HEADER, signed.as_str())];
    let answer = Answer::read(send("POST", &format!("{}{path}", stack.base_url()), &headers, body.as_bytes())).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}
