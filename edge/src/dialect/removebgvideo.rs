//! The RemoveBGVideo API. It shares `/v1/jobs` and `/v1/uploads` with bgless
//! (`dialect::shared_paths`), and with them the error body. Every choice stands in
//! `docs/removebgvideo.md`.

pub mod jobs;
mod map;
mod policy;
pub mod uploads;
mod usage;
mod webhook;
pub mod wire;

use crate::server::routes::{Routes, routes};

use super::spec::DialectSpec;
use crate::server::write_json;

pub static DIALECT: DialectSpec = DialectSpec {
    policy: policy::POLICY,
    mounts: &[],
    event_body: |ports, delivery, job| write_json(&map::event_out(ports, delivery, job)),
    event_headers: webhook::headers,
};

/// Relative to `/v1/jobs`.
pub fn job_routes() -> Routes {
    Routes::default().routes(routes!(jobs::post_start))
}

/// Relative to `/v1`.
pub fn account_routes() -> Routes {
    Routes::default().routes(routes!(usage::get_summary)).routes(routes!(usage::get_events))
}
