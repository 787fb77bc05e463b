//! Connected components of a mask, found by runs of adjoining blocks.

/// Connected components of a mask.
#[derive(Debug, Clone, Default)]
pub struct Components {
    /// Number of each block's component, from 1; 0 outside the mask.
    pub ids: Vec<u32>,
    pub list: Vec<Component>,
    runs: Vec<Run>,
}

/// Bounding box of a component, ends included, and its number of blocks.
#[derive(Debug, Clone, Copy)]
pub struct Component {
    pub left: usize,
    pub top: usize,
    pub right: usize,
    pub bottom: usize,
    pub count: usize,
}

/// Adjoining marked blocks of one row, and the number of a connected run, at most its own.
#[derive(Debug, Clone, Copy)]
struct Run {
    row: usize,
    left: usize,
    right: usize,
    parent: u32,
}

impl Components {
    /// Labels the components of a mask, 8-connected.
    pub fn of(marked: &[bool], columns: usize) -> Self {
        let mut components = Self::default();
        components.update(marked, columns);
        components
    }

    /// As [`Components::of`], with the buffers of before.
    pub fn update(&mut self, marked: &[bool], columns: usize) {
        if self.ids.len() == marked.len() {
            for run in &self.runs {
                self.ids[run.row * columns + run.left..=run.row * columns + run.right].fill(0);
            }
        } else {
            self.ids = vec![0; marked.len()];
        }
        self.runs.clear();
        self.list.clear();
        let mut above = 0..0;
        for (row, marked) in marked.chunks_exact(columns.max(1)).enumerate() {
            let first = self.runs.len();
            self.find_runs(row, marked, above);
            above = first..self.runs.len();
        }
        for number in 0..self.runs.len() {
            let Run { row, left, right, parent } = self.runs[number];
            // Parents come first, so theirs is already the number of a component.
            let id = if parent as usize == number {
                self.list.push(Component { left, top: row, right, bottom: row, count: 0 });
                self.list.len() as u32
            } else {
                self.ids[self.runs[parent as usize].row * columns + self.runs[parent as usize].left]
            };
            let component = &mut self.list[id as usize - 1];
            component.left = component.left.min(left);
            component.right = component.right.max(right);
            component.bottom = row;
            component.count += right - left + 1;
            self.ids[row * columns + left..=row * columns + right].fill(id);
        }
    }

    /// Appends the runs of a row and connects them with those above.
    fn find_runs(&mut self, row: usize, marked: &[bool], above: std::ops::Range<usize>) {
        let (mut end, mut near) = (0, above.start);
        while let Some(skipped) = marked[end..].iter().position(|marked| *marked) {
            let left = end + skipped;
            end = marked[left..].iter().position(|marked| !*marked).map_or(marked.len(), |length| left + length);
            let right = end - 1;
            let number = self.runs.len() as u32;
            self.runs.push(Run { row, left, right, parent: number });
            while near < above.end && self.runs[near].right + 1 < left {
                near += 1;
            }
            let touching = (near..above.end).take_while(|near| self.runs[*near].left <= right + 1).count();
            for touching in near..near + touching {
                let (own, other) = (self.root(number), self.root(touching as u32));
                self.runs[own.max(other) as usize].parent = own.min(other);
            }
        }
    }

    fn root(&mut self, mut number: u32) -> u32 {
        while self.runs[number as usize].parent != number {
            let parent = self.runs[number as usize].parent;
            self.runs[number as usize].parent = self.runs[parent as usize].parent;
            number = parent;
        }
        number
    }

    /// The component's number, row, and first and last column of each run of adjoining blocks.
    pub fn runs(&self, columns: usize) -> impl Iterator<Item = (usize, usize, std::ops::RangeInclusive<usize>)> + '_ {
        self.runs.iter().map(move |run| (self.ids[run.row * columns + run.left] as usize, run.row, run.left..=run.right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_touch_have_one_component() {
        let picture = ["#..#.#", ".#..##", "..#..#", ".....#", "###.##", "#.#.#.", "#..#.."];
        let marked: Vec<bool> = picture.iter().flat_map(|row| row.bytes().map(|byte| byte == b'#')).collect();
        let mut components = Components::of(&[true; 42], 6);
        components.update(&marked, 6);
        let counts: Vec<usize> = components.list.iter().map(|component| component.count).collect();
        assert_eq!(counts, [3, 16]);
        let Component { left, top, right, bottom, .. } = components.list[1];
        assert_eq!((left, top, right, bottom), (0, 0, 5, 6));
        for (index, id) in components.ids.iter().enumerate() {
            assert_eq!(*id > 0, marked[index], "{index}");
        }
        assert_eq!(components.ids[0], 1);
        assert_eq!(components.ids[36], 2);
    }
}
