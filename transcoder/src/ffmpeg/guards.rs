//! The arguments that guard against a hostile file. Every call of ffmpeg and ffprobe that reads a
//! file carries them.

mod decoders;

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::Path;

use shared::media::SOURCE_PIXELS_MAX;

use crate::ffmpeg::probe::sniff::SourceContainer;
use crate::ffmpeg::process::args;

#[cfg(test)]
pub use decoders::whitelist as decoder_whitelist;
pub use decoders::{decodes_sound, decodes_video};

/// Most pixels of a picture that a decoder may accept. Codecs count whole blocks, so it is wider
/// than the limit that the probe enforces.
/// Units: pixels.
pub const DECODER_PIXELS_MAX: u64 = SOURCE_PIXELS_MAX * 2;
/// Largest single allocation of ffmpeg: a frame of 16-bit RGBA, or half an hour of silence.
/// Units: bytes.
pub const ALLOC_SIZE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Sample rates of sound that is decoded. Resampling from a few hertz to 48 kHz takes gigabytes.
/// Units: hertz.
pub const SOUND_RATES_HZ: RangeInclusive<u32> = 2_000..=768_000;
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
    preamble_with(ALLOC_SIZE_BYTES_MAX)
}

/// The same with another limit for a single allocation.
/// Units: bytes.
pub fn preamble_with(alloc_size_bytes_max: u64) -> Vec<OsString> {
    args(["-nostdin", "-hide_banner", "-v", "error", "-y", "-max_alloc", &alloc_size_bytes_max.to_string()])
}

/// The same guards for ffprobe, with further decoders that may be opened but get no packet: ffprobe
/// fails where it cannot open the decoder of a stream, also of one that is not used.
pub fn listing_guards(container: SourceContainer, opened: &[String]) -> Vec<OsString> {
    let mut guards = read_guards(container);
    let decoders = [decoders::whitelist(), opened.join(",")].join(",");
    if !opened.is_empty() {
        // With the kind of a stream, the option is one of its decoder alone, not of the demuxer,
        // which decodes packets.
        for kind in ["v", "a", "s", "d", "t"] {
            guards.extend(args([&format!("-codec_whitelist:{kind}"), &decoders]));
        }
    }
    guards
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
