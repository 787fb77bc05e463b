//! The part of the picture around the subjects that a recurrent model is shown a second time,
//! enlarged: of one size for as long as the subjects fit, so that the model's memory stays in
//! register.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides of pictures are small"
)]

use std::collections::VecDeque;

use segmentation::Plane as Evidence;
use shared::media::PixelSize;

use crate::frame::pixels::sides;

/// A window's sides, as multiples of those of the subjects' box.
const MARGIN: f32 = 1.4;
/// A new window is taken when the box is larger than this share of the window's sides.
const FILLED_SHARE_MAX: f32 = 0.95;
/// … or when the window has so many times the area that is needed.
const SPARE_AREA_MAX: f32 = 2.5;
/// Least side of a window.
/// Units: pixels.
const SIDE_PX_MIN: f32 = 32.0;
/// A window of a larger share of the picture shows nothing better.
const PICTURE_SHARE_MAX: f32 = 0.8;
/// Frames before and after over which the window's position is averaged.
const SMOOTHED_FRAMES: usize = 4;
/// Share of the subjects' pixels that may lie outside of their box on each side.
const OUTSIDE_SHARE: f32 = 0.01;

/// A rectangle, in pixels of the frame: the subjects' box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

/// A window of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Left edge.
    pub left: usize,
    /// Upper edge.
    pub top: usize,
    /// Its size.
    pub size: PixelSize,
}

/// Places the windows of one clip.
#[derive(Debug)]
pub struct WindowPlacement {
    frame: PixelSize,
    /// Width and height.
    sides: Option<(f32, f32)>,
    last: Option<Bounds>,
    centers: VecDeque<(f32, f32)>,
}

impl Bounds {
    /// The box around all subjects in the evidence of a frame of this size; none without a subject.
    pub fn of(evidence: &Evidence<f32>, frame: PixelSize) -> Option<Self> {
        let (mut columns, mut rows) = (vec![0_usize; evidence.width], vec![0_usize; evidence.height]);
        for (index, _) in evidence.values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            columns[index % evidence.width] += 1;
            rows[index / evidence.width] += 1;
        }
        let (across, down) = (extent(&columns)?, extent(&rows)?);
        let right = frame.width as f32 / evidence.width as f32;
        let below = frame.height as f32 / evidence.height as f32;
        let edge = |index: usize, scale: f32| index as f32 * scale;
        Some(Self {
            left: edge(across.0, right),
            top: edge(down.0, below),
            right: edge(across.1, right),
            bottom: edge(down.1, below),
        })
    }

    fn center(self) -> (f32, f32) {
        (f32::midpoint(self.left, self.right), f32::midpoint(self.top, self.bottom))
    }
}

/// First and last place, exclusive, between which nearly all of the counted pixels lie.
fn extent(counts: &[usize]) -> Option<(usize, usize)> {
    let outside = (counts.iter().sum::<usize>() as f32 * OUTSIDE_SHARE) as usize;
    let (first, last) = (place_beyond(counts.iter(), outside)?, place_beyond(counts.iter().rev(), outside)?);
    Some((first, counts.len() - last))
}

/// The first place up to which more than so many pixels were counted.
fn place_beyond<'a>(mut counts: impl Iterator<Item = &'a usize>, outside: usize) -> Option<usize> {
    let mut passed = 0;
    counts.position(|count| {
        passed += count;
        passed > outside
    })
}

impl WindowPlacement {
    /// Places windows in frames of this size.
    pub const fn new(frame: PixelSize) -> Self {
        Self { frame, sides: None, last: None, centers: VecDeque::new() }
    }

    /// The window of the next frame; `boxes` are those of that frame and of some after it. None
    /// where it would show nearly the whole picture, or no subject has been seen.
    pub fn place(&mut self, boxes: &[Option<Bounds>]) -> Option<Window> {
        let current = boxes.first().copied().flatten().or(self.last).or_else(|| boxes.iter().copied().flatten().next())?;
        self.last = Some(current);
        let (width, height) = self.fitted(current, boxes);
        if width * height > PICTURE_SHARE_MAX * self.frame.width as f32 * self.frame.height as f32 {
            return None;
        }
        let ahead = boxes.iter().take(SMOOTHED_FRAMES + 1).flatten().map(|found| found.center());
        let centers: Vec<(f32, f32)> = self.centers.iter().copied().chain(ahead).collect();
        self.centers.push_back(current.center());
        if self.centers.len() > SMOOTHED_FRAMES {
            self.centers.pop_front();
        }
        let count = centers.len().max(1) as f32;
        let (x, y) = centers.iter().fold((0.0, 0.0), |(x, y), center| (x + center.0 / count, y + center.1 / count));
        // A subject that jumps, as at a cut, is inside all the same.
        let x = x.max(current.right - width / 2.0).min(current.left + width / 2.0);
        let y = y.max(current.bottom - height / 2.0).min(current.top + height / 2.0);
        let (frame_width, frame_height) = sides(self.frame);
        let (width, height) = (width as usize, height as usize);
        let start = |center: f32, side: usize, whole: usize| ((center - side as f32 / 2.0).max(0.0) as usize).min(whole - side);
        let pixels = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        Some(Window {
            left: start(x, width, frame_width),
            top: start(y, height, frame_height),
            size: PixelSize { width: pixels(width), height: pixels(height) },
        })
    }

