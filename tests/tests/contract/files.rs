//! Files through the bgless API: uploaded, read, and used as sources. No transcoder runs.

use std::collections::HashMap;
use std::process::Command;

use crate::with_stack;
use serde_json::json;
use shared::signature;
use tests::pip;
use tests::raw_http::{assert_error, send};
use tests::stack::Stack;
use tests::test_account::TestAccount;
use tests::workspace::Workspace;
use ureq::Body;
use ureq::http::Response;

fn post_job(stack: &Stack, account: &TestAccount, video_url: &str) -> Response<Body> {
    let body = json!({ "input": { "mode": "video", "videoUrl": video_url } }).to_string();
    let headers = [("x-api-key", account.key.as_str()), ("content-type", "application/json")];
    send("POST", &format!("{}/v1/jobs", stack.base_url()), &headers, body.as_bytes())
}

#[test]
fn an_upload_is_answered_as_documented_and_accepts_one_file_of_that_type_and_length() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let request = json!({ "filename": "in put.mp4", "contentType": "video/mp4", "sizeBytes": 5 });
        let answer = account.api.post("/v1/uploads", &request).unwrap();
        let data = &answer.body["data"];
        assert_eq!(answer.status, 200, "{}", answer.body);
        let mut names: Vec<_> = data.as_object().unwrap().keys().collect();
        names.sort();
        let documented = [
            "directUpload",
            "fileUrl",
            "fileUrlExpiresAt",
            "headers",
            "method",
            "retainedUntil",
            "sizeBytes",
            "uploadUrl",
            "uploaded",
        ];
        assert_eq!(names, documented);
        assert_eq!(data["headers"], json!({ "Content-Type": "video/mp4" }));
        assert_eq!((&data["method"], &data["sizeBytes"]), (&json!("PUT"), &json!(5)));
        assert_eq!((&data["uploaded"], &data["directUpload"]), (&json!(false), &json!(true)));
        let (upload_url, file_url) = (data["uploadUrl"].as_str().unwrap(), data["fileUrl"].as_str().unwrap());

        assert_error(post_job(stack, &account, file_url), 409, "upload_missing");
        let put = |content_type: &str, length: &str, body: &[u8]| {
            let headers = [("content-type", content_type), ("content-length", length)];
            send("PUT", upload_url, &headers, body).status().as_u16()
        };
        assert_eq!(put("video/mp4", "6", b"123456"), 403);
        assert_eq!(put("video/webm", "5", b"12345"), 403);
        assert_eq!(send("GET", file_url, &[], &[]).status(), 404);
        assert_eq!(put("video/mp4", "5", b"12345"), 200);
        assert_eq!(send("GET", file_url, &[], &[]).into_body().read_to_vec().unwrap(), b"12345");
        assert_eq!(post_job(stack, &account, file_url).status(), 202);
        assert_eq!(account.balance().unwrap(), 90);
    });
}

#[test]
fn a_file_hosted_elsewhere_is_registered_by_its_url() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let answer = account.api.post("/v1/uploads", &json!({ "url": "https://example.com/input.mp4" })).unwrap();
        let expected = json!({ "fileUrl": "https://example.com/input.mp4", "uploaded": true, "directUpload": false });
        assert_eq!((answer.status, &answer.body["data"]), (200, &expected));
        let answer = account.api.post("/v1/uploads", &json!({ "url": "http://169.254.169.254/" })).unwrap();
        assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("forbidden_url")));
    });
}

