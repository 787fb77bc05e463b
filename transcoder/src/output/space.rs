//! Checks before encoding that the outputs fit on the disk.

use std::io;
use std::path::Path;

use shared::code::JobErrorCode;
use shared::media::PixelSize;

use crate::error::{TaskError, TaskResult};
use crate::output::rendition::Rendition;

/// Left to other tasks.
/// Units: bytes.
const RESERVE_SIZE_BYTES: u64 = 256 * 1024 * 1024;

/// Disk space that these renditions are expected to need.
/// Units: bytes.
pub fn needed_size_bytes(renditions: &[Rendition]) -> u64 {
    let of = |rendition: &Rendition| {
        disk_size_bytes(rendition.params.size, rendition.params.frames, rendition.kind.encoding().disk_cost)
    };
    renditions.iter().map(of).fold(0, u64::saturating_add)
}

/// `cost` in 1/100 byte a pixel.
fn disk_size_bytes(size: PixelSize, frames: u64, cost: u64) -> u64 {
    size.pixels().saturating_mul(frames) / 100 * cost
}

/// Fails permanently if the outputs exceed the disk, transiently if they exceed its free space.
/// Errors: `scratch_full`, transient.
pub fn check(dir: &Path, renditions: &[Rendition]) -> TaskResult<()> {
    check_size(dir, needed_size_bytes(renditions))
}

fn check_size(dir: &Path, needed: u64) -> TaskResult<()> {
    let disk = rustix::fs::statvfs(dir).map_err(|error| TaskError::disk("measuring the disk", &io::Error::from(error)))?;
    let block = disk.f_frsize;
    judge(needed, disk.f_bavail.saturating_mul(block), disk.f_blocks.saturating_mul(block))
}

/// As [`check`], for a portrait: five times what a photograph full of detail took (0.8, in 1/100
/// byte a pixel). Noise takes 7.
pub fn check_portrait(dir: &Path, canvas: PixelSize, frames: u64) -> TaskResult<()> {
    const COST: u64 = 4;
    check_size(dir, disk_size_bytes(canvas, frames, COST))
}

fn judge(needed: u64, free: u64, whole: u64) -> TaskResult<()> {
    let wanted = needed.saturating_add(RESERVE_SIZE_BYTES);
    let mib = |size_bytes: u64| size_bytes / (1024 * 1024);
    if wanted > whole {
        let message = format!("The outputs may need {} MiB; this installation's disk has {} MiB.", mib(wanted), mib(whole));
        return Err(TaskError::permanent(JobErrorCode::ScratchFull, message));
    }
    if wanted > free {
        return Err(TaskError::Transient(format!(
            "the outputs may need {} MiB of disk, {} MiB are free",
            mib(wanted),
            mib(free)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_above_the_disk_is_refused_and_one_above_its_free_space_is_retried() {
        const GIB: u64 = 1 << 30;
        assert!(judge(GIB, 2 * GIB, 4 * GIB).is_ok());
        assert!(matches!(judge(2 * GIB, 2 * GIB, 4 * GIB), Err(TaskError::Transient(_))));
        let never = judge(4 * GIB, 2 * GIB, 4 * GIB);
        assert!(matches!(never, Err(TaskError::Permanent { code: JobErrorCode::ScratchFull, .. })), "{never:?}");
    }
}
