//! The share of transparent and of opaque pixels of a video, measured on decoded frames rather than
//! read from metadata.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::Group;
use crate::step::STOP_GRACE;

/// A pixel counts as transparent up to this alpha, and as opaque from 255 less this: lossy codecs
/// need the margin.
const TOLERANCE: u8 = 16;

/// Shares of all pixels of all frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaShares {
    /// Transparent pixels.
    pub transparent: f64,
    /// Opaque pixels.
    pub opaque: f64,
}

impl AlphaShares {
    /// Decodes an output of a job and counts its pixels. For a greyscale matte, grey is alpha.
    pub fn measure(path: &Path, format: &str) -> Result<Self> {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error"]);
        if format.starts_with("webm") {
            // ffmpeg's native VP9 decoder drops the alpha plane silently.
            command.args(["-c:v", "libvpx-vp9"]);
        }
        let plane = if format.starts_with("matte") { "format=gray" } else { "alphaextract,format=gray" };
        command.arg("-i").arg(path).args(["-map", "0:v:0", "-vf", plane, "-f", "rawvideo", "-"]);
        let (mut reader, writer) = std::io::pipe()?;
        command.stdin(Stdio::null()).stdout(writer);
        let mut group = Group::spawn(&mut command, STOP_GRACE)?;
        // The command keeps its end of the pipe open, so that the reader would never reach the end.
        command.stdout(Stdio::null());
        let counts = count(&mut reader)?;
        let status = group.wait_at_most(STOP_GRACE)?.context("ffmpeg does not end")?;
        ensure!(status.success(), "{} cannot be decoded with alpha: {status}", path.display());
        counts.shares().with_context(|| format!("{} has no frames", path.display()))
    }

    /// Whether the video has both transparent and opaque pixels.
    #[must_use]
    pub fn is_cut_out(&self) -> bool {
        self.transparent > 0.0 && self.opaque > 0.0
    }
}

#[derive(Default)]
struct Counts {
    total: u64,
    transparent: u64,
    opaque: u64,
}

impl Counts {
    #[expect(clippy::cast_precision_loss, reason = "2^53 pixels are more than any video has")]
    fn shares(&self) -> Option<AlphaShares> {
        let share = |count: u64| count as f64 / self.total as f64;
        (self.total > 0).then(|| AlphaShares { transparent: share(self.transparent), opaque: share(self.opaque) })
    }
}

fn count(reader: &mut impl Read) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let pixels = match reader.read(&mut buffer)? {
            0 => return Ok(counts),
            length => buffer.get(..length).unwrap_or_default(),
        };
        counts.total += pixels.len() as u64;
        counts.transparent += pixels.iter().filter(|alpha| **alpha <= TOLERANCE).count() as u64;
        counts.opaque += pixels.iter().filter(|alpha| **alpha >= u8::MAX - TOLERANCE).count() as u64;
    }
}
