//! A recurrent model helped by a segmentation model. Each frame gets three mattes: the model's of
//! the whole frame, the model's of an enlarged window around the subjects, and the segmentation
//! model's own. Their median is taken for each pixel, so that no single mistake decides.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;

use rayon::prelude::*;
use segmentation::Plane as Evidence;
use shared::media::PixelSize;

use super::manifest::Manifest;
use super::model::Inference;
use super::plane::Plane;
use super::segmentation::full_matte;
use super::session::full_alpha;
use super::subject_window::{Bounds, Window, WindowPlacement};
use crate::error::TaskResult;
use crate::frame::pixels::{scale_opaque, sides};

/// Frames whose boxes are known before a window is placed.
const FRAMES_AHEAD: usize = 16;
/// Longer side of the pictures at least: smaller ones are enlarged.
/// Units: pixels.
const SIDE_PX_MIN: u32 = 640;

/// The mattes of one clip.
#[derive(Debug)]
pub struct MedianOfThree {
    whole: Inference,
    window: Inference,
    /// Size of the last window.
    window_size: Option<PixelSize>,
    placement: WindowPlacement,
    /// Of the segmentation model.
    manifest: Manifest,
    evidence: Receiver<Evidence<f32>>,
    /// Evidence of the next frame and of those after it, with their boxes.
    ahead: VecDeque<(Evidence<f32>, Option<Bounds>)>,
}

impl MedianOfThree {
    /// Two inferences of the recurrent model, and the evidence that the first pass of the
    /// segmentation model with this manifest sends; for frames of this size.
    pub fn new(size: PixelSize, [whole, window]: [Inference; 2], manifest: Manifest, evidence: Receiver<Evidence<f32>>) -> Self {
        let placement = WindowPlacement::new(size);
        Self { whole, window, window_size: None, placement, manifest, evidence, ahead: VecDeque::new() }
    }

    /// The matte of the next frame.
    pub fn matte(&mut self, frame: &[u8], size: PixelSize) -> TaskResult<Plane> {
        while self.ahead.len() < FRAMES_AHEAD
            && let Ok(evidence) = self.evidence.recv()
        {
            let bounds = Bounds::of(&evidence, size);
            self.ahead.push_back((evidence, bounds));
        }
        let whole = alpha(&mut self.whole, frame, size)?;
        let boxes: Vec<Option<Bounds>> = self.ahead.iter().map(|(_, bounds)| *bounds).collect();
        let window = self.placement.place(&boxes);
        // Without evidence the first pass has failed; its own error is reported.
        let (Some((evidence, _)), Some(window)) = (self.ahead.pop_front(), window) else { return Ok(whole) };
        if self.window_size.replace(window.size) != Some(window.size) {
            self.window.restart()?;
        }
        let near = alpha(&mut self.window, &cut(frame, size, window), window.size)?;
        let segmented = full_matte(&self.manifest, frame, size, &evidence)?;
        Ok(median(&whole, &near, window, &segmented))
    }
}

/// The matte of a picture, in its own size.
fn alpha(inference: &mut Inference, picture: &[u8], size: PixelSize) -> TaskResult<Plane> {
    let longer = size.width.max(size.height).max(1);
    let large = |side: u32| (side * SIDE_PX_MIN).div_ceil(longer);
    let shown = PixelSize { width: large(size.width), height: large(size.height) };
    let enlarged = if longer < SIDE_PX_MIN { Some(scale_opaque(picture, size, shown)?) } else { None };
    let (picture, shown) = enlarged.as_deref().map_or((picture, size), |picture| (picture, shown));
    let Some(inferred) = inference.infer(&[picture], shown)?.pop() else {
        return Ok(Plane::from_fn(size, |_, _| 0.0));
    };
    let found = full_alpha(inferred.matte, inferred.shrunk.as_deref(), picture, shown, None);
    Ok(if shown == size { found } else { found.scaled(size) })
}

/// The pixels of a window.
fn cut(frame: &[u8], size: PixelSize, window: Window) -> Vec<u8> {
    let ((frame_width, _), (width, height)) = (sides(size), sides(window.size));
    let rows = frame.chunks_exact(frame_width * 4).skip(window.top).take(height);
    rows.flat_map(|row| &row[window.left * 4..(window.left + width) * 4]).copied().collect()
}

/// For each pixel the middle one of three values; that of the window is 0 outside of it.
fn median(whole: &Plane, near: &Plane, window: Window, segmented: &Plane) -> Plane {
    let (frame_width, _) = sides(whole.size);
    let (width, height) = sides(near.size);
    let mut values = vec![0.0; whole.values.len()];
    values.par_chunks_mut(frame_width.max(1)).enumerate().for_each(|(y, row)| {
        let seen = y.checked_sub(window.top).filter(|y| *y < height).map(|y| &near.values[y * width..(y + 1) * width]);
        for (x, out) in row.iter_mut().enumerate() {
            let near = seen.zip(x.checked_sub(window.left)).and_then(|(seen, x)| seen.get(x)).copied().unwrap_or_default();
            let (first, other) = (whole.values[y * frame_width + x], segmented.values[y * frame_width + x]);
            *out = first.min(other).max(near.min(first.max(other)));
        }
    });
    Plane { size: whole.size, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_three_decide_and_a_window_says_nothing_of_what_is_outside() {
        let size = PixelSize { width: 4, height: 2 };
        let window = Window { left: 1, top: 1, size: PixelSize { width: 2, height: 1 } };
        let of = |values: &[f32], size| Plane { size, values: values.to_vec() };
        let whole = of(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.2, 0.0, 0.0], size);
        let segmented = of(&[1.0, 0.0, 0.0, 1.0, 0.3, 0.9, 1.0, 0.0], size);
        let found = median(&whole, &of(&[0.5, 1.0], window.size), window, &segmented);
        assert_eq!(found.values, [1.0, 0.0, 0.0, 0.0, 0.3, 0.5, 1.0, 0.0]);
    }

    #[test]
    fn a_window_is_cut_out_of_the_frame() {
        let size = PixelSize { width: 3, height: 3 };
        let frame: Vec<u8> = (0..9).flat_map(|index| [index, 0, 0, 255]).collect();
        let window = Window { left: 1, top: 1, size: PixelSize { width: 2, height: 2 } };
        let reds: Vec<u8> = cut(&frame, size, window).into_iter().step_by(4).collect();
        assert_eq!(reds, [4, 5, 7, 8]);
    }
}
