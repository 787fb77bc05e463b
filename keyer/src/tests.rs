//! Drawn clips in, pixels out.

use super::*;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;
const FRAMES: usize = 16;
const SUBJECT: [f32; 3] = [200.0, 60.0, 50.0];
const GREEN: [f32; 3] = [0.0, 177.0, 64.0];
const BLUE: [f32; 3] = [0.0, 71.0, 187.0];

type Color = [f32; 3];

fn format(across: usize, down: usize, depth_bits: u32) -> PlanarFormat {
    sized(WIDTH, HEIGHT, across, down, depth_bits)
}

fn sized(width: usize, height: usize, across: usize, down: usize, depth_bits: u32) -> PlanarFormat {
    PlanarFormat { width, height, across, down, depth_bits, matrix: YuvMatrix::Bt709, is_full_range: false }
}

/// A picture as the planes of a format, chroma between the pixels.
fn planar(format: &PlanarFormat, color: impl Fn(usize, usize) -> Color) -> Vec<u8> {
    let unit = (1_u32 << (format.depth_bits - 8)) as f32;
    let push = |bytes: &mut Vec<u8>, code: f32| {
        let code = (code * unit + 0.5) as u16;
        if format.depth_bits > 8 { bytes.extend(code.to_le_bytes()) } else { bytes.push(code as u8) }
    };
    let (kr, kb) = format.matrix.red_blue();
    let luma = |[red, green, blue]: Color| kr * red + (1.0 - kr - kb) * green + kb * blue;
    let clamped =
        |x: usize, y: usize| color(x.min(format.width - 1), y.min(format.height - 1)).map(|value| value.clamp(0.0, 255.0));
    let mut bytes = Vec::new();
    for y in 0..format.height {
        for x in 0..format.width {
            push(&mut bytes, 16.0 + luma(clamped(x, y)) * 219.0 / 255.0);
        }
    }
    for (channel, share) in [(2, kb), (0, kr)] {
        for row in 0..format.rows() {
            for column in 0..format.columns() {
                let mut sum = 0.0;
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let color = clamped(column * format.across + dx % format.across, row * format.down + dy % format.down);
                    sum += (color[channel] - luma(color)) * 0.5 / (1.0 - share) * 0.25;
                }
                push(&mut bytes, 128.0 + sum * 224.0 / 255.0);
            }
        }
    }
    bytes
}

fn over(subject: Color, screen: Color, alpha: f32) -> Color {
    [0, 1, 2].map(|channel| subject[channel] * alpha + screen[channel] * (1.0 - alpha))
}

/// A disc with a three-pixel edge that moves to and fro: its true alpha.
fn disc(frame: usize, x: usize, y: usize) -> f32 {
    let middle = 80.0 + 24.0 * (frame as f32 * 0.7).sin();
    ((30.0 - (x as f32 - middle).hypot(y as f32 - 60.0)) / 3.0).clamp(0.0, 1.0)
}

/// The disc's soft shadow, to the right of it.
fn penumbra(frame: usize, x: usize, y: usize) -> f32 {
    let middle = 94.0 + 24.0 * (frame as f32 * 0.7).sin();
    ((36.0 - (x as f32 - middle).hypot(y as f32 - 66.0)) / 14.0).clamp(0.0, 1.0)
}

/// A little noise that is the same in every run.
fn grain(frame: usize, x: usize, y: usize) -> f32 {
    let mixed = (x * 7919 + y * 104_729 + frame * 1_299_709) % 1_000;
    mixed as f32 / 250.0 - 2.0
}

fn brighter(color: Color, by: f32) -> Color {
    color.map(|channel| channel * by)
}

struct Keyed {
    frames: Vec<Vec<u8>>,
    screens: Vec<ScreenFound>,
}

impl Keyed {
    fn pixel(&self, frame: usize, x: usize, y: usize) -> [u8; 4] {
        let at = (y * WIDTH + x) * 4;
        self.frames[frame][at..at + 4].try_into().unwrap()
    }

    fn alpha(&self, frame: usize, x: usize, y: usize) -> u8 {
        self.pixel(frame, x, y)[3]
    }

