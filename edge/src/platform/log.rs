//! Log lines: JSON with a readable message and fields. Never keys, signed URLs or bodies.

use std::fmt::Display;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// A field: its name, and what prints it.
type Field<'a> = (&'a str, &'a dyn Display);

pub fn info(message: &str, fields: &[Field<'_>]) {
    worker::console_log!("{}", line("info", message, fields));
}

pub fn warn(message: &str, fields: &[Field<'_>]) {
    worker::console_warn!("{}", line("warn", message, fields));
}

pub fn error(message: &str, fields: &[Field<'_>]) {
    worker::console_error!("{}", line("error", message, fields));
}

/// One line. Written straight into its text: every request writes one.
struct Line<'a> {
    level: &'a str,
    message: &'a str,
    fields: &'a [Field<'a>],
}

/// A value in its printed form.
struct Printed<'a>(&'a dyn Display);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("level", self.level)?;
        map.serialize_entry("message", self.message)?;
        self.fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, &Printed(*value)))?;
        map.end()
    }
}

impl Serialize for Printed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

fn line(level: &str, message: &str, fields: &[Field<'_>]) -> String {
    // Texts alone are written, which cannot fail.
    serde_json::to_string(&Line { level, message, fields }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_whatever_stands_in_it() {
        assert_eq!(
            line("info", "request", &[("path", &"/a\"\n"), ("status", &200)]),
            r#"{"level":"info","message":"request","path":"/a\"\n","status":"200"}"#
        );
    }
}
