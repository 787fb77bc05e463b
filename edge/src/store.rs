//! The stores: SQL files, run against D1 in production and SQLite in host tests. They hold no
//! rules.

pub mod account;
pub mod database;
pub mod delivery;
mod generation;
pub mod idempotency;
pub mod job;
mod lease;
mod model;
pub mod row;
mod sweep;
pub mod upload;

#[cfg(test)]
pub mod sqlite;
#[cfg(test)]
mod tests;

use self::database::{Database, Statement};
use crate::domain::error::Error;

/// Implements the store ports over a database.
pub struct Store<D>(pub D);

impl<D: Database> Store<D> {
    /// Runs a batch of known length.
    async fn run<const N: usize>(&self, statements: [Statement; N]) -> Result<[D::Rows; N], Error> {
        let rows = self.0.batch(statements.into()).await?;
        rows.try_into().map_err(|_| Error::Internal("a batch answered with another number of results".into()))
    }
}
