//! `portrait PICTURE SOUND`: the portrait renderer on two local files, with a progress bar and no server.

use std::path::PathBuf;

use shared::portrait::PortraitShape;

use super::{bar, deliver, show};
use crate::cli::workplace::{RunError, Workplace, absolute};
use crate::error::TaskError;
use crate::progress::ProgressSink;

/// What `portrait` is asked for.
#[derive(Debug)]
pub struct PortraitRequest {
    /// JPEG, PNG or WebP.
    pub picture: PathBuf,
    /// MP3, WAV, M4A or Ogg.
    pub sound: PathBuf,
    /// The video.
    pub target: PathBuf,
    /// None is the one nearest to the picture's.
    pub shape: Option<PortraitShape>,
    /// With what.
    pub workplace: Workplace,
}

/// Renders; a line about the video for programs.
pub async fn render_local(request: &PortraitRequest) -> Result<String, RunError> {
    let (picture, sound) = (absolute(&request.picture)?, absolute(&request.sound)?);
    let workplace = request.workplace.open()?;
    let (sink, progress) = ProgressSink::new();
    let studio = workplace.studio(&sink);
    let work = async { studio.render(studio.prepare(&picture, &sound, request.shape).await?).await };
    let bar = bar();
    let rendered = tokio::select! {
        rendered = work => rendered,
        () = show(&bar, progress) => Err(TaskError::Transient("progress ended before the work".into())),
    };
    bar.finish_and_clear();
    deliver(&rendered?.video, &request.target)
}
