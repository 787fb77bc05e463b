//! The ports other than the database, on the types of the Workers runtime.

pub mod bindings;
pub mod clock;
pub mod exchange;
pub mod http;
pub mod log;
pub mod queue;
pub mod r2;
pub mod rate_limiter;
