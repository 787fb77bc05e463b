//! Work that blocks or computes, off the threads of the async runtime.

use shared::code::JobErrorCode;
use tokio::task::spawn_blocking;

use crate::error::{TaskError, TaskResult};

/// The result of the work. Errors: `internal` when it panics.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> TaskResult<T> {
    spawn_blocking(work).await.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))
}
