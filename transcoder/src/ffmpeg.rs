//! ffmpeg and ffprobe as child processes: confinement, limits, and everything that is read from
//! files through them.

pub mod confine;
pub mod guards;
pub mod probe;
pub mod process;
pub mod raw_frames;
pub mod scratch;
pub mod sound;
pub mod still;
