//! What is learned of one shot: the screen's hue and noise, the clean plate, the subject's colours.

use crate::bodies::Bodies;
use crate::classes::{Blocks, Clean, Look, Scratch, keep_sure, mark_loose, mark_near};
use crate::color::Space;
use crate::frame::YuvMatrix;
use crate::grid::Grid;
use crate::options::Outside;
use crate::outside::find_outside;
use crate::palette::Palette;
use crate::plane::{Plane, Rank, rank};
use crate::plate::{Evidence, SAMPLES_MAX, Still, clean_plate, median_of, take_marks};
use crate::rough::Rough;
use crate::sample::Sample;
use crate::tones::Tones;
use crate::view::{CALM, Metric, Metrics, ODD_UNIT, View};

/// Noise that is assumed before any is measured, and the least there is. Units: of 255.
const NOISE_FIRST: [f32; 3] = [2.5, 1.5, 1.5];
const NOISE_MIN: [f32; 3] = [0.7, 0.5, 0.5];
/// Residuals that the noise is taken from, at most; and the share at either end that is left out.
const RESIDUALS_MAX: usize = 20_000;
const TRIM_SHARE: f32 = 0.02;
/// What the trimmed covariance lacks, and codecs' patches of noise add.
const COVARIANCE_MARGIN: f32 = 1.5;
const VARIANCE_MIN: [f32; 3] = [0.4, 0.2, 0.2];

/// The oddness that noise alone has in the median of a few samples, and the largest in nine blocks; and how much more than that is believed.
const USUAL_ODD: f32 = 4.0;
const RESTLESS_MAX: f32 = 12.0;
const CALM_SAMPLES_MIN: usize = 3;

/// One shot's model.
#[derive(Debug, Clone)]
pub struct Shot {
    pub space: Space,
    pub look: Look,
    pub clean: Clean,
    /// How restless the screen is, block by block: 255 over the usual oddness in units of noise.
    pub calm: Plane<u8>,
    /// Fixed things beside the screen, and bars.
    pub outside: Plane<u8>,
    pub metrics: Metrics,
    /// One deviation of what the plate leaves of screen.
    pub noise: [f32; 3],
    pub palette: Palette,
    pub tones: Tones,
    /// The screen's typical colour.
    pub screen: [f32; 3],
    /// How much of the picture is screen for certain, in the typical sample.
    pub coverage: f32,
}

impl Shot {
    /// Learns from a shot's samples. None where no screen is found.
    pub fn learn(samples: &[Sample], matrix: YuvMatrix, chromaticity: [f32; 2], unit: f32, view: &mut View) -> Option<Self> {
        let length = chromaticity[0].hypot(chromaticity[1]);
        let hue = chromaticity.map(|channel| channel / length.max(1e-3));
        let mut look = Look { chromaticity: length, noise: NOISE_FIRST, unit };
        let (columns, rows) = (view.sure.columns, view.sure.rows);
        let count = columns * rows;
        let mut like = vec![0_u16; count];
        look.noise = first_noise(samples, hue, &look, view, &mut like);
        let mut sure = vec![0_u16; count];
        for (bit, sample) in samples.iter().enumerate() {
            view.load(sample, hue);
            mark_first_sure(view, &look);
            take_bit(&view.sure, bit, &mut sure);
        }
        let (clean, _) = clean_plate(&Evidence { samples, shades: &[], hue, sure: &sure, like: &like }, &look, columns, rows);
        let clean = Clean::new(clean);
        sure.fill(0);
        let mut shades = Vec::with_capacity(samples.len());
        for (bit, sample) in samples.iter().enumerate() {
            view.load(sample, hue);
            view.gain = 1.0;
            view.fit(&look, &clean);
            shades.push(view.shades(&clean));
            take_bit(&view.sure, bit, &mut sure);
        }
        let evidence = Evidence { samples, shades: &shades, hue, sure: &sure, like: &like };
        let (mut clean, _) = clean_plate(&evidence, &look, columns, rows);
        let still = Still::find(&evidence, &look, &clean);
        take_marks(&evidence, &still, &look, &mut clean);
        let outside = find_outside(&evidence, &still, &look, &clean);
        let clean = Clean::new(clean);
        let coverage = {
            let mut shares: Vec<f32> = (0..samples.len())
                .map(|bit| sure.iter().filter(|mask| **mask >> bit & 1 == 1).count() as f32 / count as f32)
                .collect();
            median_of(&mut shares)
        };
        let screen = typical(&clean.blocks, &sure)?;
        let space = Space::of_hue(matrix, hue);
        let mut shot = Self {
            palette: Palette::new(&space, screen),
            space,
            look,
            clean,
            outside,
            calm: Plane::new(columns, rows, CALM as u8),
            metrics: Metrics::default(),
            noise: look.noise,
            tones: Tones::default(),
            screen,
            coverage,
        };
        shot.learn_noise(samples, view);
        shot.learn_calm(samples, view, &like);
        shot.learn_subject(samples, view);
        Some(shot)
    }

