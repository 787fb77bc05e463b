//! The table of `docs/inputs.md`: every file in it is made, run, and must end as the page says.
//!
//! `BGLESS_UPDATE_SNAPSHOTS=1` writes the table.

use std::fmt::Write;
use std::path::Path;

use crate::clips::{Bench, probe};

/// A container, and what is put into it.
pub struct Container {
    /// As the page calls it.
    pub name: &'static str,
    /// Of the files.
    pub extension: &'static str,
    /// Codecs that are read, and ffmpeg's options for them. The first is a small file with sound.
    pub taken: &'static [(&'static str, &'static str)],
    /// Codecs that are refused.
    pub refused: &'static [(&'static str, &'static str)],
}

/// Of ffmpeg, for files without sound.
macro_rules! silent {
    ($options:literal) => {
        concat!("-an ", $options)
    };
}

pub const CONTAINERS: [Container; 13] = [
    Container {
        name: "MP4, QuickTime",
        extension: "mov",
        taken: &[
            ("H.264", "-c:v libx264 -pix_fmt yuv420p -c:a aac"),
            ("H.265", silent!("-c:v libx265 -x265-params log-level=error -tag:v hvc1")),
            ("MPEG-4", silent!("-c:v mpeg4 -q:v 2")),
            ("MPEG-2", silent!("-r 25 -c:v mpeg2video -q:v 2")),
            ("ProRes", silent!("-c:v prores_ks")),
            ("DNxHR", silent!("-s 256x144 -c:v dnxhd -profile:v dnxhr_sq -pix_fmt yuv422p")),
            ("CineForm", silent!("-c:v cfhd -pix_fmt yuv422p10")),
            ("HAP", silent!("-c:v hap")),
            ("Motion JPEG", silent!("-c:v mjpeg -q:v 2 -pix_fmt yuvj420p")),
            ("JPEG 2000", silent!("-c:v jpeg2000 -pix_fmt yuv444p")),
            ("Animation", silent!("-c:v qtrle")),
            ("PNG", silent!("-c:v png")),
            ("TIFF", silent!("-c:v tiff")),
            ("Targa", silent!("-c:v targa")),
            ("Sorenson 1", silent!("-c:v svq1")),
            ("Cinepak", silent!("-c:v cinepak -s 96x72")),
            ("v210", silent!("-c:v v210")),
            ("DV", silent!("-s 720x576 -r 25 -c:v dvvideo -pix_fmt yuv420p")),
        ],
        refused: &[("RealVideo 1", silent!("-s 176x144 -c:v rv10 -q:v 2 -tag:v RV10"))],
    },
    Container {
        name: "Matroska, WebM",
        extension: "mkv",
        taken: &[
            ("VP8", "-c:v libvpx -b:v 1M -c:a libopus"),
            ("VP9", silent!("-c:v libvpx-vp9 -deadline realtime -cpu-used 8")),
            ("AV1", silent!("-c:v libaom-av1 -cpu-used 8 -usage realtime")),
            ("H.264", silent!("-c:v libx264")),
            ("FFV1", silent!("-c:v ffv1")),
            ("Theora", silent!("-c:v libtheora -q:v 9")),
            ("Sorenson Spark", silent!("-c:v flv -q:v 2")),
            ("WMV2", silent!("-c:v wmv2 -q:v 2")),
            ("MPEG-1", silent!("-r 25 -c:v mpeg1video -q:v 2")),
            ("Dirac", silent!("-c:v vc2 -strict -2 -pix_fmt yuv420p")),
        ],
        refused: &[("Snow", silent!("-c:v snow -strict -2"))],
    },
    Container {
        name: "AVI",
        extension: "avi",
        taken: &[
            ("Motion JPEG", "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p -c:a pcm_s16le"),
            ("MS-MPEG4 v3", silent!("-c:v msmpeg4 -q:v 2")),
            ("MS-MPEG4 v2", silent!("-c:v msmpeg4v2 -q:v 2")),
            ("WMV1", silent!("-c:v wmv1 -q:v 2")),
            ("Xvid", silent!("-c:v mpeg4 -tag:v XVID -q:v 2")),
            ("ZMBV", silent!("-c:v zmbv -pix_fmt bgr0")),
            ("HuffYUV", silent!("-c:v huffyuv -pix_fmt yuv422p")),
            ("FFVHuff", silent!("-c:v ffvhuff")),
            ("Ut Video", silent!("-c:v utvideo -pix_fmt yuv420p")),
            ("MagicYUV", silent!("-c:v magicyuv -pix_fmt yuv444p")),
            ("raw RGB", silent!("-c:v rawvideo -pix_fmt bgr24")),
            ("Microsoft Video 1", silent!("-c:v msvideo1 -pix_fmt rgb555le")),
            ("DV", silent!("-s 720x576 -r 25 -c:v dvvideo -pix_fmt yuv420p")),
        ],
        refused: &[("ASUS v1", silent!("-c:v asv1 -q:v 2")), ("JPEG-LS", silent!("-c:v jpegls -pix_fmt bgr24"))],
    },
    Container {
        name: "MPEG-TS",
        extension: "ts",
        taken: &[
            ("H.264", "-c:v libx264 -c:a aac"),
            ("H.265", silent!("-c:v libx265 -x265-params log-level=error")),
            ("MPEG-2", silent!("-r 25 -c:v mpeg2video -q:v 2")),
        ],
        refused: &[],
    },
    Container {
        name: "M2TS (AVCHD)",
        extension: "m2ts",
        taken: &[("H.264", "-c:v libx264 -c:a ac3 -f mpegts -mpegts_m2ts_mode 1")],
        refused: &[],
    },
    Container {
        name: "MPEG-PS",
        extension: "mpg",
        taken: &[
            ("MPEG-2", "-r 25 -c:v mpeg2video -q:v 2 -c:a mp2 -f vob"),
            ("MPEG-1", silent!("-r 25 -c:v mpeg1video -q:v 2 -f mpeg")),
        ],
        refused: &[],
    },
    Container {
        name: "MXF",
        extension: "mxf",
        taken: &[
            ("MPEG-2", "-r 25 -c:v mpeg2video -q:v 2 -pix_fmt yuv422p -ar 48000 -c:a pcm_s16le"),
            ("H.264", silent!("-r 25 -c:v libx264 -pix_fmt yuv422p")),
            ("DNxHR", silent!("-r 25 -s 256x144 -c:v dnxhd -profile:v dnxhr_sq -pix_fmt yuv422p")),
            ("JPEG 2000", silent!("-r 25 -c:v jpeg2000 -pix_fmt yuv444p")),
        ],
        refused: &[],
    },
    Container {
        name: "DV",
        extension: "dv",
        taken: &[("DV", "-s 720x576 -r 25 -c:v dvvideo -pix_fmt yuv420p -ar 48000 -ac 2 -f dv")],
        refused: &[],
    },
    Container {
        name: "ASF (WMV)",
        extension: "wmv",
        taken: &[
            ("WMV2", "-c:v wmv2 -q:v 2 -c:a wmav2"),
            ("WMV1", silent!("-c:v wmv1 -q:v 2")),
            ("MS-MPEG4 v3", silent!("-c:v msmpeg4 -q:v 2")),
        ],
        refused: &[],
    },
    Container {
        name: "FLV",
        extension: "flv",
        taken: &[
            ("H.264", "-c:v libx264 -c:a aac"),
            ("Sorenson Spark", silent!("-c:v flv -q:v 2")),
            ("Flash Screen", silent!("-c:v flashsv")),
            ("Flash Screen 2", silent!("-c:v flashsv2")),
        ],
        refused: &[],
    },
    Container {
        name: "Ogg",
        extension: "ogv",
        taken: &[("Theora", "-c:v libtheora -q:v 9 -c:a libvorbis"), ("VP8", silent!("-c:v libvpx -b:v 1M -f ogg"))],
        refused: &[],
    },
    Container {
        name: "GIF, APNG",
        extension: "apng",
        taken: &[("APNG", silent!("-c:v apng")), ("GIF", silent!("-f gif"))],
        refused: &[],
    },
    Container {
        name: "WebP",
        extension: "webp",
        taken: &[
            ("lossy", silent!("-c:v libwebp_anim -q:v 95")),
            ("lossless", silent!("-c:v libwebp_anim -lossless 1")),
            ("still picture", silent!("-frames:v 1 -c:v libwebp -q:v 95")),
        ],
        refused: &[],
    },
];

