//! Renders jobs, estimates and webhook events.

use shared::price::Resolution;
use shared::strategy::Strategy;
use shared::time::UnixMillis;

use super::account::quota_out;
use crate::app::download_output::sign_object_url;
use crate::app::estimate_job::Estimate;
use crate::app::ports::{Delivery, Ports};
use crate::dialect::bgless::wire::{AssetOut, EstimateOut, EventOut, JobErrorOut, JobOut, PreviewOut, SourceOut};
use crate::domain::job::{Job, JobState};
use crate::domain::model::render_name;
use crate::domain::upload;

pub fn job_out(ports: &impl Ports, job: &Job) -> JobOut {
    let settings = ports.settings();
    let assets = job.assets.iter().map(|asset| {
        let (url, expires_at_ms) = sign_object_url(ports, &asset.object_key, asset.size_bytes);
        AssetOut {
            format: asset.output.as_str(),
            url,
            expires_at: expires_at_ms.to_iso_8601(),
            content_type: asset.output.content_type(),
            size_bytes: asset.size_bytes,
            width: asset.size.width,
            height: asset.size.height,
            duration_sec: seconds(asset.duration_ms),
            frame_count: asset.frame_count,
            has_audio: asset.has_audio,
        }
    });
    let previews = job.previews.iter().map(|preview| {
        let (url, expires_at_ms) = sign_object_url(ports, &preview.object_key, preview.size_bytes);
        PreviewOut {
            kind: preview.kind.as_str(),
            url,
            expires_at: expires_at_ms.to_iso_8601(),
            content_type: preview.kind.content_type(),
            size_bytes: preview.size_bytes,
            width: preview.size.map(|size| size.width),
            height: preview.size.map(|size| size.height),
        }
    });
    JobOut {
        id: job.id.to_string(),
        status: status(job.state),
        progress: job.progress_percent,
        stage: job.stage.map(shared::report::AttemptStage::as_str),
        model: render_name(job.model, job.options.matting_model.as_deref()),
        alpha_strategy: job.strategy.map(strategy_name),
        strategy_choice: job.choice.clone(),
        outputs: job.outputs.iter().map(|output| output.as_str()).collect(),
        preset: job.options.preset.as_str(),
        refine_edges: job.options.refine_edges,
        resolution: job.options.resolution.map(Resolution::as_str),
        credits: job.charged_credits,
        api_key_id: job.api_key_id.to_string(),
        metadata: job.metadata_json.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        source: job.facts.as_ref().map(|facts| SourceOut {
            container: facts.container.clone(),
            video_codec: facts.video_codec.clone(),
            width: facts.size.width,
            height: facts.size.height,
            duration_sec: seconds(facts.duration_ms),
            frame_rate: facts.frame_rate.as_f64(),
            has_alpha: facts.has_alpha,
            has_audio: facts.has_audio,
        }),
        output_assets: assets.collect(),
        preview_assets: previews.collect(),
        qa_report: job.qa_report.clone(),
        error: job.failure.as_ref().map(|failure| JobErrorOut { code: failure.code.as_str(), message: failure.message.clone() }),
        poll_url: format!("{}/v1/jobs/{}", settings.public_base_url, job.id),
        created_at: job.created_at_ms.to_iso_8601(),
        updated_at: job.updated_at_ms.to_iso_8601(),
        ended_at: job.ended_at_ms.map(UnixMillis::to_iso_8601),
        source_retained_until: job
            .source
            .as_ref()
            .and_then(upload::created_at)
            .map(|at| at.plus_ms(settings.source_retention_ms).to_iso_8601()),
        retained_until: job.ended_at_ms.map(|at| at.plus_ms(settings.output_retention_ms).to_iso_8601()),
    }
}

pub fn estimate_out(estimate: &Estimate) -> EstimateOut {
    EstimateOut {
        provider: estimate.model.info().provider,
        model: render_name(estimate.model, estimate.matting_model.as_deref()),
        credits: estimate.credits,
        eta_sec: estimate.work_ms.div_ceil(1_000),
        remaining_credits: estimate.spending_limit.balance_credits,
        quota: quota_out(estimate.spending_limit, estimate.quota_resets_at_ms),
        can_afford: estimate.can_afford,
    }
}

/// The body of a webhook event.
pub fn event_out(ports: &impl Ports, delivery: &Delivery, job: &Job) -> EventOut {
    EventOut {
        id: delivery.id.to_string(),
        event: delivery.event.clone(),
        timestamp: delivery.created_at_ms.to_iso_8601(),
        data: job_out(ports, job),
    }
}

/// This API has no drafts: one reads as queued.
pub const fn status(state: JobState) -> &'static str {
    match state {
        JobState::Created => JobState::Queued.as_str(),
        state => state.as_str(),
    }
}

pub const fn strategy_name(strategy: Strategy) -> &'static str {
    strategy.request().as_str()
}

#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53")]
pub(super) fn seconds(duration_ms: u64) -> f64 {
    duration_ms as f64 / 1_000.0
}
