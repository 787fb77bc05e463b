//! Runs a new model on one picture, and writes the matte for the operator to look at.

use std::path::Path;

use shared::media::PixelSize;

use crate::error::TaskError;
use crate::ffmpeg::process::Tool;
use crate::matte::models::{Catalog, Inference};
use crate::portrait::picture;
use crate::settings::Settings;

/// Size of the drawn picture.
const SIZE: PixelSize = PixelSize { width: 384, height: 512 };

/// The matte of a picture, or of a drawn one, as PNG.
pub fn matte(catalog: &Catalog, picture: Option<&Path>, settings: &Settings) -> Result<Vec<u8>, String> {
    let (rgba, size) = match picture {
        Some(path) => read(path, settings)?,
        None => (drawn(), SIZE),
    };
    let entry = catalog.entries().first().ok_or("there is no model to try")?;
    let failed = |error: TaskError| format!("the model does not work on the picture: {error}");
    let mut inference = Inference::start(&entry.model()?).map_err(failed)?;
    let inferred = inference.infer(&[&rgba], size).map_err(failed)?;
    // Many models give mattes of another shape than the picture's.
    let matte = inferred.first().ok_or("the model gave no matte")?.matte.scaled(size);
    encoded(&matte.values, matte.size).map_err(|error| format!("the matte cannot be written: {error}"))
}

fn read(path: &Path, settings: &Settings) -> Result<(Vec<u8>, PixelSize), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    let (path, dir) = (std::path::absolute(path).map_err(|error| failed(&error))?, tempfile::tempdir_in(&settings.scratch_dir));
    let (dir, programs) = (dir.map_err(|error| failed(&error))?, settings.programs());
    let tool = Tool { program: &programs.ffmpeg, dir: dir.path() };
    let still = runtime.block_on(picture::read(tool, &path)).map_err(|error| failed(&error))?;
    Ok((still.rgba, still.size))
}

/// A bust before a wall: a head and shoulders in skin and blue, the wall lighter to the right.
fn drawn() -> Vec<u8> {
    let is_inside = |x: u32, y: u32, center: (i64, i64), radii: (i64, i64)| {
        let (across, down) = (i64::from(x) - center.0, i64::from(y) - center.1);
        (across * radii.1).pow(2) + (down * radii.0).pow(2) < (radii.0 * radii.1).pow(2)
    };
    let pixel = |(x, y)| {
        if is_inside(x, y, (192, 190), (75, 100)) {
            [214, 170, 140, 255]
        } else if is_inside(x, y, (192, 520), (165, 220)) {
            [50, 70, 140, 255]
        } else {
            let light = u8::try_from(120 + x / 6).unwrap_or(u8::MAX);
            [light, light, light.saturating_sub(20), 255]
        }
    };
    (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y))).flat_map(pixel).collect()
}

fn encoded(values: &[f32], size: PixelSize) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.width, size.height);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = values.iter().map(|alpha| keyer::color::byte(alpha * 255.0)).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}
