//! The decoders that a source may reach: what cameras, recorders, editors and browsers write into
//! the containers that are read. ffmpeg has several hundred more for rare formats, where most of
//! its vulnerabilities are found.

/// Of video, in ffmpeg's names.
const VIDEO: [&str; 84] = [
    // Delivery.
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
    "theora",
    "dirac",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4v1",
    "msmpeg4v2",
    "msmpeg4",
    "wmv1",
    "wmv2",
    "wmv3",
    "vc1",
    "mss2",
    "h261",
    "h263",
    "h263i",
    "h263p",
    "flv",
    "vp6",
    "vp6a",
    "vp6f",
    "svq1",
    "svq3",
    "cinepak",
    "msvideo1",
    "msrle",
    // Cameras and editing.
    "dvvideo",
    "prores",
    "dnxhd",
    "cfhd",
    "hap",
    "dxv",
    "aic",
    "pixlet",
    "sheervideo",
    "speedhq",
    "notchlc",
    "hqx",
    "hq_hqa",
    "cllc",
    "jpeg2000",
    "mjpeg",
    "mjpegb",
    "avrn",
    "avui",
    "rawvideo",
    "v210",
    "v308",
    "v408",
    "v410",
    "r210",
    "r10k",
    "yuv4",
    "ayuv",
    // Lossless, and pictures as frames.
    "ffv1",
    "ffvhuff",
    "huffyuv",
    "utvideo",
    "magicyuv",
    "lagarith",
    "fraps",
    "qtrle",
    "png",
    "apng",
    "gif",
    "webp",
    "targa",
    "tiff",
    // Recordings of screens.
    "zmbv",
    "camtasia",
    "tscc2",
    "camstudio",
    "flashsv",
    "flashsv2",
];

/// Of sound, in ffmpeg's names.
const SOUND: [&str; 52] = [
    "aac",
    "aac_latm",
    "mp3float",
    "mp3",
    "mp2float",
    "mp2",
    "mp1float",
    "mp1",
    "opus",
    "libopus",
    "vorbis",
    "speex",
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
    "wmapro",
    "wmalossless",
    "wmavoice",
    "gsm",
    "gsm_ms",
    "nellymoser",
    "pcm_u8",
    "pcm_s8",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s16le_planar",
    "pcm_s16be_planar",
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
    "pcm_dvd",
    "pcm_bluray",
    "s302m",
    "adpcm_ms",
    "adpcm_ima_wav",
    "adpcm_ima_qt",
    "adpcm_swf",
    "adpcm_yamaha",
];

/// Never shown, but ffprobe opens the decoder of every stream.
const SUBTITLES: [&str; 12] =
    ["mov_text", "text", "subrip", "srt", "ass", "ssa", "webvtt", "dvdsub", "dvbsub", "pgssub", "xsub", "cc_dec"];

/// Codecs whose decoder has another name: ffmpeg's name of the codec, and of the decoder.
const RENAMED: [(&str, &str); 7] = [
    ("flv1", "flv"),
    ("msmpeg4v3", "msmpeg4"),
    ("tscc", "camtasia"),
    ("cscd", "camstudio"),
    ("amr_nb", "amrnb"),
    ("amr_wb", "amrwb"),
    ("dts", "dca"),
];

/// As `-codec_whitelist` takes it.
pub fn whitelist() -> String {
    [&VIDEO[..], &SOUND, &SUBTITLES].concat().join(",")
}

/// Whether video of this codec, in ffprobe's name, is decoded.
pub fn decodes_video(codec: &str) -> bool {
    VIDEO.contains(&decoder_of(codec))
}

/// Whether sound of this codec, in ffprobe's name, is decoded.
pub fn decodes_sound(codec: &str) -> bool {
    SOUND.contains(&decoder_of(codec))
}

fn decoder_of(codec: &str) -> &str {
    RENAMED.iter().find(|(name, _)| *name == codec).map_or(codec, |(_, decoder)| decoder)
}
