//! Probes an untrusted file: detects the container by its first bytes, then runs ffprobe with the
//! demuxer forced.
//!
//! `facts` reads ffprobe's answer, `sniff` the first bytes; both are pure of processes.

mod facts;
pub mod sniff;
mod webp;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;

use shared::code::JobErrorCode;
use shared::media::{MediaFacts, PixelSize, SOURCE_DURATION_MS_MAX, SOURCE_FRAMES_MAX, SOURCE_PIXELS_MAX, SOURCE_SIDE_PX_MAX};

pub use facts::{AudioTrack, ColorRange, Input, Probed};
pub use sniff::SourceContainer;

use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::guards;
use crate::ffmpeg::process::{ProcessError, Tool, args};
use crate::length::expected_frames;
use facts::Timeline;
use sniff::{Foreign, Sniffed};

/// Packets that show whether frames are interlaced, as ffprobe takes them.
const FIRST_PACKETS: &str = "%+#8";
/// Decoders outside of the whitelist that ffprobe may open for one file.
const OTHER_DECODERS_MAX: usize = 8;

/// Pixels of all frames together that any file may have.
/// Units: pixels. Eighty seconds of 1920 × 1080 at 25 frames a second.
const WORK_PIXELS_FREE: u64 = 80 * 25 * 1_920 * 1_080;
/// Pixels of further frames, for each byte of the file. A frame of 1920 × 1080 in which nothing
/// moves has about 30 bytes in H.264.
const WORK_PIXELS_PER_BYTE_MAX: u64 = 100_000;

/// Reads what a source is, and refuses what is no video or exceeds a limit.
pub async fn probe(ffprobe: Tool<'_>, path: &Path) -> TaskResult<Probed> {
    if let Some(size) = in_file(path, sniff::declared_size).await? {
        check_picture(size)?;
    }
    let probed = read(ffprobe, path).await?;
    check_limits(&probed.facts)?;
    check_work(&probed.facts, in_file(path, |file| Ok(file.metadata()?.len())).await?)?;
    Ok(probed)
}

/// Reads what a file is. Our own outputs may be a little larger than any source: odd sides are
/// padded.
pub async fn read(ffprobe: Tool<'_>, path: &Path) -> TaskResult<Probed> {
    let container = identify(path).await?;
    let rewritten = match container {
        SourceContainer::Webp => Some(webp::rewrite(path, ffprobe.dir).await?),
        _ => None,
    };
    let path = rewritten.as_deref().unwrap_or(path);
    let file = ProbedFile { ffprobe, container, path };
    let mut reading = facts::read(&file.list_streams().await?, container, path)?;
    let index = reading.input.video_index.to_string();
    if reading.timeline == Timeline::Unknown || reading.frame_rate.is_none() {
        // As lines: JSON would be seven times as long.
        let wanted = ["-of", "csv=p=0", "-select_streams", &index, "-show_entries", "packet=pts_time,duration_time"];
        let packets = facts::read_packets(&file.ask(&wanted).await?, reading.frame_rate)?;
        reading.frame_rate = Some(packets.frame_rate);
        if reading.timeline == Timeline::Unknown {
            reading.timeline = Timeline::Known(packets.duration_ms);
        }
    }
    if reading.is_interlaced.is_none() {
        let wanted = ["-of", "csv=p=0", "-select_streams", &index, "-read_intervals", FIRST_PACKETS];
        let frames = file.ask(&[&wanted[..], &["-show_entries", "frame=interlaced_frame"]].concat()).await;
        reading.is_interlaced = Some(match frames {
            Ok(frames) => facts::read_fields(&frames),
            // Frames that cannot be decoded fail later, while they are decoded.
            Err(TaskError::Permanent { .. }) => false,
            Err(error) => return Err(error),
        });
    }
    reading.finish()
}

/// A file that ffprobe is asked about.
#[derive(Debug, Clone, Copy)]
struct ProbedFile<'a> {
    ffprobe: Tool<'a>,
    container: SourceContainer,
    path: &'a Path,
}

