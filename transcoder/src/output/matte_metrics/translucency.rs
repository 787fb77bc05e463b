//! Outlines behind which the subject is evenly translucent: a body that should be opaque has them
//! everywhere, while hair, smoke, glass and motion blur have few.

/// Points of the grid from the clear side of an outline to the first that counts as behind it.
const STEP: usize = 3;
/// Points behind an outline that must be alike.
const PLATEAU: usize = 16;
/// Alpha up to which the outer side is clear, and from which the inner side is visible.
const CLEAR_MAX: u8 = 12;
const VISIBLE_MIN: u8 = 48;
const CLEAR_MIN: u8 = 0;
/// Points of the body above and below an outline: wires and strands are thinner.
const THICK: usize = 8;
/// Most difference of alpha on a plateau.
const UNEVEN_MAX: u8 = 24;

/// Sum of the squared shortfall of alpha behind the sharp outlines of a matte, and their number.
pub fn outlines(alpha: &[u8], columns: usize) -> (f64, f64) {
    let rows = alpha.len() / columns;
    let transposed: Vec<u8> = (0..alpha.len()).map(|index| alpha[index % rows * columns + index / rows]).collect();
    let ((first, some), (second, others)) = (along_rows(alpha, columns), along_rows(&transposed, rows));
    (first + second, some + others)
}

fn along_rows(alpha: &[u8], columns: usize) -> (f64, f64) {
    let (mut sum, mut count) = (0.0, 0.0);
    for (row, line) in alpha.chunks_exact(columns).enumerate() {
        let is_thick = |column: usize| {
            let above_and_below = [row.checked_sub(THICK), row.checked_add(THICK)].into_iter().flatten();
            above_and_below.filter_map(|row| alpha.get(row * columns + column)).all(|value| *value >= VISIBLE_MIN)
        };
        for (start, window) in line.windows(STEP + PLATEAU).enumerate() {
            let found = match window {
                [CLEAR_MIN..=CLEAR_MAX, ..] if is_thick(start + STEP + 1) => shortfall(window.iter()),
                [.., CLEAR_MIN..=CLEAR_MAX] if is_thick(start + PLATEAU - 2) => shortfall(window.iter().rev()),
                _ => None,
            };
            if let Some(shortfall) = found {
                sum += shortfall * shortfall;
                count += 1.0;
            }
        }
    }
    (sum, count)
}

/// What is missing to opaque behind an outline, if a line of points crosses one.
fn shortfall<'a>(points: impl Iterator<Item = &'a u8>) -> Option<f64> {
    let mut points = points.copied();
    // The second point is clear too, so that each outline counts once.
    let is_outline = points.next()? <= CLEAR_MAX && points.next()? > CLEAR_MAX;
    let mut plateau = points.skip(STEP - 2);
    let first = plateau.next()?;
    let (low, high) = plateau.fold((first, first), |(low, high), value| (low.min(value), high.max(value)));
    (is_outline && low >= VISIBLE_MIN && high - low <= UNEVEN_MAX).then(|| f64::from(255 - high) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(line: &[u8]) -> (f64, f64) {
        outlines(line, line.len())
    }

    #[test]
    fn an_even_veil_behind_an_outline_counts_and_what_is_opaque_or_soft_does_not() {
        let line = |outside: &[u8], inside: u8| [outside, &[inside; 20]].concat();
        let close = |(left, right): (f64, f64), (sum, count): (f64, f64)| (left - sum).abs() + (right - count).abs() < 1e-9;
        assert!(close(measured(&line(&[0, 0, 90], 128)), ((127.0_f64 / 255.0).powi(2), 1.0)));
        assert!(close(measured(&line(&[0, 0, 128], 255)), (0.0, 1.0)));
        let soft = [0, 0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240];
        assert!(close(measured(&line(&soft, 255)), (0.0, 0.0)));
        assert!(close(measured(&[[0, 0, 128, 128, 128].as_slice(), &[0; 20]].concat()), (0.0, 0.0)), "too thin");
    }
}
