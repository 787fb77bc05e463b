//! Every frame of an output, decoded again by something else than what wrote it: ffmpeg, `image-webp`, or `rawzip` and `png`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use image_webp::WebPDecoder;
use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};
use shared::media::{Output, PixelSize};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use crate::ffmpeg::guards;
use crate::ffmpeg::probe::SourceContainer;
use crate::ffmpeg::process::{Pipes, ProcessError, Tool, args, with_stall_limit};
use crate::frame::pixels::sides;
use crate::output::encode::png_sequence;
use crate::output::product::Product;
use crate::output::verify::bundle;

/// Frames that wait to be compared.
const FRAMES_IN_FLIGHT_MAX: usize = 2;

/// Why frames could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The child's.
    #[error("{0}")]
    Process(#[from] ProcessError),
    /// The output is not what it should be.
    #[error("{0}")]
    Broken(String),
}

pub fn broken(error: impl std::fmt::Display) -> DecodeError {
    DecodeError::Broken(error.to_string())
}

/// How decoded frames are laid out. Video comes as planes: becoming RGB with all chroma interpolated would cost more time than
/// decoding, and a few pixels are all that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Packed, straight.
    Rgba,
    /// One plane, full range.
    Grey,
    /// Four planes of one size, BT.709, limited range.
    Yuva,
    /// Three planes of one size, BT.709, limited range; no alpha.
    Yuv,
    /// Three planes of twice the height: colour above, matte below; BT.709, limited range.
    StackedYuv,
}

impl Form {
    /// What this output is decoded to. `ProRes` has ten bits, of which RGB in eight keeps more than YUV in eight.
    pub const fn of(output: Output) -> Self {
        match output {
            Output::WebmVp9Alpha => Self::Yuva,
            Output::MatteGrayscaleMp4 => Self::Grey,
            Output::OpaqueMp4 => Self::Yuv,
            Output::StackedAlphaMp4 | Output::ColorAlphaZip => Self::StackedYuv,
            Output::MovProres4444 | Output::AnimatedWebp | Output::Gif | Output::Apng | Output::PngSequence => Self::Rgba,
        }
    }

    /// ffmpeg's name, and the filter that leads there.
    const fn conversion(self) -> (&'static str, &'static str) {
        match self {
            // Chroma of 4:4:4 is not interpolated, so that the fast conversion is the exact one.
            Self::Rgba => ("rgba", "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=bicubic+full_chroma_int"),
            Self::Grey => ("gray", "scale=in_range=tv:out_range=pc"),
            Self::Yuva => ("yuva444p", "scale=flags=bicubic"),
            Self::Yuv | Self::StackedYuv => ("yuv444p", "scale=flags=bicubic"),
        }
    }

    /// Units: bytes.
    const fn frame_size_bytes(self, padded: PixelSize) -> u64 {
        match self {
            Self::Rgba | Self::Yuva => padded.pixels() * 4,
            Self::Grey => padded.pixels(),
            Self::Yuv => padded.pixels() * 3,
            Self::StackedYuv => padded.pixels() * 2 * 3,
        }
    }
}

/// Reads an output to its end; every frame is passed on. How many there were.
pub async fn each_frame(
    ffmpeg: Tool<'_>,
    output: Output,
    product: &Product,
    path: &Path,
    on_frame: impl FnMut(&[u8]),
) -> Result<u64, DecodeError> {
    let size = product.feed.padded;
    match output {
        Output::AnimatedWebp => in_process(path, on_frame, move |path, frames| read_webp(path, size, &frames)).await,
        Output::PngSequence => in_process(path, on_frame, move |path, frames| read_sequence(path, size, &frames)).await,
        _ => through_ffmpeg(ffmpeg, output, product, path, on_frame).await,
    }
}

async fn through_ffmpeg(
    ffmpeg: Tool<'_>,
    output: Output,
    product: &Product,
    path: &Path,
    mut on_frame: impl FnMut(&[u8]),
) -> Result<u64, DecodeError> {
    let frame_size_bytes = Form::of(output).frame_size_bytes(product.feed.padded);
    let mut decoder = ffmpeg.spawn(&arguments(output, path), Pipes::Stdout)?;
    let mut pipe = decoder.take_stdout().map_err(ProcessError::Io)?;
    let (mut count, mut frame) = (0, Vec::new());
    loop {
        frame.clear();
        while (frame.len() as u64) < frame_size_bytes {
            let missing = frame_size_bytes - frame.len() as u64;
            if with_stall_limit((&mut pipe).take(missing).read_buf(&mut frame)).await? == 0 {
                break;
            }
        }
        if frame.is_empty() {
            break;
        }
        if (frame.len() as u64) < frame_size_bytes {
            return Err(broken("ends within a frame"));
        }
        on_frame(&frame);
        count += 1;
    }
    drop(pipe);
    decoder.finish().await?;
    Ok(count)
}

