//! Progress of an attempt: one percentage for all of it, from the progress of each stage.

use shared::report::AttemptStage;
use tokio::sync::watch;

/// Progress of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The current stage.
    pub stage: AttemptStage,
    /// Of the whole attempt, 0 to 100.
    pub percent: u8,
    /// Units of the stage that are done: frames, bytes.
    pub done: u64,
    /// All units of the stage.
    pub total: u64,
}

/// The writing end of the progress; stages hold it, reporters hold the reading end.
#[derive(Debug, Clone)]
pub struct ProgressSink(watch::Sender<Progress>);

impl ProgressSink {
    /// A sink at 0 %, and its reading end.
    pub fn new() -> (Self, watch::Receiver<Progress>) {
        let (sender, receiver) = watch::channel(Progress { stage: AttemptStage::Fetching, percent: 0, done: 0, total: 1 });
        (Self(sender), receiver)
    }

    /// Notes that `done` of `total` of a stage is done. Wakes readers only when stage or percent
    /// change.
    pub fn set(&self, stage: AttemptStage, done: u64, total: u64) {
        let next = Progress { stage, percent: percent(stage, done, total), done, total };
        self.0.send_if_modified(|progress| {
            let before = std::mem::replace(progress, next);
            (before.stage, before.percent) != (next.stage, next.percent)
        });
    }
}

/// Each stage's share of the typical attempt; encoding is nearly all of it.
fn percent(stage: AttemptStage, done: u64, total: u64) -> u8 {
    let (from, to) = match stage {
        AttemptStage::Fetching => (0, 8),
        AttemptStage::Probing => (8, 10),
        AttemptStage::Encoding => (10, 85),
        AttemptStage::Verifying => (85, 94),
        AttemptStage::Storing => (94, 99),
    };
    let total = total.max(1);
    let inside = (to - from) * done.min(total) / total;
    u8::try_from(from + inside).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_follow_each_other_without_a_gap_and_never_reach_100() {
        let stages = [
            AttemptStage::Fetching,
            AttemptStage::Probing,
            AttemptStage::Encoding,
            AttemptStage::Verifying,
            AttemptStage::Storing,
        ];
        for pair in stages.windows(2) {
            assert_eq!(percent(pair[0], 9, 9), percent(pair[1], 0, 9));
        }
        assert_eq!(percent(AttemptStage::Encoding, 1, 2), 47);
        assert_eq!(percent(AttemptStage::Encoding, 5, 0), 85);
        assert_eq!(percent(AttemptStage::Storing, 7, 7), 99);
    }
}
