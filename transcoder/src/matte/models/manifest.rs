//! The manifest of a model: the TOML file that the operator puts beside it. Keys left out have the
//! defaults of its kind.

use segmentation::Views;
use serde::Deserialize;
use shared::media::PixelSize;

/// A parsed manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Names it in requests: letters, digits, `-`, `_` and `.`.
    pub id: String,
    /// Name for people.
    pub display_name: String,
    /// Kind of its inputs and outputs.
    pub kind: Kind,
    /// Licence, in the operator's words.
    pub licence: String,
    #[serde(default)]
    input: InputSection,
    #[serde(default)]
    output: OutputSection,
    #[serde(default)]
    recurrent: RecurrentSection,
}

/// Kinds of models that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Frame and recurrent state in, matte and recurrent state out.
    Recurrent,
    /// One frame in, one matte out.
    Image,
    /// One frame in, several outputs, one of which is the matte.
    Portrait,
    /// A square picture in, the share of a person in each pixel out: not a matte by itself, so that
    /// several views of each frame are combined over time.
    Segmentation,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct InputSection {
    name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    side_max: Option<u32>,
    multiple: Option<u32>,
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
    fit: Fit,
    batch: Option<usize>,
    views: ViewCount,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OutputSection {
    alpha: Option<String>,
    sigmoid: bool,
    black_point: Option<f32>,
    white_point: Option<f32>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RecurrentSection {
    ratio_input: Option<String>,
    ratio: Option<f32>,
    states: Option<Vec<(String, String)>>,
}

/// How a frame is fitted into a tensor of another aspect ratio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Scaled to the size of the tensor.
    #[default]
    Stretch,
    /// Scaled to fit, and padded with its last row and column.
    Pad,
}

/// Views of each frame that a segmentation model is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewCount {
    /// All, each also mirrored.
    All,
    /// All, mirrored in every other frame.
    #[default]
    Half,
    /// The most useful ones.
    Few,
}

/// Default of `downsample_ratio`: the longer side inside the model. Source: README of Robust Video
/// Matting.
const RECURRENT_INNER_SIDE_PX: f32 = 512.0;
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];
/// Longest id of a model.
pub const ID_CHARS_MAX: usize = 64;
const SIDE_PX_MAX: u32 = 8_192;
/// Largest batch. Larger ones are no faster, and two batches are held in memory.
pub const BATCH_MAX: usize = 16;
/// Default of the black point, and of the distance of the white point from 1: half a step of 8
/// bits, so that no value changes by a whole step.
const HALF_STEP: f32 = 0.5 / 255.0;
/// Default of the black point, and of the distance of the white point from 1, of segmentation
/// models, whose edges are wider than those of mattes.
const SEGMENTATION_POINT: f32 = 0.2;

impl Kind {
    /// Its name in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recurrent => "recurrent",
            Self::Image => "image",
            Self::Portrait => "portrait",
            Self::Segmentation => "segmentation",
        }
    }
}

