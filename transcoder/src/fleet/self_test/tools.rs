//! ffmpeg, ffprobe, confinement and scratch: a tiny clip is encoded, probed and decoded, each by a
//! child as a task starts it.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::engine::Programs;
use crate::error::is_disk_full;
use crate::ffmpeg::process::{Pipes, ProcessError, Tool, args, with_stall_limit};
use crate::ffmpeg::scratch::Scratch;
use crate::fleet::member::{Problem, ProblemCode};
use crate::output::space;

/// The clip: two frames of a size that every encoder takes.
const SIDE_PX: usize = 64;
const FRAMES: usize = 2;
const CLIP: &str = "self-test.webm";
/// Time limit of all children together, generous for a machine under load.
/// Units: seconds.
const CHILDREN_S_MAX: u64 = 60;
/// A pass counts for so long when a job fails for a reason that broken tools could have too.
/// Units: seconds.
const PASS_COUNTS_S: u64 = 10;

/// The part of the self-test that needs no network.
#[derive(Debug)]
pub struct ToolTest {
    programs: Programs,
    scratch: Arc<Scratch>,
    passed_at: Mutex<Option<Instant>>,
}

impl ToolTest {
    /// A test of these programs in this scratch folder.
    pub fn new(programs: Programs, scratch: Arc<Scratch>) -> Self {
        Self { programs, scratch, passed_at: Mutex::default() }
    }

    /// True if the tools work now, or did a moment ago.
    pub async fn works(&self) -> bool {
        let passed_at = *self.passed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if passed_at.is_some_and(|at| at.elapsed() < Duration::from_secs(PASS_COUNTS_S)) {
            return true;
        }
        self.run().await.is_none()
    }

    /// What does not work, the first of it.
    pub async fn run(&self) -> Option<Problem> {
        let within = timeout(Duration::from_secs(CHILDREN_S_MAX), self.attempt()).await;
        let late = || Problem::new(ProblemCode::FfmpegFailed, format!("no result within {CHILDREN_S_MAX} s"));
        let problem = within.unwrap_or_else(|_| Err(late())).err();
        *self.passed_at.lock().unwrap_or_else(PoisonError::into_inner) = problem.is_none().then(Instant::now);
        problem
    }

    async fn attempt(&self) -> Result<(), Problem> {
        check_confinement().await.map_err(|error| Problem::new(ProblemCode::ConfinementFailed, error))?;
        let scratch_failed = |error: std::io::Error| {
            let code = if is_disk_full(&error) { ProblemCode::ScratchFull } else { ProblemCode::ScratchFailed };
            Problem::new(code, format!("the scratch folder: {error}"))
        };
        let dir = self.scratch.create_task_dir().map_err(scratch_failed)?;
        let free = space::free_size_bytes(dir.path()).map_err(scratch_failed)?;
        if free < space::RESERVE_SIZE_BYTES {
            let mib = |size_bytes: u64| size_bytes / (1024 * 1024);
            let needed = mib(space::RESERVE_SIZE_BYTES);
            let message = format!("the scratch folder has {} MiB free; the smallest job needs {needed} MiB", mib(free));
            return Err(Problem::new(ProblemCode::ScratchFull, message));
        }
        std::fs::write(dir.path().join("written"), [7; 4096]).map_err(scratch_failed)?;
        let failed = |code| move |error: ProcessError| Problem::new(code, error.to_string());
        encode(&self.programs, dir.path()).await.map_err(failed(ProblemCode::FfmpegFailed))?;
        let seen = probe(&self.programs, dir.path()).await.map_err(failed(ProblemCode::FfprobeFailed))?;
        if seen != format!("vp9,{SIDE_PX}") {
            return Err(Problem::new(ProblemCode::FfprobeFailed, format!("it reads {seen:?} in a VP9 file")));
        }
        let pixels = decode(&self.programs, dir.path()).await.map_err(failed(ProblemCode::FfmpegFailed))?;
        if pixels.len() != SIDE_PX * SIDE_PX * FRAMES {
            return Err(Problem::new(ProblemCode::FfmpegFailed, format!("it decodes {} bytes of a tiny clip", pixels.len())));
        }
        Ok(())
    }
}