    /// Pixels far from the disc's edge on the wrong side of a half.
    fn check_disc(&self, what: &str) {
        for (frame, pixels) in self.frames.iter().enumerate() {
            for (index, pixel) in pixels.chunks_exact(4).enumerate() {
                let (x, y) = (index % WIDTH, index / WIDTH);
                let near = [(-6, 0), (6, 0), (0, -6), (0, 6), (0, 0)];
                let alphas = near.map(|(dx, dy)| disc(frame, x.saturating_add_signed(dx), y.saturating_add_signed(dy)));
                if alphas.iter().all(|alpha| *alpha <= 0.0) {
                    assert!(pixel[3] < 26, "{what}: frame {frame} at {x} {y} is screen, alpha {}", pixel[3]);
                }
                if alphas.iter().all(|alpha| *alpha >= 1.0) {
                    assert!(pixel[3] > 229, "{what}: frame {frame} at {x} {y} is subject, alpha {}", pixel[3]);
                }
            }
        }
    }
}

fn key_with(format: PlanarFormat, options: KeyOptions, frames: &[Vec<u8>]) -> Result<Keyed, Refusal> {
    let mut learner = Learner::new(format, options);
    for (index, frame) in frames.iter().enumerate() {
        learner.learn(index, frame);
    }
    let mut keyer = learner.finish()?;
    let keyed = frames.iter().map(|frame| {
        let mut picture = vec![7; format.width * format.height * 4];
        keyer.key(frame, &mut picture);
        picture
    });
    let frames = keyed.collect();
    Ok(Keyed { frames, screens: keyer.screens() })
}

fn key(format: PlanarFormat, color: impl Fn(usize, usize, usize) -> Color) -> Keyed {
    let frames: Vec<Vec<u8>> =
        (0..FRAMES).map(|frame| planar(&format, |x, y| color(frame, x, y).map(|channel| channel + grain(frame, x, y)))).collect();
    key_with(format, KeyOptions::default(), &frames).unwrap()
}

#[test]
fn a_disc_is_solid_and_its_surroundings_clear_in_every_format() {
    for (across, down, depth_bits) in [(2, 2, 8), (2, 1, 8), (1, 1, 8), (2, 2, 10), (2, 1, 10)] {
        for screen in [GREEN, BLUE, [30.0, 190.0, 200.0]] {
            let keyed = key(format(across, down, depth_bits), |frame, x, y| over(SUBJECT, screen, disc(frame, x, y)));
            keyed.check_disc(&format!("{across} {down} {depth_bits} {screen:?}"));
        }
    }
}

#[test]
fn creases_and_the_subjects_shadow_are_screen() {
    let keyed = key(format(2, 2, 8), |frame, x, y| {
        let crease = if (x + y / 2) % 37 < 3 { 0.72 } else { 1.0 };
        let shadow = 1.0 - 0.35 * penumbra(frame, x, y);
        over(SUBJECT, brighter(GREEN, crease * shadow), disc(frame, x, y))
    });
    for (frame, pixels) in keyed.frames.iter().enumerate() {
        // Where the screen is seen in half of the frames at least.
        let is_far = |x: usize, y: usize| {
            let seen = (0..FRAMES).filter(|frame| disc(*frame, x, y) <= 0.0 && penumbra(*frame, x, y) < 1.0).count();
            seen * 2 > FRAMES && [x - x.min(6), x, x + 6].iter().all(|x| disc(frame, *x, y) <= 0.0)
        };
        let opaque =
            pixels.chunks_exact(4).enumerate().filter(|(index, pixel)| is_far(index % WIDTH, index / WIDTH) && pixel[3] > 40);
        let opaque: Vec<_> = opaque.map(|(index, pixel)| (index % WIDTH, index / WIDTH, pixel[3])).collect();
        assert!(opaque.len() < 20, "frame {frame}: {opaque:?}");
    }
}

#[test]
fn marks_on_the_screen_belong_to_it() {
    let keyed = key(format(2, 2, 8), |frame, x, y| {
        let is_mark = x.abs_diff(20) < 3 && y.abs_diff(20) < 3;
        over(SUBJECT, if is_mark { [230.0, 120.0, 30.0] } else { GREEN }, disc(frame, x, y))
    });
    for frame in 0..FRAMES {
        assert_eq!(keyed.alpha(frame, 20, 20), 0, "frame {frame}");
    }
    keyed.check_disc("marks");
}

