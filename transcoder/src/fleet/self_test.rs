//! The self-test of a member: everything that a task needs is tried once, on inputs of our own.
//! What fails is the machine's fault, whatever the next job looks like.

mod tools;

use std::sync::Arc;
use std::time::Duration;

use shared::signature::CLOCK_SKEW_S_MAX;
use tokio::time::timeout;

pub use tools::ToolTest;

use crate::fleet::edge_client::{CallError, EdgeClient};
use crate::fleet::member::{Problem, ProblemCode, SelfTest};
use crate::fleet::objects::{BucketError, Objects};

/// Most that this machine's clock may differ from the edge's: half of what the edge accepts, so
/// that a clock that drifts is found before calls are refused.
/// Units: seconds.
const SKEW_S_MAX: u64 = CLOCK_SKEW_S_MAX / 2;
/// Time limit of the bucket's part.
/// Units: seconds.
const BUCKET_S_MAX: u64 = 30;

/// The real self-test.
#[derive(Debug)]
pub struct MachineTest {
    /// ffmpeg, ffprobe, confinement and scratch.
    pub tools: Arc<ToolTest>,
    /// The bucket.
    pub objects: Objects,
    /// The edge.
    pub edge: EdgeClient,
}

impl SelfTest for MachineTest {
    async fn run(&self) -> Vec<Problem> {
        let (tools, bucket, edge) = tokio::join!(self.tools.run(), self.check_bucket(), self.check_edge());
        tools.into_iter().chain(bucket).chain(edge).collect()
    }
}

impl MachineTest {
    async fn check_bucket(&self) -> Option<Problem> {
        let checked = timeout(Duration::from_secs(BUCKET_S_MAX), self.objects.check()).await;
        let away = || BucketError::Away(format!("no answer within {BUCKET_S_MAX} s"));
        let error = checked.unwrap_or_else(|_| Err(away())).err()?;
        let code = match error {
            BucketError::Away(_) => ProblemCode::StorageUnreachable,
            BucketError::Refused(_) | BucketError::Task(_) => ProblemCode::StorageRefused,
        };
        Some(Problem::new(code, error.to_string()))
    }

    async fn check_edge(&self) -> Option<Problem> {
        let checked = self.edge.check().await;
        let skew_s = self.edge.skew_s();
        if skew_s.unsigned_abs() > SKEW_S_MAX {
            let direction = if skew_s > 0 { "behind" } else { "ahead of" };
            let message = format!("this machine's clock is {} s {direction} the edge's", skew_s.unsigned_abs());
            return Some(Problem::new(ProblemCode::ClockOff, message));
        }
        let error = checked.err()?;
        let code = match error {
            CallError::Unanswered(_) | CallError::Refused(_) => ProblemCode::EdgeUnreachable,
            CallError::Forbidden(_) => ProblemCode::SecretRefused,
        };
        Some(Problem::new(code, error.to_string()))
    }
}
