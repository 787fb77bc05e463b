//! wrangler on this machine: configurations derived from the committed ones, migrations, the dev
//! server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::artifacts::replace_file;
use crate::stack::secrets::{Secrets, write_private};
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{gateway, step};

const R2_BUCKET_NAME: &str = "bgless";
const DATABASE_NAME: &str = "bgless";

/// The folder, addresses and secrets of one stack.
#[derive(Debug, Clone)]
pub struct StackConfig {
    /// The folder of data, logs, configurations and secrets.
    pub state: PathBuf,
    /// The URL of the edge, without a trailing slash.
    pub base_url: String,
    /// The port in `base_url`.
    pub port: u16,
    /// The secrets.
    pub secrets: Secrets,
    /// `HOST:PORT,HOST:PORT`: the private addresses that sources and webhooks may use.
    pub allowed_hosts: String,
}

impl StackConfig {
    /// The URL of R2's S3 API for the edge and the transcoder.
    #[must_use]
    pub fn s3_endpoint(&self) -> String {
        format!("{}/cdn-cgi/local/r2/s3", self.base_url)
    }

    /// The variables with which the edge and the transcoder reach the bucket.
    #[must_use]
    pub fn bucket_env(&self) -> [(&'static str, String); 5] {
        [
            ("R2_S3_ENDPOINT", self.s3_endpoint()),
            ("R2_BUCKET_NAME", R2_BUCKET_NAME.to_owned()),
            ("R2_ACCESS_KEY_ID", self.secrets.r2_access_key_id.clone()),
            ("R2_SECRET_ACCESS_KEY", self.secrets.r2_secret_access_key.clone()),
            ("ALLOWED_PRIVATE_HOSTS", self.allowed_hosts.clone()),
        ]
    }

    /// Writes the gateway's configuration; returns its path.
    pub fn write_gateway_config(&self, workspace: &Workspace) -> Result<PathBuf> {
        let mut config = read_config(&workspace.join("tests/gateway/wrangler.toml"))?;
        set_vars(
            &mut config,
            [
                ("QUEUE_API_TOKEN", self.secrets.queue_api_token.clone()),
                ("CLOUDFLARE_ACCOUNT_ID", gateway::CLOUDFLARE_ACCOUNT_ID.to_owned()),
                ("QUEUE_IDS", [gateway::QUEUE_ID, gateway::HEAVY_QUEUE_ID].join(",")),
            ],
        );
        self.write_config("gateway.toml", config, &workspace.join("tests/gateway/gateway.js"))
    }

    /// Writes the configuration of the stub edge; returns its path.
    pub fn write_stub_edge_config(&self, workspace: &Workspace) -> Result<PathBuf> {
        let config = read_config(&workspace.join("tests/gateway/stub_edge.toml"))?;
        self.write_config("edge.toml", config, &workspace.join("tests/gateway/stub_edge.js"))
    }

    /// Writes the edge's configuration; returns its path. The program is copied, so that a later
    /// build does not change a running stack.
    pub fn write_edge_config(&self, workspace: &Workspace, edge_dir: &Path, vars: &[(String, String)]) -> Result<PathBuf> {
        for file in ["index.js", "index_bg.wasm"] {
            replace_file(&edge_dir.join(file), &self.state.join("edge").join(file))?;
        }
        let mut config = self.local_edge_config(workspace)?;
        set_vars(&mut config, [("PUBLIC_BASE_URL", self.base_url.clone())]);
        set_vars(&mut config, self.bucket_env());
        set_vars(
            &mut config,
            [
                ("TRANSCODER_SECRET", self.secrets.transcoder_secret.clone()),
                ("FILE_URL_SECRET", self.secrets.file_url_secret.clone()),
                ("ADMIN_TOKEN", self.secrets.admin_token.clone()),
                ("SECRET_BOX_KEY", self.secrets.secret_box_key.clone()),
            ],
        );
        set_vars(&mut config, vars.iter().cloned());
        self.write_config("edge.toml", config, &self.state.join("edge/index.js"))
    }

    /// Creates and updates the tables of the local database.
    pub fn migrate(&self, workspace: &Workspace, tools: &Tools) -> Result<()> {
        let config = self.local_edge_config(workspace)?;
        let path = self.write_config("migrate.toml", config, &workspace.join("wrangler.toml"))?;
        let mut command = tools.wrangler(&self.state)?;
        command.args(["d1", "migrations", "apply", DATABASE_NAME, "--local", "--config"]).arg(path);
        command.arg("--persist-to").arg(self.data_dir());
        step::run_quietly("database migrations", &mut command, "A migration is wrong, or was edited after it had been applied.")
    }

    /// The command that serves both Workers. The first of them, the gateway, gets the port and the
    /// cron trigger.
    pub fn serve_command(&self, tools: &Tools, gateway_config: &Path, edge_config: &Path) -> Result<Command> {
        let mut command = tools.wrangler(&self.state)?;
        command.arg("dev").arg("--config").arg(gateway_config).arg("--config").arg(edge_config);
        command.args(["--ip", "127.0.0.1", "--port", &self.port.to_string(), "--inspector-port", "0"]);
        command.args(["--show-interactive-dev-session", "false", "--persist-to"]).arg(self.data_dir());
        Ok(command)
    }

    fn data_dir(&self) -> PathBuf {
        self.state.join("data")
    }

    /// The committed configuration without the settings of a deployment.
    fn local_edge_config(&self, workspace: &Workspace) -> Result<Table> {
        let mut config = read_config(&workspace.join("wrangler.toml"))?;
        for key in ["build", "routes", "route", "account_id"] {
            config.remove(key);
        }
        for bucket in tables(&mut config, "r2_buckets") {
            let mut credentials = Table::new();
            credentials.insert("accessKeyId".into(), Value::String(self.secrets.r2_access_key_id.clone()));
            credentials.insert("secretAccessKey".into(), Value::String(self.secrets.r2_secret_access_key.clone()));
            let mut local_dev = Table::new();
            local_dev.insert("experimental_s3_credentials".into(), Value::Table(credentials));
            bucket.insert("local_dev".into(), Value::Table(local_dev));
        }
        if let Some(Value::String(directory)) = config.get_mut("assets").and_then(|assets| assets.get_mut("directory")) {
            *directory = path_text(&workspace.join(&*directory))?;
        }
        for database in tables(&mut config, "d1_databases") {
            if let Some(Value::String(dir)) = database.get_mut("migrations_dir") {
                *dir = path_text(&workspace.join(&*dir))?;
            }
        }
        Ok(config)
    }

    fn write_config(&self, name: &str, mut config: Table, main: &Path) -> Result<PathBuf> {
        config.insert("main".into(), Value::String(path_text(main)?));
        let path = self.state.join(name);
        write_private(&path, &toml::to_string(&config)?)?;
        Ok(path)
    }
}

/// Applies the migrations to the deployed database.
pub fn migrate_remote(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let mut command = tools.wrangler(&workspace.output_dir())?;
    command.args(["d1", "migrations", "apply", DATABASE_NAME, "--remote"]);
    step::run_openly("migrations of the deployed database", &mut command, "Log in with `node_modules/.bin/wrangler login`.")
}

fn read_config(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    text.parse().with_context(|| format!("{} is not TOML", path.display()))
}

fn set_vars<Name: Into<String>>(config: &mut Table, vars: impl IntoIterator<Item = (Name, String)>) {
    let table = config.entry("vars").or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(table) = table {
        table.extend(vars.into_iter().map(|(name, value)| (name.into(), Value::String(value))));
    }
}

fn tables<'a>(config: &'a mut Table, key: &str) -> impl Iterator<Item = &'a mut Table> {
    let list = config.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_table_mut)
}

fn path_text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()))
}
