//! A ZIP of stored files, written as they come. Sizes stand before the bytes, so that every reader can stream it; ZIP64 where
//! offsets or counts need it. Source: PKWARE APPNOTE 6.3.10 §4.3, §4.5.3.

use std::io::{self, Seek, Write};

/// ZIP64 fields begin here.
const MARKER_16: u16 = u16::MAX;
const MARKER_32: u32 = u32::MAX;
/// Needed to extract: 2.0 for plain files, 4.5 for ZIP64.
const VERSION_PLAIN: u16 = 20;
const VERSION_ZIP64: u16 = 45;
/// 1 January 1980, the earliest there is: the same frames give the same file.
const DOS_DATE: u16 = (1 << 5) | 1;

/// What the directory at the end says about one file; 16 bytes, so that a directory of 216,000 needs 4 MB.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset_bytes: u64,
    size_bytes: u32,
    checksum: u32,
}

/// An archive whose files are named by their number.
#[derive(Debug)]
pub struct Archive<W> {
    file: W,
    offset_bytes: u64,
    entries: Vec<Entry>,
    name: fn(usize) -> String,
}

impl<W: Write + Seek> Archive<W> {
    /// An empty archive at the file's position.
    pub fn new(mut file: W, name: fn(usize) -> String) -> io::Result<Self> {
        let offset_bytes = file.stream_position()?;
        Ok(Self { file, offset_bytes, entries: Vec::new(), name })
    }

    /// Appends a file.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        let size_bytes = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let entry = Entry { offset_bytes: self.offset_bytes, size_bytes, checksum: crc32fast::hash(bytes) };
        let name = (self.name)(self.entries.len());
        let mut header = Record::new(*b"PK\x03\x04");
        header.u16(VERSION_PLAIN).file(entry, &name, 0).text(&name);
        self.write(&header.bytes)?;
        self.write(bytes)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes the directory.
    pub fn end(mut self) -> io::Result<W> {
        let start_bytes = self.offset_bytes;
        for (index, entry) in std::mem::take(&mut self.entries).into_iter().enumerate() {
            self.write(&directory_entry(entry, &(self.name)(index)))?;
            self.entries.push(entry);
        }
        let directory_size_bytes = self.offset_bytes - start_bytes;
        let count = self.entries.len() as u64;
        let short_count = u16::try_from(count).unwrap_or(MARKER_16);
        let short_start = u32::try_from(start_bytes).unwrap_or(MARKER_32);
        let short_size = u32::try_from(directory_size_bytes).unwrap_or(MARKER_32);
        if short_count == MARKER_16 || short_start == MARKER_32 || short_size == MARKER_32 {
            const REST_OF_RECORD_BYTES: u64 = 44;
            let record_at = self.offset_bytes;
            let mut record = Record::new(*b"PK\x06\x06");
            record.u64(REST_OF_RECORD_BYTES).u16(VERSION_ZIP64).u16(VERSION_ZIP64).u32(0).u32(0);
            record.u64(count).u64(count).u64(directory_size_bytes).u64(start_bytes);
            self.write(&record.bytes)?;
            let mut locator = Record::new(*b"PK\x06\x07");
            locator.u32(0).u64(record_at).u32(1);
            self.write(&locator.bytes)?;
        }
        let mut end = Record::new(*b"PK\x05\x06");
        end.u16(0).u16(0).u16(short_count).u16(short_count).u32(short_size).u32(short_start).u16(0);
        self.write(&end.bytes)?;
        self.file.flush()?;
        Ok(self.file)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.offset_bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

fn directory_entry(entry: Entry, name: &str) -> Vec<u8> {
    const ZIP64_FIELD: u16 = 1;
    let short_offset = u32::try_from(entry.offset_bytes).unwrap_or(MARKER_32);
    let is_long = short_offset == MARKER_32;
    let version = if is_long { VERSION_ZIP64 } else { VERSION_PLAIN };
    let extra_size_bytes = if is_long { 12 } else { 0 };
    let mut record = Record::new(*b"PK\x01\x02");
    record.u16(version).u16(version).file(entry, name, extra_size_bytes);
    // No comment, first disk, no attributes.
    record.u16(0).u16(0).u16(0).u32(0).u32(short_offset).text(name);
    if is_long {
        record.u16(ZIP64_FIELD).u16(8).u64(entry.offset_bytes);
    }
    record.bytes
}

/// Little-endian fields behind a signature.
struct Record {
    bytes: Vec<u8>,
}

impl Record {
    fn new(signature: [u8; 4]) -> Self {
        Self { bytes: signature.to_vec() }
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes.extend(text.as_bytes());
        self
    }

    /// What both headers of a file share: flags, method 0 (stored), time, checksum, sizes, lengths of name and extra fields.
    fn file(&mut self, entry: Entry, name: &str, extra_size_bytes: u16) -> &mut Self {
        let name_size_bytes = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.u16(0).u16(0).u16(0).u16(DOS_DATE).u32(entry.checksum).u32(entry.size_bytes).u32(entry.size_bytes);
        self.u16(name_size_bytes).u16(extra_size_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, SeekFrom};

    use super::*;

    /// Every file of an archive: its name and its bytes, checked against its checksum.
    fn read(file: std::fs::File) -> Vec<(String, Vec<u8>)> {
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let archive = rawzip::ZipArchive::from_file(file, &mut buffer).unwrap();
        let mut entries = archive.entries(&mut buffer);
        let mut found = Vec::new();
        while let Some(entry) = entries.next_entry().unwrap() {
            let name = entry.file_path().try_normalize().unwrap().as_ref().to_owned();
            found.push((name, entry.wayfinder()));
        }
        let read = |wayfinder| {
            let entry = archive.get_entry(wayfinder).unwrap();
            let mut bytes = Vec::new();
            entry.verifying_reader(entry.reader()).read_to_end(&mut bytes).unwrap();
            bytes
        };
        found.into_iter().map(|(name, wayfinder)| (name, read(wayfinder))).collect()
    }

    fn written(at: u64, files: usize) -> Vec<(String, Vec<u8>)> {
        let mut file = tempfile::tempfile().unwrap();
        file.seek(SeekFrom::Start(at)).unwrap();
        let mut archive = Archive::new(file, |index| format!("file_{index}")).unwrap();
        for index in 0..files {
            archive.add(index.to_string().as_bytes()).unwrap();
        }
        let mut file = archive.end().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        read(file)
    }

    #[test]
    fn files_come_back_whether_few_many_or_far_into_the_archive() {
        const FIVE_GIB: u64 = 5 << 30;
        for (at, files) in [(0, 0), (0, 3), (0, 70_000), (FIVE_GIB, 3)] {
            let found = written(at, files);
            assert_eq!(found.len(), files, "{at}");
            for (index, (name, bytes)) in found.iter().enumerate() {
                assert_eq!((name.as_str(), bytes.as_slice()), (&*format!("file_{index}"), index.to_string().as_bytes()));
            }
        }
    }
}
