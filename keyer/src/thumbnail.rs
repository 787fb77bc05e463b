//! Small pictures of frames, by which cuts are found.

use crate::frame::PlanarFormat;

const COLUMNS: usize = 32;
const ROWS: usize = 18;
/// Samples that a place is the mean of, across and down.
const TAPS: usize = 3;
/// A cut changes the picture by this much, and by so many times what is usual. Units: of 255, mean over places.
const CUT_MIN: f32 = 20.0;
const CUT_TIMES: f32 = 6.0;
/// And it changes this share of the places by at least this: a subject that moves quickly changes few.
const CUT_SHARE: f32 = 0.4;
const PLACE_MIN: f32 = 12.0;
/// How fast the usual change follows.
const USUAL_RATE: f32 = 0.1;

/// A frame's luma, Cb, Cr in a few places.
#[derive(Debug, Clone)]
pub struct Thumbnail(Vec<[f32; 3]>);

impl Thumbnail {
    pub fn of(format: &PlanarFormat, frame: &[u8]) -> Self {
        let [luma, cb, cr] = format.planes(frame);
        let (columns, rows) = (format.columns(), format.rows());
        let ((luma_gain, luma_offset), (gain, offset)) = (format.luma_scale(), format.chroma_scale());
        let mut places = vec![[0.0; 3]; COLUMNS * ROWS];
        let spot = |place: usize, places: usize, tap: usize, count: usize| (place * TAPS + tap) * count / (places * TAPS);
        for (index, place) in places.iter_mut().enumerate() {
            for tap in 0..TAPS * TAPS {
                let column = spot(index % COLUMNS, COLUMNS, tap % TAPS, columns);
                let row = spot(index / COLUMNS, ROWS, tap / TAPS, rows);
                let block = row * columns + column;
                let pixel = row * format.down * format.width + column * format.across;
                let seen = [
                    format.code(luma, pixel) * luma_gain + luma_offset,
                    format.code(cb, block) * gain + offset,
                    format.code(cr, block) * gain + offset,
                ];
                for (place, seen) in place.iter_mut().zip(seen) {
                    *place += seen / (TAPS * TAPS) as f32;
                }
            }
        }
        Self(places)
    }

    /// How unlike two frames are. Units: of 255, mean over places.
    pub fn distance(&self, other: &Self) -> f32 {
        self.changes(other).sum::<f32>() / self.0.len() as f32
    }

    fn changes(&self, other: &Self) -> impl Iterator<Item = f32> {
        self.0.iter().zip(&other.0).map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>())
    }
}

/// Compares each frame with the one before.
#[derive(Debug, Clone, Default)]
pub struct CutFinder {
    before: Option<Thumbnail>,
    usual: f32,
}

impl CutFinder {
    pub fn is_cut(&mut self, thumbnail: &Thumbnail) -> bool {
        let Some(before) = self.before.replace(thumbnail.clone()) else { return false };
        let change = before.distance(thumbnail);
        let places = before.changes(thumbnail).filter(|change| *change > PLACE_MIN).count();
        let is_wide = places as f32 > CUT_SHARE * (COLUMNS * ROWS) as f32;
        let is_cut = is_wide && change > CUT_MIN && change > CUT_TIMES * (self.usual + 1.0);
        if !is_cut {
            self.usual += (change - self.usual) * USUAL_RATE;
        }
        is_cut
    }
}