    /// Width and height: those so far while they fit.
    fn fitted(&mut self, current: Bounds, boxes: &[Option<Bounds>]) -> (f32, f32) {
        let all = || std::iter::once(current).chain(boxes.iter().copied().flatten());
        let (width, height) = all().fold((0.0_f32, 0.0_f32), |(width, height), found| {
            (width.max(found.right - found.left), height.max(found.bottom - found.top))
        });
        let side = |needed: f32, whole: u32| (needed * MARGIN).max(SIDE_PX_MIN).min(whole as f32).floor();
        let needed = (side(width, self.frame.width), side(height, self.frame.height));
        let fits = |(has_width, has_height): &(f32, f32)| {
            let whole = (self.frame.width as f32, self.frame.height as f32);
            (current.right - current.left <= has_width * FILLED_SHARE_MAX || *has_width >= whole.0)
                && (current.bottom - current.top <= has_height * FILLED_SHARE_MAX || *has_height >= whole.1)
                && has_width * has_height <= SPARE_AREA_MAX * needed.0 * needed.1
        };
        let fitted = self.sides.filter(fits).unwrap_or(needed);
        self.sides = Some(fitted);
        fitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: PixelSize = PixelSize { width: 640, height: 360 };

    fn bounds(left: f32, top: f32, width: f32, height: f32) -> Bounds {
        Bounds { left, top, right: left + width, bottom: top + height }
    }

    #[test]
    fn the_box_holds_the_subject_without_lone_pixels() {
        let mut evidence = Evidence { width: 320, height: 180, values: vec![-2.0; 320 * 180] };
        for (x, y) in (40..140).flat_map(|x| (60..160).map(move |y| (x, y))) {
            evidence.values[y * 320 + x] = 3.0;
        }
        evidence.values[300] = 1.0;
        let found = Bounds::of(&evidence, FRAME).unwrap();
        let edges = [(found.left, 80.0), (found.right, 280.0), (found.top, 120.0), (found.bottom, 320.0)];
        assert!(edges.iter().all(|(edge, expected)| (edge - expected).abs() <= 4.0), "{found:?}");
        assert_eq!(Bounds::of(&Evidence { width: 3, height: 1, values: vec![-1.0; 3] }, FRAME), None);
    }

    #[test]
    fn a_window_keeps_its_size_and_follows_the_subject() {
        let mut placement = WindowPlacement::new(FRAME);
        let boxes: Vec<Option<Bounds>> =
            (0..34_u8).map(|index| Some(bounds(100.0 + f32::from(index) * 8.0, 100.0, 80.0, 160.0))).collect();
        let windows: Vec<Window> = (0..30).map(|index| placement.place(&boxes[index..]).unwrap()).collect();
        assert!(windows.iter().all(|window| window.size == windows[0].size));
        assert_eq!(windows[0].size, PixelSize { width: 112, height: 224 });
        for (index, window) in windows.iter().enumerate().map(|(index, window)| (100 + index * 8, window)) {
            assert!(window.left <= index && index + 80 <= window.left + 112, "{index} {window:?}");
        }
    }

    #[test]
    fn a_subject_that_jumps_is_inside_of_its_window() {
        let mut placement = WindowPlacement::new(FRAME);
        for left in [20.0, 20.0, 20.0, 20.0, 520.0, 520.0] {
            let window = placement.place(&[Some(bounds(left, 100.0, 80.0, 160.0))]).unwrap();
            assert!(window.left as f32 <= left && left + 80.0 <= (window.left + 112) as f32, "{left} {window:?}");
        }
    }

    #[test]
    fn a_window_changes_where_the_subject_outgrows_it_or_shrinks() {
        let mut placement = WindowPlacement::new(FRAME);
        let mut width = |box_width: f32| placement.place(&[Some(bounds(50.0, 50.0, box_width, 100.0))]).unwrap().size.width;
        assert_eq!([100.0, 120.0, 200.0, 180.0, 60.0].map(&mut width), [140, 140, 280, 280, 84]);
    }

    #[test]
    fn there_is_no_window_around_nothing_or_nearly_everything() {
        let mut placement = WindowPlacement::new(FRAME);
        assert_eq!(placement.place(&[None, None]), None);
        assert_eq!(placement.place(&[Some(bounds(10.0, 10.0, 600.0, 340.0))]), None);
        let corner = placement.place(&[Some(bounds(600.0, 300.0, 40.0, 60.0))]).unwrap();
        assert_eq!((corner.left + 56, corner.top + 84), (640, 360));
        assert_eq!(placement.place(&[None]), Some(corner), "a hidden subject leaves the window where it is");
    }
}
