//! Creates a job that makes a video of a picture and a sound.

use shared::media::Output;

use crate::app::list_models::unavailable;
use crate::app::manage_webhook_secret::ensure_webhook_secret;
use crate::app::ports::Ports;
use crate::app::store_file::StoredFile;
use crate::app::submit_job::{JobInput, JobRequest, submit_job};
use crate::domain::api_key::Caller;
use crate::domain::dialect::DialectPolicy;
use crate::domain::error::Error;
use crate::domain::job::Job;
use crate::domain::model::{AVATAR_FILE_SIZE_BYTES_MAX, Model, PortraitMaker};

/// A new job, already reserved for.
/// Errors: those of `submit_job`.
pub async fn create_portrait(
    ports: &impl Ports,
    caller: Caller,
    policy: DialectPolicy,
    picture: &StoredFile,
    sound: &StoredFile,
    callback_url: Option<String>,
) -> Result<Job, Error> {
    if callback_url.is_some() {
        ensure_webhook_secret(ports, caller.account_id).await?;
    }
    let model = choose_model(ports, picture.size_bytes.max(sound.size_bytes)).await?;
    let input = JobInput::Portrait { picture: picture.source(), sound: sound.source() };
    let request = JobRequest { callback_url, ..JobRequest::new(policy, model, input, vec![Output::OpaqueMp4]) };
    submit_job(ports, caller, request, None).await
}

/// The model: the provider's, if it is allowed and available and takes a file of this size; else
/// the transcoder's.
async fn choose_model(ports: &impl Ports, size_bytes: u64) -> Result<Model, Error> {
    let avatar = Model::KieKlingAvatar;
    let speaks = ports.settings().portrait_maker == PortraitMaker::Any
        && size_bytes <= AVATAR_FILE_SIZE_BYTES_MAX
        && unavailable(ports, avatar, None).await?.is_none();
    Ok(if speaks { avatar } else { Model::LocalPortrait })
}
