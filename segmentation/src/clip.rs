//! The steps over a clip: frames in, evidence out, in windows that overlap, so that memory does not
//! grow with the clip's length.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use crate::motion::{Motion, MotionFrame};
use crate::plane::{Picture, Plane, scale};
use crate::pyramid::Pyramid;
use crate::stray::remove_strays;
use crate::temporal_fusion::fuse;
use crate::tracks::subject_boxes;
use crate::view::{Placement, Rect, SeenView, View, combine};

/// Longer side of the planes of evidence, and of those in which motion is estimated.
/// Units: pixels.
const EVIDENCE_SIDE_PX: usize = 320;
const MOTION_SIDE_PX: usize = 160;
/// Frames of a window, and those at either end that only give the others a context.
const WINDOW_FRAMES: usize = 64;
const CONTEXT_FRAMES: usize = 12;
/// Most frames that are finished at once.
pub const FRAMES_AT_ONCE_MAX: usize = WINDOW_FRAMES;
/// A mean trust of the motion below this is a cut.
const CUT_TRUST_MAX: f32 = 0.12;
/// The box is widened by this share of its sides, and by some pixels of the evidence.
const MARGIN_SHARE: f32 = 0.15;
const MARGIN_PX: f32 = 4.0;

/// Views of the whole picture.
const FIRST: [View; 4] = [
    View::new(1.0, 1.0, 0.0, 1.0),
    View::new(0.75, 1.15, 0.0, 1.0),
    View::new(0.75, 1.0, 0.125, 1.0),
    View::new(0.75, 1.0, -0.125, 1.0),
];
/// Views of the box around a subject.
const BOXED: [View; 4] = [
    View::new(1.0, 1.0, 0.0, 1.0),
    View::new(0.75, 1.15, 0.0, 4.0),
    View::new(0.85, 1.0, 0.0, 1.0),
    View::new(0.9, 1.3, 0.0, 1.0),
];
/// Number of times that the box is found: each time from the evidence of the time before.
const ROUNDS: usize = 2;

/// A segmentation model of single pictures.
pub trait Model {
    /// Its failures.
    type Error;

    /// Side of its square pictures. Units: pixels.
    fn side(&self) -> usize;

    /// The share of the subject in each pixel, from 0 to 1, of several pictures. A picture has
    /// planes of red, green and blue from 0 to 1.
    fn infer(&mut self, pictures: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, Self::Error>;
}

/// Number of views of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Views {
    /// Each as it is and mirrored.
    Both,
    /// Each as it is or mirrored, in turn from frame to frame.
    Alternating,
    /// The most useful ones, in turn as they are and mirrored.
    Few,
}

impl Views {
    /// Of the whole frame.
    fn of_frame(self) -> &'static [View] {
        match self {
            Self::Both | Self::Alternating => &FIRST,
            Self::Few => &FIRST[..2],
        }
    }

    /// Of the box, in each round.
    fn of_box(self) -> [&'static [View]; ROUNDS] {
        match self {
            Self::Both | Self::Alternating => [&BOXED[..2], &BOXED],
            Self::Few => [&BOXED[1..2], &BOXED],
        }
    }

    /// Mirroring of a view in this frame; both values where the view is taken twice.
    fn mirrors(self, frame: usize, view: usize) -> &'static [bool] {
        match self {
            Self::Both => &[false, true],
            Self::Alternating | Self::Few if (frame + view).is_multiple_of(2) => &[false],
            Self::Alternating | Self::Few => &[true],
        }
    }
}

/// Collects the evidence of one clip.
#[derive(Debug)]
pub struct ClipSegmenter {
    views: Views,
    frames: VecDeque<Frame>,
    /// Number of frames at the front that have been returned already.
    returned: usize,
    count: usize,
}

/// The pixels of one frame.
#[derive(Debug)]
struct Source {
    number: usize,
    size: (usize, usize),
    pyramid: Pyramid,
}

/// One frame of the window.
#[derive(Debug)]
struct Frame {
    source: Source,
    motion: MotionFrame,
    /// From the frame before to this one, and back; none for the first frame.
    motions: Option<(Motion, Motion)>,
    /// From views of the whole frame.
    first: Plane<f32>,
    /// From views of the box, for each round that has been done.
    boxed: [Option<Plane<f32>>; ROUNDS],
}

impl ClipSegmenter {
    /// A segmenter before the first frame.
    #[must_use]
    pub const fn new(views: Views) -> Self {
        Self { views, frames: VecDeque::new(), returned: 0, count: 0 }
    }

    /// Takes the next frame; returns the evidence of frames that are done, in order: log-odds of
    /// the subject, with a longer side of 320 pixels.
    pub fn push<M: Model>(&mut self, picture: Picture, model: &mut M) -> Result<Vec<Plane<f32>>, M::Error> {
        let frame = self.look(picture, model)?;
        self.frames.push_back(frame);
        if self.frames.len() < WINDOW_FRAMES {
            return Ok(Vec::new());
        }
        self.process(CONTEXT_FRAMES, model)
    }

