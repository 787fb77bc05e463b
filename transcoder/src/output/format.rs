//! The types that describe an output format. Each format is one constant in `formats`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use shared::media::{FrameRate, PixelSize, Preset};
use tokio::process::ChildStdout;
use tokio::sync::mpsc;

use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::ffmpeg::process::ProcessError;
use crate::frame::feed::{Frame, Pixels};

/// All facts about one output format.
#[derive(Debug)]
pub struct Format {
    /// How it is encoded.
    pub encoding: Encoding,
    /// How the finished file is checked.
    pub verification: Verification,
}

/// How a file is encoded.
#[derive(Debug)]
pub struct Encoding {
    /// Size, frame rate and quality.
    pub presets: Presets,
    /// The pixels that the encoder is fed.
    pub pixels: Pixels,
    /// Whether odd sides are padded, as subsampled chroma needs.
    pub needs_even_sides: bool,
    /// Disk space to expect while it is made: twice what was measured on textured footage. Noise
    /// needs more; a disk that fills up nevertheless ends the attempt, not the job.
    /// Units: 1/100 byte a pixel.
    pub disk_cost: u64,
    /// What encodes it.
    pub encoder: fn(&EncodeParams, &Input) -> Encoder,
}

/// The settings of each preset.
#[derive(Debug)]
pub struct Presets {
    /// For [`Preset::WebApp`].
    pub web_app: Settings,
    /// For [`Preset::Editing`].
    pub editing: Settings,
    /// For [`Preset::Social`].
    pub social: Settings,
}

impl Presets {
    /// The settings of one preset.
    pub const fn get(&self, preset: Preset) -> Settings {
        match preset {
            Preset::WebApp => self.web_app,
            Preset::Editing => self.editing,
            Preset::Social => self.social,
        }
    }
}

/// Size, frame rate and quality of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Longest side; larger pictures are scaled down.
    /// Units: pixels.
    pub side_px_max: u32,
    /// Above it, only every second, third, … frame is kept.
    /// Units: frames a second.
    pub frames_per_s_max: u32,
    /// On the encoder's own scale: CRF of VP9 and H.264 and the quantiser of ProRes (less is
    /// better), quality of WebP (more is better), [`NO_QUALITY`] for lossless formats and GIF.
    pub quality: u32,
}

/// Longest side, frame rate and quality, in the order of [`Settings`].
pub const fn settings(side_px_max: u32, frames_per_s_max: u32, quality: u32) -> Settings {
    Settings { side_px_max, frames_per_s_max, quality }
}

/// The longest side that sources may have.
/// Units: pixels.
pub const OWN_SIDE_PX: u32 = shared::media::SOURCE_SIDE_PX_MAX;
/// The highest frame rate that sources may have.
/// Units: frames a second.
pub const OWN_RATE: u32 = shared::media::SOURCE_FRAME_RATE_MAX;
/// Longest side of video that every network shows in full: 1080 × 1920.
/// Units: pixels.
pub const SOCIAL_SIDE_PX: u32 = 1_920;
/// For encoders without a quality setting.
pub const NO_QUALITY: u32 = 0;

/// Parameters of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeParams {
    /// The picture, padding included.
    pub size: PixelSize,
    /// Constant.
    pub frame_rate: FrameRate,
    /// How many frames to expect.
    pub frames: u64,
    /// See [`Settings::quality`].
    pub quality: u32,
}

/// An encoder with its arguments.
#[derive(Debug, Clone)]
pub enum Encoder {
    /// One ffmpeg process writes the file.
    Ffmpeg(Vec<OsString>),
    /// ffmpeg writes images to stdout, and `mux` writes the file from them as they come.
    Muxed {
        /// Of ffmpeg.
        arguments: Vec<OsString>,
        /// Reads to the end of the images.
        mux: fn(ChildStdout, EncodeParams, PathBuf) -> BoxFuture<'static, io::Result<()>>,
    },
    /// One ffmpeg process writes several files into the task's folder, and `pack` makes one file of
    /// them.
    Packed {
        /// Of ffmpeg.
        arguments: Vec<OsString>,
        /// The task's folder, the file.
        pack: fn(&Path, &Path) -> io::Result<()>,
    },
    /// This process encodes, on a thread that may block, until no more frames come.
    InProcess(fn(mpsc::Receiver<Frame>, &EncodeParams, &Path) -> io::Result<()>),
}

