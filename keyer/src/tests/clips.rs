//! Synthetic clips with known alpha, and the check of a keyed clip against it.

use crate::{Analyzer, DetectedScreen, KeyOptions, Keyer, PlanarFormat, Shot, YuvMatrix};

pub const WIDTH: usize = 160;
pub const HEIGHT: usize = 120;
pub const FRAMES: usize = 16;
pub const SUBJECT: [f32; 3] = [200.0, 60.0, 50.0];
pub const GREEN: [f32; 3] = [0.0, 177.0, 64.0];
pub const BLUE: [f32; 3] = [0.0, 71.0, 187.0];

pub type Color = [f32; 3];

pub fn format(across: usize, down: usize, depth_bits: u32) -> PlanarFormat {
    sized(WIDTH, HEIGHT, across, down, depth_bits)
}

pub fn sized(width: usize, height: usize, across: usize, down: usize, depth_bits: u32) -> PlanarFormat {
    PlanarFormat { width, height, across, down, depth_bits, matrix: YuvMatrix::Bt709, is_full_range: false }
}

/// A picture as the planes of a format, chroma midway between the pixels.
pub fn planar(format: &PlanarFormat, color: impl Fn(usize, usize) -> Color) -> Vec<u8> {
    let unit = (1_u32 << (format.depth_bits - 8)) as f32;
    let push = |bytes: &mut Vec<u8>, code: f32| {
        let code = (code * unit + 0.5) as u16;
        if format.depth_bits > 8 { bytes.extend(code.to_le_bytes()) } else { bytes.push(code as u8) }
    };
    let (kr, kb) = format.matrix.red_blue();
    let luma = |[red, green, blue]: Color| kr * red + (1.0 - kr - kb) * green + kb * blue;
    let clamped =
        |x: usize, y: usize| color(x.min(format.width - 1), y.min(format.height - 1)).map(|value| value.clamp(0.0, 255.0));
    let mut bytes = Vec::new();
    for y in 0..format.height {
        for x in 0..format.width {
            push(&mut bytes, 16.0 + luma(clamped(x, y)) * 219.0 / 255.0);
        }
    }
    for (channel, share) in [(2, kb), (0, kr)] {
        for row in 0..format.rows() {
            for column in 0..format.columns() {
                let mut sum = 0.0;
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let color = clamped(column * format.across + dx % format.across, row * format.down + dy % format.down);
                    sum += (color[channel] - luma(color)) * 0.5 / (1.0 - share) * 0.25;
                }
                push(&mut bytes, 128.0 + sum * 224.0 / 255.0);
            }
        }
    }
    bytes
}

pub fn over(subject: Color, screen: Color, alpha: f32) -> Color {
    [0, 1, 2].map(|channel| subject[channel] * alpha + screen[channel] * (1.0 - alpha))
}

/// True alpha of a disc with a three-pixel edge that moves from side to side.
pub fn disc(frame: usize, x: usize, y: usize) -> f32 {
    let middle = 80.0 + 24.0 * (frame as f32 * 0.7).sin();
    ((30.0 - (x as f32 - middle).hypot(y as f32 - 60.0)) / 3.0).clamp(0.0, 1.0)
}

/// The disc's soft shadow, to its right.
pub fn penumbra(frame: usize, x: usize, y: usize) -> f32 {
    let middle = 94.0 + 24.0 * (frame as f32 * 0.7).sin();
    ((36.0 - (x as f32 - middle).hypot(y as f32 - 66.0)) / 14.0).clamp(0.0, 1.0)
}

/// Deterministic noise of ±2.
pub fn noise(frame: usize, x: usize, y: usize) -> f32 {
    let mixed = (x * 7919 + y * 104_729 + frame * 1_299_709) % 1_000;
    mixed as f32 / 250.0 - 2.0
}

pub fn brighter(color: Color, by: f32) -> Color {
    color.map(|channel| channel * by)
}

pub struct KeyedClip {
    pub frames: Vec<Vec<u8>>,
    pub screens: Vec<DetectedScreen>,
}

impl KeyedClip {
    pub fn pixel(&self, frame: usize, x: usize, y: usize) -> [u8; 4] {
        let at = (y * WIDTH + x) * 4;
        self.frames[frame][at..at + 4].try_into().unwrap()
    }

    pub fn alpha(&self, frame: usize, x: usize, y: usize) -> u8 {
        self.pixel(frame, x, y)[3]
    }

    /// Checks that pixels at least six pixels from the disc's edge are on the right side of it.
    pub fn check_disc(&self, what: &str) {
        for (frame, pixels) in self.frames.iter().enumerate() {
            for (index, pixel) in pixels.chunks_exact(4).enumerate() {
                let (x, y) = (index % WIDTH, index / WIDTH);
                let near = [(-6, 0), (6, 0), (0, -6), (0, 6), (0, 0)];
                let alphas = near.map(|(dx, dy)| disc(frame, x.saturating_add_signed(dx), y.saturating_add_signed(dy)));
                if alphas.iter().all(|alpha| *alpha <= 0.0) {
                    assert!(pixel[3] < 26, "{what}: frame {frame} at {x} {y} is screen, alpha {}", pixel[3]);
                }
                if alphas.iter().all(|alpha| *alpha >= 1.0) {
                    assert!(pixel[3] > 229, "{what}: frame {frame} at {x} {y} is subject, alpha {}", pixel[3]);
                }
            }
        }
    }
}

/// Keys a clip; none where it has no screen.
pub fn key_with(format: PlanarFormat, options: KeyOptions, frames: &[Vec<u8>]) -> Option<KeyedClip> {
    let mut analyzer = Analyzer::new(format, &options).unwrap();
    let mut keyer = Keyer::new(format, options);
    let mut screens = Vec::new();
    let mut add = |shot: Shot| {
        screens.extend(shot.screen());
        keyer.add_shot(shot);
    };
    frames.iter().filter_map(|frame| analyzer.add_frame(frame)).for_each(&mut add);
    analyzer.finish().into_iter().for_each(&mut add);
    let output = frames.iter().map(|frame| {
        assert!(!keyer.needs_shot());
        let mut picture = vec![7; format.width * format.height * 4];
        keyer.key(frame, &mut picture);
        picture
    });
    let frames = output.collect();
    (!screens.is_empty()).then_some(KeyedClip { frames, screens })
}

pub fn key(format: PlanarFormat, color: impl Fn(usize, usize, usize) -> Color) -> KeyedClip {
    let frames: Vec<Vec<u8>> =
        (0..FRAMES).map(|frame| planar(&format, |x, y| color(frame, x, y).map(|channel| channel + noise(frame, x, y)))).collect();
    key_with(format, KeyOptions::default(), &frames).unwrap()
}
