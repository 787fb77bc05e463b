//! Pixels in, pixels out, against a truth that was painted.

use super::*;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;
const SUBJECT: [f32; 3] = [200.0, 60.0, 50.0];

/// A disc with a three-pixel edge: its true alpha.
fn disc(x: usize, y: usize) -> f32 {
    let (x, y) = (f32::from(u16::try_from(x).unwrap()), f32::from(u16::try_from(y).unwrap()));
    ((42.0 - (x - 80.0).hypot(y - 60.0)) / 3.0).clamp(0.0, 1.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "colours between 0 and 255")]
fn plate(screen: impl Fn(usize, usize) -> [f32; 3]) -> Vec<u8> {
    let pixel = |index: usize| {
        let (x, y) = (index % WIDTH, index / WIDTH);
        let alpha = disc(x, y);
        let behind = screen(x, y);
        [0, 1, 2].map(|channel| (SUBJECT[channel] * alpha + behind[channel] * (1.0 - alpha) + 0.5) as u8)
    };
    (0..WIDTH * HEIGHT).flat_map(pixel).collect()
}

fn key(pixels: &[u8]) -> Vec<u8> {
    let frame = RgbFrame { width: WIDTH, height: HEIGHT, pixels };
    Keyer::new(ScreenModel::detect(&[frame]).expect("a screen")).key(frame)
}

fn check(keyed: &[u8]) {
    let mut edge_error = 0.0_f32;
    for (index, pixel) in keyed.chunks_exact(4).enumerate() {
        let (truth, alpha) = (disc(index % WIDTH, index / WIDTH), f32::from(pixel[3]) / 255.0);
        if truth <= 0.0 || truth >= 1.0 {
            assert!((alpha - truth).abs() < f32::EPSILON, "{index}: {alpha} is not {truth}");
        }
        edge_error = edge_error.max((alpha - truth).abs());
        for (channel, expected) in pixel.iter().zip(SUBJECT) {
            assert!((f32::from(*channel) - expected).abs() < 40.0, "{index}: {pixel:?}");
        }
    }
    assert!(edge_error < 0.12, "{edge_error}");
}

#[test]
fn a_disc_is_solid_its_surroundings_clear_and_its_edge_between() {
    for screen in [[0.0, 177.0, 64.0], [0.0, 71.0, 187.0], [30.0, 190.0, 200.0]] {
        check(&key(&plate(|_, _| screen)));
    }
}

#[test]
fn uneven_light_is_followed() {
    check(&key(&plate(|x, y| {
        let light = 0.7 + 0.4 * f32::from(u8::try_from((x + y) * 255 / (WIDTH + HEIGHT)).unwrap()) / 255.0;
        [0.0, 177.0 * light, 64.0 * light]
    })));
}

#[test]
fn noise_leaves_no_speck() {
    let mut state = 7_u32;
    let mut pixels = plate(|_, _| [20.0, 170.0, 70.0]);
    for channel in &mut pixels {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *channel = channel.saturating_add((state >> 28) as u8 / 2).saturating_sub(4);
    }
    let keyed = key(&pixels);
    for (index, pixel) in keyed.chunks_exact(4).enumerate() {
        let truth = disc(index % WIDTH, index / WIDTH);
        if truth <= 0.0 || truth >= 1.0 {
            assert_eq!(pixel[3], if truth > 0.0 { 255 } else { 0 }, "{index}");
        }
    }
}
