//! One figure for how good a matte is.

use shared::qa::{MatteFigures, ScoreTerm};

use super::{SHARE_SEEN_MIN, rounded};

/// Spill as an error of alpha that disturbs as much: a fringe of pure screen colour, as half of the edge missing.
const SPILL_WEIGHT: f64 = 0.5;
/// Flicker likewise: it is a mean over all that is seen, but stands out where it is.
const FLICKER_WEIGHT: f64 = 0.5;
/// Softness likewise, where there is no screen to tell whether it is meant.
const SOFTNESS_WEIGHT: f64 = 0.1;

/// One figure for the whole, and the errors it is made of. Each is put as a root mean square error of alpha, so that they add up as
/// squares do; the score is the square of what is left. Against a screen, the reconstruction sees holes and soft edges that
/// are wrong; without one, they count as they are.
pub fn score(figures: &MatteFigures) -> (u8, Vec<ScoreTerm>) {
    let seen_soft = figures.soft_share / (figures.coverage + figures.soft_share).max(SHARE_SEEN_MIN);
    let mut terms = vec![("flicker", FLICKER_WEIGHT * figures.flicker)];
    if let Some(error) = figures.reconstruction_error {
        terms.splice(0..0, [("reconstruction", error), ("spill", SPILL_WEIGHT * figures.spill_residue)]);
    } else {
        terms.extend([("holes", figures.holes.sqrt()), ("softness", SOFTNESS_WEIGHT * seen_soft)]);
    }
    let error = terms.iter().map(|(_, error)| error * error).sum::<f64>().sqrt().min(1.0);
    let is_empty = figures.coverage < SHARE_SEEN_MIN || figures.coverage > 1.0 - SHARE_SEEN_MIN;
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

    /// As much as is known without a screen.
    const ALONE: MatteFigures = MatteFigures { reconstruction_error: None, screen_unevenness: None, ..CLEAN };

    #[test]
    fn each_error_costs_and_those_that_were_measured_are_named() {
        let named = |figures| score(&figures).1.into_iter().map(|term| term.term).collect::<Vec<_>>();
        assert_eq!(named(CLEAN), ["reconstruction", "spill", "flicker"]);
        assert_eq!(named(ALONE), ["flicker", "holes", "softness"]);
        assert!(score(&CLEAN).0 > 90 && score(&ALONE).0 > 90);
        for worse in [
            MatteFigures { reconstruction_error: Some(0.1), ..CLEAN },
            MatteFigures { spill_residue: 0.2, ..CLEAN },
            MatteFigures { flicker: 0.2, ..CLEAN },
            MatteFigures { coverage: 0.0, ..CLEAN },
        ] {
            assert!(score(&worse).0 < score(&CLEAN).0, "{worse:?}");
        }
        for worse in [
            MatteFigures { flicker: 0.2, ..ALONE },
            MatteFigures { holes: 0.01, ..ALONE },
            MatteFigures { soft_share: 0.9, ..ALONE },
            MatteFigures { coverage: 1.0, ..ALONE },
        ] {
            assert!(score(&worse).0 < score(&ALONE).0, "{worse:?}");
        }
        assert_eq!(score(&MatteFigures { holes: 0.5, soft_share: 0.5, ..CLEAN }).0, score(&CLEAN).0, "a screen tells better");
    }
}
