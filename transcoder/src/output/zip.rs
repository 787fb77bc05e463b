//! A ZIP of uncompressed files, written as they come. Sizes precede the bytes, so that every reader
//! can stream it; ZIP64 where offsets or counts need it.

use std::fs::File;
use std::io::{self, Seek, Write};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// An archive whose files are named by their number.
pub struct Archive<W: Write + Seek> {
    writer: ZipWriter<W>,
    options: SimpleFileOptions,
    files: usize,
    name: fn(usize) -> String,
}

impl<W: Write + Seek> Archive<W> {
    /// An empty archive at the file's position.
    pub fn new(file: W, name: fn(usize) -> String) -> Self {
        // Dated 1980, the earliest there is: the same frames give the same file.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        Self { writer: ZipWriter::new(file), options, files: 0, name }
    }

    /// Appends a file.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.start_file((self.name)(self.files), self.options)?;
        self.files += 1;
        self.writer.write_all(bytes)
    }

    /// Appends a file of any size.
    pub fn add_file(&mut self, file: &mut File) -> io::Result<()> {
        let options = self.options.large_file(file.metadata()?.len() >= u64::from(u32::MAX));
        self.writer.start_file((self.name)(self.files), options)?;
        self.files += 1;
        io::copy(file, &mut self.writer).map(drop)
    }

    /// Writes the directory.
    pub fn end(self) -> io::Result<W> {
        let mut file = self.writer.finish()?;
        file.flush()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, SeekFrom};

    use super::*;

    /// Every file of an archive: its name and its bytes, checked against its checksum.
    fn read(file: File) -> Vec<(String, Vec<u8>)> {
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
        let mut archive = Archive::new(file, |index| format!("file_{index}"));
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
