//! The secrets of a local stack: random, created once, stored with the stack's data.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// One stack's secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the variable of the same name")]
pub struct Secrets {
    pub admin_token: String,
    pub file_url_secret: String,
    pub queue_api_token: String,
    pub r2_access_key_id: String,
    pub r2_secret_access_key: String,
    pub secret_box_key: String,
    pub transcoder_secret: String,
}

impl Secrets {
    /// Reads the stack's secrets, or creates them. They are kept, so that data signed earlier stays
    /// readable.
    pub fn load_or_create(state: &Path) -> Result<Self> {
        let path = state.join("secrets.json");
        if let Ok(text) = fs::read_to_string(&path) {
            return serde_json::from_str(&text).with_context(|| format!("{} is damaged; remove it", path.display()));
        }
        let secrets = Self {
            admin_token: random_hex()?,
            file_url_secret: random_hex()?,
            queue_api_token: random_hex()?,
            r2_access_key_id: random_hex()?,
            r2_secret_access_key: random_hex()?,
            secret_box_key: random_hex()?,
            transcoder_secret: random_hex()?,
        };
        write_private(&path, &serde_json::to_string_pretty(&secrets)?)?;
        Ok(secrets)
    }
}

/// Writes a file that only its owner reads.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = File::options();
    let file = options.create(true).write(true).truncate(true).mode(0o600).open(path);
    let mut file = file.with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}

fn random_hex() -> Result<String> {
    let mut source = File::open("/dev/urandom")?;
    let mut half = || -> Result<u128> {
        let mut bytes = [0; 16];
        source.read_exact(&mut bytes)?;
        Ok(u128::from_ne_bytes(bytes))
    };
    Ok(format!("{:032x}{:032x}", half()?, half()?))
}
