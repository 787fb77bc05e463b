//! Warnings about a job: from its source and plan before it runs, and from the metrics of its
//! matte.

use shared::qa::{MatteFigures, QaWarning};
use shared::strategy::{Strategy, StrategyChoice, StrategyRequest};

use super::SHARE_MIN;
use crate::ffmpeg::probe::Probed;
use crate::matte::keying_step::ScreenSummary;
use crate::output::rendition::{Rendition, RenditionKind};
use crate::output::run_plan::RunPlan;

/// Share of frames in which a subject that is cut off disturbs.
const EDGE_CONTACT_MAX: f64 = 0.25;
/// Values from which each fault is visible.
const FLICKER_MAX: f64 = 0.05;
const SPILL_RESIDUE_MAX: f64 = 0.04;
const HOLES_MAX: f64 = 0.002;
const SOFT_SHARE_MAX: f64 = 0.35;
const TRANSLUCENCY_MAX: f64 = 0.3;
const MISSING_SHARE_MAX: f64 = 0.03;
const SCREEN_LEFT_SHARE_MAX: f64 = 0.02;

/// From where uneven light is visible, and keyers have difficulty.
const UNEVENNESS_MAX: f64 = 0.25;

fn warning(code: &str, message: impl Into<String>) -> QaWarning {
    QaWarning { code: code.to_owned(), message: message.into() }
}

/// From the source and the plan.
pub fn source_warnings(probed: &Probed, plan: &RunPlan) -> Vec<QaWarning> {
    let mut warnings = Vec::new();
    if probed.has_variable_rate {
        let rate = plan.picture.frame_rate.as_f64();
        let message = format!("The source's frames come at uneven times; outputs have {rate:.3} a second, evenly.");
        warnings.push(warning("variable_frame_rate", message));
    }
    if let Some(rate) = probed.rate_above_max {
        let (own, taken) = (rate.as_f64(), plan.picture.frame_rate.as_f64());
        warnings
            .push(warning("frames_dropped", format!("The source has {own:.3} frames a second; {taken:.3} at most are taken.")));
    }
    if let Some(transfer) = probed.input.bright_transfer {
        let message = format!("The source has a high dynamic range ({}); outputs have the tones of BT.709.", transfer.as_str());
        warnings.push(warning("tone_mapped", message));
    }
    if !probed.audio_tracks.is_empty() && !probed.facts.has_audio {
        warnings.push(warning("sound_unreadable", "The source's sound cannot be decoded; outputs have none."));
    }
    if probed.input.is_interlaced {
        warnings.push(warning("deinterlaced", "The source is interlaced; its fields were interpolated to whole frames."));
    }
    if probed.input.is_premultiplied {
        let message =
            "The source's colours are multiplied by its alpha; they were divided by it, so outputs have straight alpha.";
        warnings.push(warning("premultiplied", message));
    }
    if probed.input.pixel_aspect.is_some() {
        warnings.push(warning("pixels_made_square", "The source's pixels are not square; those of the outputs are."));
    }
    for Rendition { kind, feed, keep_every, params, .. } in &plan.renditions {
        let RenditionKind::Output(output) = kind else { continue };
        if feed.size.pixels() < plan.composed_size().pixels() {
            let message = format!("{output} is {}; the source is {}.", feed.size, plan.composed_size());
            warnings.push(warning("scaled_down", message));
        }
        if *keep_every > 1 {
            let (kept, own) = (params.frame_rate.as_f64(), plan.picture.frame_rate.as_f64());
            warnings.push(warning("frames_dropped", format!("{output} has {kept:.3} frames a second; the source has {own:.3}.")));
        }
    }
    warnings
}

/// Where another strategy was chosen although there may be a screen.
pub fn possible_screen_warning(choice: &StrategyChoice) -> Option<QaWarning> {
    let chroma_key = choice.runners_up.iter().find(|candidate| candidate.strategy == StrategyRequest::ChromaKey)?;
    let is_possible = chroma_key.confidence.is_some_and(|confidence| confidence > 0.0);
    (choice.strategy == StrategyRequest::StaticCamera && is_possible)
        .then(|| warning("possible_screen", chroma_key.reason.clone()))
}

