//! File types by their first bytes (magic numbers); file names and declared types are ignored.

use crate::names;

/// Number of bytes at the start of a file that its kind is detected from.
/// Units: bytes.
pub const HEAD_SIZE_BYTES: usize = 12;

/// Brands of `ftyp` files that are pictures rather than audio.
const PICTURE_BRANDS: [&[u8]; 8] = [b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"];

names! {
    /// An accepted file type; its name is the stored file's extension.
    FileKind {
        /// A picture.
        Jpeg = "picture.jpg",
        /// A picture.
        Png = "picture.png",
        /// A picture, or many.
        Webp = "picture.webp",
        /// MPEG audio, layer III.
        Mp3 = "sound.mp3",
        /// RIFF.
        Wav = "sound.wav",
        /// The sound of an MP4.
        M4a = "sound.m4a",
        /// Ogg, whatever it holds.
        Ogg = "sound.ogg",
    }
}

impl FileKind {
    /// The type of a picture.
    #[must_use]
    pub fn of_picture(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }

    /// The type of an audio file. An MP4 with video counts as M4A: its audio is used.
    #[must_use]
    pub fn of_sound(head: &[u8]) -> Option<Self> {
        match head {
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            [0xff, second, third, ..] if is_layer_3(*second, *third) => Some(Self::Mp3),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Self::Wav),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
                let is_picture = PICTURE_BRANDS.iter().any(|picture| brand.starts_with(picture));
                (!is_picture).then_some(Self::M4a)
            }
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            _ => None,
        }
    }

    /// The MIME type that it is served with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Mp3 => "audio/mpeg",
            Self::Wav => "audio/wav",
            Self::M4a => "audio/mp4",
            Self::Ogg => "audio/ogg",
        }
    }
}

/// Whether these bytes start a frame of MPEG audio, layer III: sync, version, layer and valid
/// rates.
const fn is_layer_3(second: u8, third: u8) -> bool {
    let version = second >> 3 & 0b11;
    second & 0b1110_0000 == 0b1110_0000
        && version != 0b01
        && second >> 1 & 0b11 == 0b01
        && third >> 4 != 0b1111
        && third >> 2 & 0b11 != 0b11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_with() {
        for (head, picture, sound) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01"[..], Some(FileKind::Jpeg), None),
            (b"\x89PNG\r\n\x1a\n\0\0\0\r", Some(FileKind::Png), None),
            (b"RIFF\x24\0\0\0WEBP", Some(FileKind::Webp), None),
            (b"RIFF\x24\0\0\0WAVE", None, Some(FileKind::Wav)),
            (b"ID3\x04\0\0\0\0\0\0\0\0", None, Some(FileKind::Mp3)),
            (b"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0", None, Some(FileKind::Mp3)),
            (b"\xff\xf3\x40\xc4\0\0\0\0\0\0\0\0", None, Some(FileKind::Mp3)),
            (b"\0\0\0\x1cftypM4A ", None, Some(FileKind::M4a)),
            (b"\0\0\0\x20ftypisom", None, Some(FileKind::M4a)),
            (b"OggS\0\x02\0\0\0\0\0\0", None, Some(FileKind::Ogg)),
            // A picture in the same box, AAC without one, layer I, a rate that does not exist,
            // text, and too little.
            (b"\0\0\0\x1cftypavif", None, None),
            (b"\xff\xf1\x50\x80\0\0\0\0\0\0\0\0", None, None),
            (b"\xff\xff\x90\x64\0\0\0\0\0\0\0\0", None, None),
            (b"\xff\xfb\xf0\x64\0\0\0\0\0\0\0\0", None, None),
            (b"<svg xmlns=\"", None, None),
            (b"RIFF\x24\0\0\0AVI ", None, None),
            (b"\xff\xfb", None, None),
            (b"RIFF", None, None),
            (b"", None, None),
        ] {
            assert_eq!((FileKind::of_picture(head), FileKind::of_sound(head)), (picture, sound), "{head:?}");
        }
    }
}
