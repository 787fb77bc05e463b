//! Probes an untrusted file: detects the container by its first bytes, then runs ffprobe with the
//! demuxer forced.
//!
//! `facts` reads ffprobe's answer, `sniff` the first bytes; both are pure of processes.

mod facts;
pub mod sniff;

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
use sniff::Sniffed;

/// Reads what a source is, and refuses what is no video or exceeds a limit.
pub async fn probe(ffprobe: Tool<'_>, path: &Path) -> TaskResult<Probed> {
    if let Some(size) = in_file(path, sniff::declared_size).await? {
        check_picture(size)?;
    }
    let probed = read(ffprobe, path).await?;
    check_limits(&probed.facts)?;
    Ok(probed)
}

/// Reads what a file is. Our own outputs may be a little larger than any source: odd sides are
/// padded.
pub async fn read(ffprobe: Tool<'_>, path: &Path) -> TaskResult<Probed> {
    let container = identify(path).await?;
    let arguments = arguments(container, path, &["-of", "json", "-show_streams", "-show_format"]);
    let answer = run(ffprobe, &arguments).await?;
    let mut reading = facts::read(&answer, container, path)?;
    if reading.timeline == Timeline::Unknown {
        let index = reading.input.video_index.to_string();
        // As lines: JSON would be seven times as long.
        let wanted = ["-of", "csv=p=0", "-select_streams", &index, "-show_entries", "packet=pts_time,duration_time"];
        let packets = run(ffprobe, &self::arguments(container, path, &wanted)).await?;
        reading.timeline = facts::read_packets(&packets, reading.frame_rate)?;
    }
    reading.finish()
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
            format!("the {} container is longer than its file, or lacks its index or its end", container.demuxer()),
        )),
        Sniffed::Webp => Err(TaskError::permanent(
            JobErrorCode::SourceNotVideo,
            "The source is a WebP picture, which this service does not read; give it as APNG, GIF or a video.",
        )),
        Sniffed::Unknown => Err(TaskError::permanent(
            JobErrorCode::SourceNotVideo,
            "The source is not a video file that this service reads; MP4, QuickTime, Matroska, WebM, AVI, GIF and APNG are.",
        )),
    }
}

fn arguments(container: SourceContainer, path: &Path, wanted: &[&str]) -> Vec<OsString> {
    let mut arguments = args(["-hide_banner", "-v", "error", "-max_alloc", &guards::ALLOC_SIZE_BYTES_MAX.to_string()]);
    arguments.extend(wanted.iter().map(OsString::from));
    arguments.extend(guards::read_guards(container));
    arguments.push(guards::file_url(path));
    arguments
}

async fn run(ffprobe: Tool<'_>, arguments: &[OsString]) -> TaskResult<Vec<u8>> {
    ffprobe.capture(arguments).await.map_err(|error| match error {
        ProcessError::TooMuch(_) => {
            TaskError::with_detail(JobErrorCode::SourceTooLarge, "the container lists more streams or packets than are read")
        }
        error => error.into_task_error("ffprobe", JobErrorCode::SourceNotVideo),
    })
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
