//! Keyed synthetic frames, compared with their known alpha.

use super::*;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;
const SUBJECT: [f32; 3] = [200.0, 60.0, 50.0];
const GREEN: [f32; 3] = [0.0, 177.0, 64.0];
const BT709: (f32, f32) = (0.2126, 0.0722);

fn format(across: usize, down: usize, depth_bits: u32) -> PlanarFormat {
    PlanarFormat { width: WIDTH, height: HEIGHT, across, down, depth_bits, matrix: YuvMatrix::Bt709, is_full_range: false }
}

/// A disc with a three-pixel edge: its true alpha.
fn disc(x: usize, y: usize) -> f32 {
    let (across, down) = (f32::from(u16::try_from(x).unwrap()), f32::from(u16::try_from(y).unwrap()));
    ((42.0 - (across - 80.0).hypot(down - 60.0)) / 3.0).clamp(0.0, 1.0)
}

fn over(subject: [f32; 3], screen: [f32; 3], alpha: f32) -> [f32; 3] {
    [0, 1, 2].map(|channel| subject[channel] * alpha + screen[channel] * (1.0 - alpha))
}

/// A picture as the planes of a format.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "codes in range")]
fn planar(format: &PlanarFormat, color: impl Fn(usize, usize) -> [f32; 3]) -> Vec<u8> {
    let unit = (1_u32 << (format.depth_bits - 8)) as f32;
    let push = |bytes: &mut Vec<u8>, code: f32| {
        let code = (code * unit + 0.5) as u16;
        if format.depth_bits > 8 { bytes.extend(code.to_le_bytes()) } else { bytes.push(code as u8) }
    };
    let (kr, kb) = BT709;
    let luma = |[red, green, blue]: [f32; 3]| kr * red + (1.0 - kr - kb) * green + kb * blue;
    let mut bytes = Vec::new();
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            push(&mut bytes, 16.0 + luma(color(x, y)) * 219.0 / 255.0);
        }
    }
    for (channel, share) in [(2, kb), (0, kr)] {
        for row in 0..format.rows() {
            for column in 0..format.columns() {
                let mut sum = 0.0;
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let color = color(column * format.across + dx % format.across, row * format.down + dy % format.down);
                    sum += (color[channel] - luma(color)) * 0.5 / (1.0 - share) * 0.25;
                }
                push(&mut bytes, 128.0 + sum * 224.0 / 255.0);
            }
        }
    }
    bytes
}

fn key(format: PlanarFormat, screen: [f32; 3], frame: &[u8]) -> Vec<u8> {
    let mut keyer = Keyer::new(Screen { color: screen, coverage: 1.0 }, format, KeyOptions::default());
    let mut picture = vec![7; WIDTH * HEIGHT * 4];
    keyer.key(frame, &mut picture);
    picture
}

/// How far from the truth alpha is at worst, beside edges exactly right; and colours near the
/// subject's.
fn check(keyed: &[u8], subject: [f32; 3], what: &str) {
    let mut worst = 0.0_f32;
    for (index, pixel) in keyed.chunks_exact(4).enumerate() {
        let (x, y) = (index % WIDTH, index / WIDTH);
        let (truth, alpha) = (disc(x, y), f32::from(pixel[3]) / 255.0);
        let is_plain = (-3_isize..=3).all(|dx| {
            (-3_isize..=3).all(|dy| disc(x.saturating_add_signed(dx), y.saturating_add_signed(dy)).to_bits() == truth.to_bits())
        });
        if is_plain {
            assert!((alpha - truth).abs() < f32::EPSILON, "{what} {x} {y}: {alpha} is not {truth}");
        }
        worst = worst.max((alpha - truth).abs());
        for (channel, expected) in pixel.iter().zip(subject) {
            assert!((f32::from(*channel) - expected).abs() < 60.0, "{what} {x} {y}: {pixel:?}");
        }
    }
    assert!(worst < 0.15, "{what}: {worst}");
}

#[test]
fn a_disc_is_solid_its_surroundings_clear_and_its_edge_between_in_every_format() {
    for (across, down, depth_bits) in [(2, 2, 8), (2, 1, 8), (1, 1, 8), (2, 2, 10), (2, 1, 10), (1, 1, 10)] {
        for screen in [GREEN, [0.0, 71.0, 187.0], [30.0, 190.0, 200.0]] {
            let format = format(across, down, depth_bits);
            let frame = planar(&format, |x, y| over(SUBJECT, screen, disc(x, y)));
            check(&key(format, screen, &frame), SUBJECT, &format!("{across} {down} {depth_bits} {screen:?}"));
        }
    }
}

