//! The VidGen API's policy for its jobs.

use crate::domain::dialect::DialectPolicy;

pub const POLICY: DialectPolicy =
    DialectPolicy { name: "vidgen", notifies_start: false, notifies_cancellation: false, is_only_active_job: true };
