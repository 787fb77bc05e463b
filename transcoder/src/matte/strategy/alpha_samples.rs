//! Findings about a source's own alpha in sampled frames: whether it shows anything, and whether
//! colours are multiplied by it.

/// Lossy codecs decode opaque alpha a little lower than 255.
const OPAQUE_ALPHA_MIN: u8 = 250;
/// Alpha up to this counts as transparent.
const TRANSPARENT_ALPHA_MAX: u8 = 5;
/// By how much a premultiplied colour may exceed its alpha after lossy coding.
/// Units: codes.
const EXCESS_MAX: u8 = 6;
/// Share of opaque pixels that are brighter than the brightness to which soft pixels are compared.
const BRIGHTER_SHARE: f64 = 0.8;
/// Fewer soft pixels prove nothing.
const SOFT_PIXELS_MIN: u64 = 64;
/// Share of soft pixels that may be brighter than their alpha, as codecs ring at edges.
const BRIGHT_SHARE_MAX: f64 = 0.002;

/// Counts over one frame.
#[derive(Debug, Clone)]
pub struct AlphaSample {
    has_visible: bool,
    has_transparent: bool,
    /// Opaque pixels by their largest channel.
    opaque: Box<[u64; 256]>,
    /// Soft pixels by alpha: all, and those with a channel above alpha.
    soft: Box<[[u64; 2]; 256]>,
}

impl Default for AlphaSample {
    fn default() -> Self {
        Self { has_visible: false, has_transparent: false, opaque: Box::new([0; 256]), soft: Box::new([[0; 2]; 256]) }
    }
}

impl AlphaSample {
    /// Counts the pixels of a frame, packed RGBA.
    pub fn of(rgba: &[u8]) -> Self {
        let mut sample = Self::default();
        for [red, green, blue, alpha] in rgba.as_chunks().0 {
            let brightest = *red.max(green).max(blue);
            sample.has_transparent |= *alpha < OPAQUE_ALPHA_MIN;
            sample.has_visible |= *alpha > TRANSPARENT_ALPHA_MAX;
            if *alpha >= OPAQUE_ALPHA_MIN {
                sample.opaque[usize::from(brightest)] += 1;
            } else {
                let [all, bright] = &mut sample.soft[usize::from(*alpha)];
                *all += 1;
                *bright += u64::from(brightest > alpha.saturating_add(EXCESS_MAX));
            }
        }
        sample
    }
}

/// Counts over all sampled frames.
#[derive(Debug, Clone, Default)]
pub struct AlphaSamples(AlphaSample);

impl AlphaSamples {
    /// Adds a frame.
    pub fn add(&mut self, sample: &AlphaSample) {
        let all = &mut self.0;
        all.has_visible |= sample.has_visible;
        all.has_transparent |= sample.has_transparent;
        all.opaque.iter_mut().zip(sample.opaque.iter()).for_each(|(sum, count)| *sum += count);
        for (sums, counts) in all.soft.iter_mut().zip(sample.soft.iter()) {
            *sums = [sums[0] + counts[0], sums[1] + counts[1]];
        }
    }

    /// The reason why the alpha says nothing; none where it does.
    pub const fn unusable_reason(&self) -> Option<&'static str> {
        match (self.0.has_visible, self.0.has_transparent) {
            (true, true) => None,
            (true, false) => Some("The source declares alpha, but every frame that was looked at is opaque."),
            (false, _) => Some("The source declares alpha, but every frame that was looked at is wholly transparent."),
        }
    }

    /// Whether it is proved that colours are multiplied by alpha: among soft pixels whose alpha is
    /// lower than most opaque pixels are bright, none is brighter than its alpha. A dark subject
    /// proves nothing, and needs no division.
    pub fn is_premultiplied(&self) -> bool {
        let (mut all, mut bright) = (0, 0);
        let soft = self.0.soft.iter().take(usize::from(self.typical_brightness().saturating_sub(EXCESS_MAX)));
        for [count, bright_count] in soft.skip(usize::from(TRANSPARENT_ALPHA_MAX) + 1) {
            (all, bright) = (all + count, bright + bright_count);
        }
        // Transparent pixels with a colour are straight beyond doubt.
        let transparent = self.0.soft.iter().take(usize::from(TRANSPARENT_ALPHA_MAX) + 1);
        let is_coloured = is_above(transparent.clone().map(|[_, bright]| bright).sum(), transparent.map(|[all, _]| all).sum());
        all >= SOFT_PIXELS_MIN && !is_above(bright, all) && !is_coloured
    }

    /// The brightness that most opaque pixels exceed; 0 where none is opaque.
    fn typical_brightness(&self) -> u8 {
        let opaque: u64 = self.0.opaque.iter().sum();
        let (mut left, mut brightness) = (opaque, u8::MAX);
        for (code, count) in (0..=u8::MAX).zip(*self.0.opaque) {
            left -= count;
            if !is_share(left, opaque, BRIGHTER_SHARE) {
                brightness = code;
                break;
            }
        }
        if opaque == 0 { 0 } else { brightness }
    }
}

fn is_above(bright: u64, all: u64) -> bool {
    bright > 0 && is_share(bright, all, BRIGHT_SHARE_MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^52")]
fn is_share(part: u64, all: u64, share: f64) -> bool {
    part as f64 > all as f64 * share
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar of opaque pixels and a ramp of alpha beside it, of one colour.
    fn ramp(color: [u8; 3], is_premultiplied: bool) -> AlphaSamples {
        let pixel = |alpha: u8| {
            let shade = |channel: u8| if is_premultiplied { u16::from(channel) * u16::from(alpha) / 255 } else { channel.into() };
            let [red, green, blue] = color.map(shade).map(|channel| u8::try_from(channel).unwrap());
            [red, green, blue, alpha]
        };
        let rgba: Vec<u8> = (0..=255).chain([255; 100]).flat_map(pixel).collect();
        let mut samples = AlphaSamples::default();
        samples.add(&AlphaSample::of(&rgba));
        samples
    }

    #[test]
    fn colours_below_their_alpha_are_premultiplied_where_the_subject_is_bright_enough_to_prove_it() {
        for (color, is_premultiplied, expected) in [
            ([230, 140, 40], true, true),
            ([230, 140, 40], false, false),
            ([250, 250, 250], true, true),
            ([12, 8, 4], true, false),
            ([12, 8, 4], false, false),
        ] {
            assert_eq!(ramp(color, is_premultiplied).is_premultiplied(), expected, "{color:?} {is_premultiplied}");
        }
        let mut nothing_opaque = AlphaSamples::default();
        nothing_opaque.add(&AlphaSample::of(&[90, 90, 90, 100].repeat(500)));
        assert!(!nothing_opaque.is_premultiplied());
    }

    #[test]
    fn black_shadows_around_a_straight_subject_prove_nothing() {
        let mut samples = ramp([200, 200, 200], false);
        samples.add(&AlphaSample::of(&[0, 0, 0, 80].repeat(3_000)));
        assert!(!samples.is_premultiplied());
    }

    #[test]
    fn alpha_is_useful_where_something_is_visible_and_something_is_not() {
        let of = |rgba: &[u8]| {
            let mut samples = AlphaSamples::default();
            samples.add(&AlphaSample::of(rgba));
            samples.unusable_reason().map(|reason| reason.contains("opaque"))
        };
        assert_eq!(of(&[1, 2, 3, 255, 1, 2, 3, 0]), None);
        assert_eq!(of(&[1, 2, 3, 255, 1, 2, 3, 252]), Some(true));
        assert_eq!(of(&[1, 2, 3, 0, 1, 2, 3, 3]), Some(false));
    }
}
