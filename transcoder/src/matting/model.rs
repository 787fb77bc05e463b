//! A model that was loaded: its signature checked against its card, its sessions, and one run of it within bounds.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Outlet, Tensor, TensorElementType, ValueType};
use shared::code::JobErrorCode;
use shared::media::PixelSize;

use super::card::Card;
use super::plane::Plane;
use super::tensor::{self, Layout};
use super::{provider, runtime};
use crate::error::{TaskError, TaskResult};

/// What a new model is tried with.
const TRIAL: PixelSize = PixelSize { width: 64, height: 36 };

/// How models are run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long one frame may take.
    pub frame: Duration,
    /// Execution providers, the best first.
    pub providers: Vec<String>,
}

/// A model that works.
#[derive(Debug)]
pub struct Model {
    card: Card,
    path: PathBuf,
    limits: Limits,
    input: String,
    alpha: String,
    /// The only size that it takes, if there is one.
    fixed: Option<PixelSize>,
    /// Those that nobody uses now: loading takes longer than a frame.
    idle: Mutex<Vec<Session>>,
}

/// One clip's way through a model: what it remembers from frame to frame.
#[derive(Debug)]
pub struct Run {
    model: Arc<Model>,
    session: Option<Session>,
    states: Vec<(String, String, DynValue)>,
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
        runtime::load()?;
        let session = open(path, &limits)?;
        let input = named(session.inputs(), card.input_name(), "input", "input.name")?;
        let alpha = named(session.outputs(), card.alpha_name(), "output", "output.alpha")?;
        check_picture(session.inputs(), &input)?;
        for (state_in, state_out) in card.states() {
            named(session.inputs(), Some(&state_in), "input", "recurrent.states")?;
            named(session.outputs(), Some(&state_out), "output", "recurrent.states")?;
        }
        if let Some((name, _)) = card.ratio(TRIAL) {
            named(session.inputs(), Some(name), "input", "recurrent.ratio_input")?;
        }
        let fixed = card.fixed_size().or(own_size(session.inputs(), &input));
        let idle = Mutex::new(vec![session]);
        let model = Arc::new(Self { card, path: path.to_owned(), limits, input, alpha, fixed, idle });
        let grey = vec![128; usize::try_from(TRIAL.pixels() * 4).unwrap_or_default()];
        Run::begin(&model).and_then(|mut run| run.see(&grey, TRIAL)).map_err(|error| match error {
            TaskError::Permanent { detail, .. } => format!("it does not run: {detail}"),
            error => format!("it does not run: {error}"),
        })?;
        Ok(model)
    }

    /// What the operator says of it.
    pub const fn card(&self) -> &Card {
        &self.card
    }

    fn take_session(&self) -> TaskResult<Session> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open(&self.path, &self.limits), Ok)
            .map_err(|error| TaskError::with_detail(JobErrorCode::ModelUnavailable, error))
    }
}

impl Run {
    /// Before the first frame.
    pub fn begin(model: &Arc<Model>) -> TaskResult<Self> {
        let states = model.card.states().into_iter().map(|(state_in, state_out)| {
            let nothing = Tensor::from_array(([1_usize, 1, 1, 1], vec![0.0_f32])).map_err(|error| failed(&error))?;
            Ok((state_in, state_out, nothing.into_dyn()))
        });
        let states = states.collect::<TaskResult<_>>()?;
        Ok(Self { session: Some(model.take_session()?), model: Arc::clone(model), states })
    }

    /// The next frame's matte.
    pub fn see(&mut self, rgba: &[u8], size: PixelSize) -> TaskResult<Seen> {
        let model = Arc::clone(&self.model);
        let layout = Layout::of(&model.card, model.fixed, size);
        let small = tensor::shrink(rgba, size, layout)?;
        let values = tensor::fill(small.as_deref().unwrap_or(rgba), layout, &model.card);
        let matte = self.run(values, layout)?;
        Ok(Seen { small, matte })
    }

    fn run(&mut self, values: Vec<f32>, layout: Layout) -> TaskResult<Plane> {
        let (model, limit) = (Arc::clone(&self.model), self.model.limits.frame);
        // One that failed is not used again.
        let Some(mut session) = self.session.take() else { return Err(failed(&"it has failed before")) };
        let begun = Instant::now();
        let inputs = self.inputs(values, layout).map_err(|error| failed(&error))?;
        let options = RunOptions::new().map_err(|error| failed(&error))?;
        let outputs = bounded(limit, &options, || session.run_with_options(inputs, &options));
        if begun.elapsed() > limit {
            let message = format!("The matting model {} takes longer than {} s for a frame.", model.card.id, limit.as_secs_f32());
            return Err(TaskError::permanent(JobErrorCode::ModelTooSlow, message));
        }
        let mut outputs = outputs.map_err(|error| failed(&error))?;
        let matte = read(&outputs, &model, layout)?;
        for (_, state_out, state) in &mut self.states {
            *state = outputs.remove(state_out.as_str()).ok_or_else(|| failed(&format!("no output {state_out}")))?;
        }
        drop(outputs);
        self.session = Some(session);
        Ok(matte)
    }

