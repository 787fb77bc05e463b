//! Frames to tensors and tensors to mattes: size, padding, normalisation.

use rayon::prelude::*;
use shared::media::PixelSize;

use super::manifest::{Fit, Manifest};
use super::plane::Plane;
use crate::error::TaskResult;
use crate::frame::pixels::{scale_opaque, sides};

/// Position of a frame in a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Size of the scaled frame, in the upper left corner.
    pub content: PixelSize,
    /// Size of the tensor.
    pub tensor: PixelSize,
}

impl Layout {
    /// Layout of frames of this size; `fixed` is the size of the model's input, if it has one.
    pub fn of(manifest: &Manifest, fixed: Option<PixelSize>, frame: PixelSize) -> Self {
        match (fixed, manifest.fit()) {
            (Some(tensor), Fit::Stretch) => Self { content: tensor, tensor },
            (Some(tensor), Fit::Pad) => Self { content: within(frame, tensor.width, tensor.height), tensor },
            (None, _) => {
                let side_px_max = manifest.side_px_max();
                let is_small = frame.width.max(frame.height) <= side_px_max;
                let content = if is_small { frame } else { within(frame, side_px_max, side_px_max) };
                let padded = |side: u32| side.next_multiple_of(manifest.multiple());
                Self { content, tensor: PixelSize { width: padded(content.width), height: padded(content.height) } }
            }
        }
    }
}

/// The largest size of the same aspect ratio within the bounds.
fn within(size: PixelSize, width_max: u32, height_max: u32) -> PixelSize {
    let fitted = |side: u32, other: u32, other_max: u32| {
        let scaled = (u64::from(side) * u64::from(other_max) + u64::from(other) / 2) / u64::from(other.max(1));
        u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
    };
    let height = fitted(size.height, size.width, width_max);
    if height <= height_max {
        PixelSize { width: width_max, height }
    } else {
        PixelSize { width: fitted(size.width, size.height, height_max).min(width_max), height: height_max }
    }
}

/// Scales a frame for the model; none where it needs no scaling.
pub fn shrink(rgba: &[u8], frame: PixelSize, layout: Layout) -> TaskResult<Option<Vec<u8>>> {
    (layout.content != frame).then(|| scale_opaque(rgba, frame, layout.content)).transpose()
}

/// Fills one frame's part of a tensor: planar, normalised, padded with the last column and row.
pub fn fill(values: &mut [f32], rgba: &[u8], layout: Layout, manifest: &Manifest) {
    let ((width, height), (columns, rows)) = (sides(layout.content), sides(layout.tensor));
    let (mean, std) = (manifest.mean(), manifest.std());
    values.par_chunks_mut(columns).enumerate().for_each(|(index, out)| {
        let (channel, y) = (index / rows, (index % rows).min(height - 1));
        let Some((mean, std)) = mean.get(channel).zip(std.get(channel)) else { return };
        let codes = rgba[y * width * 4..(y + 1) * width * 4].iter().skip(channel).step_by(4);
        let (within, beyond) = out.split_at_mut(width.min(columns));
        within.iter_mut().zip(codes).for_each(|(out, code)| *out = (f32::from(*code) / 255.0 - mean) / std);
        beyond.fill(within.last().copied().unwrap_or_default());
    });
}

/// Reads a matte and crops the padding; `values` may have another size than the input tensor. None
/// where a value is NaN or infinite.
pub fn matte(values: &[f32], size: PixelSize, layout: Layout, alpha: &(dyn Fn(f32) -> f32 + Sync)) -> Option<Plane> {
    let share = |side: u32, content: u32, tensor: u32| {
        let share = (u64::from(side) * u64::from(content) + u64::from(tensor) / 2) / u64::from(tensor);
        u32::try_from(share).unwrap_or(u32::MAX).clamp(1, side)
    };
    let kept = PixelSize {
        width: share(size.width, layout.content.width, layout.tensor.width),
        height: share(size.height, layout.content.height, layout.tensor.height),
    };
    let width = size.width as usize;
    let plane = Plane::from_fn(kept, |x, y| alpha(values[y * width + x]));
    plane.values.iter().all(|value| value.is_finite()).then_some(plane)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(width: u32, height: u32) -> PixelSize {
        PixelSize { width, height }
    }

    fn manifest(more: &str) -> Manifest {
        Manifest::parse(&format!("id = 'a'\ndisplay_name = 'A'\nlicence = ''\nkind = 'image'\n{more}")).unwrap()
    }

    #[test]
    fn frames_of_any_size_are_laid_out() {
        for (more, fixed, frame, content, tensor) in [
            ("", None, size(100, 33), size(100, 33), size(128, 64)),
            ("", None, size(3_840, 2_160), size(1_024, 576), size(1_024, 576)),
            ("", None, size(1_080, 1_920), size(576, 1_024), size(576, 1_024)),
            ("", Some(size(512, 512)), size(1_920, 1_080), size(512, 512), size(512, 512)),
            ("[input]\nfit = 'pad'", Some(size(512, 512)), size(1_920, 1_080), size(512, 288), size(512, 512)),
            ("[input]\nfit = 'pad'", Some(size(512, 512)), size(2, 1_000), size(1, 512), size(512, 512)),
        ] {
            assert_eq!(Layout::of(&manifest(more), fixed, frame), Layout { content, tensor }, "{frame}");
        }
    }

    #[test]
    fn a_frame_is_padded_with_its_last_pixels_and_its_matte_is_cropped() {
        let words = "[input]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\nmultiple = 2\n[output]\nblack_point = 0\nwhite_point = 1";
        let plain = manifest(words);
        let layout = Layout::of(&plain, None, size(3, 1));
        let rgba: Vec<u8> = [0, 51, 255].iter().flat_map(|red| [*red, 0, 102, 255]).collect();
        let mut values = [7.0; 4 * 2 * 3];
        fill(&mut values, &rgba, layout, &plain);
        assert_eq!(values[..8], [0.0, 0.2, 1.0, 1.0, 0.0, 0.2, 1.0, 1.0]);
        assert_eq!(values[16..], [0.4; 8]);
        let cut = matte(&values[..8], size(4, 2), layout, &|raw| plain.alpha(raw)).unwrap();
        assert_eq!((cut.size, cut.values), (size(3, 1), vec![0.0, 0.2, 1.0]));
        assert_eq!(matte(&[f32::NAN; 8], size(4, 2), layout, &|raw| plain.alpha(raw)), None);
        let logits = manifest(&format!("{words}\nsigmoid = true"));
        assert_eq!(matte(&[0.0; 8], size(4, 2), layout, &|raw| logits.alpha(raw)).unwrap().values, [0.5; 3]);
    }
}
