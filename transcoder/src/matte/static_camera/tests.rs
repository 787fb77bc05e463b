//! Mattes of synthetic clips, compared with their known alpha.

use std::sync::Arc;

use super::*;
use keyer::color::byte;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;
const FRAMES: usize = 30;
const SUBJECT: [f32; 3] = [190.0, 60.0, 70.0];

fn number(value: usize) -> f32 {
    f32::from(u16::try_from(value).unwrap())
}

/// A textured scene, shifted across.
fn scene(x: usize, y: usize, shift: f32) -> [f32; 3] {
    let (x, y) = (number(x) + shift, number(y));
    let waves = (x * 0.11).sin() * (y * 0.17).cos() + (x * 0.231 + y * 0.05).sin() + 0.6 * (x * 0.37 - y * 0.29).sin();
    [110.0 + 22.0 * waves, 125.0 + 26.0 * waves, 105.0 + 18.0 * waves]
}

fn is_subject(x: usize, y: usize, middle: f32) -> bool {
    (number(x) - middle).hypot(number(y) - 60.0) < 18.0
}

/// Packed RGB, without noise but for the last bit.
fn frame(index: usize, color: impl Fn(usize, usize) -> [f32; 3]) -> Vec<u8> {
    let pixels = (0..WIDTH * HEIGHT).flat_map(|pixel| {
        // A mixed-up number of pixel and frame: a regular one would be a pattern that moves.
        let mixed = (pixel * FRAMES + index).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let grain = number((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 62) - 1.5;
        color(pixel % WIDTH, pixel / WIDTH).map(|channel| byte(channel + grain))
    });
    pixels.collect()
}

/// A disc where `middle` says, in the light that `light` says.
fn clip(middle: impl Fn(usize) -> f32, shift: impl Fn(usize) -> f32, light: impl Fn(usize) -> f32) -> Vec<Vec<u8>> {
    let one = |index: usize| {
        frame(index, |x, y| {
            let color = if is_subject(x, y, middle(index)) { SUBJECT } else { scene(x, y, shift(index)) };
            color.map(|channel| channel * light(index))
        })
    };
    (0..FRAMES).map(one).collect()
}

fn learned(frames: &[Vec<u8>]) -> Result<BackgroundModel, Refusal> {
    learn(&Samples { width: WIDTH, height: HEIGHT, frames: frames.to_vec(), given_plate: None })
}

fn session_of(frames: &[Vec<u8>]) -> StaticCameraSession {
    let mut accumulator = PlateAccumulator::new(learned(frames).unwrap(), WIDTH, HEIGHT);
    frames.iter().enumerate().for_each(|(index, frame)| accumulator.add(index, frame));
    StaticCameraSession::new(Arc::new(accumulator.finish(None)))
}

fn rgba(frame: &[u8]) -> Vec<u8> {
    frame.as_chunks::<3>().0.iter().flat_map(|[red, green, blue]| [*red, *green, *blue, 255]).collect()
}

/// All frames, matted.
fn matted(session: &mut StaticCameraSession, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut pictures: Vec<Vec<u8>> = frames.iter().filter_map(|frame| session.push(rgba(frame))).collect();
    pictures.extend(session.finish());
    pictures
}

/// Number of wrongly classified pixels.
fn wrong(matte: &[u8], middle: f32) -> usize {
    let alphas = matte.as_chunks::<4>().0.iter().map(|pixel| pixel[3] > 127).enumerate();
    alphas.filter(|(index, found)| *found != is_subject(index % WIDTH, index / WIDTH, middle)).count()
}

#[test]
fn a_subject_that_rests_for_most_of_a_clip_is_not_background_and_drifting_light_is_followed() {
    // In for 4 frames, at rest for 18, out again.
    let middle = |index: usize| match index {
        0..6 => number(index) * 14.0,
        6..24 => 80.0,
        _ => 80.0 + number(index - 23) * 16.0,
    };
    let frames = clip(middle, |_| 0.0, |index| 0.9 + 0.2 * number(index) / number(FRAMES));
    let pictures = matted(&mut session_of(&frames), &frames);
    assert_eq!(pictures.len(), frames.len());
    for (index, picture) in pictures.iter().enumerate() {
        let wrong = wrong(picture, middle(index));
        assert!(wrong < 40, "frame {index}: {wrong}");
    }
}

#[test]
fn a_wall_that_saturates_in_brighter_light_is_no_subject() {
    let middle = |index: usize| number(index) * 5.0;
    let frames = clip(middle, |_| 0.0, |index| 1.0 + 1.1 * number(index) / number(FRAMES));
    let full = frames[FRAMES - 1].as_chunks::<3>().0.iter().filter(|pixel| pixel.contains(&255)).count();
    assert!(full > WIDTH * HEIGHT / 4, "{full}");
    for (index, picture) in matted(&mut session_of(&frames), &frames).iter().enumerate() {
        let wrong = wrong(picture, middle(index));
        assert!(wrong < 40, "frame {index}: {wrong}");
    }
}

#[test]
fn a_shadow_is_no_subject_and_cloth_as_dark_is() {
    let frames = clip(|index| number(index) * 5.0, |_| 0.0, |_| 1.0);
    let mut session = session_of(&frames);
    let alpha_at = |session: &mut StaticCameraSession, color: &dyn Fn([f32; 3]) -> [f32; 3]| {
        let inside = |x: usize, y: usize| (50..100).contains(&x) && (40..80).contains(&y);
        let painted = frame(3, |x, y| if inside(x, y) { color(scene(x, y, 0.0)) } else { scene(x, y, 0.0) });
        matted(session, &[painted])[0][(60 * WIDTH + 75) * 4 + 3]
    };
    assert_eq!(alpha_at(&mut session, &|color| color.map(|channel| channel * 0.6)), 0);
    assert_eq!(alpha_at(&mut session, &|_| [66.0, 75.0, 100.0]), 255);
}

#[test]
fn unsuitable_clips_are_refused_with_the_reason() {
    let walk = |index: usize| number(index) * 5.0;
    for shift in [|index: usize| number(index) * 2.0, |index: usize| (number(index) * 1.9).sin() * 2.0] {
        let refusal = learned(&clip(walk, shift, |_| 1.0)).unwrap_err();
        assert!(matches!(refusal, Refusal::CameraMoves { .. }), "{refusal}");
    }
    assert_eq!(learned(&clip(|_| -50.0, |_| 0.0, |_| 1.0)).unwrap_err(), Refusal::NothingMoves);
    let stays = learned(&clip(|index| 80.0 + (number(index) * 0.7).sin() * 5.0, |_| 0.0, |_| 1.0)).unwrap_err();
    assert_eq!(stays, Refusal::NeverUncovered);
    assert_eq!(learned(&clip(walk, |_| 0.0, |_| 1.0)[..4]).unwrap_err(), Refusal::TooFewFrames);
}

#[test]
fn a_frame_of_another_size_is_left_out() {
    let mut session = session_of(&clip(|index| number(index) * 5.0, |_| 0.0, |_| 1.0));
    assert_eq!(session.push(vec![7; 100]), Some(vec![7; 100]));
    assert_eq!(session.finish(), None);
}

#[test]
fn alpha_of_motion_blur_is_the_share_of_time_in_which_the_subject_covers_a_pixel() {
    // Twenty pixels a frame, with the shutter open for three quarters of that.
    let middle = |index: usize| 30.0 + number(index % 6) * 20.0;
    let smeared = |index: usize, x: usize, y: usize| {
        let there = (0..30).filter(|part| is_subject(x, y, middle(index) + (number(*part) / 29.0 - 0.5) * 15.0)).count();
        number(there) / 30.0
    };
    let one = |index: usize| {
        frame(index, |x, y| {
            let (share, behind) = (smeared(index, x, y), scene(x, y, 0.0));
            [0, 1, 2].map(|channel| share * SUBJECT[channel] + (1.0 - share) * behind[channel])
        })
    };
    let frames: Vec<Vec<u8>> = (0..FRAMES).map(one).collect();
    let pictures = matted(&mut session_of(&frames), &frames);
    for index in [8, 9, 14, 15] {
        let off = pictures[index]
            .as_chunks::<4>()
            .0
            .iter()
            .enumerate()
            .map(|(pixel, found)| (f32::from(found[3]) / 255.0 - smeared(index, pixel % WIDTH, pixel / WIDTH)).powi(2));
        let all = (0..WIDTH * HEIGHT).map(|pixel| smeared(index, pixel % WIDTH, pixel / WIDTH)).sum::<f32>();
        let wrong = off.sum::<f32>() / all;
        assert!(wrong < 0.005, "frame {index}: {wrong}");
    }
}
