//! Rules for uploads, and their object keys.

use shared::id::{AccountId, UploadId};
use shared::media::SOURCE_SIZE_BYTES_MAX;
use shared::source::Source;
use shared::time::UnixMillis;

use super::error::{Error, bounded};

/// Longest file name that is kept; the rest adds nothing to a key.
const FILE_NAME_CHARS_MAX: usize = 100;
/// Longest content type that is signed.
pub const CONTENT_TYPE_CHARS_MAX: usize = 100;

/// A file that a client announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    pub file_name: String,
    pub content_type: String,
    pub size_bytes: u64,
}

/// Checks an announced file. The name is made safe rather than refused: people's files have all
/// sorts of names.
/// Errors: `InvalidRequest`.
pub fn check(file_name: &str, content_type: &str, size_bytes: u64) -> Result<NewUpload, Error> {
    if !is_media_type(content_type) {
        return Err(Error::invalid("contentType", "Must be a video or image type such as `video/mp4`, without parameters."));
    }
    bounded("sizeBytes", size_bytes, 1..=SOURCE_SIZE_BYTES_MAX)?;
    Ok(NewUpload { file_name: safe_file_name(file_name), content_type: content_type.to_owned(), size_bytes })
}

/// The key of an uploaded object. The account stands in it, so that a file URL shows whose it is.
pub fn object_key(account_id: AccountId, upload_id: UploadId, upload: &NewUpload) -> String {
    format!("uploads/{account_id}/{upload_id}/{}", upload.file_name)
}

/// Whether the key of an object is that of an upload.
pub fn is_upload(object_key: &str) -> bool {
    object_key.starts_with("uploads/")
}

/// Returns true if the key of an object names this account.
pub fn is_owned_by(object_key: &str, account_id: AccountId) -> bool {
    let mut parts = object_key.split('/');
    matches!(parts.next(), Some("uploads" | "outputs")) && parts.next() == Some(account_id.to_string().as_str())
}

/// When an uploaded source was created, by the id in its key; none for a source that was not
/// uploaded.
pub fn created_at(source: &Source) -> Option<UnixMillis> {
    let Source::Object { object_key, .. } = source else { return None };
    let mut parts = object_key.split('/');
    let id: UploadId = parts.by_ref().nth(2)?.parse().ok()?;
    is_upload(object_key).then(|| id.created_at())
}

fn is_media_type(content_type: &str) -> bool {
    let subtype = content_type.strip_prefix("video/").or_else(|| content_type.strip_prefix("image/"));
    content_type.len() <= CONTENT_TYPE_CHARS_MAX
        && subtype.is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
        })
}

/// A file's name as it may stand in a key.
pub fn safe_file_name(file_name: &str) -> String {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String =
        base.chars().map(|char| if char.is_ascii_alphanumeric() || "._-".contains(char) { char } else { '_' }).collect();
    // The end is kept: it holds the extension.
    let tail = safe.get(safe.len().saturating_sub(FILE_NAME_CHARS_MAX)..).unwrap_or_default().trim_start_matches('.');
    if tail.is_empty() { "source".to_owned() } else { tail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_made_safe() {
        for (given, kept) in [
            ("input.mp4", "input.mp4"),
            ("../../etc/passwd", "passwd"),
            ("C:\\clips\\a b.mov", "a_b.mov"),
            ("..", "source"),
            ("", "source"),
            ("кот.mp4", "___.mp4"),
            ("a\r\nX: b", "a__X__b"),
        ] {
            assert_eq!(safe_file_name(given), kept, "{given}");
        }
        assert_eq!(safe_file_name(&format!("{}.mp4", "x".repeat(500))).len(), FILE_NAME_CHARS_MAX);
    }

    #[test]
    fn only_media_of_a_sane_size_is_taken() {
        assert!(check("a.mp4", "video/mp4", 1).is_ok());
        assert!(check("a.png", "image/png", SOURCE_SIZE_BYTES_MAX).is_ok());
        for (content_type, size_bytes, field) in [
            ("text/html", 1, "contentType"),
            ("video/", 1, "contentType"),
            ("video/mp4; codecs=x", 1, "contentType"),
            ("video/mp4\r\nx: y", 1, "contentType"),
            ("video/mp4", 0, "sizeBytes"),
            ("video/mp4", SOURCE_SIZE_BYTES_MAX + 1, "sizeBytes"),
        ] {
            let refusal = check("a.mp4", content_type, size_bytes);
            assert!(
                matches!(refusal, Err(Error::InvalidRequest { field: named, .. }) if named == field),
                "{content_type} {size_bytes}"
            );
        }
    }

    #[test]
    fn an_object_belongs_to_the_account_in_its_key_alone() {
        let account = |n| AccountId::from_parts(UnixMillis::new(1), n);
        let upload = check("a.mp4", "video/mp4", 1).unwrap();
        let key = object_key(account(1), UploadId::from_parts(UnixMillis::new(1), 1), &upload);
        let source = Source::Object { object_key: key.clone(), size_bytes: 1 };
        assert_eq!(created_at(&source), Some(UnixMillis::new(1)));
        assert_eq!(created_at(&Source::Url { url: "https://x.example/uploads".into() }), None);
        assert!(is_owned_by(&key, account(1)));
        assert!(!is_owned_by(&key, account(2)));
        assert!(!is_owned_by(&format!("other/{}", account(1)), account(1)));
        assert!(!is_owned_by("uploads", account(1)));
    }
}
