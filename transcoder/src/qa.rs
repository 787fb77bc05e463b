//! The QA report: figures from the master and from what was verified, and what people should know about them.

use std::collections::BTreeMap;

use shared::media::Preset;
use shared::qa::{MatteFigures, QaReport, QaWarning, StageTiming};
use shared::report::Strategy;

use crate::plan::Plan;
use crate::probe::Probed;
use crate::product::{Item, Product};
use crate::strategy::Matte;
use crate::verify::Verified;

/// Below this share of the picture there is nothing.
const SHARE_SEEN_MIN: f64 = 0.000_5;
/// In so many frames does a subject that is cut off disturb.
const EDGE_CONTACT_MAX: f64 = 0.25;
/// What is noticed in motion and at edges.
const FLICKER_MAX: f64 = 0.05;
const SPILL_RESIDUE_MAX: f64 = 0.04;
const HOLES_MAX: f64 = 0.002;
const SOFT_SHARE_MAX: f64 = 0.35;

/// Everything that a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// What was read.
    pub probed: &'a Probed,
    /// What was decided.
    pub matte: &'a Matte,
    /// What was asked for.
    pub preset: Preset,
    /// What was planned.
    pub plan: &'a Plan,
    /// What the mattes looked like.
    pub figures: MatteFigures,
    /// What was delivered.
    pub verified: &'a [Verified],
}

/// Puts the report together.
pub fn report(findings: Findings<'_>, tools: BTreeMap<String, String>, stages: Vec<StageTiming>) -> QaReport {
    let strategy = findings.matte.strategy();
    let mut warnings = foresee(findings.probed, findings.plan);
    warnings.extend(judge(&findings.figures, strategy));
    QaReport {
        score: score(&findings.figures),
        strategy,
        preset: findings.preset,
        matte: findings.figures,
        outputs: findings.verified.iter().map(|verified| verified.figures.clone()).collect(),
        warnings,
        tools,
        stages,
    }
}

fn warning(code: &str, message: impl Into<String>) -> QaWarning {
    QaWarning { code: code.to_owned(), message: message.into() }
}

/// What is known before a single frame was made.
pub fn foresee(probed: &Probed, plan: &Plan) -> Vec<QaWarning> {
    let mut warnings = Vec::new();
    if probed.has_variable_rate {
        let rate = plan.picture.frame_rate.as_f64();
        let message = format!("The source's frames come at uneven times; outputs have {rate:.3} a second, evenly.");
        warnings.push(warning("variable_frame_rate", message));
    }
    if !probed.audio_tracks.is_empty() && !probed.facts.has_audio {
        warnings.push(warning("sound_unreadable", "The source's sound cannot be decoded; outputs have none."));
    }
    if probed.input.pixel_aspect.is_some() {
        warnings.push(warning("pixels_made_square", "The source's pixels are not square; those of the outputs are."));
    }
    for Product { item, feed, keep_every, shot, .. } in &plan.products {
        let Item::Output(output) = item else { continue };
        if feed.size.pixels() < plan.picture.shown.pixels() {
            let message = format!("{output} is {}; the source is {}.", feed.size, plan.picture.shown);
            warnings.push(warning("scaled_down", message));
        }
        if *keep_every > 1 {
            let (kept, own) = (shot.frame_rate.as_f64(), plan.picture.frame_rate.as_f64());
            warnings.push(warning("frames_dropped", format!("{output} has {kept:.3} frames a second; the source has {own:.3}.")));
        }
    }
    warnings
}

/// What the mattes give away.
fn judge(figures: &MatteFigures, strategy: Strategy) -> Vec<QaWarning> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let checks = [
        (
            figures.coverage > 1.0 - SHARE_SEEN_MIN,
            "nothing_transparent",
            "Nothing is transparent: no background was removed.".to_owned(),
        ),
        (
            figures.coverage < SHARE_SEEN_MIN,
            "everything_transparent",
            "Everything is transparent: no subject was found.".to_owned(),
        ),
        (
            figures.edge_contact > EDGE_CONTACT_MAX,
            "subject_touches_edge",
            format!("The subject touches the edge of the picture in {} of the frames.", percent(figures.edge_contact)),
        ),
        (
            figures.soft_share > SOFT_SHARE_MAX,
            "mostly_soft",
            format!(
                "{} of the picture is half transparent; the subject and the background may be too alike.",
                percent(figures.soft_share)
            ),
        ),
        (
            figures.holes > HOLES_MAX,
            "holes",
            format!("There are small holes in the subject, {} of its area.", percent(figures.holes)),
        ),
        (figures.flicker > FLICKER_MAX, "flicker", "The subject's edges are unsteady from frame to frame.".to_owned()),
        (
            figures.spill_residue > SPILL_RESIDUE_MAX && strategy == Strategy::ChromaKey,
            "spill",
            "The subject's edges are still tinted by the screen.".to_owned(),
        ),
    ];
    checks.into_iter().filter(|(applies, ..)| *applies).map(|(_, code, message)| warning(code, message)).collect()
}

/// One figure for the whole: each flaw takes its share, weighted by how much it disturbs.
fn score(figures: &MatteFigures) -> u8 {
    let empty = figures.coverage < SHARE_SEEN_MIN || figures.coverage > 1.0 - SHARE_SEEN_MIN;
    let kept = |flaw: f64, hopeless: f64| 1.0 - (flaw / hopeless).clamp(0.0, 1.0);
    let flawless = kept(figures.flicker, 0.3) * kept(figures.spill_residue, 0.3) * kept(figures.holes, 0.05);
    let share = if empty { 0.0 } else { flawless };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let score = (share * 100.0).round() as u8;
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: MatteFigures =
        MatteFigures { coverage: 0.3, soft_share: 0.02, flicker: 0.01, spill_residue: 0.0, holes: 0.0, edge_contact: 0.0 };

    fn codes(figures: MatteFigures) -> Vec<String> {
        judge(&figures, Strategy::ChromaKey).into_iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn each_flaw_is_named_and_costs_and_a_clean_matte_is_left_alone() {
        assert_eq!(codes(CLEAN), Vec::<String>::new());
        assert!(score(&CLEAN) > 90);
        for (figures, code) in [
            (MatteFigures { flicker: 0.1, ..CLEAN }, "flicker"),
            (MatteFigures { spill_residue: 0.1, ..CLEAN }, "spill"),
            (MatteFigures { holes: 0.01, ..CLEAN }, "holes"),
            (MatteFigures { coverage: 1.0, ..CLEAN }, "nothing_transparent"),
            (MatteFigures { coverage: 0.0, ..CLEAN }, "everything_transparent"),
        ] {
            assert_eq!(codes(figures), [code]);
            assert!(score(&figures) < score(&CLEAN), "{code}");
        }
        assert_eq!(codes(MatteFigures { edge_contact: 0.5, ..CLEAN }), ["subject_touches_edge"]);
        assert!(judge(&MatteFigures { spill_residue: 0.1, ..CLEAN }, Strategy::SourceAlpha).is_empty());
    }
}
