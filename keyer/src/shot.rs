//! A shot, the frames between two cuts, as the first pass hands it to the second.

use crate::blocks::Siting;
use crate::shot_model::ShotModel;
use crate::static_regions::{BAR, SET};

/// The frames between two cuts, and the model estimated from them.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Number of its first frame in the clip, from 0.
    pub(crate) first_frame: usize,
    /// Number of the first frame of the next shot; none for the last shot.
    pub(crate) end: Option<usize>,
    pub(crate) siting: Siting,
    /// None where no screen is found.
    pub(crate) model: Option<ShotModel>,
}

/// The screen of one shot, as measured in the first pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectedScreen {
    /// Number of the shot's first frame, from 0.
    pub first_frame: usize,
    /// Median colour of the clean plate. Units: 0 to 255, gamma-coded as in the file.
    pub color: [f32; 3],
    /// Median share of the picture that is certain screen. Units: 0 to 1.
    pub coverage: f32,
    /// Share of the picture that is static set beside the screen. Units: 0 to 1.
    pub set_share: f32,
    /// Share of the picture that is black bars. Units: 0 to 1.
    pub bars_share: f32,
}

impl Shot {
    /// The detected screen; none where there is none.
    #[must_use]
    pub fn screen(&self) -> Option<DetectedScreen> {
        let model = self.model.as_ref()?;
        let cells = &model.static_regions.cells;
        let share = |kind: u8| cells.iter().map(|region| usize::from(*region == kind)).sum::<usize>() as f32 / cells.len() as f32;
        Some(DetectedScreen {
            first_frame: self.first_frame,
            color: model.space.to_rgb(model.screen),
            coverage: model.coverage,
            set_share: share(SET),
            bars_share: share(BAR),
        })
    }
}