#[test]
fn a_signed_file_url_needs_no_key_and_is_a_source_of_its_own_account_alone() {
    with_stack(|stack| {
        let (account, other) = (TestAccount::create(stack, 100).unwrap(), TestAccount::create(stack, 100).unwrap());
        let upload = account.api.create_upload("a.mp4", "video/mp4", 10).unwrap();
        let headers = [("content-type", "video/mp4"), ("content-length", "10")];
        assert_eq!(send("PUT", &upload.upload_url, &headers, b"0123456789").status(), 200);
        let good = upload.file_url;

        let object_key = good.split("/files/").nth(1).unwrap().split('?').next().unwrap();
        let expired = {
            let secret = stack.config().secrets.file_url_secret.as_bytes();
            let signature = signature::sign(secret, format!("{object_key}\n10\n1000").as_bytes());
            format!("{}/files/{object_key}?size=10&expires=1000&signature={signature}", stack.base_url())
        };
        let unsigned = good.split('?').next().unwrap().to_owned();
        let altered = good.replace("size=10", "size=11");
        for (url, code) in [(&expired, "expired_file_url"), (&unsigned, "invalid_file_url"), (&altered, "invalid_file_url")] {
            assert_error(send("GET", url, &[], &[]), 403, code);
            assert_error(post_job(stack, &account, url), 403, code);
        }
        assert_error(post_job(stack, &other, &good), 403, "invalid_file_url");
        assert_eq!((account.balance().unwrap(), other.balance().unwrap()), (100, 100));

        let ranged = |range: &str| {
            let response = send("GET", &good, &[("range", range)], &[]);
            let content_range = response.headers().get("content-range").map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), content_range.unwrap_or_default(), response.into_body().read_to_string().unwrap())
        };
        assert_eq!(ranged("bytes=2-4"), (206, "bytes 2-4/10".into(), "234".into()));
        assert_eq!(ranged("bytes=7-"), (206, "bytes 7-9/10".into(), "789".into()));
        assert_eq!(ranged("bytes=-2"), (206, "bytes 8-9/10".into(), "89".into()));
        assert_eq!(ranged("bytes=0-0,2-3"), (200, String::new(), "0123456789".into()));
        let (status, content_range, _) = ranged("bytes=10-");
        assert_eq!((status, content_range.as_str()), (416, "bytes */10"));
        let head = send("HEAD", &good, &[], &[]);
        assert_eq!((head.status().as_u16(), head.headers().get("content-length").unwrap().to_str().unwrap()), (200, "10"));
        assert_eq!(head.headers().get("content-type").unwrap(), "video/mp4");
        assert_eq!(head.headers().get("x-content-type-options").unwrap(), "nosniff");
    });
}

#[test]
fn a_file_that_is_uploaded_again_after_its_removal_is_read_by_nobody() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let upload = account.api.create_upload("a.mp4", "video/mp4", 5).unwrap();
        let put =
            || send("PUT", &upload.upload_url, &[("content-type", "video/mp4"), ("content-length", "5")], b"12345").status();
        assert_eq!(put(), 200);
        let job = account.submit(&json!({ "input": { "mode": "video", "videoUrl": upload.file_url } })).unwrap();
        assert_eq!(send("GET", &upload.file_url, &[], &[]).status(), 200);
        account.api.delete_job(&job.id).unwrap();
        assert_error(send("GET", &upload.file_url, &[], &[]), 404, "file_not_found");
        // Storage does not know of the deletion.
        assert_eq!(put(), 200);
        for method in ["GET", "HEAD"] {
            assert_eq!(send(method, &upload.file_url, &[], &[]).status(), 404);
        }
        assert_error(post_job(stack, &account, &upload.file_url), 409, "upload_missing");
        let draft = json!({ "video_url": upload.file_url, "auto_start": false });
        assert_eq!(account.api.post("/v1/jobs", &draft).unwrap().status, 409);
        let backdrop = json!({ "type": "image", "image_url": upload.file_url });
        let draft = json!({ "video_url": "https://example.com/a.mp4", "background": backdrop, "auto_start": false });
        assert_eq!(account.api.post("/v1/jobs", &draft).unwrap().status, 409);
        assert_eq!(account.balance().unwrap(), 100);
    });
}

/// Independent implementations: botocore signs the same URL, urllib3 uploads, boto3 reads back.
#[test]
fn an_upload_is_signed_as_botocore_signs_and_stored_byte_by_byte() {
    let packages = pip::ensure_required("boto3").unwrap();
    let script = Workspace::find().unwrap().join("tests/boto3/upload.py");
    with_stack(|stack| {
        let account = TestAccount::create(stack, 1).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        // A prime, so that no block size divides it.
        let content: Vec<u8> = (0..9_999_991_u32).map(|index| (index % 251) as u8).collect();
        std::fs::write(file.path(), &content).unwrap();
        let request = json!({ "filename": "my clip (1) + ü.mov", "contentType": "video/quicktime", "sizeBytes": content.len() });
        let upload = account.api.post("/v1/uploads", &request).unwrap().body["data"].to_string();
        let env: HashMap<_, _> = stack.config().bucket_env().into_iter().collect();
        let output = Command::new("python3")
            .arg(&script)
            .args([&env["R2_S3_ENDPOINT"], &env["R2_BUCKET_NAME"], &upload, "video/quicktime"])
            .arg(file.path())
            .env("PYTHONPATH", &packages)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_ACCESS_KEY_ID", &env["R2_ACCESS_KEY_ID"])
            .env("AWS_SECRET_ACCESS_KEY", &env["R2_SECRET_ACCESS_KEY"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
}