/// Files of other kinds: what they are, their extension, and ffmpeg's options.
const FOREIGN: [(&str, &str, &str); 13] = [
    ("IVF", "ivf", silent!("-c:v libvpx -b:v 1M")),
    ("RealMedia", "rm", silent!("-c:v rv10 -s 176x144 -q:v 2")),
    ("SWF", "swf", silent!("-c:v flv -q:v 2")),
    ("NUT", "nut", silent!("-c:v ffv1")),
    ("YUV4MPEG", "y4m", silent!("-c:v wrapped_avframe -pix_fmt yuv420p")),
    ("GXF", "gxf", silent!("-s 720x576 -r 25 -c:v mpeg2video -q:v 2")),
    ("H.264 without a container", "h264", silent!("-c:v libx264")),
    ("MPEG-2 without a container", "m2v", silent!("-r 25 -c:v mpeg2video -q:v 2")),
    ("PNG", "png", silent!("-frames:v 1 -update 1")),
    ("JPEG", "jpg", silent!("-frames:v 1 -update 1")),
    ("WAV", "wav", "-vn"),
    ("MP3", "mp3", "-vn -c:a libmp3lame"),
    ("FLAC", "flac", "-vn"),
];

const BEGIN: &str = "<!-- made by the test `table` -->\n";
const END: &str = "<!-- end -->\n";

