//! Planes with one value per block, their small filters, and connected components.

/// One value per block, in rows.
#[derive(Debug, Clone, Default)]
pub struct Plane<T> {
    pub columns: usize,
    pub rows: usize,
    pub cells: Vec<T>,
}

impl<T: Copy> Plane<T> {
    pub fn new(columns: usize, rows: usize, value: T) -> Self {
        Self { columns, rows, cells: vec![value; columns * rows] }
    }

    pub fn row(&self, row: usize) -> &[T] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.cells[row * self.columns..(row + 1) * self.columns]
    }

    /// The rows above, at and below; the border repeats.
    pub fn three_rows(&self, row: usize) -> [&[T]; 3] {
        [self.row(row.saturating_sub(1)), self.row(row), self.row((row + 1).min(self.rows - 1))]
    }
}

/// Binomial 3 × 3 mean; the border repeats.
pub fn blur_3x3(plane: &Plane<f32>, line: &mut Vec<f32>, out: &mut Plane<f32>) {
    let columns = plane.columns;
    line.resize(columns, 0.0);
    for row in 0..plane.rows {
        let [above, own, below] = plane.three_rows(row);
        for (line, ((above, own), below)) in line.iter_mut().zip(above.iter().zip(own).zip(below)) {
            *line = above + 2.0 * own + below;
        }
        let out = out.row_mut(row);
        for (out, near) in out.iter_mut().skip(1).zip(line.windows(3)) {
            *out = (near[0] + 2.0 * near[1] + near[2]) * (1.0 / 16.0);
        }
        let last = columns - 1;
        out[0] = (3.0 * line[0] + line[1.min(last)]) * (1.0 / 16.0);
        out[last] = (3.0 * line[last] + line[last.saturating_sub(1)]) * (1.0 / 16.0);
    }
}

/// Minimum over a square of `radius`; the border repeats.
pub fn erode(plane: &mut Plane<u8>, radius: usize, scratch: &mut Vec<u8>) {
    filter_square(plane, radius, scratch, u8::min);
}

/// Maximum over a square of `radius`; the border repeats.
pub fn dilate(plane: &mut Plane<u8>, radius: usize, scratch: &mut Vec<u8>) {
    filter_square(plane, radius, scratch, u8::max);
}

/// Horizontal pass by row with windows that double in width, then vertical pass.
fn filter_square(plane: &mut Plane<u8>, radius: usize, scratch: &mut Vec<u8>, pick: impl Fn(u8, u8) -> u8 + Copy) {
    if radius == 0 || plane.columns == 0 || plane.rows == 0 {
        return;
    }
    scratch.resize(plane.cells.len(), 0);
    let (columns, rows) = (plane.columns, plane.rows);
    let mut line = vec![0_u8; columns + 2 * radius];
    for (row, out) in plane.cells.chunks_exact(columns).zip(scratch.chunks_exact_mut(columns)) {
        line[..radius].fill(row[0]);
        line[radius..radius + columns].copy_from_slice(row);
        line[radius + columns..].fill(row[columns - 1]);
        let mut width = 1;
        while width * 2 <= 2 * radius + 1 {
            for index in 0..line.len() - width {
                line[index] = pick(line[index], line[index + width]);
            }
            width *= 2;
        }
        let rest = 2 * radius + 1 - width;
        for (out, (first, last)) in out.iter_mut().zip(line.iter().zip(&line[rest..])) {
            *out = pick(*first, *last);
        }
    }
    for row in 0..rows {
        let out = &mut plane.cells[row * columns..(row + 1) * columns];
        let (first, last) = (row.saturating_sub(radius), (row + radius).min(rows - 1));
        out.copy_from_slice(&scratch[first * columns..(first + 1) * columns]);
        for near in first + 1..=last {
            for (out, near) in out.iter_mut().zip(&scratch[near * columns..(near + 1) * columns]) {
                *out = pick(*out, *near);
            }
        }
    }
}

/// Sum of 3 × 3 values for each block of a row; the border repeats.
pub fn sum_3x3(plane: &Plane<u8>, row: usize, down: &mut Vec<u16>, out: &mut [u16]) {
    let columns = plane.columns;
    down.resize(columns, 0);
    let [a, b, c] = plane.three_rows(row);
    for (down, ((a, b), c)) in down.iter_mut().zip(a.iter().zip(b).zip(c)) {
        *down = u16::from(*a) + u16::from(*b) + u16::from(*c);
    }
    for (out, near) in out.iter_mut().skip(1).zip(down.windows(3)) {
        *out = near[0] + near[1] + near[2];
    }
    let last = columns - 1;
    out[0] = down[0] * 2 + down[1.min(last)];
    out[last] = down[last] * 2 + down[last.saturating_sub(1)];
}

/// Connected components of a mask.
#[derive(Debug, Clone, Default)]
pub struct Components {
    /// Number of each block's component, from 1; 0 outside the mask.
    pub ids: Vec<u32>,
    pub list: Vec<Component>,
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

impl Components {
    /// Labels the components of a mask, 8-connected.
    pub fn of(marked: &[bool], columns: usize) -> Self {
        let mut ids = vec![0_u32; marked.len()];
        let mut list = Vec::new();
        let mut stack = Vec::new();
        let rows = marked.len() / columns.max(1);
        for start in 0..marked.len() {
            if !marked[start] || ids[start] != 0 {
                continue;
            }
            let id = list.len() as u32 + 1;
            let mut component = Component { left: columns, top: rows, right: 0, bottom: 0, count: 0 };
            ids[start] = id;
            stack.push(start);
            while let Some(index) = stack.pop() {
                let (x, y) = (index % columns, index / columns);
                component.left = component.left.min(x);
                component.right = component.right.max(x);
                component.top = component.top.min(y);
                component.bottom = component.bottom.max(y);
                component.count += 1;
                for near_y in y.saturating_sub(1)..=(y + 1).min(rows - 1) {
                    for near_x in x.saturating_sub(1)..=(x + 1).min(columns - 1) {
                        let near = near_y * columns + near_x;
                        if marked[near] && ids[near] == 0 {
                            ids[near] = id;
                            stack.push(near);
                        }
                    }
                }
            }
            list.push(component);
        }
        Self { ids, list }
    }
}
