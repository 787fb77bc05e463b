//! `portrait PICTURE SOUND`: the portrait renderer on two local files, with a progress bar and no
//! server.

use super::{bar, deliver, show};
use crate::cli::arguments::PortraitArguments;
use crate::cli::environment::{LocalEnvironment, RunError, absolute};
use crate::error::TaskError;
use crate::progress::ProgressSink;

/// Renders; a line about the video for programs.
pub async fn render_local(request: &PortraitArguments) -> Result<String, RunError> {
    let (picture, sound) = (absolute(&request.picture)?, absolute(&request.sound)?);
    let environment = LocalEnvironment::create(&request.settings)?;
    let (sink, progress) = ProgressSink::new();
    let engine = environment.portrait_engine(&sink);
    let work = async { engine.render(engine.prepare(&picture, &sound, request.shape).await?).await };
    let bar = bar();
    let rendered = tokio::select! {
        rendered = work => rendered,
        () = show(&bar, progress) => Err(TaskError::Transient("progress ended before the work".into())),
    };
    bar.finish_and_clear();
    deliver(&rendered?.video, &request.target)
}
