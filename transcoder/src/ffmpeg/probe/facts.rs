//! ffprobe's JSON → facts and the details that the decoder needs. Pure; fixtures are captured from
//! real runs.

mod stream;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use shared::code::JobErrorCode;
use shared::media::{FrameRate, MediaFacts, PixelSize};

use stream::{Answer, Stream, has_alpha_plane, to_millis};

use super::SourceContainer;
use crate::error::{TaskError, TaskResult};
use crate::frame::gamut::WideGamut;

/// Audio tracks that are considered.
const AUDIO_TRACKS_MAX: usize = 8;

/// A source that was read and found fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The public facts.
    pub facts: MediaFacts,
    /// Settings of the decoder.
    pub input: Input,
    /// Length of the longest stream.
    /// Units: milliseconds.
    pub file_duration_ms: u64,
    /// Every track that may be the sound, in the file's order.
    pub audio_tracks: Vec<AudioTrack>,
    /// Start of the first audio track minus start of the picture.
    /// Units: milliseconds.
    pub av_offset_ms: Option<i64>,
    /// Whether frames come at uneven times.
    pub has_variable_rate: bool,
}

/// How to decode the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Which demuxer is forced.
    pub container: SourceContainer,
    /// The stream that is the picture.
    pub video_index: u32,
    /// A decoder other than ffmpeg's own choice, which would drop the alpha.
    pub decoder: Option<&'static str>,
    /// When its first picture is due, counted from the file's first packet of any kind.
    /// Units: milliseconds.
    pub picture_start_ms: u64,
    /// The stream that is the sound.
    pub audio: Option<AudioTrack>,
    /// Matrix of the picture's YUV in ffmpeg's words; none for RGB.
    pub color_matrix: Option<&'static str>,
    /// Range of the picture's YUV.
    pub color_range: ColorRange,
    /// The gamut, where it is wider than BT.709's.
    pub wide_gamut: Option<WideGamut>,
    /// The tones, where they are of high dynamic range.
    pub bright_transfer: Option<BrightTransfer>,
    /// Shape of a pixel when it is not square, after rotation.
    pub pixel_aspect: Option<(u32, u32)>,
    /// Whether frames consist of two fields of different instants.
    pub is_interlaced: bool,
    /// Number of frames that the container declares, if it does.
    pub declared_frames: Option<u64>,
}

/// The sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioTrack {
    /// The stream.
    pub index: u32,
    /// How many channels.
    pub channels: u32,
}

/// Transfer function of a source with high dynamic range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrightTransfer {
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

impl BrightTransfer {
    /// ffmpeg's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pq => "smpte2084",
            Self::Hlg => "arib-std-b67",
        }
    }
}

/// Range of YUV values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorRange {
    /// 16–235.
    Limited,
    /// 0–255.
    Full,
}

/// Length of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeline {
    /// Units: milliseconds.
    Known(u64),
    /// The container does not say; the packets will.
    Unknown,
}

/// Everything but, perhaps, the length.
#[derive(Debug, Clone)]
pub struct Reading {
    pub input: Input,
    pub timeline: Timeline,
    pub frame_rate: FrameRate,
    container: String,
    codec: String,
    pixel_format: String,
    size: PixelSize,
    has_alpha: bool,
    file_duration_ms: u64,
    audio_tracks: Vec<AudioTrack>,
    av_offset_ms: Option<i64>,
    has_variable_rate: bool,
}