impl ProbedFile<'_> {
    /// ffprobe's list of streams. A stream whose decoder is not on the whitelist is listed
    /// nevertheless: it may be one that is not used, and a refusal names its codec.
    async fn list_streams(&self) -> TaskResult<Vec<u8>> {
        let mut opened = Vec::new();
        loop {
            let wanted = ["-of", "json", "-show_streams", "-show_format"];
            let error = match self.ffprobe.capture(&self.arguments(&wanted, &opened)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match refused_decoder(&error).filter(|decoder| !opened.contains(decoder)) {
                Some(decoder) if opened.len() < OTHER_DECODERS_MAX => opened.push(decoder),
                _ => return Err(self.failure(error)),
            }
        }
    }

    async fn ask(&self, wanted: &[&str]) -> TaskResult<Vec<u8>> {
        self.ffprobe.capture(&self.arguments(wanted, &[])).await.map_err(|error| self.failure(error))
    }

    fn arguments(&self, wanted: &[&str], opened: &[String]) -> Vec<OsString> {
        let mut arguments = args(["-hide_banner", "-v", "error", "-max_alloc", &guards::ALLOC_SIZE_BYTES_MAX.to_string()]);
        arguments.extend(wanted.iter().map(OsString::from));
        arguments.extend(guards::listing_guards(self.container, opened));
        arguments.push(guards::file_url(self.path));
        arguments
    }

    fn failure(&self, error: ProcessError) -> TaskError {
        if matches!(error, ProcessError::TooMuch(_)) {
            let detail = "the container lists more streams or packets than are read";
            return TaskError::with_detail(JobErrorCode::SourceTooLarge, detail);
        }
        match error.into_task_error("ffprobe", JobErrorCode::SourceNotVideo) {
            TaskError::Permanent { code: code @ JobErrorCode::SourceNotVideo, detail, .. } => {
                let label = self.container.label();
                let message = format!("The source begins as {label} does, but nothing in it can be read; it may be damaged.");
                TaskError::Permanent { code, message, detail }
            }
            error => error,
        }
    }
}

/// The decoder for which ffprobe failed: `[tta @ 0x55a0] Codec (tta) not on whitelist 'h264,…'`.
fn refused_decoder(error: &ProcessError) -> Option<String> {
    const NAME_CHARACTERS_MAX: usize = 32;
    let ProcessError::Exit { stderr, .. } = error else { return None };
    let (before, _) = stderr.rsplit_once(") not on whitelist")?;
    let (_, name) = before.rsplit_once("Codec (")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (name.len() <= NAME_CHARACTERS_MAX && name.bytes().all(is_name)).then(|| name.to_owned())
}

/// Looks into a file, off the threads that everything else needs.
async fn in_file<T: Send + 'static>(path: &Path, look: fn(&mut File) -> io::Result<T>) -> TaskResult<T> {
    let owned = path.to_owned();
    let looked = blocking(move || look(&mut File::open(owned)?)).await?;
    looked.map_err(|error| TaskError::disk("reading the source", &error))
}

async fn identify(path: &Path) -> TaskResult<SourceContainer> {
    match in_file(path, sniff::sniff).await? {
        Sniffed::Whole(container) => Ok(container),
        Sniffed::Truncated(container) => Err(TaskError::with_detail(
            JobErrorCode::SourceTruncated,
            format!("the {} container is longer than its file, or lacks its index or its end", container.label()),
        )),
        Sniffed::Foreign(Foreign::Video(name)) => Err(TaskError::permanent(
            JobErrorCode::SourceUnsupported,
            format!("The source is a video, {name}, which this service does not read. Convert it, for instance to MP4."),
        )),
        Sniffed::Foreign(Foreign::Other(name)) => {
            Err(TaskError::permanent(JobErrorCode::SourceNotVideo, format!("The source is {name}, and no video.")))
        }
        Sniffed::Unknown => Err(TaskError::permanent(
            JobErrorCode::SourceNotVideo,
            format!("The source is not a video file that this service knows by its first bytes; {} are read.", read_containers()),
        )),
    }
}

