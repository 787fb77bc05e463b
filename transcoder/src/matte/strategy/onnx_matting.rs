//! Whether a matting model of the operator's is there and finds a subject.

use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::media::PixelSize;

use super::{Footage, Matte, Verdict, hundredths};
use crate::error::{TaskError, TaskResult};
use crate::frame::color::byte;
use crate::matte::models::onnx::OnnxMatting;
use crate::matte::models::{Catalog, Model, Run};

/// A subject smaller than this share of the picture is none, and so is one that leaves less of it.
const SHARE_SEEN_MIN: f32 = 0.001;

/// One part in so many of any picture is surely not subject.
const CLEAR_PART: u64 = 10;

/// Looks: the model's mattes of the sampled frames say how sure it is.
pub async fn look(models: &Arc<Catalog>, footage: &Footage<'_>) -> TaskResult<Verdict> {
    let (all, wanted) = (Arc::clone(models), footage.request.matting_model.clone());
    let found = tokio::task::spawn_blocking(move || find(&all, wanted.as_deref())).await;
    let model = match found.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))? {
        Ok(model) => model,
        Err(reason) => return Ok(Verdict::Unfit { code: JobErrorCode::ModelUnavailable, reason }),
    };
    let (samples, trial) = (footage.samples.clone(), Arc::clone(&model));
    let seen = tokio::task::spawn_blocking(move || try_out(&trial, &samples.frames, samples.size)).await;
    let (covered, sure) = match seen.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))? {
        Ok(shares) => shares,
        // Another strategy may still fit.
        Err(TaskError::Permanent { code, message, detail }) => {
            tracing::warn!(model = model.card().id, detail, "a matting model failed on a sample");
            return Ok(Verdict::Unfit { code, reason: message });
        }
        Err(error) => return Err(error),
    };
    let (id, percent) = (&model.card().id, covered * 100.0);
    if covered < SHARE_SEEN_MIN {
        return Ok(Verdict::unfit(format!("The matting model {id} finds no subject.")));
    }
    if covered > 1.0 - SHARE_SEEN_MIN {
        return Ok(Verdict::unfit(format!("The matting model {id} takes the whole picture for the subject.")));
    }
    let reason = format!("The matting model {id} finds a subject on {percent:.0} % of the picture.");
    let matting_model = Some(id.clone());
    let matte = Matte::OnnxMatting(Arc::new(OnnxMatting::new(model)));
    Ok(Verdict::Fits { matte, confidence: hundredths(sure), reason, matting_model })
}

/// The one that is wanted, or the first that works.
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

/// The share of the picture that is subject, and how much of what is seen is surely so.
fn try_out(model: &Arc<Model>, frames: &[Vec<u8>], size: PixelSize) -> TaskResult<(f32, f32)> {
    let mut run = Run::begin(model)?;
    let (mut seen, mut soft, mut pixels) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut counts = [0_u64; 256];
    for batch in frames.chunks(run.frames_max()) {
        let batch: Vec<Vec<u8>> = batch.iter().map(|frame| opaque(frame)).collect();
        let mattes = run.see(&batch.iter().map(Vec::as_slice).collect::<Vec<_>>(), size)?;
        for alpha in mattes.into_iter().flat_map(|seen| seen.matte.values) {
            counts[usize::from(byte(alpha * 255.0))] += 1;
            let alpha = f64::from(alpha);
            (seen, soft, pixels) = (seen + alpha, soft + alpha.min(1.0 - alpha), pixels + 1.0);
        }
    }
    let glow = glow(&counts);
    if glow > 0 {
        tracing::warn!(
            model = model.card().id,
            alpha = glow,
            "a matting model leaves no part of the picture clear: see output.black_point"
        );
    }
    #[expect(clippy::cast_possible_truncation, reason = "shares, which are told in hundredths")]
    Ok(((seen / pixels.max(1.0)) as f32, (1.0 - soft / seen.max(1e-9)).clamp(0.01, 1.0) as f32))
}

fn opaque(rgb: &[u8]) -> Vec<u8> {
    rgb.as_chunks::<3>().0.iter().flat_map(|[red, green, blue]| [*red, *green, *blue, 255]).collect()
}

/// The largest alpha in the part of the picture that is the clearest, of 255; `counts` says how often each occurs.
fn glow(counts: &[u64; 256]) -> usize {
    let (mut left, mut glow) = (counts.iter().sum::<u64>() / CLEAR_PART, 0);
    while left > counts[glow] {
        left -= counts[glow];
        glow += 1;
    }
    glow
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glow_is_seen_where_even_the_clearest_part_has_some() {
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
            assert_eq!(glow(&counts(of)), expected, "{of:?}");
        }
    }
}
