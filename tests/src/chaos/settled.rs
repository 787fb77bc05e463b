//! Waits for all work to end, then checks jobs, ledger, quotas and balances against each other.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::ChaosReport;
use super::customer::Customer;
use crate::interrupt;
use crate::stack::Stack;
use crate::test_account::wait_for;

/// The longest time without a job that ends.
const STUCK_AFTER: Duration = Duration::from_mins(3);
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Failures that a good clip may have here: its account is poor, or its transcoders were killed.
const RIGHT_FAILURES: [&str; 3] = ["insufficient_credits", "quota_exceeded", "attempts_exhausted"];

/// Waits until no job is at work, the queue is empty and every webhook was delivered or given up.
/// Errors: when nothing moves for too long.
pub fn wait_until_settled(stack: &Stack, customers: &[Customer]) -> Result<()> {
    let mut least = usize::MAX;
    let mut moved_at = Instant::now();
    loop {
        interrupt::check()?;
        stack.trigger_cron()?;
        let mut open = 0;
        for customer in customers {
            open += open_jobs(customer)?.len();
        }
        open += stack.gateway().messages()?.len();
        if open == 0 {
            break;
        }
        if open < least {
            (least, moved_at) = (open, Instant::now());
        }
        if moved_at.elapsed() > STUCK_AFTER {
            let open: Vec<_> = customers.iter().map(open_jobs).collect::<Result<_>>()?;
            bail!("stuck: {open:?}, messages {:?}", stack.gateway().messages()?);
        }
        thread::sleep(POLL_INTERVAL);
    }
    let dead = stack.gateway().dead_letters()?;
    ensure!(dead.is_empty(), "dead letters: {dead:?}");
    customers.iter().try_for_each(|customer| wait_for_webhooks(stack, customer))
}

/// The jobs of an account that are neither over nor drafts, with their states.
fn open_jobs(customer: &Customer) -> Result<Vec<(String, String)>> {
    let jobs = all_pages(customer, "/api/v1/jobs")?;
    let open = jobs.iter().filter(|job| {
        let is_over = ["success", "failed", "canceled"].iter().any(|state| job["status"] == *state);
        // A draft is queued in the words of this API, and costs nothing.
        !is_over && job["credits"] != 0
    });
    Ok(open.map(|job| (text(job, "id"), text(job, "status"))).collect())
}

fn wait_for_webhooks(stack: &Stack, customer: &Customer) -> Result<()> {
    for job in all_pages(customer, "/api/v1/jobs")? {
        let path = format!("/v1/jobs/{}/deliveries", text(&job, "id"));
        wait_for("webhooks delivered or given up", || {
            stack.trigger_cron()?;
            let answer = customer.account.api.get(&path)?;
            let deliveries = answer.body["data"].as_array().with_context(|| format!("{path}: {}", answer.body))?;
            Ok(deliveries.iter().all(|delivery| delivery["status"] != "pending").then_some(()))
        })?;
    }
    Ok(())
}

/// The entries of one job.
#[derive(Debug, Default)]
struct JobEntries {
    reserves: u32,
    settles: u32,
    refunds: u32,
    sum_credits: i64,
}