fn read_containers() -> String {
    SourceContainer::ALL.map(SourceContainer::label).join(", ")
}

fn refuse(message: String) -> TaskResult<()> {
    Err(TaskError::permanent(JobErrorCode::SourceTooLarge, message))
}

fn check_picture(size: PixelSize) -> TaskResult<()> {
    let side_px = size.width.max(size.height);
    if side_px <= SOURCE_SIDE_PX_MAX && size.pixels() <= SOURCE_PIXELS_MAX {
        return Ok(());
    }
    refuse(format!(
        "The source's picture is {size}; at most {SOURCE_PIXELS_MAX} pixels and {SOURCE_SIDE_PX_MAX} a side are taken."
    ))
}

fn check_limits(facts: &MediaFacts) -> TaskResult<()> {
    check_picture(facts.size)?;
    if facts.duration_ms > SOURCE_DURATION_MS_MAX {
        let (found_s, limit_s) = (facts.duration_ms / 1_000, SOURCE_DURATION_MS_MAX / 1_000);
        return refuse(format!("The source is {found_s} s long; at most {limit_s} s are taken."));
    }
    let frames = expected_frames(facts.duration_ms, facts.frame_rate);
    if frames > SOURCE_FRAMES_MAX {
        return refuse(format!("The source has {frames} frames; at most {SOURCE_FRAMES_MAX} are taken."));
    }
    Ok(())
}

/// Refuses small files that would keep a processor busy for long: every frame costs its pixels,
/// however few bytes it has.
fn check_work(facts: &MediaFacts, size_bytes: u64) -> TaskResult<()> {
    let pixels = expected_frames(facts.duration_ms, facts.frame_rate).saturating_mul(facts.size.pixels());
    if pixels <= WORK_PIXELS_FREE.saturating_add(size_bytes.saturating_mul(WORK_PIXELS_PER_BYTE_MAX)) {
        return Ok(());
    }
    refuse(format!(
        "The source has {} million pixels in {size_bytes} bytes, too many to be footage; encode it again with fewer frames or a smaller picture.",
        pixels / 1_000_000
    ))
}

#[cfg(test)]
mod tests {
    use shared::media::FrameRate;

    use super::*;

    fn facts() -> MediaFacts {
        MediaFacts {
            container: "mov".into(),
            video_codec: "h264".into(),
            pixel_format: "yuv420p".into(),
            size: PixelSize { width: 4_096, height: 2_304 },
            frame_rate: FrameRate { numerator: 60, denominator: 1 },
            duration_ms: SOURCE_DURATION_MS_MAX,
            has_alpha: false,
            has_audio: false,
        }
    }

    #[test]
    fn many_pixels_in_few_bytes_are_refused() {
        let facts = MediaFacts { duration_ms: 10 * 60 * 1_000, ..facts() };
        assert!(check_work(&facts, 4_000_000).is_ok());
        assert!(check_work(&facts, 100_000).is_err());
        assert!(check_work(&MediaFacts { duration_ms: 5_000, ..facts }, 1_000).is_ok());
    }

    #[test]
    fn what_stands_exactly_at_every_limit_is_taken_and_one_more_is_not() {
        assert!(check_limits(&facts()).is_ok());
        let wider = MediaFacts { size: PixelSize { width: 4_097, height: 2_304 }, ..facts() };
        let longer = MediaFacts { duration_ms: SOURCE_DURATION_MS_MAX + 1, ..facts() };
        let faster = MediaFacts { frame_rate: FrameRate { numerator: 61, denominator: 1 }, ..facts() };
        let slim = MediaFacts { size: PixelSize { width: 8_193, height: 2 }, ..facts() };
        for facts in [wider, longer, faster, slim] {
            let error = check_limits(&facts).unwrap_err();
            assert!(matches!(error, TaskError::Permanent { code: JobErrorCode::SourceTooLarge, .. }), "{error}");
        }
    }
}
