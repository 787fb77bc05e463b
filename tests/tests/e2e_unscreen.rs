//! Clients of Unscreen, re-enacted request by request against the whole stack: upload or URL, poll, download, unpack.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;
use tests::clip::Clip;
use tests::customer::{Customer, wait_for};
use tests::form::Form;
use tests::http::{Answer, agent};
use tests::raw::send;
use tests::stack::StackOptions;
use tests::stack::shared::{SharedStack, SharedStackUse};
use tests::web::{Page, Web};

static STACK: SharedStack = SharedStack::new();
static WEB: LazyLock<Web> = LazyLock::new(|| Web::start().unwrap());

/// A client that knows its key and where the service is.
struct Client {
    customer: Customer,
    base_url: String,
    dir: TempDir,
    _stack: SharedStackUse,
}

impl Client {
    fn new() -> Self {
        let options = StackOptions { transcoders: 1, allow_hosts: vec![WEB.host()], ..StackOptions::default() };
        let shared = STACK.join(options).unwrap();
        let (customer, base_url) = {
            let stack = shared.lock();
            (Customer::create(&stack, 100).unwrap(), stack.base_url().to_owned())
        };
        Self { customer, base_url, dir: tempfile::tempdir().unwrap(), _stack: shared }
    }

    fn post(&self, form: &Form) -> Value {
        let url = format!("{}/v1.0/videos", self.base_url);
        let headers = [("x-api-key", self.customer.key.as_str()), ("content-type", &form.content_type())];
        let answer = Answer::read(send("POST", &url, &headers, &form.body())).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["data"].clone()
    }

    /// Polls `links.self` with the key, as the official demo does.
    fn wait(&self, video: &Value) -> Value {
        let url = video["links"]["self"].as_str().unwrap();
        let ended = wait_for("over", || {
            let answer = Answer::read(send("GET", url, &[("x-api-key", &self.customer.key)], &[]))?;
            let status = answer.body["data"]["attributes"]["status"].clone();
            Ok(Some(answer.body["data"]["attributes"].clone()).filter(|_| status == "done" || status == "error"))
        });
        ended.unwrap()
    }

    /// Fetches a result, without the key as a browser does, and with it as scripts do.
    fn fetch(&self, url: &Value, name: &str) -> PathBuf {
        let url = url.as_str().unwrap();
        let path = self.dir.path().join(name);
        let bare = agent().get(url).call().unwrap().into_body().into_with_config().limit(u64::MAX).read_to_vec().unwrap();
        let keyed = agent().get(url).header("x-api-key", &self.customer.key).call().unwrap();
        assert_eq!(keyed.into_body().into_with_config().limit(u64::MAX).read_to_vec().unwrap(), bare);
        fs::write(&path, bare).unwrap();
        path
    }
}