/// Checks an account's balance, ledger, quotas and jobs against each other.
pub fn check_account(customer: &Customer, report: &mut ChaosReport) -> Result<()> {
    let balance = i64::try_from(customer.account.balance()?)?;
    let mut granted_credits = 0;
    let mut by_job: BTreeMap<String, JobEntries> = BTreeMap::new();
    let mut by_key: BTreeMap<String, i64> = BTreeMap::new();
    for entry in all_pages(customer, "/v1/credits/ledger")? {
        let amount = entry["amountCredits"].as_i64().context("an entry without an amount")?;
        if entry["kind"] == "grant" {
            granted_credits += amount;
            continue;
        }
        let job = by_job.entry(text(&entry, "jobId")).or_default();
        job.sum_credits += amount;
        match entry["kind"].as_str() {
            Some("reserve") => job.reserves += 1,
            Some("settle") => job.settles += 1,
            Some("refund") => job.refunds += 1,
            Some("adjust") => {}
            other => bail!("an entry of kind {other:?}"),
        }
        *by_key.entry(text(&entry, "apiKeyId")).or_default() -= amount;
    }
    ensure!(granted_credits == i64::try_from(customer.known().granted_credits)?, "granted {granted_credits}");
    let spent: i64 = by_job.values().map(|job| -job.sum_credits).sum();
    ensure!(balance == granted_credits - spent, "balance {balance}, granted {granted_credits}, spent {spent}");
    for (id, job) in &by_job {
        ensure!(job.reserves == job.settles + job.refunds, "{id}: each run reserves once and ends once: {job:?}");
        ensure!(job.settles <= 1, "{id}: a job succeeds once: {job:?}");
        ensure!(if job.settles == 0 { job.sum_credits == 0 } else { job.sum_credits < 0 }, "{id}: {job:?}");
        report.reserves += job.reserves;
    }
    report.spent_credits += u64::try_from(spent)?;
    check_keys(customer, &by_key)?;
    check_jobs(customer, &by_job, report)
}

/// What the months of each key say is what its entries say, and no key is beyond its quota.
fn check_keys(customer: &Customer, by_key: &BTreeMap<String, i64>) -> Result<()> {
    let months = customer.account.api.get("/v1/usage")?;
    let mut used: BTreeMap<String, i64> = BTreeMap::new();
    for month in months.body["data"].as_array().context("no usage")? {
        *used.entry(text(month, "apiKeyId")).or_default() += month["usedCredits"].as_i64().context("no usedCredits")?;
    }
    for (key, spent) in by_key {
        ensure!(used.get(key) == Some(spent), "key {key}: months {:?}, entries {spent}", used.get(key));
    }
    let keys = customer.account.api.get("/v1/keys")?;
    for key in keys.body["data"].as_array().context("no keys")? {
        let spent = by_key.get(&text(key, "id")).copied().unwrap_or_default();
        let quota = key["monthlyQuotaCredits"].as_i64();
        ensure!(quota.is_none_or(|quota| spent <= quota), "key {} spent {spent} of {quota:?}", text(key, "id"));
    }
    Ok(())
}

/// Each visible job cost what its entries say, and a good clip failed for a right reason alone.
fn check_jobs(customer: &Customer, by_job: &BTreeMap<String, JobEntries>, report: &mut ChaosReport) -> Result<()> {
    let good: BTreeMap<_, _> = customer.known().jobs.iter().map(|job| (job.id.clone(), job.is_good)).collect();
    let jobs = all_pages(customer, "/api/v1/jobs")?;
    for job in &jobs {
        let (id, status) = (text(job, "id"), text(job, "status"));
        let paid = by_job.get(&id).map_or(0, |entries| -entries.sum_credits);
        ensure!(job["credits"].as_i64() == Some(paid), "{id} says {}, its entries {paid}", job["credits"]);
        let is_good = good.get(&id).with_context(|| format!("{id} was created, and no client heard of it"))?;
        let code = job["error"]["code"].as_str();
        ensure!(code != Some("internal"), "{id}: {}", job["error"]);
        if *is_good && let Some(code) = code.filter(|_| status == "failed") {
            ensure!(RIGHT_FAILURES.contains(&code), "{id}, a good clip: {}", job["error"]);
        }
        let name = code.filter(|_| status == "failed").map_or(status.clone(), |code| format!("{status}, {code}"));
        *report.jobs.entry(name).or_default() += 1;
    }
    *report.jobs.entry("deleted".to_owned()).or_default() += u32::try_from(good.len().saturating_sub(jobs.len()))?;
    Ok(())
}

/// All items of a list.
fn all_pages(customer: &Customer, path: &str) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut answer = customer.account.api.get(&format!("{path}?limit=100{cursor}"))?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
        let page = answer.body["data"].as_array_mut().with_context(|| format!("{path}: no list"))?;
        items.append(page);
        match answer.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(items),
        }
    }
}

fn text(item: &Value, name: &str) -> String {
    item[name].as_str().unwrap_or_default().to_owned()
}
