//! Portraits: two files come in, a video and its poster go out, and each file's faults have a code
//! of their own.

use shared::portrait::{Portrait, PortraitShape};
use shared::strategy::Strategy;

use super::*;

/// What ffmpeg makes of some words.
fn file(words: &str, name: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi"]).args(words.split(' ')).arg(&path);
    assert!(command.status().unwrap().success());
    std::fs::read(&path).unwrap()
}

fn picture() -> Vec<u8> {
    file("-i testsrc2=s=96x96 -frames:v 1", "picture.png")
}

fn sound() -> Vec<u8> {
    file("-t 0.05 -i sine", "sound.wav")
}

fn granted_portrait(address: &str) -> ClaimAnswer {
    let ClaimAnswer::Granted(mut work) = granted(&format!("http://{address}/picture")) else { panic!("not granted") };
    let sound = Source::Url { url: format!("http://{address}/sound") };
    work.portrait = Some(Portrait { sound, shape: Some(PortraitShape::Tall) });
    ClaimAnswer::Granted(work)
}

#[tokio::test]
async fn a_picture_and_a_sound_become_a_video_and_its_poster() {
    let (address, calls, _server) = world_of(vec![("/picture", picture()), ("/sound", sound())]).await;
    let edge = FakeEdge::new(Some(granted_portrait(&address)), &[], &[]);
    let outcome = run_with_bucket(edge, &address, &address, HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Ack);
    assert!(outcome.scratch_is_empty);
    let heard = outcome.deps.edge.heard.lock().unwrap().clone();
    let probed = heard.iter().find_map(|event| match event {
        ReportEvent::Probed { facts, strategy, choice: None } => Some((facts.clone(), *strategy)),
        _ => None,
    });
    let (facts, strategy) = probed.unwrap();
    assert_eq!((strategy, facts.duration_ms, facts.size), (Strategy::Portrait, 50, PortraitShape::Tall.canvas()));
    let Some(ReportEvent::Complete { strategy, assets, previews, qa_report: None }) = heard.last() else { panic!("{heard:?}") };
    let [asset] = assets.as_slice() else { panic!("{assets:?}") };
    assert_eq!((*strategy, asset.output, asset.frame_count), (Strategy::Portrait, Output::OpaqueMp4, 2));
    assert!(asset.has_audio && asset.size == PortraitShape::Tall.canvas());
    let mut named = vec![format!("PUT /b/{}", asset.object_key)];
    named.extend(previews.iter().map(|preview| format!("PUT /b/{}", preview.object_key)));
    assert_eq!(named, ["PUT /b/a/opaque-mp4.mp4", "PUT /b/a/previews/poster.jpg"]);
    assert_eq!(*calls.lock().unwrap(), named);
}

#[tokio::test]
async fn each_file_fails_under_its_own_name() {
    let text = || b"this is a text".to_vec();
    for (files, expected) in [
        (vec![("/picture", text()), ("/sound", sound())], JobErrorCode::PictureUnusable),
        (vec![("/picture", picture()), ("/sound", text())], JobErrorCode::SoundUnusable),
        (vec![("/picture", picture())], JobErrorCode::SoundUnusable),
        (vec![("/sound", sound())], JobErrorCode::PictureUnusable),
    ] {
        let (address, calls, _server) = world_of(files).await;
        let edge = FakeEdge::new(Some(granted_portrait(&address)), &[], &[]);
        let outcome = run_with_bucket(edge, &address, &address, HOUR, CancellationToken::new()).await;
        let last = outcome.deps.edge.last();
        assert!(matches!(last, Some(ReportEvent::Fail { code, .. }) if code == expected), "{last:?}");
        assert!(outcome.scratch_is_empty && calls.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_portrait_that_nobody_wants_any_more_is_removed_again() {
    let (address, calls, _server) = world_of(vec![("/picture", picture()), ("/sound", sound())]).await;
    // The facts are accepted; the completion is not.
    let edge = FakeEdge::new(Some(granted_portrait(&address)), &[], &[Says::Accepted, Says::Stop(StopReason::Canceled)]);
    let outcome = run_with_bucket(edge, &address, &address, HOUR, CancellationToken::new()).await;
    assert_eq!(outcome.settlement, Settlement::Ack);
    let mut calls = calls.lock().unwrap().clone();
    calls.sort();
    let keys = ["a/opaque-mp4.mp4", "a/previews/poster.jpg"];
    let expected: Vec<_> = ["DELETE", "PUT"].iter().flat_map(|method| keys.map(|key| format!("{method} /b/{key}"))).collect();
    assert_eq!(calls, expected);
}
