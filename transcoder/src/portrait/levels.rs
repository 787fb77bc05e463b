//! The loudness of a sound, one level for each frame of the video, normalised so that quiet
//! recordings fill the scale too.

#![expect(clippy::cast_precision_loss, reason = "counts of samples are far below 2^24")]

/// Units: frames a second.
pub const FRAMES_PER_S: u32 = 30;
/// Units: samples a second, of each channel.
pub const SAMPLES_PER_S: u32 = 48_000;
/// Of each channel.
pub const SAMPLES_PER_FRAME: usize = (SAMPLES_PER_S / FRAMES_PER_S) as usize;
/// Units: bytes. Two channels of 16 bits.
pub const SAMPLE_SIZE_BYTES: usize = 4;

/// Anything quieter is silence.
/// Units: dB relative to full scale.
const SILENCE_DB: f32 = -60.0;
/// The range of the scale below its top.
/// Units: dB.
const RANGE_DB: f32 = 36.0;
/// Share of the frames with sound that may exceed the top of the scale.
const LOUDER_SHARE: f32 = 0.05;
/// Release: the share of a level that remains one frame later. As on every level meter, levels fall
/// more slowly than they rise.
const RELEASE: f32 = 0.82;
/// Exponent of the scale; above 1, so that speech does not fill it all the time.
const CURVE: f32 = 1.4;

/// Measures a sound block by block.
#[derive(Debug, Default)]
pub struct LevelMeter {
    samples: u64,
    loudness_db: Vec<f32>,
}

impl LevelMeter {
    /// Measures the samples of one video frame (the last may be shorter): 16 bits, two channels,
    /// little-endian.
    pub fn add(&mut self, block: &[u8]) {
        let values = block.as_chunks::<2>().0;
        let squares: f32 = values.iter().map(|pair| f32::from(i16::from_le_bytes(*pair)).powi(2)).sum();
        let mean = squares / (values.len().max(1) as f32) / (32_768.0 * 32_768.0);
        self.samples += (block.len() / SAMPLE_SIZE_BYTES) as u64;
        self.loudness_db.push(10.0 * mean.max(1e-12).log10());
    }

    /// Number of measured samples.
    /// Units: samples of each channel.
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// 0 to 1 for each frame; 0 in silence.
    pub fn levels(self) -> Vec<f32> {
        let mut audible: Vec<f32> = self.loudness_db.iter().copied().filter(|db| *db > SILENCE_DB).collect();
        audible.sort_unstable_by(|left, right| right.total_cmp(left));
        let Some(top_db) = audible.get(louder(audible.len())).copied() else { return vec![0.0; self.loudness_db.len()] };
        let floor_db = (top_db - RANGE_DB).max(SILENCE_DB);
        let mut before = 0.0_f32;
        let level = |db: f32| {
            let level = ((db - floor_db) / (top_db - floor_db)).clamp(0.0, 1.0).powf(CURVE);
            before = level.max(before * RELEASE);
            before
        };
        self.loudness_db.into_iter().map(level).collect()
    }
}

/// Mean difference of the levels of two sounds, over the shorter of both.
pub fn distance(left: &[f32], right: &[f32]) -> f32 {
    let count = left.len().min(right.len()).max(1);
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).sum::<f32>() / count as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
fn louder(count: usize) -> usize {
    (count as f32 * LOUDER_SHARE) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(amplitudes: &[i16]) -> Vec<f32> {
        let mut meter = LevelMeter::default();
        for amplitude in amplitudes {
            let block: Vec<u8> = (0..SAMPLES_PER_FRAME * 2).flat_map(|_| amplitude.to_le_bytes()).collect();
            meter.add(&block);
        }
        assert_eq!(meter.samples(), (amplitudes.len() * SAMPLES_PER_FRAME) as u64);
        meter.levels()
    }

    #[test]
    fn silence_and_the_hiss_of_a_recorder_are_flat() {
        assert_eq!(levels(&[0; 30]), [0.0; 30]);
        assert_eq!(levels(&[20; 30]), [0.0; 30]);
    }

    #[test]
    fn a_quiet_recording_fills_the_scale_as_a_loud_one_does() {
        let shape = [0, 300, 900, 3_000, 300, 0, 0, 0];
        let loud = levels(&shape.map(|amplitude: i16| amplitude * 10));
        let quiet = levels(&shape);
        assert!(loud.iter().zip(&quiet).all(|(loud, quiet)| (loud - quiet).abs() < 0.01), "{loud:?} {quiet:?}");
        assert!(quiet[0] < 0.01 && quiet[1] < quiet[2] && quiet[2] < quiet[3] && quiet[3] > 0.99, "{quiet:?}");
    }

    #[test]
    fn a_sound_falls_more_slowly_than_it_rises() {
        let levels = levels(&[0, 9_000, 0, 0, 0]);
        assert_eq!(levels[..2], [0.0, 1.0]);
        assert!(levels[2..].windows(2).all(|pair| 0.0 < pair[1] && pair[1] < pair[0]), "{levels:?}");
    }
}
