//! Plans as text: a changed argument is a changed line here.

use std::path::PathBuf;

use shared::media::{MediaFacts, Output, Preset};

use super::*;
use crate::ffmpeg::guards::decoder_whitelist;
use crate::ffmpeg::probe::{AudioTrack, SourceContainer};

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
            audio: Some(AudioTrack { index: 1, channels: 6 }),
            color_matrix: Some("bt709"),
            color_range: ColorRange::Limited,
            wide_gamut: None,
            bright_transfer: None,
            pixel_aspect: Some((4, 3)),
            declared_frames: None,
        },
        file_duration_ms: 1_000,
        audio_tracks: Vec::new(),
        av_offset_ms: None,
        has_variable_rate: false,
    }
}

#[test]
fn a_keyed_plan_reads_so() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let order = Order {
        outputs: Output::ALL.to_vec(),
        preset: Preset::WebApp,
        resolution: None,
        composition: Composition::default(),
        backdrop: None,
        previews: true,
    };
    let text = Plan::new(&probed(), planar_format(&probed()), &order).to_string();
    let expected = include_str!("keyed.txt").replace("THREADS", &threads.to_string());
    let expected = expected.replace("DECODERS", &decoder_whitelist());
    assert_eq!(text, expected);
}

#[test]
fn alpha_beside_the_picture_is_decoded_by_libvpx() {
    let mut probed = probed();
    probed.input.decoder = Some("libvpx-vp9");
    probed.input.container = SourceContainer::Matroska;
    let order = Order {
        outputs: vec![Output::WebmVp9Alpha],
        preset: Preset::WebApp,
        resolution: None,
        composition: Composition::default(),
        backdrop: None,
        previews: false,
    };
    let plan = Plan::new(&probed, RawFormat::Rgba, &order).to_string();
    assert!(plan.contains("-format_whitelist matroska -f matroska -c:v libvpx-vp9 -i file:/task/source"), "{plan}");
    assert!(plan.contains("format=rgba -fps_mode"), "{plan}");
}
