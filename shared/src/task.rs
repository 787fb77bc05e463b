//! The messages of the transcode queues.
//!
//! A task only wakes a transcoder: it names the run and nothing else. What to do comes with the
//! lease (`report::Work`), so a message holds no secret, no signed URL and nothing that can go
//! stale.

use serde::{Deserialize, Serialize};

use crate::id::JobId;
use crate::names;

names! {
    /// The queue of a task. Each has its own slots, so that neither kind of work starves the other.
    Pool {
        /// Conversion and keying: done at about the speed at which ffmpeg encodes.
        Light = "light",
        /// Matting models and cameras that stand still: many times slower.
        Heavy = "heavy",
    }
}

/// A message on the transcode queue.
/// Shape: `{"version":"TranscodeV1","jobId":"job_…","run":1}`. Messages of older versions must keep
/// parsing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum TranscodeTask {
    /// Work on one run of one job.
    #[serde(rename_all = "camelCase")]
    TranscodeV1 {
        /// The job.
        job_id: JobId,
        /// Which start of the job; reports of an older run change nothing.
        run: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yesterdays_task_still_parses() {
        let text = r#"{"version":"TranscodeV1","jobId":"job_01KAJ4A2G00000000000000000","run":2}"#;
        let task: TranscodeTask = serde_json::from_str(text).unwrap();
        let TranscodeTask::TranscodeV1 { run, .. } = &task;
        assert_eq!(*run, 2);
        assert_eq!(serde_json::to_string(&task).unwrap(), text);
    }
}
