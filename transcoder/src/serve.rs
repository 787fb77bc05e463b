//! `serve`: builds the real rims from the configuration and runs the pump until the stop signal.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::health::Health;
use crate::objects::Objects;
use crate::pump::{Pace, pump};
use crate::queue::QueueClient;
use crate::report::{CallError, EdgeClient};
use crate::scratch::Scratch;
use crate::source::Fetcher;
use crate::step::{Deps, step};

/// Why a member of the fleet could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The scratch folder or the health port.
    #[error("{0}: {1}")]
    Machine(&'static str, io::Error),
    /// The bucket's configuration.
    #[error("the bucket: {0}")]
    Bucket(#[from] object_store::Error),
    /// An HTTP client could not be built.
    #[error("an HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    /// The edge's client could not be built.
    #[error(transparent)]
    Edge(#[from] CallError),
}

/// Runs until `shutdown`, and then until every task has ended or been given back.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), ServeError> {
    let scratch = Scratch::create(&config.scratch_dir).map_err(|error| ServeError::Machine("the scratch folder", error))?;
    let health = Health::bind(config.health_addr).await.map_err(|error| ServeError::Machine("the health port", error))?;
    let queue = QueueClient::new(config.queue)?;
    let deps = Deps {
        edge: EdgeClient::new(config.edge_url, config.transcoder_secret)?,
        objects: Objects::new(&config.bucket)?,
        fetcher: Fetcher::new(config.allowed_hosts)?,
        programs: config.programs,
        scratch: Arc::new(scratch),
        job_timeout: config.job_timeout,
        shutdown_grace: config.shutdown_grace,
    };
    let (ready, readiness) = watch::channel(false);
    let pace = Pace { concurrency: config.concurrency, poll_interval: config.poll_interval };
    tracing::info!(concurrency = pace.concurrency, "pulling");
    let one = |task| {
        let (deps, shutdown) = (&deps, &shutdown);
        async move { step(deps, &task, shutdown).await }
    };
    tokio::select! {
        () = pump(&queue, one, pace, &ready, &shutdown) => {}
        ended = health.serve(readiness) => ended.map_err(|error| ServeError::Machine("the health port", error))?,
    }
    tracing::info!("stopped");
    Ok(())
}
