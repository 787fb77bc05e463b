//! Sources whose colours are not BT.709's: what comes out shows the colours that went in, and keeps
//! its alpha.

use std::path::{Path, PathBuf};

use crate::clips::{Bench, FRAMES, HEIGHT, WIDTH, decode, disc_alpha};

/// The picture of `Bench::green`, brought into other colours.
const SUBJECT: [u8; 3] = [140, 60, 50];

fn clip(bench: &Bench, source: &str, pixel_format: &str, [primaries, transfer, matrix]: [&str; 3], name: &str) -> PathBuf {
    let tagged = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr:range=pc";
    let colors = format!(
        "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p={primaries}:t={transfer}:m={matrix}:r=tv:npl=203,format={pixel_format}"
    );
    let tags = format!("-color_primaries {primaries} -color_trc {transfer} -colorspace {matrix} -color_range tv");
    let codec = "-c:v libx264 -qp 4 -preset ultrafast";
    bench.ffmpeg(&format!("-f lavfi -t 2 -i {source},{tagged},{colors} {codec} {tags} -frames:v {FRAMES}"), name)
}

fn disc() -> String {
    let alpha = "clip((34-hypot(X-W/2\\,Y-H/2))/4\\,0\\,1)";
    let mix = |subject: u8, screen: u8| format!("{subject}*{alpha}+{screen}*(1-{alpha})");
    let [red, green, blue] = SUBJECT;
    let (red, green, blue) = (mix(red, 0), mix(green, 177), mix(blue, 64));
    format!("color=s={WIDTH}x{HEIGHT}:r=12,format=gbrp,geq=r={red}:g={green}:b={blue}")
}

fn shows_the_disc(made: &Path) {
    for (index, pixel) in decode(made, "rgba", WIDTH * HEIGHT * 4)[FRAMES / 2].chunks_exact(4).enumerate() {
        let (x, y) = (index % WIDTH, index / WIDTH);
        let truth = disc_alpha(x, y, WIDTH, HEIGHT);
        assert!((f64::from(pixel[3]) - truth).abs() <= 60.0, "{x},{y}: {pixel:?}, alpha {truth}");
        if x.abs_diff(WIDTH / 2) < 15 && y.abs_diff(HEIGHT / 2) < 15 {
            let off = SUBJECT.iter().zip(pixel).map(|(truth, seen)| seen.abs_diff(*truth)).max().unwrap();
            assert!(off <= 6, "{x},{y}: {pixel:?}");
        }
    }
}

#[test]
fn high_dynamic_range_is_keyed_in_the_tones_of_every_screen() {
    for transfer in ["smpte2084", "arib-std-b67"] {
        let bench = Bench::new();
        let clip = clip(&bench, &disc(), "yuv420p10le", ["bt2020", transfer, "bt2020nc"], "hdr.mp4");
        shows_the_disc(&bench.made(&clip, &["mov-prores4444"])[0]);
    }
}

#[test]
fn a_wide_gamut_without_high_dynamic_range_is_brought_into_bt709s() {
    let bench = Bench::new();
    let clip = clip(&bench, &disc(), "yuv420p", ["smpte432", "bt709", "bt709"], "p3.mp4");
    shows_the_disc(&bench.made(&clip, &["mov-prores4444"])[0]);
}

#[test]
fn alpha_survives_the_tones() {
    let bench = Bench::new();
    let toned = clip(&bench, &disc(), "yuv444p10le", ["bt2020", "smpte2084", "bt2020nc"], "toned.mp4");
    let matte = "color=s=160x120:r=12,format=gray,geq=lum=255*clip((34-hypot(X-W/2\\,Y-H/2))/4\\,0\\,1)";
    let tags = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv";
    let clip = bench.ffmpeg(
        &format!(
            "-i {} -f lavfi -t 2 -i {matte} -filter_complex [0]format=yuva444p[c];[1]format=gray[a];[c][a]alphamerge \
             -c:v prores_ks -profile:v 4444 -alpha_bits 16 {tags} -frames:v {FRAMES}",
            toned.display()
        ),
        "alpha.mov",
    );
    shows_the_disc(&bench.made(&clip, &["mov-prores4444"])[0]);
}
