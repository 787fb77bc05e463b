//! The use cases: one file per operation, or per group of related operations. They use ports, never
//! a platform.

pub mod admit_portrait;
pub mod advance_generation;
pub mod apply_report;
pub mod authenticate;
pub mod cancel_job;
pub mod claim_task;
pub mod create_portrait;
pub mod create_upload;
pub mod delete_job;
pub mod deliver_event;
pub mod download_output;
pub mod estimate_job;
pub mod fail_dead_letter;
pub mod fail_unleased_job;
pub mod find_source;
pub mod get_job;
pub mod give_back_task;
pub mod handle_provider_callback;
pub mod idempotency;
pub mod list_deliveries;
pub mod list_jobs;
pub mod list_models;
pub mod manage_accounts;
pub mod manage_keys;
pub mod manage_webhook_secret;
pub mod open_file;
pub mod open_share;
pub mod pending_rate_limit;
pub mod ports;
pub mod queue_delivery;
pub mod queue_task;
pub mod read_credits;
pub mod record_key_use;
pub mod record_matting_models;
pub mod remove_job_objects;
pub mod start_job;
pub mod store_file;
pub mod submit_job;
pub mod sweep;
pub mod wait_for_job;

#[cfg(test)]
mod fakes;
#[cfg(test)]
mod tests;
