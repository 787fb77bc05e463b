//! A loaded model: checked by a trial run, its sessions pooled, its runs bounded in time.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ort::session::{RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::DynValue;
use shared::code::JobErrorCode;
use shared::media::PixelSize;

use super::limits::Limits;
use super::manifest::{Kind, Manifest};
use super::ort_session::{bounded, open};
use super::plane::Plane;
use super::precision;
use super::runtime;
use super::signature::Signature;
use super::tensor::{self, Layout};
use crate::error::{TaskError, TaskResult};

/// Frame size of the trial run.
const TRIAL_SIZE: PixelSize = PixelSize { width: 64, height: 36 };

/// A model that passed its trial run.
#[derive(Debug)]
pub struct Model {
    manifest: Manifest,
    path: PathBuf,
    limits: Limits,
    signature: Signature,
    /// Idle sessions, kept because loading takes longer than a frame.
    idle: Mutex<Vec<Session>>,
}

/// Inference over one clip: a session and the recurrent states.
#[derive(Debug)]
pub struct Inference {
    model: Arc<Model>,
    session: Option<Session>,
    /// In the order of the signature's states.
    states: Vec<DynValue>,
}

/// The matte of one frame.
#[derive(Debug)]
pub struct InferredMatte {
    /// The RGBA that the model was given; none where it was the frame itself.
    pub shrunk: Option<Vec<u8>>,
    /// In the size of that, or smaller.
    pub matte: Plane,
}

impl Model {
    /// Loads a model, checks it against its manifest, and runs it once.
    /// Errors: a sentence for the operator.
    pub fn load(manifest: Manifest, path: &Path, limits: Limits) -> Result<Arc<Self>, String> {
        runtime::load(&limits)?;
        let session = open(path, &limits, manifest.kind == Kind::Segmentation)?;
        let signature = Signature::read(&manifest, session.inputs(), session.outputs())?;
        let idle = Mutex::new(vec![session]);
        let model = Arc::new(Self { manifest, path: path.to_owned(), limits, signature, idle });
        let grey = vec![128; usize::try_from(TRIAL_SIZE.pixels() * 4).unwrap_or_default()];
        let frames = vec![grey.as_slice(); model.frames_max()];
        Inference::start(&model).and_then(|mut run| run.infer(&frames, TRIAL_SIZE)).map_err(|error| match error {
            TaskError::Permanent { detail, .. } => format!("it does not run: {detail}"),
            error => format!("it does not run: {error}"),
        })?;
        Ok(model)
    }

    /// Its manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Most frames per run.
    pub const fn frames_max(&self) -> usize {
        self.signature.batch.max()
    }

    /// Side of its pictures, where they are square and of a fixed size.
    pub fn picture_side(&self) -> Option<usize> {
        self.signature.fixed.filter(|size| size.width == size.height).map(|size| size.width as usize)
    }

    /// CPU threads that it may use.
    pub const fn threads(&self) -> usize {
        self.limits.threads
    }

    fn take_session(&self) -> TaskResult<Session> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open(&self.path, &self.limits, self.manifest.kind == Kind::Segmentation), Ok)
            .map_err(|error| TaskError::with_detail(JobErrorCode::ModelUnavailable, error))
    }
}

impl Inference {
    /// Most frames per run.
    pub fn frames_max(&self) -> usize {
        self.model.frames_max()
    }

    /// Starts a clip with initial states.
    /// Errors: `model_unavailable`, `model_failed`.
    pub fn start(model: &Arc<Model>) -> TaskResult<Self> {
        let states = initial_states(model)?;
        Ok(Self { session: Some(model.take_session()?), model: Arc::clone(model), states })
    }

    /// Forgets the frames so far.
    pub fn restart(&mut self) -> TaskResult<()> {
        self.states = initial_states(&self.model)?;
        Ok(())
    }

    /// Infers the mattes of the next frames in one run; at most `frames_max`.
    pub fn infer(&mut self, frames: &[&[u8]], size: PixelSize) -> TaskResult<Vec<InferredMatte>> {
        let model = Arc::clone(&self.model);
        let layout = Layout::of(&model.manifest, model.signature.fixed, size);
        let shrunk = frames.iter().map(|frame| tensor::shrink(frame, size, layout)).collect::<TaskResult<Vec<_>>>()?;
        let batch_size = model.signature.batch.size_for(frames.len());
        let picture_values = usize::try_from(layout.tensor.pixels() * 3).unwrap_or_default();
        let mut values = vec![0.0; batch_size * picture_values];
        // A fixed batch is filled up with black frames, whose mattes are ignored.
        for ((values, frame), shrunk) in values.chunks_exact_mut(picture_values).zip(frames).zip(&shrunk) {
            tensor::fill(values, shrunk.as_deref().unwrap_or(frame), layout, &model.manifest);
        }
        let mattes = self.run(values, batch_size, layout, &|raw| model.manifest.alpha(raw))?;
        Ok(shrunk.into_iter().zip(mattes).map(|(shrunk, matte)| InferredMatte { shrunk, matte }).collect())
    }

