//! Handles a provider's callback about a task. Its content is not trusted; the task is polled
//! instead.

use url::Url;

use crate::app::advance_generation::{Advance, advance_generation, record_task};
use crate::app::ports::{GenerationStore as _, Ports, Provider as _};
use crate::domain::error::Error;
use crate::domain::generation::{self, Generation, GenerationState};
use crate::domain::run::RunRef;

/// Polls the task at once. An unknown task id may be that of a generation whose answer was lost:
/// then the provider is asked for the task's callback URL, which names the run and carries a token
/// that only we can make.
pub async fn handle_provider_callback(ports: &impl Ports, provider: &str, task_id: &str) -> Result<Advance, Error> {
    let generation = match ports.store().find_generation_of_task(provider, task_id).await? {
        Some(generation) => generation,
        None => match find_lost_generation(ports, provider, task_id).await? {
            Some(generation) => generation,
            None => return Ok(Advance::Nothing),
        },
    };
    let run = generation.run;
    if generation.state == GenerationState::Over {
        ports.warn("a provider called back for a generation that is over; nothing was changed", &[("job.id", &run.job_id)]);
        return Ok(Advance::Nothing);
    }
    ports.store().make_generation_due(run, ports.now()).await?;
    advance_generation(ports, run).await
}

async fn find_lost_generation(ports: &impl Ports, provider: &str, task_id: &str) -> Result<Option<Generation>, Error> {
    let Some(client) = ports.provider(provider) else { return Ok(None) };
    let callback_url = client.find(task_id).await.callback_url;
    let Some(run) = callback_url.and_then(|url| run_of(&url, &ports.settings().file_url_secret)) else {
        ports.warn("a provider called about a task that is not ours", &[("provider", &provider)]);
        return Ok(None);
    };
    if record_task(ports, run, task_id).await? {
        ports.warn("a generation whose answer was lost has been found", &[("job.id", &run.job_id)]);
    }
    // If this call recorded nothing, the answer may have arrived meanwhile.
    let generation = ports.store().find_generation_of_task(provider, task_id).await?;
    if generation.is_none() {
        ports.warn(
            "a provider called back for a generation that is over or has another task; nothing was changed",
            &[("job.id", &run.job_id)],
        );
    }
    Ok(generation)
}

/// The run that a callback URL of ours names.
fn run_of(url: &str, secret: &[u8]) -> Option<RunRef> {
    let url = Url::parse(url).ok()?;
    let of = |name: &str| url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned());
    let run = RunRef { job_id: of("job")?.parse().ok()?, run: of("run")?.parse().ok()? };
    generation::is_callback_token(secret, run, &of("token")?).then_some(run)
}
