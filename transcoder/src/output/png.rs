//! One picture → PNG. Colours of transparent pixels are dropped, which halves both time and bytes.
//!
//! `fdeflate` with adaptive filters: 14 ms and 0.47 MB a frame of 1080p, where ffmpeg's default
//! takes 45 ms and 1.1 MB.

use std::io;

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};
use shared::media::PixelSize;

/// Encodes straight RGBA.
pub fn encode(rgba: &[u8], size: PixelSize) -> io::Result<Vec<u8>> {
    let mut visible = rgba.to_vec();
    for pixel in visible.chunks_exact_mut(4) {
        if let [.., 0] = pixel {
            pixel.fill(0);
        }
    }
    encode_as(&visible, size, ColorType::Rgba)
}

/// Encodes RGB.
pub fn encode_rgb(rgb: &[u8], size: PixelSize) -> io::Result<Vec<u8>> {
    encode_as(rgb, size, ColorType::Rgb)
}

fn encode_as(pixels: &[u8], size: PixelSize, color: ColorType) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, size.width, size.height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_deflate_compression(DeflateCompression::FdeflateUltraFast);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(pixels).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)?;
    Ok(file)
}

/// Each chunk's kind and data.
pub fn chunks(file: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    const SIGNATURE_SIZE_BYTES: usize = 8;
    let mut rest = file.get(SIGNATURE_SIZE_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (kind, behind) = behind.split_first_chunk::<4>()?;
        let (data, behind) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = behind.get(4..)?;
        Some((*kind, data))
    })
}
