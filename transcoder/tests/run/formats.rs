//! Every output of one clip: what it shows, how large and how fast it is, and what is said about
//! it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::clips::{Bench, FRAMES, HEIGHT, WIDTH, decode, disc_alpha, probe};
use crate::frames::{frames, sequence, webp};

const EVERY: [&str; 10] = [
    "webm-vp9-alpha",
    "mov-prores4444",
    "animated-webp",
    "gif",
    "apng",
    "png-sequence",
    "matte-grayscale-mp4",
    "stacked-alpha-mp4",
    "opaque-mp4",
    "color-alpha-zip",
];

fn run(bench: &Bench, clip: &Path, outputs: &[&str], more: &[&str]) -> Vec<PathBuf> {
    let output = bench.command(clip, outputs).args(more).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(|line| PathBuf::from(line.split(": ").next().unwrap())).collect()
}

fn report(bench: &Bench) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path("report.json")).unwrap()).unwrap()
}

fn codes(report: &Value) -> Vec<(String, String)> {
    let text = |warning: &Value, key: &str| warning[key].as_str().unwrap().to_owned();
    let warnings = report["warnings"].as_array().unwrap();
    warnings.iter().map(|warning| (text(warning, "code"), text(warning, "message"))).collect()
}

#[test]
fn every_output_shows_the_same_disc_in_its_own_colour() {
    let bench = Bench::new();
    let clip = bench.green("160x120", FRAMES, "green.mp4");
    let report_path = bench.path("report.json");
    let made = run(&bench, &clip, &EVERY, &["--report", report_path.to_str().unwrap()]);
    assert_eq!(made.len(), EVERY.len());
    for path in &made {
        let is_gif = path.extension().is_some_and(|extension| extension == "gif");
        let is_opaque = path.file_stem().is_some_and(|stem| stem == "opaque-mp4");
        let shown = frames(path, WIDTH, HEIGHT);
        assert_eq!(shown.len(), FRAMES, "{}", path.display());
        for frame in shown {
            for (index, pixel) in frame.chunks_exact(4).enumerate() {
                let truth = disc_alpha(index % WIDTH, index / WIDTH, WIDTH, HEIGHT);
                let tolerance = if is_gif { 150.0 } else { 60.0 };
                let alpha = f64::from(pixel[3]);
                if is_opaque {
                    assert!(truth > 0.0 || pixel[..3].iter().all(|channel| *channel < 40), "{index}: {pixel:?}");
                }
                assert!(is_opaque || (alpha - truth).abs() <= tolerance, "{}: {index}: {pixel:?}", path.display());
                // A colour converted by another matrix than it is tagged with is off by fifteen and
                // more.
                if truth >= 255.0 && index % WIDTH > 60 && index % WIDTH < 100 && (50..70).contains(&(index / WIDTH)) {
                    let off = [200, 60, 50].iter().zip(pixel).map(|(truth, seen)| seen.abs_diff(*truth)).max().unwrap();
                    assert!(off <= 9, "{}: {index}: {pixel:?}", path.display());
                }
            }
        }
    }
    assert_eq!(probe(&made[7], "a", "stream=codec_name"), "aac");
    let report = report(&bench);
    let figures = report["outputs"].as_array().unwrap();
    for (name, figures) in EVERY.iter().zip(figures) {
        assert_eq!((figures["format"].as_str(), figures["frameCount"].as_u64()), (Some(*name), Some(FRAMES as u64)));
        match figures["alphaPsnrDb"].as_f64() {
            Some(alpha_db) => assert!(alpha_db > if *name == "gif" { 20.0 } else { 40.0 }, "{name}: {alpha_db}"),
            None => assert_eq!(*name, "opaque-mp4"),
        }
        assert_eq!(figures["colorPsnrDb"].is_null(), *name == "matte-grayscale-mp4");
        let has_sound = !["animated-webp", "gif", "apng", "png-sequence"].contains(name);
        assert_eq!(figures["avOffsetMs"].is_i64(), has_sound, "{name}");
    }
    let coverage = report["matte"]["coverage"].as_f64().unwrap();
    let truth = std::f64::consts::PI * 32.0 * 32.0 / (160.0 * 120.0);
    assert!((coverage - truth).abs() < 0.01, "{coverage} is not {truth}");
    assert!(report["score"].as_u64().unwrap() > 80 && report["tools"]["ffmpeg"].as_str().unwrap().len() > 2);
}

