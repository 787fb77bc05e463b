//! The QA report: figures from the master and from what was verified, and what people should know about them.

use std::collections::BTreeMap;

use shared::qa::{MatteFigures, OutputFigures, QaReport, QaWarning, ScoreTerm, StageTiming};
use shared::report::Strategy;

use crate::meter::Meter;
use crate::plan::{Plan, RawFormat};
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

/// Beyond this people see that the light falls unevenly, and keyers have work with it.
const UNEVENNESS_MAX: f64 = 0.25;

/// Everything that a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// What was read.
    pub probed: &'a Probed,
    /// What was decided.
    pub matte: &'a Matte,
    /// What was planned.
    pub plan: &'a Plan,
    /// What the mattes looked like.
    pub figures: MatteFigures,
    /// What was delivered.
    pub verified: &'a [Verified],
}

/// What measures the results of a decision about frames of this form and size.
pub fn meter(probed: &Probed, matte: &Matte, plan: &Plan) -> Meter {
    let shown = plan.picture.shown;
    match (matte, plan.raw_format) {
        // Of another gamut than the source, a result cannot be held against it.
        (Matte::ChromaKey { screen, .. }, RawFormat::Planar(format)) if probed.input.wide_gamut.is_none() => {
            Meter::against(shown, format, screen)
        }
        _ => Meter::new(shown),
    }
}

/// Puts the report together.
pub fn report(findings: Findings<'_>, tools: BTreeMap<String, String>, stages: Vec<StageTiming>) -> QaReport {
    let mut warnings = foresee(findings.probed, findings.plan);
    let matte = rounded_matte(findings.figures);
    warnings.extend(judge(&matte, findings.matte.strategy()));
    let (score, score_terms) = score(&matte);
    let outputs = findings.verified.iter().map(|verified| rounded_output(&verified.figures)).collect();
    QaReport { score, score_terms, matte, outputs, warnings, tools, stages }
}

/// What the report says, for people.
pub fn told(report: &QaReport) -> String {
    let figures = &report.matte;
    let terms: Vec<String> = report.score_terms.iter().map(|term| format!("{} {:.4}", term.term, term.error)).collect();
    let mut lines = vec![
        format!("score {} of 100: {}", report.score, terms.join(", ")),
        format!(
            "coverage {:.1} %, soft {:.1} %, flicker {:.4}, spill {:.4}, holes {:.4}, at the edge in {:.0} % of frames",
            figures.coverage * 100.0,
            figures.soft_share * 100.0,
            figures.flicker,
            figures.spill_residue,
            figures.holes,
            figures.edge_contact * 100.0,
        ),
    ];
    if let Some(unevenness) = figures.screen_unevenness {
        lines.push(format!("screen: its light differs by {:.0} %", unevenness * 100.0));
    }
    lines.extend(report.warnings.iter().map(|warning| format!("warning[{}]: {}", warning.code, warning.message)));
    lines.extend(report.stages.iter().map(|timing| format!("{}: {} ms", timing.stage, timing.duration_ms)));
    lines.join("\n")
}

/// To what is worth telling; and so short that every program reads back the same number.
fn rounded(figure: f64) -> f64 {
    (figure * 1e6).round() / 1e6
}

fn rounded_matte(figures: MatteFigures) -> MatteFigures {
    MatteFigures {
        coverage: rounded(figures.coverage),
        soft_share: rounded(figures.soft_share),
        flicker: rounded(figures.flicker),
        spill_residue: rounded(figures.spill_residue),
        holes: rounded(figures.holes),
        edge_contact: rounded(figures.edge_contact),
        reconstruction_error: figures.reconstruction_error.map(rounded),
        screen_unevenness: figures.screen_unevenness.map(rounded),
    }
}

