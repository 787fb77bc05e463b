//! Compares decoded frames with the master's samples: PSNR over the clip, and the error of the
//! worst frame.

use shared::media::PixelSize;
use shared::qa::PSNR_DB_LOSSLESS;

use crate::frame::pixels::sides;
use crate::frame::samples::{Samples, pixel};
use crate::output::format::{AlphaChannel, Layout, Verification};

/// Threshold of 1-bit alpha.
const CUT: f64 = 128.0;
/// Pixels from this alpha on count as visible.
const VISIBLE_MIN: f64 = 26.0;
/// Mean error of alpha in any one frame, or of colour where there is no alpha. Another frame in its
/// place exceeds it.
/// Units: of 255.
const FRAME_ERROR_MAX: f64 = 12.0;

/// A running comparison.
#[derive(Debug)]
pub struct Comparison<'a> {
    samples: &'a Samples,
    verification: &'a Verification,
    padded: PixelSize,
    alpha: Squares,
    cut_alpha: Squares,
    color: Squares,
    visible_color: Squares,
    worst: f64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Squares {
    sum: f64,
    count: f64,
}

impl Squares {
    fn add(&mut self, difference: f64) {
        self.sum += difference * difference;
        self.count += 1.0;
    }

    fn psnr_db(self) -> f64 {
        if self.sum == 0.0 {
            return PSNR_DB_LOSSLESS;
        }
        (10.0 * (255.0 * 255.0 * self.count / self.sum).log10()).min(PSNR_DB_LOSSLESS)
    }
}

/// One pixel of a decoded frame.
struct DecodedPixel {
    /// None where the output has no alpha, in whatever form.
    alpha: Option<f64>,
    /// Over mid grey, or over black where there is no alpha; none where there is no colour.
    color: Option<[f64; 3]>,
}

impl<'a> Comparison<'a> {
    /// Nothing compared yet.
    pub fn new(samples: &'a Samples, verification: &'a Verification, padded: PixelSize) -> Self {
        let none = Squares::default();
        Self { samples, verification, padded, alpha: none, cut_alpha: none, color: none, visible_color: none, worst: 0.0 }
    }

    /// Compares one decoded frame with a master frame.
    pub fn add(&mut self, master_index: u64, frame: &[u8]) {
        let (mut error, mut count) = (0.0, 0.0);
        for ((x, y), master) in self.samples.lattice.positions(master_index).zip(self.samples.of(master_index)) {
            let Some(found) = self.decoded_pixel(frame, x, y) else { continue };
            let [red, green, blue, true_alpha] = master.map(f64::from);
            let cut = if true_alpha >= CUT { 255.0 } else { 0.0 };
            // Where the format cuts alpha, colour and single frames are compared with the cut
            // matte.
            let judged = if self.is_cut() { cut } else { true_alpha };
            if let Some(alpha) = found.alpha {
                self.alpha.add(alpha - true_alpha);
                self.cut_alpha.add(alpha - cut);
                error += (alpha - judged).abs();
                count += 1.0;
            }
            let Some(color) = found.color else { continue };
            let behind = if found.alpha.is_some() { MID_GREY } else { 0.0 };
            for (found_channel, true_channel) in color.iter().zip(over(behind, [red, green, blue], judged)) {
                let difference = found_channel - true_channel;
                self.color.add(difference);
                if true_alpha >= VISIBLE_MIN {
                    self.visible_color.add(difference);
                }
                if found.alpha.is_none() {
                    error += difference.abs();
                    count += 1.0;
                }
            }
        }
        if count > 0.0 {
            self.worst = self.worst.max(error / count);
        }
    }

    /// Units: dB. None where the output has no alpha.
    pub fn alpha_psnr_db(&self) -> Option<f64> {
        (self.alpha.count > 0.0).then(|| self.alpha.psnr_db())
    }

    /// Units: dB. None where there is no colour.
    pub fn color_psnr_db(&self) -> Option<f64> {
        (self.color.count > 0.0).then(|| self.color.psnr_db())
    }

    /// Reason to refuse the output; none if it passes.
    pub fn complaint(&self) -> Option<String> {
        let min = &self.verification.psnr_min;
        let alpha_db = if self.is_cut() { self.cut_alpha.psnr_db() } else { self.alpha.psnr_db() };
        if let Some(min_db) = min.alpha_db.filter(|min_db| alpha_db < *min_db) {
            return Some(format!("alpha at {alpha_db:.1} dB is below {min_db:.1}"));
        }
        if self.worst > FRAME_ERROR_MAX {
            return Some(format!("one frame is off by {:.1}", self.worst));
        }
        let color_db = self.visible_color.psnr_db();
        let min_db = min.color_db.filter(|min_db| color_db < *min_db)?;
        Some(format!("colour at {color_db:.1} dB is below {min_db:.1}"))
    }

