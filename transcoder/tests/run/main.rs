//! The real binary's `run`, on clips that ffmpeg makes for each test. Results are judged by
//! decoding them.

#[cfg(test)]
mod assess;
#[cfg(test)]
mod clips;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod confine;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod corpus;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod hostile;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod hostile_corpus;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod inputs;
#[cfg(test)]
mod keying_cases;
#[cfg(test)]
mod matting;
#[cfg(test)]
mod models;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod portrait;
#[cfg(test)]
mod serve_settings;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod sound;
#[cfg(test)]
mod still_camera;
#[cfg(test)]
mod wide_color;
