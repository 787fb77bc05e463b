//! Screens whose light changes, and clips of more than one shot.

use super::drawing::{PERSON, Person, Rgb, exposed, lit, number};
use super::footage::{Footage, SIZE, film, time_s};

const GREEN: Rgb = [14.0, 168.0, 72.0];
const BLUE: Rgb = [22.0, 80.0, 196.0];

/// A person before green, each frame at a gain of its own.
fn film_at(frames: usize, gain: impl Fn(usize) -> f64) -> Footage {
    film(frames, |frame| {
        let drawing = PERSON.draw(SIZE, time_s(frame));
        (exposed(drawing.over(lit(GREEN, SIZE)), gain(frame)), drawing.alpha)
    })
}

#[test]
fn a_screen_that_grows_darker_at_once_stays_clear() {
    let footage = film_at(26, |frame| if frame < 11 { 1.0 } else { 0.74 });
    footage.key().separates((0..11).chain(13..26));
}

#[test]
fn a_screen_that_grows_brighter_at_once_stays_clear() {
    let footage = film_at(26, |frame| if frame < 14 { 0.9 } else { 1.06 });
    footage.key().separates((0..14).chain(16..26));
}

#[test]
fn mains_flicker_leaves_no_haze() {
    let footage = film_at(28, |frame| 0.94 + 0.07 * (number(frame) * 1.7 + 0.4).sin());
    footage.key().separates(0..28);
}

#[test]
fn a_fade_from_and_to_black_keeps_the_screen_clear_while_it_is_seen() {
    let gain = |frame: usize| (number(frame) / 7.0).min(number(29 - frame) / 8.0).min(1.0);
    let footage = film_at(30, gain);
    let keyed = footage.key();
    for frame in (0..30).filter(|frame| gain(*frame) > 0.2) {
        let alpha = keyed.mean_alpha(frame, &keyed.screen(frame));
        assert!(alpha < 0.1, "frame {frame}: {alpha:.3}");
    }
    keyed.separates((0..30).filter(|frame| gain(*frame) > 0.6));
}

#[test]
fn a_cut_to_a_close_up_before_a_brighter_screen_is_keyed_anew() {
    let close = Person { middle: 0.56, top: 0.06, size: 1.05, ..PERSON };
    let footage = film(28, |frame| {
        let (person, gain) = if frame < 13 { (PERSON, 0.72) } else { (close, 1.0) };
        let drawing = person.draw(SIZE, time_s(frame));
        (exposed(drawing.over(lit(GREEN, SIZE)), gain), drawing.alpha)
    });
    footage.key().separates(0..28);
}

#[test]
fn a_cut_from_a_blue_screen_to_a_green_one_is_keyed_anew() {
    let footage = film(28, |frame| {
        let drawing = PERSON.draw(SIZE, time_s(frame));
        (drawing.over(lit(if frame < 15 { BLUE } else { GREEN }, SIZE)), drawing.alpha)
    });
    footage.key().separates(0..28);
}

#[test]
fn a_pan_over_wrinkles_leaves_no_folds() {
    let wide = (SIZE.0 * 2, SIZE.1);
    let screen = lit([20.0, 150.0, 62.0], wide);
    let footage = film(24, |frame| {
        let person = Person { middle: 0.7 - 0.011 * number(frame), ..PERSON };
        let drawing = person.draw(SIZE, time_s(frame));
        let picture = drawing.over(|x, y| {
            let x = x + frame * 5;
            let fold = 1.0 + 0.08 * (number(x) / 9.0 + 1.6 * (number(y) / 31.0).sin()).sin();
            screen(x, y).map(|channel| channel * fold)
        });
        (picture, drawing.alpha)
    });
    let keyed = footage.key();
    keyed.separates(0..24);
    for frame in 0..24 {
        assert_eq!(keyed.defects(frame).0, 0, "frame {frame}");
    }
}
