//! Unscreen's API against the whole stack: upload or URL, poll, download, unpack.

use crate::{WEB_SERVER, fixture};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tests::fixture::{Fixture, pixel, probe};
use tests::form::Form;
use tests::http::agent;
use tests::test_account::wait_for;
use tests::web_server::Page;

const CREDITS: u64 = 100;

/// A client of Unscreen's API.
struct Client(Fixture);

impl Client {
    fn new() -> Self {
        Self(fixture(CREDITS))
    }

    fn post(&self, form: &Form) -> Value {
        let answer = self.0.call("POST", "/v1.0/videos", &form.content_type(), &form.body());
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["data"].clone()
    }

    /// Polls `links.self` with the key, as the official demo does.
    fn wait(&self, video: &Value) -> Value {
        let url = video["links"]["self"].as_str().unwrap();
        let ended = wait_for("over", || {
            let video = self.0.call("GET", url, "", &[]).body["data"]["attributes"].clone();
            Ok(Some(video.clone()).filter(|_| video["status"] == "done" || video["status"] == "error"))
        });
        ended.unwrap()
    }

    /// Downloads a result without the key, as browsers do, and with it, as scripts do.
    fn fetch(&self, url: &Value, name: &str) -> PathBuf {
        let url = url.as_str().unwrap();
        let path = self.0.fetch(url, name);
        let keyed = agent().get(url).header("x-api-key", &self.0.account.key).call().unwrap();
        let keyed = keyed.into_body().into_with_config().limit(u64::MAX).read_to_vec().unwrap();
        assert_eq!(keyed, fs::read(&path).unwrap());
        path
    }
}

#[test]
fn an_uploaded_file_becomes_the_bundle_that_clients_unpack() {
    let client = Client::new();
    let clip = client.0.clip();
    // The demo sends the URL field too, with the text `undefined`.
    let form =
        Form::default().text("video_url", "undefined").file("video_file", "clip.mp4", "video/mp4", &fs::read(&clip).unwrap());
    let video = client.post(&form.text("format", "pro_bundle"));
    assert_eq!(video["attributes"]["file_name"], "clip.mp4");
    let done = client.wait(&video);
    assert_eq!((&done["status"], &done["progress"]), (&"done".into(), &100.into()), "{done}");
    let bundle = client.fetch(&done["result_url"], "bundle.zip");
    // The most common unpacker.
    let unpack = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(*z.namelist()); z.extractall(sys.argv[2])";
    let unpacked = Command::new("python3").args(["-c", unpack]).arg(&bundle).arg(client.0.file("")).output().unwrap();
    assert_eq!(String::from_utf8(unpacked.stdout).unwrap().trim(), "alpha.mp4 color.mp4");
    for name in ["alpha.mp4", "color.mp4"] {
        let shown = probe(&client.0.file(name), "v", "stream=codec_name,width,height,nb_read_frames");
        assert_eq!(shown, "h264,320,180,25", "{name}");
    }
    let matte = client.0.file("alpha.mp4");
    assert!(
        pixel(&matte, 2, 2).iter().all(|channel| *channel < 8) && pixel(&matte, 160, 90).iter().all(|channel| *channel > 247)
    );
    // Fields that bgless adds.
    for (url, name, codec) in [("webm_url", "result.webm", "vp9"), ("matte_url", "matte.mp4", "h264")] {
        assert_eq!(probe(&client.fetch(&done[url], name), "v", "stream=codec_name"), codec);
    }
    assert_eq!(client.0.account.balance().unwrap(), CREDITS - 2);
}

#[test]
fn a_video_by_url_becomes_an_mp4_and_a_gif_over_the_requested_colour() {
    let client = Client::new();
    let clip = client.0.clip();
    let url = WEB_SERVER.put("/clip.mp4", Page::File(clip));
    let form = |format: &str| Form::default().text("video_url", &url).text("format", format).text("background_color", "FF00aa");
    for (format, codec) in [("mp4", "h264"), ("gif", "gif")] {
        let done = client.wait(&client.post(&form(format)));
        assert_eq!((&done["status"], &done["format"]), (&"done".into(), &format.into()), "{done}");
        assert_eq!((&done["file_name"], &done["webm_url"]), (&"clip.mp4".into(), &Value::Null));
        let path = client.fetch(&done["result_url"], &format!("result.{format}"));
        assert_eq!(probe(&path, "v", "stream=codec_name,width,height"), format!("{codec},320,180"));
        let corner = pixel(&path, 2, 2);
        let off = [255, 0, 170].iter().zip(&corner).map(|(truth, seen)| seen.abs_diff(*truth)).max().unwrap();
        assert!(off <= 8, "{format}: {corner:?}");
        assert!(pixel(&path, 160, 90) != corner);
    }
}

#[test]
fn a_file_uploaded_in_several_parts_is_stored_whole() {
    let client = Client::new();
    // Noise does not compress: 23 MB, three parts. A wrong byte would not decode.
    let source =
        "nullsrc=s=640x360:r=25,format=rgba,noise=alls=100:allf=t+u,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*gt(X,300)'";
    let bytes = fs::read(client.0.make("noise.mov", &["-t", "1", "-f", "lavfi", "-i", source, "-c:v", "qtrle"])).unwrap();
    assert!(bytes.len() > 16 * 1024 * 1024 + 1, "{}", bytes.len());
    let form = Form::default().file("video_file", "noise.mov", "video/quicktime", &bytes).text("format", "mp4");
    let done = client.wait(&client.post(&form.text("background_color", "0000ff")));
    assert_eq!(done["status"], "done", "{done}");
    let corner = pixel(&client.fetch(&done["result_url"], "noise.mp4"), 10, 10);
    assert!(corner[2] > 240 && corner[0] < 16, "{corner:?}");
}
