//! The colour arithmetic of keying: a plane of chroma where grey is the origin, whatever its brightness.

/// Red, green, blue on the scale 0 to 255, gamma-coded as in the file.
pub type Rgb = [f32; 3];

/// A point of the chroma plane: the hexagon's projection, so that all six primaries are equally far out.
pub type Chroma = [f32; 2];

/// Half the square root of three.
const SIN_60: f32 = 0.866_025_4;
/// How much stronger than its own excess a turn of hue counts against being screen.
const WEDGE: f32 = 1.0;

pub fn rgb(pixel: &[u8]) -> Rgb {
    match pixel {
        [red, green, blue, ..] => [f32::from(*red), f32::from(*green), f32::from(*blue)],
        _ => [0.0; 3],
    }
}

pub fn chroma([red, green, blue]: Rgb) -> Chroma {
    [red - (green + blue) * 0.5, SIN_60 * (green - blue)]
}

pub fn luma([red, green, blue]: Rgb) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

pub fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share]
}

pub fn subtract(left: Rgb, right: Rgb) -> Rgb {
    [left[0] - right[0], left[1] - right[1], left[2] - right[2]]
}

/// How bright a colour is against another, and how far it is from that one at this brightness: its tint.
pub fn against(color: Rgb, reference: Rgb) -> (f32, f32) {
    let square = |color: Rgb| dot(color, color);
    let brightness = dot(color, reference) / square(reference).max(1.0);
    let rest = subtract(color, reference.map(|channel| channel * brightness));
    (brightness, (square(rest) / square(color).max(1.0)).sqrt())
}

pub fn dot(left: Rgb, right: Rgb) -> f32 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}

/// 0 below `low`, 1 above `high`, smooth between.
pub fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A screen colour, seen as a direction in the chroma plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenAxis {
    unit: Chroma,
    /// How far out the screen is.
    pub length: f32,
}

impl ScreenAxis {
    pub fn of(screen: Rgb) -> Self {
        let [x, y] = chroma(screen);
        let length = x.hypot(y).max(1.0);
        Self { unit: [x / length, y / length], length }
    }

    /// Chroma along the axis less that across it: 1 on the screen, 0 for grey, at most 0 for another hue.
    pub fn screenness(&self, color: Rgb) -> f32 {
        let [x, y] = chroma(color);
        let across = (x * self.unit[1] - y * self.unit[0]).abs();
        (x * self.unit[0] + y * self.unit[1] - WEDGE * across) / self.length
    }

    /// Takes the screen's light out of a colour: what stands out along the axis goes, luma stays.
    pub fn despill(&self, color: Rgb) -> Rgb {
        let excess = self.screenness(color) * self.length;
        if excess <= 0.0 {
            return color;
        }
        // The colour with chroma along the axis and no luma, by inverting the two formulas above.
        let [x, y] = [self.unit[0] * excess, self.unit[1] * excess];
        let (red, difference) = (x * 2.0 / 3.0, y / SIN_60);
        let rest = -x / 3.0;
        let light = [red, rest + difference * 0.5, rest - difference * 0.5];
        let shift = luma(light);
        // Spill adds light, so taking it out darkens: half of its luma goes with it.
        let clean = subtract(color, [light[0] - shift * 0.5, light[1] - shift * 0.5, light[2] - shift * 0.5]);
        clean.map(|channel| channel.clamp(0.0, 255.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_has_no_chroma_and_the_screen_is_one() {
        for screen in [[0.0, 177.0, 64.0], [0.0, 71.0, 187.0], [230.0, 20.0, 200.0]] {
            let axis = ScreenAxis::of(screen);
            assert!((axis.screenness(screen) - 1.0).abs() < 1e-4);
            assert!(axis.screenness([128.0; 3]).abs() < 1e-4);
            assert!((axis.screenness(screen.map(|channel| channel * 0.5)) - 0.5).abs() < 1e-4);
        }
        assert!(ScreenAxis::of([0.0, 177.0, 64.0]).screenness([240.0, 200.0, 170.0]) < 0.0);
    }

    #[test]
    fn despill_takes_the_screens_hue_and_nothing_else() {
        let axis = ScreenAxis::of([0.0, 177.0, 64.0]);
        let skin = [240.0, 200.0, 170.0];
        assert!(axis.despill(skin).iter().zip(skin).all(|(after, before)| (after - before).abs() < f32::EPSILON));
        let spilled = [120.0, 170.0, 138.0];
        let clean = axis.despill(spilled);
        assert!(axis.screenness(clean) < 0.02, "{clean:?}");
        assert!(luma(clean) <= luma(spilled), "{clean:?}");
    }
}
