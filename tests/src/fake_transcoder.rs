//! Sends a transcoder's signed calls without decoding a frame: claims a job and reports progress,
//! success or failure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
#![expect(clippy::must_use_candidate, reason = "the calls have effects")]

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use shared::id::LeaseId;
use shared::report::{CLAIM_PATH, REPORT_PATH};
use shared::signature;
use shared::time::UnixMillis;

use crate::http::Answer;
use crate::raw_http::send;
use crate::stack::Stack;

/// A lease on a run of a job.
#[derive(Debug)]
pub struct Lease<'a> {
    stack: &'a Stack,
    job_id: String,
    /// The work that the edge sent.
    pub work: Value,
}

impl<'a> Lease<'a> {
    /// Claims the first run of a job.
    ///
    /// # Panics
    /// When the edge does not grant the lease.
    #[must_use]
    pub fn claim(stack: &'a Stack, job_id: &str) -> Self {
        Self::claim_run(stack, job_id, 1)
    }

    /// Claims a run of a job.
    ///
    /// # Panics
    /// When the edge does not grant the lease.
    #[must_use]
    pub fn claim_run(stack: &'a Stack, job_id: &str, run: u32) -> Self {
        let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let lease_id = LeaseId::from_parts(UnixMillis::new(now_ms), u128::from(run));
        let work = call(stack, CLAIM_PATH, &json!({ "jobId": job_id, "run": run, "leaseId": lease_id }));
        assert_eq!(work["answer"], "granted", "{work}");
        Self { stack, job_id: job_id.to_owned(), work }
    }

    /// Reports an event; returns the response.
    ///
    /// # Panics
    /// When the response is an error.
    pub fn report(&self, event: &Value) -> Value {
        let (run, lease_id) = (&self.work["run"], &self.work["leaseId"]);
        let report = json!({ "version": "ReportV1", "jobId": self.job_id, "run": run, "leaseId": lease_id, "event": event });
        call(self.stack, REPORT_PATH, &report)
    }

    /// Reports the probed facts of a source of this duration.
    pub fn report_probed(&self, duration_ms: u64) -> Value {
        let facts = json!({
            "container": "mov,mp4,m4a,3gp,3g2,mj2", "videoCodec": "h264", "pixelFormat": "yuv420p",
            "size": { "width": 320, "height": 180 }, "frameRate": { "numerator": 25, "denominator": 1 },
            "durationMs": duration_ms, "hasAlpha": false, "hasAudio": true,
        });
        self.report(&json!({ "kind": "probed", "facts": facts, "strategy": "chroma-key" }))
    }

    /// Reports success, with assets that do not exist.
    ///
    /// # Panics
    /// When the work has no outputs.
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

    /// Reports a permanent failure.
    pub fn fail(&self) -> Value {
        self.report(&json!({ "kind": "fail", "code": "source_not_video", "message": "Nothing to see." }))
    }
}

/// A signed call.
fn call(stack: &Stack, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let timestamp_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let signed = signature::sign_call(stack.config().secrets.transcoder_secret.as_bytes(), timestamp_s, body.as_bytes());
    let timestamp = timestamp_s.to_string();
    let headers = [(signature::TIMESTAMP_HEADER, timestamp.as_str()), (signature::SIGNATURE_HEADER, signed.as_str())];
    let answer = Answer::read(send("POST", &format!("{}{path}", stack.base_url()), &headers, body.as_bytes())).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}
