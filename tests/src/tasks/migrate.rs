//! `cargo x migrate`: applies the migrations to a D1 database.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{dev, setup};
use crate::cache::Cache;
use crate::stack::secrets::Secrets;
use crate::terminal::print_line;
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::wrangler::{self, StackConfig};

const USAGE: &str = "usage: cargo x migrate --local [--state DIR] | --remote";

enum Target {
    Local,
    Remote,
}

/// Runs the task.
pub fn run(mut args: lexopt::Parser) -> Result<()> {
    let workspace = Workspace::find()?;
    let mut target = None;
    let mut state = dev::default_state(&workspace);
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("local") => target = Some(Target::Local),
            lexopt::Arg::Long("remote") => target = Some(Target::Remote),
            lexopt::Arg::Long("state") => state = Workspace::absolute(PathBuf::from(args.value()?))?,
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(target) = target else { bail!(USAGE) };
    let cache = Cache::open()?;
    setup::ensure(&workspace, &cache)?;
    let tools = Tools::new(&workspace, &cache);
    match target {
        Target::Remote => wrangler::migrate_remote(&workspace, &tools),
        Target::Local => {
            fs::create_dir_all(&state)?;
            let secrets = Secrets::load_or_create(&state)?;
            let stack_config = StackConfig { secrets, state, base_url: String::new(), port: 0, allowed_hosts: String::new() };
            stack_config.migrate(&workspace, &tools)?;
            print_line(&format!("the database in {} is up to date", stack_config.state.display()));
            Ok(())
        }
    }
}
