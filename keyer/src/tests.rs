//! Keys synthetic clips with known alpha.

mod clips;

use super::*;
use clips::*;

#[test]
fn a_disc_is_solid_and_its_surroundings_clear_in_every_format() {
    for (across, down, depth_bits) in [(2, 2, 8), (2, 1, 8), (1, 1, 8), (2, 2, 10), (2, 1, 10)] {
        for screen in [GREEN, BLUE, [30.0, 190.0, 200.0]] {
            let output = key(format(across, down, depth_bits), |frame, x, y| over(SUBJECT, screen, disc(frame, x, y)));
            output.check_disc(&format!("{across} {down} {depth_bits} {screen:?}"));
        }
    }
}

#[test]
fn a_wide_edge_of_a_subject_of_the_opposite_hue_is_not_opaque() {
    let wide = |frame: usize, x: usize, y: usize| {
        let middle = 80.0 + 24.0 * (frame as f32 * 0.7).sin();
        ((33.0 - (x as f32 - middle).hypot(y as f32 - 60.0)) / 5.0).clamp(0.0, 1.0)
    };
    let output = key(format(1, 1, 8), |frame, x, y| over(SUBJECT, GREEN, wide(frame, x, y)));
    for (frame, pixels) in output.frames.iter().enumerate() {
        for (index, pixel) in pixels.chunks_exact(4).enumerate() {
            let (x, y) = (index % WIDTH, index / WIDTH);
            let error = (f32::from(pixel[3]) / 255.0 - wide(frame, x, y)).abs();
            assert!(error < 0.24, "frame {frame} at {x} {y}: off by {error}");
        }
    }
}

