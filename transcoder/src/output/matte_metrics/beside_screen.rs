//! Transparent regions that are not the screen's colour, and yet no missing subject: the set beside
//! the screen, black bars, and marks and creases on the screen.

/// Largest region that may be a mark or a crease.
/// Units: share of the picture.
const MARK_SHARE_MAX: f64 = 0.004;

/// The cells of regions that are connected with the upper border or one at the sides, and of small
/// ones that no visible cell touches. A region that touches the lower border alone may be a subject
/// that stands still.
pub fn without_subject(mut candidates: Vec<bool>, is_visible: impl Fn(usize) -> bool, columns: usize) -> Vec<bool> {
    #![expect(clippy::cast_precision_loss, reason = "cells of a picture are few")]
    let (count, rows) = (candidates.len(), candidates.len() / columns);
    let mut found = vec![false; count];
    for start in 0..count {
        let mut region = vec![start];
        let (mut is_beside, mut is_bare, mut next) = (false, true, 0);
        if !std::mem::replace(&mut candidates[start], false) {
            continue;
        }
        while let Some(index) = region.get(next).copied() {
            next += 1;
            let (column, row) = (index % columns, index / columns);
            is_beside |= row == 0 || column == 0 || column + 1 == columns;
            let across = [(column > 0).then(|| index - 1), (column + 1 < columns).then_some(index + 1)];
            let down = [(row > 0).then(|| index - columns), (row + 1 < rows).then_some(index + columns)];
            for near in across.into_iter().chain(down).flatten() {
                if std::mem::replace(&mut candidates[near], false) {
                    region.push(near);
                }
                is_bare &= !is_visible(near);
            }
        }
        if is_beside || (is_bare && (region.len() as f64) < MARK_SHARE_MAX * count as f64) {
            for index in region {
                found[index] = true;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_inside_or_at_the_lower_border_alone_may_be_subject() {
        let picture = ["#..#.", "#....", "..#..", "...#.", "##.#."];
        let candidates: Vec<bool> = picture.concat().bytes().map(|byte| byte == b'#').collect();
        let found = without_subject(candidates, |_| false, 5);
        let drawn: Vec<String> =
            found.chunks(5).map(|row| row.iter().map(|found| if *found { '#' } else { '.' }).collect()).collect();
        assert_eq!(drawn, ["#..#.", "#....", ".....", ".....", "##..."]);
    }

    #[test]
    fn small_regions_are_marks_unless_something_visible_touches_them() {
        let candidates = || (0..1_600).map(|index| index == 820 || index == 821).collect::<Vec<_>>();
        assert_eq!(without_subject(candidates(), |_| false, 40).iter().filter(|found| **found).count(), 2);
        assert_eq!(without_subject(candidates(), |index| index == 861, 40).iter().filter(|found| **found).count(), 0);
    }
}
