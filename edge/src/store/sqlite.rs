//! The same SQL on in-memory SQLite, with the real migrations and D1's habit of binding every
//! number as a float.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;

use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, ToSql};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::database::{Database, Param, Rows, Statement};
use crate::domain::error::Error;

/// When a batch is to fail, counted in batches from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was written.
    BeforeTheWrite,
    /// All was written, but the caller gets an error.
    AfterTheWrite,
}

/// An in-memory database, migrated.
pub struct Sqlite {
    connection: RefCell<Connection>,
    fault: Cell<Option<Fault>>,
}

impl Sqlite {
    pub fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "foreign_keys", "on").unwrap();
        for migration in files("../migrations/d1", "sql") {
            connection.execute_batch(&fs::read_to_string(migration).unwrap()).unwrap();
        }
        Self { connection: RefCell::new(connection), fault: Cell::new(None) }
    }

    /// The next batch fails; the one after it works again.
    pub fn fail_next(&self, fault: Fault) {
        self.fault.set(Some(fault));
    }

    /// Compiles a statement without running it.
    pub fn prepare(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.borrow().prepare(sql).map(|_| ())
    }

    /// SQLite's query plan for a statement, one line per step. Unbound parameters are NULL, which
    /// changes no plan.
    pub fn explain(&self, sql: &str) -> Vec<String> {
        let connection = self.connection.borrow();
        // The plan names a scan of each child table for foreign keys, which runs only while one of
        // them is violated.
        connection.pragma_update(None, "foreign_keys", "off").unwrap();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = plan.raw_query().mapped(|row| row.get("detail")).collect::<rusqlite::Result<_>>();
        steps.unwrap()
    }

    /// Runs a query of the test's own that answers one number.
    pub fn number(&self, sql: &str) -> i64 {
        self.connection.borrow().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Runs a query of the test's own that answers one text.
    pub fn text(&self, sql: &str) -> String {
        self.connection.borrow().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Runs a statement of the test's own.
    pub fn execute(&self, sql: &str) -> rusqlite::Result<usize> {
        self.connection.borrow().execute(sql, [])
    }
}

/// The files of a folder of this repository, in the order of their names.
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    assert!(!files.is_empty());
    files
}

impl Database for Sqlite {
    type Rows = JsonRows;

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<JsonRows>, Error> {
        let fault = self.fault.take();
        if fault == Some(Fault::BeforeTheWrite) {
            return Err(Error::Internal("injected before the write".into()));
        }
        let mut connection = self.connection.borrow_mut();
        let transaction = connection.transaction().map_err(internal)?;
        let rows = statements.iter().map(|statement| run(&transaction, statement)).collect::<rusqlite::Result<Vec<_>>>();
        let rows = rows.map_err(internal)?;
        transaction.commit().map_err(internal)?;
        if fault == Some(Fault::AfterTheWrite) {
            return Err(Error::Internal("injected after the write".into()));
        }
        Ok(rows)
    }
}

/// Rows as JSON objects.
pub struct JsonRows(Vec<Value>);

impl Rows for JsonRows {
    fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        self.0.iter().map(|row| serde_json::from_value(row.clone()).map_err(|error| Error::Internal(error.to_string()))).collect()
    }
}

fn run(connection: &Connection, statement: &Statement) -> rusqlite::Result<JsonRows> {
    let mut prepared = connection.prepare_cached(statement.sql)?;
    let params: Vec<&dyn ToSql> = statement
        .params
        .iter()
        .map(|param| match param {
            Param::Text(text) => text as &dyn ToSql,
            Param::Number(number) => number as &dyn ToSql,
            Param::Null => &Null as &dyn ToSql,
        })
        .collect();
    let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let mut rows = prepared.query(params.as_slice())?;
    let mut read = Vec::new();
    while let Some(row) = rows.next()? {
        let columns = names.iter().enumerate().map(|(index, name)| {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => json!(number),
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
                ValueRef::Blob(_) => panic!("no table has blobs"),
            };
            Ok((name.clone(), value))
        });
        read.push(Value::Object(columns.collect::<rusqlite::Result<Map<_, _>>>()?));
    }
    Ok(JsonRows(read))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn internal(error: rusqlite::Error) -> Error {
    Error::Internal(error.to_string())
}