/// Reads `-show_streams -show_format`.
pub fn read(json: &[u8], container: SourceContainer, path: &Path) -> TaskResult<Reading> {
    let answer: Answer = parse(json)?;
    let is_cover = |stream: &Stream| stream.disposition.get("attached_pic").is_some_and(|flag| *flag != 0);
    let kind = |stream: &Stream, kind: &str| stream.codec_type.as_deref() == Some(kind);
    let video = answer.streams.iter().find(|stream| kind(stream, "video") && !is_cover(stream));
    let (Some(video), Some(format)) = (video, &answer.format) else {
        return Err(TaskError::permanent(JobErrorCode::SourceNotVideo, "The source has no video stream."));
    };
    let declared_frames = video.nb_frames.as_deref().and_then(|count| count.parse().ok());
    if declared_frames == Some(0) || video.width == 0 || video.height == 0 {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the container declares no frames"));
    }
    let is_sound = |stream: &&Stream| kind(stream, "audio") && stream.codec_name.is_some() && stream.channels > 0;
    let track = |stream: &Stream| AudioTrack { index: stream.index, channels: stream.channels };
    let audio_tracks: Vec<_> = answer.streams.iter().filter(is_sound).take(AUDIO_TRACKS_MAX).map(track).collect();
    let later = |sound: &Stream| {
        let (sound, picture) = (to_millis(sound.start_s().max(0.0)), to_millis(video.start_s().max(0.0)));
        i64::try_from(sound).unwrap_or(i64::MAX).saturating_sub_unsigned(picture)
    };
    let codec = video.codec_name.clone().unwrap_or_default();
    let pixel_format = video.pix_fmt.clone().unwrap_or_default();
    let tagged_alpha = video.tags.iter().any(|(key, value)| key.eq_ignore_ascii_case("alpha_mode") && value.trim() != "0");
    // ffmpeg's own VP8 and VP9 decoders drop the alpha that Matroska keeps beside the picture.
    let decoder = match codec.as_str() {
        "vp9" if tagged_alpha => Some("libvpx-vp9"),
        "vp8" if tagged_alpha => Some("libvpx"),
        _ => None,
    };
    Ok(Reading {
        timeline: video.timeline(),
        frame_rate: video.frame_rate(),
        container: format.name.clone(),
        file_duration_ms: to_millis(format.duration_s()),
        size: video.shown_size(),
        has_alpha: decoder.is_some() || has_alpha_plane(&pixel_format),
        input: Input {
            path: path.to_owned(),
            container,
            video_index: video.index,
            decoder,
            picture_start_ms: to_millis((video.start_s() - format.start_s()).max(0.0)),
            audio: audio_tracks.first().copied(),
            color_matrix: video.color_matrix(&pixel_format),
            color_range: video.range(&pixel_format),
            wide_gamut: video.wide_gamut(),
            bright_transfer: video.bright_transfer(),
            pixel_aspect: video.pixel_aspect(),
            is_interlaced: video.is_interlaced(),
            declared_frames,
        },
        codec,
        pixel_format,
        audio_tracks,
        av_offset_ms: answer.streams.iter().find(is_sound).map(later),
        has_variable_rate: video.has_variable_rate(),
    })
}

/// Reads the length from `-show_entries packet=pts_time,duration_time -of csv=p=0`:
/// `0.040000,0.040000`, `0.080000,N/A`.
pub fn read_packets(lines: &[u8], frame_rate: FrameRate) -> TaskResult<Timeline> {
    let (mut first_s, mut end_s) = (f64::INFINITY, f64::NEG_INFINITY);
    for line in lines.split(|byte| *byte == b'\n') {
        let mut fields =
            line.split(|byte| *byte == b',').map(|field| std::str::from_utf8(field).ok()?.trim().parse::<f64>().ok());
        // Side data is on lines of its own, and the first packets of some containers have no time.
        let Some(start_s) = fields.next().flatten() else { continue };
        let duration_s = fields.next().flatten().unwrap_or_else(|| 1.0 / frame_rate.as_f64());
        first_s = first_s.min(start_s);
        end_s = end_s.max(start_s + duration_s);
    }
    if end_s > first_s {
        return Ok(Timeline::Known(to_millis(end_s - first_s)));
    }
    Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the picture's stream has no packets with times"))
}

impl Reading {
    /// The facts, once the length is known.
    pub fn finish(self) -> TaskResult<Probed> {
        let Timeline::Known(duration_ms) = self.timeline else {
            return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the length is unknown"));
        };
        let facts = MediaFacts {
            container: self.container,
            video_codec: self.codec,
            pixel_format: self.pixel_format,
            size: self.size,
            frame_rate: self.frame_rate,
            duration_ms,
            has_alpha: self.has_alpha,
            has_audio: self.input.audio.is_some(),
        };
        let Self { input, file_duration_ms, audio_tracks, av_offset_ms, has_variable_rate, .. } = self;
        Ok(Probed { facts, input, file_duration_ms, audio_tracks, av_offset_ms, has_variable_rate })
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> TaskResult<T> {
    serde_json::from_slice(json)
        .map_err(|error| TaskError::with_detail(JobErrorCode::SourceNotVideo, format!("ffprobe's answer: {error}")))
}

#[cfg(test)]
mod tests;