#[test]
fn a_subject_that_leans_towards_the_screen_is_opaque_and_keeps_its_colour() {
    let format = format(2, 2, 8);
    for subject in [[95.0, 110.0, 40.0], [40.0, 95.0, 90.0], [128.0, 128.0, 128.0]] {
        let frame = planar(&format, |x, y| over(subject, GREEN, disc(x, y)));
        let keyed = key(format, GREEN, &frame);
        let middle = &keyed[(60 * WIDTH + 80) * 4..][..4];
        assert_eq!(middle[3], 255, "{subject:?}");
        for (channel, expected) in middle.iter().zip(subject) {
            assert!((f32::from(*channel) - expected).abs() < 4.0, "{subject:?}: {middle:?}");
        }
    }
}

#[test]
fn uneven_light_is_followed() {
    let format = format(2, 2, 8);
    let frame = planar(&format, |x, y| {
        let light = 0.7 + 0.4 * f32::from(u8::try_from((x + y) * 255 / (WIDTH + HEIGHT)).unwrap()) / 255.0;
        over(SUBJECT, GREEN.map(|channel| channel * light), disc(x, y))
    });
    check(&key(format, GREEN.map(|channel| channel * 0.9), &frame), SUBJECT, "uneven");
}

#[test]
fn noise_leaves_no_speck() {
    let format = format(2, 2, 8);
    let mut frame = planar(&format, |x, y| over(SUBJECT, GREEN, disc(x, y)));
    let mut state = 7_u32;
    for code in &mut frame {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *code = code.saturating_add((state >> 28) as u8 / 2).saturating_sub(4);
    }
    check(&key(format, GREEN, &frame), SUBJECT, "noise");
}

#[test]
fn light_that_changes_is_followed_from_frame_to_frame() {
    let format = format(2, 2, 8);
    let mut keyer = Keyer::new(Screen { color: GREEN, coverage: 1.0 }, format, KeyOptions::default());
    let mut picture = vec![0; WIDTH * HEIGHT * 4];
    for light in [1.0, 0.99, 0.98, 0.97, 0.96, 0.95] {
        let frame = planar(&format, |x, y| over(SUBJECT, GREEN.map(|channel| channel * light), disc(x, y)));
        keyer.key(&frame, &mut picture);
        check(&picture, SUBJECT, &format!("{light}"));
    }
}

#[test]
fn spill_is_removed_from_the_rim_and_grey_stays_grey() {
    let format = format(2, 2, 8);
    let grey = [150.0; 3];
    let lit = |x: usize, y: usize| {
        let (right, below) = (f32::from(u16::try_from(x).unwrap()) - 80.0, f32::from(u16::try_from(y).unwrap()) - 60.0);
        let spill = 0.25 * ((right.hypot(below) - 30.0) / 5.0).clamp(0.0, 1.0);
        over([0, 1, 2].map(|channel| grey[channel] + spill * GREEN[channel]), GREEN, disc(x, y))
    };
    let frame = planar(&format, lit);
    let green_on_rim = |options: KeyOptions| {
        let mut keyer = Keyer::new(Screen { color: GREEN, coverage: 1.0 }, format, options);
        let mut picture = vec![0; WIDTH * HEIGHT * 4];
        (0..8).for_each(|_| keyer.key(&frame, &mut picture));
        let pixel = &picture[(60 * WIDTH + 80 + 35) * 4..][..4];
        f32::from(pixel[1]) - f32::from(pixel[0]).midpoint(f32::from(pixel[2]))
    };
    let (cleaned, kept) =
        (green_on_rim(KeyOptions::default()), green_on_rim(KeyOptions { spill_strength: Some(0.0), ..KeyOptions::default() }));
    assert!(kept > 10.0, "{kept}");
    assert!(cleaned < kept * 0.85, "{cleaned} of {kept}");
    let half = green_on_rim(KeyOptions { spill_strength: Some(0.5), ..KeyOptions::default() });
    assert!(half > cleaned + 1.0 && half < kept - 1.0, "{cleaned} {half} {kept}");
    for pixel in key(format, GREEN, &planar(&format, |x, y| over(grey, GREEN, disc(x, y)))).chunks_exact(4) {
        let (least, most) = (pixel[..3].iter().min().unwrap(), pixel[..3].iter().max().unwrap());
        assert!(pixel[3] < 255 || most - least < 8, "{pixel:?}");
    }
}

