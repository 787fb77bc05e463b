//! Log lines: JSON with a readable message and fields. Never keys, signed URLs or bodies.

use std::fmt::Display;

use serde_json::{Map, Value};

pub fn info(message: &str, fields: &[(&str, &dyn Display)]) {
    worker::console_log!("{}", line("info", message, fields));
}

pub fn warn(message: &str, fields: &[(&str, &dyn Display)]) {
    worker::console_warn!("{}", line("warn", message, fields));
}

pub fn error(message: &str, fields: &[(&str, &dyn Display)]) {
    worker::console_error!("{}", line("error", message, fields));
}

fn line(level: &str, message: &str, fields: &[(&str, &dyn Display)]) -> Value {
    let head = [("level", level.to_owned()), ("message", message.to_owned())];
    let fields = fields.iter().map(|(name, value)| (*name, value.to_string()));
    let fields: Map<_, _> = head.into_iter().chain(fields).map(|(name, value)| (name.to_owned(), value.into())).collect();
    fields.into()
}