#[test]
fn folds_and_the_subjects_shadow_are_screen() {
    let output = key(format(2, 2, 8), |frame, x, y| {
        let fold = if (x + y / 2) % 37 < 3 { 0.72 } else { 1.0 };
        let shadow = 1.0 - 0.35 * penumbra(frame, x, y);
        over(SUBJECT, brighter(GREEN, fold * shadow), disc(frame, x, y))
    });
    for (frame, pixels) in output.frames.iter().enumerate() {
        // Blocks that show unshadowed screen in more than half of the frames.
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
fn tracking_marks_are_screen() {
    let output = key(format(2, 2, 8), |frame, x, y| {
        let is_mark = x.abs_diff(20) < 3 && y.abs_diff(20) < 3;
        over(SUBJECT, if is_mark { [230.0, 120.0, 30.0] } else { GREEN }, disc(frame, x, y))
    });
    for frame in 0..FRAMES {
        assert_eq!(output.alpha(frame, 20, 20), 0, "frame {frame}");
    }
    output.check_disc("marks");
}

#[test]
fn a_step_of_light_is_followed_at_once() {
    for step in [0.75, 1.25] {
        let output = key(format(2, 2, 8), |frame, x, y| {
            let light = if frame < 8 { 1.0 } else { step };
            brighter(over(SUBJECT, [10.0, 150.0, 60.0], disc(frame, x, y)), light)
        });
        output.check_disc(&format!("light times {step}"));
    }
}

#[test]
fn flicker_leaves_no_alpha_on_the_screen() {
    let output = key(format(2, 2, 8), |frame, x, y| {
        let light = if frame % 3 == 0 { 0.95 } else { 1.0 };
        brighter(over(SUBJECT, GREEN, disc(frame, x, y)), light)
    });
    output.check_disc("flicker");
}

#[test]
fn a_cut_to_another_screen_colour_starts_a_new_shot() {
    let output = key(format(2, 2, 8), |frame, x, y| over(SUBJECT, if frame < 7 { GREEN } else { BLUE }, disc(frame, x, y)));
    assert_eq!(output.screens.iter().map(|screen| screen.first_frame).collect::<Vec<_>>(), [0, 7]);
    output.check_disc("cut");
}

#[test]
fn a_shot_is_handed_over_at_the_cut_and_needed_from_there_on() {
    let format = format(2, 2, 8);
    let frames: Vec<Vec<u8>> = (0..FRAMES)
        .map(|frame| planar(&format, |x, y| over(SUBJECT, if frame < 9 { GREEN } else { BLUE }, disc(frame, x, y))))
        .collect();
    let mut analyzer = Analyzer::new(format, &KeyOptions::default()).unwrap();
    let shots: Vec<Option<Shot>> = frames.iter().map(|frame| analyzer.add_frame(frame)).collect();
    assert_eq!(shots.iter().position(Option::is_some), Some(9));
    let mut keyer = Keyer::new(format, KeyOptions::default());
    assert!(keyer.needs_shot());
    shots.into_iter().flatten().for_each(|shot| keyer.add_shot(shot));
    let mut picture = vec![0; WIDTH * HEIGHT * 4];
    for frame in &frames[..9] {
        assert!(!keyer.needs_shot());
        keyer.key(frame, &mut picture);
    }
    assert!(keyer.needs_shot());
    let untouched = picture.clone();
    keyer.key(&frames[9], &mut picture);
    assert_eq!(picture, untouched, "a frame without its shot is not keyed");
}

#[test]
fn bars_are_clear_and_hide_no_screen() {
    let output = key(
        format(2, 2, 8),
        |frame, x, y| if (16..104).contains(&y) { over(SUBJECT, GREEN, disc(frame, x, y)) } else { [-4.0; 3] },
    );
    for frame in 0..FRAMES {
        for (x, y) in [(5, 3), (80, 10), (150, 116), (5, 17), (150, 101)] {
            assert_eq!(output.alpha(frame, x, y), 0, "frame {frame} at {x} {y}");
        }
        assert!(output.alpha(frame, (80.0 + 24.0 * (frame as f32 * 0.7).sin()) as usize, 60) > 250);
    }
}

#[test]
fn a_sheen_that_moves_over_the_screen_does_not_become_subject() {
    for sheen in [[60.0, 240.0, 130.0], [0.0, 255.0, 90.0]] {
        let left = |frame: usize| 4 + frame * 2;
        let output = key(format(2, 2, 8), |frame, x, y| {
            let is_sheen = (left(frame)..left(frame) + 5).contains(&x) && y < 20;
            over(SUBJECT, if is_sheen { sheen } else { GREEN }, disc(frame, x, y))
        });
        for frame in 0..FRAMES {
            let alphas = [6, 10, 14].map(|y| output.alpha(frame, left(frame) + 2, y));
            assert!(alphas.iter().all(|alpha| *alpha < 128), "{sheen:?}, frame {frame}: {alphas:?}");
        }
    }
}

#[test]
fn a_set_that_reaches_the_floor_is_opaque_unless_all_of_it_is_to_be_cleared() {
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
    for (garbage_matte, alpha) in [(GarbageMatte::Off, 255), (GarbageMatte::Certain, 255), (GarbageMatte::All, 0)] {
        let output = key_with(format, KeyOptions { garbage_matte, ..KeyOptions::default() }, &frames).unwrap();
        for (x, y) in [(4, 10), (12, 100), (22, 60)] {
            assert_eq!(output.alpha(9, x, y), alpha, "{garbage_matte:?} {x} {y}");
        }
        assert!(output.screens[0].standing_set_share > 0.1);
    }
}

#[test]
fn a_lamp_at_the_upper_border_is_cleared_unless_the_garbage_matte_is_off() {
    let format = format(2, 2, 8);
    let frames: Vec<Vec<u8>> = (0..FRAMES)
        .map(|frame| {
            planar(&format, |x, y| if x < 26 && y < 22 { [250.0, 235.0, 200.0] } else { over(SUBJECT, GREEN, disc(frame, x, y)) })
        })
        .collect();
    for (garbage_matte, alpha) in [(GarbageMatte::Off, 255), (GarbageMatte::Certain, 0), (GarbageMatte::All, 0)] {
        let output = key_with(format, KeyOptions { garbage_matte, ..KeyOptions::default() }, &frames).unwrap();
        assert_eq!(output.alpha(9, 8, 8), alpha, "{garbage_matte:?}");
        assert!(output.screens[0].set_share > 0.01);
    }
}

#[test]
fn a_still_subject_that_stands_on_a_bar_is_opaque() {
    let output = key(format(2, 2, 8), |frame, x, y| match y {
        ..20 | 100.. => [-4.0; 3],
        _ if x < 34 && y > 60 => [90.0, 70.0, 60.0],
        _ => over(SUBJECT, GREEN, disc(frame, x, y)),
    });
    for (x, y) in [(10, 70), (20, 90)] {
        assert_eq!(output.alpha(9, x, y), 255, "at {x} {y}");
    }
}

#[test]
fn a_forehead_that_holds_still_at_the_upper_border_is_opaque() {
    // A face that fills the upper half; what lies below its brow moves.
    let output = key(format(2, 2, 8), |frame, x, y| match (x, y) {
        (40..120, ..44) => [214.0, 160.0, 130.0],
        (40..120, 44..90) => brighter([190.0, 120.0, 100.0], 0.8 + 0.3 * (x as f32 * 0.3 + frame as f32).sin()),
        _ => GREEN,
    });
    for (x, y) in [(80, 5), (60, 20), (100, 36)] {
        assert_eq!(output.alpha(9, x, y), 255, "at {x} {y}");
    }
}

#[test]
fn bars_with_ringing_of_the_codec_are_clear() {
    let output = key(format(2, 2, 8), |frame, x, y| match y {
        ..6 | 114.. if (x * 7 + frame * 13) % 90 == 0 => [22.0; 3],
        ..6 | 114.. => [-4.0; 3],
        _ => over(SUBJECT, GREEN, disc(frame, x, y)),
    });
    for (x, y) in [(5, 1), (80, 4), (150, 117), (60, 115)] {
        assert_eq!(output.alpha(9, x, y), 0, "at {x} {y}");
    }
}

#[test]
fn a_shot_without_a_screen_between_two_with_one_is_opaque() {
    let output = key(format(2, 2, 8), |frame, x, y| match frame {
        6..11 => [130.0 + ((x * 13 + y * 7) % 60) as f32, 110.0, 96.0],
        _ => over(SUBJECT, GREEN, disc(frame, x, y)),
    });
    assert_eq!(output.screens.iter().map(|screen| screen.first_frame).collect::<Vec<_>>(), [0, 11]);
    for frame in 6..11 {
        assert!(output.frames[frame].chunks_exact(4).all(|pixel| pixel[3] == 255));
    }
}

#[test]
fn screens_are_told_from_skies_plants_and_clothes() {
    let picture = |color: fn(usize, usize) -> Color| -> Vec<u8> {
        (0..WIDTH * HEIGHT)
            .flat_map(|index| color(index % WIDTH, index / WIDTH).map(|channel| channel.clamp(0.0, 255.0) as u8))
            .collect()
    };
    let certainty = |color| detect_screen(WIDTH, HEIGHT, &picture(color)).map(|screen| screen.certainty());
    assert_eq!(certainty(|x, y| over(SUBJECT, GREEN, disc(0, x, y))), Some(ScreenCertainty::Certain));
    assert_eq!(certainty(|x, y| over(SUBJECT, [30.0, 190.0, 200.0], disc(0, x, y))), Some(ScreenCertainty::Certain));
    assert_eq!(certainty(|x, y| over(SUBJECT, [6.0, 52.0, 24.0], disc(0, x, y))), Some(ScreenCertainty::Certain));
    assert_eq!(certainty(|x, y| over([90.0; 3], [14.0, 46.0, 31.0], disc(0, x, y))), Some(ScreenCertainty::Certain));
    let sky: fn(usize, usize) -> Color = |_, y| if y < 80 { [120.0 + y as f32 * 0.5, 165.0, 215.0] } else { [90.0, 80.0, 70.0] };
    let lawn: fn(usize, usize) -> Color =
        |x, y| brighter([95.0, 150.0, 70.0], 0.6 + 0.8 * ((x * 7919 + y * 104_729) % 100) as f32 / 100.0);
    for picture in [sky, lawn] {
        assert!(certainty(picture).is_none_or(|certainty| certainty < ScreenCertainty::Certain));
    }
}

#[test]
fn a_dim_screen_is_found() {
    let output = key(format(2, 2, 8), |frame, x, y| over([90.0, 40.0, 35.0], [6.0, 52.0, 24.0], disc(frame, x, y)));
    output.check_disc("dim");
}

#[test]
fn denim_before_blue_is_opaque() {
    let output = key(format(2, 2, 8), |frame, x, y| {
        let fold = 1.0 + 0.12 * (x as f32 * 0.5).sin() * (y as f32 * 0.4).cos();
        over(brighter([60.0, 84.0, 124.0], fold), BLUE, disc(frame, x, y))
    });
    output.check_disc("denim");
}

#[test]
fn a_colour_near_the_screens_hue_is_kept() {
    for subject in [[95.0, 110.0, 40.0], [40.0, 95.0, 90.0], [128.0, 128.0, 128.0]] {
        let output = key(format(2, 2, 8), |frame, x, y| over(subject, GREEN, disc(frame, x, y)));
        let middle = output.pixel(0, 80, 60);
        assert_eq!(middle[3], 255, "{subject:?}");
        for (channel, expected) in middle.iter().zip(subject) {
            assert!((f32::from(*channel) - expected).abs() < 8.0, "{subject:?}: {middle:?}");
        }
    }
}

#[test]
fn greys_stay_grey_and_skin_turns_neither_maroon_nor_magenta() {
    for subject in [[200.0; 3], [90.0; 3], [224.0, 172.0, 140.0], [92.0, 58.0, 42.0]] {
        let output = key(format(2, 2, 8), |frame, x, y| {
            let alpha = disc(frame, x, y);
            // Spill at the upper and lower rim.
            let light = 0.12 * (1.0 - disc(frame, x, y.saturating_sub(4)) * disc(frame, x, y + 4));
            let expected_luma = [0, 1, 2].map(|channel| subject[channel] + light * GREEN[channel]);
            over(expected_luma, GREEN, alpha)
        });
        for (x, y) in [(80, 60), (80, 36), (80, 84)] {
            let pixel = output.pixel(0, x, y);
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
                if let Some(output) = key_with(format, KeyOptions::default(), &frames) {
                    assert_eq!(output.frames[0].len(), width * height * 4);
                }
            }
        }
    }
    for format in [format(2, 2, 8), sized(0, 0, 2, 2, 8)] {
        let mut analyzer = Analyzer::new(format, &KeyOptions::default()).unwrap();
        assert!(analyzer.add_frame(&[]).is_none());
        assert!(analyzer.finish().is_none());
    }
}

#[test]
fn pictures_without_a_screen_are_opaque_and_screens_without_a_hue_are_refused() {
    let format = format(2, 2, 8);
    let grey: Vec<Vec<u8>> =
        (0..4).map(|frame| planar(&format, |x, y| [100.0 + ((x * 31 + y * 17 + frame) % 50) as f32; 3])).collect();
    assert!(key_with(format, KeyOptions::default(), &grey).is_none());
    for color in [[255.0; 3], [0.0; 3], [128.0; 3]] {
        let options = KeyOptions { screen_color: Some(color), ..KeyOptions::default() };
        assert_eq!(Analyzer::new(format, &options).err(), Some(ColorlessScreen));
    }
}

#[test]
fn large_pictures_whose_masks_are_coarser_than_their_blocks_are_keyed() {
    let format = sized(960, 1_280, 2, 2, 8);
    let frames: Vec<Vec<u8>> = (0..6)
        .map(|frame| {
            planar(&format, |x, y| match (x, y) {
                (..90, ..90) => [240.0, 230.0, 200.0],
                _ if x.abs_diff(400 + frame * 30) < 150 && y.abs_diff(640) < 200 => SUBJECT,
                _ => GREEN,
            })
        })
        .collect();
    let output = key_with(format, KeyOptions::default(), &frames).unwrap();
    let alpha = |x: usize, y: usize| output.frames[3][(y * 960 + x) * 4 + 3];
    assert_eq!([alpha(30, 30), alpha(480, 640), alpha(900, 1_200)], [0, 255, 0]);
}
