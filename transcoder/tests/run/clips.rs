//! Makes clips, runs the binary, decodes what came out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub const WIDTH: usize = 160;
pub const HEIGHT: usize = 120;
pub const FRAMES: usize = 12;
pub const ALL: [&str; 3] = ["webm-vp9-alpha", "mov-prores4444", "matte-grayscale-mp4"];

/// A red disc with a soft edge of four pixels, radius 30 to 34, in the middle.
const DISC_ALPHA: &str = "clip((34-hypot(X-W/2\\,Y-H/2))/4\\,0\\,1)";

/// A folder for one test: clips in, outputs out, scratch beside them.
pub struct Bench {
    dir: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["out", "scratch"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Calls ffmpeg with words that hold no spaces of their own; the last is a name in this folder.
    pub fn ffmpeg(&self, words: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ffmpeg");
        command.current_dir(self.dir.path()).args(["-nostdin", "-v", "error", "-y"]).args(words.split_whitespace()).arg(&path);
        assert!(command.status().unwrap().success(), "ffmpeg {words} {name}");
        path
    }

    /// The disc over a green screen, with sound; `size` as `160x120`.
    pub fn green(&self, size: &str, frames: usize, name: &str) -> PathBuf {
        let mix = |subject: u8, screen: u8| format!("{subject}*{DISC_ALPHA}+{screen}*(1-{DISC_ALPHA})");
        let picture = format!(
            "color=s={size}:r=12,format=gbrp,geq=r={}:g={}:b={},scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,trim=end_frame={frames}",
            mix(200, 0),
            mix(60, 177),
            mix(50, 64)
        );
        let tags = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv";
        let codecs = format!("-c:v libx264 -qp 4 -preset ultrafast {tags} -c:a aac");
        self.ffmpeg(&format!("-f lavfi -i {picture} -f lavfi -i sine=440:d=1 {codecs}"), name)
    }

    /// The disc with alpha of its own.
    pub fn alpha_mov(&self, name: &str) -> PathBuf {
        let picture = format!("color=s={WIDTH}x{HEIGHT}:r=12,format=rgba,geq=r=200:g=60:b=50:a=255*{DISC_ALPHA}");
        self.ffmpeg(
            &format!("-f lavfi -i {picture} -frames:v {FRAMES} -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
            name,
        )
    }

    pub fn command(&self, file: &Path, outputs: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
        command.arg("run").arg(file).args(outputs.iter().flat_map(|output| ["--output", output]));
        command.arg("-o").arg(self.path("out")).env("SCRATCH_DIR", self.path("scratch")).env("RUST_LOG", "info");
        command.env("MATTING_MODELS", "");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, file: &Path, outputs: &[&str]) -> Output {
        let output = self.command(file, outputs).output().unwrap();
        assert_eq!(self.names("scratch"), Vec::<String>::new(), "nothing may be left");
        output
    }

    /// Runs and expects the failure with this code, and no output.
    pub fn refused(&self, file: &Path, code: &str) {
        let output = self.run(file, &ALL);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(&format!("error[{code}]: ")), "{code}: {stderr}");
        assert_eq!(self.names("out"), Vec::<String>::new());
    }

    /// Runs and expects success; the paths of the outputs.
    pub fn made(&self, file: &Path, outputs: &[&str]) -> Vec<PathBuf> {
        let output = self.run(file, outputs);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(stdout.lines().count(), outputs.len(), "{stdout}");
        stdout.lines().map(|line| PathBuf::from(line.split(": ").next().unwrap())).collect()
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// Every frame of a file as raw pixels.
pub fn decode(path: &Path, pixel_format: &str, frame_size_bytes: usize) -> Vec<Vec<u8>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    if path.extension().is_some_and(|extension| extension == "webm") {
        command.args(["-c:v", "libvpx-vp9"]);
    }
    let filter = match pixel_format {
        "gray" => "scale=in_range=tv:out_range=pc,format=gray",
        _ => "scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd+full_chroma_int,format=rgba",
    };
    command.arg("-i").arg(path).args(["-vf", filter, "-fps_mode", "passthrough", "-f", "rawvideo", "-"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.chunks(frame_size_bytes).map(<[u8]>::to_vec).collect()
}

/// One line of ffprobe's answer: `ffprobe -show_entries … -of csv=p=0`.
pub fn probe(path: &Path, select: &str, entries: &str) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-select_streams", select, "-show_entries", entries, "-of", "csv=p=0"]).arg(path);
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

/// The disc's true alpha, 0 to 255.
pub fn disc_alpha(x: usize, y: usize, width: usize, height: usize) -> f64 {
    let offset = |position: usize, side: usize| {
        f64::from(u32::try_from(position).unwrap()) - f64::from(u32::try_from(side).unwrap()) / 2.0
    };
    ((34.0 - offset(x, width).hypot(offset(y, height))) / 4.0).clamp(0.0, 1.0) * 255.0
}
