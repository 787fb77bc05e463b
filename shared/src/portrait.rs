//! Portraits: a video made of a picture and a sound, without a matte.

use serde::{Deserialize, Serialize};

use crate::media::PixelSize;
use crate::names;
use crate::source::Source;

/// Largest picture.
/// Units: bytes.
pub const PICTURE_SIZE_BYTES_MAX: u64 = 50 * 1024 * 1024;
/// Largest sound.
/// Units: bytes.
pub const SOUND_SIZE_BYTES_MAX: u64 = 50 * 1024 * 1024;
/// Longest sound.
/// Units: milliseconds. One hour, as long as any source.
pub const SOUND_DURATION_MS_MAX: u64 = crate::media::SOURCE_DURATION_MS_MAX;

/// A picture that is shown while a sound plays. The picture is the job's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Portrait {
    /// The sound: MP3, WAV, M4A or Ogg.
    pub sound: Source,
    /// The shape of the video; none is the one nearest to the picture's.
    #[serde(default)]
    pub shape: Option<PortraitShape>,
}

names! {
    /// The shape of a portrait's video.
    PortraitShape {
        /// Landscape.
        Wide = "16:9",
        /// Portrait orientation, for phones.
        Tall = "9:16",
        /// For social feeds.
        Square = "1:1",
    }
}

impl PortraitShape {
    /// The size of the video. Each has as many pixels as any other, and costs as much.
    #[must_use]
    pub const fn canvas(self) -> PixelSize {
        let (width, height) = match self {
            Self::Wide => (1_280, 720),
            Self::Tall => (720, 1_280),
            Self::Square => (960, 960),
        };
        PixelSize { width, height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portrait_is_written_so_and_no_shape_means_the_pictures_own() {
        let sound = Source::Object { object_key: "a/b".into(), size_bytes: 3 };
        let portrait = Portrait { sound, shape: Some(PortraitShape::Tall) };
        let written = r#"{"sound":{"kind":"object","objectKey":"a/b","sizeBytes":3},"shape":"9:16"}"#;
        assert_eq!(serde_json::to_string(&portrait).unwrap(), written);
        let parsed: Portrait = serde_json::from_str(r#"{"sound":{"kind":"url","url":"https://a.example/b"}}"#).unwrap();
        assert_eq!(parsed.shape, None);
    }

    #[test]
    fn no_canvas_is_dearer_than_another() {
        assert!(PortraitShape::ALL.iter().all(|shape| shape.canvas().pixels() == 1_280 * 720));
    }
}
