//! The number of frames to expect of a source, and the tolerance. Credits are reserved for the
//! expected number.

use shared::code::JobErrorCode;
use shared::media::{FrameRate, MediaFacts};

use crate::error::TaskError;

/// The expected number of frames, and the tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// Expected: duration times frame rate.
    pub frames: u64,
    tolerance: u64,
}

impl Length {
    /// From the facts of a source.
    pub fn of(facts: &MediaFacts) -> Self {
        let frames = expected_frames(facts.duration_ms, facts.frame_rate);
        let rate = u64::from(facts.frame_rate.numerator / facts.frame_rate.denominator.max(1));
        // Half a second or 5 %: time stamps jitter, and last frames are held.
        Self { frames, tolerance: (rate / 2).max(frames / 20).max(2) }
    }

    /// True if `seen` is below the tolerated number of frames.
    pub const fn lacks(&self, seen: u64) -> bool {
        seen + self.tolerance < self.frames
    }

    /// True if `seen` is above the tolerated number of frames.
    pub const fn exceeds(&self, seen: u64) -> bool {
        seen > self.frames + self.tolerance * 2
    }

    /// The failure when more came.
    pub fn too_many(&self, seen: u64) -> TaskError {
        let message = "The source has more frames than its container declares.".to_owned();
        TaskError::Permanent { code: JobErrorCode::SourceTooLarge, message, detail: self.detail(seen) }
    }

    /// The failure when fewer came.
    pub fn too_few(&self, seen: u64) -> TaskError {
        TaskError::with_detail(JobErrorCode::SourceTruncated, self.detail(seen))
    }

    fn detail(&self, seen: u64) -> String {
        format!("{seen} frames of {}", self.frames)
    }
}

/// The number of frames of a source of this duration and rate.
pub fn expected_frames(duration_ms: u64, rate: FrameRate) -> u64 {
    let (numerator, denominator) = (u64::from(rate.numerator), u64::from(rate.denominator));
    ((duration_ms * numerator + 500 * denominator) / (1_000 * denominator)).max(1)
}

/// The duration of this many frames, to the nearest millisecond.
pub fn duration_ms(frames: u64, rate: FrameRate) -> u64 {
    let (numerator, denominator) = (u64::from(rate.numerator), u64::from(rate.denominator));
    (frames * 1_000 * denominator + numerator / 2) / numerator.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_frames_are_rounded_to_the_nearest() {
        let ntsc = FrameRate { numerator: 30_000, denominator: 1_001 };
        assert_eq!(expected_frames(1_001, ntsc), 30);
        assert_eq!(expected_frames(1_000, ntsc), 30);
        assert_eq!(expected_frames(0, ntsc), 1);
        assert_eq!(duration_ms(30, ntsc), 1_001);
    }

    #[test]
    fn five_percent_fewer_frames_are_tolerated_and_ten_percent_more() {
        let length = Length { frames: 1_000, tolerance: 50 };
        assert_eq!((length.lacks(950), length.lacks(949)), (false, true));
        assert_eq!((length.exceeds(1_100), length.exceeds(1_101)), (false, true));
    }
}
