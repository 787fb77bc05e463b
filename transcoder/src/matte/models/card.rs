//! What an operator says of a model: the TOML file beside it. What is not said is the default of its kind.

use serde::Deserialize;
use shared::media::PixelSize;

use super::signature::BATCH_MAX;

/// A model's file of words.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Names it in requests: letters, digits, `-`, `_` and `.`.
    pub id: String,
    /// For people.
    pub display_name: String,
    /// What goes in and what comes out.
    pub kind: Kind,
    /// Under which terms it may be used.
    pub licence: String,
    #[serde(default)]
    input: InputCard,
    #[serde(default)]
    output: OutputCard,
    #[serde(default)]
    recurrent: RecurrentCard,
}

/// The signatures that work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A picture and what it remembers in, a matte and what it remembers out.
    Recurrent,
    /// One picture in, one matte out.
    Image,
    /// One picture in, several results out, one of which is the matte.
    Portrait,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct InputCard {
    name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    side_max: Option<u32>,
    multiple: Option<u32>,
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
    fit: Fit,
    batch: Option<usize>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OutputCard {
    alpha: Option<String>,
    sigmoid: bool,
    black_point: Option<f32>,
    white_point: Option<f32>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RecurrentCard {
    ratio_input: Option<String>,
    ratio: Option<f32>,
    states: Option<Vec<(String, String)>>,
}

/// How a picture gets into a tensor of another shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Scaled to it, whatever its shape.
    #[default]
    Stretch,
    /// Scaled into it; its last pixels fill the rest.
    Pad,
}

/// What `downsample_ratio` is, as the authors of Robust Video Matting advise: the longer side becomes so many pixels inside.
const RECURRENT_SIDE_PX: f32 = 512.0;
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];
/// Longest id.
pub const ID_CHARS_MAX: usize = 64;
const SIDE_PX_MAX: u32 = 8_192;
/// What a matte may have left of nothing, or lack of everything, unless the card says otherwise: half a step of its 255, so
/// that no value moves by a whole one.
const FAINT: f32 = 0.5 / 255.0;

impl Kind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recurrent => "recurrent",
            Self::Image => "image",
            Self::Portrait => "portrait",
        }
    }
}

