//! One transcoder of the local stack.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;

use crate::gateway::{CLOUDFLARE_ACCOUNT_ID, Gateway, HEAVY_QUEUE_ID, QUEUE_ID};
use crate::process::Group;
use crate::wrangler::StackConfig;

/// Longer than the transcoder's own shutdown grace of ten seconds, so that it ends by itself.
pub const STOP_GRACE: Duration = Duration::from_secs(15);

/// A running transcoder.
#[derive(Debug)]
pub struct Transcoder {
    /// Its processes.
    pub group: Group,
    /// Its log.
    pub log: PathBuf,
    /// Its temporary files; empty while it is idle.
    pub scratch_dir: PathBuf,
}

impl Transcoder {
    /// Starts the `number`-th transcoder of a stack.
    pub fn start(program: &Path, stack_config: &StackConfig, number: usize, extra_env: &[(String, String)]) -> Result<Self> {
        let log = stack_config.state.join(format!("transcoder-{number}.log"));
        let scratch_dir = stack_config.state.join(format!("scratch-{number}"));
        std::fs::create_dir_all(&scratch_dir)?;
        let log_file = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(program);
        command
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log_file.try_clone()?)
            .stderr(log_file)
            .env("EDGE_URL", &stack_config.base_url)
            .env("TRANSCODER_SECRET", &stack_config.secrets.transcoder_secret)
            .env("QUEUE_API_URL", Gateway::api_url(&stack_config.base_url))
            .env("CLOUDFLARE_ACCOUNT_ID", CLOUDFLARE_ACCOUNT_ID)
            .env("QUEUE_ID", QUEUE_ID)
            .env("HEAVY_QUEUE_ID", HEAVY_QUEUE_ID)
            .env("QUEUE_API_TOKEN", &stack_config.secrets.queue_api_token)
            .envs(stack_config.bucket_env())
            .env("HEALTH_ADDR", "127.0.0.1:0")
            .env("SCRATCH_DIR", &scratch_dir)
            .envs(extra_env.iter().map(|(name, value)| (name, value)));
        Ok(Self { group: Group::spawn(&mut command, STOP_GRACE)?, log, scratch_dir })
    }
}
