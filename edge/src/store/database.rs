//! One call runs a batch of statements in one transaction and one round trip. D1 offers nothing
//! finer, and nothing finer is needed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::de::DeserializeOwned;
use worker::wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement, D1Result};

use crate::app::pending_rate_limit::PendingRateLimit;
use crate::domain::error::Error;

/// A database that runs batches.
pub trait Database {
    type Rows: Rows;

    /// Runs all statements or none, in order; answers in the same order.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Self::Rows>, Error>;
}

/// The rows of one statement.
pub trait Rows {
    fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error>;
}

/// A statement from a file, with its parameters.
pub struct Statement {
    pub sql: &'static str,
    pub params: Vec<Param>,
}

impl Statement {
    /// Its text without the header comment.
    fn body(&self) -> &'static str {
        let mut body = self.sql;
        while let Some((_, rest)) = body.split_once('\n').filter(|(line, _)| line.starts_with("--")) {
            body = rest;
        }
        body
    }

    /// Whether it is a SELECT.
    fn only_reads(&self) -> bool {
        self.body().starts_with("SELECT ")
    }
}

/// A parameter. Numbers travel as floats: D1 refuses `BigInt`, and all of ours are below 2^53.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    Text(String),
    Number(f64),
    Null,
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Param {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<u64> for Param {
    #[expect(clippy::cast_precision_loss, reason = "instants and credits are below 2^53")]
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<shared::time::UnixMillis> for Param {
    fn from(at: shared::time::UnixMillis) -> Self {
        at.as_u64().into()
    }
}

/// Names a statement by its file in `store/sql/`, and gives it its parameters.
macro_rules! statement {
    ($name:ident $(, $param:expr)* $(,)?) => {
        $crate::store::database::Statement {
            sql: include_str!(concat!("sql/", stringify!($name), ".sql")),
            params: vec![$($crate::store::database::Param::from($param)),*],
        }
    };
}
pub(crate) use statement;

/// D1, counting its round trips. Writes wait until the request is known to be within the rate
/// limits; reads do not.
pub struct D1 {
    pub database: &'static D1Database,
    pub round_trips: AtomicU32,
    /// Empty where no client is counted.
    pub rate_limit: OnceLock<PendingRateLimit>,
}

impl D1 {
    /// Errors: `RateLimited`.
    pub async fn wait_for_rate_limit(&self) -> Result<(), Error> {
        match self.rate_limit.get() {
            Some(rate_limit) => rate_limit.wait().await,
            None => Ok(()),
        }
    }

    /// Prepares a statement once per isolate: its text is long, and copied whenever the runtime is
    /// given it.
    fn prepare(&self, statement: &Statement) -> D1PreparedStatement {
        thread_local! {
            /// By the address of the SQL text, which is static.
            static PREPARED: RefCell<HashMap<*const u8, D1PreparedStatement>> = RefCell::default();
        }
        PREPARED.with_borrow_mut(|prepared| {
            prepared.entry(statement.sql.as_ptr()).or_insert_with(|| self.database.prepare(statement.body())).clone()
        })
    }
}

impl Database for D1 {
    type Rows = D1Result;

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<D1Result>, Error> {
        if !statements.iter().all(Statement::only_reads) {
            self.wait_for_rate_limit().await?;
        }
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let prepared = statements.into_iter().map(|statement| {
            let params: Vec<JsValue> = statement.params.iter().map(JsValue::from).collect();
            self.prepare(&statement).bind(&params)
        });
        let prepared = prepared.collect::<Result<Vec<_>, _>>().map_err(internal)?;
        self.database.batch(prepared).await.map_err(internal)
    }
}

impl Rows for D1Result {
    fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        self.results().map_err(internal)
    }
}

impl From<&Param> for JsValue {
    fn from(param: &Param) -> Self {
        match param {
            Param::Text(text) => Self::from_str(text),
            Param::Number(number) => Self::from_f64(*number),
            Param::Null => Self::NULL,
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn internal(error: worker::Error) -> Error {
    Error::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn statements_that_write_are_recognized() {
        assert!(statement!(find_job, "job_1").only_reads());
        assert!(statement!(get_spending_limit_of_key, "hash", "2026-11").only_reads());
        for writes in [statement!(create_settle_entry, "l", "j", 1_u32, 1_u64), statement!(revoke_api_key, "k", 1_u64)] {
            assert!(!writes.only_reads(), "{}", writes.sql);
        }
    }
}
