//! First bytes of every kind of file.

use std::io::Cursor;

use super::*;

fn sniffed(bytes: &[u8]) -> Sniffed {
    sniff(&mut Cursor::new(bytes)).unwrap()
}

#[test]
fn pictures_declare_their_size_at_their_beginning() {
    let declared = |bytes: &[u8]| declared_size(&mut Cursor::new(bytes)).unwrap();
    let gif = [b"GIF89a".as_slice(), &[0x02, 0x01, 0xff, 0xff], &[0; 20]].concat();
    assert_eq!(declared(&gif), Some(PixelSize { width: 258, height: 65_535 }));
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 0, 0x3e, 0x80, 0, 0, 0, 7], &[0; 9]].concat();
    assert_eq!(declared(&png), Some(PixelSize { width: 16_000, height: 7 }));
    assert_eq!(declared(&mp4_box(*b"ftyp", 40, 40)), None);
    assert_eq!(declared(b"GIF89a"), None);
    let webp = [b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0".as_slice(), &[0x12, 0, 0, 0, 0x3f, 1, 0, 0xef, 0, 0]].concat();
    assert_eq!(declared(&webp), Some(PixelSize { width: 320, height: 240 }));
}

fn mp4_box(kind: [u8; 4], claimed: u32, actual: usize) -> Vec<u8> {
    [&claimed.to_be_bytes()[..], &kind, &vec![0; actual - 8]].concat()
}

#[test]
fn scripts_and_texts_are_unknown_whatever_they_are_called() {
    for text in [
        "v=0\no=- 0 0 IN IP4 127.0.0.1",
        "<?xml version=\"1.0\"?><MPD/>",
        "hello, this is text",
        "",
        "G is for gamma, as transport streams begin with it",
    ] {
        assert_eq!(sniffed(text.as_bytes()), Sniffed::Unknown, "{text}");
    }
}

#[test]
fn mp4_needs_its_index_and_all_of_its_samples() {
    let (ftyp, moov, mdat) = (mp4_box(*b"ftyp", 16, 16), mp4_box(*b"moov", 24, 24), mp4_box(*b"mdat", 40, 40));
    let whole = [&ftyp[..], &moov, &mdat].concat();
    assert_eq!(sniffed(&whole), Sniffed::Whole(SourceContainer::Mov));
    assert_eq!(sniffed(&whole[..whole.len() - 1]), Sniffed::Truncated(SourceContainer::Mov));
    assert_eq!(sniffed(&[&ftyp[..], &mdat].concat()), Sniffed::Truncated(SourceContainer::Mov));
    let open_end = [&ftyp[..], &moov, &mp4_box(*b"mdat", 0, 40)].concat();
    assert_eq!(sniffed(&open_end), Sniffed::Whole(SourceContainer::Mov));
    let junk_after = [&whole[..], &mp4_box(*b"junk", 4_000, 12)].concat();
    assert_eq!(sniffed(&junk_after), Sniffed::Whole(SourceContainer::Mov));
}

#[test]
fn gif_and_png_end_with_what_ends_them() {
    let gif = [b"GIF89a".as_slice(), &[0; 20], &[0x3b]].concat();
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\x08acTL".as_slice(), &[7; 40], b"\0\0\0\0IEND\xae\x42\x60\x82"].concat();
    for (whole, container) in [(gif, SourceContainer::Gif), (png, SourceContainer::Apng)] {
        assert_eq!(sniffed(&whole), Sniffed::Whole(container));
        assert_eq!(sniffed(&[&whole[..], &[0; 30]].concat()), Sniffed::Whole(container));
        assert_eq!(sniffed(&whole[..whole.len() - 1]), Sniffed::Truncated(container));
    }
}

#[test]
fn matroska_is_as_long_as_its_segment_says() {
    let header = [0x1a, 0x45, 0xdf, 0xa3, 0x82, 0, 0, 0x18, 0x53, 0x80, 0x67];
    let whole = [&header[..], &[0x83, 1, 2, 3]].concat();
    assert_eq!(sniffed(&whole), Sniffed::Whole(SourceContainer::Matroska));
    assert_eq!(sniffed(&whole[..whole.len() - 1]), Sniffed::Truncated(SourceContainer::Matroska));
    let live = [&header[..], &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]].concat();
    assert_eq!(sniffed(&live), Sniffed::Whole(SourceContainer::Matroska));
}

#[test]
fn containers_are_known_by_their_first_bytes_and_other_files_by_their_names() {
    let packets = |size: usize, offset: usize| {
        let packet = |_| [&vec![1; offset][..], &[0x47], &vec![2; size - offset - 1]].concat();
        (0..5).flat_map(packet).collect::<Vec<u8>>()
    };
    let asf = [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0, 0xaa, 0, 0x62, 0xce, 0x6c, 1, 2];
    let mxf = [0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x02, 4, 0];
    for (head, expected) in [
        (&packets(188, 0)[..], SourceContainer::MpegTs),
        (&packets(192, 4), SourceContainer::MpegTs),
        (&packets(204, 0), SourceContainer::MpegTs),
        (b"FLV\x01\x05\0\0\0\x09", SourceContainer::Flv),
        (b"OggS\0\x02\0\0", SourceContainer::Ogg),
        (&[0, 0, 1, 0xba, 0x44], SourceContainer::MpegPs),
        (&[0x1f, 0x07, 0, 0xbf, 1], SourceContainer::Dv),
        (&[0x1f, 0x07, 0, 0x3f, 1], SourceContainer::Dv),
        (&asf, SourceContainer::Asf),
        (&mxf, SourceContainer::Mxf),
        (b"RIFF\x04\0\0\0WEBP", SourceContainer::Webp),
    ] {
        assert_eq!(sniffed(head), Sniffed::Whole(expected), "{head:?}");
    }
    assert_eq!(sniffed(b"RIFF\x40\0\0\0WEBPVP8X"), Sniffed::Truncated(SourceContainer::Webp));
    for (head, is_video) in [
        (&b".RMF\0\0\0\x12"[..], true),
        (b"DKIF\0\0", true),
        (&[0, 0, 0, 1, 0x67, 0x64], true),
        (&[0, 0, 1, 0xb3, 0x14], true),
        (b"RIFF\0\0\0\0WAVEfmt ", false),
        (b"\xff\xd8\xff\xe0", false),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x08IDAT\0acTL", false),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts", false),
        (b"ffconcat version 1.0\nfile a.mp4", false),
    ] {
        let Sniffed::Foreign(foreign) = sniffed(head) else { panic!("{head:?}") };
        assert_eq!(matches!(foreign, Foreign::Video(_)), is_video, "{head:?}");
    }
}
