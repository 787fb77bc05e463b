//! The QA report: a score, metrics of the matte, figures of each output, and warnings.

mod score;
mod unusable;
mod warnings;

use std::collections::BTreeMap;

use shared::qa::{MatteFigures, OutputFigures, QaReport, StageTiming};
use shared::strategy::{Strategy, StrategyChoice};

use crate::ffmpeg::probe::Probed;
use crate::frame::raw_format::RawFormat;
use crate::matte::keying_step::ScreenSummary;
use crate::output::matte_metrics::MatteMetrics;
use crate::output::run_plan::RunPlan;
use crate::output::second_opinion::{self, MatteSamples};
use crate::output::verify::Verified;

pub use self::unusable::check as check_usable;
pub use self::warnings::{matte_warnings, source_warnings};
use self::warnings::{possible_screen_warning, screen_warnings, uncertain_score_warning};

/// A smaller share of the picture counts as none.
const SHARE_MIN: f64 = 0.000_5;

/// Everything that a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct ReportInputs<'a> {
    /// The source.
    pub probed: &'a Probed,
    /// How the matte was made.
    pub strategy: Strategy,
    /// The reason for that strategy; none where it was given.
    pub choice: Option<&'a StrategyChoice>,
    /// The plan of the run.
    pub plan: &'a RunPlan,
    /// The screens that were keyed; none where nothing was keyed, or by another program.
    pub screens: Option<ScreenSummary>,
    /// Metrics of the matte.
    pub figures: MatteFigures,
    /// The verified outputs.
    pub verified: &'a [Verified],
}

/// The metrics for mattes of this plan, with a comparison against the screen where planar frames
/// are keyed.
pub fn metrics(probed: &Probed, plan: &RunPlan) -> MatteMetrics {
    let size = plan.picture.size;
    match plan.raw_format {
        // Results of wider gamuts were converted, so they cannot be compared with the source.
        RawFormat::Planar(format) if probed.input.wide_gamut.is_none() => MatteMetrics::against(size, format),
        RawFormat::Planar(_) | RawFormat::Rgba => MatteMetrics::new(size).with_samples(MatteSamples::new(plan.picture.length)),
    }
}

/// Puts the report together.
pub fn report(inputs: ReportInputs<'_>, tools: BTreeMap<String, String>, stages: Vec<StageTiming>) -> QaReport {
    let mut warnings = source_warnings(inputs.probed, inputs.plan);
    let matte = rounded_matte(inputs.figures);
    warnings.extend(inputs.choice.into_iter().filter_map(possible_screen_warning));
    warnings.extend(inputs.screens.iter().flat_map(screen_warnings));
    warnings.extend(matte_warnings(&matte, inputs.strategy));
    let is_judged = second_opinion::is_needed(inputs.strategy) || inputs.choice.is_none();
    if is_judged && inputs.strategy != Strategy::Portrait {
        warnings.extend(uncertain_score_warning(&matte));
    }
    let (score, score_terms) = score::score(&matte);
    let outputs = inputs.verified.iter().map(|verified| rounded_output(&verified.figures)).collect();
    QaReport { score, score_terms, choice: inputs.choice.cloned(), matte, outputs, warnings, tools, stages }
}

/// The report for people.
pub fn text(report: &QaReport) -> String {
    let figures = &report.matte;
    let terms: Vec<String> = report.score_terms.iter().map(|term| format!("{} {:.4}", term.term, term.error)).collect();
    let mut lines: Vec<String> = report.choice.iter().map(choice_text).collect();
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
    if let (Some(missing), Some(left)) = (figures.missing_share, figures.screen_left_share) {
        lines.push(format!(
            "missing {:.1} % of the subject; {:.1} % of what is visible is screen",
            missing * 100.0,
            left * 100.0
        ));
    }
    if let Some(unevenness) = figures.screen_unevenness {
        lines.push(format!("screen: its light differs by {:.0} %", unevenness * 100.0));
    }
    lines.extend(report.warnings.iter().map(|warning| format!("warning[{}]: {}", warning.code, warning.message)));
    lines.extend(report.stages.iter().map(|timing| format!("{}: {} ms", timing.stage, timing.duration_ms)));
    lines.join("\n")
}

/// The strategy that was chosen, and why, for people.
pub fn choice_text(choice: &StrategyChoice) -> String {
    let model = choice.matting_model.as_ref().map_or_else(String::new, |model| format!(" with {model}"));
    format!("strategy: {}{model}, confidence {:.2}. {}", choice.strategy, choice.confidence, choice.reason)
}

/// To six decimals: no more is significant, and every JSON reader gets the same number back.
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
        translucency: rounded(figures.translucency),
        missing_share: figures.missing_share.map(rounded),
        screen_left_share: figures.screen_left_share.map(rounded),
        reconstruction_error: figures.reconstruction_error.map(rounded),
        foreign_share: figures.foreign_share.map(rounded),
        lacking_share: figures.lacking_share.map(rounded),
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
        translucency: 0.0,
        missing_share: Some(0.0),
        screen_left_share: Some(0.0),
        reconstruction_error: Some(0.03),
        foreign_share: None,
        lacking_share: None,
        screen_unevenness: Some(0.1),
    };

    #[test]
    fn figures_have_six_decimals() {
        let figure = rounded(1.0 / 3.0);
        assert_eq!(serde_json::to_string(&figure).unwrap(), "0.333333");
    }
}
