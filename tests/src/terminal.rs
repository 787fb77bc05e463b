//! Output of `cargo x`. The only module that prints.

use std::io::{IsTerminal, Write};

/// Prints a line on standard output. A closed pipe is no error.
pub fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// Prints a line on standard error.
pub fn print_error(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// Whether standard error is a terminal, so that spinners make sense.
#[must_use]
pub fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}

/// Indents each line.
#[must_use]
pub fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
