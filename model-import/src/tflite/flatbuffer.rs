//! Reads tables of a flatbuffer. Every access is checked against the buffer, and nothing is
//! followed deeper than a caller asks. Source: <https://flatbuffers.dev/internals>.

use crate::error::{Result, malformed};

/// Longest list of numbers: shapes, inputs and outputs are shorter.
const NUMBERS_MAX: usize = 64;

/// A table; fields are named by their index in the schema.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    position: usize,
}

fn read<const N: usize>(bytes: &[u8], position: usize) -> Result<[u8; N]> {
    let found = bytes.get(position..).and_then(|rest| rest.first_chunk());
    found.copied().ok_or_else(|| malformed(format!("it ends before byte {position}")))
}

fn follow(bytes: &[u8], position: usize) -> Result<usize> {
    let offset = u32::from_le_bytes(read(bytes, position)?) as usize;
    position.checked_add(offset).ok_or_else(|| malformed("an offset is out of range"))
}

impl<'a> Table<'a> {
    /// The root table.
    pub fn root(bytes: &'a [u8], identifier: [u8; 4]) -> Result<Self> {
        if read::<4>(bytes, 4).ok() != Some(identifier) {
            return Err(malformed("it does not begin as a TFLite model does"));
        }
        Ok(Self { bytes, position: follow(bytes, 0)? })
    }

    fn field(&self, index: usize) -> Result<Option<usize>> {
        let back = i32::from_le_bytes(read(self.bytes, self.position)?) as isize;
        let vtable = self.position.checked_add_signed(-back).ok_or_else(|| malformed("a table has no layout"))?;
        let size = usize::from(u16::from_le_bytes(read(self.bytes, vtable)?));
        let slot = 4 + 2 * index;
        if slot + 2 > size {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(read(self.bytes, vtable + slot)?));
        Ok((offset != 0).then_some(self.position + offset))
    }

    /// A 32 bit field.
    pub fn i32(&self, index: usize, default: i32) -> Result<i32> {
        self.field(index)?.map_or(Ok(default), |position| Ok(i32::from_le_bytes(read(self.bytes, position)?)))
    }

    /// An unsigned 32 bit field that is an index; 0 by default.
    pub fn index(&self, index: usize) -> Result<usize> {
        self.field(index)?.map_or(Ok(0), |position| Ok(u32::from_le_bytes(read(self.bytes, position)?) as usize))
    }

    /// An 8 bit field; 0 by default.
    pub fn i8(&self, index: usize) -> Result<i8> {
        self.field(index)?.map_or(Ok(0), |position| Ok(i8::from_le_bytes(read(self.bytes, position)?)))
    }

    /// A table.
    pub fn table(&self, index: usize) -> Result<Option<Self>> {
        let Some(position) = self.field(index)? else { return Ok(None) };
        Ok(Some(Self { bytes: self.bytes, position: follow(self.bytes, position)? }))
    }

    /// A list of tables.
    pub fn tables(&self, index: usize) -> Result<Vec<Self>> {
        let Some((start, len)) = self.list(index, 4)? else { return Ok(Vec::new()) };
        let table = |number| Ok(Self { bytes: self.bytes, position: follow(self.bytes, start + 4 * number)? });
        (0..len).map(table).collect()
    }

    /// A short list of 32 bit numbers.
    pub fn i32s(&self, index: usize) -> Result<Vec<i32>> {
        let Some((start, len)) = self.list(index, 4)? else { return Ok(Vec::new()) };
        if len > NUMBERS_MAX {
            return Err(malformed(format!("a shape or an operator with {len} parts")));
        }
        (0..len).map(|number| Ok(i32::from_le_bytes(read(self.bytes, start + 4 * number)?))).collect()
    }

    /// Bytes, or a text.
    pub fn bytes(&self, index: usize) -> Result<&'a [u8]> {
        let Some((start, len)) = self.list(index, 1)? else { return Ok(&[]) };
        self.bytes.get(start..start + len).ok_or_else(|| malformed("a list ends after the file"))
    }

    /// Start and length of a list, all of which is inside the buffer.
    fn list(&self, index: usize, item_size: usize) -> Result<Option<(usize, usize)>> {
        let Some(position) = self.field(index)? else { return Ok(None) };
        let position = follow(self.bytes, position)?;
        let len = u32::from_le_bytes(read(self.bytes, position)?) as usize;
        let end = len.checked_mul(item_size).and_then(|size| size.checked_add(position + 4));
        if end.is_none_or(|end| end > self.bytes.len()) {
            return Err(malformed("a list ends after the file"));
        }
        Ok(Some((position + 4, len)))
    }
}
