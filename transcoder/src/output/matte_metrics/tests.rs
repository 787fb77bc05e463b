#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]

use super::*;
use crate::output::qa;
use blocks::{matrix, times};
use keyer::planar::YuvMatrix;
use shared::strategy::Strategy;

const SIDE: u32 = 160;
const SIZE: PixelSize = PixelSize { width: SIDE, height: SIDE };
const GREEN: [f32; 3] = [0.0, 177.0, 64.0];
const RED: [u8; 3] = [200, 40, 40];
const FORMAT: PlanarFormat = PlanarFormat {
    width: SIDE as usize,
    height: SIDE as usize,
    across: 2,
    down: 2,
    depth_bits: 8,
    matrix: YuvMatrix::Bt709,
    is_full_range: true,
};

type Pixel = [u8; 4];

fn painted(pixel: impl Fn(usize, usize) -> Pixel) -> Vec<u8> {
    let side = SIDE as usize;
    (0..side * side).flat_map(|index| pixel(index % side, index / side)).collect()
}

/// A red square of 80 × 80 in the middle; `change` may alter each pixel.
fn square(change: impl Fn(usize, usize, &mut Pixel)) -> Vec<u8> {
    painted(|x, y| {
        let inside = (40..120).contains(&x) && (40..120).contains(&y);
        let mut pixel = [RED[0], RED[1], RED[2], if inside { 255 } else { 0 }];
        change(x, y, &mut pixel);
        pixel
    })
}

/// What a camera sees of a subject before a screen.
fn filmed(rgba: &[u8], screen: impl Fn(usize) -> [f32; 3]) -> Vec<u8> {
    let side = SIDE as usize;
    let rows = matrix(FORMAT.matrix);
    let at = |x: usize, y: usize| {
        let [red, green, blue, alpha] = pixel::<4>(rgba, side, x, y).unwrap().map(f32::from);
        let share = alpha / 255.0;
        let mixed = [red, green, blue].into_iter().zip(screen(x)).map(|(own, behind)| own * share + behind * (1.0 - share));
        times(&rows, mixed.collect::<Vec<_>>().try_into().unwrap())
    };
    let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    let luma = (0..side * side).map(|index| byte(at(index % side, index / side)[0]));
    let chroma = |channel: usize| {
        (0..side * side / 4).map(move |index| {
            let (x, y) = (index % (side / 2) * 2, index / (side / 2) * 2);
            let around = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
            byte(around.map(|(x, y)| at(x, y)[channel]).iter().sum::<f32>() / 4.0 + 128.0)
        })
    };
    luma.chain(chroma(1)).chain(chroma(2)).collect()
}

fn source(planar: Vec<u8>, screen: [f32; 3]) -> KeyedSource {
    KeyedSource { planar, shot: 0, screen: Some(screen) }
}

/// The figures of results, each beside what was filmed.
fn compared<'a>(frames: impl IntoIterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>) -> MatteFigures {
    let mut metrics = MatteMetrics::against(SIZE, FORMAT);
    for (truth, result) in frames {
        metrics.add(result, Some(&source(filmed(truth, |_| GREEN), GREEN)));
    }
    metrics.finish()
}

