//! Links that show a job's video to whoever has them: `{base}/share/{token}`.
//!
//! A token is the job's id and a signature over it, so no row is needed. Deleting the job revokes
//! the link.

use shared::id::JobId;
use shared::signature;

use super::job::Job;

/// Path below the public base URL under which videos are shown.
pub const SHARE_PATH: &str = "/share/";

/// The share URL of a job. It exists for every job, and shows nothing until the job has a video.
pub fn url(public_base_url: &str, secret: &[u8], id: JobId) -> String {
    let name = id.to_string();
    let name = name.strip_prefix("job_").unwrap_or(&name);
    format!("{public_base_url}{SHARE_PATH}{name}-{}", signature::sign(secret, text_to_sign(id).as_bytes()))
}

/// The job that a token names, if we made it.
pub fn verify(secret: &[u8], token: &str) -> Option<JobId> {
    let (name, signature) = token.split_once('-')?;
    let id: JobId = format!("job_{name}").parse().ok()?;
    signature::verify(secret, text_to_sign(id).as_bytes(), signature).then_some(id)
}

/// Which of a job's assets can be shown: the first that browsers play.
pub fn playable(job: &Job) -> Option<&shared::report::OutputAsset> {
    job.assets.iter().find(|asset| matches!(asset.output.content_type(), "video/mp4" | "video/webm"))
}

fn text_to_sign(id: JobId) -> String {
    format!("share\n{id}")
}

#[cfg(test)]
mod tests {
    use shared::time::UnixMillis;

    use super::*;

    #[test]
    fn a_link_names_its_job_and_every_alteration_names_none() {
        let id = JobId::from_parts(UnixMillis::new(1_763_750_000_000), 42);
        let url = url("https://api.example.com", b"secret", id);
        let token = url.strip_prefix("https://api.example.com/share/").unwrap();
        assert_eq!(verify(b"secret", token), Some(id));
        let other = JobId::from_parts(UnixMillis::new(1_763_750_000_000), 43).to_string();
        let (name, signature) = token.split_once('-').unwrap();
        let others = format!("{}-{signature}", other.trim_start_matches("job_"));
        for bad in ["", "-", name, &others, &token.replace('-', "--"), &token[..token.len() - 1]] {
            assert_eq!(verify(b"secret", bad), None, "{bad}");
        }
        assert_eq!(verify(b"other", token), None);
    }
}
