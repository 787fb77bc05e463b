//! The Unscreen API's policy for its jobs.

use crate::domain::dialect::{Dialect, DialectPolicy};

pub const POLICY: DialectPolicy =
    DialectPolicy { dialect: Dialect::Unscreen, notifies_start: true, notifies_cancellation: true, is_only_active_job: false };
