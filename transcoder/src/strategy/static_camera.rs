//! Whether the camera stands still and the background can be told from the subject.

use super::{Footage, Verdict};
use crate::error::TaskResult;

/// Looks.
pub async fn look(footage: &Footage<'_>) -> TaskResult<Verdict> {
    // Read all the same, so that a picture that cannot be used is named as that.
    footage.background(footage.samples.size).await?;
    Ok(Verdict::unfit("This version cannot yet tell a subject from a background that stands still."))
}
