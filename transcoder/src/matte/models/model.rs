//! A model that was loaded: tried once, its sessions kept, and its runs within bounds.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ort::session::{RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::DynValue;
use shared::code::JobErrorCode;
use shared::media::PixelSize;

use super::card::Card;
use super::plane::Plane;
use super::precision;
use super::provider::Providers;
use super::runtime;
use super::session::{bounded, open};
use super::signature::Signature;
use super::tensor::{self, Layout};
use crate::error::{TaskError, TaskResult};

/// What a new model is tried with.
const TRIAL: PixelSize = PixelSize { width: 64, height: 36 };

/// How models are run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long one frame may take.
    pub frame: Duration,
    /// Execution providers, the best first.
    pub providers: Providers,
    /// Threads of the processor that all models share.
    pub threads: usize,
}

/// A model that works.
#[derive(Debug)]
pub struct Model {
    card: Card,
    path: PathBuf,
    limits: Limits,
    signature: Signature,
    /// Those that nobody uses now: loading takes longer than a frame.
    idle: Mutex<Vec<Session>>,
}

/// One clip's way through a model: what it remembers from frame to frame.
#[derive(Debug)]
pub struct Run {
    model: Arc<Model>,
    session: Option<Session>,
    /// As many as the signature has.
    states: Vec<DynValue>,
}

/// A frame as the model saw it, and its matte in that size.
#[derive(Debug)]
pub struct Seen {
    /// RGBA; none where it was the frame itself.
    pub small: Option<Vec<u8>>,
    /// Of the size of what it saw, or smaller.
    pub matte: Plane,
}

impl Model {
    /// Loads a model, checks that it is what its card says, and tries it.
    /// Errors: a sentence for the operator.
    pub fn load(card: Card, path: &Path, limits: Limits) -> Result<Arc<Self>, String> {
        runtime::load(&limits)?;
        let session = open(path, &limits)?;
        let signature = Signature::read(&card, session.inputs(), session.outputs())?;
        let idle = Mutex::new(vec![session]);
        let model = Arc::new(Self { card, path: path.to_owned(), limits, signature, idle });
        let grey = vec![128; usize::try_from(TRIAL.pixels() * 4).unwrap_or_default()];
        let frames = vec![grey.as_slice(); model.frames_max()];
        Run::begin(&model).and_then(|mut run| run.see(&frames, TRIAL)).map_err(|error| match error {
            TaskError::Permanent { detail, .. } => format!("it does not run: {detail}"),
            error => format!("it does not run: {error}"),
        })?;
        Ok(model)
    }

    /// What the operator says of it.
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// Frames a run, at most.
    pub const fn frames_max(&self) -> usize {
        self.signature.batch.most()
    }

    fn take_session(&self) -> TaskResult<Session> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open(&self.path, &self.limits), Ok)
            .map_err(|error| TaskError::with_detail(JobErrorCode::ModelUnavailable, error))
    }
}

impl Run {
    /// Frames that can be seen at once, at most.
    pub fn frames_max(&self) -> usize {
        self.model.frames_max()
    }

    /// Before the first frame.
    pub fn begin(model: &Arc<Model>) -> TaskResult<Self> {
        let states = model.signature.states.iter().map(|state| {
            let count = state.shape.iter().filter_map(|side| usize::try_from(*side).ok()).product();
            state.input.precision.tensor(state.shape.clone(), vec![0.0; count]).map_err(|error| failed(&error))
        });
        let states = states.collect::<TaskResult<_>>()?;
        Ok(Self { session: Some(model.take_session()?), model: Arc::clone(model), states })
    }

    /// The mattes of the next frames, in one run: no more frames than the model takes.
    pub fn see(&mut self, frames: &[&[u8]], size: PixelSize) -> TaskResult<Vec<Seen>> {
        let model = Arc::clone(&self.model);
        let layout = Layout::of(&model.card, model.signature.fixed, size);
        let smalls = frames.iter().map(|frame| tensor::shrink(frame, size, layout)).collect::<TaskResult<Vec<_>>>()?;
        let fed = model.signature.batch.fed(frames.len());
        let picture_values = usize::try_from(layout.tensor.pixels() * 3).unwrap_or_default();
        let mut values = vec![0.0; fed * picture_values];
        // Where a model takes more than there are, the rest is black, and what it makes of that is not looked at.
        for ((values, frame), small) in values.chunks_exact_mut(picture_values).zip(frames).zip(&smalls) {
            tensor::fill(values, small.as_deref().unwrap_or(frame), layout, &model.card);
        }
        let mattes = self.run(values, fed, layout)?;
        Ok(smalls.into_iter().zip(mattes).map(|(small, matte)| Seen { small, matte }).collect())
    }