    /// The covariance of what the fitted plate leaves of certain screen.
    fn learn_noise(&mut self, samples: &[Sample], view: &mut View) {
        let mut residuals: [Vec<f32>; 3] = Default::default();
        let mut soft_residuals: [Vec<f32>; 3] = Default::default();
        let stride = (view.sure.cells.len() * samples.len() / RESIDUALS_MAX).max(1);
        for sample in samples {
            view.load(sample, self.space.hue);
            view.gain = 1.0;
            view.fit(&self.look, &self.clean);
            for index in (0..view.sure.cells.len()).step_by(stride).filter(|index| view.sure.cells[*index] > 0) {
                for (residuals, seen) in residuals.iter_mut().zip(view.seen_at(index)) {
                    residuals.push(seen);
                }
                for (channel, residuals) in soft_residuals.iter_mut().enumerate() {
                    residuals.push(view.scratch.soft[channel].cells[index] - view.plate[channel].cells[index]);
                }
            }
        }
        let covariance = trimmed_covariance(&residuals);
        self.noise = [0, 1, 2].map(|channel: usize| covariance[channel].sqrt());
        self.metrics = Metrics { own: Metric(inverse(covariance)), soft: Metric(inverse(trimmed_covariance(&soft_residuals))) };
    }

    /// Where the screen stays odder than its noise over time: creases that move a little, textures that the codec changes.
    fn learn_calm(&mut self, samples: &[Sample], view: &mut View, like: &[u16]) {
        let mut odd = vec![[0_u8; SAMPLES_MAX]; like.len()];
        for (bit, sample) in samples.iter().enumerate() {
            view.load(sample, self.space.hue);
            view.gain = 1.0;
            view.fit(&self.look, &self.clean);
            view.measure(&self.metrics, &self.calm);
            for (odd, seen) in odd.iter_mut().zip(&view.odd.cells) {
                odd[bit] = *seen;
            }
        }
        let mut usual = Plane::new(self.calm.columns, self.calm.rows, 0_u8);
        for ((usual, odd), like) in usual.cells.iter_mut().zip(&mut odd).zip(like) {
            let mut count = 0;
            for bit in 0..samples.len() {
                if like >> bit & 1 == 1 {
                    odd[count] = odd[bit];
                    count += 1;
                }
            }
            if count >= CALM_SAMPLES_MIN {
                *usual = *odd[..count].select_nth_unstable(count / 2).1;
            }
        }
        rank(&mut usual, 1, Rank::Largest, &mut Vec::new());
        for (calm, usual) in self.calm.cells.iter_mut().zip(&usual.cells) {
            let times = (f32::from(*usual) / (USUAL_ODD * ODD_UNIT)).clamp(1.0, RESTLESS_MAX);
            *calm = (CALM / times) as u8;
        }
    }

    /// The colours of what is subject by its hue alone.
    fn learn_subject(&mut self, samples: &[Sample], view: &mut View) {
        let mut rough = Rough::new(view.sure.columns, view.sure.rows);
        let mut bodies = Bodies::new(view.sure.columns, view.sure.rows, self.look.unit);
        for sample in samples {
            view.load(sample, self.space.hue);
            view.gain = 1.0;
            view.fit(&self.look, &self.clean);
            view.measure(&self.metrics, &self.calm);
            rough.update(view, self.noise, &self.palette);
            bodies.harden(view, &mut rough);
            rough.take_outside(&self.outside, Outside::Keep);
            for index in rough.teachers() {
                self.palette.add(view.seen_at(index));
            }
            self.tones.add(view, &rough);
        }
        self.palette.learn();
        self.tones.learn(self.screen);
    }
}

fn take_bit(marked: &Plane<u8>, bit: usize, masks: &mut [u16]) {
    for (mask, marked) in masks.iter_mut().zip(&marked.cells) {
        *mask |= u16::from(*marked) << bit;
    }
}

/// What is screen-like before a plate is known, and the noise there.
fn first_noise(samples: &[Sample], hue: [f32; 2], look: &Look, view: &mut View, like: &mut [u16]) -> [f32; 3] {
    let mut details: [Vec<f32>; 3] = Default::default();
    let mut bytes = Vec::new();
    let stride = (view.sure.cells.len() * samples.len() / RESIDUALS_MAX).max(1);
    for (bit, sample) in samples.iter().enumerate() {
        view.load(sample, hue);
        mark_loose(&view.scratch, look, &mut view.sure);
        mark_near(&mut view.scratch, look, &mut view.sure);
        let mut inner = view.sure.clone();
        rank(&mut inner, 1, Rank::Least, &mut bytes);
        take_bit(&inner, bit, like);
        rank(&mut inner, 1, Rank::Least, &mut bytes);
        for index in (0..inner.cells.len()).step_by(stride).filter(|index| inner.cells[*index] > 0) {
            for (channel, details) in details.iter_mut().enumerate() {
                details.push((view.blocks[channel].cells[index] - view.scratch.soft[channel].cells[index]).abs());
            }
        }
    }
    let mut noise = NOISE_MIN;
    for (noise, details) in noise.iter_mut().zip(&mut details) {
        // A block weighs a quarter in its own blur: the rest keeps 0.8 of its deviation.
        *noise = noise.max(median_of(details) * 1.4826 / 0.8);
    }
    noise
}

