//! One figure for how good a matte is.

use shared::qa::{MatteFigures, ScoreTerm};

use super::{SHARE_MIN, rounded};

/// Reconstruction errors that even true mattes have, from chroma subsampling, sharpening and
/// codecs.
const RECONSTRUCTION_TOLERANCE: f64 = 0.09;
/// Weight of missing parts of the subject beyond their squared error, which the reconstruction
/// has.
const MISSING_WEIGHT: f64 = 0.3;
/// Translucency that even true mattes have, from blur and thick hair.
const TRANSLUCENCY_TOLERANCE: f64 = 0.25;
/// Weight of spill as an error of alpha: a fringe of pure screen colour disturbs as much as half of
/// the edge missing.
const SPILL_WEIGHT: f64 = 0.5;
/// Weight of flicker: a mean over all visible pixels, but conspicuous where it is.
const FLICKER_WEIGHT: f64 = 0.5;
/// Weight of softness, where no screen shows whether it is correct.
const SOFTNESS_WEIGHT: f64 = 0.1;

/// Disagreement of a second opinion with true mattes.
const OPINION_TOLERANCE: f64 = 0.05;

/// The score, and the terms it is made of. Each term is a root mean square error of alpha, so that
/// their squares add up; the score is (1 − error)². With a screen, the reconstruction includes
/// wrong holes and soft edges; without one, all of them count.
pub fn score(figures: &MatteFigures) -> (u8, Vec<ScoreTerm>) {
    let soft_share = figures.soft_share / (figures.coverage + figures.soft_share).max(SHARE_MIN);
    let translucency = ("translucency", beyond(figures.translucency, TRANSLUCENCY_TOLERANCE));
    let mut terms = vec![("flicker", FLICKER_WEIGHT * figures.flicker), translucency];
    if let Some(error) = figures.reconstruction_error {
        let with_missing = error.mul_add(error, MISSING_WEIGHT * figures.missing_share.unwrap_or_default()).sqrt();
        let reconstruction = ("reconstruction", beyond(with_missing, RECONSTRUCTION_TOLERANCE));
        terms.splice(0..0, [reconstruction, ("spill", SPILL_WEIGHT * figures.spill_residue)]);
    } else {
        terms.extend([("holes", figures.holes.sqrt()), ("softness", SOFTNESS_WEIGHT * soft_share)]);
        let opinion = [("foreign", figures.foreign_share), ("lacking", figures.lacking_share)];
        terms.extend(opinion.into_iter().filter_map(|(term, share)| Some((term, beyond(share?.sqrt(), OPINION_TOLERANCE)))));
    }
    let error = terms.iter().map(|(_, error)| error * error).sum::<f64>().sqrt().min(1.0);
    // A clip of nothing but screen is rightly empty: there, the reconstruction has no error.
    let is_empty = figures.coverage < SHARE_MIN && figures.reconstruction_error.is_none();
    let is_full = figures.coverage > 1.0 - SHARE_MIN;
    let share = if is_empty || is_full { 0.0 } else { (1.0 - error).powi(2) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let score = (share * 100.0).round() as u8;
    let terms = terms.into_iter().map(|(term, error)| ScoreTerm { term: term.to_owned(), error: rounded(error) }).collect();
    (score, terms)
}

/// The part of an error beyond a tolerance; squares of errors add up.
fn beyond(error: f64, tolerance: f64) -> f64 {
    (error * error - tolerance * tolerance).clamp(0.0, 1.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::qa::tests::CLEAN;

    /// Figures without a screen.
    const NO_SCREEN: MatteFigures = MatteFigures {
        reconstruction_error: None,
        screen_unevenness: None,
        missing_share: None,
        screen_left_share: None,
        ..CLEAN
    };

    #[test]
    fn each_measured_error_lowers_the_score_and_is_listed() {
        let named = |figures| score(&figures).1.into_iter().map(|term| term.term).collect::<Vec<_>>();
        assert_eq!(named(CLEAN), ["reconstruction", "spill", "flicker", "translucency"]);
        assert_eq!(named(NO_SCREEN), ["flicker", "translucency", "holes", "softness"]);
        let judged = MatteFigures { foreign_share: Some(0.0), lacking_share: Some(0.0), ..NO_SCREEN };
        assert_eq!(named(judged), ["flicker", "translucency", "holes", "softness", "foreign", "lacking"]);
        for worse in [MatteFigures { foreign_share: Some(0.2), ..judged }, MatteFigures { lacking_share: Some(0.2), ..judged }] {
            assert!(score(&worse).0 < 70, "{worse:?}");
        }
        assert!(score(&CLEAN).0 > 90 && score(&NO_SCREEN).0 > 90);
        for worse in [
            MatteFigures { reconstruction_error: Some(0.1), ..CLEAN },
            MatteFigures { spill_residue: 0.2, ..CLEAN },
            MatteFigures { flicker: 0.2, ..CLEAN },
            MatteFigures { translucency: 0.4, ..CLEAN },
            MatteFigures { coverage: 1.0, ..CLEAN },
        ] {
            assert!(score(&worse).0 < score(&CLEAN).0, "{worse:?}");
        }
        for worse in [
            MatteFigures { flicker: 0.2, ..NO_SCREEN },
            MatteFigures { holes: 0.01, ..NO_SCREEN },
            MatteFigures { soft_share: 0.9, ..NO_SCREEN },
            MatteFigures { translucency: 0.4, ..NO_SCREEN },
            MatteFigures { coverage: 1.0, ..NO_SCREEN },
            MatteFigures { coverage: 0.0, ..NO_SCREEN },
        ] {
            assert!(score(&worse).0 < score(&NO_SCREEN).0, "{worse:?}");
        }
        assert_eq!(score(&MatteFigures { holes: 0.5, soft_share: 0.5, ..CLEAN }).0, score(&CLEAN).0, "a screen tells better");
    }

    #[test]
    fn an_empty_matte_is_right_where_the_source_shows_nothing_but_screen() {
        let empty = MatteFigures { coverage: 0.0, soft_share: 0.0, reconstruction_error: Some(0.0), ..CLEAN };
        assert!(score(&empty).0 > 90);
        assert_eq!(score(&MatteFigures { reconstruction_error: Some(1.0), ..empty }).0, 0);
    }
}
