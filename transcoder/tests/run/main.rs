//! The real binary's `run`, on clips that ffmpeg makes for each test. Results are judged by decoding them.

#[cfg(test)]
mod clips;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod sound;
