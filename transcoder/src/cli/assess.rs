//! `qa SOURCE RESULT`: scores a keyed video from any program with the metrics of the QA report.

use std::path::Path;
use std::time::Instant;

use keyer::color::Rgb;
use shared::code::JobErrorCode;
use shared::composition::Composition;
use shared::media::{PixelSize, Preset};
use shared::qa::{MatteFigures, QaReport};
use tokio::sync::mpsc;

use crate::blocking::blocking;
use crate::cli::arguments::QaArguments;
use crate::cli::environment::{LocalEnvironment, RunError, absolute, write_report};
use crate::engine::{Engine, Prepared, timing};
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::process::{Pipes, Tool};
use crate::ffmpeg::raw_frames::read_frames;
use crate::frame::pixels::{self, sides};
use crate::matte::key_analysis::KeyingPasses;
use crate::matte::keying_step::KeyedSource;
use crate::matte::strategy::Matte;
use crate::output::matte_metrics::MatteMetrics;
use crate::output::qa;
use crate::output::rendition::OutputRequest;
use crate::output::run_plan::RunPlan;
use crate::output::second_opinion::MatteSamples;
use crate::progress::ProgressSink;

/// Frames of either video that wait for the other's.
const FRAMES_IN_FLIGHT_MAX: usize = 2;

/// Compares a result with its source and returns the report as text.
pub async fn assess(request: &QaArguments) -> Result<String, RunError> {
    let (source, result) = (absolute(&request.source)?, absolute(&request.result)?);
    let environment = LocalEnvironment::create(&request.settings)?;
    let (sink, _progress) = ProgressSink::new();
    let engine = environment.engine(&sink);
    let report = compare(&engine, &source, &result).await?;
    if let Some(path) = &request.report {
        write_report(&report, path)?;
    }
    Ok(qa::text(&report))
}

async fn compare(engine: &Engine<'_>, source: &Path, result: &Path) -> TaskResult<QaReport> {
    let before = engine.read_screen(source).await?;
    let begun = Instant::now();
    let after = engine.read(result, Matte::SOURCE_ALPHA).await?;
    if !after.probed.facts.has_alpha {
        return Err(TaskError::permanent(JobErrorCode::NoSourceAlpha, "The result has no alpha."));
    }
    let plan = empty_plan(&before);
    let (figures, samples) = measure(engine.ffmpeg(), &before, &plan, &empty_plan(&after)).await?;
    let figures = match figures.reconstruction_error {
        Some(_) => figures,
        None => engine.second_opinion(&before, &plan, samples, figures).await?,
    };
    let stages = vec![before.timing.clone(), timing("measuring", begun)];
    Ok(qa::report(before.report_inputs(&plan, (None, figures), &[]), engine.tools().await?, stages))
}

fn empty_plan(prepared: &Prepared) -> RunPlan {
    Engine::plan(
        prepared,
        &OutputRequest {
            outputs: Vec::new(),
            preset: Preset::default(),
            resolution: None,
            composition: Composition::default(),
            backdrop: None,
            previews: false,
        },
    )
}

async fn measure(
    ffmpeg: Tool<'_>,
    before: &Prepared,
    source: &RunPlan,
    result: &RunPlan,
) -> TaskResult<(MatteFigures, MatteSamples)> {
    let metrics = qa::metrics(&before.probed, source);
    let screens = find_screens(ffmpeg, before, source).await?;
    let (source_in, sources) = mpsc::channel(FRAMES_IN_FLIGHT_MAX);
    let (result_in, results) = mpsc::channel(FRAMES_IN_FLIGHT_MAX);
    let sizes = (source.picture.size, result.picture.size);
    let (_, _, mut metrics) = tokio::try_join!(
        decode(ffmpeg, source, source_in),
        decode(ffmpeg, result, result_in),
        add_frames(metrics, screens, sizes, sources, results),
    )?;
    let samples = metrics.take_samples();
    Ok((metrics.finish(), samples))
}