async fn encode(programs: &Programs, dir: &Path) -> Result<(), ProcessError> {
    let size = format!("{SIDE_PX}x{SIDE_PX}");
    let input = args(["-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", &size]);
    let output = args(["-framerate", "5", "-i", "pipe:0", "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-y", CLIP]);
    let mut child = Tool { program: &programs.ffmpeg, dir }.spawn(&[input, output].concat(), Pipes::Stdin)?;
    let mut pipe = child.take_stdin()?;
    let written = with_stall_limit(pipe.write_all(&vec![128; SIDE_PX * SIDE_PX * 4 * FRAMES])).await;
    drop(pipe);
    // The exit status says more than a broken pipe.
    child.finish().await?;
    written
}

async fn probe(programs: &Programs, dir: &Path) -> Result<String, ProcessError> {
    let tool = Tool { program: &programs.ffprobe, dir };
    let answer = tool.capture(&args(["-v", "error", "-show_entries", "stream=codec_name,width", "-of", "csv=p=0", CLIP])).await?;
    Ok(String::from_utf8_lossy(&answer).trim().to_owned())
}

async fn decode(programs: &Programs, dir: &Path) -> Result<Vec<u8>, ProcessError> {
    let tool = Tool { program: &programs.ffmpeg, dir };
    tool.capture(&args(["-nostdin", "-v", "error", "-i", CLIP, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"])).await
}

/// Tries whether a child can be confined at all. Unit tests start children unconfined.
async fn check_confinement() -> Result<(), String> {
    if cfg!(test) {
        return Ok(());
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let own = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { own };
    let trial = Command::new(own).arg("confine").env_clear().stdin(Stdio::null()).kill_on_drop(true).output().await;
    let answer = trial.map_err(|error| error.to_string())?;
    if answer.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.stderr).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_of(ffmpeg: &str, ffprobe: &str) -> (tempfile::TempDir, ToolTest) {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Arc::new(Scratch::create(parent.path()).unwrap());
        let programs = Programs { ffmpeg: ffmpeg.to_owned(), ffprobe: ffprobe.to_owned() };
        (parent, ToolTest::new(programs, scratch))
    }

    #[tokio::test]
    async fn tools_that_work_pass_and_leave_nothing() {
        let (parent, test) = test_of("ffmpeg", "ffprobe");
        assert_eq!(test.run().await, None);
        assert!(test.works().await);
        let own = std::fs::read_dir(parent.path()).unwrap().next().unwrap().unwrap().path();
        assert_eq!(std::fs::read_dir(own).unwrap().count(), 1, "the lock file alone");
    }

    #[tokio::test]
    async fn each_tool_that_does_not_work_is_named() {
        for (ffmpeg, ffprobe, code) in [
            ("/nonexistent/ffmpeg", "ffprobe", ProblemCode::FfmpegFailed),
            ("false", "ffprobe", ProblemCode::FfmpegFailed),
            ("ffmpeg", "/nonexistent/ffprobe", ProblemCode::FfprobeFailed),
            ("ffmpeg", "true", ProblemCode::FfprobeFailed),
        ] {
            let (_parent, test) = test_of(ffmpeg, ffprobe);
            let problem = test.run().await.unwrap();
            assert_eq!(problem.code, code, "{ffmpeg} {ffprobe}: {}", problem.message);
            assert!(!test.works().await);
        }
    }

    #[tokio::test]
    async fn a_scratch_folder_that_is_gone_is_named() {
        let (parent, test) = test_of("ffmpeg", "ffprobe");
        std::fs::remove_dir_all(parent.path()).unwrap();
        assert_eq!(test.run().await.unwrap().code, ProblemCode::ScratchFailed);
    }
}
