//! The width of comments, which rustfmt checks on nightly only (`comment_width`).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::workspace::{MEMBERS, Workspace};

/// Units: columns.
const WIDTH_MAX: usize = 100;

/// Fails when a line that is a comment alone is too wide.
pub fn check_width(workspace: &Workspace) -> Result<()> {
    let mut files = Vec::new();
    for folder in MEMBERS {
        find_sources(&workspace.join(folder), &mut files)?;
    }
    let mut wide = Vec::new();
    for file in files {
        let place = file.strip_prefix(workspace.root()).unwrap_or(&file).display().to_string();
        let text = fs::read_to_string(&file)?;
        wide.extend(wide_lines(&text).map(|number| format!("{place}:{number}")));
    }
    ensure!(wide.is_empty(), "comments wider than {WIDTH_MAX} columns:\n{}", wide.join("\n"));
    Ok(())
}

/// The numbers of the lines that are too wide. A line without a space, such as a URL, cannot be
/// wrapped.
fn wide_lines(text: &str) -> impl Iterator<Item = usize> {
    let is_wide = |line: &str| {
        let comment = line.trim_start().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']).trim());
        line.chars().count() > WIDTH_MAX && comment.is_some_and(|comment| comment.contains(' '))
    };
    text.lines().enumerate().filter(move |(_, line)| is_wide(line)).map(|(index, _)| index + 1)
}

fn find_sources(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_comment_is_found_and_wide_code_and_urls_are_not() {
        let (words, url) = ("word ".repeat(20), "x".repeat(100));
        let text = format!("/// {words}\nlet a = 1; // {words}\n    // short\n//! {words}!\n// https://{url}\n");
        assert_eq!(wide_lines(&text).collect::<Vec<_>>(), [1, 4]);
    }
}
