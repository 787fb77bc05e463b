//! A picture and a sound → a verified video: the picture fitted to a canvas, a slow zoom, and a
//! waveform that follows the sound.
//!
//! read the picture → decode and encode the sound → (paint → encode, at the same time) → verify →
//! poster

mod background;
mod layout;
mod levels;
mod motion;
mod painter;
pub mod picture;
mod rendition;
mod sound;
mod waveform;

use std::path::{Path, PathBuf};

use shared::code::JobErrorCode;
use shared::media::{MediaFacts, PixelSize, PreviewKind};
use shared::portrait::PortraitShape;
use shared::qa::MatteFigures;
use shared::report::AttemptStage;
use tokio::sync::mpsc;

use crate::blocking::blocking;
use crate::engine::Programs;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::guards;
use crate::ffmpeg::probe::SourceContainer;
use crate::ffmpeg::process::{Tool, args};
use crate::frame::feed::Frame;
use crate::frame::samples::{Lattice, Samples};
use crate::length::{Length, duration_ms};
use crate::output::encode::encode;
use crate::output::master::Master;
use crate::output::preview::{self, PreviewFile};
use crate::output::second_opinion::MatteSamples;
use crate::output::space;
use crate::output::verify::{Reference, Verified, verify};
use crate::plan::{self, Picture};
use crate::progress::ProgressSink;
use levels::SAMPLES_PER_FRAME;
use painter::Painter;
use rendition::{FRAME_RATE, OUTPUT};

/// Painted frames that wait for the encoder.
const FRAMES_IN_FLIGHT_MAX: usize = 3;
/// Largest poster.
/// Units: bytes.
const POSTER_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Largest mean difference between the levels of the given and the delivered sound.
const LEVEL_ERROR_MAX: f32 = 0.15;

/// The programs, and the folder that one task has to itself.
#[derive(Debug, Clone, Copy)]
pub struct PortraitEngine<'a> {
    ffmpeg: Tool<'a>,
    ffprobe: Tool<'a>,
    progress: &'a ProgressSink,
}

/// The decoded input.
#[derive(Debug)]
pub struct Prepared {
    /// How long and how large the video will be.
    pub facts: MediaFacts,
    painter: Painter,
    levels: Vec<f32>,
    /// Of each channel.
    sound_samples: u64,
}

/// The result.
#[derive(Debug)]
pub struct Rendered {
    /// The video.
    pub video: Verified,
    /// A still of its middle.
    pub poster: PreviewFile,
}

impl<'a> PortraitEngine<'a> {
    /// An engine that works in `dir`.
    pub fn new(programs: &'a Programs, dir: &'a Path, progress: &'a ProgressSink) -> Self {
        let tool = |program| Tool { program, dir };
        Self { ffmpeg: tool(&programs.ffmpeg), ffprobe: tool(&programs.ffprobe), progress }
    }

    /// Reads both files. The default shape is the one nearest to the picture's.
    /// Errors: `picture_unusable`, `sound_unusable`.
    pub async fn prepare(&self, picture: &Path, sound: &Path, shape: Option<PortraitShape>) -> TaskResult<Prepared> {
        self.progress.set(AttemptStage::Probing, 0, 1);
        let still = picture::read(self.ffmpeg, picture).await?;
        let sound = sound::read(self.ffmpeg, sound).await?;
        let canvas = shape.unwrap_or(layout::nearest(still.size)).canvas();
        let facts = MediaFacts {
            container: sound.container.to_owned(),
            video_codec: still.codec.to_owned(),
            pixel_format: "rgba".to_owned(),
            size: canvas,
            frame_rate: FRAME_RATE,
            duration_ms: sound.duration_ms(),
            has_alpha: still.has_alpha,
            has_audio: true,
        };
        let (levels, sound_samples) = (sound.levels, sound.samples);
        let painter = blocking({
            let levels = levels.clone();
            move || Painter::new(&still, canvas, levels)
        });
        let painter = painter.await??;
        self.progress.set(AttemptStage::Probing, 1, 1);
        Ok(Prepared { facts, painter, levels, sound_samples })
    }

