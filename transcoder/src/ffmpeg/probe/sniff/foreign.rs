//! Names of the kinds of files that are not read, so that a refusal can name them.

use shared::file_kind::FileKind;

/// A known kind of file that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// A video, by the name of its container or stream.
    Video(&'static str),
    /// Something else, by its name with an article.
    Other(&'static str),
}

/// First bytes and what they belong to, by Apache Tika's and libmagic's lists.
const SIGNATURES: [(&[u8], Foreign); 37] = [
    (b".RMF", Foreign::Video("RealMedia")),
    (b"FWS", Foreign::Video("SWF (Flash)")),
    (b"CWS", Foreign::Video("SWF (Flash)")),
    (b"ZWS", Foreign::Video("SWF (Flash)")),
    (b"DKIF", Foreign::Video("IVF")),
    (b"YUV4MPEG2", Foreign::Video("YUV4MPEG")),
    (b"nut/multimedia container", Foreign::Video("NUT")),
    (&[0xb7, 0xd8, 0x00, 0x20, 0x37, 0x49, 0xda, 0x11], Foreign::Video("WTV")),
    (&[0, 0, 0, 0, 1, 0xbc], Foreign::Video("GXF")),
    (&[0, 0, 1, 0xb3], Foreign::Video("an MPEG-1 or MPEG-2 stream without a container")),
    (&[0, 0, 0, 1], Foreign::Video("an H.264 or H.265 stream without a container")),
    (&[0, 0, 1, 0], Foreign::Other("an icon")),
    (&[0, 0, 1], Foreign::Video("a video stream without a container")),
    (b"SMK2", Foreign::Video("Smacker")),
    (b"BIK", Foreign::Video("Bink")),
    (b"NSVf", Foreign::Video("NSV")),
    (&[0xff, 0xd8, 0xff], Foreign::Other("a JPEG picture")),
    (b"BM", Foreign::Other("a BMP picture")),
    (b"II*\0", Foreign::Other("a TIFF picture")),
    (b"MM\0*", Foreign::Other("a TIFF picture")),
    (b"8BPS", Foreign::Other("a Photoshop picture")),
    (b"v/1\x01", Foreign::Other("an OpenEXR picture")),
    (b"SDPX", Foreign::Other("a DPX picture")),
    (b"XPDS", Foreign::Other("a DPX picture")),
    (&[0xff, 0xf1], Foreign::Other("a sound file (AAC)")),
    (b"fLaC", Foreign::Other("a sound file (FLAC)")),
    (b"FORM", Foreign::Other("a sound file (AIFF)")),
    (b"#!AMR", Foreign::Other("a sound file (AMR)")),
    (b"PK\x03\x04", Foreign::Other("a ZIP archive")),
    (b"PK\x05\x06", Foreign::Other("a ZIP archive")),
    (&[0x1f, 0x8b], Foreign::Other("a gzip archive")),
    (b"Rar!", Foreign::Other("a RAR archive")),
    (b"7z\xbc\xaf", Foreign::Other("a 7-Zip archive")),
    (b"%PDF", Foreign::Other("a PDF document")),
    (b"#EXTM3U", Foreign::Other("a playlist, which names other files")),
    (b"ffconcat", Foreign::Other("a list of other files")),
    (b"RIFF", Foreign::Other("a RIFF file that is no AVI, such as WAV")),
];

impl Foreign {
    /// The kind of a file with these first bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        let listed = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)).map(|(_, foreign)| *foreign);
        let is_mp3 = || FileKind::of_sound(head) == Some(FileKind::Mp3);
        listed.or_else(|| is_mp3().then_some(Self::Other("a sound file (MP3)")))
    }
}
