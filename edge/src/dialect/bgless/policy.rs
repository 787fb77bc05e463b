//! The bgless API's policy for its jobs.

use crate::domain::dialect::DialectPolicy;

pub const POLICY: DialectPolicy =
    DialectPolicy { name: "bgless", notifies_start: false, notifies_cancellation: true, is_only_active_job: false };
