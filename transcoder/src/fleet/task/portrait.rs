//! The attempt of a portrait: fetch the picture and the sound, render, store.

use shared::code::JobErrorCode;
use shared::portrait::{PICTURE_SIZE_BYTES_MAX, Portrait, SOUND_SIZE_BYTES_MAX};
use shared::report::{AttemptStage, ReportEvent, Work};
use shared::strategy::Strategy;

use super::Deps;
use super::fetch::fetch_as;
use super::store::{StoredKeys, asset, object_key, store_previews};
use crate::engine;
use crate::error::{TaskError, TaskResult};
use crate::fleet::edge_client::Edge;
use crate::fleet::lease::Lease;
use crate::portrait::PortraitEngine;
use crate::progress::ProgressSink;

/// Fetches, renders and stores; returns the event to report.
pub async fn render<E: Edge>(
    deps: &Deps<E>,
    work: &Work,
    portrait: &Portrait,
    lease: &Lease<E>,
    sink: &ProgressSink,
    stored: &StoredKeys,
) -> TaskResult<ReportEvent> {
    let task_dir = deps.scratch.create_task_dir().map_err(|error| TaskError::disk("making a task folder", &error))?;
    let (picture, sound) = (engine::source_path(task_dir.path()), task_dir.path().join("sound"));
    // One after the other; each counts as half of the stage.
    let first = |received, all: u64| sink.set(AttemptStage::Fetching, received, all.saturating_mul(2));
    fetch_as(deps, &work.source, &picture, PICTURE_SIZE_BYTES_MAX, JobErrorCode::PictureUnusable, first).await?;
    let second = |received: u64, all: u64| sink.set(AttemptStage::Fetching, all.saturating_add(received), all.saturating_mul(2));
    fetch_as(deps, &portrait.sound, &sound, SOUND_SIZE_BYTES_MAX, JobErrorCode::SoundUnusable, second).await?;
    let portrait_engine = PortraitEngine::new(&deps.programs, task_dir.path(), sink);
    let prepared = portrait_engine.prepare(&picture, &sound, portrait.shape).await?;
    let strategy = Strategy::Portrait;
    lease.report(ReportEvent::Probed { facts: prepared.facts.clone(), strategy, choice: None }).await?;
    let rendered = portrait_engine.render(prepared).await?;
    let video = &rendered.video;
    let key = object_key(work, &video.output.file_name());
    stored.note(&key);
    deps.objects.upload(&video.path, &key, video.output.content_type(), |_| {}).await?;
    let previews = store_previews(deps, work, &[rendered.poster], sink, stored).await?;
    Ok(ReportEvent::Complete { strategy, assets: vec![asset(work, video)], previews, qa_report: None })
}
