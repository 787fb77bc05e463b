//! Every fixture was captured from a real ffprobe.

use super::*;

fn reading(json: &str, container: SourceContainer) -> Reading {
    read(json.as_bytes(), container, Path::new("source")).unwrap()
}

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/ffprobe_5.1_", $name, ".json"))
    };
}

#[test]
fn a_tagged_h264_with_sound_is_read_whole() {
    let probed = reading(fixture!("h264_aac"), SourceContainer::Mov).finish().unwrap();
    let expected = MediaFacts {
        container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        video_codec: "h264".into(),
        pixel_format: "yuv420p".into(),
        size: PixelSize { width: 320, height: 240 },
        frame_rate: FrameRate { numerator: 25, denominator: 1 },
        duration_ms: 2_000,
        has_alpha: false,
        has_audio: true,
    };
    assert_eq!(probed.facts, expected);
    assert_eq!(probed.input.color_matrix, Some("bt709"));
    assert_eq!(probed.input.color_range, ColorRange::Limited);
    assert_eq!(probed.input.audio, Some(AudioTrack { index: 1, channels: 1 }));
    assert_eq!(probed.input.declared_frames, Some(50));
    assert_eq!(probed.input.pixel_aspect, None);
}

#[test]
fn alpha_is_found_in_the_pixel_format_or_in_the_tag() {
    assert!(reading(fixture!("prores4444"), SourceContainer::Mov).has_alpha);
    let vp9 = fixture!("vp9_alpha");
    for json in [vp9.to_owned(), vp9.replace("alpha_mode", "ALPHA_MODE")] {
        let reading = reading(&json, SourceContainer::Matroska);
        assert!(reading.has_alpha);
        assert_eq!(reading.input.decoder, Some("libvpx-vp9"));
        assert_eq!(reading.timeline, Timeline::Known(1_000), "from the stream's DURATION tag");
    }
    assert!(!reading(&vp9.replace("\"1\"", "\"0\""), SourceContainer::Matroska).has_alpha);
}

#[test]
fn rotation_turns_the_size() {
    let reading = reading(fixture!("rotated"), SourceContainer::Mov);
    assert_eq!(reading.size, PixelSize { width: 240, height: 320 });
}

#[test]
fn cover_art_is_not_the_picture() {
    let reading = reading(fixture!("cover_art"), SourceContainer::Mov);
    assert_eq!(reading.size, PixelSize { width: 320, height: 240 });
}

#[test]
fn sound_alone_is_not_a_video() {
    let error = read(fixture!("audio_only").as_bytes(), SourceContainer::Mov, Path::new("source")).unwrap_err();
    assert!(matches!(error, TaskError::Permanent { code: JobErrorCode::SourceNotVideo, .. }));
}

#[test]
fn a_stream_without_frames_is_told_from_no_stream() {
    let json = fixture!("h264_aac").replace("\"nb_frames\": \"50\"", "\"nb_frames\": \"0\"");
    let error = read(json.as_bytes(), SourceContainer::Mov, Path::new("source")).unwrap_err();
    assert!(matches!(error, TaskError::Permanent { code: JobErrorCode::SourceNoFrames, .. }));
}

#[test]
fn an_apng_says_no_length_and_its_packets_do() {
    let reading = reading(fixture!("apng"), SourceContainer::Apng);
    assert_eq!(reading.timeline, Timeline::Unknown);
    assert_eq!(reading.input.color_matrix, None);
    let packets = "0.5,0.25\n0.75,N/A\nN/A,N/A\n\nside_data,\n0.6,0.01,\n";
    let rate = FrameRate { numerator: 4, denominator: 1 };
    assert_eq!(read_packets(packets.as_bytes(), rate).unwrap(), Timeline::Known(500));
    assert!(read_packets(b"\n", rate).is_err());
}

#[test]
fn a_variable_rate_is_taken_as_its_average_and_a_clock_for_no_rate() {
    let json = fixture!("h264_aac");
    let rate = |average: &str, nominal: &str| {
        let json = json.replace("\"avg_frame_rate\": \"25/1\"", &format!("\"avg_frame_rate\": \"{average}\""));
        let json = json.replace("\"r_frame_rate\": \"25/1\"", &format!("\"r_frame_rate\": \"{nominal}\""));
        reading(&json, SourceContainer::Mov).frame_rate.to_string()
    };
    assert_eq!(rate("30000/1001", "30000/1001"), "30000/1001");
    assert_eq!(rate("2999/100", "30/1"), "30/1");
    assert_eq!(rate("20/1", "30/1"), "20/1");
    assert_eq!(rate("0/0", "90000/1"), "25/1");
}

#[test]
fn untagged_colours_are_taken_by_format_and_size() {
    let json = fixture!("h264_aac").replace("\"color_space\": \"bt709\"", "\"color_space\": \"unknown\"");
    let matrix = |format: &str, width: &str, height: &str| {
        let json = json.replace("yuv420p", format).replace("\"width\": 320", &format!("\"width\": {width}"));
        reading(&json.replace("\"height\": 240", &format!("\"height\": {height}")), SourceContainer::Mov).input.color_matrix
    };
    for format in ["yuv420p", "uyvy422", "yuyv422", "nv12", "p010le", "y210le", "p210le", "ayuv64le", "vuya"] {
        assert_eq!(matrix(format, "720", "576"), Some("bt601"), "{format}");
        assert_eq!(matrix(format, "1280", "544"), Some("bt709"), "{format}");
        assert_eq!(matrix(format, "960", "720"), Some("bt709"), "{format}");
    }
    for format in ["rgb24", "bgra", "gbrp10le", "0rgb", "gray", "ya8", "pal8", "monob"] {
        assert_eq!(matrix(format, "1280", "720"), None, "{format}");
    }
}

#[test]
fn a_length_that_the_stream_does_not_say_itself_is_unknown() {
    let json = fixture!("vp9_alpha");
    let untagged = json.replace("\"DURATION\"", "\"TITLE\"");
    assert_eq!(reading(&untagged, SourceContainer::Matroska).timeline, Timeline::Unknown, "whatever the file says");
    let late = json.replace("\"start_time\": \"0.000000\"", "\"start_time\": \"1.500000\"");
    assert_eq!(reading(&late, SourceContainer::Matroska).timeline, Timeline::Unknown, "a tag may count from elsewhere");
    let tail = json.replacen("\"start_time\": \"0.000000\"", "\"start_time\": \"1.500000\"", 1);
    assert_eq!(reading(&tail, SourceContainer::Matroska).input.picture_start_ms, 1_500);
}
