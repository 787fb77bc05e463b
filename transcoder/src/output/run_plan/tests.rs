//! Plans as text: a changed argument is a changed line here.

use shared::media::{Output, Preset};

use super::*;
use crate::ffmpeg::guards::decoder_whitelist;
use crate::ffmpeg::probe::SourceContainer;
use crate::plan::planar_format;
use crate::plan::tests::probed;

#[test]
fn a_keyed_plan_reads_so() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16);
    let request = OutputRequest {
        outputs: Output::ALL.to_vec(),
        preset: Preset::WebApp,
        resolution: None,
        composition: Composition::default(),
        backdrop: None,
        previews: true,
    };
    let text = RunPlan::new(&probed(), planar_format(&probed()), &request).to_string();
    let expected = include_str!("keyed.txt").replace("THREADS", &threads.to_string());
    let expected = expected.replace("DECODERS", &decoder_whitelist());
    assert_eq!(text, expected);
}

#[test]
fn alpha_beside_the_picture_is_decoded_by_libvpx() {
    let mut probed = probed();
    probed.input.decoder = Some("libvpx-vp9");
    probed.input.container = SourceContainer::Matroska;
    let request = OutputRequest {
        outputs: vec![Output::WebmVp9Alpha],
        preset: Preset::WebApp,
        resolution: None,
        composition: Composition::default(),
        backdrop: None,
        previews: false,
    };
    let plan = RunPlan::new(&probed, RawFormat::Rgba, &request).to_string();
    assert!(plan.contains("-format_whitelist matroska -f matroska -c:v libvpx-vp9 -i file:/task/source"), "{plan}");
    assert!(plan.contains("format=rgba,fps=30000/1001 -fps_mode"), "{plan}");
}

#[test]
fn a_stacked_file_is_twice_as_high_and_the_files_of_an_archive_are_not() {
    let request = OutputRequest {
        outputs: vec![Output::StackedAlphaMp4, Output::ColorAlphaZip],
        preset: Preset::Editing,
        resolution: None,
        composition: Composition::default(),
        backdrop: None,
        previews: false,
    };
    let plan = RunPlan::new(&probed(), RawFormat::Rgba, &request);
    let [stacked, archive] = &plan.renditions[..] else { panic!("{:?}", plan.renditions) };
    assert_eq!(stacked.written_size().width, archive.written_size().width);
    assert_eq!(stacked.written_size().height, archive.written_size().height * 2);
}
