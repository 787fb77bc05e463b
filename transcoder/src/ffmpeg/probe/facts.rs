//! ffprobe's JSON → facts and the details that the decoder needs. Pure; fixtures are captured from
//! real runs.

mod rate;
mod stream;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use shared::code::JobErrorCode;
use shared::media::{FrameRate, MediaFacts, PixelSize, SOURCE_FRAME_RATE_MAX};

use stream::{Answer, Stream, has_alpha_plane, to_millis};

use super::SourceContainer;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::guards;
use crate::frame::gamut::WideGamut;

/// Audio tracks that are considered: as many as a source may have streams.
const AUDIO_TRACKS_MAX: usize = 64;
/// Container and codec of a WebP, which ffprobe sees as an APNG.
const WEBP: &str = "webp";
/// Frame rate of a source that shows none.
const FRAME_RATE_DEFAULT: FrameRate = FrameRate { numerator: 25, denominator: 1 };

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
    /// The source's frame rate where it is higher than any that is taken.
    pub rate_above_max: Option<FrameRate>,
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
    /// Whether the colours are multiplied by alpha; known once frames were sampled.
    pub is_premultiplied: bool,
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
    /// Whether its codec and its sample rate are among those that are decoded.
    pub is_decodable: bool,
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
    /// None where the packets show it.
    pub frame_rate: Option<FrameRate>,
    /// None where the frames show it.
    pub is_interlaced: Option<bool>,
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
    let kind = |stream: &Stream, kind: &str| stream.codec_type.as_deref() == Some(kind);
    let videos = answer.streams.iter().filter(|stream| kind(stream, "video") && !stream.is_cover());
    // The first of equals.
    let (Some(video), Some(format)) = (videos.rev().max_by_key(|stream| stream.rank()), &answer.format) else {
        return Err(TaskError::permanent(JobErrorCode::SourceNotVideo, "The source has no video stream."));
    };
    let codec = video.codec_name.clone().unwrap_or_default();
    if !guards::decodes_video(&codec) {
        return Err(undecodable_codec(container, &video.codec_label()));
    }
    let declared_frames = video.declared_frames();
    if declared_frames == Some(0) || video.width == 0 || video.height == 0 {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the container declares no frames"));
    }
    let is_sound = |stream: &&Stream| kind(stream, "audio") && stream.channels > 0;
    let track = |stream: &Stream| AudioTrack {
        index: stream.index,
        channels: stream.channels,
        is_decodable: stream.is_decodable_sound(),
    };
    let audio_tracks: Vec<_> = answer.streams.iter().filter(is_sound).take(AUDIO_TRACKS_MAX).map(track).collect();
    let later = |sound: &Stream| {
        let (sound, picture) = (to_millis(sound.start_s().max(0.0)), to_millis(video.start_s().max(0.0)));
        i64::try_from(sound).unwrap_or(i64::MAX).saturating_sub_unsigned(picture)
    };
    let pixel_format = video.pix_fmt.clone().unwrap_or_default();
    let tagged_alpha = video.tags.iter().any(|(key, value)| key.eq_ignore_ascii_case("alpha_mode") && value.trim() != "0");
    // ffmpeg's own VP8 and VP9 decoders drop the alpha that Matroska keeps beside the picture.
    let decoder = match codec.as_str() {
        "vp9" if tagged_alpha => Some("libvpx-vp9"),
        "vp8" if tagged_alpha => Some("libvpx"),
        _ => None,
    };
    Ok(Reading {
        timeline: if shares_one_length(container) { Timeline::Unknown } else { video.timeline() },
        frame_rate: video.frame_rate(),
        is_interlaced: video.is_interlaced(),
        container: if container == SourceContainer::Webp { WEBP.to_owned() } else { format.name.clone() },
        file_duration_ms: to_millis(format.duration_s()),
        size: video.shown_size(),
        has_alpha: decoder.is_some() || has_alpha_plane(&pixel_format),
        input: Input {
            path: path.to_owned(),
            container,
            video_index: video.index,
            decoder,
            picture_start_ms: to_millis((video.start_s() - format.start_s()).max(0.0)),
            audio: audio_tracks.iter().find(|track| track.is_decodable).copied(),
            color_matrix: video.color_matrix(&pixel_format),
            color_range: video.range(&pixel_format),
            wide_gamut: video.wide_gamut(),
            bright_transfer: video.bright_transfer(),
            pixel_aspect: video.pixel_aspect(),
            is_interlaced: video.is_interlaced() == Some(true),
            is_premultiplied: false,
            declared_frames,
        },
        codec: if container == SourceContainer::Webp { WEBP.to_owned() } else { codec },
        pixel_format,
        audio_tracks,
        av_offset_ms: answer.streams.iter().find(is_sound).map(later),
        has_variable_rate: video.has_variable_rate(),
    })
}