fn mark_first_sure(view: &mut View, look: &Look) {
    mark_loose(&view.scratch, look, &mut view.sure);
    mark_near(&mut view.scratch, look, &mut view.sure);
    let mut inner = view.sure.clone();
    rank(&mut inner, 1, Rank::Least, &mut Vec::new());
    let lit = lit_by(&view.scratch, &inner, 0.15 * look.unit);
    let even = Plane::new(lit.columns, lit.rows, 0.0);
    keep_sure(&mut view.scratch, look, &lit, &even, 1.0, &mut view.sure);
}

/// The luma of what is marked, smooth and everywhere.
fn lit_by(scratch: &Scratch, marked: &Plane<u8>, sigma: f32) -> Plane<f32> {
    let y = &scratch.soft[0];
    let mut grid = Grid::over(y.columns, y.rows, (sigma * 0.5) as usize);
    for row in 0..y.rows {
        for (column, (marked, y)) in marked.row(row).iter().zip(y.row(row)).enumerate() {
            if *marked > 0 {
                grid.add(column, row, [*y, 0.0, 0.0]);
            }
        }
    }
    grid.blur(sigma / grid.side as f32);
    grid.fill((grid.side * grid.side) as f32 * 0.1);
    let mut lit = Plane::new(y.columns, y.rows, 0.0);
    let mut rest = [vec![0.0; y.columns], vec![0.0; y.columns]];
    for row in 0..lit.rows {
        let [second, third] = &mut rest;
        grid.write_row(row, [lit.row_mut(row), second, third]);
    }
    lit
}

/// The median of the plate where it was seen.
fn typical(clean: &Blocks, sure: &[u16]) -> Option<[f32; 3]> {
    let stride = (sure.len() / RESIDUALS_MAX).max(1);
    let mut values: [Vec<f32>; 3] = Default::default();
    for index in (0..sure.len()).step_by(stride).filter(|index| sure[*index] > 0) {
        for (values, plane) in values.iter_mut().zip(clean) {
            values.push(plane.cells[index]);
        }
    }
    if values[0].is_empty() {
        return None;
    }
    Some(values.map(|mut values| median_of(&mut values)))
}

/// Variances of y, p, q, then the shared ones of yp, yq, pq.
fn trimmed_covariance(residuals: &[Vec<f32>; 3]) -> [f32; 6] {
    let limits = [0, 1, 2].map(|channel: usize| {
        let mut sorted = residuals[channel].clone();
        sorted.sort_by(f32::total_cmp);
        let at = |share: f32| sorted.get((share * sorted.len().saturating_sub(1) as f32) as usize).copied().unwrap_or_default();
        (at(TRIM_SHARE), at(1.0 - TRIM_SHARE))
    });
    let (mut sums, mut squares, mut count) = ([0.0_f64; 3], [0.0_f64; 6], 0.0_f64);
    let [y, p, q] = residuals;
    for seen in y.iter().zip(p).zip(q).map(|((y, p), q)| [*y, *p, *q]) {
        if seen.iter().zip(limits).all(|(seen, (low, high))| *seen >= low && *seen <= high) {
            let [y, p, q] = seen.map(f64::from);
            for (sum, value) in sums.iter_mut().zip([y, p, q]) {
                *sum += value;
            }
            for (square, value) in squares.iter_mut().zip([y * y, p * p, q * q, y * p, y * q, p * q]) {
                *square += value;
            }
            count += 1.0;
        }
    }
    let count = count.max(1.0);
    let pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];
    let mut covariance = [0.0_f32; 6];
    for ((covariance, square), (a, b)) in covariance.iter_mut().zip(squares).zip(pairs) {
        *covariance = (square / count - sums[a] * sums[b] / (count * count)) as f32 * COVARIANCE_MARGIN;
    }
    for (variance, least) in covariance.iter_mut().zip(VARIANCE_MIN) {
        *variance += least;
    }
    covariance
}

/// The inverse of a symmetric matrix, laid out likewise.
pub fn inverse([yy, pp, qq, yp, yq, pq]: [f32; 6]) -> [f32; 6] {
    let minors =
        [pp * qq - pq * pq, yy * qq - yq * yq, yy * pp - yp * yp, yq * pq - yp * qq, yp * pq - yq * pp, yp * yq - yy * pq];
    let determinant = yy * minors[0] + yp * minors[3] + yq * minors[4];
    minors.map(|minor| minor / determinant.max(1e-9))
}
