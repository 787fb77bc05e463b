//! The decoders that a source may reach: what cameras, editors and browsers write into the
//! containers that are read. ffmpeg has several hundred more for rare formats, where most of its
//! vulnerabilities are found.

/// In ffmpeg's names. A file with a stream of any other kind is refused, even where that stream is
/// not used.
const WHITELIST: [&[&str]; 4] = [
    &[
        "h264",
        "hevc",
        "vvc",
        "av1",
        "libdav1d",
        "libaom-av1",
        "vp8",
        "libvpx",
        "vp9",
        "libvpx-vp9",
        "mpeg1video",
        "mpeg2video",
        "mpeg4",
        "msmpeg4",
        "msmpeg4v2",
        "h263",
        "vc1",
        "wmv3",
        "theora",
        "dvvideo",
        "svq1",
        "svq3",
        "cinepak",
    ],
    &[
        "prores", "dnxhd", "cfhd", "hap", "qtrle", "png", "apng", "gif", "webp", "mjpeg", "jpeg2000", "ffv1", "ffvhuff",
        "huffyuv", "utvideo", "magicyuv", "rawvideo", "v210", "v308", "v408", "v410", "r210", "r10k", "yuv4", "ayuv",
    ],
    &[
        "aac",
        "mp3float",
        "mp3",
        "mp2float",
        "mp2",
        "opus",
        "libopus",
        "vorbis",
        "flac",
        "alac",
        "ac3",
        "eac3",
        "dca",
        "truehd",
        "amrnb",
        "amrwb",
        "wmav1",
        "wmav2",
        "pcm_u8",
        "pcm_s8",
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_s32le",
        "pcm_s32be",
        "pcm_f32le",
        "pcm_f32be",
        "pcm_f64le",
        "pcm_f64be",
        "pcm_alaw",
        "pcm_mulaw",
        "adpcm_ms",
        "adpcm_ima_wav",
        "adpcm_ima_qt",
    ],
    // Never shown, but ffprobe opens the decoder of every stream.
    &["mov_text", "text", "subrip", "srt", "ass", "ssa", "webvtt", "dvdsub", "dvbsub", "pgssub", "xsub", "cc_dec"],
];

/// As `-codec_whitelist` takes it.
pub fn whitelist() -> String {
    WHITELIST.concat().join(",")
}
