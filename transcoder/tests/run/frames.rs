//! Frames of an output as straight RGBA, whatever its container.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::clips::decode;

/// Every frame as straight RGBA, whatever the container; for stacked outputs the alpha is what
/// stands below.
pub fn frames(path: &Path, width: usize, height: usize) -> Vec<Vec<u8>> {
    match path.file_stem().unwrap().to_str().unwrap() {
        "animated-webp" => webp(path),
        "png-sequence" => sequence(path),
        "matte-grayscale-mp4" => {
            let grey = |frame: Vec<u8>| frame.into_iter().flat_map(|alpha| [200, 60, 50, alpha]).collect();
            decode(path, "gray", width * height).into_iter().map(grey).collect()
        }
        "stacked-alpha-mp4" => {
            let stacked = decode(path, "rgba", width * height * 8);
            stacked.iter().map(|frame| unstack(frame, width * height)).collect()
        }
        "color-alpha-zip" => {
            let [alpha, color] = zipped(path);
            let (mattes, colors) = (decode(&alpha, "gray", width * height), decode(&color, "rgba", width * height * 4));
            assert_eq!(mattes.len(), colors.len());
            colors.iter().zip(&mattes).map(|(color, matte)| join(color, matte)).collect()
        }
        _ => decode(path, "rgba", width * height * 4),
    }
}

fn join(color: &[u8], matte: &[u8]) -> Vec<u8> {
    color.chunks_exact(4).zip(matte).flat_map(|(color, matte)| [color[0], color[1], color[2], *matte]).collect()
}

/// The two videos of an archive, unpacked beside it.
fn zipped(path: &Path) -> [PathBuf; 2] {
    let bytes = std::fs::read(path).unwrap();
    let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
    let (mut entries, mut names) = (archive.entries(), Vec::new());
    while let Some(entry) = entries.next_entry().unwrap() {
        let name = entry.file_path().try_normalize().unwrap().as_ref().to_owned();
        let stored = archive.get_entry(entry.wayfinder()).unwrap();
        let mut file = Vec::new();
        stored.verifying_reader(stored.data()).read_to_end(&mut file).unwrap();
        std::fs::write(path.with_file_name(&name), file).unwrap();
        names.push(name);
    }
    assert_eq!(names, ["alpha.mp4", "color.mp4"]);
    [path.with_file_name("alpha.mp4"), path.with_file_name("color.mp4")]
}

fn unstack(frame: &[u8], pixels: usize) -> Vec<u8> {
    let (color, matte) = frame.split_at(pixels * 4);
    let pixels = color.chunks_exact(4).zip(matte.chunks_exact(4));
    pixels.flat_map(|(color, matte)| [color[0], color[1], color[2], matte[0]]).collect()
}

pub fn webp(path: &Path) -> Vec<Vec<u8>> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut decoder = image_webp::WebPDecoder::new(file).unwrap();
    let mut frame = vec![0; decoder.output_buffer_size().unwrap()];
    (0..decoder.num_frames())
        .map(|_| {
            decoder.read_frame(&mut frame).unwrap();
            frame.clone()
        })
        .collect()
}

pub fn sequence(path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
    let (mut entries, mut found) = (archive.entries(), Vec::new());
    while let Some(entry) = entries.next_entry().unwrap() {
        let name = entry.file_path().try_normalize().unwrap().as_ref().to_owned();
        assert_eq!(name, format!("frame_{:06}.png", found.len() + 1));
        let stored = archive.get_entry(entry.wayfinder()).unwrap();
        let mut file = Vec::new();
        stored.verifying_reader(stored.data()).read_to_end(&mut file).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut frame = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut frame).unwrap();
        found.push(frame);
    }
    found
}
