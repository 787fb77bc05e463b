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
        let mut counts = Counts::default();
        decode(open(path, format).args(["-map", "0:v:0", "-vf", plane(format)]), path, |pixels| counts.add(pixels))?;
        counts.shares().with_context(|| format!("{} has no frames", path.display()))
    }

    /// Whether the video has both transparent and opaque pixels.
    #[must_use]
    pub fn is_cut_out(&self) -> bool {
        self.transparent > 0.0 && self.opaque > 0.0
    }
}

/// Mean absolute difference of an output's alpha from the true one, a greyscale video of the same
/// size and length. 0 to 1.
pub fn mean_error(path: &Path, format: &str, truth: &Path) -> Result<f64> {
    let graph =
        format!("[0:v]{}[alpha];[1:v]format=gray[truth];[alpha][truth]blend=all_mode=difference:shortest=1", plane(format));
    let (mut total, mut sum) = (0_u64, 0_u64);
    decode(open(path, format).arg("-i").arg(truth).args(["-filter_complex", &graph]), path, |pixels| {
        total += pixels.len() as u64;
        sum += pixels.iter().map(|error| u64::from(*error)).sum::<u64>();
    })?;
    ensure!(total > 0, "{} has no frames", path.display());
    #[expect(clippy::cast_precision_loss, reason = "2^53 is more than the sum of any video's pixels")]
    Ok(sum as f64 / total as f64 / f64::from(u8::MAX))
}

/// An ffmpeg command that reads an output.
fn open(path: &Path, format: &str) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    if format.starts_with("webm") {
        // ffmpeg's native VP9 decoder drops the alpha plane silently.
        command.args(["-c:v", "libvpx-vp9"]);
    }
    command.arg("-i").arg(path);
    command
}

/// The filters that turn an output into its alpha.
fn plane(format: &str) -> &'static str {
    if format.starts_with("matte") { "format=gray" } else { "alphaextract,format=gray" }
}

/// Runs ffmpeg and reads its raw pixels. `path` is named in errors.
fn decode(command: &mut Command, path: &Path, mut consume: impl FnMut(&[u8])) -> Result<()> {
    let (mut reader, writer) = std::io::pipe()?;
    command.args(["-f", "rawvideo", "-"]).stdin(Stdio::null()).stdout(writer);
    let mut group = Group::spawn(command, STOP_GRACE)?;
    // The command keeps its end of the pipe open, so that the reader would never reach the end.
    command.stdout(Stdio::null());
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let length = reader.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        consume(buffer.get(..length).unwrap_or_default());
    }
    let status = group.wait_at_most(STOP_GRACE)?.context("ffmpeg does not end")?;
    ensure!(status.success(), "{} cannot be decoded with alpha: {status}", path.display());
    Ok(())
}

#[derive(Default)]
struct Counts {
    total: u64,
    transparent: u64,
    opaque: u64,
}

impl Counts {
    fn add(&mut self, pixels: &[u8]) {
        self.total += pixels.len() as u64;
        self.transparent += pixels.iter().filter(|alpha| **alpha <= TOLERANCE).count() as u64;
        self.opaque += pixels.iter().filter(|alpha| **alpha >= u8::MAX - TOLERANCE).count() as u64;
    }

    #[expect(clippy::cast_precision_loss, reason = "2^53 pixels are more than any video has")]
    fn shares(&self) -> Option<AlphaShares> {
        let share = |count: u64| count as f64 / self.total as f64;
        (self.total > 0).then(|| AlphaShares { transparent: share(self.transparent), opaque: share(self.opaque) })
    }
}