/// `Ok` for a file from which a matte was made, else `code: message`.
fn outcome(bench: &Bench, file: &Path) -> Result<(), String> {
    let screen = ["--strategy", "chroma-key", "--screen-color", "#00b140"];
    let output = bench.command(file, &["matte-grayscale-mp4"]).args(screen).env("RUST_LOG", "off").output().unwrap();
    assert_eq!(bench.names("scratch"), Vec::<String>::new(), "{}", file.display());
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8(output.stderr).unwrap();
    let line = stderr.lines().next().unwrap_or_default();
    let told = line.strip_prefix("error[").and_then(|rest| rest.split_once("]: "));
    let (code, message) = told.unwrap_or_else(|| panic!("{}: {stderr}", file.display()));
    Err(format!("`{code}` | {message}"))
}

fn made_table(bench: &Bench) -> String {
    let mut taken = "| container | video in it, each tried |\n|---|---|\n".to_owned();
    let mut refused = "\n| refused | code | message |\n|---|---|---|\n".to_owned();
    for container in CONTAINERS {
        let file = |(codec, options): &(&str, &str)| {
            let name = format!("{}.{}", codec.replace([' ', '.'], "_"), container.extension);
            bench.ffmpeg(&format!("-i green.mp4 {options}"), &name)
        };
        for each in container.taken {
            let path = file(each);
            assert_eq!(outcome(bench, &path), Ok(()), "{}: {}", container.name, each.0);
            let made = bench.path("out/matte-grayscale-mp4.mp4");
            assert_eq!(
                !probe(&path, "a", "stream=index").is_empty(),
                !probe(&made, "a", "stream=index").is_empty(),
                "{}",
                each.0
            );
        }
        let codecs: Vec<&str> = container.taken.iter().map(|(codec, _)| *codec).collect();
        writeln!(taken, "| {} | {} |", container.name, codecs.join(", ")).unwrap();
        for each in container.refused {
            let reason = outcome(bench, &file(each)).expect_err(each.0);
            writeln!(refused, "| {} in {} | {reason} |", each.0, container.name).unwrap();
        }
    }
    for (kind, extension, options) in FOREIGN {
        let path = bench.ffmpeg(&format!("-i green.mp4 {options}"), &format!("foreign.{extension}"));
        writeln!(refused, "| {kind} | {} |", outcome(bench, &path).expect_err(kind)).unwrap();
    }
    taken + &refused
}

#[test]
fn every_file_of_the_documentation_ends_as_it_says() {
    let bench = Bench::new();
    let inputs = "-f lavfi -i color=0x00b140:s=176x144:r=12:d=1 -f lavfi -i color=0xc83c32:s=40x56:r=12:d=1";
    // Every frame is another: some encoders leave out those that are not.
    let moving = "-f lavfi -i sine=440:d=1 -filter_complex [0][1]overlay=x=20+60*t:y=40";
    bench.ffmpeg(&format!("{inputs} {moving} -c:v libx264 -qp 4 -preset ultrafast -pix_fmt yuv420p -c:a aac"), "green.mp4");
    let table = made_table(&bench);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/inputs.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (now, after) = rest.split_once(END).unwrap();
    if std::env::var_os("BGLESS_UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, [before, BEGIN, &table, END, after].concat()).unwrap();
    } else {
        assert!(now == table, "BGLESS_UPDATE_SNAPSHOTS=1 writes the table of docs/inputs.md:\n{table}");
    }
}
