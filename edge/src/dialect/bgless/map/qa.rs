//! What is said of a job's quality, for the wire. Pure.

use shared::qa::{OutputFigures, QaReport};

use super::seconds;
use crate::dialect::bgless::wire::qa::{MatteOut, OutputFiguresOut, QaReportOut, QaWarningOut, StageOut};

pub fn qa_report_out(report: &QaReport) -> QaReportOut {
    let matte = report.matte;
    QaReportOut {
        score: report.score,
        matte: MatteOut {
            coverage: matte.coverage,
            soft_share: matte.soft_share,
            flicker: matte.flicker,
            spill_residue: matte.spill_residue,
            holes: matte.holes,
            edge_contact: matte.edge_contact,
        },
        outputs: report.outputs.iter().map(output_figures_out).collect(),
        warnings: report
            .warnings
            .iter()
            .map(|warning| QaWarningOut { code: warning.code.clone(), message: warning.message.clone() })
            .collect(),
        tools: report.tools.clone(),
        stages: report
            .stages
            .iter()
            .map(|timing| StageOut { stage: timing.stage.clone(), duration_ms: timing.duration_ms })
            .collect(),
    }
}

fn output_figures_out(figures: &OutputFigures) -> OutputFiguresOut {
    OutputFiguresOut {
        format: figures.output.as_str(),
        width: figures.size.width,
        height: figures.size.height,
        frame_rate: figures.frame_rate,
        frame_count: figures.frames,
        duration_sec: seconds(figures.duration_ms),
        size_bytes: figures.size_bytes,
        alpha_psnr_db: figures.alpha_psnr_db,
        color_psnr_db: figures.color_psnr_db,
        av_offset_ms: figures.av_offset_ms,
    }
}
