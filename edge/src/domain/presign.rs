//! Presigned PUT: AWS Signature Version 4, query-string form.
//!
//! Source: AWS "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)";
//! R2 takes region `auto`.

use shared::signature::{hmac_sha256, sha256_hex};
use shared::time::UnixMillis;
use url::Url;

use super::error::Error;

const REGION: &str = "auto";
const SERVICE: &str = "s3";

/// A bucket and its credentials.
#[derive(Clone)]
pub struct Bucket {
    /// `https://ACCOUNT.r2.cloudflarestorage.com`; may end in a path.
    pub s3_endpoint: Url,
    pub name: String,
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// The one request that a presigned URL permits: a PUT of this key, type and length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutGrant<'a> {
    pub object_key: &'a str,
    pub content_type: &'a str,
    pub size_bytes: u64,
    pub expires_in_s: u64,
}

/// Signs an upload so that the client can PUT straight to R2.
/// Units: `expires_in_s` is at most 604 800 (7 days).
pub fn presign_put(bucket: &Bucket, grant: &PutGrant<'_>, now: UnixMillis) -> Result<Url, Error> {
    let mut url = bucket.s3_endpoint.clone();
    url.path_segments_mut()
        .map_err(|()| Error::Internal("S3 endpoint cannot be a base".into()))?
        .pop_if_empty()
        .push(&bucket.name)
        .extend(grant.object_key.split('/'));
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(Error::Internal("S3 endpoint has no host".into())),
    };

    let amz_date = now.to_amz_date();
    let date = amz_date.get(..8).unwrap_or_default();
    let scope = format!("{date}/{REGION}/{SERVICE}/aws4_request");
    // In alphabetical order, as SigV4 requires.
    let query = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", bucket.access_key_id)),
        ("X-Amz-Date", amz_date.clone()),
        ("X-Amz-Expires", grant.expires_in_s.to_string()),
        ("X-Amz-SignedHeaders", "content-length;content-type;host".to_owned()),
    ]
    .map(|(name, value)| format!("{name}={}", percent_encode(&value)))
    .join("&");
    let headers = format!("content-length:{}\ncontent-type:{}\nhost:{host}\n", grant.size_bytes, grant.content_type);
    let request = format!("PUT\n{}\n{query}\n{headers}\ncontent-length;content-type;host\nUNSIGNED-PAYLOAD", url.path());
    let text = format!("AWS4-HMAC-SHA256\n{amz_date}\n{scope}\n{}", sha256_hex(request.as_bytes()));

    let signing_key = [date, REGION, SERVICE, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", bucket.secret_access_key).into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
    let signature = hex::encode(hmac_sha256(&signing_key, text.as_bytes()));
    url.set_query(Some(&format!("{query}&X-Amz-Signature={signature}")));
    Ok(url)
}

/// Percent-encodes all but RFC 3986's unreserved characters, upper-case, as SigV4 asks.
fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_grants_one_key_one_type_and_one_length() {
        let bucket = Bucket {
            s3_endpoint: Url::parse("http://localhost:8787/cdn-cgi/local/r2/s3").unwrap(),
            name: "bgless".into(),
            access_key_id: "id".into(),
            secret_access_key: "secret".into(),
        };
        let grant = PutGrant { object_key: "uploads/a/b.mp4", content_type: "video/mp4", size_bytes: 5, expires_in_s: 60 };
        let now = UnixMillis::new(1_778_241_600_000);
        let url = presign_put(&bucket, &grant, now).unwrap();
        assert_eq!(url.path(), "/cdn-cgi/local/r2/s3/bgless/uploads/a/b.mp4");
        assert!(
            url.query()
                .unwrap()
                .starts_with("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=id%2F20260508%2Fauto%2Fs3%2Faws4_request&")
        );
        for other in [
            PutGrant { object_key: "uploads/a/c.mp4", ..grant.clone() },
            PutGrant { content_type: "video/webm", ..grant.clone() },
            PutGrant { size_bytes: 6, ..grant.clone() },
            PutGrant { expires_in_s: 61, ..grant.clone() },
        ] {
            let signature = |url: &Url| url.query_pairs().find(|(name, _)| name == "X-Amz-Signature").unwrap().1.into_owned();
            assert_ne!(signature(&presign_put(&bucket, &other, now).unwrap()), signature(&url), "{other:?}");
        }
    }
}
