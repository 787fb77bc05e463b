//! Finds the video of a share link. No API key is needed.

use shared::media::PreviewKind;

use crate::app::download_output::sign_object_url;
use crate::app::ports::{JobStore as _, Ports};
use crate::domain::error::Error;
use crate::domain::job::JobState;
use crate::domain::share;

/// A video, as a page shows it.
pub struct SharedVideo {
    pub url: String,
    pub content_type: &'static str,
    pub width: u32,
    pub height: u32,
    /// A still of it.
    pub poster_url: Option<String>,
}

/// The video that a link names.
/// Errors: `FileNotFound` if there is none, not yet or not any more.
pub async fn open_share(ports: &impl Ports, token: &str) -> Result<SharedVideo, Error> {
    let id = share::verify(&ports.settings().file_url_secret, token).ok_or(Error::FileNotFound)?;
    let job = ports.store().find_shown_job(id).await?;
    let job = job.filter(|job| job.state == JobState::Success).ok_or(Error::FileNotFound)?;
    let asset = share::playable(&job).ok_or(Error::FileNotFound)?;
    let poster = job.previews.iter().find(|preview| preview.kind == PreviewKind::Poster);
    Ok(SharedVideo {
        poster_url: poster.map(|poster| sign_object_url(ports, &poster.object_key, poster.size_bytes).0),
        url: sign_object_url(ports, &asset.object_key, asset.size_bytes).0,
        content_type: asset.output.content_type(),
        width: asset.size.width,
        height: asset.size.height,
    })
}
