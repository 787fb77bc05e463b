//! ZIP of `alpha.mp4`, the matte as grey, and `color.mp4`, the straight colour with the sound: both
//! H.264, encoded from one pipe and archived when both are complete. For compositing; Unscreen's
//! clients unpack this layout.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};

use crate::ffmpeg::guards::{file_url, preamble, read_guards};
use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::ffmpeg::process::{ProcessError, args};
use crate::frame::feed::Pixels;
use crate::output::ffmpeg_arguments::{
    MP4, UPSAMPLE_CHROMA, aac, bt709_filter, bt709_tags, file_limits, h264, mapped_sound, raw_inputs, raw_output,
};
use crate::output::format::{
    AlphaChannel, DecodeError, EncodeParams, Encoder, Encoding, Format, Layout, OWN_RATE, OWN_SIDE_PX, Presets, PsnrMin, Reader,
    SOCIAL_SIDE_PX, Verification, broken, settings,
};
use crate::output::zip::Archive;

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets {
            web_app: settings(4_096, 60, 16),
            editing: settings(OWN_SIDE_PX, OWN_RATE, 10),
            social: settings(SOCIAL_SIDE_PX, 30, 18),
        },
        pixels: Pixels::Stacked,
        needs_even_sides: true,
        // Two files written twice, archived, and unpacked again to be verified.
        disk_cost: 80,
        encoder,
    },
    verification: Verification {
        reader: Reader::Archive { unpack, members, arguments: stacked },
        layout: LAYOUT,
        alpha: AlphaChannel::Absent,
        // (45, 45)
        psnr_min: PsnrMin { alpha_db: Some(26.0), color_db: Some(22.0) },
    },
};

const LAYOUT: Layout = Layout::StackedYuv;

/// The files in the archive, in this order.
const MEMBERS: [&str; 2] = ["alpha.mp4", "color.mp4"];

fn encoder(params: &EncodeParams, input: &Input) -> Encoder {
    let [alpha_file, color_file] = MEMBERS;
    let bt709 = bt709_filter("yuv420p");
    let filter =
        format!("[0:v]split[above][below];[above]crop=iw:ih/2:0:0,{bt709}[color];[below]crop=iw:ih/2:0:ih/2,{bt709}[alpha]");
    let mut arguments = raw_inputs(params, Pixels::Stacked, Some(input));
    arguments.extend(args(["-filter_complex", &filter, "-map", "[alpha]"]));
    arguments.extend(file(params, &[], alpha_file));
    arguments.extend(args(["-map", "[color]"]));
    let mut sound = mapped_sound(params, input);
    sound.extend(aac(input));
    arguments.extend(file(params, &sound, color_file));
    Encoder::Packed { arguments, pack }
}

/// The options of one of the two files.
fn file(params: &EncodeParams, sound: &[OsString], name: &str) -> Vec<OsString> {
    let mut arguments = [sound.to_vec(), file_limits(), bt709_tags()].concat();
    arguments.extend(h264(params));
    arguments.extend(args(MP4));
    arguments.push(name.into());
    arguments
}

/// Moves the two files into the archive.
fn pack(dir: &Path, path: &Path) -> io::Result<()> {
    let mut archive = Archive::new(BufWriter::new(File::create(path)?), name);
    for member in MEMBERS {
        let file = dir.join(member);
        archive.add_file(&mut File::open(&file)?)?;
        std::fs::remove_file(file)?;
    }
    archive.end().map(drop)
}

fn name(index: usize) -> String {
    MEMBERS.get(index).copied().unwrap_or_default().to_owned()
}

/// The paths of the unpacked files.
fn members(archive: &Path) -> [PathBuf; 2] {
    MEMBERS.map(|member| archive.with_file_name(format!("unpacked-{member}")))
}

/// Unpacks the archive beside itself: exactly its two files, each checked against its checksum.
fn unpack(path: &Path) -> Result<(), DecodeError> {
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

/// Reads both videos as one picture, the colour above the matte; as many frames as the shorter one
/// has.
fn stacked([alpha, color]: [PathBuf; 2]) -> Vec<OsString> {
    let mut arguments = preamble();
    for file in [color, alpha] {
        arguments.extend(read_guards(SourceContainer::Mov));
        arguments.extend([OsString::from("-i"), file_url(&file)]);
    }
    let each = format!("{UPSAMPLE_CHROMA},format={}", LAYOUT.pixel_format());
    let filter = format!("[0:v]{each}[above];[1:v]{each}[below];[above][below]vstack=shortest=1[both]");
    arguments.extend(args(["-filter_complex", &filter, "-map", "[both]"]));
    arguments.extend(raw_output(LAYOUT));
    arguments
}