/// Where neither a screen nor a second opinion shows whether the matte is of the right things.
pub fn uncertain_score_warning(figures: &MatteFigures) -> Option<QaWarning> {
    let message = "The score is not certain: there is no screen, and no matting model could tell the subject, so wrong objects and missing parts are not seen.";
    (figures.reconstruction_error.is_none() && figures.foreign_share.is_none()).then(|| warning("score_uncertain", message))
}

/// From the screens that were keyed.
pub fn screen_warnings(screens: &ScreenSummary) -> Vec<QaWarning> {
    let mut warnings = Vec::new();
    if screens.shots_without_screen > 0 {
        let message = format!("{} of {} shots show no screen; they are opaque.", screens.shots_without_screen, screens.shots);
        warnings.push(warning("shots_without_screen", message));
    }
    for (share, code, what) in [
        (screens.set_share, "garbage_matte", "does not reach the lower border and is transparent unless `garbageMatte` is `off`"),
        (screens.standing_set_share, "set_visible", "may be a subject at rest and is opaque unless `garbageMatte` is `all`"),
    ] {
        if share > SHARE_MIN {
            let message = format!("{:.1} % of the picture beside the screen never moves; it {what}.", share * 100.0);
            warnings.push(warning(code, message));
        }
    }
    warnings
}

/// From the metrics of the matte.
pub fn matte_warnings(figures: &MatteFigures, strategy: Strategy) -> Vec<QaWarning> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let unevenness = figures.screen_unevenness.unwrap_or_default();
    let (missing, left) = (figures.missing_share.unwrap_or_default(), figures.screen_left_share.unwrap_or_default());
    let checks = [
        (
            figures.coverage > 1.0 - SHARE_MIN,
            "nothing_transparent",
            "Nothing is transparent: no background was removed.".to_owned(),
        ),
        (figures.coverage < SHARE_MIN, "everything_transparent", "Everything is transparent: no subject was found.".to_owned()),
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
            figures.translucency > TRANSLUCENCY_MAX,
            "translucent",
            "Parts of the subject that have sharp outlines are half transparent.".to_owned(),
        ),
        (
            missing > MISSING_SHARE_MAX,
            "subject_missing",
            format!("Parts of the subject seem to be missing, {} of its area.", percent(missing)),
        ),
        (
            left > SCREEN_LEFT_SHARE_MAX,
            "screen_left",
            format!("Parts of the screen were left in: they are {} of what is visible.", percent(left)),
        ),
        (
            unevenness > UNEVENNESS_MAX,
            "screen_uneven",
            format!("The screen is unevenly lit: its light differs by {}.", percent(unevenness)),
        ),
    ];
    checks.into_iter().filter(|(applies, ..)| *applies).map(|(_, code, message)| warning(code, message)).collect()
}

#[cfg(test)]
mod tests {
    use shared::composition::Composition;
    use shared::media::{Output, PixelSize, Preset};

    use super::*;
    use crate::ffmpeg::probe::AudioTrack;
    use crate::frame::raw_format::RawFormat;
    use crate::output::qa::tests::CLEAN;
    use crate::output::rendition::OutputRequest;

