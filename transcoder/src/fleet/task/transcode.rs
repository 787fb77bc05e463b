//! The attempt of a video: fetch, matte and encode, store.

use shared::media::SOURCE_SIZE_BYTES_MAX;
use shared::report::{AttemptStage, ReportEvent, Work};
use shared::strategy::Strategy;
use shared::task::Pool;

use super::Deps;
use super::fetch::{fetch, fetch_backdrop, fetch_background};
use super::store::{StoredKeys, asset, object_key, store_previews};
use crate::engine::{self, Engine};
use crate::error::{TaskError, TaskResult};
use crate::fleet::edge_client::Edge;
use crate::fleet::lease::Lease;
use crate::matte::strategy::MatteRequest;
use crate::output::rendition::OutputRequest;
use crate::output::verify::Verified;
use crate::progress::ProgressSink;

/// Fetches, transcodes and stores; returns the event to report.
pub async fn transcode<E: Edge>(
    deps: &Deps<E>,
    (pool, work): (Pool, &Work),
    lease: &Lease<E>,
    sink: &ProgressSink,
    stored: &StoredKeys,
) -> TaskResult<ReportEvent> {
    let task_dir = deps.scratch.create_task_dir().map_err(|error| TaskError::disk("making a task folder", &error))?;
    let source = engine::source_path(task_dir.path());
    fetch(deps, &work.source, &source, SOURCE_SIZE_BYTES_MAX, |received, all| sink.set(AttemptStage::Fetching, received, all))
        .await?;
    let background = fetch_background(deps, work, task_dir.path()).await?;
    let engine = Engine::new(&deps.programs, &deps.models, task_dir.path(), sink);
    let matting_model = work.matting_model.clone();
    let request =
        MatteRequest { strategy: work.strategy, key: work.key, source_alpha: work.source_alpha, matting_model, background };
    let prepared = engine.prepare(&source, &request).await?;
    let strategy = prepared.matte.strategy;
    if pool == Pool::Light && strategy.request().pool() == Pool::Heavy {
        return Ok(ReportEvent::Transfer);
    }
    lease
        .report(ReportEvent::Probed {
            facts: prepared.probed.facts.clone(),
            strategy,
            choice: prepared.choice.clone().map(Box::new),
        })
        .await?;
    let order = OutputRequest {
        outputs: work.outputs.clone(),
        preset: work.preset,
        resolution: work.resolution,
        composition: work.composition.clone(),
        backdrop: fetch_backdrop(deps, work, task_dir.path()).await?,
        // Previews and QA show a matte; a portrait has none.
        previews: strategy != Strategy::Portrait,
    };
    // Stored while other outputs are still verified; the stage `storing` is reported for what is
    // left after that.
    let store_output = async |made: &Verified| {
        let key = object_key(work, &made.output.file_name());
        stored.note(&key);
        deps.objects.upload(&made.path, &key, made.output.content_type(), |_| {}).await
    };
    let made = engine.make(&prepared, &order, store_output).await?;
    let previews = store_previews(deps, work, &made.previews, sink, stored).await?;
    let assets = made.outputs.iter().map(|made| asset(work, made)).collect();
    Ok(ReportEvent::Complete { strategy, assets, previews, qa_report: Some(Box::new(made.report)) })
}
