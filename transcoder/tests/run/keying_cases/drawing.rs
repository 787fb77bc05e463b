//! A person drawn from ellipses and bars, with exact alpha and straight colours.

pub type Rgb = [f64; 3];

pub fn number(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places within a picture")]
fn place(value: f64, end: usize) -> usize {
    (value.max(0.0) as usize).min(end)
}

/// Straight colour and alpha of each pixel.
#[derive(Clone)]
pub struct Drawing {
    pub width: usize,
    pub height: usize,
    pub color: Vec<Rgb>,
    pub alpha: Vec<f64>,
}

impl Drawing {
    pub fn new((width, height): (usize, usize)) -> Self {
        Self { width, height, color: vec![[0.0; 3]; width * height], alpha: vec![0.0; width * height] }
    }

    /// Lays a shape over what is there. `distance` is signed, in pixels, and holds within `reach`
    /// of `middle`.
    fn put(&mut self, middle: (f64, f64), reach: (f64, f64), color: Rgb, distance: impl Fn(f64, f64) -> f64) {
        let rows = place(middle.1 - reach.1 - 2.0, self.height)..place(middle.1 + reach.1 + 3.0, self.height);
        for y in rows {
            for x in place(middle.0 - reach.0 - 2.0, self.width)..place(middle.0 + reach.0 + 3.0, self.width) {
                let share = (0.5 - distance(number(x) + 0.5, number(y) + 0.5)).clamp(0.0, 1.0);
                if share > 0.0 {
                    let index = y * self.width + x;
                    let alpha = share + self.alpha[index] * (1.0 - share);
                    let weight = share / alpha;
                    for (channel, value) in self.color[index].iter_mut().zip(color) {
                        *channel += (value - *channel) * weight;
                    }
                    self.alpha[index] = alpha;
                }
            }
        }
    }

    pub fn ellipse(&mut self, middle: (f64, f64), radii: (f64, f64), color: Rgb) {
        self.put(middle, radii, color, |x, y| {
            (((x - middle.0) / radii.0).hypot((y - middle.1) / radii.1) - 1.0) * radii.0.min(radii.1)
        });
    }

    /// A line with round ends.
    pub fn bar(&mut self, from: (f64, f64), to: (f64, f64), radius: f64, color: Rgb) {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let middle = (f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1));
        let reach = (across.abs() / 2.0 + radius, down.abs() / 2.0 + radius);
        self.put(middle, reach, color, |x, y| {
            let (x, y) = (x - from.0, y - from.1);
            let along = ((x * across + y * down) / (across * across + down * down).max(1e-9)).clamp(0.0, 1.0);
            (x - along * across).hypot(y - along * down) - radius
        });
    }

    /// The drawing before a background.
    pub fn over(&self, behind: impl Fn(usize, usize) -> Rgb) -> Vec<Rgb> {
        (0..self.color.len())
            .map(|index| {
                let (share, behind) = (self.alpha[index], behind(index % self.width, index / self.width));
                [0, 1, 2].map(|channel| self.color[index][channel] * share + behind[channel] * (1.0 - share))
            })
            .collect()
    }
}

/// A person down to the hips. Places are shares of the picture's width and height, `size` of its
/// height.
#[derive(Clone, Copy)]
pub struct Person {
    pub middle: f64,
    pub top: f64,
    pub size: f64,
    pub shirt: Rgb,
    pub skin: Rgb,
    pub hair: Rgb,
    /// How far the body sways, as a share of the width; the arm moves in any case.
    pub sway: f64,
}

pub const PERSON: Person = Person {
    middle: 0.47,
    top: 0.14,
    size: 0.66,
    shirt: [150.0, 52.0, 74.0],
    skin: [206.0, 154.0, 122.0],
    hair: [44.0, 34.0, 30.0],
    sway: 0.014,
};

impl Person {
    /// The person at a time in seconds.
    pub fn draw(&self, size: (usize, usize), time_s: f64) -> Drawing {
        let mut drawing = Drawing::new(size);
        let unit = self.size * number(size.1);
        let left = (self.middle + self.sway * (3.7 * time_s).sin()) * number(size.0);
        let top = self.top * number(size.1);
        let at = |x: f64, y: f64| (left + x * unit, top + y * unit);
        for lock in 0..12 {
            let angle = std::f64::consts::PI * (1.04 + 0.08 * f64::from(lock)) + 0.05 * (5.0 * time_s + f64::from(lock)).sin();
            let reach = 0.2 + 0.012 * f64::from(lock % 4);
            drawing.bar(at(0.0, 0.2), at(reach * angle.cos(), 0.2 + reach * angle.sin()), 0.5, self.hair);
        }
        drawing.ellipse(at(0.0, 0.19), (0.145 * unit, 0.185 * unit), self.hair);
        drawing.bar(at(0.0, 0.3), at(0.0, 0.5), 0.06 * unit, self.skin.map(|channel| channel * 0.84));
        drawing.bar(at(-0.2, 0.62), at(0.2, 0.62), 0.13 * unit, self.shirt);
        drawing.bar(at(0.0, 0.85), at(0.0, 1.7), 0.29 * unit, self.shirt);
        let swing = 0.8 + 0.5 * (2.0 * std::f64::consts::PI * time_s).sin();
        let (elbow, reach) = ((0.45, 0.75), 0.32);
        drawing.bar(at(0.27, 0.6), at(elbow.0, elbow.1), 0.075 * unit, self.shirt);
        let hand = at(elbow.0 + reach * swing.cos(), elbow.1 - reach * swing.sin());
        drawing.bar(at(elbow.0, elbow.1), hand, 0.05 * unit, self.skin);
        drawing.ellipse(at(0.0, 0.22), (0.115 * unit, 0.155 * unit), self.skin);
        for side in [-1.0, 1.0] {
            drawing.ellipse(at(side * 0.045, 0.2), (0.018 * unit, 0.012 * unit), [26.0, 22.0, 24.0]);
        }
        drawing.bar(at(-0.035, 0.3), at(0.035, 0.3), 0.009 * unit, [138.0, 58.0, 62.0]);
        drawing
    }
}

/// A screen that is darker towards its corners.
pub fn lit(color: Rgb, (width, height): (usize, usize)) -> impl Fn(usize, usize) -> Rgb {
    move |x, y| {
        let far = (1.2 * (number(x) / number(width) - 0.5)).hypot(number(y) / number(height) - 0.4);
        color.map(|channel| channel * (1.04 - 0.36 * far))
    }
}

/// All channels times a gain, as exposure changes them.
pub fn exposed(mut picture: Vec<Rgb>, gain: f64) -> Vec<Rgb> {
    for channel in picture.iter_mut().flatten() {
        *channel *= gain;
    }
    picture
}
