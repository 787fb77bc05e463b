//! Keys a flat coloured screen, detected along the borders of the sampled frames or given.

use super::{AlphaSource, Detection, MatteRequest, SampledClip, hundredths};
use crate::matte::keying::{KeyOptions, RgbFrame, Screen};

/// Fits where a screen is detected; always where its colour is given.
pub fn detect(clip: &SampledClip<'_>) -> Detection {
    let (request, samples) = (clip.request, &clip.samples);
    let options = key_options(request);
    if let Some(color) = request.key.screen_color {
        let screen = Screen { color: color.0.map(f32::from), coverage: 0.0 };
        return Detection::fits(AlphaSource::Keyed { screen, options }, 1.0, format!("The screen is said to be {color}."));
    }
    let (width, height) = (samples.size.width as usize, samples.size.height as usize);
    let frames: Vec<RgbFrame<'_>> = samples.frames.iter().map(|pixels| RgbFrame { width, height, pixels }).collect();
    let Some(screen) = Screen::detect(&frames) else {
        return Detection::unsuitable("There is no flat coloured screen along the borders of the picture.");
    };
    let ([red, green, blue], percent) = (screen.color.map(f32::round), screen.coverage * 100.0);
    let reason = format!("A flat screen of RGB {red} {green} {blue} covers {percent:.0} % of the borders in the typical frame.");
    Detection::fits(AlphaSource::Keyed { screen, options }, hundredths(screen.coverage), reason)
}

fn key_options(request: &MatteRequest) -> KeyOptions {
    KeyOptions {
        black_point: request.key.black_point,
        white_point: request.key.white_point,
        spill_strength: request.key.spill_strength,
        ..KeyOptions::default()
    }
}
