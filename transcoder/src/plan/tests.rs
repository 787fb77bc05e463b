//! A source for tests.

use std::path::PathBuf;

use shared::media::MediaFacts;

use super::*;
use crate::ffmpeg::probe::{AudioTrack, SourceContainer};

/// One second of H.264 with sound, and pixels that are not square.
pub fn probed() -> Probed {
    Probed {
        facts: MediaFacts {
            container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
            video_codec: "h264".into(),
            pixel_format: "yuv420p".into(),
            size: PixelSize { width: 255, height: 255 },
            frame_rate: FrameRate { numerator: 30_000, denominator: 1_001 },
            duration_ms: 1_000,
            has_alpha: false,
            has_audio: true,
        },
        input: Input {
            path: PathBuf::from("/task/source"),
            container: SourceContainer::Mov,
            video_index: 0,
            decoder: None,
            picture_start_ms: 500,
            audio: Some(AudioTrack { index: 1, channels: 6, is_decodable: true }),
            color_matrix: Some("bt709"),
            color_range: ColorRange::Limited,
            wide_gamut: None,
            bright_transfer: None,
            pixel_aspect: Some((4, 3)),
            is_interlaced: false,
            is_premultiplied: false,
            declared_frames: None,
        },
        file_duration_ms: 1_000,
        audio_tracks: Vec::new(),
        av_offset_ms: None,
        has_variable_rate: false,
        rate_above_max: None,
    }
}
