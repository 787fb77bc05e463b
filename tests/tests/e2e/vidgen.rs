//! VidGen's API against the whole stack: image and audio become a video, with a webhook over TLS
//! and a share page.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::cache::Cache;
use tests::fixture::{Fixture, probe};
use tests::form::Form;
use tests::http::agent;
use tests::stack::StackOptions;
use tests::stack::shared::SharedStack;
use tests::tasks::setup;
use tests::test_account::wait_for;
use tests::tools::Tools;
use tests::workspace::Workspace;

static STACK: SharedStack = SharedStack::new();
static RECEIVER: LazyLock<Receiver> = LazyLock::new(Receiver::start);
const CREDITS: u64 = 100;

/// A webhook receiver that runs the verifier of VidGen's documentation, with a certificate of a
/// test authority.
struct Receiver {
    port: u16,
    dir: TempDir,
    /// The receiver ends when this is closed.
    secrets: Mutex<ChildStdin>,
    requests: Mutex<Lines<BufReader<ChildStdout>>>,
    _node: Child,
}

impl Receiver {
    fn start() -> Self {
        let (workspace, cache) = (Workspace::find().unwrap(), Cache::open().unwrap());
        setup::ensure(&workspace, &cache).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        authority.distinguished_name.push(DnType::CommonName, "bgless tests");
        let authority_key = KeyPair::generate().unwrap();
        fs::write(at("authority.pem"), authority.self_signed(&authority_key).unwrap().pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        fs::write(at("certificate.pem"), certificate.pem()).unwrap();
        fs::write(at("key.pem"), key.serialize_pem()).unwrap();
        let mut command = Command::new(Tools::new(&workspace, &cache).node());
        command.arg(workspace.join("tests/webhook_receivers/vidgen.mjs")).arg(at("certificate.pem")).arg(at("key.pem"));
        let mut node = command.env("WEBHOOK_SECRET", "").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut requests = BufReader::new(node.stdout.take().unwrap()).lines();
        let port = requests.next().unwrap().unwrap().parse().unwrap();
        Self { port, dir, secrets: Mutex::new(node.stdin.take().unwrap()), requests: Mutex::new(requests), _node: node }
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    fn url(&self) -> String {
        format!("https://{}/hooks/vidgen", self.host())
    }

    fn authority(&self) -> String {
        self.dir.path().join("authority.pem").to_str().unwrap().to_owned()
    }

    fn expect_secret(&self, secret: &str) {
        writeln!(self.secrets.lock().unwrap(), "{secret}").unwrap();
    }

    /// Its next response status, and the webhook body that it received.
    fn next(&self) -> (u64, Value) {
        let line = self.requests.lock().unwrap().next().unwrap().unwrap();
        let request: Value = serde_json::from_str(&line).unwrap();
        (request["answered"].as_u64().unwrap(), serde_json::from_str(request["body"].as_str().unwrap()).unwrap())
    }
}

/// A client of VidGen's API.
struct Client(Fixture);

impl Client {
    fn new() -> Self {
        let options = StackOptions {
            transcoders: 1,
            allow_hosts: vec![RECEIVER.host()],
            edge_vars: vec![("WEBHOOK_RETRY_S".into(), "1,1,1,1,1,1".into())],
            wrangler_env: vec![("NODE_EXTRA_CA_CERTS".into(), RECEIVER.authority())],
            ..StackOptions::default()
        };
        Self(Fixture::join(&STACK, options, CREDITS))
    }

    fn picture(&self) -> Vec<u8> {
        let args = ["-t", "0.04", "-f", "lavfi", "-i", "testsrc2=s=400x300", "-frames:v", "1"];
        fs::read(self.0.make("portrait.jpg", &args)).unwrap()
    }

    fn sound(&self) -> Vec<u8> {
        let args = ["-t", "1.5", "-f", "lavfi", "-i", "sine=f=330", "-c:a", "libmp3lame"];
        fs::read(self.0.make("voiceover.mp3", &args)).unwrap()
    }

    fn post(&self, image: &[u8], audio: &[u8], webhook_url: &str) -> String {
        let form = Form::default().file("image", "portrait.jpg", "image/jpeg", image);
        let form = form.file("audio", "voiceover.mp3", "audio/mpeg", audio).text("webhookUrl", webhook_url);
        let answer = self.0.call("POST", "/api/jobs", &form.content_type(), &form.body());
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["jobId"].as_str().unwrap().to_owned()
    }

    /// Polls as the documentation describes.
    fn wait(&self, id: &str) -> Value {
        let path = format!("/api/status/{id}");
        let ended = wait_for("over", || {
            let status = self.0.call("GET", &path, "", &[]).body;
            Ok(Some(status.clone()).filter(|_| status["status"] != "PENDING" && status["status"] != "PROCESSING"))
        });
        ended.unwrap()
    }

    fn secret(&self) -> String {
        let shown = self.0.account.api.get("/v1/webhook-secret").unwrap().body;
        shown["data"]["secret"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_image_and_a_sound_become_a_video_with_a_share_page() {
    let client = Client::new();
    let id = client.post(&client.picture(), &client.sound(), "");
    let done = client.wait(&id);
    assert_eq!(
        (&done["status"], &done["progress"], &done["errorMessage"]),
        (&json!("COMPLETED"), &json!(100), &Value::Null),
        "{done}"
    );
    // Half a credit for each started second of 1.5 s.
    assert_eq!(client.0.account.balance().unwrap(), CREDITS - 1);
    let page = agent().get(done["outputShareLink"].as_str().unwrap()).call().unwrap().body_mut().read_to_string().unwrap();
    let source = page.split("<source src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().replace("&amp;", "&");
    let poster = page.split("poster=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().replace("&amp;", "&");
    let shown = client.0.fetch(&format!("{}{source}", client.0.base_url), "shown.mp4");
    let made = client.0.fetch(done["outputVideo"].as_str().unwrap(), "made.mp4");
    assert_eq!(fs::read(&shown).unwrap(), fs::read(&made).unwrap());
    assert_eq!((probe(&made, "v", "stream=codec_name"), probe(&made, "a", "stream=codec_name")), ("h264".into(), "aac".into()));
    let duration_s: f64 = probe(&made, "v", "format=duration").parse().unwrap();
    assert!((duration_s - 1.5).abs() < 0.1, "{duration_s}");
    let size = probe(&client.0.fetch(&format!("{}{poster}", client.0.base_url), "poster"), "v", "stream=width,height");
    assert_eq!(size, probe(&made, "v", "stream=width,height"));
}

/// One test, since there is one receiver with one secret at a time.
#[test]
fn a_webhook_over_tls_passes_the_verifier_of_the_documentation() {
    let client = Client::new();
    let id = client.post(&client.picture(), &client.sound(), &RECEIVER.url());
    // It does not know the secret yet, which was created with this job.
    assert_eq!(RECEIVER.next().0, 401);
    RECEIVER.expect_secret(&client.secret());
    let (status, webhook) = wait_for("accepted", || Ok(Some(RECEIVER.next()).filter(|(status, _)| *status != 401))).unwrap();
    let without_urls =
        |status: &Value| ["jobId", "status", "progress", "createdAt", "updatedAt"].map(|name| status[name].clone());
    assert_eq!((status, without_urls(&webhook)), (200, without_urls(&client.wait(&id))));
    assert_eq!(webhook["status"], "COMPLETED");
    assert_eq!(probe(&client.0.fetch(webhook["outputVideo"].as_str().unwrap(), "webhook.mp4"), "v", "stream=codec_name"), "h264");
    // A file that begins like an image and is none.
    let id = client.post(b"\xff\xd8\xff\xe0 no picture at all", &client.sound(), &RECEIVER.url());
    let (status, webhook) = RECEIVER.next();
    assert_eq!((status, &webhook["jobId"], &webhook["status"]), (200, &json!(id), &json!("FAILED")));
    assert!(webhook["errorMessage"].as_str().unwrap().contains("picture"), "{webhook}");
    assert_eq!(client.0.account.balance().unwrap(), CREDITS - 1);
    let deliveries = client.0.account.api.get(&format!("/v1/jobs/{id}/deliveries")).unwrap().body;
    let delivery = &deliveries["data"][0];
    assert_eq!((&delivery["event"], &delivery["status"]), (&json!("job.failed"), &json!("delivered")), "{deliveries}");
}