/// Whether the container states one length for all of its streams.
const fn shares_one_length(container: SourceContainer) -> bool {
    matches!(container, SourceContainer::Asf | SourceContainer::Flv)
}

/// The refusal of a video by its codec.
pub fn undecodable_codec(container: SourceContainer, codec: &str) -> TaskError {
    TaskError::permanent(
        JobErrorCode::SourceUnsupported,
        format!(
            "The source is {} with video in the codec {codec}; this service does not decode it. Convert it, for instance to H.264 in MP4.",
            container.label()
        ),
    )
}

/// Length and frame rate, as packets show them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Packets {
    pub duration_ms: u64,
    pub frame_rate: FrameRate,
}

/// Reads `-show_entries packet=pts_time,duration_time -of csv=p=0`: `0.040000,0.040000`,
/// `0.080000,N/A`.
pub fn read_packets(lines: &[u8], frame_rate: Option<FrameRate>) -> TaskResult<Packets> {
    let (mut first_s, mut last_s, mut end_s, mut count) = (f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, 0_u32);
    for line in lines.split(|byte| *byte == b'\n') {
        let mut fields =
            line.split(|byte| *byte == b',').map(|field| std::str::from_utf8(field).ok()?.trim().parse::<f64>().ok());
        // Side data is on lines of its own, and the first packets of some containers have no time.
        let Some(start_s) = fields.next().flatten() else { continue };
        let duration_s = fields.next().flatten().or_else(|| Some(1.0 / frame_rate?.as_f64())).unwrap_or_default();
        (first_s, last_s) = (first_s.min(start_s), last_s.max(start_s));
        end_s = end_s.max(start_s + duration_s);
        count += 1;
    }
    let measured = (last_s > first_s).then(|| rate::nearest(f64::from(count - 1) / (last_s - first_s)));
    let frame_rate = frame_rate.or(measured).unwrap_or(FRAME_RATE_DEFAULT);
    if count > 0 && end_s <= first_s {
        // No packet says how long it is shown.
        end_s = last_s + 1.0 / frame_rate.as_f64();
    }
    if end_s > first_s {
        return Ok(Packets { duration_ms: to_millis(end_s - first_s), frame_rate });
    }
    Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the picture's stream has no packets with times"))
}

/// Whether one of the first frames is interlaced, from `-show_entries frame=interlaced_frame -of
/// csv=p=0`.
pub fn read_fields(lines: &[u8]) -> bool {
    lines.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"1"))
}

impl Reading {
    /// The facts, once length and rate are known.
    pub fn finish(self) -> TaskResult<Probed> {
        let (Timeline::Known(duration_ms), Some(declared_rate)) = (self.timeline, self.frame_rate) else {
            return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the length is unknown"));
        };
        let is_above_max = declared_rate.as_f64() > f64::from(SOURCE_FRAME_RATE_MAX);
        let frame_rate =
            if is_above_max { FrameRate { numerator: SOURCE_FRAME_RATE_MAX, denominator: 1 } } else { declared_rate };
        let facts = MediaFacts {
            container: self.container,
            video_codec: self.codec,
            pixel_format: self.pixel_format,
            size: self.size,
            frame_rate,
            duration_ms,
            has_alpha: self.has_alpha,
            has_audio: self.input.audio.is_some(),
        };
        let input = Input { is_interlaced: self.is_interlaced == Some(true), ..self.input };
        let Self { file_duration_ms, audio_tracks, av_offset_ms, has_variable_rate, .. } = self;
        let rate_above_max = is_above_max.then_some(declared_rate);
        Ok(Probed { facts, input, file_duration_ms, audio_tracks, av_offset_ms, has_variable_rate, rate_above_max })
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> TaskResult<T> {
    serde_json::from_slice(json)
        .map_err(|error| TaskError::with_detail(JobErrorCode::SourceNotVideo, format!("ffprobe's answer: {error}")))
}

#[cfg(test)]
mod tests;
