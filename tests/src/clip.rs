//! The green-screen clip of the tests: a soft-edged subject that moves before an unevenly lit
//! screen, with sound. ffmpeg draws it, fast.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::step;

/// The parameters of a clip.
#[derive(Debug, Clone, Copy)]
pub struct Clip {
    /// Units: pixels.
    pub width: u32,
    /// Units: pixels.
    pub height: u32,
    /// Frames a second.
    pub frame_rate: u32,
    /// The number of frames.
    pub frame_count: u32,
}

impl Clip {
    /// One second, small and fast to process.
    pub const SHORT: Self = Self { width: 320, height: 180, frame_rate: 25, frame_count: 25 };

    /// Writes the clip as MP4 with H.264 and AAC.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-y", "-filter_complex", &self.graph(), "-map", "[picture]", "-map", "[sound]"]);
        command.args(["-frames:v", &self.frame_count.to_string(), "-t", &self.duration_s().to_string()]);
        command.args(["-c:v", "libx264", "-crf", "16", "-preset", "veryfast", "-pix_fmt", "yuv420p"]);
        command.args(["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]);
        command.args(["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"]).arg(path);
        step::run_quietly("green-screen clip", &mut command, "`cargo x doctor` says what ffmpeg lacks.")
    }

    fn duration_s(&self) -> f64 {
        f64::from(self.frame_count) / f64::from(self.frame_rate)
    }

    /// The filter graph. Slow expressions are evaluated on one frame, which is then repeated.
    fn graph(&self) -> String {
        let Self { width, height, frame_rate, .. } = *self;
        let (side, duration_s) = (height * 3 / 5 / 2 * 2, self.duration_s());
        let radius = side / 2;
        let (swing_x, swing_y) = (width / 5, height / 8);
        // Real screens are a few per cent darker in the corners.
        let screen = format!(
            "color=c=0x1cb04a:s={width}x{height}:r={frame_rate}:d={duration_s},\
             vignette=angle=PI/14:mode=forward:eval=init,format=rgba[screen]"
        );
        let subject = format!(
            "gradients=s={side}x{side}:r={frame_rate}:d={duration_s}:c0=0xff7a3d:c1=0x5b3df5:x0=0:y0=0:x1={side}:y1={side}:n=2,\
             drawgrid=w=iw/6:h=ih:t=3:c=white@0.6,format=rgba[colour]"
        );
        // A wavy edge with a soft border a tenth of the radius wide.
        let matte = format!(
            "color=black:s={side}x{side}:r={frame_rate}:d=0.04,format=gray,\
             geq=lum='255*clip(({radius}*(0.88+0.06*sin(7*atan2(Y-{radius},X-{radius})))-hypot(X-{radius},Y-{radius}))\
             /({radius}*0.1)+0.5,0,1)',loop=loop=-1:size=1:start=0[matte]"
        );
        let picture = format!(
            "[colour][matte]alphamerge=shortest=1[subject];\
             [screen][subject]overlay=x='(W-w)/2+{swing_x}*sin(2*PI*t/{duration_s})':y='(H-h)/2+{swing_y}*sin(4*PI*t/{duration_s})'\
             :eval=frame:shortest=1:format=rgb,\
             scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[picture]"
        );
        let sound = format!("sine=frequency=330:sample_rate=48000:duration={duration_s},tremolo=f=4:d=0.7,volume=0.3[sound]");
        [screen, subject, matte, picture, sound].join(";")
    }
}