    /// Infers the shares of the subject of one picture, which has the size of the tensor: planes of
    /// red, green and blue from 0 to 1.
    pub fn infer_picture(&mut self, mut picture: Vec<f32>) -> TaskResult<Vec<f32>> {
        let model = Arc::clone(&self.model);
        let Some(size) = model.signature.fixed else { return Err(failed(&"it has no fixed size")) };
        let (mean, std) = (model.manifest.mean(), model.manifest.std());
        let plane_values = (picture.len() / 3).max(1);
        for ((plane, mean), std) in picture.chunks_mut(plane_values).zip(mean).zip(std) {
            for value in plane {
                *value = (*value - mean) / std;
            }
        }
        let outputs = self.run(picture, 1, Layout { content: size, tensor: size }, &|raw| model.manifest.share(raw))?;
        Ok(outputs.into_iter().next().map(|plane| plane.values).unwrap_or_default())
    }

    /// Runs the model; `alpha` converts its output values.
    fn run(
        &mut self,
        values: Vec<f32>,
        pictures: usize,
        layout: Layout,
        alpha: &(dyn Fn(f32) -> f32 + Sync),
    ) -> TaskResult<Vec<Plane>> {
        let model = Arc::clone(&self.model);
        let limit = model.limits.frame.saturating_mul(u32::try_from(pictures).unwrap_or(u32::MAX));
        // A session that failed is not returned to the pool.
        let Some(mut session) = self.session.take() else { return Err(failed(&"it has failed before")) };
        let begun = Instant::now();
        let inputs = self.inputs(values, pictures, layout).map_err(|error| failed(&error))?;
        let options = RunOptions::new().map_err(|error| failed(&error))?;
        let outputs = bounded(limit, &options, || session.run_with_options(inputs, &options));
        if begun.elapsed() > limit {
            let seconds = model.limits.frame.as_secs_f32();
            let message = format!("The matting model {} takes longer than {seconds} s for a frame.", model.manifest.id);
            return Err(TaskError::permanent(JobErrorCode::ModelTooSlow, message));
        }
        let mut outputs = outputs.map_err(|error| failed(&error))?;
        let mattes = read(&outputs, &model, pictures, layout, alpha)?;
        for (state, port) in self.states.iter_mut().zip(&model.signature.states) {
            *state = outputs.remove(&port.output).ok_or_else(|| failed(&format!("no output {}", port.output)))?;
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
            let ratio = port.precision.tensor(vec![1], vec![self.model.manifest.ratio(layout.content)])?;
            inputs.push((Cow::Borrowed(port.name.as_str()), ratio.into()));
        }
        let states = signature.states.iter().zip(&self.states);
        inputs.extend(states.map(|(port, state)| (Cow::Borrowed(port.input.name.as_str()), state.into())));
        Ok(inputs)
    }
}

type Inputs<'a> = Vec<(Cow<'a, str>, SessionInputValue<'a>)>;

impl Drop for Inference {
    fn drop(&mut self) {
        let idle = self.session.take();
        self.model.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(idle);
    }
}

fn initial_states(model: &Model) -> TaskResult<Vec<DynValue>> {
    let states = model.signature.states.iter().map(|state| {
        let count = state.shape.iter().filter_map(|side| usize::try_from(*side).ok()).product();
        state.input.precision.tensor(state.shape.clone(), vec![0.0; count]).map_err(|error| failed(&error))
    });
    states.collect()
}

/// Reads the matte of each frame from the outputs.
fn read(
    outputs: &SessionOutputs<'_>,
    model: &Model,
    pictures: usize,
    layout: Layout,
    alpha: &(dyn Fn(f32) -> f32 + Sync),
) -> TaskResult<Vec<Plane>> {
    let name = &model.signature.alpha;
    let value = outputs.get(name).ok_or_else(|| failed(&format!("no output {name}")))?;
    let (shape, values) = precision::read(value).map_err(|error| failed(&error))?;
    let some = |side: &i64| u32::try_from(*side).ok().filter(|side| *side > 0);
    let size = match shape.as_ref() {
        // The leading dimensions are batch, channel, both, or neither.
        [before @ .., height, width] if before.iter().product::<i64>() == i64::try_from(pictures).unwrap_or(i64::MAX) => {
            some(width).zip(some(height)).map(|(width, height)| PixelSize { width, height })
        }
        _ => None,
    };
    let size = size.ok_or_else(|| {
        failed(&format!("the output {name} has the shape {shape:?} for {pictures} pictures, which is no matte"))
    })?;
    let mattes = values.chunks_exact((size.width as usize) * (size.height as usize));
    let mattes = mattes.map(|values| tensor::matte(values, size, layout, alpha)).collect::<Option<_>>();
    mattes.ok_or_else(|| failed(&"its matte has values that are no numbers"))
}

fn failed(error: &dyn std::fmt::Display) -> TaskError {
    TaskError::with_detail(JobErrorCode::ModelFailed, error.to_string())
}