    fn is_cut(&self) -> bool {
        self.verification.alpha == AlphaChannel::OneBit
    }

    fn decoded_pixel(&self, frame: &[u8], x: usize, y: usize) -> Option<DecodedPixel> {
        let (width, height) = sides(self.padded);
        let plane = |rows: usize| pixel::<1>(frame, width, x, rows + y).map(|[value]| value);
        Some(match self.verification.layout {
            Layout::Grey => DecodedPixel { alpha: Some(f64::from(plane(0)?)), color: None },
            Layout::Rgba => {
                let [red, green, blue, alpha] = pixel::<4>(frame, width, x, y)?.map(f64::from);
                DecodedPixel { alpha: Some(alpha), color: Some(over(MID_GREY, [red, green, blue], alpha)) }
            }
            Layout::Yuva => {
                let yuv = [plane(0)?, plane(height)?, plane(height * 2)?];
                let alpha = f64::from(plane(height * 3)?);
                DecodedPixel { alpha: Some(alpha), color: Some(over(MID_GREY, from_bt709(yuv), alpha)) }
            }
            Layout::Yuv => {
                let yuv = [plane(0)?, plane(height)?, plane(height * 2)?];
                DecodedPixel { alpha: None, color: Some(from_bt709(yuv)) }
            }
            Layout::StackedYuv => {
                let yuv = [plane(0)?, plane(height * 2)?, plane(height * 4)?];
                let alpha = full_range(plane(height)?).clamp(0.0, 255.0);
                DecodedPixel { alpha: Some(alpha), color: Some(over(MID_GREY, from_bt709(yuv), alpha)) }
            }
        })
    }
}

/// Source: ITU-R BT.709-6 §3, limited range.
fn from_bt709([luma, u, v]: [u8; 3]) -> [f64; 3] {
    let luma = full_range(luma);
    let [u, v] = [u, v].map(|chroma| (f64::from(chroma) - 128.0) * 255.0 / 224.0);
    let rgb = [luma + 1.5748 * v, luma - 0.1873 * u - 0.4681 * v, luma + 1.8556 * u];
    rgb.map(|channel| channel.clamp(0.0, 255.0))
}

fn full_range(luma: u8) -> f64 {
    (f64::from(luma) - 16.0) * 255.0 / 219.0
}

const MID_GREY: f64 = 128.0;

fn over(behind: f64, color: [f64; 3], alpha: f64) -> [f64; 3] {
    let alpha = alpha / 255.0;
    color.map(|channel| channel * alpha + behind * (1.0 - alpha))
}

#[cfg(test)]
mod tests {
    use shared::media::Output;

    use super::*;
    use crate::frame::pixels;
    use crate::frame::samples::Lattice;
    use crate::output::formats;

    const SIZE: PixelSize = PixelSize { width: 64, height: 64 };

    /// A column with soft edges that moves from frame to frame.
    fn master(index: u64) -> Vec<u8> {
        let at = 10 + 6 * i64::try_from(index).unwrap();
        let alpha = |x: i64| u8::try_from((255 - 40 * (x - at).abs()).clamp(0, 255)).unwrap();
        (0..64).flat_map(|_| (0..64).flat_map(move |x| [200, 90, 20, alpha(x)])).collect()
    }

    fn samples() -> Samples {
        let mut samples = Samples::new(Lattice::new(SIZE, 4));
        (0..4).for_each(|index| samples.add(index, &master(index)));
        samples
    }

    fn to_bt709([red, green, blue]: [f64; 3]) -> [u8; 3] {
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        let (u, v) = ((blue - luma) / 1.8556, (red - luma) / 1.5748);
        let round = |value: f64| u8::try_from((0..=255).find(|step| f64::from(*step) + 0.5 > value).unwrap_or(255)).unwrap();
        [round(16.0 + luma * 219.0 / 255.0), round(128.0 + u * 224.0 / 255.0), round(128.0 + v * 224.0 / 255.0)]
    }

