//! Texts and containers that name another file or address, under names that promise a video.

use super::{Hostile, avi, mp4_box, position, riff_chunk};

/// Everything that could make a reader open `neighbour` in the same folder, or talk to `port` on
/// loopback. `clip` is a whole MP4.
pub fn scripts(neighbour: &str, port: u16, clip: &[u8]) -> Vec<Hostile> {
    let address = format!("http://127.0.0.1:{port}/segment.ts");
    let hls = |target: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n");
    let texts = [
        ("hls_neighbour", hls(neighbour)),
        ("hls_http", hls(&address)),
        ("hls_concat", hls(&format!("concat:{neighbour}|{address}"))),
        ("hls_subfile", hls(&format!("subfile,,start,0,end,64,,:{neighbour}"))),
        ("hls_key", format!("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"{address}\"\n#EXTINF:1,\n{neighbour}\n")),
        ("hls_master", format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{neighbour}\n")),
        ("hls_itself", hls("hls_itself.mp4")),
        ("hls_data", hls("data:text/plain;base64,I0VYVE0zVQo=")),
        ("ffconcat", format!("ffconcat version 1.0\nfile {neighbour}\n")),
        ("ffconcat_http", format!("ffconcat version 1.0\nfile {address}\n")),
        ("concat", format!("concat:{neighbour}|{neighbour}")),
        ("data", "data:video/mp4;base64,AAAAHGZ0eXBpc29t".to_owned()),
        ("dash", format!("<?xml version=\"1.0\"?><MPD><BaseURL>{address}</BaseURL></MPD>")),
        ("smil", format!("<smil><body><video src=\"{address}\"/></body></smil>")),
        (
            "sdp",
            format!(
                "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
            ),
        ),
        ("rtsp_redirect", format!("RTSP/1.0 302 Found\r\nLocation: rtsp://127.0.0.1:{port}/\r\n\r\n")),
        ("quicktime_reference", format!("RTSPtextRTSP://127.0.0.1:{port}/movie.mov")),
        ("asx", format!("<asx version=\"3.0\"><entry><ref href=\"{address}\"/></entry></asx>")),
        (
            "svg",
            format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"{neighbour}\"/><image href=\"{address}\"/></svg>"),
        ),
        ("xbin", format!("XBIN\x1a\x01\0\x01\0\x10\0{}", hls(neighbour))),
        ("ffmetadata", format!(";FFMETADATA1\ntitle={address}\n")),
        ("script", format!("#!/bin/sh\ncat {neighbour}\n")),
    ];
    let mut all: Vec<Hostile> = texts.into_iter().map(|(name, text)| Hostile::new(format!("{name}.mp4"), text)).collect();
    all.push(Hostile::new("hls_in_matroska.mkv", [&[0x1a, 0x45, 0xdf, 0xa3][..], hls(neighbour).as_bytes()].concat()));
    all.push(Hostile::new("hls_in_ftyp.mp4", [&mp4_box(*b"ftyp", b"isom\0\0\0\0")[..], hls(neighbour).as_bytes()].concat()));
    all.push(Hostile::new("hls_in_subtitle.avi", avi_with_subtitle(hls(neighbour).as_bytes())));
    all.push(Hostile::new("hls_http_in_subtitle.avi", avi_with_subtitle(hls(&address).as_bytes())));
    all.push(Hostile::new("external_samples.mov", with_external_samples(clip, neighbour)));
    all
}

/// An AVI whose one stream is text in a GAB2 packet: ffmpeg guesses the text's format and opens it
/// (CVE-2017-9993).
fn avi_with_subtitle(text: &[u8]) -> Vec<u8> {
    let size = u32::try_from(text.len()).unwrap().to_le_bytes();
    let gab2 = [&b"GAB2\0\x02\0\x02\0\0\0a\0\x04\0"[..], &size, text].concat();
    avi(*b"txts\0\0\0\0", &[], &riff_chunk(*b"00tx", &gab2))
}

/// Renames the `url ` entry of the data references, which says "in this file", to an `alis` that
/// says where else. The index must stand behind the samples, so that nothing else moves.
fn with_external_samples(clip: &[u8], neighbour: &str) -> Vec<u8> {
    let name = neighbour.as_bytes();
    let length = u16::try_from(name.len()).unwrap().to_be_bytes();
    // Flags and a date; a volume of one letter; the file's name in 63 bytes; one level up and one
    // down, which is "beside".
    let volume = [&[0; 14][..], &[1, b'v'], &[0; 38]].concat();
    let file = [&length[1..], name, &vec![0; 63 - name.len()], &[0; 16], &[0, 1, 0, 1], &[0; 16]].concat();
    // A record of the kind that is a path, and the end of records.
    let path = [&[0, 2][..], &length, name, &[0xff, 0xff, 0, 0]].concat();
    let record = [volume, file, path].concat();
    let entry = mp4_box(*b"alis", &record);
    let at = position(clip, b"url ") - 4;
    let grown = u32::try_from(entry.len() - 12).unwrap();
    let mut bytes = [&clip[..at], &entry, &clip[at + 12..]].concat();
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"] {
        let at = position(&bytes, kind) - 4;
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        bytes[at..at + 4].copy_from_slice(&(length + grown).to_be_bytes());
    }
    bytes
}
