//! A decoded frame → what the encoders take: straight RGBA and the matte alone, padded to even sides.

use shared::media::PixelSize;

use crate::keying::{Keyer, RgbFrame};
use crate::plan::Picture;

/// Cells along each side of an alpha thumb.
const THUMB_SIDE: usize = 8;

/// A matte in small: the mean alpha of each of 8 × 8 cells. What outputs are compared with.
pub type AlphaThumb = [u8; THUMB_SIDE * THUMB_SIDE];

/// One frame, ready for every encoder.
#[derive(Debug)]
pub struct Composed {
    /// Straight RGBA, padded.
    pub rgba: Vec<u8>,
    /// The matte, padded, 0 to 255.
    pub alpha: Vec<u8>,
    /// The padded matte in small.
    pub thumb: AlphaThumb,
}

/// Where alpha comes from.
#[derive(Debug, Clone, Copy)]
pub enum Alpha {
    /// Frames are RGBA and keep theirs.
    Source,
    /// Frames are RGB and are keyed.
    Keyed(Keyer),
}

/// Composes the frames of one clip.
#[derive(Debug, Clone, Copy)]
pub struct Composer {
    picture: Picture,
    alpha: Alpha,
}

impl Composer {
    /// A composer for frames of this picture.
    pub const fn new(picture: Picture, alpha: Alpha) -> Self {
        Self { picture, alpha }
    }

    /// Composes one frame as the decoder wrote it.
    pub fn compose(&self, frame: &[u8]) -> Composed {
        let (width, height) = sides(self.picture.shown);
        let rgba = match self.alpha {
            Alpha::Source => frame.to_vec(),
            Alpha::Keyed(keyer) => keyer.key(RgbFrame { width, height, pixels: frame }),
        };
        let rgba = pad(rgba, self.picture.shown, self.picture.padded);
        let alpha: Vec<u8> = rgba.iter().skip(3).step_by(4).copied().collect();
        let thumb = thumb(&alpha, self.picture.padded);
        Composed { rgba, alpha, thumb }
    }
}

/// Repeats the last column and row: a transparent seam would show, a cropped one would lose picture.
fn pad(rgba: Vec<u8>, shown: PixelSize, padded: PixelSize) -> Vec<u8> {
    if shown == padded {
        return rgba;
    }
    let (width, _) = sides(shown);
    let (padded_width, padded_height) = sides(padded);
    let mut out = Vec::with_capacity(padded_width * padded_height * 4);
    for row in rgba.chunks_exact(width * 4) {
        out.extend_from_slice(row);
        let last = row.last_chunk::<4>().copied().unwrap_or_default();
        out.extend(last.iter().cycle().take((padded_width - width) * 4));
    }
    let last_row = out.len().saturating_sub(padded_width * 4);
    while out.len() < padded_width * padded_height * 4 {
        out.extend_from_within(last_row..last_row + padded_width * 4);
    }
    out
}

/// The mean of each cell.
pub fn thumb(alpha: &[u8], size: PixelSize) -> AlphaThumb {
    let (width, height) = sides(size);
    let mut sums = [(0_u64, 0_u64); THUMB_SIDE * THUMB_SIDE];
    for (y, row) in alpha.chunks_exact(width).enumerate() {
        let cells = y * THUMB_SIDE / height * THUMB_SIDE;
        for (x, value) in row.iter().enumerate() {
            if let Some((sum, count)) = sums.get_mut(cells + x * THUMB_SIDE / width) {
                *sum += u64::from(*value);
                *count += 1;
            }
        }
    }
    sums.map(|(sum, count)| u8::try_from((sum + count / 2) / count.max(1)).unwrap_or(u8::MAX))
}

fn sides(size: PixelSize) -> (usize, usize) {
    (size.width as usize, size.height as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sides_are_padded_with_their_last_pixels() {
        let (shown, padded) = (PixelSize { width: 3, height: 1 }, PixelSize { width: 4, height: 2 });
        let row = [[1; 4], [2; 4], [3; 4]].concat();
        let expected = [[1; 4], [2; 4], [3; 4], [3; 4]].concat();
        assert_eq!(pad(row.clone(), shown, padded), [expected.clone(), expected].concat());
        assert_eq!(pad(row.clone(), shown, shown), row);
    }

    #[test]
    fn a_thumb_holds_the_mean_of_each_cell() {
        let size = PixelSize { width: 16, height: 8 };
        let alpha: Vec<u8> = (0..128).map(|index| if index % 16 == 0 { 100 } else { 20 }).collect();
        let thumb = thumb(&alpha, size);
        assert_eq!((thumb[0], thumb[1], thumb[8]), (60, 20, 60));
    }
}
