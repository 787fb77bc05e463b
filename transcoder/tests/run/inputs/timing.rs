//! Frame rates, fields, and which of several streams is the video.

use super::{moving_box, report, size, timing, warnings};
use crate::clips::Bench;

const H264: &str = "-c:v libx264 -preset veryfast -crf 14 -pix_fmt yuv420p -colorspace bt709";

#[test]
fn frames_that_are_held_for_long_neither_lengthen_nor_shorten_a_clip() {
    let bench = Bench::new();
    moving_box(&bench, "192x128", 50, "base.mkv");
    // A burst of 30 frames, then two pictures that are held for 3 and 4 seconds.
    let times = "select='lt(n,30)+eq(n,40)+eq(n,49)',settb=1/90000,setpts='if(lt(N,30),N/50,if(eq(N,30),3,7))/TB'";
    for name in ["held.mp4", "held.mkv", "held.flv", "held.ts"] {
        let file = bench.ffmpeg(&format!("-i base.mkv -vf {times} -fps_mode vfr -enc_time_base 1/1000 -bf 0 {H264}"), name);
        let report = report(&bench, &file, &[]);
        let (_, frames, length_s) = timing(&report);
        assert!((6.5..7.5).contains(&length_s), "{name}: {frames} frames, {length_s} s");
        assert!(name != "held.mp4" || warnings(&report).contains(&"variable_frame_rate"), "{name}: {report}");
    }
}

#[test]
fn slow_motion_keeps_every_frame_up_to_a_thousand_a_second() {
    let bench = Bench::new();
    moving_box(&bench, "192x128", 50, "base.mkv");
    for (rate, expected, frames, is_reduced) in [(350, 350.0, 50, false), (960, 960.0, 50, false), (4_000, 1_000.0, 13, true)] {
        let words = format!("-i base.mkv -vf setpts=PTS/{rate}*50 -r {rate} -fps_mode cfr -video_track_timescale 64000 {H264}");
        let file = bench.ffmpeg(&words, &format!("fast_{rate}.mp4"));
        let report = report(&bench, &file, &["--preset", "editing"]);
        let (made_rate, made_frames, _) = timing(&report);
        assert!((made_rate - expected).abs() < 0.01 && made_frames.abs_diff(frames) <= 1, "{rate}: {report}");
        assert_eq!(warnings(&report).contains(&"frames_dropped"), is_reduced, "{rate}: {report}");
    }
}

#[test]
fn interlaced_footage_is_found_in_every_container_that_carries_it() {
    let bench = Bench::new();
    moving_box(&bench, "192x128", 50, "base.mkv");
    let fields = |order: &str| format!("tinterlace=interleave_top,setfield={order}");
    let (top, bottom) = (fields("tff"), fields("bff"));
    let mpeg2 = "-c:v mpeg2video -q:v 2";
    let dv = "-c:v dvvideo -pix_fmt yuv420p";
    for (filter, codec, name) in [
        (top.clone(), "-c:v libx264 -x264-params tff=1", "h264.ts"),
        (top.clone(), "-c:v libx264 -x264-params tff=1 -mpegts_m2ts_mode 1 -f mpegts", "h264.m2ts"),
        (top.clone(), mpeg2, "mpeg2.mpg"),
        (top.clone(), "-c:v mpeg2video -q:v 2 -pix_fmt yuv422p", "mpeg2.mxf"),
        (top, "-c:v mpeg4 -q:v 2", "mpeg4.avi"),
        (format!("scale=720:576,{bottom}"), dv, "dv.dv"),
        (format!("scale=720:576,{bottom}"), dv, "dv.avi"),
    ] {
        let file = bench.ffmpeg(&format!("-i base.mkv -vf {filter} -r 25 -flags +ilme+ildct {codec}"), name);
        assert!(warnings(&report(&bench, &file, &[])).contains(&"deinterlaced"), "{name}");
        let progressive = bench.ffmpeg(&format!("-i base.mkv -vf scale=720:576 -r 25 {codec}"), name);
        // DV frames are marked as interlaced whatever they hold, and x264's here are by option.
        let is_always_marked = codec.contains("dvvideo") || codec.contains("tff=1");
        assert!(is_always_marked || !warnings(&report(&bench, &progressive, &[])).contains(&"deinterlaced"), "{name}");
    }
}

#[test]
fn the_video_is_neither_a_thumbnail_nor_another_than_ffmpeg_would_take() {
    let bench = Bench::new();
    moving_box(&bench, "256x144", 25, "base.mkv");
    let thumbnail = "-f lavfi -i color=blue:s=640x360:d=0.04 -i base.mkv -map 0:v -map 1:v -c:v:0 mjpeg -pix_fmt:v:0 yuvj420p";
    let file = bench.ffmpeg(&format!("{thumbnail} -c:v:1 libx264 -pix_fmt:v:1 yuv420p"), "thumbnail.mov");
    let (_, frames, _) = timing(&report(&bench, &file, &[]));
    assert_eq!((frames, size(&bench).as_str()), (25, "256,144"));
    let proxy = "-f lavfi -i testsrc2=s=320x180:r=25:d=1 -i base.mkv -map 0 -map 1";
    let file = bench.ffmpeg(&format!("{proxy} {H264} -disposition:v:0 0 -disposition:v:1 default"), "default.mkv");
    report(&bench, &file, &[]);
    assert_eq!(size(&bench), "256,144");
    let file = bench.ffmpeg(&format!("-f lavfi -i testsrc2=s=96x64:r=25:d=1 -i base.mkv -map 0 -map 1 {H264}"), "larger.ts");
    report(&bench, &file, &[]);
    assert_eq!(size(&bench), "256,144");
}
