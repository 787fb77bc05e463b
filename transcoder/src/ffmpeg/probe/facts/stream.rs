//! ffprobe's JSON as it is written, and what one stream says about itself.

use std::collections::HashMap;

use serde::Deserialize;
use shared::media::{FrameRate, PixelSize};

use super::{BrightTransfer, ColorRange, Timeline};
use crate::ffmpeg::guards;
use crate::frame::gamut::WideGamut;

/// Nominal rates above this are a container's clock, not a camera's.
/// Units: frames a second.
const NOMINAL_RATE_MAX: f64 = 240.0;
/// Relative difference up to which two rates are one.
const SAME_RATE_MAX: f64 = 0.002;
/// Weight of a stream that is marked as the default, against pixels of its picture; as in ffmpeg.
const DEFAULT_WEIGHT_PIXELS: u64 = 5_000_000;
/// From this relative difference between average and nominal rate, the frame rate counts as
/// variable; the duration of the last frame is often a guess.
const VARIABLE_RATE_MIN: f64 = 0.02;
/// From this start on a tagged length is not believed.
/// Units: seconds.
const STREAM_START_S_MAX: f64 = 0.1;
/// Pictures from this width on are taken for BT.709 when untagged, however low they are.
/// Units: pixels.
const HIGH_DEFINITION_WIDTH_PX_MIN: u32 = 1_280;
/// Pictures up to this height are taken for BT.601 when untagged and not that wide.
/// Units: pixels.
const STANDARD_DEFINITION_HEIGHT_PX_MAX: u32 = 576;

#[derive(Debug, Deserialize)]
pub struct Answer {
    #[serde(default)]
    pub streams: Vec<Stream>,
    pub format: Option<Format>,
}

#[derive(Debug, Deserialize)]
pub struct Format {
    #[serde(rename = "format_name")]
    pub name: String,
    start_time: Option<String>,
    duration: Option<String>,
}

impl Format {
    /// From the first start to the last end.
    pub fn duration_s(&self) -> f64 {
        parse_seconds(self.duration.as_deref()).unwrap_or_default()
    }

