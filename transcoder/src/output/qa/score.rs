//! One figure for how good a matte is.

use shared::qa::{MatteFigures, ScoreTerm};

use super::{SHARE_MIN, rounded};

/// Weight of spill as an error of alpha: a fringe of pure screen colour disturbs as much as half of
/// the edge missing.
const SPILL_WEIGHT: f64 = 0.5;
/// Weight of flicker: a mean over all visible pixels, but conspicuous where it is.
const FLICKER_WEIGHT: f64 = 0.5;
/// Weight of softness, where no screen shows whether it is correct.
const SOFTNESS_WEIGHT: f64 = 0.1;

/// The score, and the terms it is made of. Each term is a root mean square error of alpha, so that
/// their squares add up; the score is (1 − error)². With a screen, the reconstruction includes
/// wrong holes and soft edges; without one, all of them count.
pub fn score(figures: &MatteFigures) -> (u8, Vec<ScoreTerm>) {
    let soft_share = figures.soft_share / (figures.coverage + figures.soft_share).max(SHARE_MIN);
    let mut terms = vec![("flicker", FLICKER_WEIGHT * figures.flicker)];
    if let Some(error) = figures.reconstruction_error {
        terms.splice(0..0, [("reconstruction", error), ("spill", SPILL_WEIGHT * figures.spill_residue)]);
    } else {
        terms.extend([("holes", figures.holes.sqrt()), ("softness", SOFTNESS_WEIGHT * soft_share)]);
    }
    let error = terms.iter().map(|(_, error)| error * error).sum::<f64>().sqrt().min(1.0);
    let is_empty = figures.coverage < SHARE_MIN || figures.coverage > 1.0 - SHARE_MIN;
    let share = if is_empty { 0.0 } else { (1.0 - error).powi(2) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let score = (share * 100.0).round() as u8;
    let terms = terms.into_iter().map(|(term, error)| ScoreTerm { term: term.to_owned(), error: rounded(error) }).collect();
    (score, terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::qa::tests::CLEAN;

    /// Figures without a screen.
    const NO_SCREEN: MatteFigures = MatteFigures { reconstruction_error: None, screen_unevenness: None, ..CLEAN };

    #[test]
    fn each_measured_error_lowers_the_score_and_is_listed() {
        let named = |figures| score(&figures).1.into_iter().map(|term| term.term).collect::<Vec<_>>();
        assert_eq!(named(CLEAN), ["reconstruction", "spill", "flicker"]);
        assert_eq!(named(NO_SCREEN), ["flicker", "holes", "softness"]);
        assert!(score(&CLEAN).0 > 90 && score(&NO_SCREEN).0 > 90);
        for worse in [
            MatteFigures { reconstruction_error: Some(0.1), ..CLEAN },
            MatteFigures { spill_residue: 0.2, ..CLEAN },
            MatteFigures { flicker: 0.2, ..CLEAN },
            MatteFigures { coverage: 0.0, ..CLEAN },
        ] {
            assert!(score(&worse).0 < score(&CLEAN).0, "{worse:?}");
        }
        for worse in [
            MatteFigures { flicker: 0.2, ..NO_SCREEN },
            MatteFigures { holes: 0.01, ..NO_SCREEN },
            MatteFigures { soft_share: 0.9, ..NO_SCREEN },
            MatteFigures { coverage: 1.0, ..NO_SCREEN },
        ] {
            assert!(score(&worse).0 < score(&NO_SCREEN).0, "{worse:?}");
        }
        assert_eq!(score(&MatteFigures { holes: 0.5, soft_share: 0.5, ..CLEAN }).0, score(&CLEAN).0, "a screen tells better");
    }
}