    fn run(&mut self, values: Vec<f32>, pictures: usize, layout: Layout) -> TaskResult<Vec<Plane>> {
        let model = Arc::clone(&self.model);
        let limit = model.limits.frame.saturating_mul(u32::try_from(pictures).unwrap_or(u32::MAX));
        // One that failed is not used again.
        let Some(mut session) = self.session.take() else { return Err(failed(&"it has failed before")) };
        let begun = Instant::now();
        let inputs = self.inputs(values, pictures, layout).map_err(|error| failed(&error))?;
        let options = RunOptions::new().map_err(|error| failed(&error))?;
        let outputs = bounded(limit, &options, || session.run_with_options(inputs, &options));
        if begun.elapsed() > limit {
            let seconds = model.limits.frame.as_secs_f32();
            let message = format!("The matting model {} takes longer than {seconds} s for a frame.", model.card.id);
            return Err(TaskError::permanent(JobErrorCode::ModelTooSlow, message));
        }
        let mut outputs = outputs.map_err(|error| failed(&error))?;
        let mattes = read(&outputs, &model, pictures, layout)?;
        for (state, told) in self.states.iter_mut().zip(&model.signature.states) {
            *state = outputs.remove(&told.output).ok_or_else(|| failed(&format!("no output {}", told.output)))?;
        }
        drop(outputs);
        self.session = Some(session);
        Ok(mattes)
    }

    fn inputs(&self, values: Vec<f32>, pictures: usize, layout: Layout) -> ort::Result<Inputs<'_>> {
        let (signature, PixelSize { width, height }) = (&self.model.signature, layout.tensor);
        let shape = vec![i64::try_from(pictures).unwrap_or(i64::MAX), 3, i64::from(height), i64::from(width)];
        let tensor = signature.picture.precision.tensor(shape, values)?;
        let mut inputs = vec![(Cow::Borrowed(signature.picture.name.as_str()), SessionInputValue::from(tensor))];
        if let Some(port) = &signature.ratio {
            let ratio = port.precision.tensor(vec![1], vec![self.model.card.ratio(layout.content)])?;
            inputs.push((Cow::Borrowed(port.name.as_str()), ratio.into()));
        }
        let states = signature.states.iter().zip(&self.states);
        inputs.extend(states.map(|(told, state)| (Cow::Borrowed(told.input.name.as_str()), state.into())));
        Ok(inputs)
    }
}

type Inputs<'a> = Vec<(Cow<'a, str>, SessionInputValue<'a>)>;

impl Drop for Run {
    fn drop(&mut self) {
        let idle = self.session.take();
        self.model.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(idle);
    }
}

/// The matte of each picture that went in.
fn read(outputs: &SessionOutputs<'_>, model: &Model, pictures: usize, layout: Layout) -> TaskResult<Vec<Plane>> {
    let name = &model.signature.alpha;
    let value = outputs.get(name).ok_or_else(|| failed(&format!("no output {name}")))?;
    let (shape, values) = precision::read(value).map_err(|error| failed(&error))?;
    let some = |side: &i64| u32::try_from(*side).ok().filter(|side| *side > 0);
    let size = match shape.as_ref() {
        // Pictures may have a side of their own, and so may their one channel.
        [before @ .., height, width] if before.iter().product::<i64>() == i64::try_from(pictures).unwrap_or(i64::MAX) => {
            some(width).zip(some(height)).map(|(width, height)| PixelSize { width, height })
        }
        _ => None,
    };
    let size = size.ok_or_else(|| {
        failed(&format!("the output {name} has the shape {shape:?} for {pictures} pictures, which is no matte"))
    })?;
    let mattes = values.chunks_exact((size.width as usize) * (size.height as usize));
    let mattes = mattes.map(|values| tensor::matte(values, size, layout, &model.card)).collect::<Option<_>>();
    mattes.ok_or_else(|| failed(&"its matte has values that are no numbers"))
}

fn failed(error: &dyn std::fmt::Display) -> TaskError {
    TaskError::with_detail(JobErrorCode::ModelFailed, error.to_string())
}
