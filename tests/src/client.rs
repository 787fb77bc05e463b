//! Clients of the bgless API: one with an account's key, one with the operator's token.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::http::{Answer, BearerClient};

/// An error response of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// The message.
    pub message: String,
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

impl From<Answer> for ApiError {
    fn from(answer: Answer) -> Self {
        let text = |name: &str| answer.body["error"][name].as_str().map(str::to_owned);
        Self {
            status: answer.status,
            code: text("code").unwrap_or_else(|| "unknown".to_owned()),
            message: text("message").unwrap_or_else(|| answer.body.to_string()),
        }
    }
}

/// A presigned upload.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// Presigned: accepts one PUT of a file of exactly the declared type and size.
    pub upload_url: String,
    /// The URL to use as the source of a job.
    pub file_url: String,
    /// The method, `PUT`.
    pub method: String,
    /// Headers that the PUT must have.
    pub headers: std::collections::BTreeMap<String, String>,
}

/// A job, as the API returns it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: String,
    /// `queued`, `transcoding`, `success`, `failed`, `canceled`.
    pub status: String,
    /// 0 to 100.
    pub progress: f64,
    /// The stage of the running attempt.
    pub stage: Option<String>,
    /// The outputs, in the order requested.
    #[serde(default)]
    pub output_assets: Vec<OutputAsset>,
    /// The reason of a failure.
    pub error: Option<JobError>,
    /// Every other field.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

impl Job {
    /// Whether the state is final.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "success" | "failed" | "canceled")
    }
}

/// One output of a job.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputAsset {
    /// Its name in requests.
    pub format: String,
    /// The signed URL.
    pub url: String,
    /// Its size.
    pub size_bytes: u64,
}

/// The reason of a failure.
#[derive(Debug, Clone, Deserialize)]
pub struct JobError {
    /// The stable code.
    pub code: String,
    /// The message.
    pub message: String,
}

/// A client with an API key.
#[derive(Debug, Clone)]
pub struct Api(BearerClient);

impl Api {
    /// A client of the service at `base_url`.
    #[must_use]
    pub fn new(base_url: &str, api_key: &str) -> Self {
        Self(BearerClient::new(base_url, api_key))
    }

    /// Creates an upload.
    pub fn create_upload(&self, filename: &str, content_type: &str, size_bytes: u64) -> Result<Upload> {
        let body = json!({ "filename": filename, "contentType": content_type, "sizeBytes": size_bytes });
        read_data(self.post("/v1/uploads", &body)?)
    }

    /// Sends the file of an upload; needs no key.
    pub fn put_file(&self, upload: &Upload, path: &Path) -> Result<()> {
        let file = File::open(path)?;
        let size_bytes = file.metadata()?.len();
        let mut request = self.0.agent().put(&upload.upload_url).header("content-length", size_bytes.to_string());
        for (name, value) in &upload.headers {
            request = request.header(name, value);
        }
        let answer = Answer::read(request.send(&file).context("the upload was interrupted")?)?;
        ensure!(answer.status == 200, "the upload was refused with status {}: {}", answer.status, answer.body);
        Ok(())
    }

    /// Uploads a file; returns its URL, the source for a job.
    pub fn upload_file(&self, path: &Path, content_type: &str) -> Result<String> {
        let filename = path.file_name().context("not a file")?.to_string_lossy();
        let upload = self.create_upload(&filename, content_type, path.metadata()?.len())?;
        self.put_file(&upload, path)?;
        Ok(upload.file_url)
    }

    /// Creates a job with these outputs of a video.
    pub fn create_job(&self, model: &str, video_url: &str, outputs: &[String]) -> Result<Job> {
        let input = json!({ "mode": "video", "videoUrl": video_url });
        read_data(self.post("/v1/jobs", &json!({ "model": model, "input": input, "options": { "outputs": outputs } }))?)
    }

    /// Reads a job.
    pub fn get_job(&self, id: &str) -> Result<Job> {
        read_data(self.get(&format!("/v1/jobs/{id}"))?)
    }

    /// Deletes a job, which cancels a running one.
    pub fn delete_job(&self, id: &str) -> Result<()> {
        expect_success(self.0.delete(&format!("/v1/jobs/{id}"))?).map(drop)
    }

    /// Downloads an output to a file; returns its size.
    pub fn download(&self, job_id: &str, format: &str, path: &Path) -> Result<u64> {
        let response = self.0.open(&format!("/v1/jobs/{job_id}/download?format={format}"))?;
        if response.status() != 302 {
            return Err(ApiError::from(Answer::read(response)?).into());
        }
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let location = location.context("a redirect without a location")?;
        let url = if location.starts_with('/') { format!("{}{location}", self.0.base_url()) } else { location.to_owned() };
        // The URL is signed; the key is not sent.
        let response = self.0.agent().get(url).call()?;
        if response.status() != 200 {
            return Err(ApiError::from(Answer::read(response)?).into());
        }
        let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(std::io::copy(&mut reader, &mut File::create(path)?)?)
    }

    /// Gets any path; returns the response, errors too.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.0.get(path)
    }

    /// Posts any body to any path; returns the response, errors too.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.0.post(path, body)
    }
}

/// A client with the operator's token.
#[derive(Debug, Clone)]
pub struct Admin(BearerClient);

impl Admin {
    /// A client of the service at `base_url`.
    #[must_use]
    pub fn new(base_url: &str, token: &str) -> Self {
        Self(BearerClient::new(base_url, token))
    }

    /// Creates an account with a balance; returns its id.
    pub fn create_account(&self, name: &str, credits: u64) -> Result<String> {
        let data = read_data(self.0.post("/admin/v1/accounts", &json!({ "name": name, "credits": credits }))?)?;
        text_of(&data, "id")
    }

    /// Creates a key of an account; returns its id and the key itself, which the API returns only
    /// once.
    pub fn create_key(&self, account_id: &str, label: &str) -> Result<(String, String)> {
        let data = read_data(self.0.post(&format!("/admin/v1/accounts/{account_id}/keys"), &json!({ "label": label }))?)?;
        Ok((text_of(&data, "id")?, text_of(&data, "key")?))
    }

    /// Adds credits to an account.
    pub fn grant(&self, account_id: &str, credits: u64) -> Result<()> {
        let path = format!("/admin/v1/accounts/{account_id}/grants");
        expect_success(self.0.post(&path, &json!({ "credits": credits }))?).map(drop)
    }

    /// Revokes a key.
    pub fn revoke_key(&self, key_id: &str) -> Result<()> {
        expect_success(self.0.delete(&format!("/admin/v1/keys/{key_id}"))?).map(drop)
    }

    /// Reads an account, with its balance and ledger.
    pub fn get_account(&self, account_id: &str) -> Result<Value> {
        read_data(self.0.get(&format!("/admin/v1/accounts/{account_id}"))?)
    }
}

fn expect_success(answer: Answer) -> Result<Answer> {
    if (200..300).contains(&answer.status) { Ok(answer) } else { Err(ApiError::from(answer).into()) }
}

fn read_data<T: DeserializeOwned>(answer: Answer) -> Result<T> {
    let mut answer = expect_success(answer)?;
    serde_json::from_value(answer.body["data"].take()).context("an unexpected response")
}

fn text_of(data: &Value, name: &str) -> Result<String> {
    data[name].as_str().map(str::to_owned).with_context(|| format!("an answer without `{name}`"))
}
