//! Connected components of a plane, and of the planes of successive frames.

use crate::plane::Plane;

/// Label of pixels that are in no component yet.
const NONE: u32 = u32::MAX;

/// Connected pixels whose value is above a limit.
#[derive(Debug)]
pub struct Components {
    labels: Vec<Option<usize>>,
    sizes: Vec<usize>,
}

impl Components {
    /// The components of one plane; pixels are connected to the four beside them.
    pub fn of(plane: &Plane<f32>, limit: f32) -> Self {
        Self::of_volume(&[plane], limit)
    }

    /// The components of the planes of successive frames: pixels are also connected to the same
    /// pixel of the frames before and after.
    pub fn of_volume(planes: &[&Plane<f32>], limit: f32) -> Self {
        let Some((width, area)) = planes.first().map(|plane| (plane.width, plane.values.len())) else {
            return Self { labels: Vec::new(), sizes: Vec::new() };
        };
        let mut roots = Vec::<u32>::new();
        let mut labels = vec![NONE; area * planes.len()];
        for (frame, plane) in planes.iter().enumerate() {
            for index in (0..area).filter(|index| plane.values[*index] > limit) {
                let place = frame * area + index;
                let beside = [
                    (index % width > 0).then(|| place - 1),
                    (index >= width).then(|| place - width),
                    (frame > 0).then(|| place - area),
                ];
                let mut own = NONE;
                for label in beside.into_iter().flatten().map(|place| labels[place]).filter(|label| *label != NONE) {
                    own = if own == NONE { root(&mut roots, label) } else { join(&mut roots, own, label) };
                }
                if own == NONE {
                    own = u32::try_from(roots.len()).unwrap_or(NONE);
                    roots.push(own);
                }
                labels[place] = own;
            }
        }
        Self::numbered(&labels, &mut roots)
    }

    fn numbered(labels: &[u32], roots: &mut [u32]) -> Self {
        let mut numbers = vec![None; roots.len()];
        let mut sizes = Vec::new();
        let labels = labels
            .iter()
            .map(|label| {
                (*label != NONE).then(|| {
                    let number = *numbers[root(roots, *label) as usize].get_or_insert_with(|| {
                        sizes.push(0);
                        sizes.len() - 1
                    });
                    sizes[number] += 1;
                    number
                })
            })
            .collect();
        Self { labels, sizes }
    }

    /// The component of each pixel, frame by frame.
    pub fn labels(&self) -> &[Option<usize>] {
        &self.labels
    }

    /// Number of pixels of each component.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }
}

/// The root of a label's tree; halves the path to it.
fn root(roots: &mut [u32], mut label: u32) -> u32 {
    while roots[label as usize] != label {
        roots[label as usize] = roots[roots[label as usize] as usize];
        label = roots[label as usize];
    }
    label
}

fn join(roots: &mut [u32], one: u32, other: u32) -> u32 {
    let (one, other) = (root(roots, one), root(roots, other));
    let (low, high) = (one.min(other), one.max(other));
    roots[high as usize] = low;
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(rows: &[&str]) -> Plane<f32> {
        Plane::from_fn(rows[0].len(), rows.len(), |x, y| if rows[y].as_bytes()[x] == b'#' { 1.0 } else { -1.0 })
    }

    #[test]
    fn shapes_that_meet_late_are_one_component() {
        let found = Components::of(&plane(&["#.#.#", "#.#..", "###.#"]), 0.0);
        assert_eq!(found.sizes(), [7, 1, 1]);
    }

    #[test]
    fn pixels_of_successive_frames_are_connected() {
        let (one, other) = (plane(&["#..", "..."]), plane(&["##.", "..#"]));
        assert_eq!(Components::of_volume(&[&one, &other], 0.0).sizes(), [3, 1]);
    }
}
