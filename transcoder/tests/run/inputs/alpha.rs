//! The source's own alpha: premultiplied, and in an animated WebP.

use super::warnings;
use crate::clips::Bench;
use crate::frames::frames;

/// A disc of one colour whose alpha falls over many pixels; `filter` is applied to the RGBA.
fn disc(bench: &Bench, color: [u8; 3], filter: &str, encoder: &str, name: &str) -> std::path::PathBuf {
    let [red, green, blue] = color;
    let alpha = "255*clip((70-hypot(X-100,Y-60))/45,0,1)";
    let picture = format!("color=s=200x120:r=10:d=0.6,format=rgba,geq=r={red}:g={green}:b={blue}:a='{alpha}'{filter}");
    bench.ffmpeg(&format!("-f lavfi -i {picture} {encoder}"), name)
}

/// Mean colour of the soft pixels of an APNG made of the source, and the codes of its warnings.
fn soft_color(bench: &Bench, file: &std::path::Path, options: &[&str]) -> ([f64; 3], bool) {
    let report = bench.path("report.json");
    let command = ["--preset", "editing", "--report", report.to_str().unwrap()];
    let done = bench.command(file, &["apng"]).args(command).args(options).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let report = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let frame = frames(&bench.path("out/apng.png"), 200, 120).swap_remove(2);
    let soft: Vec<&[u8]> = frame.chunks_exact(4).filter(|pixel| (30..225).contains(&pixel[3])).collect();
    assert!(soft.len() > 1_000, "{} soft pixels", soft.len());
    let count = f64::from(u32::try_from(soft.len()).unwrap());
    let mean = [0, 1, 2].map(|channel| soft.iter().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / count);
    (mean, warnings(&report).contains(&"premultiplied"))
}

fn assert_color(found: [f64; 3], expected: [u8; 3], what: &str) {
    let is_near = found.iter().zip(expected).all(|(found, expected)| (found - f64::from(expected)).abs() < 6.0);
    assert!(is_near, "{what}: {found:?} is not {expected:?}");
}

const PRORES: &str = "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -alpha_bits 16 -colorspace bt709";

#[test]
fn premultiplied_colours_are_found_and_divided_and_straight_ones_are_left() {
    let color = [60, 190, 230];
    for (encoder, name) in [(PRORES, "disc.mov"), ("-c:v png", "disc.mkv"), ("-f apng", "disc.apng")] {
        let bench = Bench::new();
        let straight = disc(&bench, color, "", encoder, name);
        let (found, is_said) = soft_color(&bench, &straight, &[]);
        assert_color(found, color, name);
        assert!(!is_said, "{name}");
        let premultiplied = disc(&bench, color, ",premultiply=inplace=1", encoder, name);
        let (found, is_said) = soft_color(&bench, &premultiplied, &[]);
        assert_color(found, color, name);
        assert!(is_said, "{name}");
    }
}

#[test]
fn what_the_caller_says_about_the_colours_is_done() {
    let bench = Bench::new();
    // Too dark to prove anything.
    let dark = disc(&bench, [8, 9, 7], ",premultiply=inplace=1", "-c:v png", "dark.mkv");
    let (left, is_said) = soft_color(&bench, &dark, &[]);
    assert!(left[1] < 7.0 && !is_said, "{left:?}");
    let (divided, is_said) = soft_color(&bench, &dark, &["--source-alpha", "premultiplied"]);
    assert!(divided[1] > left[1] + 2.0 && is_said, "{divided:?}");
    let bright = disc(&bench, [200, 160, 90], ",premultiply=inplace=1", "-c:v png", "bright.mkv");
    let (left, is_said) = soft_color(&bench, &bright, &["--source-alpha", "straight"]);
    assert!(left[0] < 150.0 && !is_said, "{left:?}");
}

#[test]
fn an_animated_webp_of_our_own_is_read_with_its_alpha_and_its_timing() {
    let bench = Bench::new();
    let source = disc(&bench, [200, 90, 60], "", PRORES, "disc.mov");
    let made = bench.made(&source, &["animated-webp"]);
    let own = bench.path("own.webp");
    std::fs::rename(&made[0], &own).unwrap();
    let (found, _) = soft_color(&bench, &own, &[]);
    let is_near = found.iter().zip([200.0, 90.0, 60.0]).all(|(found, expected)| (found - expected).abs() < 14.0);
    assert!(is_near, "{found:?}");
    assert_eq!(frames(&bench.path("out/apng.png"), 200, 120).len(), 6);
}

#[test]
fn a_webp_that_is_cut_or_larger_than_any_source_is_refused() {
    let bench = Bench::new();
    let whole = std::fs::read(disc(&bench, [200, 90, 60], "", "-c:v libwebp_anim -lossless 1", "whole.webp")).unwrap();
    let cut = bench.path("cut.webp");
    std::fs::write(&cut, &whole[..whole.len() * 2 / 3]).unwrap();
    bench.refused(&cut, "source_truncated");
    let mut lying = whole;
    let at = lying.windows(4).position(|window| window == b"VP8L").unwrap();
    lying[at + 9..at + 13].copy_from_slice(&[0xff; 4]);
    std::fs::write(&cut, lying).unwrap();
    bench.refused(&cut, "source_too_large");
}
