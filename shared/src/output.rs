//! The files that a job can make: outputs, previews, and the presets for their size and quality.

use crate::names;

/// The file name extension, MIME type and sound of a kind of file.
struct FileFacts {
    extension: &'static str,
    content_type: &'static str,
    sound: Sound,
}

/// The sound of a file.
enum Sound {
    OfSource,
    None,
}

/// An enum of files: of each the name on the wire, the extension, the MIME type and the sound, in
/// one row.
macro_rules! files {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$row_doc:meta])* $variant:ident = $text:literal, $extension:literal, $content_type:literal, $sound:ident;)*
    }) => {
        names! {
            $(#[$doc])*
            $name { $($(#[$row_doc])* $variant = $text,)* }
        }

        impl $name {
            const fn facts(self) -> FileFacts {
                match self {
                    $(Self::$variant => FileFacts {
                        extension: $extension,
                        content_type: $content_type,
                        sound: Sound::$sound,
                    },)*
                }
            }

            /// The MIME type that the file is stored and served with.
            #[must_use]
            pub const fn content_type(self) -> &'static str {
                self.facts().content_type
            }
        }
    };
}

files! {
    /// A file that a job can order.
    Output {
        /// `WebM`, VP9 with alpha, Opus sound.
        WebmVp9Alpha = "webm-vp9-alpha", "webm", "video/webm", OfSource;
        /// `QuickTime`, `ProRes` 4444 with alpha, PCM sound.
        MovProres4444 = "mov-prores4444", "mov", "video/quicktime", OfSource;
        /// WebP, animated, lossy colour and lossless alpha; no sound.
        AnimatedWebp = "animated-webp", "webp", "image/webp", None;
        /// GIF: a palette for each frame, alpha on or off; no sound.
        Gif = "gif", "gif", "image/gif", None;
        /// APNG, lossless; no sound. Named `.png`: every viewer opens that, few know `.apng`.
        Apng = "apng", "png", "image/apng", None;
        /// ZIP of `frame_000001.png` and so on, lossless; no sound.
        PngSequence = "png-sequence", "zip", "application/zip", None;
        /// MP4, H.264, AAC sound: the matte as grey.
        MatteGrayscaleMp4 = "matte-grayscale-mp4", "mp4", "video/mp4", OfSource;
        /// MP4, H.264, AAC sound: the straight colour above, the matte as grey below, twice the
        /// height.
        StackedAlphaMp4 = "stacked-alpha-mp4", "mp4", "video/mp4", OfSource;
        /// MP4, H.264, AAC sound, opaque: over the composition's background, or over black.
        OpaqueMp4 = "opaque-mp4", "mp4", "video/mp4", OfSource;
        /// ZIP of two MP4s, H.264: `alpha.mp4` is the matte as grey, `color.mp4` the straight
        /// colour with AAC sound.
        ColorAlphaZip = "color-alpha-zip", "zip", "application/zip", OfSource;
    }
}

impl Output {
    /// The file extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        self.facts().extension
    }

    /// The name of the stored file: `webm-vp9-alpha.webm`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}.{}", self.as_str(), self.extension())
    }

    /// Whether the source's sound goes into it.
    #[must_use]
    pub const fn carries_sound(self) -> bool {
        matches!(self.facts().sound, Sound::OfSource)
    }
}

names! {
    /// The purpose of the outputs, which sets their size, frame rate and quality where the job
    /// leaves them open.
    #[derive(Default)]
    Preset {
        /// For web pages: video at its own size, animated images small enough to load.
        #[default]
        WebApp = "web-app",
        /// For further editing: own size and frame rate, as good as the format allows.
        Editing = "editing",
        /// For social networks: what they show, 30 frames a second at most.
        Social = "social",
    }
}

files! {
    /// A file for people to judge a result by, beside its outputs.
    PreviewKind {
        /// MP4, H.264, over a checkerboard.
        Checkerboard = "checkerboard", "mp4", "video/mp4", None;
        /// MP4, H.264, over nearly black.
        Dark = "dark", "mp4", "video/mp4", None;
        /// MP4, H.264, over nearly white.
        Light = "light", "mp4", "video/mp4", None;
        /// A still of [`Self::Checkerboard`], PNG.
        CheckerboardPoster = "checkerboard-poster", "png", "image/png", None;
        /// A still of [`Self::Dark`], PNG.
        DarkPoster = "dark-poster", "png", "image/png", None;
        /// A still of [`Self::Light`], PNG.
        LightPoster = "light-poster", "png", "image/png", None;
        /// A still of a portrait, JPEG.
        Poster = "poster", "jpg", "image/jpeg", None;
        /// The QA report, JSON.
        Qa = "qa", "json", "application/json", None;
    }
}

impl PreviewKind {
    /// The name of the stored file, below the attempt's prefix: `previews/dark.mp4`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("previews/{}.{}", self.as_str(), self.facts().extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::UnknownName;

    #[test]
    fn everything_is_its_name_and_no_two_share_one() {
        for output in Output::ALL {
            assert_eq!(output.as_str().parse(), Ok(output));
            assert_eq!(serde_json::to_string(&output).unwrap(), format!("\"{output}\""));
        }
        assert_eq!("gif89a".parse::<Output>(), Err(UnknownName));
        assert_eq!(serde_json::from_str::<Preset>("\"social\"").unwrap(), Preset::Social);
        assert_eq!(Preset::find("Web-App"), None);
        let mut files: Vec<String> = Output::ALL.iter().map(|output| output.file_name()).collect();
        files.extend(PreviewKind::ALL.iter().map(|kind| kind.file_name()));
        let count = files.len();
        files.sort();
        files.dedup();
        assert_eq!(files.len(), count);
    }
}
