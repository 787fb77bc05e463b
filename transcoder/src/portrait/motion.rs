//! The camera: a slow zoom in, and where there is time, out and in again. It always ends zoomed in.

use std::f64::consts::PI;

use super::levels::FRAMES_PER_S;
use crate::frame::pixels::Part;

/// Largest zoom.
pub const ZOOM_MAX: f64 = 1.10;
/// Zoom speed for short sounds, which do not reach the largest zoom.
/// Units: of the picture's size, a second.
const ZOOM_PER_S: f64 = 0.012;
/// Duration of one way at the largest zoom.
/// Units: seconds.
const WAY_S: f64 = 20.0;
/// The fixed point of the zoom, in shares of the picture: faces are rather in the upper half.
const ANCHOR: (f64, f64) = (0.5, 0.42);

/// The part of the picture that each frame shows.
#[derive(Debug, Clone, Copy)]
pub struct Motion {
    frames: f64,
    /// Number of zooms in and out; odd.
    ways: f64,
    /// Beyond 1.
    zoom: f64,
}

impl Motion {
    /// The motion of a video of so many frames.
    pub fn new(frames: u32) -> Self {
        let duration_s = f64::from(frames) / f64::from(FRAMES_PER_S);
        let ways = ((duration_s / WAY_S - 1.0) / 2.0).round().max(0.0) * 2.0 + 1.0;
        Self { frames: f64::from(frames), ways, zoom: (duration_s * ZOOM_PER_S).min(ZOOM_MAX - 1.0) }
    }

    /// The part that a frame shows; the first frame shows the whole picture.
    pub fn part(&self, index: u32) -> Part {
        let way = f64::from(index) / (self.frames - 1.0).max(1.0) * self.ways;
        // Eased at both ends, so that turns are smooth.
        let side = 1.0 / (1.0 + self.zoom * (1.0 - (PI * way).cos()) / 2.0);
        let (x, y) = ANCHOR;
        Part { left: x * (1.0 - side), top: y * (1.0 - side), width: side, height: side }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_camera_starts_with_the_whole_picture_and_ends_at_its_largest_zoom() {
        for frames in [2, 30, 300, 1_800, 108_000] {
            let motion = Motion::new(frames);
            assert_eq!(motion.part(0), Part::WHOLE);
            let widths: Vec<f64> = (0..frames).map(|index| motion.part(index).width).collect();
            let nearest = widths.iter().copied().fold(1.0, f64::min);
            assert!((motion.part(frames - 1).width - nearest).abs() < 1e-9, "{frames}");
            assert!(nearest >= 1.0 / ZOOM_MAX - 1e-9);
        }
        assert_eq!(Motion::new(1).part(0), Part::WHOLE);
        assert!((1.0 / Motion::new(600).part(599).width - ZOOM_MAX).abs() < 1e-9);
    }

    /// A pixel of the widest canvas's border moves by less than a pixel.
    #[test]
    fn no_frame_jumps() {
        for frames in [30, 90, 300, 600, 900, 1_200, 5_000] {
            let motion = Motion::new(frames);
            for index in 1..frames {
                let (before, now) = (motion.part(index - 1), motion.part(index));
                let moved = (before.left - now.left).abs().max((before.width - now.width).abs());
                assert!(moved * 1_280.0 < 1.0, "{frames}: {index}: {moved}");
            }
        }
    }
}
