//! The QA report: figures from the master and from what was verified, and what people should know about them.

mod score;
mod warnings;

use std::collections::BTreeMap;

use shared::qa::{MatteFigures, OutputFigures, QaReport, StageTiming};
use shared::strategy::StrategyChoice;

use crate::engine::Prepared;
use crate::ffmpeg::probe::Probed;
use crate::frame::raw_format::RawFormat;
use crate::matte::strategy::Matte;
use crate::output::matte_metrics::Meter;
use crate::output::verify::Verified;
use crate::plan::Plan;

pub use self::warnings::{foresee, judge};

/// Below this share of the picture there is nothing.
const SHARE_SEEN_MIN: f64 = 0.000_5;

/// Everything that a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// What was read, and what was decided.
    pub prepared: &'a Prepared,
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
    match (matte.screen(), plan.raw_format) {
        // Of another gamut than the source, a result cannot be held against it.
        (Some(screen), RawFormat::Planar(format)) if probed.input.wide_gamut.is_none() => Meter::against(shown, format, screen),
        _ => Meter::new(shown),
    }
}

/// Puts the report together.
pub fn report(findings: Findings<'_>, tools: BTreeMap<String, String>, stages: Vec<StageTiming>) -> QaReport {
    let mut warnings = foresee(&findings.prepared.probed, findings.plan);
    let matte = rounded_matte(findings.figures);
    warnings.extend(judge(&matte, findings.prepared.matte.strategy));
    let (score, score_terms) = score::score(&matte);
    let outputs = findings.verified.iter().map(|verified| rounded_output(&verified.figures)).collect();
    QaReport { score, score_terms, choice: findings.prepared.choice.clone(), matte, outputs, warnings, tools, stages }
}

/// What the report says, for people.
pub fn told(report: &QaReport) -> String {
    let figures = &report.matte;
    let terms: Vec<String> = report.score_terms.iter().map(|term| format!("{} {:.4}", term.term, term.error)).collect();
    let mut lines: Vec<String> = report.choice.iter().map(told_choice).collect();
    lines.extend([
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
    ]);
    if let Some(unevenness) = figures.screen_unevenness {
        lines.push(format!("screen: its light differs by {:.0} %", unevenness * 100.0));
    }
    lines.extend(report.warnings.iter().map(|warning| format!("warning[{}]: {}", warning.code, warning.message)));
    lines.extend(report.stages.iter().map(|timing| format!("{}: {} ms", timing.stage, timing.duration_ms)));
    lines.join("\n")
}

/// The strategy that was taken, and why.
pub fn told_choice(choice: &StrategyChoice) -> String {
    let model = choice.matting_model.as_ref().map_or_else(String::new, |model| format!(" with {model}"));
    format!("strategy: {}{model}, confidence {:.2}. {}", choice.strategy, choice.confidence, choice.reason)
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
        alpha_psnr_db: figures.alpha_psnr_db.map(rounded),
        color_psnr_db: figures.color_psnr_db.map(rounded),
        ..figures.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const CLEAN: MatteFigures = MatteFigures {
        coverage: 0.3,
        soft_share: 0.02,
        flicker: 0.01,
        spill_residue: 0.0,
        holes: 0.0,
        edge_contact: 0.0,
        reconstruction_error: Some(0.03),
        screen_unevenness: Some(0.1),
    };

    #[test]
    fn figures_are_so_short_that_they_read_back_the_same() {
        let figure = rounded(1.0 / 3.0);
        assert_eq!(serde_json::to_string(&figure).unwrap(), "0.333333");
    }
}
