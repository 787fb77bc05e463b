//! `cargo x`: the tasks of this repository. Each is a file in `tests/src/tasks`.

use std::process::ExitCode;

use tests::{interrupt, tasks, terminal};

fn main() -> ExitCode {
    match interrupt::listen().and_then(|()| tasks::run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if interrupt::is_requested() => {
            terminal::print_error("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            terminal::print_error(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
