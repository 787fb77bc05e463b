//! The messages between a transcoder and the edge about one task: claims, reports and their
//! answers.
//!
//! Every message is versioned, signed (`signature`), and safe to send twice: a claim that was
//! granted, or a report from a lease that is over, changes nothing.

use serde::{Deserialize, Serialize};

use crate::code::JobErrorCode;
use crate::composition::Composition;
use crate::id::{JobId, LeaseId};
use crate::keying::KeySettings;
use crate::media::{MediaFacts, Output, PixelSize, Preset};
use crate::names;
use crate::portrait::Portrait;
use crate::price::Resolution;
use crate::qa::{PreviewAsset, QaReport};
use crate::source::Source;
use crate::source_alpha::SourceAlpha;
use crate::strategy::{Strategy, StrategyChoice, StrategyRequest};
use crate::time::UnixMillis;

/// Path at the edge where claims are posted.
pub const CLAIM_PATH: &str = "/internal/v1/tasks/claim";
/// Path at the edge where reports are posted.
pub const REPORT_PATH: &str = "/internal/v1/tasks/report";
/// Path at the edge where a transcoder asks whether its secret and its clock are accepted.
pub const CHECK_PATH: &str = "/internal/v1/fleet/check";

/// The edge's answer to a check of secret and clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckAnswer {
    /// The edge's clock.
    pub now_ms: UnixMillis,
}

/// A transcoder asks for the right to work on a run. Asked twice with one lease id, it is granted
/// once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// The job named by the task.
    pub job_id: JobId,
    /// The run named by the task.
    pub run: u32,
    /// Made by the transcoder for this claim; the id of the lease if it is granted.
    pub lease_id: LeaseId,
}

/// The edge's answer to a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase")]
pub enum ClaimAnswer {
    /// Granted: work while the lease is extended.
    Granted(Box<Work>),
    /// Do not work. The message may be acknowledged: if work is still needed, the sweep sends
    /// another.
    Refused {
        /// Why, for the log.
        reason: ClaimRefusal,
    },
}

/// Why a claim is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimRefusal {
    /// No such job, an old run, or a run that has ended.
    Over,
    /// Another transcoder holds the lease.
    Leased,
    /// This delivery would have been one attempt too many; the job has been failed and refunded.
    AttemptsExhausted,
}

/// Everything a transcoder needs for one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Work {
    /// The job.
    pub job_id: JobId,
    /// The run.
    pub run: u32,
    /// Counts from 1.
    pub attempt: u32,
    /// Names the lease in every report.
    pub lease_id: LeaseId,
    /// Time for which the lease is valid after a claim or an accepted report.
    /// Units: milliseconds. Send a heartbeat at least three times in it.
    pub lease_duration_ms: u64,
    /// Where the picture comes from.
    pub source: Source,
    /// The requested matte strategy.
    pub strategy: StrategyRequest,
    /// Which of the operator's matting models; the first that works where nothing is said.
    #[serde(default)]
    pub matting_model: Option<String>,
    /// A picture of the background without the subject.
    #[serde(default)]
    pub background: Option<Source>,
    /// The outputs to make, in the order requested; never empty.
    pub outputs: Vec<Output>,
    /// The encoder settings and sizes of the outputs.
    #[serde(default)]
    pub preset: Preset,
    /// Outputs are no larger than that.
    #[serde(default)]
    pub resolution: Option<Resolution>,
    /// Take more time for better edges.
    #[serde(default)]
    pub refine_edges: bool,
    /// Keying settings that override what is detected.
    #[serde(default)]
    pub key: KeySettings,
    /// How the colours of a source with alpha are stored.
    #[serde(default)]
    pub source_alpha: SourceAlpha,
    /// Background, canvas and placement of the subject.
    #[serde(default)]
    pub composition: Composition,
    /// The sound of a portrait, whose source is a picture. Strategy and keying settings are ignored
    /// then.
    #[serde(default)]
    pub portrait: Option<Portrait>,
    /// The caller's own name for the request, for the log.
    #[serde(default)]
    pub request_id: Option<String>,
    /// Prefix of the keys of all objects of this attempt; ends in `/`.
    pub object_prefix: String,
}

names! {
    /// Where an attempt is.
    AttemptStage {
        /// The source is being copied in.
        Fetching = "fetching",
        /// The source is being read for its facts.
        Probing = "probing",
        /// Frames are being decoded, keyed and encoded.
        Encoding = "encoding",
        /// Outputs are being decoded again and compared.
        Verifying = "verifying",
        /// Outputs are being copied out.
        Storing = "storing",
    }
}

names! {
    /// A failure around a task, as far as a transcoder can tell.
    MachineFault {
        /// ffmpeg or ffprobe does not start, or does not work on a file of our own either.
        ToolFailed = "tool_failed",
        /// A child was killed by the system, usually for want of memory.
        ToolKilled = "tool_killed",
        /// The scratch disk is full, or too small for this task.
        ScratchFull = "scratch_full",
        /// The scratch disk cannot be read or written.
        ScratchFailed = "scratch_failed",
        /// The bucket does not answer, or refuses the transcoder's keys.
        StorageUnreachable = "storage_unreachable",
        /// The edge does not answer, or refuses the transcoder's secret.
        EdgeUnreachable = "edge_unreachable",
        /// Something that the footage may have caused too, such as a child that stalls.
        Unclear = "unclear",
    }
}

impl MachineFault {
    /// True if the attempt counts. For every other fault the machine alone is to blame.
    #[must_use]
    pub const fn costs_attempt(self) -> bool {
        matches!(self, Self::Unclear)
    }
}