    fn codes(figures: MatteFigures) -> Vec<String> {
        matte_warnings(&figures, Strategy::ChromaKey).into_iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn each_fault_has_its_warning_and_a_clean_matte_has_none() {
        assert_eq!(codes(CLEAN), Vec::<String>::new());
        for (figures, code) in [
            (MatteFigures { flicker: 0.1, ..CLEAN }, "flicker"),
            (MatteFigures { spill_residue: 0.1, ..CLEAN }, "spill"),
            (MatteFigures { holes: 0.01, ..CLEAN }, "holes"),
            (MatteFigures { soft_share: 0.4, ..CLEAN }, "mostly_soft"),
            (MatteFigures { edge_contact: 0.5, ..CLEAN }, "subject_touches_edge"),
            (MatteFigures { screen_unevenness: Some(0.3), ..CLEAN }, "screen_uneven"),
            (MatteFigures { translucency: 0.4, ..CLEAN }, "translucent"),
            (MatteFigures { missing_share: Some(0.1), ..CLEAN }, "subject_missing"),
            (MatteFigures { screen_left_share: Some(0.1), ..CLEAN }, "screen_left"),
            (MatteFigures { coverage: 1.0, ..CLEAN }, "nothing_transparent"),
            (MatteFigures { coverage: 0.0, ..CLEAN }, "everything_transparent"),
        ] {
            assert_eq!(codes(figures), [code]);
        }
        assert!(matte_warnings(&MatteFigures { spill_residue: 0.1, ..CLEAN }, Strategy::SourceAlpha).is_empty());
    }

    #[test]
    fn a_score_is_certain_with_a_screen_or_a_second_opinion() {
        let unseen = MatteFigures { reconstruction_error: None, ..CLEAN };
        assert_eq!(uncertain_score_warning(&unseen).unwrap().code, "score_uncertain");
        assert_eq!(uncertain_score_warning(&CLEAN), None);
        assert_eq!(uncertain_score_warning(&MatteFigures { foreign_share: Some(0.0), ..unseen }), None);
    }

    #[test]
    fn shots_and_sets_beside_the_screen_are_named_where_there_are_any() {
        let codes = |screens| screen_warnings(&screens).into_iter().map(|warning| warning.code).collect::<Vec<_>>();
        let plain = ScreenSummary { shots: 3, ..ScreenSummary::default() };
        assert_eq!(codes(plain), Vec::<String>::new());
        assert_eq!(codes(ScreenSummary { shots_without_screen: 1, ..plain }), ["shots_without_screen"]);
        assert_eq!(codes(ScreenSummary { set_share: 0.1, ..plain }), ["garbage_matte"]);
        assert_eq!(codes(ScreenSummary { standing_set_share: 0.1, ..plain }), ["set_visible"]);
    }

    #[test]
    fn a_possible_screen_is_named_where_the_camera_stands_still() {
        let choice = |strategy, confidence| StrategyChoice {
            strategy,
            confidence: 0.8,
            reason: String::new(),
            matting_model: None,
            runners_up: vec![shared::strategy::StrategyCandidate {
                strategy: StrategyRequest::ChromaKey,
                confidence: Some(confidence),
                reason: "There may be a screen.".to_owned(),
            }],
        };
        assert_eq!(possible_screen_warning(&choice(StrategyRequest::StaticCamera, 0.0)), None);
        let warned = possible_screen_warning(&choice(StrategyRequest::StaticCamera, 0.1)).unwrap();
        assert_eq!((warned.code.as_str(), warned.message.as_str()), ("possible_screen", "There may be a screen."));
    }

    #[test]
    fn each_property_of_the_source_has_its_warning_and_a_plain_one_has_none() {
        let output = |output, preset| OutputRequest {
            outputs: vec![output],
            preset,
            resolution: None,
            composition: Composition::default(),
            backdrop: None,
            previews: false,
        };
        let codes = |change: fn(&mut Probed), request: &OutputRequest| {
            let mut probed = crate::plan::tests::probed();
            probed.input.pixel_aspect = None;
            change(&mut probed);
            let plan = RunPlan::new(&probed, RawFormat::Rgba, request);
            source_warnings(&probed, &plan).into_iter().map(|warning| warning.code).collect::<Vec<_>>()
        };
        let plain = output(Output::MovProres4444, Preset::Editing);
        assert_eq!(codes(|_| {}, &plain), Vec::<String>::new());
        assert_eq!(codes(|probed| probed.has_variable_rate = true, &plain), ["variable_frame_rate"]);
        assert_eq!(codes(|probed| probed.input.is_interlaced = true, &plain), ["deinterlaced"]);
        assert_eq!(codes(|probed| probed.input.is_premultiplied = true, &plain), ["premultiplied"]);
        assert_eq!(codes(|probed| probed.input.pixel_aspect = Some((4, 3)), &plain), ["pixels_made_square"]);
        let unreadable = |probed: &mut Probed| {
            probed.audio_tracks = vec![AudioTrack { index: 1, channels: 2, is_decodable: true }];
            probed.facts.has_audio = false;
        };
        assert_eq!(codes(unreadable, &plain), ["sound_unreadable"]);
        let small = output(Output::Gif, Preset::WebApp);
        assert_eq!(codes(|_| {}, &small), ["frames_dropped"]);
        let large = |probed: &mut Probed| probed.facts.size = PixelSize { width: 1_920, height: 1_080 };
        assert_eq!(codes(large, &small), ["scaled_down", "frames_dropped"]);
    }
}
