//! Films drawings, keys the clip with the real binary, and measures alpha against the truth.

use std::path::PathBuf;

use serde_json::Value;

use super::drawing::{Drawing, Rgb, number};
use crate::clips::{Bench, decode};

pub const SIZE: (usize, usize) = (320, 180);
pub const RATE: usize = 25;
pub const TAGS: &str = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv";
const H264: &str = "-c:v libx264 -preset veryfast -crf 17 -pix_fmt yuv420p";
/// Pixels nearer than this to the subject's edge count neither as screen nor as subject.
const EDGE: usize = 4;

/// A clip and the alpha of each of its frames.
pub struct Footage {
    pub bench: Bench,
    pub file: PathBuf,
    size: (usize, usize),
    truths: Vec<Vec<f64>>,
}

/// Noise of a camera: the sum of two even ones, with a standard deviation of about 1.6.
fn add_grain(picture: &mut [Rgb], state: &mut u32) {
    for channel in picture.iter_mut().flatten() {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *channel += f64::from((*state >> 30) + ((*state >> 28) & 3)) - 3.0;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "colours within a byte")]
fn bytes(picture: &[Rgb]) -> Vec<u8> {
    picture.iter().flatten().map(|channel| channel.round().clamp(0.0, 255.0) as u8).collect()
}

/// Films with H.264. `shot` gives picture and alpha of a frame.
pub fn film(frames: usize, shot: impl Fn(usize) -> (Vec<Rgb>, Vec<f64>)) -> Footage {
    film_with(H264, frames, shot)
}

/// Films with the given words for ffmpeg's encoder.
pub fn film_with(codec: &str, frames: usize, shot: impl Fn(usize) -> (Vec<Rgb>, Vec<f64>)) -> Footage {
    let (bench, mut raw, mut truths, mut grain) = (Bench::new(), Vec::new(), Vec::new(), 7);
    for frame in 0..frames {
        let (mut picture, alpha) = shot(frame);
        add_grain(&mut picture, &mut grain);
        raw.extend(bytes(&picture));
        truths.push(alpha);
    }
    std::fs::write(bench.path("raw.rgb"), raw).unwrap();
    let input = format!("-f rawvideo -pix_fmt rgb24 -s {}x{} -r {RATE} -i raw.rgb", SIZE.0, SIZE.1);
    let filter = "-vf scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int";
    let file = bench.ffmpeg(&format!("{input} {filter} {codec} {TAGS}"), "clip.mp4");
    Footage { bench, file, size: SIZE, truths }
}

/// Films one subject before a screen that stays as it is.
pub fn film_before(frames: usize, subject: impl Fn(f64) -> Drawing, screen: impl Fn(usize, usize) -> Rgb) -> Footage {
    film(frames, |frame| {
        let drawing = subject(time_s(frame));
        (drawing.over(&screen), drawing.alpha)
    })
}

pub fn time_s(frame: usize) -> f64 {
    number(frame) / number(RATE)
}

impl Footage {
    /// Keys the clip without any setting.
    pub fn key(&self) -> Keyed<'_> {
        self.try_to_key().unwrap_or_else(|code| panic!("refused: {code}"))
    }

    /// Keys the clip, or returns the code of the error with which it is refused.
    pub fn try_to_key(&self) -> Result<Keyed<'_>, String> {
        let mut command = self.bench.command(&self.file, &["mov-prores4444"]);
        let done = command.arg("--report").arg(self.bench.path("report.json")).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        if done.status.code() == Some(1) {
            assert_eq!(self.bench.names("out"), Vec::<String>::new());
            return Err(stderr.split("error[").nth(1).and_then(|rest| rest.split(']').next()).unwrap().to_owned());
        }
        assert_eq!(done.status.code(), Some(0), "{stderr}");
        let pixels = self.size.0 * self.size.1;
        let frames = decode(&self.bench.path("out/mov-prores4444.mov"), "rgba", pixels * 4);
        assert_eq!(frames.len(), self.truths.len());
        let report = serde_json::from_slice(&std::fs::read(self.bench.path("report.json")).unwrap()).unwrap();
        Ok(Keyed { footage: self, frames, report })
    }
}

/// Straight RGBA of each frame, and the report.
pub struct Keyed<'a> {
    footage: &'a Footage,
    pub frames: Vec<Vec<u8>>,
    report: Value,
}

impl Keyed<'_> {
    pub fn alpha(&self, frame: usize, index: usize) -> f64 {
        f64::from(self.frames[frame][index * 4 + 3]) / 255.0
    }

    pub fn color(&self, frame: usize, index: usize) -> Rgb {
        [0, 1, 2].map(|channel| f64::from(self.frames[frame][index * 4 + channel]))
    }

    pub fn warnings(&self) -> Vec<&str> {
        self.report["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
    }

    /// Pixels whose truth `is_wanted` holds for, and for all around them.
    fn places(&self, frame: usize, is_wanted: impl Fn(f64) -> bool) -> Vec<usize> {
        let (width, height) = self.footage.size;
        let is_other: Vec<bool> = self.footage.truths[frame].iter().map(|alpha| !is_wanted(*alpha)).collect();
        let mut is_near = vec![false; width * height];
        for index in (0..width * height).filter(|index| is_other[*index]) {
            let (x, y) = (index % width, index / width);
            let across = x.saturating_sub(EDGE)..=(x + EDGE).min(width - 1);
            // Only a place at the edge of the others reaches anything new.
            if x > 0 && x + 1 < width && y > 0 && y + 1 < height {
                let around = [index - 1, index + 1, index - width, index + width];
                if around.iter().all(|index| is_other[*index]) {
                    is_near[index] = true;
                    continue;
                }
            }
            for row in y.saturating_sub(EDGE)..=(y + EDGE).min(height - 1) {
                is_near[row * width + across.start()..=row * width + across.end()].fill(true);
            }
        }
        (0..width * height).filter(|index| !is_near[*index]).collect()
    }

    /// What is screen for certain.
    pub fn screen(&self, frame: usize) -> Vec<usize> {
        self.places(frame, |alpha| alpha == 0.0)
    }

    /// What is subject for certain.
    pub fn subject(&self, frame: usize) -> Vec<usize> {
        self.places(frame, |alpha| alpha > 0.998)
    }

    pub fn mean_alpha(&self, frame: usize, places: &[usize]) -> f64 {
        assert!(!places.is_empty(), "nothing is measured in frame {frame}");
        places.iter().map(|index| self.alpha(frame, *index)).sum::<f64>() / number(places.len())
    }

    /// The screen is clear and the subject opaque in these frames, on the mean.
    pub fn separates(&self, frames: impl IntoIterator<Item = usize>) {
        for frame in frames {
            let screen = self.mean_alpha(frame, &self.screen(frame));
            let subject = self.mean_alpha(frame, &self.subject(frame));
            assert!(screen < 0.02 && subject > 0.98, "frame {frame}: screen {screen:.3}, subject {subject:.3}");
        }
    }

    /// Opaque pixels of the screen, and clear ones of the subject.
    pub fn defects(&self, frame: usize) -> (usize, usize) {
        let blobs = self.screen(frame).into_iter().filter(|index| self.alpha(frame, *index) > 0.8).count();
        let holes = self.subject(frame).into_iter().filter(|index| self.alpha(frame, *index) < 0.5).count();
        (blobs, holes)
    }
}
