//! Planar YUV frames: the luma plane, then Cb and Cr, rows without padding.

/// Matrix between YUV and RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YuvMatrix {
    /// ITU-R BT.601.
    Bt601,
    /// ITU-R BT.709.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

impl YuvMatrix {
    /// Weights of red and blue in luma.
    #[must_use]
    pub const fn red_blue(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// Size, subsampling, depth and colour of a planar frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanarFormat {
    /// Units: pixels.
    pub width: usize,
    /// Units: pixels.
    pub height: usize,
    /// Pixels per chroma sample, horizontally: 1 or 2.
    pub across: usize,
    /// Pixels per chroma sample, vertically: 1 or 2.
    pub down: usize,
    /// 8, or up to 16 in two bytes, little-endian.
    pub depth_bits: u32,
    /// Matrix of the code values.
    pub matrix: YuvMatrix,
    /// Whether codes are 0–255 rather than 16–235.
    pub is_full_range: bool,
}

impl PlanarFormat {
    /// Width of a chroma plane.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.width.div_ceil(self.across)
    }

    /// Height of a chroma plane.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.height.div_ceil(self.down)
    }

    /// Size of one sample.
    /// Units: bytes.
    #[must_use]
    pub const fn sample_size_bytes(&self) -> usize {
        if self.depth_bits > 8 { 2 } else { 1 }
    }

    /// Size of one frame.
    /// Units: bytes.
    #[must_use]
    pub const fn frame_size_bytes(&self) -> usize {
        (self.width * self.height + 2 * self.columns() * self.rows()) * self.sample_size_bytes()
    }

    /// The three planes of a frame; empty where the frame is too short.
    #[must_use]
    pub fn planes<'a>(&self, frame: &'a [u8]) -> [&'a [u8]; 3] {
        let luma = self.width * self.height * self.sample_size_bytes();
        let chroma = self.columns() * self.rows() * self.sample_size_bytes();
        [0..luma, luma..luma + chroma, luma + chroma..luma + 2 * chroma].map(|range| frame.get(range).unwrap_or_default())
    }

    /// Code value of a sample.
    #[must_use]
    pub fn code(&self, plane: &[u8], index: usize) -> f32 {
        match self.sample_size_bytes() {
            1 => f32::from(plane[index]),
            _ => f32::from(u16::from_le_bytes([plane[index * 2], plane[index * 2 + 1]])),
        }
    }

    /// Gain and offset from a luma code to 0–255.
    #[must_use]
    pub fn luma_scale(&self) -> (f32, f32) {
        let unit = self.unit();
        if self.is_full_range { (1.0 / unit, 0.0) } else { (255.0 / (219.0 * unit), -16.0 * 255.0 / 219.0) }
    }

    /// Gain and offset from a chroma code to −127.5–127.5.
    #[must_use]
    pub fn chroma_scale(&self) -> (f32, f32) {
        let unit = self.unit();
        let gain = if self.is_full_range { 1.0 } else { 255.0 / 224.0 };
        (gain / unit, -128.0 * gain)
    }

    /// Steps of this depth per step of 8 bits.
    fn unit(&self) -> f32 {
        (1_u32 << self.depth_bits.saturating_sub(8)) as f32
    }
}

/// Reads one row of a plane and applies gain and offset.
pub fn read_row(plane: &[u8], width: usize, y: usize, sample_size_bytes: usize, out: &mut [f32], scale: (f32, f32)) {
    let row_size_bytes = width * sample_size_bytes;
    read_samples(&plane[y * row_size_bytes..(y + 1) * row_size_bytes], sample_size_bytes, scale, out);
}

/// Reads samples and applies gain and offset.
pub fn read_samples(samples: &[u8], sample_size_bytes: usize, (gain, offset): (f32, f32), out: &mut [f32]) {
    if sample_size_bytes == 1 {
        for (out, code) in out.iter_mut().zip(samples) {
            *out = f32::from(*code) * gain + offset;
        }
    } else {
        for (out, code) in out.iter_mut().zip(samples.as_chunks::<2>().0) {
            *out = f32::from(u16::from_le_bytes(*code)) * gain + offset;
        }
    }
}
