//! What a composed subject is shown in.

use serde::{Deserialize, Serialize};

use crate::keying::ScreenColor;

/// What stands around and behind the subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scene {
    /// Fills what is clear; none leaves it clear.
    pub background: Option<ScreenColor>,
}
