//! Takes the archive of colour and matte apart, by another reader than what wrote it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::decode::{DecodeError, broken};
use crate::ffmpeg::process::ProcessError;
use crate::output::encode::color_alpha_zip::MEMBERS;

/// Where the archive's files lie once it was unpacked, in its own order.
pub fn members(archive: &Path) -> [PathBuf; 2] {
    MEMBERS.map(|member| archive.with_file_name(format!("unpacked-{member}")))
}

/// Unpacks the archive beside itself: exactly the files that it should hold, each whole.
pub fn unpack(path: &Path) -> Result<(), DecodeError> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(File::open(path).map_err(ProcessError::Io)?, &mut buffer).map_err(broken)?;
    let mut entries = archive.entries(&mut buffer);
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        found.push((entry.file_path().try_normalize().map_err(broken)?.as_ref().to_owned(), entry.wayfinder()));
    }
    if !found.iter().map(|(name, _)| name.as_str()).eq(MEMBERS) {
        return Err(broken("the archive holds other files than it should"));
    }
    for ((_, wayfinder), target) in found.into_iter().zip(members(path)) {
        let entry = archive.get_entry(wayfinder).map_err(broken)?;
        let mut file = File::create(target).map_err(ProcessError::Io)?;
        io::copy(&mut entry.verifying_reader(entry.reader()), &mut file).map_err(broken)?;
    }
    Ok(())
}

/// Removes what was unpacked; it lies in the task's own folder, so that what is left there goes with it.
pub fn remove(path: &Path) {
    for member in members(path) {
        drop(std::fs::remove_file(member));
    }
}
