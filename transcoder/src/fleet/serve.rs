//! `serve`: builds the clients from the configuration and runs the pumps until the stop signal.

use std::io;
use std::sync::Arc;

use futures_util::future::join_all;
use shared::matting::{MODEL_REPORT_PERIOD_MS, MattingModelReport};
use tokio::sync::watch;
use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::ffmpeg::scratch::Scratch;
use crate::fleet::config::{Config, ConfigError, PoolConfig};
use crate::fleet::edge_client::{CallError, EdgeClient};
use crate::fleet::health::Health;
use crate::fleet::objects::Objects;
use crate::fleet::pump::{Pace, pump};
use crate::fleet::queue::QueueClient;
use crate::fleet::source::Fetcher;
use crate::fleet::task::{self, Deps};
use crate::matte::models::Catalog;

/// Why `serve` could not start, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The queues are not configured.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The scratch folder or the health port.
    #[error("{0}: {1}")]
    Machine(&'static str, io::Error),
    /// An HTTP client could not be built.
    #[error("an HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    /// The edge's client could not be built.
    #[error(transparent)]
    Edge(#[from] CallError),
}

/// Runs until `shutdown`, and then until every task has ended or been given back.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), ServeError> {
    let pools = config.pools()?;
    let scratch =
        Scratch::create(&config.settings.scratch_dir).map_err(|error| ServeError::Machine("the scratch folder", error))?;
    let health = Health::bind(config.health_addr).await.map_err(|error| ServeError::Machine("the health port", error))?;
    let models = Arc::new(config.settings.catalog());
    let deps = Deps {
        models: Arc::clone(&models),
        edge: EdgeClient::new(config.edge_url, config.transcoder_secret)?,
        objects: Objects::new(&config.bucket),
        fetcher: Fetcher::new(config.allowed_private_hosts)?,
        programs: config.settings.programs(),
        scratch: Arc::new(scratch),
        job_timeout: Duration::from_secs(config.job_timeout_s),
        shutdown_grace: Duration::from_secs(config.shutdown_grace_s),
    };
    let poll_interval = Duration::from_millis(config.queues.poll_interval_ms);
    let (mut clients, mut readiness) = (Vec::new(), Vec::new());
    for PoolConfig { pool, queue, concurrency } in pools {
        let (ready, is_ready) = watch::channel(false);
        clients.push((pool, QueueClient::new(queue)?, Pace { concurrency, poll_interval }, ready));
        readiness.push(is_ready);
        tracing::info!(pool = pool.as_str(), concurrency, "pulling");
    }
    let pumps = clients.iter().map(|(pool, queue, pace, ready)| {
        let (deps, shutdown) = (&deps, &shutdown);
        let run = move |task| async move { task::run(deps, *pool, &task, shutdown).await };
        pump(queue, run, *pace, ready, shutdown)
    });
    tokio::select! {
        _ = join_all(pumps) => {}
        () = announce(&deps.edge, models) => {}
        ended = health.serve(readiness) => ended.map_err(|error| ServeError::Machine("the health port", error))?,
    }
    deps.objects.close().await;
    tracing::info!("stopped");
    Ok(())
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
