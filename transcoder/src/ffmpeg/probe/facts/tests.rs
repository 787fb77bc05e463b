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
    assert_eq!(probed.input.audio, Some(AudioTrack { index: 1, channels: 1, is_decodable: true }));
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
    let frame_rate = FrameRate { numerator: 4, denominator: 1 };
    assert_eq!(read_packets(packets.as_bytes(), Some(frame_rate)).unwrap(), Packets { duration_ms: 500, frame_rate });
    assert!(read_packets(b"\n", Some(frame_rate)).is_err());
}

#[test]
fn a_variable_rate_is_taken_as_its_average_and_a_clock_for_no_rate() {
    let json = fixture!("h264_aac");
    let rate = |average: &str, nominal: &str| {
        let json = json.replace("\"avg_frame_rate\": \"25/1\"", &format!("\"avg_frame_rate\": \"{average}\""));
        let json = json.replace("\"r_frame_rate\": \"25/1\"", &format!("\"r_frame_rate\": \"{nominal}\""));
        reading(&json, SourceContainer::Mov).frame_rate.map(|rate| rate.to_string())
    };
    for (average, nominal, expected) in [
        ("30000/1001", "30000/1001", Some("30000/1001")),
        ("2999/100", "30/1", Some("30/1")),
        ("20/1", "30/1", Some("20/1")),
        ("400/1", "400/1", Some("400/1")),
        ("0/0", "50/1", Some("50/1")),
        ("0/0", "90000/1", None),
        ("0/0", "0/0", None),
    ] {
        assert_eq!(rate(average, nominal).as_deref(), expected, "{average} {nominal}");
    }
}

#[test]
fn a_rate_that_no_header_says_is_measured_and_one_beyond_all_cameras_is_reduced() {
    let lines = (0..31).map(|frame| format!("{:.3},N/A", f64::from(frame) / 30.0)).collect::<Vec<_>>().join("\n");
    let measured = read_packets(lines.as_bytes(), None).unwrap();
    assert_eq!((measured.frame_rate.to_string().as_str(), measured.duration_ms), ("30/1", 1_000));
    let one_packet = read_packets(b"2.0,N/A\n", None).unwrap();
    assert_eq!((one_packet.frame_rate.to_string().as_str(), one_packet.duration_ms), ("25/1", 40));
    let json = fixture!("h264_aac").replace("25/1", "4000/1");
    let probed = reading(&json, SourceContainer::Mov).finish().unwrap();
    assert_eq!(probed.facts.frame_rate.to_string(), "1000/1");
    assert_eq!(probed.rate_above_max.map(|rate| rate.to_string()).as_deref(), Some("4000/1"));
}

#[test]
fn the_stream_is_the_one_that_ffmpeg_would_take() {
    let json = |first: &str, second: &str| {
        let stream = |index: u32, rest: &str| {
            format!(
                r#"{{"index":{index},"codec_type":"video","codec_name":"h264","pix_fmt":"yuv420p","avg_frame_rate":"25/1","duration":"2.0",{rest}}}"#
            )
        };
        format!(r#"{{"streams":[{},{}],"format":{{"format_name":"matroska"}}}}"#, stream(0, first), stream(1, second))
    };
    let small = r#""width":160,"height":90"#;
    let large = r#""width":320,"height":180"#;
    let still = r#""width":640,"height":360,"nb_frames":"1""#;
    let default = r#""width":160,"height":90,"disposition":{"default":1}"#;
    let cover = r#""width":640,"height":360,"disposition":{"attached_pic":1,"default":1}"#;
    for (first, second, expected) in
        [(small, small, 0), (small, large, 1), (still, small, 1), (large, default, 1), (default, large, 0), (cover, small, 1)]
    {
        assert_eq!(reading(&json(first, second), SourceContainer::Matroska).input.video_index, expected, "{first} {second}");
    }
}

#[test]
fn a_codec_that_is_not_read_is_named_and_so_is_its_container() {
    for (codec, named) in [("\"rv40\"", "codec rv40;"), ("null", "codec avc1, which ffmpeg does not know;")] {
        let json = fixture!("h264_aac").replacen("\"codec_name\": \"h264\"", &format!("\"codec_name\": {codec}"), 1);
        let error = read(json.as_bytes(), SourceContainer::Mov, Path::new("source")).unwrap_err();
        let TaskError::Permanent { code: JobErrorCode::SourceUnsupported, message, .. } = error else { panic!("{error}") };
        assert!(message.contains("MP4 or QuickTime") && message.contains(named), "{message}");
    }
}

#[test]
fn sound_of_a_rate_that_no_recorder_has_or_of_another_codec_is_not_decoded() {
    for (from, to) in
        [("\"sample_rate\": \"44100\"", "\"sample_rate\": \"1\""), ("\"codec_name\": \"aac\"", "\"codec_name\": \"tta\"")]
    {
        let json = fixture!("h264_aac");
        assert!(json.contains(from), "{from}");
        let reading = reading(&json.replace(from, to), SourceContainer::Mov);
        assert_eq!((reading.audio_tracks.len(), reading.input.audio), (1, None), "{to}");
    }
}

#[test]
fn one_interlaced_frame_is_enough() {
    assert!(read_fields(b"0\n0\n1,\n\n"));
    assert!(!read_fields(b"0\n0,\n\n"));
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
