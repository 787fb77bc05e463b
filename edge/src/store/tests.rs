//! The SQL files against the migrations.

use std::fs;

use super::sqlite::{Sqlite, files};

#[test]
fn every_statement_fits_the_migrations() {
    let sqlite = Sqlite::new();
    for file in files("src/store/sql", "sql") {
        let sql = fs::read_to_string(&file).unwrap();
        sqlite.prepare(&sql).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

#[test]
fn every_statement_is_named_by_its_header_and_run_by_a_store() {
    let stores: Vec<_> = files("src/store", "rs").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let stores = stores.concat();
    for file in files("src/store/sql", "sql") {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let sql = fs::read_to_string(&file).unwrap();
        assert!(sql.starts_with(&format!("-- {name}: ")), "{name}");
        let calls = stores
            .split("statement!(")
            .skip(1)
            .filter(|call| call.trim_start().strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with([',', ')'])));
        assert!(calls.count() > 0, "{name} is run by nobody");
    }
}

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let sqlite = Sqlite::new();
    for file in files("src/store/sql", "sql") {
        for step in sqlite.explain(&fs::read_to_string(&file).unwrap()) {
            // A scan reads a whole table or a whole index: it costs more with every job that ever
            // was. `json_each` reads a parameter.
            let is_parameter = step.contains("VIRTUAL TABLE");
            assert!(!step.starts_with("SCAN") || is_parameter, "{}: {step}", file.display());
            assert!(!step.contains("TEMP B-TREE"), "{}: {step}", file.display());
        }
    }
}

#[test]
fn a_list_of_states_reads_those_states_alone() {
    let plan = Sqlite::new().explain(&fs::read_to_string("src/store/sql/list_jobs_of_key_in_states.sql").unwrap()).join("\n");
    assert_eq!(plan.matches("jobs_by_account_and_state (account_id=? AND state=? AND id<?)").count(), 4, "{plan}");
}

#[test]
fn a_ledger_entry_is_forever() {
    let sqlite = Sqlite::new();
    sqlite.execute("INSERT INTO accounts (id, name, created_at_ms) VALUES ('a', 'a', 1)").unwrap();
    let grant = |id: &str, amount: i64| {
        sqlite.execute(&format!(
            "INSERT INTO ledger_entries (id, account_id, kind, amount_credits, created_at_ms) VALUES ('{id}', 'a', 'grant', {amount}, 1)"
        ))
    };
    grant("l1", 5).unwrap();
    assert_eq!(sqlite.number("SELECT balance_credits FROM accounts"), 5);
    for forbidden in ["UPDATE ledger_entries SET amount_credits = 6", "DELETE FROM ledger_entries"] {
        let error = sqlite.execute(forbidden).unwrap_err().to_string();
        assert!(error.contains("immutable"), "{error}");
    }
    let error = grant("l2", -6).unwrap_err().to_string();
    assert!(error.contains("balance_is_never_negative"), "{error}");
    assert_eq!(sqlite.number("SELECT balance_credits FROM accounts"), 5);
}
