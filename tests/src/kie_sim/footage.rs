//! The videos of the KIE simulator: a subject with hair-thin detail that moves before a screen of
//! the requested colour.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::process::Group;
use crate::step::STOP_GRACE;

/// The time limit of ffmpeg for the longest and largest video on a slow machine.
const FFMPEG_TIMEOUT: Duration = Duration::from_mins(5);
const FRAME_RATE: u32 = 24;

/// The parameters of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footage {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// In seconds.
    pub duration_s: u32,
    /// `0xRRGGBB`; without one the background is a test pattern.
    pub screen: Option<String>,
    /// The image that fills the subject.
    pub picture: Option<PathBuf>,
}

/// Writes a video of an image and a sound, as long as the sound.
pub fn write_avatar(picture: &Path, sound: &Path, path: &Path) -> Result<()> {
    let mut command = ffmpeg();
    command.args(["-loop", "1", "-framerate", &FRAME_RATE.to_string(), "-i"]).arg(picture).arg("-i").arg(sound);
    command.args(["-vf", "scale=640:640:force_original_aspect_ratio=increase,crop=640:640,format=yuv420p", "-shortest"]);
    command.args(["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]);
    run(command, path)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    command
}

fn run(mut command: Command, path: &Path) -> Result<()> {
    command.args(["-movflags", "+faststart"]).arg(path).stdin(Stdio::null()).stdout(Stdio::null());
    let mut group = Group::spawn(&mut command, STOP_GRACE)?;
    let status = group.wait_at_most(FFMPEG_TIMEOUT)?.context("ffmpeg does not end")?;
    ensure!(status.success(), "ffmpeg made no video: {status}");
    Ok(())
}

impl Footage {
    /// Writes the video.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut command = ffmpeg();
        if let Some(picture) = &self.picture {
            let duration_s = self.duration_s.to_string();
            command.args(["-loop", "1", "-framerate", &FRAME_RATE.to_string(), "-t", &duration_s, "-i"]).arg(picture);
        }
        command.args(["-filter_complex", &self.graph(), "-map", "[picture]"]);
        command.args(["-frames:v", &(self.duration_s * FRAME_RATE).to_string()]);
        command.args(["-c:v", "libx264", "-crf", "14", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]);
        command.args(["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]);
        run(command, path)
    }

    /// The filter graph. The matte is computed on one frame, which is then repeated.
    fn graph(&self) -> String {
        let Self { width, height, duration_s, .. } = self;
        let side = width.min(height) * 3 / 5 / 2 * 2;
        let (radius, rate, swing) = (side / 2, FRAME_RATE, width / 8);
        let screen = match &self.screen {
            Some(color) => format!("color=c={color}:s={width}x{height}:r={rate}:d={duration_s},format=rgba[screen]"),
            None => format!("testsrc2=s={width}x{height}:r={rate}:d={duration_s},format=rgba[screen]"),
        };
        let color = if self.picture.is_some() {
            format!("[0:v]scale={side}:{side}:force_original_aspect_ratio=increase,crop={side}:{side},format=rgba[color]")
        } else {
            format!(
                "gradients=s={side}x{side}:r={rate}:d={duration_s}:c0=0xff7a3d:c1=0xf5d23d:x0=0:y0=0:x1={side}:y1={side}:n=2,\
                 format=rgba[color]"
            )
        };
        // A disc with hairs a pixel or two wide around it.
        let matte = format!(
            "color=black:s={side}x{side}:r={rate}:d=0.04,format=gray,\
             geq=lum='255*clip(({radius}*(0.72+0.25*pow(abs(sin(20*atan2(Y-{radius},X-{radius}))),40))\
             -hypot(X-{radius},Y-{radius}))/2+0.5,0,1)',loop=loop=-1:size=1:start=0[matte]"
        );
        let picture = format!(
            "[color][matte]alphamerge=shortest=1[subject];\
             [screen][subject]overlay=x='(W-w)/2+{swing}*sin(2*PI*t/{duration_s})':y='(H-h)/2':eval=frame:shortest=1:format=rgb,\
             scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[picture]"
        );
        [screen, color, matte, picture].join(";")
    }
}