fn rounded_output(figures: &OutputFigures) -> OutputFigures {
    OutputFigures {
        frame_rate: rounded(figures.frame_rate),
        duration_sec: rounded(figures.duration_sec),
        alpha_psnr_db: rounded(figures.alpha_psnr_db),
        color_psnr_db: figures.color_psnr_db.map(rounded),
        ..figures.clone()
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
    if let Some(transfer) = probed.input.bright_transfer {
        let message = format!("The source has a high dynamic range ({}); outputs have the tones of BT.709.", transfer.as_str());
        warnings.push(warning("tone_mapped", message));
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
pub fn judge(figures: &MatteFigures, strategy: Strategy) -> Vec<QaWarning> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let unevenness = figures.screen_unevenness.unwrap_or_default();
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
        (
            unevenness > UNEVENNESS_MAX,
            "screen_uneven",
            format!("The screen is unevenly lit: its light differs by {}.", percent(unevenness)),
        ),
    ];
    checks.into_iter().filter(|(applies, ..)| *applies).map(|(_, code, message)| warning(code, message)).collect()
}

/// Spill as an error of alpha that disturbs as much: a fringe of pure screen colour, as half of the edge missing.
const SPILL_WEIGHT: f64 = 0.5;
/// Flicker likewise: it is a mean over all that is seen, but stands out where it is.
const FLICKER_WEIGHT: f64 = 0.5;
/// Softness likewise, where there is no screen to tell whether it is meant.
const SOFTNESS_WEIGHT: f64 = 0.1;

/// One figure for the whole, and the errors it is made of. Each is put as a root mean square error of alpha, so that they add up as
/// squares do; the score is the square of what is left. Against a screen, the reconstruction sees holes and soft edges that
/// are wrong; without one, they count as they are.
fn score(figures: &MatteFigures) -> (u8, Vec<ScoreTerm>) {
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
    use shared::media::{Output, PixelSize, Preset};

    use super::*;
    use crate::probe::AudioTrack;
    use crate::product::Order;

    const CLEAN: MatteFigures = MatteFigures {
        coverage: 0.3,
        soft_share: 0.02,
        flicker: 0.01,
        spill_residue: 0.0,
        holes: 0.0,
        edge_contact: 0.0,
        reconstruction_error: Some(0.03),
        screen_unevenness: Some(0.1),
    };
    /// As much as is known without a screen.
    const ALONE: MatteFigures = MatteFigures { reconstruction_error: None, screen_unevenness: None, ..CLEAN };

    fn codes(figures: MatteFigures) -> Vec<String> {
        judge(&figures, Strategy::ChromaKey).into_iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn each_flaw_is_named_and_a_clean_matte_is_left_alone() {
        assert_eq!(codes(CLEAN), Vec::<String>::new());
        for (figures, code) in [
            (MatteFigures { flicker: 0.1, ..CLEAN }, "flicker"),
            (MatteFigures { spill_residue: 0.1, ..CLEAN }, "spill"),
            (MatteFigures { holes: 0.01, ..CLEAN }, "holes"),
            (MatteFigures { soft_share: 0.4, ..CLEAN }, "mostly_soft"),
            (MatteFigures { edge_contact: 0.5, ..CLEAN }, "subject_touches_edge"),
            (MatteFigures { screen_unevenness: Some(0.3), ..CLEAN }, "screen_uneven"),
            (MatteFigures { coverage: 1.0, ..CLEAN }, "nothing_transparent"),
            (MatteFigures { coverage: 0.0, ..CLEAN }, "everything_transparent"),
        ] {
            assert_eq!(codes(figures), [code]);
        }
        assert!(judge(&MatteFigures { spill_residue: 0.1, ..CLEAN }, Strategy::SourceAlpha).is_empty());
    }

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

    #[test]
    fn what_is_known_of_the_source_is_foreseen_and_nothing_else() {
        let output = |output, preset| Order { outputs: vec![output], preset, resolution: None, previews: false };
        let foreseen = |change: fn(&mut Probed), order: &Order| {
            let mut probed = crate::plan::tests::probed();
            probed.input.pixel_aspect = None;
            change(&mut probed);
            let plan = Plan::new(&probed, RawFormat::Rgba, order);
            foresee(&probed, &plan).into_iter().map(|warning| warning.code).collect::<Vec<_>>()
        };
        let plain = output(Output::MovProres4444, Preset::Editing);
        assert_eq!(foreseen(|_| {}, &plain), Vec::<String>::new());
        assert_eq!(foreseen(|probed| probed.has_variable_rate = true, &plain), ["variable_frame_rate"]);
        assert_eq!(foreseen(|probed| probed.input.pixel_aspect = Some((4, 3)), &plain), ["pixels_made_square"]);
        let deaf = |probed: &mut Probed| {
            probed.audio_tracks = vec![AudioTrack { index: 1, channels: 2 }];
            probed.facts.has_audio = false;
        };
        assert_eq!(foreseen(deaf, &plain), ["sound_unreadable"]);
        let small = output(Output::Gif, Preset::WebApp);
        assert_eq!(foreseen(|_| {}, &small), ["frames_dropped"]);
        let large = |probed: &mut Probed| probed.facts.size = PixelSize { width: 1_920, height: 1_080 };
        assert_eq!(foreseen(large, &small), ["scaled_down", "frames_dropped"]);
    }

    #[test]
    fn figures_are_so_short_that_they_read_back_the_same() {
        let figure = rounded(1.0 / 3.0);
        assert_eq!(serde_json::to_string(&figure).unwrap(), "0.333333");
    }
}
