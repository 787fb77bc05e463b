//! Temporary folders: one per process, one per task below it; removed on drop.
//!
//! A process that was killed leaves its folder behind. Each folder holds a lock file that its owner
//! keeps locked, so that the next process to start removes only folders of dead owners.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const PREFIX: &str = "bgless-";
const LOCK_FILE_NAME: &str = "owner.lock";
/// Attempts to remove a folder: a child that is being killed may still create a file in it.
const REMOVE_ATTEMPTS: u32 = 20;
/// Units: milliseconds.
const REMOVE_PAUSE_MS: u64 = 5;

/// The folder of this process.
#[derive(Debug)]
pub struct Scratch {
    root: TempDir,
    _lock: File,
}

impl Scratch {
    /// Creates this process's folder below `parent`, after removing those of dead processes.
    pub fn create(parent: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(parent)?;
        remove_stale(parent)?;
        let root = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        // Locked under a name that the cleanup ignores, then renamed: other processes never see it
        // unlocked.
        let unnamed = root.path().join("owner.new");
        let lock = File::create(&unnamed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "own lock is taken"),
        })?;
        std::fs::rename(&unnamed, root.path().join(LOCK_FILE_NAME))?;
        Ok(Self { root, _lock: lock })
    }

    /// Creates a folder for one task.
    pub fn create_task_dir(&self) -> io::Result<TaskDir> {
        tempfile::Builder::new().prefix("task-").tempdir_in(self.root.path()).map(|dir| TaskDir { path: dir.keep() })
    }
}

/// The folder of one task.
#[derive(Debug)]
pub struct TaskDir {
    path: PathBuf,
}

impl TaskDir {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TaskDir {
    fn drop(&mut self) {
        for _ in 0..REMOVE_ATTEMPTS {
            match std::fs::remove_dir_all(&self.path) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(REMOVE_PAUSE_MS)),
            }
        }
        tracing::warn!(path = %self.path.display(), "a task folder could not be removed");
    }
}

/// Removes folders of dead owners. A folder without a lock file is just being created, or is not
/// ours.
fn remove_stale(parent: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(parent)? {
        let path = entry?.path();
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        let Some(lock) = ours.then(|| File::open(path.join(LOCK_FILE_NAME)).ok()).flatten() else { continue };
        // Held while removing, so that two processes that start do not both remove it.
        if lock.try_lock().is_ok() {
            match std::fs::remove_dir_all(&path) {
                Ok(()) => tracing::info!(path = %path.display(), "removed the folder of a dead predecessor"),
                Err(error) => tracing::warn!(path = %path.display(), %error, "a stale folder could not be removed"),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_predecessors_folder_goes_and_a_living_neighbours_stays() {
        let parent = tempfile::tempdir().unwrap();
        let dead = parent.path().join("bgless-dead");
        std::fs::create_dir_all(dead.join("task-1")).unwrap();
        std::fs::write(dead.join(LOCK_FILE_NAME), "").unwrap();
        let foreign = parent.path().join("bgless-notes");
        std::fs::create_dir(&foreign).unwrap();
        let neighbour = Scratch::create(parent.path()).unwrap();
        assert!(!dead.exists());
        let own = Scratch::create(parent.path()).unwrap();
        assert!(neighbour.root.path().exists() && own.root.path().exists() && foreign.exists());
    }

    #[test]
    fn nothing_is_left_after_the_owner_is_gone() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(parent.path()).unwrap();
        let task = scratch.create_task_dir().unwrap();
        std::fs::write(task.path().join("source"), "x").unwrap();
        drop(task);
        drop(scratch);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
