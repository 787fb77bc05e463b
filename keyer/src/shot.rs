//! A shot, the frames between two cuts, as the first pass hands it to the second.

use crate::blocks::Siting;
use crate::color::Rgb;
use crate::shot_model::ShotModel;
use crate::static_regions::{BAR, SET, STANDING_SET};

/// The frames between two cuts, and the model estimated from them.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Number of its first frame in the clip, from 0.
    first_frame: usize,
    /// Number of the first frame of the next shot; none for the last shot.
    pub(crate) end: Option<usize>,
    pub(crate) siting: Siting,
    is_black: bool,
    screen: Option<DetectedScreen>,
    /// None where no screen is found.
    pub(crate) model: Option<Box<ShotModel>>,
}

/// The screen of one shot, as measured in the first pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectedScreen {
    /// Number of the shot's first frame, from 0.
    pub first_frame: usize,
    /// Median colour of the clean plate. Units: 0 to 255, gamma-coded as in the file.
    pub color: Rgb,
    /// Median share of the picture that is certain screen. Units: 0 to 1.
    pub coverage: f32,
    /// Luma of that colour. Units: 0 to 255.
    pub luma: f32,
    /// Standard deviation of a block's luma from the clean plate. Units: of 255.
    pub noise: f32,
    /// Share of the picture that is static set beside the screen and does not reach the lower
    /// border. Units: 0 to 1.
    pub set_share: f32,
    /// As above for set that reaches the lower border.
    pub standing_set_share: f32,
    /// Share of the picture that is black bars. Units: 0 to 1.
    pub bars_share: f32,
}

/// Certainty that a detected screen is one, and not a plant, a sky or clothes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScreenCertainty {
    /// Too small or too pale.
    None,
    /// Screen if the clip is known to have one.
    Possible,
    /// Screen.
    Certain,
}

/// Least share of the picture, and least excess of green or blue over the next channel, of a
/// certain screen. Skies, plants and clothes in photographs reach one but not both. Units: share of
/// the picture; share of the largest channel.
const CERTAIN_COVERAGE_MIN: f32 = 0.12;
const CERTAIN_EXCESS_MIN: f32 = 0.42;
/// Least share of the picture where the screen is so dark that its hue is hardly known.
const DARK_COVERAGE_MIN: f32 = 0.3;
const DARK_MAX: f32 = 40.0;
/// Least share of the picture, and least saturation, of a certain screen of another hue, such as
/// cyan; yellow greens are those of plants. Greens that are not yellow need less than blues, which
/// are those of skies.
const OTHER_HUE_COVERAGE_MIN: f32 = 0.5;
const OTHER_HUE_SATURATION_MIN: f32 = 0.75;
const GREEN_SATURATION_MIN: f32 = 0.6;
/// Largest noise of a certain screen; foliage differs more. Units: share of luma; of 255.
const NOISE_SHARE_MAX: f32 = 0.05;
const NOISE_MAX: f32 = 3.0;
/// As above for a possible screen.
const POSSIBLE_COVERAGE_MIN: f32 = 0.05;
const POSSIBLE_SATURATION_MIN: f32 = 0.35;

impl DetectedScreen {
    /// Certainty that it is a screen, from its colour, its noise and the share of the picture that
    /// it covers.
    #[must_use]
    pub fn certainty(&self) -> ScreenCertainty {
        let [red, green, blue] = self.color;
        let top = red.max(green).max(blue).max(1.0);
        let saturation = (top - red.min(green).min(blue)) / top;
        let excess = (green - red.max(blue)).max(blue - red.max(green)) / top;
        let coverage_min = if excess < CERTAIN_EXCESS_MIN || (green >= blue && red > blue) {
            OTHER_HUE_COVERAGE_MIN
        } else if top < DARK_MAX {
            DARK_COVERAGE_MIN
        } else {
            CERTAIN_COVERAGE_MIN
        };
        let is_green = green > blue && blue >= red;
        let saturation_min = if is_green { GREEN_SATURATION_MIN } else { OTHER_HUE_SATURATION_MIN };
        let is_vivid = excess >= CERTAIN_EXCESS_MIN || saturation >= saturation_min;
        let is_smooth = self.noise < NOISE_MAX.max(self.luma * NOISE_SHARE_MAX);
        if is_vivid && is_smooth && self.coverage >= coverage_min {
            ScreenCertainty::Certain
        } else if self.coverage >= POSSIBLE_COVERAGE_MIN && saturation >= POSSIBLE_SATURATION_MIN {
            ScreenCertainty::Possible
        } else {
            ScreenCertainty::None
        }
    }
}

impl Shot {
    pub(crate) fn new(
        (first_frame, end): (usize, Option<usize>),
        siting: Siting,
        is_black: bool,
        model: Option<ShotModel>,
    ) -> Self {
        let screen = model.as_ref().map(|model| DetectedScreen::of(model, first_frame));
        Self { first_frame, end, siting, is_black, screen, model: model.map(Box::new) }
    }

    /// Number of its first frame in the clip, from 0.
    #[must_use]
    pub const fn first_frame(&self) -> usize {
        self.first_frame
    }

    /// The detected screen; none where there is none.
    #[must_use]
    pub const fn screen(&self) -> Option<DetectedScreen> {
        self.screen
    }

    /// True if every sample is black: there is nothing to key.
    #[must_use]
    pub const fn is_black(&self) -> bool {
        self.is_black
    }

    /// Treats the shot as one without a screen.
    pub(crate) fn reject_screen(&mut self) {
        (self.model, self.screen) = (None, None);
    }
}

impl DetectedScreen {
    fn of(model: &ShotModel, first_frame: usize) -> Self {
        let cells = &model.static_regions.cells;
        let share = |kind: u8| cells.iter().map(|region| usize::from(*region == kind)).sum::<usize>() as f32 / cells.len() as f32;
        Self {
            first_frame,
            color: model.space.to_rgb(model.screen),
            coverage: model.coverage,
            luma: model.screen[0],
            noise: model.stats.noise[0],
            set_share: share(SET),
            standing_set_share: share(STANDING_SET),
            bars_share: share(BAR),
        }
    }
}
