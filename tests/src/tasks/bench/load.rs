//! Sends requests as fast as they are answered, and measures latency, throughput and CPU.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;
use ureq::Agent;
use ureq::http::Response;

use super::figures::{median, micros, percentile};
use super::seed::{API_KEY, Seeded};
use super::workerd::Workerd;
use crate::{http, interrupt};

/// One kind of request.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The name in tables.
    pub name: &'static str,
    /// The paths to request, in turns.
    pub paths: Vec<String>,
    /// The body of a POST; without it, the requests are GETs.
    pub body: Option<String>,
    /// Number of requests in a round.
    pub requests: usize,
}

impl Operation {
    /// Gets these paths in turns.
    pub fn get(name: &'static str, requests: usize, paths: impl IntoIterator<Item = String>) -> Self {
        Self { name, paths: paths.into_iter().collect(), body: None, requests }
    }

    /// Creates jobs from the account's own file.
    pub fn create(requests: usize, seeded: &Seeded) -> Self {
        let body = json!({
            "input": { "mode": "video", "videoUrl": seeded.source_url, "durationSec": 7.5, "resolution": "1080p" },
            "options": { "outputs": ["webm-vp9-alpha", "mov-prores4444"] },
            "metadata": { "order": 1 },
        });
        Self { name: "create job", paths: vec!["/v1/jobs".into()], body: Some(body.to_string()), requests }
    }

    fn send(&self, agent: &Agent, target: &Target<'_>, number: usize) -> Result<Response<ureq::Body>> {
        let path = self.paths.get(number % self.paths.len()).context("an operation without a path")?;
        let url = format!("{}{path}", target.url);
        let mut request = ureq::http::Request::builder().uri(url).header("authorization", format!("Bearer {API_KEY}"));
        // As Cloudflare sets it; an address for documentation, by RFC 5737.
        request = request.header("cf-connecting-ip", "203.0.113.7");
        for (name, value) in &target.headers {
            request = request.header(*name, value);
        }
        Ok(match &self.body {
            Some(body) => agent.run(request.method("POST").header("content-type", "application/json").body(body.as_str())?)?,
            None => agent.run(request.body(())?)?,
        })
    }

    /// Sends one request, with a connection of its own; returns the response.
    pub fn send_once(&self, target: &Target<'_>) -> Result<Response<ureq::Body>> {
        self.send(&http::agent(), target, 0)
    }
}

/// The Worker that requests go to.
pub struct Target<'a> {
    pub workerd: &'a Workerd,
    pub url: &'a str,
    /// Headers for this Worker alone.
    pub headers: Vec<(&'static str, String)>,
}

impl<'a> Target<'a> {
    /// The `index`-th Worker of a process.
    pub fn new(workerd: &'a Workerd, index: usize) -> Result<Self> {
        Ok(Self { workerd, url: workerd.urls.get(index).context("no such Worker")?, headers: Vec::new() })
    }
}

/// The cost of one round of requests.
#[derive(Debug)]
pub struct Round {
    pub requests_per_s: f64,
    /// workerd's own, user and system. Units: microseconds per request.
    pub cpu_us: f64,
    /// Units: microseconds.
    pub latencies_us: Vec<f64>,
}

/// Sends one round.
pub fn run_round(operation: &Operation, target: &Target<'_>, concurrency: usize) -> Result<Round> {
    interrupt::check()?;
    let next = AtomicUsize::new(0);
    let (cpu_before, started) = (target.workerd.cpu_time()?, Instant::now());
    let latencies: Vec<Vec<f64>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..concurrency).map(|_| scope.spawn(|| run_client(operation, target, &next))).collect();
        clients.into_iter().map(|client| client.join().map_err(|_| anyhow!("a client panicked"))?).collect::<Result<_>>()
    })?;
    let took = started.elapsed();
    let cpu: Duration = target.workerd.cpu_time()?.saturating_sub(cpu_before);
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let requests = operation.requests as f64;
    Ok(Round { requests_per_s: requests / took.as_secs_f64(), cpu_us: micros(cpu) / requests, latencies_us: latencies.concat() })
}

/// One client with one connection. Returns its latencies in microseconds.
fn run_client(operation: &Operation, target: &Target<'_>, next: &AtomicUsize) -> Result<Vec<f64>> {
    let agent = http::agent();
    let mut latencies_us = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= operation.requests {
            return Ok(latencies_us);
        }
        let started = Instant::now();
        let mut response = operation.send(&agent, target, number)?;
        let body = response.body_mut().read_to_vec()?;
        latencies_us.push(micros(started.elapsed()));
        ensure!(response.status().is_success(), "{}: {} {}", operation.name, response.status(), String::from_utf8_lossy(&body));
    }
}

/// Reads the number of rounds.
pub fn parse_rounds(text: &OsStr) -> Result<usize> {
    let rounds = text.to_str().and_then(|text| text.parse::<NonZeroUsize>().ok());
    rounds.map(NonZeroUsize::get).context("`--rounds` needs a number from 1")
}

/// Statistics over several rounds.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    pub requests_per_s: f64,
    pub cpu_us: f64,
    /// The 10th percentile of rounds: other load on the machine can only add to a round.
    pub cpu_p10_us: f64,
    /// Units: microseconds, of all requests of all rounds.
    pub latency_median_us: f64,
    /// The 95th percentile. Units: microseconds.
    pub latency_p95_us: f64,
}

impl Summary {
    fn of(rounds: &[Round]) -> Self {
        let of_rounds = |figure: fn(&Round) -> f64, share| percentile(&mut rounds.iter().map(figure).collect::<Vec<_>>(), share);
        let mut latencies: Vec<f64> = rounds.iter().flat_map(|round| round.latencies_us.iter().copied()).collect();
        Self {
            requests_per_s: of_rounds(|round| round.requests_per_s, 0.5),
            cpu_us: of_rounds(|round| round.cpu_us, 0.5),
            cpu_p10_us: of_rounds(|round| round.cpu_us, 0.1),
            latency_median_us: median(&mut latencies),
            latency_p95_us: percentile(&mut latencies, 0.95),
        }
    }
}

/// Measures all targets in turns, so that other load on the machine falls on all alike; the first
/// turn is not counted.
pub fn compare<const N: usize>(
    operations: [&Operation; N],
    targets: [&Target<'_>; N],
    concurrency: usize,
    rounds: usize,
) -> Result<[Summary; N]> {
    let mut measured: [Vec<Round>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..=rounds {
        for turn in 0..N {
            // Each round begins with another target.
            let side = (turn + round) % N;
            if let (Some(operation), Some(target), Some(measured)) =
                (operations.get(side), targets.get(side), measured.get_mut(side))
            {
                let done = run_round(operation, target, concurrency)?;
                if round > 0 {
                    measured.push(done);
                }
            }
        }
    }
    Ok(measured.map(|rounds| Summary::of(&rounds)))
}
