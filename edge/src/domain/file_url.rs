//! Signed URLs of our own files: `{base}/files/{key}?size=…&expires=…&signature=…`.
//!
//! The signature covers key, size and expiry, so verifying needs no database. Of an upload,
//! `app::open_file` also checks that it was not removed.

use shared::signature;
use shared::time::UnixMillis;
use url::Url;

use super::error::Error;

/// Path below the public base URL under which files are served.
pub const FILES_PATH: &str = "/files/";

/// The content of a valid file URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    pub object_key: String,
    pub size_bytes: u64,
}

/// Makes a URL that works until `expires_at_ms`.
pub fn sign(public_base_url: &str, secret: &[u8], file: &SignedFile, expires_at_ms: UnixMillis) -> String {
    let expires_s = expires_at_ms.as_secs();
    let signature = signature::sign(secret, text_to_sign(&file.object_key, file.size_bytes, expires_s).as_bytes());
    let SignedFile { object_key, size_bytes } = file;
    format!("{public_base_url}{FILES_PATH}{object_key}?size={size_bytes}&expires={expires_s}&signature={signature}")
}

/// Returns true for a URL with this service's host and port. Such a URL must be a valid file URL.
pub fn is_ours(public_base_url: &str, url: &Url) -> bool {
    fn place(url: &Url) -> Option<(String, Option<u16>)> {
        Some((url.host_str()?.trim_end_matches('.').to_owned(), url.port()))
    }
    Url::parse(public_base_url).is_ok_and(|base| place(&base) == place(url))
}

/// Reads a file URL.
/// Errors: `InvalidFileUrl`, `ExpiredFileUrl`. The signature is checked first, so only a genuine
/// URL is called expired.
pub fn verify(url: &Url, secret: &[u8], now: UnixMillis) -> Result<SignedFile, Error> {
    let object_key = url.path().strip_prefix(FILES_PATH).ok_or(Error::InvalidFileUrl)?;
    let parameter = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
    let number = |name: &str| parameter(name).and_then(|value| value.parse::<u64>().ok()).ok_or(Error::InvalidFileUrl);
    let (size_bytes, expires_s) = (number("size")?, number("expires")?);
    let signature = parameter("signature").ok_or(Error::InvalidFileUrl)?;
    if !signature::verify(secret, text_to_sign(object_key, size_bytes, expires_s).as_bytes(), &signature) {
        return Err(Error::InvalidFileUrl);
    }
    if now.as_secs() >= expires_s {
        return Err(Error::ExpiredFileUrl);
    }
    Ok(SignedFile { object_key: object_key.to_owned(), size_bytes })
}

fn text_to_sign(object_key: &str, size_bytes: u64, expires_s: u64) -> String {
    // Keys hold no line break (`upload::safe_file_name`), so the text can be read in one way only.
    format!("{object_key}\n{size_bytes}\n{expires_s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://api.example.com";

    fn signed() -> String {
        let file = SignedFile { object_key: "uploads/acc_1/upl_1/a.mp4".into(), size_bytes: 7 };
        sign(BASE, b"secret", &file, UnixMillis::new(10_000))
    }

    #[test]
    fn a_signed_url_works_until_it_expires() {
        let url = Url::parse(&signed()).unwrap();
        for (other, ours) in [
            (BASE, true),
            ("http://api.example.com/files/a", true),
            ("https://API.example.com./files/a", true),
            ("https://api.example.com:8443/", false),
            ("https://example.com/", false),
        ] {
            assert_eq!(is_ours(BASE, &Url::parse(other).unwrap()), ours, "{other}");
        }
        let file = verify(&url, b"secret", UnixMillis::new(9_999)).unwrap();
        assert_eq!(file, SignedFile { object_key: "uploads/acc_1/upl_1/a.mp4".into(), size_bytes: 7 });
        assert_eq!(verify(&url, b"secret", UnixMillis::new(10_000)), Err(Error::ExpiredFileUrl));
    }

    #[test]
    fn every_alteration_is_refused() {
        let good = signed();
        for bad in [
            good.replace("upl_1", "upl_2"),
            good.replace("size=7", "size=8"),
            good.replace("expires=10", "expires=11"),
            good.replace("signature=", "signature=0"),
            good.split('?').next().unwrap().to_owned(),
            good.replace("&signature=", "&sig="),
            good.replace("/files/", "/other/"),
            good.replace("/files/", "/files/../files/x/"),
        ] {
            let url = Url::parse(&bad).unwrap();
            assert_eq!(verify(&url, b"secret", UnixMillis::new(0)), Err(Error::InvalidFileUrl), "{bad}");
        }
        assert_eq!(verify(&Url::parse(&good).unwrap(), b"other", UnixMillis::new(0)), Err(Error::InvalidFileUrl));
    }
}
