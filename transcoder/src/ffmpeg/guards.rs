//! The arguments that guard against a hostile file. Every call of ffmpeg and ffprobe that reads a
//! file carries them.

mod decoders;

use std::ffi::OsString;
use std::path::Path;

use shared::media::SOURCE_PIXELS_MAX;

use crate::ffmpeg::probe::sniff::SourceContainer;
use crate::ffmpeg::process::args;

#[cfg(test)]
pub use decoders::whitelist as decoder_whitelist;

/// Most pixels of a picture that a decoder may accept. Codecs count whole blocks, so it is wider
/// than the limit that the probe enforces.
/// Units: pixels.
pub const DECODER_PIXELS_MAX: u64 = SOURCE_PIXELS_MAX * 2;
/// Largest single allocation of ffmpeg: a frame of 16-bit RGBA, or half an hour of silence.
/// Units: bytes.
pub const ALLOC_SIZE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Most streams that a source may have; each costs memory before anything is decoded.
const STREAMS_MAX: &str = "64";

/// A path as a `file:` URL, which ffmpeg cannot take for an option or another protocol.
pub fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// ffmpeg's first arguments: no stdin, errors only, bounded allocations.
pub fn preamble() -> Vec<OsString> {
    args(["-nostdin", "-hide_banner", "-v", "error", "-y", "-max_alloc", &ALLOC_SIZE_BYTES_MAX.to_string()])
}

/// The options before an input of this container; see [`guards`].
pub fn read_guards(container: SourceContainer) -> Vec<OsString> {
    guards(container.demuxer())
}

/// The options before an input that this demuxer reads: local files alone, no other demuxer, only
/// decoders of the whitelist, bounded pixels and streams.
pub fn guards(demuxer: &str) -> Vec<OsString> {
    let mut guards = args(["-protocol_whitelist", "file", "-max_pixels", &DECODER_PIXELS_MAX.to_string()]);
    guards.extend(args(["-codec_whitelist", &decoders::whitelist(), "-max_streams", STREAMS_MAX]));
    guards.extend(args(["-format_whitelist", demuxer, "-f", demuxer]));
    guards
}