/// Without the source.
fn measured(frames: &[Vec<u8>]) -> MatteFigures {
    let mut metrics = MatteMetrics::new(SIZE);
    for frame in frames {
        metrics.add(frame, None);
    }
    metrics.finish()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

#[test]
fn a_clean_square_has_nothing_to_hide() {
    let figures = measured(&vec![square(|_, _, _| {}); 3]);
    assert!(close(figures.coverage, 0.25), "{figures:?}");
    assert_eq!(MatteFigures { coverage: 0.0, ..figures }, MatteFigures::default());
}

#[test]
fn each_flaw_shows_in_its_own_figure() {
    let hole = square(|x, y, pixel| {
        if x == 80 && (70..80).contains(&y) {
            pixel[3] = 0;
        }
    });
    assert!(close(measured(std::slice::from_ref(&hole)).holes, 10.0 / 6_390.0));
    let gap = square(|x, y, pixel| {
        if (50..110).contains(&x) && (60..90).contains(&y) {
            pixel[3] = 0;
        }
    });
    assert!(close(measured(&[gap]).holes, 0.0), "too large for a hole");
    let fringe = square(|x, _, pixel| {
        if x == 40 && pixel[3] > 0 {
            *pixel = [40, 91, 40, 128];
        }
    });
    let figures = measured(&[fringe]);
    assert!(close(figures.spill_residue, 0.2) && close(figures.soft_share, 80.0 / 25_600.0), "{figures:?}");
    let plain = square(|_, _, _| {});
    let blink = square(|_, _, pixel| pixel[3] /= 2);
    let figures = measured(&[plain.clone(), blink, plain]);
    assert!((figures.flicker - 0.5).abs() < 0.01, "{figures:?}");
    let leaning = square(|_, y, pixel| {
        if y == 0 {
            pixel[3] = 255;
        }
    });
    assert!(close(measured(&[leaning, square(|_, _, _| {})]).edge_contact, 0.5));
}

#[test]
fn an_even_fade_is_no_flicker() {
    let faded = |by: u8| square(|_, _, pixel| pixel[3] = pixel[3].saturating_sub(by));
    assert!(measured(&[faded(0), faded(20), faded(40), faded(60)]).flicker < 1e-9);
}

#[test]
fn what_explains_the_source_has_no_error_and_what_is_worse_has_more() {
    let truth = square(|_, _, _| {});
    let error = |result: &Vec<u8>| compared([(&truth, result)]).reconstruction_error.unwrap();
    assert!(error(&truth) < 0.01, "{}", error(&truth));
    let eroded = |by: usize| {
        square(|x, y, pixel| {
            let inside = |position: usize| (40 + by..120 - by).contains(&position);
            pixel[3] = if inside(x) && inside(y) { 255 } else { 0 };
        })
    };
    let holed = |size: usize| {
        square(|x, y, pixel| {
            if x.abs_diff(80) < size && y.abs_diff(80) < size {
                pixel[3] = 0;
            }
        })
    };
    let faded = |by: usize| square(|_, _, pixel| pixel[3] = pixel[3].saturating_sub(u8::try_from(by * 20).unwrap()));
    let spilled = |by: usize| square(|_, _, pixel| pixel[1] += u8::try_from(by * 20).unwrap());
    let shifted = |by: usize| {
        square(|x, y, pixel| {
            let inside = (40 + by..120 + by).contains(&x) && (40..120).contains(&y);
            pixel[3] = if inside { 255 } else { 0 };
        })
    };
    let ways: [&dyn Fn(usize) -> Vec<u8>; 5] = [&eroded, &holed, &faded, &spilled, &shifted];
    for (way, spoil) in ways.into_iter().enumerate() {
        let errors = [0, 1, 2, 4].map(|strength| error(&spoil(strength)));
        assert!(errors.windows(2).all(|pair| pair[0] < pair[1]), "{way}: {errors:?}");
    }
    // A ring of two pixels is missing: 624 of 6,400.
    let share = error(&eroded(2)).powi(2);
    assert!((share - 624.0 / 6_400.0).abs() < 0.01, "{share}");
}

#[test]
fn a_screen_that_was_left_in_is_an_error_although_it_looks_like_the_source() {
    let truth = square(|_, _, _| {});
    let left = square(|x, _, pixel| {
        if x < 40 {
            *pixel = [0, 177, 64, 255];
        }
    });
    assert!(compared([(&truth, &left)]).reconstruction_error.unwrap() > 0.5);
}

#[test]
fn what_the_source_shows_through_is_no_hole_and_what_moves_does_not_flicker() {
    let whole = square(|_, _, _| {});
    let pierced = square(|x, y, pixel| {
        if (80..88).contains(&x) && (60..64).contains(&y) {
            pixel[3] = 0;
        }
    });
    assert!(close(compared([(&pierced, &pierced)]).holes, 0.0));
    assert!(compared([(&whole, &pierced)]).holes > 0.004);
    let frames = [&whole, &pierced, &whole, &whole, &whole];
    assert!(compared(frames.map(|frame| (frame, frame))).flicker < 1e-9);
    let still = [&whole; 5];
    assert!(compared(still.into_iter().zip(frames)).flicker > 0.000_5);
}

#[test]
fn an_unevenly_lit_screen_is_told_from_an_even_one_and_spoils_no_error() {
    let truth = square(|_, _, _| {});
    let lit = |light: fn(usize) -> f32| {
        let mut metrics = MatteMetrics::against(SIZE, FORMAT);
        (0..3)
            .for_each(|_| metrics.add(&truth, Some(&source(filmed(&truth, |x| GREEN.map(|channel| channel * light(x))), GREEN))));
        metrics.finish()
    };
    let even = lit(|_| 1.0);
    let falling = lit(|x| 0.7 + 0.5 * x as f32 / SIDE as f32);
    assert!(even.screen_unevenness.unwrap() < 0.02, "{even:?}");
    assert!((0.35..0.55).contains(&falling.screen_unevenness.unwrap()), "{falling:?}");
    assert!(falling.reconstruction_error.unwrap() < 0.03, "{falling:?}");
    assert_eq!(measured(&[truth]).screen_unevenness, None);
}

#[test]
fn every_warning_has_a_picture_that_causes_it_and_a_clean_one_causes_none() {
    let codes = |figures: MatteFigures| {
        let warnings = qa::matte_warnings(&figures, Strategy::ChromaKey);
        warnings.into_iter().map(|warning| warning.code).collect::<Vec<_>>()
    };
    let whole = square(|_, _, _| {});
    assert_eq!(codes(measured(&[whole.clone(), whole.clone(), whole.clone()])), Vec::<String>::new());
    let touching = square(|x, y, pixel| pixel[3] = if y > 40 && (40..120).contains(&x) { 255 } else { 0 });
    let veil = square(|_, _, pixel| pixel[3] /= 2);
    let veiled = painted(|x, _| [200, 40, 40, if (20..140).contains(&x) { 100 } else { 0 }]);
    let pierced = square(|x, y, pixel| {
        if (80..86).contains(&x) && (80..86).contains(&y) {
            pixel[3] = 0;
        }
    });
    let fringed = square(|x, _, pixel| {
        if x == 40 && pixel[3] > 0 {
            *pixel = [40, 91, 40, 128];
        }
    });
    for (frames, code) in [
        (vec![painted(|_, _| [9, 9, 9, 255])], "nothing_transparent"),
        (vec![painted(|_, _| [9, 9, 9, 0])], "everything_transparent"),
        (vec![touching], "subject_touches_edge"),
        (vec![veiled], "mostly_soft"),
        (vec![pierced], "holes"),
        (vec![whole.clone(), veil, whole.clone()], "flicker"),
        (vec![fringed], "spill"),
    ] {
        assert!(codes(measured(&frames)).iter().any(|found| found == code), "{code}: {:?}", codes(measured(&frames)));
    }
    let lit = |fall: f32| {
        let mut metrics = MatteMetrics::against(SIZE, FORMAT);
        let planar = filmed(&whole, |x| GREEN.map(|channel| channel * (1.0 - fall * x as f32 / SIDE as f32)));
        metrics.add(&whole, Some(&source(planar, GREEN)));
        codes(metrics.finish())
    };
    assert_eq!((lit(0.5), lit(0.1)), (vec!["screen_uneven".to_owned()], vec![]));
}

/// Number of a shot, the screen that the keyer found, and the one that is there.
type Shown = (usize, Option<[f32; 3]>, [f32; 3]);

/// The figures of one result for several frames, each before a screen of its own.
fn before_screens(result: &[u8], frames: &[Shown]) -> MatteFigures {
    let truth = square(|_, _, _| {});
    let mut metrics = MatteMetrics::against(SIZE, FORMAT);
    for (shot, known, behind) in frames {
        let planar = filmed(&truth, |_| *behind);
        metrics.add(result, Some(&KeyedSource { planar, shot: *shot, screen: *known }));
    }
    metrics.finish()
}

#[test]
fn drifting_and_flickering_light_is_no_error_and_a_subject_that_is_cleared_is_one() {
    let frames: Vec<_> = [1.0, 0.9, 0.7, 0.8, 0.6].map(|light| (0, Some(GREEN), GREEN.map(|channel| channel * light))).to_vec();
    let right = before_screens(&square(|_, _, _| {}), &frames);
    assert!(right.reconstruction_error.unwrap() < 0.03 && right.missing_share.unwrap() < 0.001, "{right:?}");
    let cleared = before_screens(&square(|_, _, pixel| pixel[3] = 0), &frames);
    assert!(cleared.reconstruction_error.unwrap() > 0.9 && cleared.missing_share.unwrap() > 0.9, "{cleared:?}");
}

#[test]
fn a_screen_that_the_keyer_overlooked_after_a_cut_is_found() {
    let blue = [10.0, 60.0, 180.0];
    let shots = [(0, Some(GREEN), GREEN), (0, Some(GREEN), GREEN), (2, None, blue), (2, None, blue)];
    let opaque = painted(|x, y| {
        let inside = (40..120).contains(&x) && (40..120).contains(&y);
        let [red, green, blue] = if inside { RED } else { [10, 60, 180] };
        [red, green, blue, 255]
    });
    let figures = before_screens(&opaque, &shots[2..]);
    assert!(figures.screen_left_share.unwrap() > 0.6, "{figures:?}");
    let right = before_screens(&square(|_, _, _| {}), &shots);
    assert!(right.reconstruction_error.unwrap() < 0.03, "{right:?}");
}

#[test]
fn creases_that_stay_where_they_are_belong_to_the_screen() {
    let truth = square(|_, _, _| {});
    let creased = square(|x, _, pixel| {
        if x == 10 || x == 11 {
            *pixel = [40, 60, 40, 255];
        }
    });
    let figures = compared((0..3).map(|_| (&creased, &truth)));
    assert!(figures.missing_share.unwrap() < 0.001 && figures.reconstruction_error.unwrap() < 0.03, "{figures:?}");
    let holed = square(|x, y, pixel| {
        if (78..82).contains(&x) && (60..100).contains(&y) {
            pixel[3] = 0;
        }
    });
    let figures = compared((0..3).map(|_| (&truth, &holed)));
    assert!(figures.missing_share.unwrap() > 0.02, "a hole in a body that stands still: {figures:?}");
}

#[test]
fn set_beside_the_screen_that_is_cleared_is_not_missing() {
    let filmed_set = painted(|x, y| {
        let (inside, beside) = ((40..120).contains(&x) && (40..120).contains(&y), x < 20);
        let color = if beside { [90, 80, 70] } else { RED };
        [color[0], color[1], color[2], if inside || beside { 255 } else { 0 }]
    });
    let figures = compared((0..4).map(|_| (&filmed_set, &filmed_set)));
    assert!(figures.reconstruction_error.unwrap() < 0.03, "{figures:?}");
    let cleared = square(|_, _, _| {});
    let figures = compared((0..4).map(|_| (&filmed_set, &cleared)));
    assert!(figures.reconstruction_error.unwrap() < 0.1, "{figures:?}");
}