#[test]
fn what_is_filled_is_filled_in_every_output_and_stands_up() {
    let bench = Bench::new();
    let clip = bench.green("160x120", FRAMES, "green.mp4");
    for path in run(&bench, &clip, &["opaque-mp4", "gif", "webm-vp9-alpha"], &["--fill", "#204080"]) {
        for frame in decode(&path, "rgba", WIDTH * HEIGHT * 4) {
            let corner = &frame[..4];
            let off = [0x20, 0x40, 0x80, 255].iter().zip(corner).map(|(truth, seen)| seen.abs_diff(*truth)).max().unwrap();
            assert!(off <= 8, "{}: {corner:?}", path.display());
            let middle = &frame[(60 * WIDTH + 80) * 4..][..4];
            let off = [200, 60, 50, 255].iter().zip(middle).map(|(truth, seen)| seen.abs_diff(*truth)).max().unwrap();
            assert!(off <= 9, "{}: {middle:?}", path.display());
        }
    }
}

#[test]
fn a_picture_fills_what_is_clear_cropped_around_its_middle() {
    let bench = Bench::new();
    let clip = bench.green("160x120", FRAMES, "green.mp4");
    // Half as wide again as the clip is: the red sides are cropped away.
    let drawn = "color=red:s=480x240,drawbox=x=70:y=0:w=340:h=240:color=0x2040a0:t=fill";
    let picture = bench.ffmpeg(&format!("-f lavfi -i {drawn} -frames:v 1"), "picture.jpg");
    let made = run(&bench, &clip, &["opaque-mp4", "apng"], &["--fill-picture", picture.to_str().unwrap()]);
    for path in made {
        for frame in decode(&path, "rgba", WIDTH * HEIGHT * 4) {
            for at in [0, WIDTH - 1, WIDTH * (HEIGHT - 1), WIDTH * HEIGHT - 1] {
                let seen = &frame[at * 4..at * 4 + 4];
                let off = [0x20, 0x40, 0xa0, 255].iter().zip(seen).map(|(truth, seen)| seen.abs_diff(*truth)).max().unwrap();
                assert!(off <= 12, "{}: {seen:?}", path.display());
            }
        }
    }
    let text = bench.path("text.png");
    std::fs::write(&text, "no picture at all").unwrap();
    let refused = bench.command(&clip, &["gif"]).args(["--fill-picture", text.to_str().unwrap()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("backdrop_unusable"), "{refused:?}");
}

#[test]
fn animations_are_small_and_slow_enough_and_say_so() {
    let bench = Bench::new();
    let picture = "color=s=1000x500:r=30,format=rgba,geq=r=200:g=60:b=50:a=if(between(X\\,300+N*4\\,600)\\,255\\,0)";
    let clip = bench.ffmpeg(&format!("-f lavfi -i {picture} -frames:v 30 -c:v qtrle"), "alpha.mov");
    let report_path = bench.path("report.json");
    let made =
        run(&bench, &clip, &["gif", "apng", "animated-webp", "webm-vp9-alpha"], &["--report", report_path.to_str().unwrap()]);
    for path in &made[..2] {
        assert_eq!(probe(path, "v", "stream=width,height"), "640,320", "{}", path.display());
    }
    let report = report(&bench);
    let told = |index: usize| {
        let figures = &report["outputs"][index];
        let number = |key: &str| figures[key].as_f64().unwrap();
        (figures["width"].as_u64().unwrap(), number("frameRate"), number("frameCount"), number("durationSec"))
    };
    assert_eq!(told(0), (640, 15.0, 15.0, 1.0));
    assert_eq!(told(1), (640, 15.0, 15.0, 1.0));
    assert_eq!(told(2), (800, 15.0, 15.0, 1.0));
    assert_eq!(told(3), (1_000, 30.0, 30.0, 1.0));
    let codes = codes(&report);
    let says = |code: &str, of: &str| codes.iter().any(|(said, message)| said == code && message.contains(of));
    for output in ["gif", "apng", "animated-webp"] {
        assert!(says("scaled_down", output) && says("frames_dropped", output), "{codes:?}");
    }
    assert!(!says("scaled_down", "webm") && !says("frames_dropped", "webm"), "{codes:?}");
    assert!(says("subject_touches_edge", "100.0 %"), "{codes:?}");
}

#[test]
fn scaled_edges_keep_the_subjects_colour() {
    let bench = Bench::new();
    // White, and black wherever nobody should see it.
    let picture = "color=s=1280x720:r=5,format=rgba,geq=r='255*lt(hypot(X-640,Y-360),200)':\
        g='255*lt(hypot(X-640,Y-360),200)':b='255*lt(hypot(X-640,Y-360),200)':a='255*lt(hypot(X-640,Y-360),200)'";
    let picture = picture.replace('\'', "").replace(",Y", "\\,Y").replace(",200", "\\,200");
    let clip = bench.ffmpeg(&format!("-f lavfi -i {picture} -frames:v 3 -c:v qtrle"), "white.mov");
    let made = run(&bench, &clip, &["apng", "mov-prores4444"], &["--preset", "social"]);
    let mut soft = 0;
    for frame in decode(&made[0], "rgba", 480 * 270 * 4) {
        for pixel in frame.chunks_exact(4).filter(|pixel| pixel[3] > 0) {
            soft += usize::from(pixel[3] < 255);
            assert!(pixel[..3].iter().all(|channel| *channel >= 250), "{pixel:?}");
        }
    }
    assert!(soft > 100, "{soft}");
}

#[test]
fn pictures_keep_odd_sides_that_video_must_pad() {
    let bench = Bench::new();
    let clip = bench.green("255x255", 2, "odd.mp4");
    let made = run(&bench, &clip, &["apng", "gif", "png-sequence", "animated-webp", "stacked-alpha-mp4"], &[]);
    for path in &made[..2] {
        assert_eq!(probe(path, "v", "stream=width,height"), "255,255", "{}", path.display());
    }
    assert_eq!(sequence(&made[2])[0].len(), 255 * 255 * 4);
    assert_eq!(webp(&made[3])[0].len(), 255 * 255 * 4);
    assert_eq!(probe(&made[4], "v", "stream=width,height"), "256,512");
}

#[test]
fn pixels_that_are_not_square_become_so() {
    let bench = Bench::new();
    bench.green("160x120", 2, "green.mp4");
    let clip = bench.ffmpeg("-i green.mp4 -an -vf setsar=2/1 -c:v libx264 -qp 4", "wide.mp4");
    let report_path = bench.path("report.json");
    let made = run(&bench, &clip, &["webm-vp9-alpha", "mov-prores4444"], &["--report", report_path.to_str().unwrap()]);
    for path in &made {
        assert_eq!(probe(path, "v", "stream=width,height,sample_aspect_ratio"), "320,120,1:1", "{}", path.display());
    }
    assert!(codes(&report(&bench)).iter().any(|(code, _)| code == "pixels_made_square"));
}

#[test]
fn a_preset_limits_size_and_rate() {
    let bench = Bench::new();
    let picture = "color=s=2000x64:r=60,format=rgba,geq=r=200:g=60:b=50:a=128";
    let clip = bench.ffmpeg(&format!("-f lavfi -i {picture} -frames:v 12 -c:v qtrle"), "long.mov");
    for (preset, expected) in [("social", "1920,62,30/1"), ("editing", "2000,64,60/1"), ("web-app", "2000,64,60/1")] {
        let made = run(&bench, &clip, &["mov-prores4444"], &["--preset", preset]);
        assert_eq!(probe(&made[0], "v", "stream=width,height,r_frame_rate"), expected, "{preset}");
    }
}

#[test]
fn a_variable_rate_is_told() {
    let bench = Bench::new();
    bench.green("160x120", FRAMES, "green.mp4");
    let words = "-i green.mp4 -an -vf select=not(eq(mod(n\\,4)\\,1)) -fps_mode vfr -c:v libx264 -qp 4";
    let clip = bench.ffmpeg(words, "variable.mp4");
    let report_path = bench.path("report.json");
    run(&bench, &clip, &["matte-grayscale-mp4"], &["--report", report_path.to_str().unwrap()]);
    assert!(codes(&report(&bench)).iter().any(|(code, _)| code == "variable_frame_rate"));
}

#[test]
fn previews_lie_beside_the_outputs_and_can_play_before_they_are_whole() {
    let bench = Bench::new();
    let clip = bench.green("1280x720", 4, "green.mp4");
    let report_path = bench.path("report.json");
    run(&bench, &clip, &["matte-grayscale-mp4"], &["--previews", "--report", report_path.to_str().unwrap()]);
    for (name, behind) in [("checkerboard", 153..=204), ("dark", 16..=32), ("light", 230..=246)] {
        let video = bench.path(&format!("out/previews/{name}.mp4"));
        assert_eq!(probe(&video, "v", "stream=codec_name,width,height,pix_fmt"), "h264,640,360,yuv420p");
        let bytes = std::fs::read(&video).unwrap();
        let at = |kind: &[u8]| bytes.windows(4).position(|window| window == kind).unwrap();
        assert!(at(b"moov") < at(b"mdat"), "{name}");
        let poster = bench.path(&format!("out/previews/{name}-poster.png"));
        for picture in [decode(&video, "rgba", 640 * 360 * 4), decode(&poster, "rgba", 640 * 360 * 4)] {
            let pixel = |x: usize, y: usize| &picture[0][(y * 640 + x) * 4..][..3];
            assert!(pixel(8, 8).iter().all(|channel| behind.contains(channel)), "{name}: {:?}", pixel(8, 8));
            assert!(pixel(320, 180)[0].abs_diff(200) < 10 && pixel(320, 180)[1] < 75, "{name}: {:?}", pixel(320, 180));
        }
    }
    let asset: Value = serde_json::from_slice(&std::fs::read(bench.path("out/previews/qa.json")).unwrap()).unwrap();
    assert_eq!(asset, report(&bench));
    assert_eq!(asset["outputs"][0]["frameCount"], 4);
}

#[test]
fn an_encoder_that_does_less_than_it_says_is_found_out() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let clip = bench.green("160x120", FRAMES, "green.mp4");
    for (output, wanted, given) in [
        ("webm-vp9-alpha", "format=yuva420p", "format=yuv420p"),
        ("mov-prores4444", "setsar=1", "setsar=1,negate"),
        ("matte-grayscale-mp4", "format=yuv420p", "negate,format=yuv420p"),
        ("gif", "alpha_threshold=128", "alpha_threshold=1"),
        ("gif", "split", "select=n-5,split"),
    ] {
        let liar = bench.path("liar");
        let script = format!("#!/bin/bash\nexec ffmpeg \"${{@//{wanted}/{given}}}\"\n");
        std::fs::write(&liar, script).unwrap();
        std::fs::set_permissions(&liar, std::fs::Permissions::from_mode(0o755)).unwrap();
        let refused = bench.command(&clip, &[output]).env("FFMPEG", &liar).output().unwrap();
        let stderr = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{output}: {stderr}");
        assert!(stderr.contains("error[verify_failed]: ") && stderr.contains(output), "{output}: {stderr}");
        assert_eq!(bench.names("out"), Vec::<String>::new());
    }
}

