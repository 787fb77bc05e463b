//! `serve`: builds the clients from the configuration and runs the pumps until the stop signal.

use std::io;
use std::path::Path;
use std::sync::Arc;

use backon::BackoffBuilder;
use futures_util::future::join_all;
use shared::matting::{MODEL_REPORT_PERIOD_MS, MattingModelReport};
use tokio::task::JoinSet;
use tokio::time::{Duration, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::ffmpeg::scratch::Scratch;
use crate::fleet::backoff::backoff;
use crate::fleet::config::{Config, ConfigError, PoolConfig};
use crate::fleet::edge_client::EdgeClient;
use crate::fleet::health::Health;
use crate::fleet::member::{Member, Problem, ProblemCode};
use crate::fleet::objects::Objects;
use crate::fleet::pump::{Pace, pump};
use crate::fleet::queue::QueueClient;
use crate::fleet::self_test::{MachineTest, ToolTest};
use crate::fleet::source::Fetcher;
use crate::fleet::task::{self, Deps};
use crate::matte::models::Catalog;

/// Why `serve` could not start, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The queues are not configured.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The health port.
    #[error("{0}: {1}")]
    Machine(&'static str, io::Error),
    /// An HTTP client could not be built.
    #[error("an HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

/// How long a claim is repeated that the edge does not answer.
/// Units: seconds. A minute: then the member waits for the edge without a task in its hands.
const CLAIM_PATIENCE_S: u64 = 60;
/// Longest pause before the scratch folder is tried again, before jitter.
/// Units: seconds.
const SCRATCH_PAUSE_S_MAX: u64 = 30;

/// Runs until `shutdown`, and then until every task has ended or been given back.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), ServeError> {
    let pools = config.pools()?;
    let health = Health::bind(config.health_addr).await.map_err(|error| ServeError::Machine("the health port", error))?;
    let member = Arc::new(Member::new(pools.iter().map(|config| config.pool)));
    // A task of its own: readiness is asked for while frames are computed.
    let mut answering = JoinSet::new();
    answering.spawn(health.serve(Arc::clone(&member)));
    let ended = tokio::select! {
        ended = work(config, pools, &member, &shutdown) => ended,
        Some(Ok(Err(error))) = answering.join_next() => Err(ServeError::Machine("the health port", error)),
    };
    tracing::info!("stopped");
    ended
}

async fn work(
    config: Config,
    pools: Vec<PoolConfig>,
    member: &Arc<Member>,
    shutdown: &CancellationToken,
) -> Result<(), ServeError> {
    let scratch = tokio::select! {
        scratch = create_scratch(&config.settings.scratch_dir, member) => Arc::new(scratch),
        () = shutdown.cancelled() => return Ok(()),
    };
    let models = Arc::new(config.settings.catalog());
    let (edge, objects) = (EdgeClient::new(config.edge_url, config.transcoder_secret)?, Objects::new(&config.bucket));
    let tools = Arc::new(ToolTest::new(config.settings.programs(), Arc::clone(&scratch)));
    let test = MachineTest { tools: Arc::clone(&tools), objects: objects.clone(), edge: edge.clone() };
    let deps = Deps {
        models: Arc::clone(&models),
        edge: Arc::new(edge),
        objects,
        fetcher: Fetcher::new(config.allowed_private_hosts)?,
        programs: config.settings.programs(),
        scratch,
        member: Arc::clone(member),
        tools,
        job_timeout: Duration::from_secs(config.job_timeout_s),
        claim_patience: Duration::from_secs(CLAIM_PATIENCE_S),
        edge_silence: Duration::from_secs(config.edge_silence_s),
        shutdown_grace: Duration::from_secs(config.shutdown_grace_s),
    };
    let poll_interval = Duration::from_millis(config.queues.poll_interval_ms);
    let mut clients = Vec::new();
    for PoolConfig { pool, queue, concurrency } in pools {
        clients.push((QueueClient::new(queue)?, Pace { pool, concurrency, poll_interval }));
        tracing::info!(pool = pool.as_str(), concurrency, "slots");
    }
    let pumps = clients.iter().map(|(queue, pace)| {
        let (deps, pool) = (&deps, pace.pool);
        let run = move |task| async move { task::run(deps, pool, &task, shutdown).await };
        pump(queue, run, *pace, member, shutdown)
    });
    let stopping = async {
        shutdown.cancelled().await;
        member.stop();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = join_all(pumps) => {}
        () = announce(&deps.edge, models) => {}
        () = member.keep_tested(&test) => {}
        () = stopping => {}
    }
    deps.objects.close().await;
    Ok(())
}

/// Creates the scratch folder as soon as that is possible.
async fn create_scratch(dir: &Path, member: &Member) -> Scratch {
    let mut pauses = backoff(Duration::from_secs(1), Duration::from_secs(SCRATCH_PAUSE_S_MAX)).build();
    loop {
        match Scratch::create(dir) {
            Ok(scratch) => return scratch,
            Err(error) => {
                let message = format!("{}: {error}", dir.display());
                member.fail(vec![Problem::new(ProblemCode::ScratchFailed, message)]);
                sleep(pauses.next().unwrap_or_default()).await;
            }
        }
    }
}

/// Loads the matting models while the pumps run, and announces periodically which of them work;
/// never returns.
async fn announce(edge: &EdgeClient, models: Arc<Catalog>) {
    if models.is_empty() {
        return std::future::pending().await;
    }
    let checked = tokio::task::spawn_blocking(move || models.check()).await;
    let announcement = match checked {
        Ok(models) => MattingModelReport { models },
        Err(error) => {
            tracing::error!(%error, "the matting models could not be loaded");
            return std::future::pending().await;
        }
    };
    let mut beats = interval(Duration::from_millis(MODEL_REPORT_PERIOD_MS));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        if let Err(error) = edge.announce(&announcement).await {
            tracing::warn!(%error, "the matting models were not announced");
        }
    }
}
