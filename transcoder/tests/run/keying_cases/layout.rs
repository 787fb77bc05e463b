//! Screens that do not fill the picture, or are marked, dim or off-hue.

use super::drawing::{PERSON, Person, Rgb, lit};
use super::footage::{Footage, Keyed, SIZE, film, film_before, time_s};

const GREEN: Rgb = [30.0, 160.0, 66.0];

/// Black bars of so many columns at the sides and rows above and below.
fn film_behind_bars(across: usize, down: usize) -> Footage {
    let person = Person { top: 0.24, size: 0.5, ..PERSON };
    film(24, |frame| {
        let mut drawing = person.draw(SIZE, time_s(frame));
        let mut picture = drawing.over(lit(GREEN, SIZE));
        for index in bars(across, down) {
            picture[index] = [0.0; 3];
            drawing.alpha[index] = 0.0;
        }
        (picture, drawing.alpha)
    })
}

fn bars(across: usize, down: usize) -> impl Iterator<Item = usize> {
    (0..SIZE.0 * SIZE.1).filter(move |index| {
        let (x, y) = (index % SIZE.0, index / SIZE.0);
        x < across || x >= SIZE.0 - across || y < down || y >= SIZE.1 - down
    })
}

/// Screen and bars are clear in each frame.
fn leaves_no_bars(keyed: &Keyed, across: usize, down: usize) {
    let bars: Vec<usize> = bars(across, down).collect();
    for frame in 0..24 {
        let alpha = keyed.mean_alpha(frame, &bars);
        assert!(alpha < 0.02, "bars in frame {frame}: {alpha:.3}");
    }
    keyed.separates(0..24);
}

#[test]
fn broad_bars_above_and_below_are_clear_and_the_screen_is_found() {
    leaves_no_bars(&film_behind_bars(0, 26).key(), 0, 26);
}

#[test]
fn thin_bars_are_clear() {
    leaves_no_bars(&film_behind_bars(0, 7).key(), 0, 7);
}

#[test]
fn bars_at_the_sides_are_clear() {
    leaves_no_bars(&film_behind_bars(40, 0).key(), 40, 0);
}

#[test]
fn a_screen_amid_a_studio_is_found_and_keyed() {
    let person = Person { middle: 0.5, top: 0.2, size: 0.56, ..PERSON };
    let screen = lit(GREEN, SIZE);
    let is_screen = |x: usize, y: usize| (54..270).contains(&x) && (12..158).contains(&y);
    let footage = film(24, |frame| {
        let mut drawing = person.draw(SIZE, time_s(frame));
        let picture = drawing.over(|x, y| match (x, y) {
            _ if is_screen(x, y) => screen(x, y),
            (284..300, 20..60) => [250.0, 246.0, 236.0],
            (_, 140..) => [96.0, 82.0, 68.0],
            _ => [74.0, 70.0, 72.0],
        });
        for (index, alpha) in drawing.alpha.iter_mut().enumerate() {
            if !is_screen(index % SIZE.0, index / SIZE.0) {
                *alpha = 0.5;
            }
        }
        (picture, drawing.alpha)
    });
    let keyed = footage.key();
    keyed.separates(0..24);
    let studio = keyed.mean_alpha(12, &[8 * SIZE.0 + 8]);
    let warnings: Vec<&str> = keyed.warnings().into_iter().filter(|code| *code != "subject_touches_edge").collect();
    assert!(studio < 0.5 || !warnings.is_empty(), "the studio is delivered at {studio:.2} without a word");
}

#[test]
fn a_dim_screen_is_found_and_keyed() {
    let person = Person { shirt: [60.0, 22.0, 28.0], skin: [92.0, 66.0, 52.0], hair: [20.0, 16.0, 16.0], ..PERSON };
    let footage = film_before(24, |time_s| person.draw(SIZE, time_s), lit([14.0, 60.0, 30.0], SIZE));
    footage.key().separates(0..24);
}

#[test]
fn crosses_of_tape_in_the_screens_hue_are_screen() {
    let screen = lit(GREEN, SIZE);
    let marks = [(40, 34), (92, 28), (236, 36), (290, 84), (38, 120), (284, 150)];
    let is_mark = |x: usize, y: usize| {
        marks.iter().any(|(across, down)| {
            let (x, y) = (x.abs_diff(*across), y.abs_diff(*down));
            (x <= 5 && y <= 1) || (x <= 1 && y <= 5)
        })
    };
    let taped = |x: usize, y: usize| if is_mark(x, y) { [8.0, 104.0, 44.0] } else { screen(x, y) };
    let footage = film_before(24, |time_s| PERSON.draw(SIZE, time_s), taped);
    let keyed = footage.key();
    keyed.separates(0..24);
    for frame in 0..24 {
        let around: Vec<usize> = marks
            .iter()
            .flat_map(|(x, y)| (y - 7..y + 8).flat_map(move |row| (x - 7..x + 8).map(move |column| row * SIZE.0 + column)))
            .collect();
        let worst = around.iter().map(|index| keyed.alpha(frame, *index)).fold(0.0, f64::max);
        assert!(worst < 0.1, "a mark in frame {frame}: {worst:.2}");
    }
}
