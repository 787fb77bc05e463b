//! Subjects that are opaque although something about them looks like the screen.

use super::drawing::{PERSON, Person, Rgb, lit, number};
use super::footage::{Keyed, SIZE, film_before, film_with, time_s};

/// Every place is opaque in each frame, and shows its colour within so many steps.
fn keeps(keyed: &Keyed, places: &[usize], color: Rgb, steps: f64) {
    for frame in 0..keyed.frames.len() {
        let alpha = keyed.mean_alpha(frame, places);
        assert!(alpha > 0.9, "frame {frame}: alpha {alpha:.2}");
        for (channel, wanted) in color.iter().enumerate() {
            let mean = places.iter().map(|index| keyed.color(frame, *index)[channel]).sum::<f64>() / number(places.len());
            let off = (mean - wanted).abs();
            assert!(off < steps, "frame {frame}: channel {channel} is {mean:.0} instead of {wanted:.0}");
        }
    }
}

fn square(left: usize, top: usize, side: usize) -> Vec<usize> {
    (top..top + side).flat_map(|y| (left..left + side).map(move |x| y * SIZE.0 + x)).collect()
}

#[test]
fn faded_denim_before_blue_is_opaque() {
    let shirt = [86.0, 98.0, 126.0];
    let person = Person { shirt, sway: 0.01, ..PERSON };
    let footage = film_before(26, |time_s| person.draw(SIZE, time_s), lit([12.0, 76.0, 190.0], SIZE));
    let keyed = footage.key();
    keyed.separates(0..26);
    keeps(&keyed, &square(130, 130, 40), shirt, 25.0);
}

#[test]
fn green_prints_on_a_shirt_are_opaque() {
    let person = Person { shirt: [222.0, 214.0, 200.0], sway: 0.0, ..PERSON };
    let (disc, stripe) = ([44.0, 112.0, 66.0], [104.0, 158.0, 70.0]);
    let subject = |time_s: f64| {
        let mut drawing = person.draw(SIZE, time_s);
        drawing.ellipse((150.0, 122.0), (13.0, 13.0), disc);
        drawing.bar((132.0, 156.0), (168.0, 156.0), 6.0, stripe);
        drawing
    };
    let footage = film_before(24, subject, lit([10.0, 172.0, 70.0], SIZE));
    let keyed = footage.key();
    keeps(&keyed, &square(144, 116, 12), disc, 25.0);
    keeps(&keyed, &square(140, 152, 8), stripe, 25.0);
}

#[test]
fn a_large_face_has_no_pinholes() {
    let person = Person { middle: 0.52, top: -0.08, size: 1.45, skin: [226.0, 184.0, 160.0], hair: [92.0, 58.0, 34.0], ..PERSON };
    let footage = film_before(24, |time_s| person.draw(SIZE, time_s), lit([26.0, 164.0, 74.0], SIZE));
    let keyed = footage.key();
    for frame in 0..24 {
        assert_eq!(keyed.defects(frame).1, 0, "frame {frame}");
    }
}

#[test]
fn blocks_of_a_low_bitrate_leave_no_flecks() {
    let screen = lit([24.0, 166.0, 60.0], SIZE);
    let codec = "-c:v libx264 -preset veryfast -b:v 70k -pix_fmt yuv420p";
    let footage = film_with(codec, 30, |frame| {
        let drawing = PERSON.draw(SIZE, 1.3 * time_s(frame));
        (drawing.over(&screen), drawing.alpha)
    });
    let keyed = footage.key();
    for frame in 0..30 {
        assert_eq!(keyed.defects(frame).0, 0, "frame {frame}");
    }
}
