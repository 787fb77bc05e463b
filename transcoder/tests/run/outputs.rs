//! What comes out, pixel by pixel.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::clips::{ALL, Bench, FRAMES, HEIGHT, WIDTH, decode, disc_alpha, probe};

/// Inside opaque, outside clear, the edge between; and no green in what shows.
fn check_rgba(path: &Path, tolerance: f64) {
    let frames = decode(path, "rgba", WIDTH * HEIGHT * 4);
    assert_eq!(frames.len(), FRAMES);
    for frame in frames {
        for (index, pixel) in frame.chunks_exact(4).enumerate() {
            let truth = disc_alpha(index % WIDTH, index / WIDTH, WIDTH, HEIGHT);
            let error = (f64::from(pixel[3]) - truth).abs();
            assert!(error <= tolerance, "{}: {index}: {} is not {truth}", path.display(), pixel[3]);
            if pixel[3] > 60 {
                assert!(pixel[0].abs_diff(200) < 45 && pixel[1] < 110, "{}: {index}: {pixel:?}", path.display());
            }
        }
    }
}

fn check_matte(path: &Path, tolerance: f64) {
    let frames = decode(path, "gray", WIDTH * HEIGHT);
    assert_eq!(frames.len(), FRAMES);
    for (index, value) in frames.iter().flatten().enumerate() {
        let index = index % (WIDTH * HEIGHT);
        let truth = disc_alpha(index % WIDTH, index / WIDTH, WIDTH, HEIGHT);
        assert!((f64::from(*value) - truth).abs() <= tolerance, "{index}: {value} is not {truth}");
    }
}

#[test]
fn a_green_screen_becomes_the_disc_in_all_three_outputs() {
    let bench = Bench::new();
    let made = bench.made(&bench.green("160x120", FRAMES, "green.mp4"), &ALL);
    let [webm, mov, matte] = made.as_slice() else { panic!("{made:?}") };
    check_rgba(webm, 50.0);
    check_rgba(mov, 40.0);
    check_matte(matte, 50.0);
    for path in [webm, mov, matte] {
        assert_eq!(probe(path, "v", "stream=color_space,color_primaries,color_transfer"), "bt709,bt709,bt709");
    }
    assert_eq!(probe(webm, "a", "stream=codec_name"), "opus");
    assert_eq!(probe(mov, "a", "stream=codec_name"), "pcm_s16le");
    assert_eq!(probe(matte, "a", "stream=codec_name"), "aac");
    assert!(probe(webm, "v", "stream_tags=alpha_mode").contains('1'));
}

#[test]
fn sound_is_the_sources_sound() {
    let bench = Bench::new();
    let made = bench.made(&bench.green("160x120", FRAMES, "green.mp4"), &["mov-prores4444"]);
    let samples = bench.ffmpeg(&format!("-i {} -map 0:a -ac 1 -ar 44100 -f s16le", made[0].display()), "sound.raw");
    let samples: Vec<i16> =
        std::fs::read(samples).unwrap().chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let crossings = samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    let per_second = crossings * 44_100 / samples.len();
    assert!(per_second.abs_diff(880) < 30, "{per_second} crossings a second are not 440 Hz");
}

#[test]
fn a_sources_own_alpha_is_kept_and_can_be_read_back() {
    let bench = Bench::new();
    let source = bench.alpha_mov("alpha.mov");
    let made = bench.made(&source, &["webm-vp9-alpha"]);
    check_rgba(&made[0], 30.0);
    let webm = bench.path("alpha.webm");
    std::fs::rename(&made[0], &webm).unwrap();
    let made = bench.made(&webm, &["mov-prores4444", "matte-grayscale-mp4"]);
    check_rgba(&made[0], 32.0);
    check_matte(&made[1], 32.0);
}

#[test]
fn alpha_of_every_kind_of_source_is_kept_or_refused_by_name() {
    let bench = Bench::new();
    bench.alpha_mov("alpha.mov");
    for (encoder, name) in [
        ("libvpx -auto-alt-ref 0 -pix_fmt yuva420p -crf 4 -b:v 4M", "vp8.webm"),
        ("libvpx-vp9 -pix_fmt yuva420p -crf 8 -b:v 0", "vp9.webm"),
        ("prores_ks -profile:v 4444 -pix_fmt yuva444p10le", "prores.mov"),
        ("qtrle -pix_fmt argb", "animation.mov"),
        ("png -pix_fmt rgba", "png.mov"),
        ("png -pix_fmt rgba", "png.mkv"),
        ("ffv1 -pix_fmt bgra", "ffv1.mkv"),
        ("apng -pix_fmt rgba -plays 0 -f apng", "apng.png"),
    ] {
        let source = bench.ffmpeg(&format!("-i alpha.mov -an -c:v {encoder}"), name);
        let made = bench.made(&source, &["matte-grayscale-mp4"]);
        check_matte(&made[0], 30.0);
    }
}

#[test]
fn odd_sizes_are_padded_to_the_same_even_size_everywhere() {
    let bench = Bench::new();
    for path in bench.made(&bench.green("255x255", 2, "odd.mp4"), &ALL) {
        assert_eq!(probe(&path, "v", "stream=width,height"), "256,256", "{}", path.display());
    }
}

#[test]
fn the_largest_picture_may_be_padded_beyond_the_limit() {
    let bench = Bench::new();
    let clip = bench.ffmpeg("-f lavfi -i color=red@0.5:s=3071x3073,format=rgba -frames:v 1 -c:v qtrle", "largest.mov");
    let made = bench.made(&clip, &["matte-grayscale-mp4"]);
    assert_eq!(probe(&made[0], "v", "stream=width,height"), "3072,3074");
}

#[test]
fn outputs_are_as_open_as_the_umask_says() {
    let bench = Bench::new();
    let made = bench.made(&bench.green("160x120", 2, "green.mp4"), &["matte-grayscale-mp4"]);
    let plain = bench.path("plain");
    std::fs::write(&plain, "").unwrap();
    let permissions = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(permissions(&made[0]), permissions(&plain));
}

#[test]
fn rotation_is_applied_and_not_passed_on() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let turned = bench.ffmpeg("-i green.mp4 -c copy -metadata:s:v rotate=90", "turned.mp4");
    if !probe(&turned, "v", "stream_side_data=rotation").contains("90") {
        bench.ffmpeg("-display_rotation 90 -i green.mp4 -c copy", "turned.mp4");
    }
    let made = bench.made(&turned, &["webm-vp9-alpha"]);
    assert_eq!(probe(&made[0], "v", "stream=width,height"), "120,160");
    assert_eq!(probe(&made[0], "v", "stream_side_data=rotation"), "");
}

#[test]
fn a_variable_rate_keeps_its_length() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let variable =
        bench.ffmpeg("-i green.mp4 -an -vf select=not(eq(mod(n\\,4)\\,1)) -fps_mode vfr -c:v libx264 -qp 4", "variable.mp4");
    let made = bench.made(&variable, &["mov-prores4444"]);
    let length_s: f64 = probe(&made[0], "v", "stream=duration").parse().unwrap();
    assert!((length_s - 1.0).abs() <= 0.15, "{length_s}");
}
