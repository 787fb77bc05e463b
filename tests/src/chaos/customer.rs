//! An account of a run, and what its clients know of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use serde_json::json;

use crate::stack::Stack;
use crate::test_account::TestAccount;
use fastrand::Rng;

/// An account.
pub struct Customer {
    pub account: TestAccount,
    known: Mutex<Known>,
}

/// What the clients of an account know of it.
#[derive(Default)]
pub struct Known {
    /// Keys that work with jobs; the first is never revoked.
    pub keys: Vec<KnownKey>,
    /// Jobs that were created, deleted ones too.
    pub jobs: Vec<KnownJob>,
    /// `fileUrl`s of uploaded clips. Their uploads may be removed since.
    pub files: Vec<String>,
    pub granted_credits: u64,
    /// `Idempotency-Key`s so far.
    pub requests: u32,
}

/// A key of an account.
#[derive(Debug, Clone)]
pub struct KnownKey {
    pub id: String,
    pub key: String,
}

/// A job of an account.
#[derive(Debug, Clone)]
pub struct KnownJob {
    pub id: String,
    /// Whether its source is a clip that can be keyed.
    pub is_good: bool,
    pub is_deleted: bool,
}

impl Customer {
    /// Creates an account with some credits, and keys with and without a quota.
    pub fn create(stack: &Stack, random: &mut Rng) -> Result<Self> {
        let credits = [5, 50, 300, 2_000][random.usize(..4)];
        let account = TestAccount::create(stack, credits)?;
        let mut keys = vec![KnownKey { id: account.key_id.clone(), key: account.key.clone() }];
        for quota in [10, 60] {
            let body = json!({ "label": "quota", "monthlyQuotaCredits": quota });
            let answer = account.api.post("/v1/keys", &body)?;
            keys.push(KnownKey::read(&answer.body["data"]).with_context(|| format!("no key: {}", answer.body))?);
        }
        let known = Known { keys, granted_credits: credits, ..Known::default() };
        Ok(Self { account, known: Mutex::new(known) })
    }

    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownKey {
    pub fn read(data: &serde_json::Value) -> Option<Self> {
        Some(Self { id: data["id"].as_str()?.to_owned(), key: data["key"].as_str()?.to_owned() })
    }
}
