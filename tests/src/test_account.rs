//! An account for each test, so that tests that share a stack do not interfere.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::client::{Admin, Api, Job};
use crate::stack::Stack;

/// The longest that a job on a short clip may take on a slow machine.
const DEADLINE: Duration = Duration::from_mins(4);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// An account with credits and a key.
#[derive(Debug, Clone)]
pub struct TestAccount {
    /// The account's id.
    pub id: String,
    /// The key's id.
    pub key_id: String,
    /// The key.
    pub key: String,
    /// A client with the key.
    pub api: Api,
    /// A client with the operator's token, for what an account cannot read.
    pub admin: Admin,
}

impl TestAccount {
    /// Creates an account with a balance and a key.
    pub fn create(stack: &Stack, credits: u64) -> Result<Self> {
        let admin = stack.admin();
        let id = admin.create_account("test", credits)?;
        let (key_id, key) = admin.create_key(&id, "test")?;
        Ok(Self { api: stack.api(&key), id, key_id, key, admin })
    }

    /// The balance. Errors: when it is not the sum of the ledger.
    pub fn balance(&self) -> Result<u64> {
        let account = self.admin.get_account(&self.id)?;
        ensure!(account["balanceCredits"] == account["ledgerCredits"], "balance and ledger differ: {account}");
        account["balanceCredits"].as_u64().context("no balance")
    }

    /// Uploads a file and creates a job with it.
    pub fn submit_file(&self, path: &Path, content_type: &str, outputs: &[&str]) -> Result<Job> {
        let url = self.api.upload_file(path, content_type)?;
        self.submit(&json!({ "input": { "mode": "video", "videoUrl": url }, "options": { "outputs": outputs } }))
    }

    /// Creates a job of any kind.
    pub fn submit(&self, body: &Value) -> Result<Job> {
        let mut answer = self.api.post("/v1/jobs", body)?;
        ensure!(answer.status == 202, "{}: {}", answer.status, answer.body);
        Ok(serde_json::from_value(answer.body["data"].take())?)
    }

    /// Polls a job until its state is final.
    pub fn wait_for_end(&self, job_id: &str) -> Result<Job> {
        self.wait_until(job_id, "over", Job::is_over)
    }

    /// Polls a job until `holds` is true of it.
    pub fn wait_until(&self, job_id: &str, what: &str, holds: impl Fn(&Job) -> bool) -> Result<Job> {
        wait_for(what, || {
            let job = self.api.get_job(job_id)?;
            Ok(holds(&job).then_some(job))
        })
    }
}

/// Calls `attempt` until it returns a value, within a generous time limit.
pub fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = attempt()? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "not {what} within {} s", DEADLINE.as_secs());
        thread::sleep(POLL_INTERVAL);
    }
}
