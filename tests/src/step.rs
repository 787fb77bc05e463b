//! Long steps: a spinner on a terminal, plain lines in logs, and the last lines of a tool's output
//! when it fails.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::process::Group;
use crate::terminal::{is_interactive, print_line};
use crate::{interrupt, terminal};

/// Number of lines of a failed tool's output that are shown.
const LAST_LINES_MAX: usize = 40;
/// The time between SIGTERM and SIGKILL for a tool.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// A step with a title. Prints how long it took.
#[derive(Debug)]
pub struct Step {
    title: String,
    spinner: ProgressBar,
    started: Instant,
}

impl Step {
    /// Starts the step.
    #[must_use]
    pub fn begin(title: &str) -> Self {
        let spinner = if is_interactive() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            spinner.set_style(style);
        }
        spinner.set_message(title.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(100));
        if !is_interactive() {
            print_line(&format!("… {title}"));
        }
        Self { title: title.to_owned(), spinner, started: Instant::now() }
    }

    /// Ends the step successfully.
    pub fn finish(self) {
        self.spinner.finish_and_clear();
        print_line(&format!("✓ {} ({:.1} s)", self.title, self.started.elapsed().as_secs_f64()));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}

/// Runs a tool to its end. Its output is shown only when it fails, with advice on what to do.
pub fn run(title: &str, command: &mut Command, advice: &str) -> Result<()> {
    let step = Step::begin(title);
    run_quietly(title, command, advice)?;
    step.finish();
    Ok(())
}

/// As [`run`], without printing a title: for short steps.
pub fn run_quietly(title: &str, command: &mut Command, advice: &str) -> Result<()> {
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut group = Group::spawn(command, STOP_GRACE)?;
    // The command keeps its ends of the pipe open, so that the reader would never reach the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let last_lines = Arc::new(Mutex::new(VecDeque::new()));
    let collector = thread::spawn({
        let last_lines = Arc::clone(&last_lines);
        move || collect(reader, &last_lines)
    });
    let status = loop {
        interrupt::check()?;
        if let Some(status) = group.wait_at_most(Duration::from_millis(100))? {
            break status;
        }
    };
    group.stop()?;
    if !status.success() {
        collector.join().ok();
        for line in last_lines.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            terminal::print_error(&format!("  {line}"));
        }
        bail!("{title}: {status}\n{advice}");
    }
    Ok(())
}

/// Runs a tool to its end and shows its output as it comes.
pub fn run_openly(title: &str, command: &mut Command, advice: &str) -> Result<()> {
    let started = Instant::now();
    print_line(&format!("▶ {title}"));
    let mut group = Group::spawn(command.stdin(Stdio::null()), STOP_GRACE)?;
    let status = loop {
        interrupt::check()?;
        if let Some(status) = group.wait_at_most(Duration::from_millis(100))? {
            break status;
        }
    };
    if !status.success() {
        bail!("{title}: {status}\n{advice}");
    }
    print_line(&format!("✓ {title} ({:.1} s)", started.elapsed().as_secs_f64()));
    Ok(())
}

fn collect(reader: impl Read, last_lines: &Mutex<VecDeque<String>>) {
    for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        let mut lines = last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LAST_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
}