#[test]
fn a_step_of_light_is_followed_at_once() {
    for step in [0.75, 1.25] {
        let keyed = key(format(2, 2, 8), |frame, x, y| {
            let light = if frame < 8 { 1.0 } else { step };
            brighter(over(SUBJECT, [10.0, 150.0, 60.0], disc(frame, x, y)), light)
        });
        keyed.check_disc(&format!("light times {step}"));
    }
}

#[test]
fn flicker_leaves_no_haze() {
    let keyed = key(format(2, 2, 8), |frame, x, y| {
        let light = if frame % 3 == 0 { 0.95 } else { 1.0 };
        brighter(over(SUBJECT, GREEN, disc(frame, x, y)), light)
    });
    keyed.check_disc("flicker");
}

#[test]
fn a_cut_to_another_screen_colour_is_learned_anew() {
    let keyed = key(format(2, 2, 8), |frame, x, y| over(SUBJECT, if frame < 7 { GREEN } else { BLUE }, disc(frame, x, y)));
    assert_eq!(keyed.screens.iter().map(|screen| screen.first_frame).collect::<Vec<_>>(), [0, 7]);
    keyed.check_disc("cut");
}

#[test]
fn a_cut_between_two_frames_that_were_looked_at_is_found_while_keying() {
    let format = format(2, 2, 8);
    let screen = |frame: usize| if frame < 9 { GREEN } else { BLUE };
    let frames: Vec<Vec<u8>> =
        (0..FRAMES).map(|frame| planar(&format, |x, y| over(SUBJECT, screen(frame), disc(frame, x, y)))).collect();
    let mut learner = Learner::new(format, KeyOptions::default());
    for index in (0..FRAMES).step_by(4) {
        learner.learn(index, &frames[index]);
    }
    let mut keyer = learner.finish().unwrap();
    let mut keyed = Keyed { frames: Vec::new(), screens: keyer.screens() };
    for frame in &frames {
        let mut picture = vec![0; WIDTH * HEIGHT * 4];
        keyer.key(frame, &mut picture);
        keyed.frames.push(picture);
    }
    keyed.check_disc("cut");
}

#[test]
fn bars_are_clear_and_hide_no_screen() {
    let keyed = key(
        format(2, 2, 8),
        |frame, x, y| if (16..104).contains(&y) { over(SUBJECT, GREEN, disc(frame, x, y)) } else { [-4.0; 3] },
    );
    for frame in 0..FRAMES {
        for (x, y) in [(5, 3), (80, 10), (150, 116), (5, 17), (150, 101)] {
            assert_eq!(keyed.alpha(frame, x, y), 0, "frame {frame} at {x} {y}");
        }
        assert!(keyed.alpha(frame, (80.0 + 24.0 * (frame as f32 * 0.7).sin()) as usize, 60) > 250);
    }
}

#[test]
fn what_stands_beside_the_screen_is_opaque_unless_a_garbage_matte_is_asked_for() {
    let format = format(2, 2, 8);
    let frames: Vec<Vec<u8>> = (0..FRAMES)
        .map(|frame| {
            planar(&format, |x, y| match x {
                ..20 => [120.0, 110.0, 100.0],
                20..28 => [60.0, 120.0, 40.0],
                _ => over(SUBJECT, GREEN, disc(frame, x, y)),
            })
        })
        .collect();
    for (outside, alpha) in [(Outside::Keep, 255), (Outside::Clear, 0)] {
        let keyed = key_with(format, KeyOptions { outside, ..KeyOptions::default() }, &frames).unwrap();
        for (x, y) in [(4, 10), (12, 100), (22, 60)] {
            assert_eq!(keyed.alpha(9, x, y), alpha, "{outside:?} {x} {y}");
        }
        assert!(keyed.screens[0].outside_share > 0.1);
    }
}

#[test]
fn a_dim_screen_is_found() {
    let keyed = key(format(2, 2, 8), |frame, x, y| over([90.0, 40.0, 35.0], [6.0, 52.0, 24.0], disc(frame, x, y)));
    keyed.check_disc("dim");
}