#[test]
fn probe_says_what_would_be_made_and_makes_nothing() {
    let bench = Bench::new();
    let clip = bench.green("255x120", FRAMES, "green.mp4");
    let probe = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
        command
            .arg("probe")
            .arg(&clip)
            .args(more)
            .env("MATTING_MODELS", "")
            .env("SCRATCH_DIR", bench.path("scratch"))
            .output()
            .unwrap()
    };
    let text = String::from_utf8(probe(&[]).stdout).unwrap();
    for line in [
        "strategy: chroma-key, confidence 1.00. A flat screen of RGB ",
        "colour: bt709, limited range",
        "stacked-alpha-mp4: 256x240, ",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let json: Value = serde_json::from_slice(&probe(&["--json", "--output", "gif"]).stdout).unwrap();
    assert_eq!(json["outputs"][0]["size"], serde_json::json!({ "width": 255, "height": 120 }));
    assert_eq!((json["frames"].as_u64(), json["outputs"].as_array().unwrap().len()), (Some(FRAMES as u64), 1));
    assert_eq!(bench.names("scratch"), Vec::<String>::new());
    let natural = bench.ffmpeg("-f lavfi -i testsrc2=s=160x120:r=12 -frames:v 12 -c:v libx264", "natural.mp4");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    let refused = command.arg("probe").arg(&natural).env("MATTING_MODELS", "").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("error[no_matte_strategy]: "));
}