impl Card {
    /// Reads it.
    /// Errors: a sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let card: Self = toml::from_str(text).map_err(|error| error.to_string().trim().replace('\n', " "))?;
        let is_named = |id: &str| id.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char));
        if card.id.is_empty() || card.id.len() > ID_CHARS_MAX || !is_named(&card.id) {
            return Err(format!("`id` must have 1 to {ID_CHARS_MAX} letters, digits, `-`, `_` or `.`"));
        }
        let sides = [card.input.width, card.input.height, card.input.side_max, card.input.multiple];
        if sides.into_iter().flatten().any(|side| side == 0 || side > SIDE_PX_MAX) {
            return Err(format!("lengths under `input` must be from 1 to {SIDE_PX_MAX}"));
        }
        if card.input.width.is_some() != card.input.height.is_some() {
            return Err("`input.width` and `input.height` go together".to_owned());
        }
        if card.std().iter().any(|std| *std <= 0.0) {
            return Err("`input.std` must be above 0".to_owned());
        }
        if card.input.batch.is_some_and(|batch| !(1..=BATCH_MAX).contains(&batch)) {
            return Err(format!("`input.batch` must be from 1 to {BATCH_MAX}"));
        }
        if card.kind == Kind::Recurrent && card.input.batch.is_some_and(|batch| batch > 1) {
            return Err("`input.batch` is for models that see every picture for the first time".to_owned());
        }
        if !(card.black_point() >= 0.0 && card.black_point() < card.white_point() && card.white_point() <= 1.0) {
            return Err("`output.black_point` and `output.white_point` must be from 0 to 1, in this order".to_owned());
        }
        Ok(card)
    }

    /// The input that takes the picture; none where the model has but one.
    pub fn input_name(&self) -> Option<&str> {
        let own = match self.kind {
            Kind::Recurrent => Some("src"),
            Kind::Image | Kind::Portrait => None,
        };
        self.input.name.as_deref().or(own)
    }

    /// The output that is the matte; none where the model has but one.
    pub fn alpha_name(&self) -> Option<&str> {
        let own = match self.kind {
            Kind::Recurrent => Some("pha"),
            Kind::Image | Kind::Portrait => None,
        };
        self.output.alpha.as_deref().or(own)
    }

    /// The matte's value of what the model put out: squashed into 0 to 1 where it comes as logits, then spread so that what is
    /// faint is clear and what is nearly opaque is so.
    pub fn alpha(&self, put_out: f32) -> f32 {
        let share = if self.output.sigmoid { 1.0 / (1.0 + (-put_out).exp()) } else { put_out };
        ((share - self.black_point()) / (self.white_point() - self.black_point())).clamp(0.0, 1.0)
    }

    fn black_point(&self) -> f32 {
        self.output.black_point.unwrap_or(FAINT)
    }

    fn white_point(&self) -> f32 {
        self.output.white_point.unwrap_or(1.0 - FAINT)
    }

    /// Pictures a run, where it is said.
    pub const fn batch(&self) -> Option<usize> {
        self.input.batch
    }

    /// The only size that the operator allows.
    pub fn fixed_size(&self) -> Option<PixelSize> {
        let (width, height) = self.input.width.zip(self.input.height)?;
        Some(PixelSize { width, height })
    }

    /// Larger pictures are scaled down to this; what the matte lacks then is refined by the picture.
    pub fn side_px_max(&self) -> u32 {
        self.input.side_max.unwrap_or(match self.kind {
            Kind::Recurrent => 1_920,
            Kind::Image => 1_024,
            Kind::Portrait => 896,
        })
    }

    /// Sides are multiples of this.
    pub fn multiple(&self) -> u32 {
        self.input.multiple.unwrap_or(match self.kind {
            Kind::Recurrent => 1,
            Kind::Image | Kind::Portrait => 32,
        })
    }

    /// Taken from each channel, which goes from 0 to 1.
    pub fn mean(&self) -> [f32; 3] {
        self.input.mean.unwrap_or(match self.kind {
            Kind::Recurrent => [0.0; 3],
            Kind::Image => IMAGENET_MEAN,
            Kind::Portrait => [0.5; 3],
        })
    }

    /// What is left is divided by this.
    pub fn std(&self) -> [f32; 3] {
        self.input.std.unwrap_or(match self.kind {
            Kind::Recurrent => [1.0; 3],
            Kind::Image => IMAGENET_STD,
            Kind::Portrait => [0.5; 3],
        })
    }

    /// How a picture gets into a size that is not its own.
    pub const fn fit(&self) -> Fit {
        self.input.fit
    }

    /// What is remembered from frame to frame: inputs and the outputs that feed them.
    pub fn states(&self) -> Vec<(String, String)> {
        match (&self.recurrent.states, self.kind) {
            (Some(states), _) => states.clone(),
            (None, Kind::Recurrent) => (1..=4).map(|index| (format!("r{index}i"), format!("r{index}o"))).collect(),
            (None, Kind::Image | Kind::Portrait) => Vec::new(),
        }
    }

    /// The input that is told how much smaller the model looks at the picture.
    pub fn ratio_name(&self) -> Option<&str> {
        (self.kind == Kind::Recurrent).then(|| self.recurrent.ratio_input.as_deref().unwrap_or("downsample_ratio"))
    }

    /// What that input is told for a picture.
    pub fn ratio(&self, size: PixelSize) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "sides are small")]
        let own = (RECURRENT_SIDE_PX / size.width.max(size.height) as f32).min(1.0);
        self.recurrent.ratio.unwrap_or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::color::byte;

    const LEAST: &str = "id = 'a'\ndisplay_name = 'A'\nlicence = 'MIT'\nkind = ";

    #[test]
    fn what_is_not_said_is_the_default_of_the_kind() {
        let size = |width, height| PixelSize { width, height };
        let recurrent = Card::parse(&format!("{LEAST}'recurrent'")).unwrap();
        assert_eq!((recurrent.input_name(), recurrent.alpha_name()), (Some("src"), Some("pha")));
        assert_eq!(recurrent.states()[3], ("r4i".to_owned(), "r4o".to_owned()));
        assert_eq!(recurrent.ratio_name(), Some("downsample_ratio"));
        let ratios = [size(2_048, 1_024), size(100, 50)].map(|size| recurrent.ratio(size).to_bits());
        assert_eq!(ratios, [0.25, 1.0].map(f32::to_bits));
        let image = Card::parse(&format!("{LEAST}'image'")).unwrap();
        assert_eq!((image.mean(), image.multiple(), image.alpha_name(), image.ratio_name()), (IMAGENET_MEAN, 32, None, None));
        let said = "[input]\nname = 'x'\nwidth = 512\nheight = 256\nmean = [0, 0, 0]\nfit = 'pad'\n[output]\nalpha = 'y'\nsigmoid = true";
        let portrait = Card::parse(&format!("{LEAST}'portrait'\n{said}")).unwrap();
        assert_eq!((portrait.input_name(), portrait.alpha_name()), (Some("x"), Some("y")));
        assert_eq!((portrait.fixed_size(), portrait.fit()), (Some(size(512, 256)), Fit::Pad));
        assert_eq!([-9.0, 0.0, 9.0].map(|logit| byte(portrait.alpha(logit) * 255.0)), [0, 128, 255]);
    }

    #[test]
    fn what_is_fainter_than_a_step_is_clear_and_nothing_else_moves_by_one() {
        let card = Card::parse(&format!("{LEAST}'image'")).unwrap();
        let code = |code: f32| byte(card.alpha(code / 255.0) * 255.0);
        assert_eq!([-3.0, 0.0, 0.6, 0.9].map(code), [0; 4]);
        assert_eq!([254.1, 254.4, 255.0, 300.0].map(code), [255; 4]);
        for step in 0..=2_550 {
            let before = f32::from(u16::try_from(step).unwrap()) / 10.0;
            assert!((f32::from(code(before)) - before).abs() < 1.0, "{before}: {}", code(before));
        }
        let said = Card::parse(&format!("{LEAST}'image'\n[output]\nblack_point = 0.05\nwhite_point = 0.95")).unwrap();
        assert_eq!([0.04, 0.05, 0.5, 0.96].map(|share| byte(said.alpha(share) * 100.0)), [0, 0, 50, 100]);
        assert!(card.alpha(f32::NAN).is_nan(), "what is no number must be seen");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
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
            let error = Card::parse(&format!("{LEAST}{rest}")).unwrap_err();
            assert!(error.contains(named), "{rest}: {error}");
        }
        let error = Card::parse("id = 'a b'\ndisplay_name = 'A'\nlicence = ''\nkind = 'image'").unwrap_err();
        assert!(error.contains("`id`"), "{error}");
    }
}
