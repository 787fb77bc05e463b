//! Checks before encoding that the outputs fit on the disk.

use std::io;
use std::path::Path;

use shared::media::PixelSize;
use shared::report::MachineFault;

use crate::error::{TaskError, TaskResult};
use crate::output::rendition::Rendition;

/// Left to other tasks; a scratch folder with less free space than that takes no task at all.
/// Units: bytes.
pub const RESERVE_SIZE_BYTES: u64 = 256 * 1024 * 1024;

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

/// Fails if the outputs exceed the disk's free space: another machine's may be larger.
/// Errors: `scratch_full`, a fault of the machine.
pub fn check(dir: &Path, renditions: &[Rendition]) -> TaskResult<()> {
    check_size(dir, needed_size_bytes(renditions))
}

fn check_size(dir: &Path, needed: u64) -> TaskResult<()> {
    let free = free_size_bytes(dir).map_err(|error| TaskError::disk("measuring the disk", &error))?;
    judge(needed, free)
}

/// Free space of the disk with this folder.
/// Units: bytes.
pub fn free_size_bytes(dir: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// As [`check`], for a portrait: five times what a photograph full of detail took (0.8, in 1/100
/// byte a pixel). Noise takes 7.
pub fn check_portrait(dir: &Path, canvas: PixelSize, frames: u64) -> TaskResult<()> {
    const COST: u64 = 4;
    check_size(dir, disk_size_bytes(canvas, frames, COST))
}

fn judge(needed: u64, free: u64) -> TaskResult<()> {
    let wanted = needed.saturating_add(RESERVE_SIZE_BYTES);
    if wanted <= free {
        return Ok(());
    }
    let mib = |size_bytes: u64| size_bytes / (1024 * 1024);
    let detail = format!("the outputs may need {} MiB of disk, {} MiB are free", mib(wanted), mib(free));
    Err(TaskError::machine(MachineFault::ScratchFull, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_above_the_free_space_is_left_to_another_machine() {
        const GIB: u64 = 1 << 30;
        assert!(judge(GIB, 2 * GIB).is_ok());
        for needed in [2 * GIB, 4 * GIB, u64::MAX] {
            let error = judge(needed, 2 * GIB).unwrap_err();
            assert!(matches!(error, TaskError::Machine { fault: MachineFault::ScratchFull, .. }), "{error}");
        }
    }
}
