//! Whether the outputs will fit on the disk, before an hour is spent on finding out.

use std::io;
use std::path::Path;

use shared::code::JobErrorCode;
use shared::media::{Output, PixelSize};

use crate::error::{TaskError, TaskResult};
use crate::output::product::{Item, Product};

/// Left to others.
/// Units: bytes.
const RESERVE_SIZE_BYTES: u64 = 256 * 1024 * 1024;

/// Twice what was measured on textured footage, in 1/100 byte a pixel. Noise needs more; a disk that fills up all the same
/// ends the attempt, not the job.
#[expect(clippy::match_same_arms, reason = "a table: one line per output")]
const fn cost(item: Item) -> u64 {
    match item {
        Item::Output(Output::WebmVp9Alpha | Output::MatteGrayscaleMp4) | Item::Preview(_) => 10,
        Item::Output(Output::MovProres4444) => 110,
        Item::Output(Output::AnimatedWebp) => 25,
        Item::Output(Output::Gif) => 40,
        Item::Output(Output::Apng | Output::PngSequence) => 75,
        // Twice the picture, and written twice: the index moves to the front.
        Item::Output(Output::StackedAlphaMp4) => 40,
        // Written twice.
        Item::Output(Output::OpaqueMp4) => 20,
        // Two files written twice, put together, and taken apart again to be looked at.
        Item::Output(Output::ColorAlphaZip) => 80,
    }
}

/// What these products are expected to need.
/// Units: bytes.
pub fn needed_size_bytes(products: &[Product]) -> u64 {
    let of = |product: &Product| product.shot.padded.pixels().saturating_mul(product.shot.frames) / 100 * cost(product.item);
    products.iter().map(of).fold(0, u64::saturating_add)
}

/// Refuses what can never fit here; what others are in the way of may be tried again, or elsewhere.
pub fn check(dir: &Path, products: &[Product]) -> TaskResult<()> {
    check_size(dir, needed_size_bytes(products))
}

fn check_size(dir: &Path, needed: u64) -> TaskResult<()> {
    let disk = rustix::fs::statvfs(dir).map_err(|error| TaskError::disk("measuring the disk", &io::Error::from(error)))?;
    let block = disk.f_frsize;
    judge(needed, disk.f_bavail.saturating_mul(block), disk.f_blocks.saturating_mul(block))
}

/// As [`check`], for a portrait: five times what a photograph full of detail took (0.8, in 1/100 byte a pixel). Noise takes 7.
pub fn check_portrait(dir: &Path, canvas: PixelSize, frames: u64) -> TaskResult<()> {
    const COST: u64 = 4;
    check_size(dir, canvas.pixels().saturating_mul(frames) / 100 * COST)
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
    fn what_never_fits_is_refused_and_what_fits_later_is_put_off() {
        const GIB: u64 = 1 << 30;
        assert!(judge(GIB, 2 * GIB, 4 * GIB).is_ok());
        assert!(matches!(judge(2 * GIB, 2 * GIB, 4 * GIB), Err(TaskError::Transient(_))));
        let never = judge(4 * GIB, 2 * GIB, 4 * GIB);
        assert!(matches!(never, Err(TaskError::Permanent { code: JobErrorCode::ScratchFull, .. })), "{never:?}");
    }
}