    /// A frame as the decoder of this output gives it.
    fn decoded(output: Output, mut rgba: Vec<u8>) -> Vec<u8> {
        if output == Output::Gif {
            rgba.chunks_exact_mut(4).for_each(|pixel| pixel[3] = if pixel[3] >= 128 { 255 } else { 0 });
        }
        let yuv: Vec<[u8; 3]> = rgba.chunks_exact(4).map(|pixel| to_bt709([0, 1, 2].map(|at| pixel[at].into()))).collect();
        let plane = |at: usize| yuv.iter().map(|yuv| yuv[at]).collect::<Vec<u8>>();
        let alpha: Vec<u8> = rgba.iter().skip(3).step_by(4).copied().collect();
        let matte: Vec<u8> = alpha.iter().map(|alpha| to_bt709([f64::from(*alpha); 3])[0]).collect();
        let grey = vec![128; alpha.len()];
        match formats::find(output).verification.layout {
            Layout::Yuv => {
                let black = pixels::opaque(&rgba);
                let yuv: Vec<[u8; 3]> = black.chunks_exact(3).map(|rgb| to_bt709([0, 1, 2].map(|at| rgb[at].into()))).collect();
                (0..3).flat_map(|at| yuv.iter().map(move |yuv| yuv[at])).collect()
            }
            Layout::Rgba => rgba,
            Layout::Grey => alpha,
            Layout::Yuva => [plane(0), plane(1), plane(2), alpha].concat(),
            Layout::StackedYuv => [plane(0), matte, plane(1), grey.clone(), plane(2), grey].concat(),
        }
    }

    fn compared(samples: &Samples, output: Output, change: impl Fn(u64) -> Vec<u8>) -> Comparison<'_> {
        let mut comparison = Comparison::new(samples, &formats::find(output).verification, SIZE);
        for index in 0..4 {
            comparison.add(index, &decoded(output, change(index)));
        }
        comparison
    }

    #[test]
    fn frames_as_they_were_fed_pass_in_every_format() {
        let samples = samples();
        for output in Output::ALL.iter().copied() {
            let comparison = compared(&samples, output, master);
            assert_eq!(comparison.complaint(), None, "{output}");
            let alpha_db = comparison.alpha_psnr_db();
            match (output, alpha_db) {
                (Output::OpaqueMp4, alpha_db) => assert_eq!(alpha_db, None),
                // The figure is against the uncut matte.
                (Output::Gif, Some(alpha_db)) => assert!(alpha_db < 30.0, "{alpha_db}"),
                // Grey in limited range has fewer steps.
                (Output::StackedAlphaMp4 | Output::ColorAlphaZip, Some(alpha_db)) => assert!(alpha_db > 50.0, "{alpha_db}"),
                (_, alpha_db) => assert!(alpha_db.is_some_and(|db| db >= PSNR_DB_LOSSLESS), "{output}: {alpha_db:?}"),
            }
            assert!(comparison.color_psnr_db().is_none_or(|color_db| color_db > 45.0), "{output}");
            assert_eq!(comparison.color_psnr_db().is_none(), output == Output::MatteGrayscaleMp4);
        }
    }

    #[test]
    fn broken_frames_are_refused() {
        let samples = samples();
        let altered = |change: fn(&mut [u8])| {
            move |index| {
                let mut frame = master(index);
                frame.chunks_exact_mut(4).for_each(change);
                frame
            }
        };
        let opaque = altered(|pixel| pixel[3] = 255);
        let swapped = altered(|pixel| pixel.swap(0, 2));
        let nearly = altered(|pixel| pixel[3] = pixel[3].saturating_sub(1));
        let stale = |index: u64| master(if index == 2 { 1 } else { index });
        let complaint = |output, change: &dyn Fn(u64) -> Vec<u8>| compared(&samples, output, change).complaint();
        for output in [Output::WebmVp9Alpha, Output::MovProres4444, Output::Gif, Output::AnimatedWebp, Output::StackedAlphaMp4] {
            assert!(complaint(output, &opaque).is_some_and(|said| said.contains("alpha")), "{output}");
            assert!(complaint(output, &swapped).is_some_and(|said| said.contains("colour")), "{output}");
            assert!(complaint(output, &stale).is_some(), "{output}");
        }
        for change in [&opaque as &dyn Fn(u64) -> Vec<u8>, &swapped, &stale] {
            assert!(complaint(Output::OpaqueMp4, change).is_some_and(|said| said.contains("one frame")));
        }
        assert_eq!(complaint(Output::WebmVp9Alpha, &nearly), None);
        assert!(complaint(Output::Apng, &nearly).is_some(), "lossless means lossless");
    }
}