/// Presets of GIF and APNG, whose sizes grow with every pixel and frame.
pub const ANIMATED_IMAGE_PRESETS: Presets = Presets {
    web_app: settings(640, 15, NO_QUALITY),
    editing: settings(1_280, 30, NO_QUALITY),
    social: settings(480, 15, NO_QUALITY),
};

/// How a finished file is checked.
#[derive(Debug)]
pub struct Verification {
    /// What decodes it.
    pub reader: Reader,
    /// How decoded frames are laid out.
    pub layout: Layout,
    /// The alpha channel that the file declares.
    pub alpha: AlphaChannel,
    /// Below it the output is refused.
    pub psnr_min: PsnrMin,
}

/// Decoder of a finished file, for verification.
#[derive(Debug)]
pub enum Reader {
    /// ffmpeg.
    Ffmpeg {
        /// The only demuxer that may be reached.
        container: SourceContainer,
        /// In place of ffmpeg's first choice.
        decoder: Option<&'static str>,
        /// Leads to [`Verification::layout`], one frame out for each frame in.
        filter: &'static str,
    },
    /// A reader in this process, for what ffmpeg cannot read. It checks size and alpha itself.
    InProcess {
        /// The length that the file declares, in milliseconds; none where the format has no clock.
        duration_ms: fn(&Path) -> Result<Option<u64>, DecodeError>,
        /// Reads the frames.
        read: ReadFrames,
    },
    /// An archive of two videos that are unpacked beside it and decoded together by ffmpeg.
    Archive {
        /// Unpacks it.
        unpack: fn(&Path) -> Result<(), DecodeError>,
        /// Paths of the unpacked files: the matte, and the colour with the sound.
        members: fn(&Path) -> [PathBuf; 2],
        /// Of ffmpeg, to read both as one picture.
        arguments: fn([PathBuf; 2]) -> Vec<OsString>,
    },
}

/// Reads a file whose frames should have this size, and sends each; ends early when nobody
/// receives.
pub type ReadFrames = fn(&Path, PixelSize, &mpsc::Sender<Vec<u8>>) -> Result<(), DecodeError>;

/// Layout of decoded frames. Video is kept as planes: conversion to RGB with interpolated
/// chroma would take longer than decoding, and only a few pixels are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Packed, straight alpha.
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

impl Layout {
    /// ffmpeg's name of the pixel format.
    pub const fn pixel_format(self) -> &'static str {
        match self {
            Self::Rgba => "rgba",
            Self::Grey => "gray",
            Self::Yuva => "yuva444p",
            Self::Yuv | Self::StackedYuv => "yuv444p",
        }
    }

    /// Units: bytes.
    pub const fn frame_size_bytes(self, size: PixelSize) -> u64 {
        match self {
            Self::Rgba | Self::Yuva => size.pixels() * 4,
            Self::Grey => size.pixels(),
            Self::Yuv => size.pixels() * 3,
            Self::StackedYuv => size.pixels() * 2 * 3,
        }
    }
}

/// The alpha channel that a file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlphaChannel {
    /// None; the matte may be a picture of its own.
    Absent,
    /// Eight bits or more.
    Smooth,
    /// One bit: alpha is cut at one half.
    OneBit,
}

/// The least PSNR that an output must have, none where it has no such channel.
/// Units: dB. Far below what is usual (in brackets at each format: 1080p of the benchmark), so that
/// noise and grain pass and what is broken does not: without alpha it is about 5, with other
/// colours about 10, with other frames about 20.
#[derive(Debug, Clone, Copy)]
pub struct PsnrMin {
    /// Of alpha.
    pub alpha_db: Option<f64>,
    /// Of colour over mid grey, in pixels that are visible: a small subject must not be outweighed
    /// by transparent pixels.
    pub color_db: Option<f64>,
}

/// Why a finished file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// ffmpeg's, or the disk's.
    #[error("{0}")]
    Process(#[from] ProcessError),
    /// The file is not what it should be.
    #[error("{0}")]
    Broken(String),
}

/// A file that is not what it should be.
pub fn broken(error: impl std::fmt::Display) -> DecodeError {
    DecodeError::Broken(error.to_string())
}