    /// Returns the evidence of the remaining frames.
    pub fn finish<M: Model>(&mut self, model: &mut M) -> Result<Vec<Plane<f32>>, M::Error> {
        self.process(0, model)
    }

    fn look<M: Model>(&mut self, picture: Picture, model: &mut M) -> Result<Frame, M::Error> {
        let size = (picture.width, picture.height);
        let source = Source { number: self.count, size, pyramid: Pyramid::new(picture) };
        self.count += 1;
        let (width, height) = scaled(size, MOTION_SIDE_PX);
        let motion = MotionFrame::new(source.pyramid.resized(width, height));
        let motions = self.frames.back().map(|last| Motion::between(&last.motion, &motion));
        let first = source.see(&[Rect::whole(size.0, size.1)], self.views, self.views.of_frame(), model)?;
        Ok(Frame { source, motion, motions, first, boxed: [None, None] })
    }

    /// Finishes all frames of the window but the last `context`, and keeps those that the next
    /// window needs as context.
    fn process<M: Model>(&mut self, context: usize, model: &mut M) -> Result<Vec<Plane<f32>>, M::Error> {
        let mut done = Vec::new();
        for shot in self.shots() {
            done.extend(self.process_shot(shot, model)?);
        }
        let end = self.frames.len() - context;
        let finished = done.drain(self.returned.min(end)..end).collect();
        let kept_from = end.saturating_sub(context);
        self.frames.drain(..kept_from);
        self.returned = end - kept_from;
        Ok(finished)
    }

    /// The frames between cuts.
    fn shots(&self) -> Vec<Range<usize>> {
        let is_cut = |frame: &Frame| frame.motions.as_ref().is_some_and(|(there, _)| there.mean_trust() < CUT_TRUST_MAX);
        let cuts = (1..self.frames.len()).filter(|index| is_cut(&self.frames[*index]));
        let borders: Vec<usize> = std::iter::once(0).chain(cuts).chain(std::iter::once(self.frames.len())).collect();
        borders.windows(2).map(|pair| pair[0]..pair[1]).filter(|shot| !shot.is_empty()).collect()
    }

    fn process_shot<M: Model>(&mut self, shot: Range<usize>, model: &mut M) -> Result<Vec<Plane<f32>>, M::Error> {
        let views = self.views;
        let mut found = self.fused(&shot, |frame| &frame.first);
        for (round, box_views) in views.of_box().into_iter().enumerate() {
            remove_strays(&mut found);
            for (index, rects) in shot.clone().zip(subject_boxes(&found)) {
                let (frame, evidence_size) = (&mut self.frames[index], (found[0].width, found[0].height));
                // Frames of the last window's end are done already.
                if frame.boxed[round].is_none() {
                    let rects: Vec<Rect> = rects.iter().map(|rect| widened(rect, evidence_size, frame.source.size)).collect();
                    frame.boxed[round] = Some(frame.source.see(&rects, views, box_views, model)?);
                }
            }
            found = self.fused(&shot, |frame| frame.boxed[round].as_ref().unwrap_or(&frame.first));
        }
        remove_strays(&mut found);
        Ok(found)
    }

    fn fused(&self, shot: &Range<usize>, evidence: impl Fn(&Frame) -> &Plane<f32>) -> Vec<Plane<f32>> {
        let frames: Vec<&Frame> = self.frames.range(shot.clone()).collect();
        let motions = || frames.iter().skip(1).filter_map(|frame| frame.motions.as_ref());
        let (forward, backward): (Vec<_>, Vec<_>) = motions().map(|(there, back)| (there, back)).unzip();
        fuse(&frames.iter().map(|frame| evidence(frame)).collect::<Vec<_>>(), &forward, &backward)
    }
}

impl Source {
    /// Evidence from views of parts of the frame.
    fn see<M: Model>(&self, rects: &[Rect], views: Views, shown: &[View], model: &mut M) -> Result<Plane<f32>, M::Error> {
        let side = model.side();
        let mut placed = Vec::<(Placement, f32)>::new();
        for rect in rects {
            for (index, view) in shown.iter().enumerate() {
                let mirrors = views.mirrors(self.number, index).iter();
                placed.extend(mirrors.map(|is_mirrored| (Placement::new(*rect, *view, *is_mirrored, side), view.weight)));
            }
        }
        let pictures = placed.par_iter().map(|(placement, _)| placement.picture(&self.pyramid, side)).collect();
        let seen = model.infer(pictures)?.into_iter().zip(placed).map(|(values, (placement, weight))| SeenView {
            placement,
            weight,
            shares: Plane { width: side, height: side, values },
        });
        Ok(combine(&seen.collect::<Vec<_>>(), scaled(self.size, EVIDENCE_SIDE_PX), self.size))
    }
}

