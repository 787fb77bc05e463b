//! The enumerations of the description. Each is made from the table that requests are parsed with.

use std::borrow::Cow;

use serde_json::Value;
use shared::code::{JobErrorCode, RequestErrorCode};
use shared::media::{Output, Preset, PreviewKind};
use shared::price::Resolution;
use shared::report::AttemptStage;
use shared::strategy::{Strategy, StrategyRequest};
use utoipa::openapi::schema::{AnyOfBuilder, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::dialect;
use crate::domain::generation::AspectRatio;
use crate::domain::job::JobState;
use crate::domain::ledger::ENTRY_KINDS;
use crate::domain::model::{Mode, Model};
use crate::domain::scope::Scope;
use crate::domain::webhook::{DELIVERY_STATES, EVENTS};

macro_rules! schemas {
    ($($(#[doc = $doc:literal])+ $name:ident = $values:expr;)*) => {$(
        $(#[doc = $doc])+
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                enumeration(&[$($doc),+], $values)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

schemas! {
    /// Where a job is. `submitted`: a provider has it; `processing`: a provider works on it.
    /// `success`, `failed` and `canceled` are final.
    JobStatus = JobState::ALL.into_iter().filter(|state| *state != JobState::Created).map(JobState::as_str);
    /// The stage of a job's work in a transcoder.
    JobStage = AttemptStage::ALL.map(AttemptStage::as_str);
    /// A file that a job can make.
    OutputFormat = Output::ALL.map(Output::as_str);
    /// The kind of a preview: the result over a checkerboard, nearly black or nearly white, as a
    /// video and as a still of it; `poster` is a still of a portrait; `qa` is the QA report as a
    /// file.
    PreviewName = PreviewKind::ALL.map(PreviewKind::as_str);
    /// The purpose of the outputs.
    PresetName = Preset::ALL.map(Preset::as_str);
    /// The kind of a job's input.
    InputMode = Mode::ALL.map(Mode::as_str);
    /// The shape of a picture.
    AspectRatioName = AspectRatio::ALL.map(AspectRatio::as_str);
    /// How the matte is to be made. `auto` takes the first that fits the footage.
    AlphaStrategyChoice = StrategyRequest::CHOICES.map(StrategyRequest::as_str);
    /// How the matte was made. `portrait`: there is none, a picture and a sound became a video.
    AlphaStrategy = Strategy::ALL.map(|strategy| strategy.request().as_str());
    /// A class of picture sizes: up to 1280 × 720 pixels, up to 1920 × 1080, and anything above.
    VideoResolution = Resolution::ALL.map(Resolution::as_str);
    /// A group of operations that a key permits. `jobs`: uploads, jobs, credits, usage. `manage`:
    /// keys and the account's settings.
    KeyScope = Scope::ALL.map(Scope::as_str);
    /// The API in which a key reads lists at shared paths.
    KeyDialect = dialect::KeyDialect::ALL.map(dialect::KeyDialect::as_str);
    /// Why a request was refused. Stable: a code is never renamed nor given another meaning.
    ErrorCode = RequestErrorCode::ALL.map(RequestErrorCode::as_str);
    /// Why a job failed. Stable: a code is never renamed nor given another meaning.
    JobFailureCode = JobErrorCode::ALL.map(JobErrorCode::as_str);
    /// The reason for a movement of credits.
    LedgerEntryKind = ENTRY_KINDS;
    /// The state of a delivery: still to be sent, received, or given up until it is redelivered by
    /// hand.
    DeliveryStatus = DELIVERY_STATES;
    /// The type of a webhook event. `job.started` is sent by other APIs of this service only.
    EventType = EVENTS;
}

/// A model; `GET /v1/models` says which are available here.
pub enum ModelId {}

impl PartialSchema for ModelId {
    fn schema() -> RefOr<Schema> {
        let own = enumeration(&["What every installation knows."], Model::ALL.map(Model::as_str));
        let matting = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("A matting model of the operator's."))
            .pattern(Some(r"^local\.onnx-matting/[A-Za-z0-9._-]{1,80}$"));
        let what = "A model; `GET /v1/models` says which are available here.";
        Schema::from(AnyOfBuilder::new().item(own).item(Object::from(matting)).description(Some(what)).build()).into()
    }
}

impl ToSchema for ModelId {
    fn name() -> Cow<'static, str> {
        "ModelId".into()
    }
}

fn enumeration(doc: &[&str], values: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    let values = values.into_iter().map(Value::from);
    let schema = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .description(Some(doc.join("").trim().to_owned()))
        .enum_values(Some(values));
    Object::from(schema).into()
}
