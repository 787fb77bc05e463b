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

/// A size such as `1.4 MB`.
#[must_use]
pub fn render_size(size_bytes: u64) -> String {
    let (unit, scale) = match size_bytes {
        0..1_000 => return format!("{size_bytes} B"),
        1_000..1_000_000 => ("kB", 1_000),
        1_000_000..1_000_000_000 => ("MB", 1_000_000),
        _ => ("GB", 1_000_000_000),
    };
    format!("{}.{} {unit}", size_bytes / scale, size_bytes % scale * 10 / scale)
}

/// Indents each line.
#[must_use]
pub fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
