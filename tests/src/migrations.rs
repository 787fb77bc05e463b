//! Migrations are added, never edited: somebody may have applied them. Before 1.0 they were
//! rewritten by subject, once.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// The first file of the schema that was written by subject. Nothing before the commit that added
/// it was ever applied.
const FIRST_FILE: &str = "migrations/d1/0001_create_accounts_and_keys.sql";

/// Fails when a migration was changed, renamed or removed since the rewrite, in the history or
/// since the last commit.
pub fn check_added_only(workspace: &Workspace) -> Result<()> {
    check(workspace.root())
}

fn check(root: &Path) -> Result<()> {
    // Without the history, as in a downloaded archive, there is nothing to compare with.
    if !root.join(".git").exists() {
        return Ok(());
    }
    let added = git(root, &["log", "--reverse", "--diff-filter=A", "--format=%H", "--", FIRST_FILE])?;
    let Some(rewrite) = added.lines().next() else { return Ok(()) };
    let altered = ["--diff-filter=MDRT", "--name-only", "--", "migrations/*.sql"];
    let history = git(root, &[["log", "--format=", &format!("{rewrite}..HEAD")].as_slice(), &altered].concat())?;
    let pending = git(root, &[["diff", "HEAD"].as_slice(), &altered].concat())?;
    let names: Vec<&str> = history.lines().chain(pending.lines()).filter(|line| !line.is_empty()).collect();
    ensure!(
        names.is_empty(),
        "edited, though somebody may have applied them: {}\nAdd a new migration instead.",
        names.join(", ")
    );
    Ok(())
}

fn git(root: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new("git").args(args).current_dir(root).output().context("`git` cannot be started")?;
    ensure!(output.status.success(), "git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_rewrite_by_subject_passes_and_every_later_edit_is_refused() {
        let clone = tempfile::tempdir().unwrap();
        let root = clone.path();
        let write = |name: &str, text: &str| fs::write(root.join("migrations/d1").join(name), text).unwrap();
        let commit = || {
            git(root, &["add", "--all"]).unwrap();
            let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
            git(root, &[author.as_slice(), &["commit", "--quiet", "--allow-empty", "--message=a"]].concat()).unwrap();
        };
        let edits = || check(root).err().map(|error| error.to_string()).unwrap_or_default();
        git(root, &["init", "--quiet"]).unwrap();
        fs::create_dir_all(root.join("migrations/d1")).unwrap();
        write("0001_create_accounts.sql", "CREATE TABLE accounts (id TEXT);");
        commit();
        // The rewrite: files go, and git may take some of them for renamed.
        fs::remove_file(root.join("migrations/d1/0001_create_accounts.sql")).unwrap();
        write("0001_create_accounts_and_keys.sql", "CREATE TABLE accounts (id TEXT);\n");
        commit();
        assert_eq!(edits(), "");
        write("0007_add_a_table.sql", "CREATE TABLE a (id TEXT);");
        assert_eq!(edits(), "");
        commit();
        assert_eq!(edits(), "");
        for name in ["0001_create_accounts_and_keys.sql", "0007_add_a_table.sql"] {
            let text = fs::read_to_string(root.join("migrations/d1").join(name)).unwrap();
            write(name, "SELECT 1;");
            assert!(edits().contains(name), "an edit that is not committed");
            write(name, &text);
            assert_eq!(edits(), "");
        }
        fs::remove_file(root.join("migrations/d1/0001_create_accounts_and_keys.sql")).unwrap();
        commit();
        write("0001_create_accounts_and_keys.sql", "CREATE TABLE accounts (id TEXT, name TEXT);");
        commit();
        assert!(edits().contains("0001_create_accounts_and_keys.sql"), "removed and written anew");
    }
}
