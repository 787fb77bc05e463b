//! Results that nobody can use: such a job fails and is refunded rather than charged.
//!
//! A false alarm takes a good result away, so the bounds are far from those of good results; see
//! `docs/quality.md` for the figures.

use shared::code::JobErrorCode;
use shared::qa::MatteFigures;
use shared::strategy::Strategy;

use super::SHARE_MIN;
use super::score::score;
use crate::error::TaskError;

/// Results over a screen with a lower score are unusable. On unseen clips, true mattes had 81 and
/// more in every kind and condition; ruined ones had at most 32, and at most 19 unless the subject
/// was there, but half transparent or full of holes.
const SCORE_MIN: u8 = 25;

/// Fails with `matte_unusable` if the figures of a matte show that it is. The source's own alpha is
/// delivered as it is.
pub fn check(figures: &MatteFigures, strategy: Strategy) -> Result<(), TaskError> {
    let (is_empty, is_full) = (figures.coverage < SHARE_MIN, figures.coverage > 1.0 - SHARE_MIN);
    let reason = match (strategy, figures.reconstruction_error) {
        (Strategy::SourceAlpha | Strategy::Portrait, _) => None,
        (_, Some(_)) if score(figures).0 < SCORE_MIN => Some(screen_reason(figures)),
        (Strategy::ChromaKey, _) if is_full => Some(NOTHING_KEYED.to_owned()),
        (_, None) if is_full => Some(NOTHING_REMOVED.to_owned()),
        (Strategy::OnnxMatting | Strategy::StaticCamera, None) if is_empty => Some(NOTHING_FOUND.to_owned()),
        _ => None,
    };
    reason.map_or(Ok(()), |message| Err(TaskError::permanent(JobErrorCode::MatteUnusable, message)))
}

const NOTHING_KEYED: &str = "Nothing was keyed: every pixel stayed opaque. Give the colour that the screen has in the footage, or none to have it detected.";
const NOTHING_REMOVED: &str = "No background was removed: every pixel stayed opaque. Use a coloured screen, a picture of the empty background, or another model.";
const NOTHING_FOUND: &str = "No subject was found: every pixel is transparent. Use a coloured screen, a picture of the empty background, or another model.";

/// The largest fault of a result over a screen, and what to do.
fn screen_reason(figures: &MatteFigures) -> String {
    let percent = |share: Option<f64>| (share.unwrap_or_default() * 100.0).round();
    let (missing, left) = (percent(figures.missing_share), percent(figures.screen_left_share));
    let fault = if missing.max(left) < 15.0 {
        "The subject is half transparent or has wrong colours.".to_owned()
    } else if missing > left {
        format!("{missing} % of the subject are missing in the result.")
    } else {
        format!("{left} % of what is visible in the result is screen.")
    };
    format!(
        "{fault} The screen cannot be keyed well enough: give its colour if several are in the picture, light it evenly, \
         and keep its colour out of the subject's clothes; or choose another strategy."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::qa::tests::CLEAN;

    fn message(figures: MatteFigures, strategy: Strategy) -> Option<String> {
        match check(&figures, strategy) {
            Err(TaskError::Permanent { code: JobErrorCode::MatteUnusable, message, .. }) => Some(message),
            Err(other) => panic!("{other}"),
            Ok(()) => None,
        }
    }

    #[test]
    fn ruined_results_are_refused_with_their_largest_fault_and_poor_ones_are_not() {
        let keyed = |figures| message(figures, Strategy::ChromaKey);
        assert_eq!(keyed(CLEAN), None);
        assert_eq!(keyed(MatteFigures { reconstruction_error: Some(0.4), ..CLEAN }), None);
        let ruined = MatteFigures { reconstruction_error: Some(0.8), ..CLEAN };
        assert!(keyed(MatteFigures { missing_share: Some(0.7), ..ruined }).unwrap().starts_with("70 % of the subject"));
        assert!(keyed(MatteFigures { screen_left_share: Some(0.6), ..ruined }).unwrap().starts_with("60 % of what is visible"));
        assert!(keyed(ruined).unwrap().starts_with("The subject is half transparent"));
        assert!(keyed(MatteFigures { coverage: 1.0, reconstruction_error: None, ..CLEAN }).is_some());
    }

    #[test]
    fn an_empty_result_is_refused_unless_the_source_shows_that_it_is_right() {
        let empty = MatteFigures { coverage: 0.0, soft_share: 0.0, ..CLEAN };
        assert_eq!(message(MatteFigures { reconstruction_error: Some(0.0), ..empty }, Strategy::ChromaKey), None);
        assert!(message(MatteFigures { reconstruction_error: Some(1.0), ..empty }, Strategy::ChromaKey).is_some());
        let unknown = MatteFigures { reconstruction_error: None, ..empty };
        assert!(message(unknown, Strategy::StaticCamera).is_some());
        assert!(message(unknown, Strategy::OnnxMatting).is_some());
        assert_eq!(message(unknown, Strategy::SourceAlpha), None, "it is the source's own");
    }

    #[test]
    fn a_full_result_is_refused_unless_it_is_the_sources_own() {
        let full = MatteFigures { coverage: 1.0, reconstruction_error: None, ..CLEAN };
        assert!(message(full, Strategy::StaticCamera).is_some());
        assert_eq!(message(full, Strategy::SourceAlpha), None);
    }
}
