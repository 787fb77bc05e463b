//! What people read: lines on standard output. The only place that prints.

use std::io::{IsTerminal, Write};

/// Prints a line. A closed pipe is the reader's choice, not an error.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// Prints a line of trouble.
pub fn complain(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// Whether somebody watches, and spinners make sense.
#[must_use]
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// `1.4 MB`, as people read sizes.
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

/// Sets a text apart from the sentence it explains.
#[must_use]
pub fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
