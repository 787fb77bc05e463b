//! The input files of a run as rows of `job_files`, which the database takes and gives as a JSON
//! array.

use serde::{Deserialize, Serialize};
use shared::names;
use shared::source::Source;

use super::{from_json, to_json};
use crate::domain::error::Error;
use crate::domain::job::NewJob;

names! {
    /// The part that a file plays in a run.
    FileRole {
        Source = "source",
        Background = "background",
        Sound = "sound",
        Backdrop = "backdrop",
        PromptImage = "prompt_image",
        PromptSound = "prompt_sound",
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileRow {
    role: FileRole,
    object_key: Option<String>,
    size_bytes: Option<u64>,
    url: Option<String>,
}

impl FileRow {
    fn of(role: FileRole, source: &Source) -> Self {
        match source.clone() {
            Source::Object { object_key, size_bytes } => {
                Self { role, object_key: Some(object_key), size_bytes: Some(size_bytes), url: None }
            }
            Source::Url { url } => Self { role, object_key: None, size_bytes: None, url: Some(url) },
        }
    }

    fn source(self) -> Result<Source, Error> {
        match self {
            Self { object_key: Some(object_key), size_bytes: Some(size_bytes), .. } => {
                Ok(Source::Object { object_key, size_bytes })
            }
            Self { url: Some(url), .. } => Ok(Source::Url { url }),
            Self { .. } => Err(Error::Internal("a job file is neither an object nor a URL".into())),
        }
    }
}

/// Files as the JSON array that statements take.
pub fn files_json<'a>(files: impl IntoIterator<Item = (FileRole, Option<&'a Source>)>) -> Result<String, Error> {
    let files = files.into_iter().filter_map(|(role, source)| Some(FileRow::of(role, source?)));
    to_json(&files.collect::<Vec<_>>())
}

/// The files of a new job, whose source is none where a provider generates it.
pub fn new_job_files_json(job: &NewJob, source: Option<&Source>) -> Result<String, Error> {
    files_json([
        (FileRole::Source, source),
        (FileRole::Background, job.background.as_ref()),
        (FileRole::Sound, job.sound.as_ref()),
        (FileRole::Backdrop, job.options.composition.picture.as_ref()),
        (FileRole::PromptImage, job.prompt_image.as_ref()),
        (FileRole::PromptSound, job.prompt_sound.as_ref()),
    ])
}

/// The files of a run, as the database gives them.
pub struct Files(Vec<FileRow>);

impl Files {
    pub fn read(files_json: &str) -> Result<Self, Error> {
        from_json("files_json", files_json).map(Self)
    }

    /// Takes the file of a role, if the run has one.
    pub fn take(&mut self, role: FileRole) -> Result<Option<Source>, Error> {
        let index = self.0.iter().position(|file| file.role == role);
        index.map(|index| self.0.swap_remove(index).source()).transpose()
    }
}
