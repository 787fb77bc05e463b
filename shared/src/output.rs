//! What a job can make: outputs, previews of them, and the presets that say how well and how large.

use crate::names;

names! {
    /// Something a job can make.
    Output {
        /// `WebM`, VP9 with alpha, Opus sound.
        WebmVp9Alpha = "webm-vp9-alpha",
        /// `QuickTime`, `ProRes` 4444 with alpha, PCM sound.
        MovProres4444 = "mov-prores4444",
        /// WebP, animated, lossy colour and lossless alpha; no sound.
        AnimatedWebp = "animated-webp",
        /// GIF: a palette for each frame, alpha on or off; no sound.
        Gif = "gif",
        /// APNG, lossless; no sound.
        Apng = "apng",
        /// ZIP of `frame_000001.png` and so on, lossless; no sound.
        PngSequence = "png-sequence",
        /// MP4, H.264, the matte as grey; no sound.
        MatteGrayscaleMp4 = "matte-grayscale-mp4",
        /// MP4, H.264, AAC sound: the straight colour above, the matte as grey below, twice the height.
        StackedAlphaMp4 = "stacked-alpha-mp4",
        /// MP4, H.264, AAC sound, nothing clear: over the composition's background, or over black.
        OpaqueMp4 = "opaque-mp4",
        /// ZIP of two MP4s, H.264: `alpha.mp4` is the matte as grey, `color.mp4` the straight colour with AAC sound.
        ColorAlphaZip = "color-alpha-zip",
    }
}

impl Output {
    /// The file extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::WebmVp9Alpha => "webm",
            Self::MovProres4444 => "mov",
            Self::AnimatedWebp => "webp",
            Self::Gif => "gif",
            // What everything opens as a picture; `.apng` is known to few servers and fewer programs.
            Self::Apng => "png",
            Self::PngSequence | Self::ColorAlphaZip => "zip",
            Self::MatteGrayscaleMp4 | Self::StackedAlphaMp4 | Self::OpaqueMp4 => "mp4",
        }
    }

    /// The MIME type that the file is stored and served with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::WebmVp9Alpha => "video/webm",
            Self::MovProres4444 => "video/quicktime",
            Self::AnimatedWebp => "image/webp",
            Self::Gif => "image/gif",
            Self::Apng => "image/apng",
            Self::PngSequence | Self::ColorAlphaZip => "application/zip",
            Self::MatteGrayscaleMp4 | Self::StackedAlphaMp4 | Self::OpaqueMp4 => "video/mp4",
        }
    }

    /// The name of the stored file: `webm-vp9-alpha.webm`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}.{}", self.as_str(), self.extension())
    }

    /// Whether the source's sound goes into it.
    #[must_use]
    pub const fn carries_sound(self) -> bool {
        matches!(self, Self::WebmVp9Alpha | Self::MovProres4444 | Self::StackedAlphaMp4 | Self::OpaqueMp4 | Self::ColorAlphaZip)
    }
}

names! {
    /// How well and how large outputs are made, where the job leaves it open.
    #[derive(Default)]
    Preset {
        /// For pages: video at its own size, animated pictures small enough to load.
        #[default]
        WebApp = "web-app",
        /// For further work: own size and rate, as good as the format allows.
        Editing = "editing",
        /// For posting: what networks show, 30 frames a second at most.
        Social = "social",
    }
}

names! {
    /// Something that lets people judge a result without any of its outputs.
    PreviewKind {
        /// MP4, H.264, over a checkerboard.
        Checkerboard = "checkerboard",
        /// MP4, H.264, over nearly black.
        Dark = "dark",
        /// MP4, H.264, over nearly white.
        Light = "light",
        /// A still of [`Self::Checkerboard`], PNG.
        CheckerboardPoster = "checkerboard-poster",
        /// A still of [`Self::Dark`], PNG.
        DarkPoster = "dark-poster",
        /// A still of [`Self::Light`], PNG.
        LightPoster = "light-poster",
        /// A still of a portrait, JPEG.
        Poster = "poster",
        /// The QA report, JSON.
        Qa = "qa",
    }
}

impl PreviewKind {
    /// The MIME type that the file is stored and served with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Checkerboard | Self::Dark | Self::Light => "video/mp4",
            Self::CheckerboardPoster | Self::DarkPoster | Self::LightPoster => "image/png",
            Self::Poster => "image/jpeg",
            Self::Qa => "application/json",
        }
    }

    /// The name of the stored file, below the attempt's prefix: `previews/dark.mp4`.
    #[must_use]
    pub fn file_name(self) -> String {
        let extension = match self {
            Self::Checkerboard | Self::Dark | Self::Light => "mp4",
            Self::CheckerboardPoster | Self::DarkPoster | Self::LightPoster => "png",
            Self::Poster => "jpg",
            Self::Qa => "json",
        };
        format!("previews/{}.{extension}", self.as_str())
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
