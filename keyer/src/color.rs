//! Arithmetic on colours of three channels, and rounding to 8 bits.

/// Three channels of any linear colour space.
pub type Color = [f32; 3];

/// Red, green, blue on the scale 0 to 255, gamma-coded as in the file.
pub type Rgb = Color;

/// Linear interpolation: `from` at share 0, `to` at share 1.
#[must_use]
#[inline]
pub fn mix(from: Color, to: Color, share: f32) -> Color {
    [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share]
}

/// `left` − `right`, channel by channel.
#[must_use]
#[inline]
pub fn subtract(left: Color, right: Color) -> Color {
    [left[0] - right[0], left[1] - right[1], left[2] - right[2]]
}

/// `left` + `right`, channel by channel.
#[must_use]
#[inline]
pub fn plus(left: Color, right: Color) -> Color {
    [left[0] + right[0], left[1] + right[1], left[2] + right[2]]
}

/// Every channel multiplied by `scale`.
#[must_use]
#[inline]
pub fn scaled(color: Color, scale: f32) -> Color {
    [color[0] * scale, color[1] * scale, color[2] * scale]
}

/// Scalar product.
#[must_use]
#[inline]
pub fn dot(left: Color, right: Color) -> f32 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}

/// Rounds to the nearest integer in 0–255 without a branch: adding 2²³ leaves the integer in the
/// mantissa's low bits.
#[must_use]
#[inline]
pub fn code(value: f32) -> u32 {
    (value.clamp(0.0, 255.0) + 8_388_608.0).to_bits() & 255
}

/// As [`code`], as a byte.
#[must_use]
#[inline]
pub fn byte(value: f32) -> u8 {
    code(value) as u8
}

/// A value in whole steps, rounded without a branch as in [`code`]; `per_unit` steps are one unit.
pub(crate) fn steps(value: f32, per_unit: f32) -> i16 {
    (((value * per_unit).clamp(-32_767.0, 32_766.0) + 12_582_912.0).to_bits() as u16).cast_signed()
}

/// The smaller of two numbers. As [`f32::min`] where neither is NaN, and a single instruction.
#[must_use]
#[inline]
pub fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger of two numbers, as above.
#[must_use]
#[inline]
pub fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// 0 below `low`, 1 above `high`, a cubic between.
#[must_use]
#[inline]
pub fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) * (1.0 / (high - low))).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
