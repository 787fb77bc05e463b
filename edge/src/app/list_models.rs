//! Lists the models, with the reason for each that this installation cannot run.

use std::borrow::Cow;

use crate::app::ports::{ModelStore as _, Ports, Provider as _, SeenModel};
use crate::domain::error::Error;
use crate::domain::model::{self, MODEL_DELETED_AFTER_MS, MODEL_STALE_AFTER_MS, Model};

const NO_MATTING_MODEL: &str =
    "No transcoder has a matting model: `bgless-transcoder model add selfie` installs one; docs/matting.md says how.";
const NOT_WORKING: &str = "No matting model that is configured works; see the models themselves.";
const NOT_REPORTED: &str = "No transcoder has reported it in the last quarter of an hour.";
const UNKNOWN: &str = "No transcoder has announced a matting model of this id.";

/// A model, with the reason if this installation cannot run it.
pub struct ListedModel {
    pub model: Model,
    /// One of the operator's, under `local.onnx-matting`.
    pub matting_model: Option<SeenModel>,
    pub unavailable_reason: Option<Cow<'static, str>>,
}

/// Every model. One D1 round trip.
pub async fn list_models(ports: &impl Ports) -> Result<Vec<ListedModel>, Error> {
    let seen = seen_models(ports).await?;
    let mut listed = Vec::new();
    for model in Model::ALL {
        let unavailable_reason = match model {
            Model::LocalOnnxMatting => why_none_works(ports, &seen).map(Cow::Borrowed),
            model => of_provider(ports, model).map(Cow::Borrowed),
        };
        listed.push(ListedModel { model, matting_model: None, unavailable_reason });
        if model == Model::LocalOnnxMatting {
            listed.extend(seen.iter().map(|seen| ListedModel {
                model,
                unavailable_reason: why_not(ports, seen),
                matting_model: Some(seen.clone()),
            }));
        }
    }
    Ok(listed)
}

/// The reason why this installation cannot run a model; None if it can. Only models of providers
/// and of the operator can be unavailable.
pub async fn unavailable(
    ports: &impl Ports,
    model: Model,
    matting_model: Option<&str>,
) -> Result<Option<Cow<'static, str>>, Error> {
    if model != Model::LocalOnnxMatting {
        return Ok(of_provider(ports, model).map(Cow::Borrowed));
    }
    let seen = seen_models(ports).await?;
    Ok(match matting_model {
        None => why_none_works(ports, &seen).map(Cow::Borrowed),
        Some(id) => match seen.iter().find(|seen| seen.model.id == id) {
            Some(seen) => why_not(ports, seen),
            None => Some(Cow::Borrowed(UNKNOWN)),
        },
    })
}

async fn seen_models(ports: &impl Ports) -> Result<Vec<SeenModel>, Error> {
    ports.store().list_matting_models(ports.now().minus_ms(MODEL_DELETED_AFTER_MS)).await
}

fn of_provider(ports: &impl Ports, model: Model) -> Option<&'static str> {
    ports.provider(model.info().provider)?.unavailable()
}

fn why_none_works(ports: &impl Ports, seen: &[SeenModel]) -> Option<&'static str> {
    match seen {
        [] => Some(NO_MATTING_MODEL),
        seen if seen.iter().all(|seen| why_not(ports, seen).is_some()) => Some(NOT_WORKING),
        _ => None,
    }
}

fn why_not(ports: &impl Ports, seen: &SeenModel) -> Option<Cow<'static, str>> {
    if seen.seen_at_ms < ports.now().minus_ms(MODEL_STALE_AFTER_MS) {
        return Some(Cow::Borrowed(NOT_REPORTED));
    }
    // The reason names the operator's files: it is in the transcoder's log and goes no further.
    seen.model.unavailable_reason.as_ref().map(|_| Cow::Borrowed(model::MATTING_MODEL_FAILED))
}