impl Manifest {
    /// Parses and checks a manifest.
    /// Errors: a sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string().trim().replace('\n', " "))?;
        let is_id = |id: &str| id.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char));
        if manifest.id.is_empty() || manifest.id.len() > ID_CHARS_MAX || !is_id(&manifest.id) {
            return Err(format!("`id` must have 1 to {ID_CHARS_MAX} letters, digits, `-`, `_` or `.`"));
        }
        let sides = [manifest.input.width, manifest.input.height, manifest.input.side_max, manifest.input.multiple];
        if sides.into_iter().flatten().any(|side| side == 0 || side > SIDE_PX_MAX) {
            return Err(format!("lengths under `input` must be from 1 to {SIDE_PX_MAX}"));
        }
        if manifest.input.width.is_some() != manifest.input.height.is_some() {
            return Err("`input.width` and `input.height` go together".to_owned());
        }
        if manifest.std().iter().any(|std| *std <= 0.0) {
            return Err("`input.std` must be above 0".to_owned());
        }
        if manifest.input.batch.is_some_and(|batch| !(1..=BATCH_MAX).contains(&batch)) {
            return Err(format!("`input.batch` must be from 1 to {BATCH_MAX}"));
        }
        if manifest.kind == Kind::Recurrent && manifest.input.batch.is_some_and(|batch| batch > 1) {
            return Err("`input.batch` is for models that see every picture for the first time".to_owned());
        }
        if !(manifest.black_point() >= 0.0 && manifest.black_point() < manifest.white_point() && manifest.white_point() <= 1.0) {
            return Err("`output.black_point` and `output.white_point` must be from 0 to 1, in this order".to_owned());
        }
        Ok(manifest)
    }

    /// Name of the input that takes the frame; none to use the only one.
    pub fn input_name(&self) -> Option<&str> {
        let own = match self.kind {
            Kind::Recurrent => Some("src"),
            Kind::Image | Kind::Portrait | Kind::Segmentation => None,
        };
        self.input.name.as_deref().or(own)
    }

    /// Name of the output that is the matte; none to use the only one.
    pub fn alpha_name(&self) -> Option<&str> {
        let own = match self.kind {
            Kind::Recurrent => Some("pha"),
            Kind::Image | Kind::Portrait | Kind::Segmentation => None,
        };
        self.output.alpha.as_deref().or(own)
    }

    /// Converts an output value to alpha: sigmoid where outputs are logits, then black and white
    /// point.
    pub fn alpha(&self, raw: f32) -> f32 {
        self.leveled(self.share(raw))
    }

    /// Applies black and white point to a share.
    pub fn leveled(&self, share: f32) -> f32 {
        ((share - self.black_point()) / (self.white_point() - self.black_point())).clamp(0.0, 1.0)
    }

    fn black_point(&self) -> f32 {
        self.output.black_point.unwrap_or_else(|| self.point())
    }

    fn white_point(&self) -> f32 {
        self.output.white_point.unwrap_or_else(|| 1.0 - self.point())
    }

    const fn point(&self) -> f32 {
        match self.kind {
            Kind::Recurrent | Kind::Image | Kind::Portrait => HALF_STEP,
            Kind::Segmentation => SEGMENTATION_POINT,
        }
    }

    /// Views of each frame.
    pub const fn views(&self) -> Views {
        match self.input.views {
            ViewCount::All => Views::Both,
            ViewCount::Half => Views::Alternating,
            ViewCount::Few => Views::Few,
        }
    }

    /// The share of the subject for an output value.
    pub fn share(&self, raw: f32) -> f32 {
        if self.output.sigmoid { 1.0 / (1.0 + (-raw).exp()) } else { raw }
    }

    /// Frames per run, if given.
    pub const fn batch(&self) -> Option<usize> {
        self.input.batch
    }

    /// Fixed size of the input, if given.
    pub fn fixed_size(&self) -> Option<PixelSize> {
        let (width, height) = self.input.width.zip(self.input.height)?;
        Some(PixelSize { width, height })
    }

    /// Longest side at which the model is run; the guided filter restores the resolution of larger
    /// frames.
    pub fn side_px_max(&self) -> u32 {
        self.input.side_max.unwrap_or(match self.kind {
            Kind::Recurrent => 1_920,
            Kind::Image => 1_024,
            Kind::Portrait => 896,
            Kind::Segmentation => 256,
        })
    }

    /// Sides of the tensor are multiples of this.
    pub fn multiple(&self) -> u32 {
        self.input.multiple.unwrap_or(match self.kind {
            Kind::Recurrent | Kind::Segmentation => 1,
            Kind::Image | Kind::Portrait => 32,
        })
    }

    /// Subtracted from each channel, 0 to 1.
    pub fn mean(&self) -> [f32; 3] {
        self.input.mean.unwrap_or(match self.kind {
            Kind::Recurrent | Kind::Segmentation => [0.0; 3],
            Kind::Image => IMAGENET_MEAN,
            Kind::Portrait => [0.5; 3],
        })
    }

    /// Divides each channel, after `mean`.
    pub fn std(&self) -> [f32; 3] {
        self.input.std.unwrap_or(match self.kind {
            Kind::Recurrent | Kind::Segmentation => [1.0; 3],
            Kind::Image => IMAGENET_STD,
            Kind::Portrait => [0.5; 3],
        })
    }

    /// How a frame is fitted into a fixed size.
    pub const fn fit(&self) -> Fit {
        self.input.fit
    }

    /// Recurrent states: names of an input and of the output that feeds it.
    pub fn states(&self) -> Vec<(String, String)> {
        match (&self.recurrent.states, self.kind) {
            (Some(states), _) => states.clone(),
            (None, Kind::Recurrent) => (1..=4).map(|index| (format!("r{index}i"), format!("r{index}o"))).collect(),
            (None, Kind::Image | Kind::Portrait | Kind::Segmentation) => Vec::new(),
        }
    }

    /// Name of the input that takes the internal downsampling ratio.
    pub fn ratio_name(&self) -> Option<&str> {
        (self.kind == Kind::Recurrent).then(|| self.recurrent.ratio_input.as_deref().unwrap_or("downsample_ratio"))
    }

    /// Downsampling ratio for a frame size.
    pub fn ratio(&self, size: PixelSize) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "sides are small")]
        let own = (RECURRENT_INNER_SIDE_PX / size.width.max(size.height) as f32).min(1.0);
        self.recurrent.ratio.unwrap_or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyer::color::byte;

    const LEAST: &str = "id = 'a'\ndisplay_name = 'A'\nlicence = 'MIT'\nkind = ";

    #[test]
    fn keys_left_out_have_the_defaults_of_the_kind() {
        let size = |width, height| PixelSize { width, height };
        let recurrent = Manifest::parse(&format!("{LEAST}'recurrent'")).unwrap();
        assert_eq!((recurrent.input_name(), recurrent.alpha_name()), (Some("src"), Some("pha")));
        assert_eq!(recurrent.states()[3], ("r4i".to_owned(), "r4o".to_owned()));
        assert_eq!(recurrent.ratio_name(), Some("downsample_ratio"));
        let ratios = [size(2_048, 1_024), size(100, 50)].map(|size| recurrent.ratio(size).to_bits());
        assert_eq!(ratios, [0.25, 1.0].map(f32::to_bits));
        let image = Manifest::parse(&format!("{LEAST}'image'")).unwrap();
        assert_eq!((image.mean(), image.multiple(), image.alpha_name(), image.ratio_name()), (IMAGENET_MEAN, 32, None, None));
        let said = "[input]\nname = 'x'\nwidth = 512\nheight = 256\nmean = [0, 0, 0]\nfit = 'pad'\n[output]\nalpha = 'y'\nsigmoid = true";
        let portrait = Manifest::parse(&format!("{LEAST}'portrait'\n{said}")).unwrap();
        assert_eq!((portrait.input_name(), portrait.alpha_name()), (Some("x"), Some("y")));
        assert_eq!((portrait.fixed_size(), portrait.fit()), (Some(size(512, 256)), Fit::Pad));
        assert_eq!([-9.0, 0.0, 9.0].map(|logit| byte(portrait.alpha(logit) * 255.0)), [0, 128, 255]);
    }

    #[test]
    fn alpha_below_half_a_step_is_transparent_and_no_other_changes_by_a_step() {
        let manifest = Manifest::parse(&format!("{LEAST}'image'")).unwrap();
        let code = |code: f32| byte(manifest.alpha(code / 255.0) * 255.0);
        assert_eq!([-3.0, 0.0, 0.6, 0.9].map(code), [0; 4]);
        assert_eq!([254.1, 254.4, 255.0, 300.0].map(code), [255; 4]);
        for step in 0..=2_550 {
            let before = f32::from(u16::try_from(step).unwrap()) / 10.0;
            assert!((f32::from(code(before)) - before).abs() < 1.0, "{before}: {}", code(before));
        }
        let said = Manifest::parse(&format!("{LEAST}'image'\n[output]\nblack_point = 0.05\nwhite_point = 0.95")).unwrap();
        assert_eq!([0.04, 0.05, 0.5, 0.96].map(|share| byte(said.alpha(share) * 100.0)), [0, 0, 50, 100]);
        assert!(manifest.alpha(f32::NAN).is_nan(), "what is no number must be seen");
    }

    #[test]
    fn invalid_keys_are_refused_by_name() {
        for (rest, named) in [
            ("'video'", "kind"),
            ("'image'\ncolour = 1", "colour"),
            ("'image'\n[input]\nwidth = 1", "height"),
            ("'image'\n[input]\nside_max = 0", "lengths"),
            ("'image'\n[input]\nstd = [1, 0, 1]", "std"),
            ("'image'\n[input]\nbatch = 0", "batch"),
            ("'image'\n[input]\nbatch = 17", "batch"),
            ("'recurrent'\n[input]\nbatch = 2", "batch"),
            ("'image'\n[output]\nblack_point = 0.6\nwhite_point = 0.5", "black_point"),
            ("'image'\n[output]\nblack_point = -0.1", "black_point"),
            ("'image'\n[output]\nwhite_point = nan", "white_point"),
        ] {
            let error = Manifest::parse(&format!("{LEAST}{rest}")).unwrap_err();
            assert!(error.contains(named), "{rest}: {error}");
        }
        let error = Manifest::parse("id = 'a b'\ndisplay_name = 'A'\nlicence = ''\nkind = 'image'").unwrap_err();
        assert!(error.contains("`id`"), "{error}");
    }
}