#[test]
fn an_experts_word_overrides_what_is_found() {
    let bench = Bench::new();
    // Too pale for a screen, so nothing is found.
    let picture = format!("color=s={WIDTH}x{HEIGHT}:r=12:c=0x7ab47a,drawbox=50:30:60:60:0xc83c32:fill");
    let clip = bench.ffmpeg(&format!("-f lavfi -t 1 -i {picture} -c:v libx264 -qp 4 -preset ultrafast"), "pale.mp4");
    bench.refused(&clip, "no_matte_strategy");
    let alpha_in_the_middle = |more: &[&str]| {
        let made = run(&bench, &clip, &["mov-prores4444"], &[&["--screen-color", "#7ab47a"], more].concat());
        let alphas: Vec<u8> = decode(&made[0], "rgba", WIDTH * HEIGHT * 4)[4].chunks_exact(4).map(|pixel| pixel[3]).collect();
        std::fs::remove_file(&made[0]).unwrap();
        (alphas[60 * WIDTH + 80], alphas[10 * WIDTH + 10], alphas)
    };
    let (subject, screen, plain) = alpha_in_the_middle(&[]);
    assert_eq!((subject, screen), (255, 0));
    let (_, _, hard) = alpha_in_the_middle(&["--black-point", "0.5", "--white-point", "0.502"]);
    let soft = |alphas: &[u8]| alphas.iter().filter(|alpha| (1..255).contains(*alpha)).count();
    assert!(soft(&hard) * 4 <= soft(&plain), "{} of {}", soft(&hard), soft(&plain));
}
