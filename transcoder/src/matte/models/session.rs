//! A model as a matting backend: inference on the next frames runs on its own thread while the last
//! matte is refined.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use ::segmentation::Views;
use shared::code::JobErrorCode;
use shared::media::PixelSize;
use shared::report::MachineFault;

use super::manifest::Kind;
use super::median_of_three::MedianOfThree;
use super::model::{Inference, InferredMatte, Model};
use super::plane::Plane;
use super::segmentation;
use super::temporal_smoothing::TemporalSmoother;
use super::{foreground_estimation, guided_filter};
use crate::error::{TaskError, TaskResult};
use crate::frame::pixels::scale_opaque;
use crate::matte::matting_step::{MattingBackend, MattingRun, MattingSession, Rgba};

/// Batches that the inference thread holds: one running, one waiting.
const BATCHES_IN_FLIGHT_MAX: usize = 2;

/// Mattes clips with a model.
#[derive(Debug)]
pub struct OnnxBackend {
    model: Arc<Model>,
    segmentation: Option<Arc<Model>>,
}

/// Infers the mattes of successive frames.
trait MatteSource: Send {
    /// Most frames of a call.
    fn frames_max(&self) -> usize;

    /// The mattes of the next frames.
    fn infer(&mut self, frames: &[&[u8]], size: PixelSize) -> TaskResult<Vec<InferredMatte>>;
}

impl MatteSource for Inference {
    fn frames_max(&self) -> usize {
        Self::frames_max(self)
    }

    fn infer(&mut self, frames: &[&[u8]], size: PixelSize) -> TaskResult<Vec<InferredMatte>> {
        Self::infer(self, frames, size)
    }
}

impl MatteSource for MedianOfThree {
    fn frames_max(&self) -> usize {
        1
    }

    fn infer(&mut self, frames: &[&[u8]], size: PixelSize) -> TaskResult<Vec<InferredMatte>> {
        let mattes = frames.iter().map(|frame| Ok(InferredMatte { shrunk: None, matte: self.matte(frame, size)? }));
        mattes.collect()
    }
}

/// The session of one clip.
#[derive(Debug)]
struct OnnxSession {
    size: PixelSize,
    frames: Option<SyncSender<Arc<Rgba>>>,
    mattes: Receiver<TaskResult<InferredMatte>>,
    in_flight: VecDeque<Arc<Rgba>>,
    in_flight_max: usize,
    /// None for recurrent models, which are stable over time.
    smoother: Option<TemporalSmoother>,
    timer: WorkTimer,
}

/// Working time of a step; logged when dropped.
#[derive(Debug)]
struct WorkTimer {
    stage: &'static str,
    total: Duration,
    frames: u64,
}

impl WorkTimer {
    const fn new(stage: &'static str) -> Self {
        Self { stage, total: Duration::ZERO, frames: 0 }
    }

    fn measure<T>(&mut self, frames: usize, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let outcome = work();
        self.total += begun.elapsed();
        self.frames += frames as u64;
        outcome
    }
}

