//! Mattes with a model of the operator's, where one is usable and finds a subject.

use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::media::PixelSize;

use super::{AlphaSource, Detection, SampledClip, hundredths};
use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::matte::matting_step::MattingBackend;
use crate::matte::models::{self, Catalog, Inference, Kind, Model, OnnxBackend, Plane, SegmentationBackend};
use keyer::color::byte;

/// Least share of the picture for the subject, and for the background.
const SHARE_MIN: f32 = 0.001;

/// One pixel in so many is background in any picture.
const BACKGROUND_DIVISOR: u64 = 10;

/// Fits where the model's mattes of the sampled frames have a subject and a background; their
/// certainty is the confidence.
pub async fn detect(clip: &SampledClip<'_>) -> TaskResult<Detection> {
    let (all, wanted) = (Arc::clone(clip.models), clip.request.matting_model.clone());
    let model = match blocking(move || find(&all, wanted.as_deref())).await? {
        Ok(model) => model,
        Err(reason) => return Ok(Detection::does_not_fit(JobErrorCode::ModelUnavailable, reason)),
    };
    let (samples, trial) = (clip.samples.clone(), Arc::clone(&model));
    let (covered, certainty) = match blocking(move || infer_samples(&trial, &samples.frames, samples.size)).await? {
        Ok(shares) => shares,
        // Another strategy may still fit.
        Err(TaskError::Permanent { code, message, detail }) => {
            tracing::warn!(model = model.manifest().id, detail, "a matting model failed on a sample");
            return Ok(Detection::does_not_fit(code, message));
        }
        Err(error) => return Err(error),
    };
    let (id, percent) = (&model.manifest().id, covered * 100.0);
    if covered < SHARE_MIN {
        return Ok(Detection::unsuitable(format!("The matting model {id} finds no subject.")));
    }
    if covered > 1.0 - SHARE_MIN {
        return Ok(Detection::unsuitable(format!("The matting model {id} takes the whole picture for the subject.")));
    }
    let reason = format!("The matting model {id} finds a subject on {percent:.0} % of the picture.");
    let matting_model = Some(id.clone());
    let backend: Arc<dyn MattingBackend> = match model.manifest().kind {
        Kind::Segmentation => Arc::new(SegmentationBackend::new(model)),
        Kind::Recurrent => {
            let models = Arc::clone(clip.models);
            Arc::new(OnnxBackend::new(model, blocking(move || models.segmentation_model()).await?))
        }
        Kind::Image | Kind::Portrait => Arc::new(OnnxBackend::new(model, None)),
    };
    let alpha = AlphaSource::Matted(backend);
    Ok(Detection::Fits { alpha, confidence: hundredths(certainty), reason, matting_model })
}

/// The model of this id, or the first that is usable.
/// Errors: a sentence for people.
fn find(models: &Catalog, wanted: Option<&str>) -> Result<Arc<Model>, String> {
    if let Some(id) = wanted {
        let entry = models.entries().iter().find(|entry| entry.id == id);
        let model = entry.map(|entry| entry.model().map_err(|_| format!("The matting model {id} cannot be used here.")));
        return model.unwrap_or_else(|| Err(format!("There is no matting model {id}.")));
    }
    if models.is_empty() {
        return Err("No matting model is configured.".to_owned());
    }
    let first = models.entries().iter().find_map(|entry| entry.model().ok());
    first.ok_or_else(|| "No matting model that is configured can be used.".to_owned())
}

/// Share of the picture that is subject, and certainty of the mattes: 1 without partial alpha.
fn infer_samples(model: &Arc<Model>, frames: &[Vec<u8>], size: PixelSize) -> TaskResult<(f32, f32)> {
    let (mut subject, mut partial, mut pixels) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut counts = [0_u64; 256];
    for alpha in matte_samples(model, frames, size)?.into_iter().flat_map(|matte| matte.values) {
        counts[usize::from(byte(alpha * 255.0))] += 1;
        let alpha = f64::from(alpha);
        (subject, partial, pixels) = (subject + alpha, partial + alpha.min(1.0 - alpha), pixels + 1.0);
    }
    let background_alpha = background_alpha(&counts);
    if background_alpha > 0 {
        tracing::warn!(
            model = model.manifest().id,
            alpha = background_alpha,
            "a matting model leaves no part of the picture clear: see output.black_point"
        );
    }
    #[expect(clippy::cast_possible_truncation, reason = "shares, which are rounded to hundredths")]
    Ok(((subject / pixels.max(1.0)) as f32, (1.0 - partial / subject.max(1e-9)).clamp(0.01, 1.0) as f32))
}

/// The mattes of sampled frames, packed RGB.
pub fn matte_samples(model: &Arc<Model>, frames: &[Vec<u8>], size: PixelSize) -> TaskResult<Vec<Plane>> {
    if model.manifest().kind == Kind::Segmentation {
        return models::matte_samples(model, frames, size);
    }
    let mut inference = Inference::start(model)?;
    let mut mattes = Vec::new();
    for batch in frames.chunks(inference.frames_max()) {
        let batch: Vec<Vec<u8>> = batch.iter().map(|frame| opaque(frame)).collect();
        let inferred = inference.infer(&batch.iter().map(Vec::as_slice).collect::<Vec<_>>(), size)?;
        mattes.extend(inferred.into_iter().map(|inferred| inferred.matte));
    }
    Ok(mattes)
}

fn opaque(rgb: &[u8]) -> Vec<u8> {
    rgb.as_chunks::<3>().0.iter().flat_map(|[red, green, blue]| [*red, *green, *blue, 255]).collect()
}

/// Largest alpha of the most transparent tenth of the pixels; `counts` is a histogram of alpha.
fn background_alpha(counts: &[u64; 256]) -> usize {
    let (mut left, mut alpha) = (counts.iter().sum::<u64>() / BACKGROUND_DIVISOR, 0);
    while left > counts[alpha] {
        left -= counts[alpha];
        alpha += 1;
    }
    alpha
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_alpha_is_that_of_the_clearest_tenth() {
        let counts = |of: &[(usize, u64)]| {
            of.iter().fold([0; 256], |mut counts, (code, count)| {
                counts[*code] = *count;
                counts
            })
        };
        for (of, expected) in [
            (&[(0, 50), (255, 50)][..], 0),
            (&[(0, 10), (3, 40), (255, 50)], 0),
            (&[(0, 9), (3, 41), (255, 50)], 3),
            (&[(2, 5), (4, 60), (200, 35)], 4),
            (&[(255, 100)], 255),
            (&[], 0),
        ] {
            assert_eq!(background_alpha(&counts(of)), expected, "{of:?}");
        }
    }
}