/// A size with the same aspect ratio and this longer side.
fn scaled((width, height): (usize, usize), side: usize) -> (usize, usize) {
    let longer = width.max(height).max(1);
    let scaled = |length: usize| ((length * side + longer / 2) / longer).max(1);
    (scaled(width), scaled(height))
}

/// A box of the evidence, with a margin, in pixels of the frame.
fn widened(rect: &Rect, (width, height): (usize, usize), (frame_width, frame_height): (usize, usize)) -> Rect {
    let (across, down) =
        ((rect.right - rect.left) * MARGIN_SHARE + MARGIN_PX, (rect.bottom - rect.top) * MARGIN_SHARE + MARGIN_PX);
    let whole = Rect::whole(width, height);
    let (right, below) = (scale(width, frame_width), scale(height, frame_height));
    Rect {
        left: (rect.left - across).max(0.0) * right,
        top: (rect.top - down).max(0.0) * below,
        right: (rect.right + across).min(whole.right) * right,
        bottom: (rect.bottom + down).min(whole.bottom) * below,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::float;

    /// Takes red for the subject.
    struct RedIsSubject {
        calls: usize,
    }

    impl Model for RedIsSubject {
        type Error = &'static str;

        fn side(&self) -> usize {
            32
        }

        fn infer(&mut self, pictures: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, &'static str> {
            self.calls += pictures.len();
            Ok(pictures.into_iter().map(|picture| picture[..32 * 32].to_vec()).collect())
        }
    }

    fn left(index: usize) -> usize {
        20 + (index % 80).abs_diff(40)
    }

    /// A red square that moves to and fro over grey texture.
    fn frame(index: usize) -> Picture {
        Picture::from_fn(160, 90, |x, y| {
            let left = left(index);
            let is_subject = (left..left + 40).contains(&x) && (20..80).contains(&y);
            let luma = if (x / 5 + y / 7).is_multiple_of(2) { 60 } else { 110 };
            if is_subject { [250, luma, luma] } else { [luma / 4, luma, luma] }
        })
    }

    fn segment(frames: usize, views: Views) -> (Vec<Plane<f32>>, usize) {
        let (mut segmenter, mut model) = (ClipSegmenter::new(views), RedIsSubject { calls: 0 });
        let mut found = Vec::new();
        for index in 0..frames {
            found.extend(segmenter.push(frame(index), &mut model).unwrap());
            assert!(segmenter.frames.len() <= WINDOW_FRAMES);
        }
        found.extend(segmenter.finish(&mut model).unwrap());
        (found, model.calls)
    }

    #[test]
    fn every_frame_gets_its_evidence_whatever_the_length() {
        for frames in [0, 1, 2, 63, 64, 65, 140] {
            let (found, _) = segment(frames, Views::Few);
            assert_eq!(found.len(), frames);
            for (index, plane) in found.iter().enumerate() {
                assert_eq!((plane.width, plane.height), (320, 180));
                let middle = (left(index) + 20) * 2;
                assert!(plane.values[100 * 320 + middle] > 1.0, "{frames} {index}");
                assert!(plane.values[100 * 320 + (middle + 130) % 320] < -1.0, "{frames} {index}");
            }
        }
    }

    #[test]
    fn alternating_views_need_half_of_the_runs() {
        let (both, alternating) = (segment(6, Views::Both).1, segment(6, Views::Alternating).1);
        assert_eq!((both, alternating), (6 * 20, 6 * 10));
    }

    #[test]
    fn a_cut_separates_shots() {
        let (mut segmenter, mut model) = (ClipSegmenter::new(Views::Few), RedIsSubject { calls: 0 });
        for index in 0..12 {
            let picture = if index < 6 {
                frame(index)
            } else {
                Picture::from_fn(160, 90, |x, y| [40, if (x * y) % 37 < 18 { 230 } else { 20 }, 200])
            };
            segmenter.push(picture, &mut model).unwrap();
        }
        assert_eq!(segmenter.shots(), [0..6, 6..12]);
        let found = segmenter.finish(&mut model).unwrap();
        assert!(found[5].values.iter().any(|value| *value > 1.0) && float(found.len()) > 11.0);
    }

    #[test]
    fn a_failure_of_the_model_is_returned() {
        struct Broken;
        impl Model for Broken {
            type Error = &'static str;
            fn side(&self) -> usize {
                8
            }
            fn infer(&mut self, _: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, &'static str> {
                Err("broken")
            }
        }
        assert_eq!(ClipSegmenter::new(Views::Few).push(frame(0), &mut Broken), Err("broken"));
    }
}
