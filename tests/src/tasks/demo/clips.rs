//! The clips that the demo works on: its own two, which scripts in `tests/demo` generate once, or
//! the caller's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::fingerprint::Fingerprint;
use crate::tasks::bench::python::Python;
use crate::workspace::Workspace;

/// One source video, in the folder where its results will be.
pub struct DemoClip {
    /// For people.
    pub title: String,
    /// The source.
    pub source: PathBuf,
    /// Its true matte, where it is known.
    pub truth: Option<PathBuf>,
    /// Where everything of this clip is saved.
    pub folder: PathBuf,
}

/// A clip that a script generates: plate.mp4 and alpha.mkv.
struct Generated {
    name: &'static str,
    title: &'static str,
    script: &'static str,
}

const GENERATED: [Generated; 2] = [
    Generated { name: "green-screen", title: "A drawn bird before a green screen", script: "bird.py" },
    Generated { name: "person", title: "A person before a moving background", script: "astronaut.py" },
];

/// The demo's own clips, generated if they are not in the cache.
pub fn generate(workspace: &Workspace, save_dir: &Path) -> Result<Vec<DemoClip>> {
    let cache = Cache::open()?;
    let scripts =
        Fingerprint::default().with_path(workspace.root(), "tests/demo")?.with_path(workspace.root(), "tests/matting")?;
    let cached = cache.join(format!("demo-clips/{scripts}"));
    let _lock = cache.lock("demo-clips")?;
    GENERATED.iter().map(|clip| clip.place(&cache, &cached.join(clip.name), save_dir)).collect()
}

impl Generated {
    fn place(&self, cache: &Cache, cached: &Path, save_dir: &Path) -> Result<DemoClip> {
        if !cached.exists() {
            let partial = cached.with_extension("partial");
            let title = format!("{} clip, once per machine", self.name);
            let folders = [partial.clone(), cache.join("matting-cases")];
            Python::prepare()?.generate(&title, &format!("demo/{}", self.script), &folders)?;
            fs::rename(&partial, cached).with_context(|| format!("{} cannot be moved into place", partial.display()))?;
        }
        let folder = save_dir.join(self.name);
        let source = copy(&cached.join("plate.mp4"), &folder)?;
        Ok(DemoClip { title: self.title.to_owned(), source, truth: Some(cached.join("alpha.mkv")), folder })
    }
}

/// The caller's own video.
pub fn own(input: &Path, save_dir: &Path) -> Result<DemoClip> {
    let title = input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = save_dir.join("input");
    Ok(DemoClip { title, source: copy(input, &folder)?, truth: None, folder })
}

/// Copies the source beside the results, so that the page shows it wherever the folder is moved.
fn copy(source: &Path, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let extension = source.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let target = folder.join(format!("source.{extension}"));
    fs::copy(source, &target).with_context(|| format!("{} cannot be copied to {}", source.display(), target.display()))?;
    Ok(target)
}
