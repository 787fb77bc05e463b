//! `serve`: a member of the fleet. The only part that uses the network.

pub mod backoff;
pub mod config;
pub mod edge_client;
pub mod health;
pub mod lease;
pub mod member;
pub mod objects;
pub mod pump;
pub mod queue;
pub mod self_test;
pub mod serve;
pub mod source;
pub mod task;
