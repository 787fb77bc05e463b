//! The account of `cargo x dev` and `cargo x demo`.

use std::fs;

use anyhow::{Context, Result};

use crate::stack::Stack;
use crate::stack::secrets::write_private;

/// The initial balance.
const CREDITS: u64 = 1_000;

/// Returns the key of the demo account; creates both on the first start.
pub fn ensure(stack: &Stack) -> Result<String> {
    let path = stack.state().join("demo-api-key");
    if let Ok(key) = fs::read_to_string(&path) {
        return Ok(key);
    }
    let admin = stack.admin();
    let account_id = admin.create_account("demo", CREDITS).context("the demo account cannot be created")?;
    let (_, key) = admin.create_key(&account_id, "demo").context("the demo account's key cannot be created")?;
    write_private(&path, &key)?;
    Ok(key)
}