    /// When the first of all streams starts.
    pub fn start_s(&self) -> f64 {
        parse_seconds(self.start_time.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
pub struct Stream {
    pub index: u32,
    pub codec_name: Option<String>,
    pub codec_type: Option<String>,
    #[serde(default)]
    pub width: u32,
    #[serde(default)]
    pub height: u32,
    pub pix_fmt: Option<String>,
    pub color_range: Option<String>,
    pub color_space: Option<String>,
    pub color_primaries: Option<String>,
    pub color_transfer: Option<String>,
    pub sample_aspect_ratio: Option<String>,
    pub field_order: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    start_time: Option<String>,
    duration: Option<String>,
    nb_frames: Option<String>,
    codec_tag_string: Option<String>,
    sample_rate: Option<String>,
    #[serde(default)]
    pub channels: u32,
    #[serde(default)]
    pub disposition: HashMap<String, i64>,
    #[serde(default)]
    pub tags: HashMap<String, String>,
    #[serde(default)]
    pub side_data_list: Vec<SideData>,
}

#[derive(Debug, Deserialize)]
pub struct SideData {
    pub rotation: Option<f64>,
}

impl Stream {
    /// Duration of this stream. The container's duration is not used: it is that of the longest
    /// stream, which may be the sound.
    pub fn timeline(&self) -> Timeline {
        let tag = self.tags.iter().find(|(key, _)| key.eq_ignore_ascii_case("duration"));
        // Some writers count the tag from the file's beginning, others from the stream's.
        let is_clear = self.start_s().abs() <= STREAM_START_S_MAX;
        let tagged_s = tag.filter(|_| is_clear).and_then(|(_, clock)| parse_clock(clock));
        let seconds = parse_seconds(self.duration.as_deref()).or(tagged_s);
        seconds.filter(|seconds| *seconds > 0.0).map_or(Timeline::Unknown, |seconds| Timeline::Known(to_millis(seconds)))
    }

    /// When the stream starts.
    pub fn start_s(&self) -> f64 {
        parse_seconds(self.start_time.as_deref()).unwrap_or_default()
    }

    /// The average rate, so that the length holds for a variable one; the nominal rate where both
    /// agree. None where neither can be a rate of frames.
    pub fn frame_rate(&self) -> Option<FrameRate> {
        match (self.average_rate(), self.nominal_rate()) {
            (Some(average), Some(nominal)) if difference(average, nominal) < SAME_RATE_MAX => Some(nominal),
            (Some(average), _) => Some(average),
            (None, nominal) => nominal.filter(|nominal| nominal.as_f64() <= NOMINAL_RATE_MAX),
        }
    }

    /// Whether the average rate is not the nominal one.
    pub fn has_variable_rate(&self) -> bool {
        match (self.average_rate(), self.nominal_rate()) {
            // A nominal rate that is a clock says nothing.
            (Some(average), Some(nominal)) if nominal.as_f64() <= NOMINAL_RATE_MAX => {
                difference(average, nominal) >= VARIABLE_RATE_MIN
            }
            _ => false,
        }
    }

    fn average_rate(&self) -> Option<FrameRate> {
        self.avg_frame_rate.as_deref().and_then(parse_rate)
    }

    fn nominal_rate(&self) -> Option<FrameRate> {
        self.r_frame_rate.as_deref().and_then(parse_rate)
    }

    /// The order in which ffmpeg prefers streams: pictures that move, then the one that is marked
    /// as the default, then the largest.
    pub fn rank(&self) -> (bool, bool, u64) {
        let has = |flag: &str| self.disposition.get(flag).is_some_and(|flag| *flag != 0);
        let is_picture = ["attached_pic", "still_image", "timed_thumbnails"].into_iter().any(has);
        let is_moving = self.declared_frames().is_none_or(|frames| frames > 1);
        let weight = if has("default") { DEFAULT_WEIGHT_PIXELS } else { 0 };
        (!is_picture, is_moving, weight + u64::from(self.width) * u64::from(self.height))
    }

    /// Whether this is the cover of a recording, which is no video.
    pub fn is_cover(&self) -> bool {
        self.disposition.get("attached_pic").is_some_and(|flag| *flag != 0)
    }

    /// Number of frames that the container declares.
    pub fn declared_frames(&self) -> Option<u64> {
        self.nb_frames.as_deref().and_then(|count| count.parse().ok())
    }

    /// The codec for people: its name, or the tag of one that ffmpeg does not know.
    pub fn codec_label(&self) -> String {
        match self.codec_name.as_deref() {
            Some(name) if name != "unknown" => name.to_owned(),
            _ => {
                let tag = self.codec_tag_string.as_deref().unwrap_or_default();
                let tag: String = tag.chars().filter(char::is_ascii_alphanumeric).collect();
                if tag.is_empty() { "of an unknown name".to_owned() } else { format!("{tag}, which ffmpeg does not know") }
            }
        }
    }

    pub fn is_turned_sideways(&self) -> bool {
        let rotation = self.side_data_list.iter().find_map(|data| data.rotation).unwrap_or_default();
        (rotation.abs() % 180.0 - 90.0).abs() < 45.0
    }

    pub fn shown_size(&self) -> PixelSize {
        if self.is_turned_sideways() {
            return PixelSize { width: self.height, height: self.width };
        }
        PixelSize { width: self.width, height: self.height }
    }

    /// Whether frames consist of two fields; none where only the frames can tell.
    pub fn is_interlaced(&self) -> Option<bool> {
        /// Codecs with a flag for interlaced frames that not every demuxer reads.
        const WITH_FIELDS: [&str; 22] = [
            "h264",
            "hevc",
            "mpeg2video",
            "mpeg4",
            "dvvideo",
            "dnxhd",
            "prores",
            "mjpeg",
            "mjpegb",
            "vc1",
            "wmv3",
            "ffv1",
            "huffyuv",
            "ffvhuff",
            "utvideo",
            "hq_hqa",
            "hqx",
            "avrn",
            "avui",
            "aic",
            "cfhd",
            "speedhq",
        ];
        match self.field_order.as_deref() {
            Some("progressive") => Some(false),
            Some("tt" | "bb" | "tb" | "bt") => Some(true),
            _ => (!self.codec_name.as_deref().is_some_and(|name| WITH_FIELDS.contains(&name))).then_some(false),
        }
    }

    /// Whether sound can be decoded: its codec is one that is read, and resampling it needs no
    /// memory without measure.
    pub fn is_decodable_sound(&self) -> bool {
        let rate_hz = self.sample_rate.as_deref().and_then(|rate| rate.parse::<u32>().ok()).unwrap_or_default();
        self.codec_name.as_deref().is_some_and(guards::decodes_sound) && guards::SOUND_RATES_HZ.contains(&rate_hz)
    }

    pub fn pixel_aspect(&self) -> Option<(u32, u32)> {
        let (across, down) = self.sample_aspect_ratio.as_deref()?.split_once(':')?;
        let (across, down) = (across.parse::<u32>().ok()?, down.parse::<u32>().ok()?);
        let turned = if self.is_turned_sideways() { (down, across) } else { (across, down) };
        (across != down && across > 0 && down > 0).then_some(turned)
    }

    pub fn color_matrix(&self, pixel_format: &str) -> Option<&'static str> {
        if !is_yuv(pixel_format) {
            return None;
        }
        Some(match self.color_space.as_deref() {
            Some("bt709") => "bt709",
            Some("smpte170m" | "bt470bg") => "bt601",
            Some("smpte240m") => "smpte240m",
            Some("fcc") => "fcc",
            Some("bt2020nc" | "bt2020c") => "bt2020",
            _ if self.width >= HIGH_DEFINITION_WIDTH_PX_MIN || self.height > STANDARD_DEFINITION_HEIGHT_PX_MAX => "bt709",
            _ => "bt601",
        })
    }

    pub fn bright_transfer(&self) -> Option<BrightTransfer> {
        let known = [BrightTransfer::Pq, BrightTransfer::Hlg];
        known.into_iter().find(|known| self.color_transfer.as_deref() == Some(known.as_str()))
    }

    pub fn wide_gamut(&self) -> Option<WideGamut> {
        match self.color_primaries.as_deref() {
            Some(name) if name != "unknown" => WideGamut::from_primaries(name),
            // High dynamic range is mastered in BT.2020.
            _ => self.bright_transfer().map(|_| WideGamut::Bt2020),
        }
    }

    pub fn range(&self, pixel_format: &str) -> ColorRange {
        match self.color_range.as_deref() {
            Some("pc" | "jpeg") => ColorRange::Full,
            Some("tv" | "mpeg") => ColorRange::Limited,
            _ if pixel_format.starts_with("yuvj") || !is_yuv(pixel_format) => ColorRange::Full,
            _ => ColorRange::Limited,
        }
    }
}

/// Every format that is not known to be something else: YUV has the most names by far.
fn is_yuv(pixel_format: &str) -> bool {
    const OTHERS: [&str; 17] = [
        "rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "gray", "ya8", "ya16", "pal8", "mono", "bayer",
        "xyz", "unknown",
    ];
    !pixel_format.is_empty() && !OTHERS.iter().any(|prefix| pixel_format.starts_with(prefix))
}

pub fn has_alpha_plane(pixel_format: &str) -> bool {
    ["yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8", "ayuv", "vuya"]
        .iter()
        .any(|prefix| pixel_format.starts_with(prefix))
}

fn parse_rate(text: &str) -> Option<FrameRate> {
    let (numerator, denominator) = text.split_once('/')?;
    let rate = FrameRate { numerator: numerator.parse().ok()?, denominator: denominator.parse().ok()? };
    (rate.numerator > 0 && rate.denominator > 0).then_some(rate)
}

/// Relative.
fn difference(rate: FrameRate, reference: FrameRate) -> f64 {
    (rate.as_f64() / reference.as_f64() - 1.0).abs()
}

fn parse_seconds(text: Option<&str>) -> Option<f64> {
    text?.parse().ok()
}

/// `00:00:01.000000000`, as Matroska's tags write it.
fn parse_clock(text: &str) -> Option<f64> {
    text.trim().splitn(3, ':').try_fold(0.0, |seconds, part| Some(seconds * 60.0 + part.parse::<f64>().ok()?))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and the limit on length comes next")]
pub fn to_millis(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}
