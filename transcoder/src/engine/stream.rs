//! One decode streams through the matte and the frame pipeline to all encoders, which run at the
//! same time, each behind a bounded queue. Where the matte needs a first pass, another decode runs
//! ahead for it.
//!
//! Everything runs inside one future: dropping it kills every child before the drop returns.

use std::ffi::OsString;

use futures_util::future::{OptionFuture, try_join_all};
use keyer::Shot;
use shared::code::JobErrorCode;
use tokio::sync::mpsc;

use super::frame_pipeline::FramePipeline;
use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::process::{Pipes, Tool};
use crate::ffmpeg::raw_frames::{decode_error, read_frames};
use crate::frame::feed::Frame;
use crate::matte::first_pass::FirstPass;
use crate::matte::matting_step::MattingStep;
use crate::output::encode::encode;
use crate::output::master::Master;
use crate::output::rendition::RenditionKind;
use crate::output::run_plan::RunPlan;

/// Decoded frames that wait for their matte.
const DECODED_FRAMES_IN_FLIGHT_MAX: usize = 2;
/// Frames with a matte that wait to be composed.
const MATTED_FRAMES_IN_FLIGHT_MAX: usize = 2;
/// Composed frames that wait for one encoder.
const ENCODER_FRAMES_IN_FLIGHT_MAX: usize = 4;

/// What makes the matte besides the frame pipeline.
#[derive(Debug)]
pub struct Passes {
    /// The first pass, and the arguments of ffmpeg that decode the clip for it.
    pub first: Option<(FirstPass, Vec<OsString>)>,
    /// Shots of a keyed clip, from its first pass.
    pub shots: Option<mpsc::Receiver<Shot>>,
    /// Runs between decoder and frame pipeline.
    pub matting: Option<MattingStep>,
}

/// Streams the clip: decode → matte → compose → encode. `on_frame` is called for each frame that
/// has been composed, and for each one of the first pass.
/// Errors: those of each step; `source_no_frames`.
pub async fn stream(
    ffmpeg: Tool<'_>,
    plan: &RunPlan,
    Passes { first, shots, matting }: Passes,
    pipeline: FramePipeline,
    on_frame: impl Fn(),
) -> TaskResult<Master> {
    create_preview_folder(ffmpeg, plan)?;
    let decoder = ffmpeg.spawn(&plan.decode, Pipes::Stdout).map_err(|error| decode_error(error, 0))?;
    let frame_size_bytes = plan.raw_format.frame_size_bytes(plan.picture.size);
    let (raw_queue, raw_frames) = mpsc::channel(DECODED_FRAMES_IN_FLIGHT_MAX);
    let (matte_queue, with_matte) = mpsc::channel(MATTED_FRAMES_IN_FLIGHT_MAX);
    let (with_matte, matting) = match matting {
        Some(step) => (with_matte, Some(step.run(raw_frames, matte_queue))),
        // Keying and preserved alpha are part of composing.
        None => (raw_frames, None),
    };
    let length = plan.picture.length;
    let on_frame = &on_frame;
    let first_pass = first.map(|(first, decode)| Box::pin(async move { first.run(ffmpeg, &decode, length, on_frame).await }));
    let (queues, encoders): (Vec<_>, Vec<_>) = plan
        .renditions
        .iter()
        .map(|rendition| {
            let (queue, frames) = mpsc::channel(ENCODER_FRAMES_IN_FLIGHT_MAX);
            (queue, encode(ffmpeg, rendition, frames))
        })
        .unzip();
    let (frames, (), (), master, _) = tokio::try_join!(
        read_frames(decoder, frame_size_bytes, plan.picture.length, raw_queue),
        async { OptionFuture::from(first_pass).await.unwrap_or(Ok(())) },
        async { OptionFuture::from(matting).await.unwrap_or(Ok(())) },
        compose(pipeline, (shots, with_matte), queues, on_frame),
        try_join_all(encoders),
    )?;
    if frames == 0 {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the decoder gave no frame"));
    }
    Ok(master)
}

fn create_preview_folder(ffmpeg: Tool<'_>, plan: &RunPlan) -> TaskResult<()> {
    if plan.renditions.iter().any(|rendition| matches!(rendition.kind, RenditionKind::Preview(_))) {
        std::fs::create_dir_all(ffmpeg.dir.join("previews")).map_err(|error| TaskError::disk("making a folder", &error))?;
    }
    Ok(())
}

/// Runs the frame pipeline on a thread that may block, and feeds its frames to the encoders'
/// queues.
async fn compose(
    mut pipeline: FramePipeline,
    (mut shots, mut decoded): (Option<mpsc::Receiver<Shot>>, mpsc::Receiver<Vec<u8>>),
    queues: Vec<mpsc::Sender<Frame>>,
    on_frame: impl Fn(),
) -> TaskResult<Master> {
    while let Some(raw) = decoded.recv().await {
        while pipeline.needs_shot() {
            // A closed queue means that the first pass failed; its own error is reported instead.
            let Some(shot) = next_shot(&mut shots).await else { return Ok(pipeline.finish()) };
            pipeline.add_shot(shot);
        }
        let work = blocking(move || {
            let processed = pipeline.process(raw);
            (pipeline, processed)
        });
        let processed;
        (pipeline, processed) = work.await?;
        on_frame();
        for (queue, frame) in queues.iter().zip(processed?) {
            // A queue is closed only after its encoder failed; the encoder's error is reported
            // instead.
            if let Some(frame) = frame
                && queue.send(frame).await.is_err()
            {
                return Ok(pipeline.finish());
            }
        }
    }
    Ok(pipeline.finish())
}

async fn next_shot(shots: &mut Option<mpsc::Receiver<Shot>>) -> Option<Shot> {
    shots.as_mut()?.recv().await
}
