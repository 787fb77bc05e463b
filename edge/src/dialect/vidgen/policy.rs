//! The VidGen API's policy for its jobs.

use crate::domain::dialect::{Dialect, DialectPolicy};

pub const POLICY: DialectPolicy =
    DialectPolicy { dialect: Dialect::Vidgen, notifies_start: false, notifies_cancellation: false, is_only_active_job: true };