#[test]
fn a_frame_of_another_size_is_left_out() {
    let format = format(2, 2, 8);
    assert!(key(format, GREEN, &[0; 100]).iter().all(|byte| *byte == 7));
}

/// The alphas of the disc's keyed edge.
fn keyed_edge(options: KeyOptions) -> Vec<f32> {
    let format = format(2, 2, 8);
    let frame = planar(&format, |x, y| over(SUBJECT, GREEN, disc(x, y)));
    let mut keyer = Keyer::new(Screen { color: GREEN, coverage: 1.0 }, format, options);
    let mut picture = vec![0; WIDTH * HEIGHT * 4];
    keyer.key(&frame, &mut picture);
    picture.chunks_exact(4).map(|pixel| f32::from(pixel[3]) / 255.0).collect()
}

#[test]
fn the_black_and_white_points_stretch_the_matte() {
    let plain = keyed_edge(KeyOptions::default());
    let stretched = keyed_edge(KeyOptions { black_point: Some(0.3), white_point: Some(0.7), ..KeyOptions::default() });
    assert!(plain.iter().any(|alpha| *alpha > 0.05 && *alpha < 0.25) && plain.iter().any(|alpha| *alpha > 0.75 && *alpha < 0.95));
    for (plain, stretched) in plain.iter().zip(stretched) {
        let expected = ((plain - 0.3) / 0.4).clamp(0.0, 1.0);
        assert!((stretched - expected).abs() < 0.01, "{plain} became {stretched}");
    }
}

#[test]
fn any_flat_colour_is_found_and_keyed() {
    let format = format(2, 2, 8);
    for screen in [[220.0, 20.0, 30.0], [210.0, 20.0, 190.0], [20.0, 200.0, 210.0], [235.0, 120.0, 10.0]] {
        let subject = [225.0, 232.0, 240.0];
        let at = |x: usize, y: usize| over(subject, screen, disc(x, y));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes in range")]
        let pixels: Vec<u8> =
            (0..WIDTH * HEIGHT).flat_map(|index| at(index % WIDTH, index / WIDTH).map(|code| code as u8)).collect();
        let model = Screen::detect(&[RgbFrame { width: WIDTH, height: HEIGHT, pixels: &pixels }]).unwrap();
        for (found, expected) in model.color.iter().zip(screen) {
            assert!((found - expected).abs() < 2.0, "{model:?} {screen:?}");
        }
        check(&key(format, model.color, &planar(&format, at)), subject, &format!("{screen:?}"));
    }
}

#[test]
fn a_given_screen_colour_replaces_the_detected_one() {
    let format = format(2, 2, 8);
    let frame = planar(&format, |x, y| over(SUBJECT, GREEN, disc(x, y)));
    let corner = |options: KeyOptions| {
        let mut keyer = Keyer::new(Screen { color: [0.0, 71.0, 187.0], coverage: 1.0 }, format, options);
        let mut picture = vec![0; WIDTH * HEIGHT * 4];
        keyer.key(&frame, &mut picture);
        picture[3]
    };
    assert!(corner(KeyOptions::default()) > 0, "the wrong colour must not do by chance");
    assert_eq!(corner(KeyOptions { screen_color: Some(GREEN), ..KeyOptions::default() }), 0);
}

#[test]
fn a_still_scene_hardly_flickers_in_noise() {
    let format = format(2, 2, 8);
    let mut keyer = Keyer::new(Screen { color: GREEN, coverage: 1.0 }, format, KeyOptions::default());
    let still = planar(&format, |x, y| over(SUBJECT, GREEN, disc(x, y)));
    let (mut picture, mut before, mut state, mut worst) = (vec![0; WIDTH * HEIGHT * 4], Vec::new(), 7_u32, 0.0_f32);
    for _ in 0..8 {
        let mut frame = still.clone();
        for code in &mut frame {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *code = code.saturating_add((state >> 28) as u8 / 4).saturating_sub(2);
        }
        keyer.key(&frame, &mut picture);
        let alphas: Vec<f32> = picture.chunks_exact(4).map(|pixel| f32::from(pixel[3]) / 255.0).collect();
        let edge: Vec<f32> = alphas
            .iter()
            .zip(&before)
            .map(|(now, then): (&f32, &f32)| (now - then) * (now - then))
            .filter(|square| *square > 0.0)
            .collect();
        let pixels = f32::from(u16::try_from(edge.len().max(1)).unwrap());
        worst = worst.max((edge.iter().sum::<f32>() / pixels).sqrt());
        before = alphas;
    }
    assert!(worst < 0.05, "{worst}");
}