    /// Renders the video and verifies it.
    pub async fn render(&self, prepared: Prepared) -> TaskResult<Rendered> {
        let Prepared { facts, painter, levels, sound_samples } = prepared;
        let frames = u64::from(painter.frames());
        let rendition = rendition::rendition(painter.canvas(), frames);
        space::check_portrait(self.ffmpeg.dir, painter.canvas(), frames)?;
        let (queue, painted) = mpsc::channel(FRAMES_IN_FLIGHT_MAX);
        let sink = self.progress.clone();
        let painting = async { blocking(move || paint(&painter, &queue, &sink)).await? };
        let (master, ()) = tokio::try_join!(painting, encode(self.ffmpeg, &rendition, painted))?;
        let picture = Picture { size: facts.size, frame_rate: FRAME_RATE, pixel_aspect: None, length: Length::of(&facts) };
        let reference = Reference { master: &master, picture, has_audio: true };
        let note = |seen| self.progress.set(AttemptStage::Verifying, seen, frames);
        let video = verify(self.ffmpeg, self.ffprobe, OUTPUT, &rendition, reference, note).await?;
        self.verify_sound(&video.path, &levels, sound_samples).await?;
        let poster = self.poster(&video.path, frames, facts.size).await?;
        Ok(Rendered { video, poster })
    }

    /// Compares the length and the levels of the delivered sound with those of the given one.
    async fn verify_sound(&self, video: &Path, levels: &[f32], samples: u64) -> TaskResult<()> {
        let sound = sound::measure(self.ffmpeg, video).await.map_err(|error| match error {
            TaskError::Permanent { detail, .. } => unverified(&detail),
            error => error,
        })?;
        if sound.samples.abs_diff(samples) > SAMPLES_PER_FRAME as u64 {
            return Err(unverified(&format!("{} samples of {samples}", sound.samples)));
        }
        let error = levels::distance(levels, &sound.levels);
        if error > LEVEL_ERROR_MAX {
            return Err(unverified(&format!("levels are {error} apart")));
        }
        Ok(())
    }

    async fn poster(&self, video: &Path, frames: u64, size: PixelSize) -> TaskResult<PreviewFile> {
        let mut arguments = [guards::preamble(), args(["-ss", &plan::seconds(duration_ms(frames / 2, FRAME_RATE))])].concat();
        arguments.extend(guards::read_guards(SourceContainer::Mov));
        arguments.extend(["-i".into(), guards::file_url(video)]);
        // JPEG is BT.601 in full range.
        arguments.extend(args(["-map", "0:v:0", "-vf", "scale=in_color_matrix=bt709:out_color_matrix=bt601:out_range=pc"]));
        arguments.extend(args(["-pix_fmt", "yuvj420p", "-frames:v", "1", "-q:v", "4"]));
        arguments.extend(args(["-f", "image2pipe", "-c:v", "mjpeg", "pipe:1"]));
        let still = self.ffmpeg.capture_up_to(&arguments, POSTER_SIZE_BYTES_MAX).await;
        let still = still.map_err(|error| error.into_task_error("the poster", JobErrorCode::EncodeFailed))?;
        let path = self.ffmpeg.dir.join(PreviewKind::Poster.file_name());
        let folder = path.parent().map_or_else(|| self.ffmpeg.dir.to_owned(), PathBuf::from);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, still));
        written.map_err(|error| TaskError::disk("writing the poster", &error))?;
        preview::measured(self.ffmpeg.dir, PreviewKind::Poster, Some(size))
    }
}

/// Paints every frame; ends early when the encoder failed or the task was dropped.
fn paint(painter: &Painter, queue: &mpsc::Sender<Frame>, sink: &ProgressSink) -> TaskResult<Master> {
    let frames = u64::from(painter.frames());
    let mut samples = Samples::new(Lattice::new(painter.canvas(), frames));
    let mut seen = 0;
    for index in 0..painter.frames() {
        let rgba = painter.paint(index)?;
        samples.add(u64::from(index), &rgba);
        if queue.blocking_send(rgba.into()).is_err() {
            break;
        }
        seen += 1;
        sink.set(AttemptStage::Encoding, seen, frames);
    }
    Ok(Master {
        frames: seen,
        samples: vec![samples],
        screens: None,
        matte: MatteFigures::default(),
        matte_samples: MatteSamples::default(),
        posters: Vec::new(),
    })
}

fn unverified(detail: &str) -> TaskError {
    let message = "The video's sound differed from the source when it was decoded again.".to_owned();
    TaskError::Permanent { code: JobErrorCode::VerifyFailed, message, detail: detail.to_owned() }
}
