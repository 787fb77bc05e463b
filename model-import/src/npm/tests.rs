use std::io::Write;

use super::*;
use crate::packages::SELFIE;

/// An archive as npm makes them, beside others that a hostile one might hold.
fn archive(folder: &Path, files: &[(&str, &[u8])]) -> PathBuf {
    let path = folder.join("a.tgz");
    let encoder = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap().flush().unwrap();
    path
}

#[test]
fn single_files_are_read_and_no_path_of_an_archive_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = archive(folder.path(), &[("package/../../evil", b"no"), ("package/a/b.bin", b"bytes"), ("package/c", b"text")]);
    let archive = Archive { package: &SELFIE, path };
    assert_eq!(archive.read(["c", "a/b.bin"]).unwrap(), [b"text".to_vec(), b"bytes".to_vec()]);
    let error = archive.read(["c", "d"]).unwrap_err().to_string();
    assert!(error.ends_with("selfie_segmentation@0.1.1675465747 holds no file d"), "{error}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn another_archive_than_the_pinned_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = archive(folder.path(), &[("package/c", b"text")]);
    let error = Archive { package: &SELFIE, path }.checked().unwrap_err();
    assert!(matches!(&error, ImportError::Integrity { expected, .. } if expected == SELFIE.integrity), "{error}");
}

#[test]
fn damaged_archives_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = archive(folder.path(), &[("package/c", &vec![7; 100_000])]);
    let bytes = std::fs::read(&path).unwrap();
    for damaged in [&b""[..], b"no archive", &bytes[..bytes.len() / 2]] {
        std::fs::write(&path, damaged).unwrap();
        assert!(Archive { package: &SELFIE, path: path.clone() }.read(["c"]).is_err(), "{} bytes", damaged.len());
    }
}
