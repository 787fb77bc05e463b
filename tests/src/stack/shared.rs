//! One stack for several tests of a program: started by the first, stopped when the last one that
//! uses it ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::stack::{Stack, StackOptions};

/// Put this into a `static`. Tests that run at the same time share the stack; with one thread, each
/// test starts its own.
#[derive(Debug, Default)]
pub struct SharedStack(Mutex<Weak<Shared>>);

#[derive(Debug)]
struct Shared {
    // Dropped in this order: a stack writes to its state until it has stopped.
    stack: Mutex<Stack>,
    _state: TempDir,
}

/// Keeps the stack running while a test uses it.
#[derive(Debug)]
pub struct SharedStackUse(Arc<Shared>);

impl SharedStack {
    /// For a `static`.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// Runs a test on the stack while no other test uses it through this function.
    ///
    /// # Panics
    /// When the stack does not start.
    #[expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
    pub fn with(&self, options: StackOptions, test: impl FnOnce(&Stack)) {
        let shared = self.join(options).unwrap();
        let stack = shared.lock();
        test(&stack);
    }

    /// Uses the running stack, or starts one with these options in a temporary folder.
    pub fn join(&self, options: StackOptions) -> Result<SharedStackUse> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = slot.upgrade() {
            return Ok(SharedStackUse(shared));
        }
        let state = tempfile::Builder::new().prefix("bgless-stack-").tempdir().context("no temporary folder")?;
        let stack = Stack::start(StackOptions { state: state.path().to_owned(), ..options })?;
        let shared = Arc::new(Shared { stack: Mutex::new(stack), _state: state });
        *slot = Arc::downgrade(&shared);
        Ok(SharedStackUse(shared))
    }
}

impl SharedStackUse {
    /// Waits for exclusive use of the stack.
    pub fn lock(&self) -> MutexGuard<'_, Stack> {
        self.0.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