/// Number of the first frame of each shot, and the colour of its screen; empty where nothing would
/// be keyed.
async fn find_screens(ffmpeg: Tool<'_>, before: &Prepared, source: &RunPlan) -> TaskResult<Vec<(usize, Option<Rgb>)>> {
    let keying = before.matte.keying(source.raw_format, source.picture.size, before.probed.input.wide_gamut)?;
    let Some(KeyingPasses { first, mut shots, .. }) = keying else { return Ok(Vec::new()) };
    let collect = async {
        let mut screens = Vec::new();
        while let Some(shot) = shots.recv().await {
            screens.push((shot.first_frame(), shot.screen().map(|screen| screen.color)));
        }
        Ok(screens)
    };
    let run = first.run(ffmpeg, &source.decode, source.picture.length, || ());
    Ok(tokio::try_join!(run, collect)?.1)
}

async fn decode(ffmpeg: Tool<'_>, plan: &RunPlan, frames: mpsc::Sender<Vec<u8>>) -> TaskResult<u64> {
    let decoder = ffmpeg.spawn(&plan.decode, Pipes::Stdout);
    let decoder = decoder.map_err(|error| error.into_task_error("decoder", JobErrorCode::SourceUndecodable))?;
    read_frames(decoder, plan.raw_format.frame_size_bytes(plan.picture.size), plan.picture.length, frames).await
}

async fn add_frames(
    mut metrics: MatteMetrics,
    screens: Vec<(usize, Option<Rgb>)>,
    (source_size, result_size): (PixelSize, PixelSize),
    mut sources: mpsc::Receiver<Vec<u8>>,
    mut results: mpsc::Receiver<Vec<u8>>,
) -> TaskResult<MatteMetrics> {
    let mut frames = 0_usize;
    loop {
        let (source, result) = match (sources.recv().await, results.recv().await) {
            (Some(source), Some(result)) => (source, result),
            (None, None) => return Ok(metrics),
            (source, _) => {
                let longer = if source.is_some() { "source" } else { "result" };
                let message = format!("The {longer} goes on after frame {frames}, where the other ends.");
                return Err(TaskError::permanent(JobErrorCode::VerifyFailed, message));
            }
        };
        let shot = screens.iter().rev().find(|(first_frame, _)| *first_frame <= frames).copied();
        let work = blocking(move || {
            fitted(result, result_size, source_size).map(|result| {
                let source = shot.map(|(shot, screen)| KeyedSource { planar: source, shot, screen });
                metrics.add(&result, source.as_ref());
                metrics
            })
        });
        metrics = work.await??;
        frames += 1;
    }
}

/// Brings a result to the size of its source: crops padding to even sides, otherwise scales.
fn fitted(result: Vec<u8>, size: PixelSize, wanted: PixelSize) -> TaskResult<Vec<u8>> {
    if size == wanted {
        return Ok(result);
    }
    let is_padded = |side: u32, wanted: u32| side == wanted || side == wanted.next_multiple_of(2);
    if !is_padded(size.width, wanted.width) || !is_padded(size.height, wanted.height) {
        return pixels::scale(&result, size, wanted);
    }
    let ((width, _), (kept, rows)) = (sides(size), sides(wanted));
    Ok(result.chunks_exact(width * 4).take(rows).flat_map(|row| row.iter().take(kept * 4)).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_cut_off_and_other_sizes_are_scaled() {
        let size = |width, height| PixelSize { width, height };
        let padded: Vec<u8> = (0..4 * 2).flat_map(|index| [index, 0, 0, 255]).collect();
        let reds = |rgba: Vec<u8>| rgba.iter().step_by(4).copied().collect::<Vec<_>>();
        assert_eq!(reds(fitted(padded.clone(), size(4, 2), size(3, 1)).unwrap()), [0, 1, 2]);
        assert_eq!(reds(fitted(padded.clone(), size(4, 2), size(4, 2)).unwrap()), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(fitted(padded, size(4, 2), size(8, 4)).unwrap().len(), 8 * 4 * 4);
    }
}
