//! Sound in a codec that is not decoded, beside a good video.

use super::{moving_box, report, warnings};
use crate::clips::{Bench, probe};

/// Runs it; whether the output has sound, and whether it is said that there is none.
fn outcome(bench: &Bench, sounds: &str, name: &str) -> (bool, bool) {
    if !bench.path("base.mkv").exists() {
        moving_box(bench, "192x128", 25, "base.mkv");
    }
    let words = format!("-i base.mkv -f lavfi -i sine=330:r=44100:d=1 -f lavfi -i sine=220:d=1 -map 0:v {sounds}");
    let file = bench.ffmpeg(&format!("{words} -c:v libx264 -pix_fmt yuv420p -colorspace bt709"), name);
    let report = report(bench, &file, &[]);
    let has_sound = !probe(&bench.path("out/matte-grayscale-mp4.mp4"), "a", "stream=codec_name").is_empty();
    (has_sound, warnings(&report).contains(&"sound_unreadable"))
}

#[test]
fn a_track_that_is_not_decoded_is_dropped_with_a_warning_and_costs_nothing_where_another_is() {
    let bench = Bench::new();
    for (sounds, name, expected) in [
        ("-map 1:a -c:a tta", "tta.mkv", (false, true)),
        ("-map 1:a -c:a wavpack", "wavpack.mkv", (false, true)),
        ("-map 1:a -map 2:a -c:a:0 libopus -c:a:1 wavpack", "second.mkv", (true, false)),
        ("-map 1:a -map 2:a -c:a:0 tta -c:a:1 ac3", "first.mkv", (true, false)),
        ("-map 1:a -c:a adpcm_ms", "adpcm.avi", (true, false)),
        ("-map 1:a -ar 1000 -c:a pcm_s16le", "slow.mov", (false, true)),
        ("", "silent.mkv", (false, false)),
    ] {
        assert_eq!(outcome(&bench, sounds, name), expected, "{name}");
    }
}