/// One frame in the file for one frame out.
fn arguments(output: Output, path: &Path) -> Vec<OsString> {
    let (pixel_format, filter) = Form::of(output).conversion();
    if output == Output::ColorAlphaZip {
        return stacked(path, pixel_format, filter);
    }
    let (container, decoder, filter) = match output {
        // ffmpeg's own VP9 decoder drops the alpha.
        Output::WebmVp9Alpha => (SourceContainer::Matroska, Some("libvpx-vp9"), filter),
        Output::Gif => (SourceContainer::Gif, None, "null"),
        Output::Apng => (SourceContainer::Apng, None, "null"),
        _ => (SourceContainer::Mov, None, filter),
    };
    let mut arguments = [guards::preamble(), guards::read_guards(container)].concat();
    if let Some(decoder) = decoder {
        arguments.extend(args(["-c:v", decoder]));
    }
    arguments.extend([OsString::from("-i"), guards::file_url(path)]);
    arguments.extend(args(["-map", "0:v:0", "-vf", &format!("{filter},format={pixel_format}")]));
    arguments.extend(raw_frames(pixel_format));
    arguments
}

fn raw_frames(pixel_format: &str) -> Vec<OsString> {
    args(["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixel_format, "-flush_packets", "1", "pipe:1"])
}

/// The archive's two videos, the colour above, the matte below; as many frames as the shorter one has.
fn stacked(path: &Path, pixel_format: &str, filter: &str) -> Vec<OsString> {
    let [alpha, color] = bundle::members(path);
    let mut arguments = guards::preamble();
    for file in [color, alpha] {
        arguments.extend(guards::read_guards(SourceContainer::Mov));
        arguments.extend([OsString::from("-i"), guards::file_url(&file)]);
    }
    let each = format!("{filter},format={pixel_format}");
    let filter = format!("[0:v]{each}[above];[1:v]{each}[below];[above][below]vstack=shortest=1[both]");
    arguments.extend(args(["-filter_complex", &filter, "-map", "[both]"]));
    arguments.extend(raw_frames(pixel_format));
    arguments
}

/// Decodes on a thread of its own, which ends when nobody takes frames any more.
async fn in_process(
    path: &Path,
    mut on_frame: impl FnMut(&[u8]),
    read: impl FnOnce(&Path, mpsc::Sender<Vec<u8>>) -> Result<(), DecodeError> + Send + 'static,
) -> Result<u64, DecodeError> {
    let (frames_in, mut frames) = mpsc::channel(FRAMES_IN_FLIGHT_MAX);
    let path = path.to_owned();
    let reader = tokio::task::spawn_blocking(move || read(&path, frames_in));
    let mut count = 0;
    while let Some(frame) = frames.recv().await {
        on_frame(&frame);
        count += 1;
    }
    reader.await.map_err(broken)??;
    Ok(count)
}

fn read_webp(path: &Path, size: PixelSize, frames: &mpsc::Sender<Vec<u8>>) -> Result<(), DecodeError> {
    let file = BufReader::new(File::open(path).map_err(ProcessError::Io)?);
    let mut decoder = WebPDecoder::new(file).map_err(broken)?;
    if decoder.dimensions() != (size.width, size.height) || !decoder.is_animated() || !decoder.has_alpha() {
        let (width, height) = decoder.dimensions();
        return Err(broken(format!("{width}x{height}, animation {}, alpha {}", decoder.is_animated(), decoder.has_alpha())));
    }
    let (width, height) = sides(size);
    for _ in 0..decoder.num_frames() {
        let mut frame = vec![0; width * height * 4];
        decoder.read_frame(&mut frame).map_err(broken)?;
        if frames.blocking_send(frame).is_err() {
            break;
        }
    }
    Ok(())
}

/// How long a WebP animation says it lasts.
/// Units: milliseconds.
pub fn webp_duration_ms(path: &Path) -> Result<u64, DecodeError> {
    let file = BufReader::new(File::open(path).map_err(ProcessError::Io)?);
    Ok(WebPDecoder::new(file).map_err(broken)?.loop_duration())
}

fn read_sequence(path: &Path, size: PixelSize, frames: &mpsc::Sender<Vec<u8>>) -> Result<(), DecodeError> {
    let file = File::open(path).map_err(ProcessError::Io)?;
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(broken)?;
    let mut entries = archive.entries(&mut buffer);
    let mut index = 0;
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        let name = png_sequence::name(index);
        index += 1;
        if entry.file_path().try_normalize().map_err(broken)?.as_ref() != name {
            return Err(broken(format!("{name} is not where it should be")));
        }
        let stored = archive.get_entry(entry.wayfinder()).map_err(broken)?;
        let mut file = Vec::new();
        stored.verifying_reader(stored.reader()).read_to_end(&mut file).map_err(broken)?;
        let frame = read_png(&file, size).map_err(|error| broken(format!("{name}: {error}")))?;
        if frames.blocking_send(frame).is_err() {
            break;
        }
    }
    Ok(())
}

fn read_png(file: &[u8], size: PixelSize) -> Result<Vec<u8>, DecodeError> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().map_err(broken)?;
    let (width, height) = sides(size);
    let mut frame = vec![0; width * height * 4];
    let seen = reader.info();
    if (seen.width, seen.height) != (size.width, size.height) || seen.color_type != png::ColorType::Rgba {
        return Err(broken(format!("{}x{}, {:?}", seen.width, seen.height, seen.color_type)));
    }
    reader.next_frame(&mut frame).map_err(broken)?;
    Ok(frame)
}
