//! The Unscreen API's policy for its jobs.

use crate::domain::dialect::DialectPolicy;

pub const POLICY: DialectPolicy =
    DialectPolicy { name: "unscreen", notifies_start: true, notifies_cancellation: true, is_only_active_job: false };