#[test]
fn denim_before_blue_is_opaque() {
    let keyed = key(format(2, 2, 8), |frame, x, y| {
        let fold = 1.0 + 0.12 * (x as f32 * 0.5).sin() * (y as f32 * 0.4).cos();
        over(brighter([60.0, 84.0, 124.0], fold), BLUE, disc(frame, x, y))
    });
    keyed.check_disc("denim");
}

#[test]
fn a_colour_that_leans_to_the_screen_is_kept() {
    for subject in [[95.0, 110.0, 40.0], [40.0, 95.0, 90.0], [128.0, 128.0, 128.0]] {
        let keyed = key(format(2, 2, 8), |frame, x, y| over(subject, GREEN, disc(frame, x, y)));
        let middle = keyed.pixel(0, 80, 60);
        assert_eq!(middle[3], 255, "{subject:?}");
        for (channel, expected) in middle.iter().zip(subject) {
            assert!((f32::from(*channel) - expected).abs() < 8.0, "{subject:?}: {middle:?}");
        }
    }
}

#[test]
fn greys_stay_grey_and_skin_turns_neither_maroon_nor_magenta() {
    for subject in [[200.0; 3], [90.0; 3], [224.0, 172.0, 140.0], [92.0, 58.0, 42.0]] {
        let keyed = key(format(2, 2, 8), |frame, x, y| {
            let alpha = disc(frame, x, y);
            // The screen's light falls on the rim.
            let light = 0.12 * (1.0 - disc(frame, x, y.saturating_sub(4)) * disc(frame, x, y + 4));
            let lit = [0, 1, 2].map(|channel| subject[channel] + light * GREEN[channel]);
            over(lit, GREEN, alpha)
        });
        for (x, y) in [(80, 60), (80, 36), (80, 84)] {
            let pixel = keyed.pixel(0, x, y);
            for (channel, expected) in pixel.iter().zip(subject) {
                assert!((f32::from(*channel) - expected).abs() < 22.0, "{subject:?} at {x} {y}: {pixel:?}");
            }
        }
    }
}

#[test]
fn the_same_frames_give_the_same_bytes() {
    let picture = |frame: usize, x: usize, y: usize| over(SUBJECT, GREEN, disc(frame, x, y));
    let (first, second) = (key(format(2, 2, 8), picture), key(format(2, 2, 8), picture));
    assert!(first.frames == second.frames);
}

#[test]
fn narrow_frames_and_missing_data_do_not_panic() {
    for width in 1..=8 {
        for height in [1, 2, 3, 8, 65] {
            for (across, down) in [(2, 2), (2, 1), (1, 1)] {
                let format = sized(width, height, across, down, 8);
                let frames: Vec<Vec<u8>> =
                    (0..5).map(|frame| planar(&format, |x, y| if x + y > 9 + frame { SUBJECT } else { GREEN })).collect();
                if let Ok(keyed) = key_with(format, KeyOptions::default(), &frames) {
                    assert_eq!(keyed.frames[0].len(), width * height * 4);
                }
            }
        }
    }
    let format = format(2, 2, 8);
    assert_eq!(Learner::new(format, KeyOptions::default()).finish().err(), Some(Refusal::NoFrames));
    let mut learner = Learner::new(format, KeyOptions::default());
    learner.learn(0, &[]);
    assert_eq!(learner.finish().err(), Some(Refusal::NoFrames));
    let mut learner = Learner::new(sized(0, 0, 2, 2, 8), KeyOptions::default());
    learner.learn(0, &[]);
    assert_eq!(learner.finish().err(), Some(Refusal::NoFrames));
}

#[test]
fn pictures_without_a_screen_and_screens_without_a_hue_are_refused() {
    let format = format(2, 2, 8);
    let grey: Vec<Vec<u8>> =
        (0..4).map(|frame| planar(&format, |x, y| [100.0 + ((x * 31 + y * 17 + frame) % 50) as f32; 3])).collect();
    assert_eq!(key_with(format, KeyOptions::default(), &grey).err(), Some(Refusal::NoScreen));
    for color in [[255.0; 3], [0.0; 3], [128.0; 3]] {
        let options = KeyOptions { screen_color: Some(color), ..KeyOptions::default() };
        assert_eq!(key_with(format, options, &grey).err(), Some(Refusal::ColorlessScreen));
    }
}
