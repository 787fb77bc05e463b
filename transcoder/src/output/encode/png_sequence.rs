//! PNG sequence: `frame_000001.png` and so on in a ZIP, compressed on all cores and stored as they come.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use tokio::sync::mpsc;

use super::ordered;
use super::png::encode;
use super::zip::Archive;
use crate::frame::feed::Frame;
use crate::output::product::Shot;

/// Writes the whole file; ends with the frames.
pub fn write(frames: mpsc::Receiver<Frame>, shot: &Shot, path: &Path) -> io::Result<()> {
    let mut archive = Archive::new(BufWriter::new(File::create(path)?), name);
    ordered::each(frames, |frame| encode(&frame, shot.padded), |picture| archive.add(&picture))?;
    archive.end().map(drop)
}

/// Counts from one, as `frame_%06d.png`.
pub fn name(index: usize) -> String {
    format!("frame_{:06}.png", index + 1)
}
