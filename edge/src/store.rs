//! The stores: SQL files, run against D1 in production and against SQLite in host tests. They never decide.

pub mod account;
pub mod database;
pub mod delivery;
mod generation;
pub mod idempotency;
pub mod job;
mod model;
mod row;
pub mod upload;

#[cfg(test)]
pub mod sqlite;
#[cfg(test)]
mod tests;

/// Implements the store ports over a database.
pub struct Store<D>(pub D);