fn probe(path: &Path, entries: &str) -> String {
    let args = ["-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", entries, "-of", "csv=p=0"];
    let output = Command::new("ffprobe").args(args).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Red, green and blue of one pixel of the first frame.
fn pixel(path: &Path, x: u32, y: u32) -> Vec<u8> {
    let filter = format!("crop=1:1:{x}:{y}:exact=1,format=rgb24");
    let args = ["-v", "error", "-i"];
    let more = ["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "-"];
    Command::new("ffmpeg").args(args).arg(path).args(more).output().unwrap().stdout
}

#[test]
fn a_chosen_file_becomes_the_bundle_that_clients_unpack() {
    let client = Client::new();
    let clip = client.dir.path().join("clip.mp4");
    Clip::SHORT.write(&clip).unwrap();
    // The demo sends the address too, as what JavaScript makes of nothing.
    let form =
        Form::default().text("video_url", "undefined").file("video_file", "clip.mp4", "video/mp4", &fs::read(&clip).unwrap());
    let video = client.post(&form.text("format", "pro_bundle"));
    assert_eq!(video["attributes"]["file_name"], "clip.mp4");
    let done = client.wait(&video);
    assert_eq!((&done["status"], &done["progress"]), (&"done".into(), &100.into()), "{done}");
    let bundle = client.fetch(&done["result_url"], "bundle.zip");
    // The unpacker that most people have.
    let unpack = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(*z.namelist()); z.extractall(sys.argv[2])";
    let unpacked = Command::new("python3").args(["-c", unpack]).arg(&bundle).arg(client.dir.path()).output().unwrap();
    assert_eq!(String::from_utf8(unpacked.stdout).unwrap().trim(), "alpha.mp4 color.mp4");
    for name in ["alpha.mp4", "color.mp4"] {
        let shown = probe(&client.dir.path().join(name), "stream=codec_name,width,height,nb_read_frames");
        assert_eq!(shown, "h264,320,180,25", "{name}");
    }
    let matte = client.dir.path().join("alpha.mp4");
    assert!(
        pixel(&matte, 2, 2).iter().all(|channel| *channel < 8) && pixel(&matte, 160, 90).iter().all(|channel| *channel > 247)
    );
    // What bgless promises stands beside it.
    for (url, name, codec) in [("webm_url", "result.webm", "vp9"), ("matte_url", "matte.mp4", "h264")] {
        assert_eq!(probe(&client.fetch(&done[url], name), "stream=codec_name"), codec);
    }
    assert_eq!(client.customer.balance().unwrap(), 100 - 2);
}

#[test]
fn a_video_by_its_address_becomes_an_mp4_and_a_gif_over_the_colour_asked_for() {
    let client = Client::new();
    let clip = client.dir.path().join("clip.mp4");
    Clip::SHORT.write(&clip).unwrap();
    let url = WEB.put("/clip.mp4", Page::File(clip));
    let form = |format: &str| Form::default().text("video_url", &url).text("format", format).text("background_color", "FF00aa");
    for (format, codec) in [("mp4", "h264"), ("gif", "gif")] {
        let done = client.wait(&client.post(&form(format)));
        assert_eq!((&done["status"], &done["format"]), (&"done".into(), &format.into()), "{done}");
        assert_eq!((&done["file_name"], &done["webm_url"]), (&"clip.mp4".into(), &Value::Null));
        let path = client.fetch(&done["result_url"], &format!("result.{format}"));
        assert_eq!(probe(&path, "stream=codec_name,width,height"), format!("{codec},320,180"));
        let corner = pixel(&path, 2, 2);
        let off = [255, 0, 170].iter().zip(&corner).map(|(truth, seen)| seen.abs_diff(*truth)).max().unwrap();
        assert!(off <= 8, "{format}: {corner:?}");
        assert!(pixel(&path, 160, 90) != corner);
    }
}

#[test]
fn a_file_of_many_parts_arrives_whole() {
    let client = Client::new();
    // Noise cannot be packed: 23 MB, three parts. A byte out of place would not decode.
    let path = client.dir.path().join("noise.mov");
    let source =
        "nullsrc=s=640x360:r=25,format=rgba,noise=alls=100:allf=t+u,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*gt(X,300)'";
    let args = ["-nostdin", "-v", "error", "-y", "-t", "1", "-f", "lavfi", "-i", source, "-c:v", "qtrle"];
    assert!(Command::new("ffmpeg").args(args).arg(&path).status().unwrap().success());
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 16 * 1024 * 1024 + 1, "{}", bytes.len());
    let form = Form::default().file("video_file", "noise.mov", "video/quicktime", &bytes).text("format", "mp4");
    let done = client.wait(&client.post(&form.text("background_color", "0000ff")));
    assert_eq!(done["status"], "done", "{done}");
    let corner = pixel(&client.fetch(&done["result_url"], "noise.mp4"), 10, 10);
    assert!(corner[2] > 240 && corner[0] < 16, "{corner:?}");
}