impl Drop for WorkTimer {
    fn drop(&mut self) {
        let duration_ms = u64::try_from(self.total.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(stage = self.stage, frames = self.frames, duration_ms, "a step of matting has finished");
    }
}

impl OnnxBackend {
    /// A backend of this model. A recurrent one is helped by a segmentation model, if there is one.
    pub const fn new(model: Arc<Model>, segmentation: Option<Arc<Model>>) -> Self {
        Self { model, segmentation }
    }
}

impl MattingBackend for OnnxBackend {
    fn start(&self, size: PixelSize) -> TaskResult<MattingRun> {
        let inference = Inference::start(&self.model)?;
        let is_recurrent = self.model.manifest().kind == Kind::Recurrent;
        let mut first_pass = None;
        let run: Box<dyn MatteSource> = match &self.segmentation {
            Some(helper) if is_recurrent => {
                let (pass, evidence) = segmentation::first_pass(helper, Views::Few, size)?;
                first_pass = Some(pass);
                let inferences = [inference, Inference::start(&self.model)?];
                Box::new(MedianOfThree::new(size, inferences, helper.manifest().clone(), evidence))
            }
            _ => Box::new(inference),
        };
        let in_flight_max = self.model.frames_max() * BATCHES_IN_FLIGHT_MAX;
        let (frames, frames_out) = sync_channel(in_flight_max);
        let (mattes_in, mattes) = sync_channel(in_flight_max);
        // The thread ends with the session, which closes both channels.
        std::thread::Builder::new()
            .name("inference".to_owned())
            .spawn(move || infer(run, size, &frames_out, &mattes_in))
            .map_err(|error| TaskError::machine(MachineFault::ToolFailed, format!("starting a thread: {error}")))?;
        let smoother = (!is_recurrent).then(TemporalSmoother::default);
        let session = OnnxSession {
            size,
            frames: Some(frames),
            mattes,
            in_flight: VecDeque::new(),
            in_flight_max,
            smoother,
            timer: WorkTimer::new("refinement"),
        };
        Ok(MattingRun { session: Box::new(session), first_pass })
    }
}

/// Runs inference in batches until the channel of frames or that of mattes is closed, or a run
/// fails.
fn infer(
    mut run: Box<dyn MatteSource>,
    size: PixelSize,
    frames: &Receiver<Arc<Rgba>>,
    mattes: &SyncSender<TaskResult<InferredMatte>>,
) {
    let (mut timer, frames_max) = (WorkTimer::new("inference"), run.frames_max());
    loop {
        let batch: Vec<Arc<Rgba>> = frames.iter().take(frames_max).collect();
        if batch.is_empty() {
            return;
        }
        let pictures: Vec<&[u8]> = batch.iter().map(|frame| frame.as_slice()).collect();
        let outcome = timer.measure(batch.len(), || run.infer(&pictures, size));
        drop(batch);
        let (batch_mattes, failure) = match outcome {
            Ok(mattes) => (mattes, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let has_failed = failure.is_some();
        let sent = batch_mattes.into_iter().map(Ok).chain(failure.map(Err)).try_for_each(|outcome| mattes.send(outcome));
        if sent.is_err() || has_failed {
            return;
        }
    }
}

impl MattingSession for OnnxSession {
    fn push(&mut self, frame: Rgba) -> TaskResult<Vec<Rgba>> {
        let next = if self.in_flight.len() >= self.in_flight_max { self.next()? } else { None };
        let frame = Arc::new(frame);
        // A thread that has ended has sent its error.
        if let Some(frames) = &self.frames
            && frames.send(Arc::clone(&frame)).is_err()
        {
            self.frames = None;
        }
        self.in_flight.push_back(frame);
        // Inference runs on the queued frames in the meantime.
        Ok(next.map(|(frame, inferred)| self.refine(frame, inferred)).into_iter().collect())
    }

    fn finish(&mut self) -> TaskResult<Vec<Rgba>> {
        self.frames = None;
        let mut done = Vec::new();
        while let Some((frame, inferred)) = self.next()? {
            done.push(self.refine(frame, inferred));
        }
        Ok(done)
    }
}

impl OnnxSession {
    /// The oldest frame in flight and its matte.
    fn next(&mut self) -> TaskResult<Option<(Rgba, InferredMatte)>> {
        let Some(frame) = self.in_flight.pop_front() else { return Ok(None) };
        let ended = || TaskError::with_detail(JobErrorCode::Internal, "the inference thread ended");
        let inferred = self.mattes.recv().map_err(|_| ended())??;
        Ok(Some((Arc::unwrap_or_clone(frame), inferred)))
    }

    fn refine(&mut self, mut frame: Rgba, inferred: InferredMatte) -> Rgba {
        let InferredMatte { shrunk, matte } = inferred;
        self.timer.measure(1, || {
            let alpha = full_alpha(matte, shrunk.as_deref(), &frame, self.size, self.smoother.as_mut());
            foreground_estimation::apply(&mut frame, &alpha);
        });
        frame
    }
}

/// Smooths a matte and scales it to the size of the frame.
pub fn full_alpha(
    matte: Plane,
    shrunk: Option<&[u8]>,
    frame: &[u8],
    size: PixelSize,
    smoother: Option<&mut TemporalSmoother>,
) -> Plane {
    let matte = match smoother {
        Some(smoother) => smoother.smooth(matte, frame, size),
        None => matte,
    };
    if matte.size == size {
        return matte;
    }
    let shrunk = match shrunk {
        Some(shrunk) if shrunk.len() == matte.values.len() * 4 => Ok(shrunk.to_vec()),
        // The matte is smaller than the input.
        _ => scale_opaque(frame, size, matte.size),
    };
    match shrunk {
        Ok(shrunk) => guided_filter::refine(&matte, &shrunk, frame, size),
        Err(error) => {
            tracing::warn!(%error, "a matte is not refined");
            matte.scaled(size)
        }
    }
}
