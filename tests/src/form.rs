//! `multipart/form-data` bodies, as browsers and curl send them.

const BOUNDARY: &str = "----bgless-test-7MA4YWxkTrZu0gW";

/// A form.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<u8>);

impl Form {
    /// Adds a text field.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.begin(&format!("name=\"{name}\""), "");
        self.end(value.as_bytes())
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, file_name: &str, content_type: &str, bytes: &[u8]) -> Self {
        let content_type = format!("Content-Type: {content_type}\r\n");
        self.begin(&format!("name=\"{name}\"; filename=\"{file_name}\""), &content_type);
        self.end(bytes)
    }

    /// The value of the header `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The whole body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        [self.0.as_slice(), format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
    }

    fn begin(&mut self, disposition: &str, more: &str) {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n");
        self.0.extend_from_slice(head.as_bytes());
    }

    fn end(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
        self
    }
}