/// A transcoder's report about its attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum Report {
    /// First version.
    #[serde(rename_all = "camelCase")]
    ReportV1 {
        /// The job.
        job_id: JobId,
        /// The run.
        run: u32,
        /// The lease of the attempt.
        lease_id: LeaseId,
        /// The event.
        event: ReportEvent,
    },
}

/// An event of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReportEvent {
    /// Heartbeat with progress; extends the lease.
    Progress {
        /// Where the attempt is.
        stage: AttemptStage,
        /// Of the whole attempt, 0 to 100. The edge never lets it fall.
        progress_percent: u8,
    },
    /// The source has been read; the edge corrects the reserve. Extends the lease.
    Probed {
        /// The probed facts of the source.
        facts: MediaFacts,
        /// The strategy that was chosen; conversion and keying have different prices.
        strategy: Strategy,
        /// Why, and what else was considered.
        #[serde(default)]
        choice: Option<Box<StrategyChoice>>,
    },
    /// Every output is stored. Ends the run.
    Complete {
        /// The strategy by which the matte was made.
        strategy: Strategy,
        /// The outputs, in the order requested.
        assets: Vec<OutputAsset>,
        /// Previews, and the report as a file.
        #[serde(default)]
        previews: Vec<PreviewAsset>,
        /// Quality figures of the result.
        #[serde(default)]
        qa_report: Option<Box<QaReport>>,
    },
    /// The run cannot succeed, whoever tries. Ends the run, refunded.
    Fail {
        /// For programs.
        code: JobErrorCode,
        /// For people: one sentence, no internal text.
        message: String,
    },
    /// Handed back unfinished, because the transcoder stops: the attempt does not count.
    Release,
    /// Handed back unfinished, because something around the task failed. Whether the attempt counts
    /// depends on the fault; the edge bounds both numbers.
    GiveBack {
        /// What failed.
        fault: MachineFault,
    },
    /// Released by a light transcoder slot, because the footage needs a heavy strategy. The attempt
    /// does not count.
    Transfer,
}

/// One stored output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputAsset {
    /// The kind of the output.
    pub output: Output,
    /// Where it is.
    pub object_key: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its picture size.
    pub size: PixelSize,
    /// Frames decoded from it when it was verified.
    pub frame_count: u64,
    /// Its length.
    pub duration_ms: u64,
    /// Whether it carries sound.
    pub has_audio: bool,
}

/// The edge's answer to a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReportAnswer {
    /// Accepted; continue.
    Accepted {
        /// Until when the lease now lives.
        lease_expires_at_ms: UnixMillis,
    },
    /// Stop, remove what was made, acknowledge the message.
    Stop {
        /// Why, for the log.
        reason: StopReason,
    },
}

/// Why a transcoder must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The customer canceled or deleted the job.
    Canceled,
    /// The run has ended: this is a repeat, or the reserve could not be corrected.
    Over,
    /// The lease expired, or another transcoder holds the run.
    LeaseLost,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_no_claim() {
        let (job_id, lease_id) = (JobId::from_parts(UnixMillis::new(1), 1), LeaseId::from_parts(UnixMillis::new(1), 1));
        let report = Report::ReportV1 { job_id, run: 1, lease_id, event: ReportEvent::Release };
        assert!(serde_json::from_str::<Claim>(&serde_json::to_string(&report).unwrap()).is_err());
    }

    #[test]
    fn messages_of_an_older_neighbour_parse() {
        let complete: ReportEvent = serde_json::from_str(r#"{"kind":"complete","strategy":"chroma-key","assets":[]}"#).unwrap();
        assert!(matches!(complete, ReportEvent::Complete { previews, qa_report: None, .. } if previews.is_empty()));
        let work = r#"{"jobId":"job_01KAJ4A2G00000000000000000","run":1,"attempt":1,"leaseId":"lea_01KAJ4A2G00000000000000000",
            "leaseDurationMs":4000,"source":{"kind":"url","url":"u"},"strategy":"auto","outputs":["gif"],"objectPrefix":"a/"}"#;
        let work: Work = serde_json::from_str(work).unwrap();
        assert_eq!((work.preset, work.resolution, work.refine_edges), (Preset::WebApp, None, false));
    }

    #[test]
    fn the_wire_forms_are_as_documented() {
        let cases = [
            (
                serde_json::to_string(&ClaimAnswer::Refused { reason: ClaimRefusal::Leased }).unwrap(),
                r#"{"answer":"refused","reason":"leased"}"#,
            ),
            (
                serde_json::to_string(&ReportEvent::Progress { stage: AttemptStage::Encoding, progress_percent: 7 }).unwrap(),
                r#"{"kind":"progress","stage":"encoding","progressPercent":7}"#,
            ),
            (serde_json::to_string(&ReportEvent::Release).unwrap(), r#"{"kind":"release"}"#),
            (
                serde_json::to_string(&ReportEvent::GiveBack { fault: MachineFault::ScratchFull }).unwrap(),
                r#"{"kind":"giveBack","fault":"scratch_full"}"#,
            ),
            (
                serde_json::to_string(&Source::Object { object_key: "a/b".into(), size_bytes: 3 }).unwrap(),
                r#"{"kind":"object","objectKey":"a/b","sizeBytes":3}"#,
            ),
            (
                serde_json::to_string(&ReportAnswer::Accepted { lease_expires_at_ms: UnixMillis::new(9) }).unwrap(),
                r#"{"answer":"accepted","leaseExpiresAtMs":9}"#,
            ),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
    }
}
