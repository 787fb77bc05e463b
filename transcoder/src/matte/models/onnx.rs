//! A model as a matter: it looks at the next frames on a thread of its own while the last one is refined.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use shared::code::JobErrorCode;
use shared::media::PixelSize;

use super::card::Kind;
use super::model::{Model, Run, Seen};
use super::plane::Plane;
use super::steady::Steady;
use super::{Matter, Matting, Rgba, guided, unmix};
use crate::error::{TaskError, TaskResult};
use crate::frame::pixels::scale_opaque;

/// What the model has, and what it will have next.
const BATCHES_IN_FLIGHT_MAX: usize = 2;

/// Mattes by a model.
#[derive(Debug)]
pub struct OnnxMatting {
    model: Arc<Model>,
}

/// One clip's.
#[derive(Debug)]
struct OnnxMatter {
    size: PixelSize,
    frames: Option<SyncSender<Arc<Rgba>>>,
    seen: Receiver<TaskResult<Seen>>,
    in_flight: VecDeque<Arc<Rgba>>,
    in_flight_max: usize,
    /// For models that see every picture for the first time.
    steady: Option<Steady>,
    busy: Busy,
}

/// How long a stage has worked; said in the log at its end.
#[derive(Debug)]
struct Busy {
    stage: &'static str,
    total: Duration,
    frames: u64,
}

impl Busy {
    const fn new(stage: &'static str) -> Self {
        Self { stage, total: Duration::ZERO, frames: 0 }
    }

    fn during<T>(&mut self, frames: usize, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let outcome = work();
        self.total += begun.elapsed();
        self.frames += frames as u64;
        outcome
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let duration_ms = u64::try_from(self.total.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(stage = self.stage, frames = self.frames, duration_ms, "a stage of matting was at work");
    }
}

impl OnnxMatting {
    /// By this model.
    pub const fn new(model: Arc<Model>) -> Self {
        Self { model }
    }
}

impl Matting for OnnxMatting {
    fn begin(&self, size: PixelSize) -> TaskResult<Box<dyn Matter>> {
        let run = Run::begin(&self.model)?;
        let in_flight_max = self.model.frames_max() * BATCHES_IN_FLIGHT_MAX;
        let (frames, frames_out) = sync_channel(in_flight_max);
        let (seen_in, seen) = sync_channel(in_flight_max);
        // Ends when the matter does: nobody sends frames then, or takes what was seen.
        std::thread::Builder::new()
            .name("inference".to_owned())
            .spawn(move || infer(run, size, &frames_out, &seen_in))
            .map_err(|error| TaskError::Transient(format!("starting a thread: {error}")))?;
        let steady = (self.model.card().kind != Kind::Recurrent).then(Steady::default);
        Ok(Box::new(OnnxMatter {
            size,
            frames: Some(frames),
            seen,
            in_flight: VecDeque::new(),
            in_flight_max,
            steady,
            busy: Busy::new("refinement"),
        }))
    }
}

/// Looks at frames, as many at once as the model takes, until there are no more or nobody wants to know.
fn infer(mut run: Run, size: PixelSize, frames: &Receiver<Arc<Rgba>>, seen: &SyncSender<TaskResult<Seen>>) {
    let (mut busy, frames_max) = (Busy::new("inference"), run.frames_max());
    loop {
        let batch: Vec<Arc<Rgba>> = frames.iter().take(frames_max).collect();
        if batch.is_empty() {
            return;
        }
        let pictures: Vec<&[u8]> = batch.iter().map(|frame| frame.as_slice()).collect();
        let outcome = busy.during(batch.len(), || run.see(&pictures, size));
        drop(batch);
        let (mattes, failure) = match outcome {
            Ok(mattes) => (mattes, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let has_failed = failure.is_some();
        let told = mattes.into_iter().map(Ok).chain(failure.map(Err)).try_for_each(|outcome| seen.send(outcome));
        if told.is_err() || has_failed {
            return;
        }
    }
}

impl Matter for OnnxMatter {
    fn take(&mut self, frame: Rgba) -> TaskResult<Vec<Rgba>> {
        let seen = if self.in_flight.len() >= self.in_flight_max { self.next()? } else { None };
        let frame = Arc::new(frame);
        // A thread that has ended has said why.
        if let Some(frames) = &self.frames
            && frames.send(Arc::clone(&frame)).is_err()
        {
            self.frames = None;
        }
        self.in_flight.push_back(frame);
        // Now the model has work for as long as this takes.
        Ok(seen.map(|(frame, seen)| self.refine(frame, seen)).into_iter().collect())
    }

    fn finish(&mut self) -> TaskResult<Vec<Rgba>> {
        self.frames = None;
        let mut done = Vec::new();
        while let Some((frame, seen)) = self.next()? {
            done.push(self.refine(frame, seen));
        }
        Ok(done)
    }
}

impl OnnxMatter {
    /// The oldest frame that the model has, and what it made of it.
    fn next(&mut self) -> TaskResult<Option<(Rgba, Seen)>> {
        let Some(frame) = self.in_flight.pop_front() else { return Ok(None) };
        let ended = || TaskError::with_detail(JobErrorCode::Internal, "the inference thread ended");
        let seen = self.seen.recv().map_err(|_| ended())??;
        Ok(Some((Arc::unwrap_or_clone(frame), seen)))
    }

    fn refine(&mut self, mut frame: Rgba, seen: Seen) -> Rgba {
        let Seen { small, matte } = seen;
        self.busy.during(1, || {
            let alpha = full_alpha(matte, small.as_deref(), &frame, self.size, self.steady.as_mut());
            unmix::apply(&mut frame, &alpha);
        });
        frame
    }
}

/// The matte as large as the picture.
fn full_alpha(matte: Plane, small: Option<&[u8]>, frame: &[u8], size: PixelSize, steady: Option<&mut Steady>) -> Plane {
    let matte = match steady {
        Some(steady) => steady.calm(matte, frame, size),
        None => matte,
    };
    if matte.size == size {
        return matte;
    }
    let shrunk = match small {
        Some(small) if small.len() == matte.values.len() * 4 => Ok(small.to_vec()),
        // The matte is smaller than what the model saw.
        _ => scale_opaque(frame, size, matte.size),
    };
    match shrunk {
        Ok(shrunk) => guided::refine(&matte, &shrunk, frame, size),
        Err(error) => {
            tracing::warn!(%error, "a matte is not refined");
            matte.scaled(size)
        }
    }
}
