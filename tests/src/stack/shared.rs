//! One stack for several tests of a program. It is kept between tests, and stopped when another
//! stack starts while no test uses it.

use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::stack::{Stack, StackOptions};
use crate::workspace::Workspace;

/// Below the output folder: the stacks of test programs. A program's last stack ends with the
/// program, which cannot remove the folder any more; `cargo x test` does.
const FOLDER: &str = "stacks";
/// Every stack that is kept.
static KEPT: Mutex<Vec<Arc<Shared>>> = Mutex::new(Vec::new());

/// Put this into a `static`.
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
        // An idle stack would take memory and processor time from the new one.
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).retain(|shared| Arc::strong_count(shared) > 1);
        let folder = Workspace::find()?.output_dir().join(FOLDER);
        fs::create_dir_all(&folder)?;
        let state = tempfile::tempdir_in(folder).context("no folder for the stack")?;
        let stack = Stack::start(StackOptions { state: state.path().to_owned(), ..options })?;
        let shared = Arc::new(Shared { stack: Mutex::new(stack), _state: state });
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&shared));
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

/// Removes the folders of programs that have ended.
pub fn remove_folders(workspace: &Workspace) {
    // A process that has just been told to end may still write; the next call removes the rest.
    fs::remove_dir_all(workspace.output_dir().join(FOLDER)).ok();
}