    fn inputs(&self, values: Vec<f32>, layout: Layout) -> ort::Result<Vec<(Cow<'_, str>, SessionInputValue<'_>)>> {
        let PixelSize { width, height } = layout.tensor;
        let picture = Tensor::from_array(([1, 3, i64::from(height), i64::from(width)], values))?;
        let mut inputs = vec![(Cow::Owned(self.model.input.clone()), SessionInputValue::from(picture))];
        if let Some((name, ratio)) = self.model.card.ratio(layout.content) {
            inputs.push((Cow::Owned(name.to_owned()), Tensor::from_array(([1_usize], vec![ratio]))?.into()));
        }
        inputs.extend(self.states.iter().map(|(state_in, _, state)| (Cow::Borrowed(state_in.as_str()), state.into())));
        Ok(inputs)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let idle = self.session.take();
        self.model.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(idle);
    }
}

fn open(path: &Path, limits: &Limits) -> Result<Session, String> {
    let told = |error: &dyn std::fmt::Display| {
        // The runtime's own words may be a page long and name its source files.
        let words = error.to_string();
        format!("the file is no model that ONNX Runtime can run: {}", words.lines().next().unwrap_or_default())
    };
    if !path.is_file() {
        return Err(format!("{} is missing", path.display()));
    }
    let providers = limits.providers.iter().map(|name| provider::find(name)).collect::<Result<Vec<_>, _>>()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let builder = Session::builder().map_err(|error| told(&error))?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(|error| told(&error))?;
    let builder = builder.with_intra_threads(cores).map_err(|error| told(&error))?;
    // Threads that spin take the cores from decoders and encoders.
    let builder = builder.with_intra_op_spinning(false).map_err(|error| told(&error))?;
    let mut builder = builder.with_execution_providers(providers.into_iter().flatten().collect::<Vec<_>>()).map_err(|error| {
        format!(
            "an execution provider of MATTING_PROVIDERS is not there: {}",
            error.to_string().lines().next().unwrap_or_default()
        )
    })?;
    builder.commit_from_file(path).map_err(|error| told(&error))
}

/// The one of this name, or the only one.
fn named(outlets: &[Outlet], wanted: Option<&str>, what: &str, said_in: &str) -> Result<String, String> {
    let names: Vec<&str> = outlets.iter().map(Outlet::name).collect();
    match (wanted, names.as_slice()) {
        (Some(wanted), names) if names.contains(&wanted) => Ok(wanted.to_owned()),
        (None, [only]) => Ok((*only).to_owned()),
        (wanted, names) => Err(format!(
            "it has {what}s {}, {}: say `{said_in}` in its TOML file",
            names.join(", "),
            wanted.map_or_else(|| "and which one is meant is not said".to_owned(), |wanted| format!("but no {wanted}")),
        )),
    }
}

/// The input must be 1 × 3 × height × width of 32 bit floats.
fn check_picture(inputs: &[Outlet], name: &str) -> Result<(), String> {
    let dtype = inputs.iter().find(|input| input.name() == name).map(Outlet::dtype);
    let shape: Vec<i64> = dtype.and_then(|dtype| dtype.tensor_shape()).map(|shape| shape.to_vec()).unwrap_or_default();
    let kind = dtype.and_then(ValueType::tensor_type);
    if kind != Some(TensorElementType::Float32) {
        let kind = kind.map_or_else(|| "no tensor".to_owned(), |kind| kind.to_string());
        return Err(format!("its input {name} is {kind}, only 32 bit floats are fed"));
    }
    match shape.as_slice() {
        [1 | -1, 3 | -1, _, _] => Ok(()),
        _ => Err(format!("its input {name} has the shape {shape:?}, not 1 x 3 x height x width")),
    }
}

fn own_size(inputs: &[Outlet], name: &str) -> Option<PixelSize> {
    let shape = inputs.iter().find(|input| input.name() == name)?.dtype().tensor_shape()?;
    let side = |index: usize| shape.get(index).and_then(|side| u32::try_from(*side).ok()).filter(|side| *side > 0);
    Some(PixelSize { width: side(3)?, height: side(2)? })
}

fn read(outputs: &SessionOutputs<'_>, model: &Model, layout: Layout) -> TaskResult<Plane> {
    let value = outputs.get(model.alpha.as_str()).ok_or_else(|| failed(&format!("no output {}", model.alpha)))?;
    let (shape, values) = value.try_extract_tensor::<f32>().map_err(|error| failed(&error))?;
    let sides = match shape.as_ref() {
        [before @ .., height, width] if before.iter().all(|count| *count == 1) => Some((*width, *height)),
        _ => None,
    };
    let size = sides.and_then(|(width, height)| {
        Some(PixelSize {
            width: u32::try_from(width).ok().filter(|side| *side > 0)?,
            height: u32::try_from(height).ok().filter(|side| *side > 0)?,
        })
    });
    let size = size.ok_or_else(|| failed(&format!("the output {} has the shape {shape:?}, which is no matte", model.alpha)))?;
    tensor::matte(values, size, layout, model.card.needs_sigmoid())
        .ok_or_else(|| failed(&"its matte has values that are no numbers"))
}

/// Runs, and has the run ended from aside when its time is over.
fn bounded<T>(limit: Duration, options: &RunOptions, run: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (running, ended) = channel::<()>();
        scope.spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout)
                && let Err(error) = options.terminate()
            {
                tracing::warn!(%error, "a model that is too slow cannot be ended");
            }
        });
        let outcome = run();
        drop(running);
        outcome
    })
}

fn failed(error: &dyn std::fmt::Display) -> TaskError {
    TaskError::with_detail(JobErrorCode::ModelFailed, error.to_string())
}
