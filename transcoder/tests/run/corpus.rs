//! Makes hostile files: `scripts` that point elsewhere, `bombs` that are small until they are
//! opened, `lies` in headers, `damage` to good files. Each is bytes and a name; what must become of
//! them is the business of the tests.

mod bombs;
mod damage;
mod lies;
mod scripts;

pub use bombs::bombs;
pub use damage::damaged;
pub use lies::lies;
pub use scripts::scripts;

/// A hostile file.
pub struct Hostile {
    /// What it is, with the extension it goes by.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Hostile {
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

/// A box of ISO/IEC 14496-12.
pub fn mp4_box(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap();
    [&length.to_be_bytes()[..], &kind, body].concat()
}

/// A chunk of RIFF.
pub fn riff_chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len() % 2];
    [&kind[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &padding].concat()
}

/// An AVI of one stream: its kind and handler, its format, and its packets as chunks. It says that
/// it is 64 by 64.
pub fn avi(kind: [u8; 8], format: &[u8], packets: &[u8]) -> Vec<u8> {
    let le = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let list = |name: &[u8; 4], body: &[u8]| riff_chunk(*b"LIST", &[&name[..], body].concat());
    let main = riff_chunk(*b"avih", &le(&[40_000, 0, 0, 0x10, 1, 0, 1, 0, 64, 64, 0, 0, 0, 0]));
    let header = [&kind[..], &le(&[0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0])].concat();
    let stream = list(b"strl", &[riff_chunk(*b"strh", &header), riff_chunk(*b"strf", format)].concat());
    let body = [&b"AVI "[..], &list(b"hdrl", &[main, stream].concat()), &list(b"movi", packets)].concat();
    riff_chunk(*b"RIFF", &body)
}

/// Where a pattern stands in a file.
pub fn position(bytes: &[u8], pattern: &[u8]) -> usize {
    bytes.windows(pattern.len()).position(|window| window == pattern).unwrap()
}
