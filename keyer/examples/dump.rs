use std::io::Write;
use keyer::{KeyOptions, Learner, PlanarFormat, YuvMatrix};
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let n = |i: usize| a[i].parse::<usize>().unwrap();
    let format = PlanarFormat { width: n(1), height: n(2), across: n(3), down: n(4), depth_bits: n(5) as u32, matrix: YuvMatrix::Bt709, is_full_range: false };
    let bytes = std::fs::read(&a[0]).unwrap();
    let frames: Vec<&[u8]> = bytes.chunks_exact(format.frame_size_bytes()).collect();
    let mut picture = vec![0; n(1) * n(2) * 4];
    let mut learner = Learner::new(format, KeyOptions::default());
    for (i, f) in frames.iter().enumerate() { learner.learn(i, f); }
    let mut k = learner.finish().unwrap();
    eprintln!("{:?}", k.screens());
    for (i, f) in frames.iter().enumerate() { k.key(f, &mut picture); if i == n(6) { break; } }
    for (name, v) in k.debug() { let mut o = std::fs::File::create(format!("/tmp/h/keyer/dump/{name}.f32")).unwrap(); for x in v { o.write_all(&x.to_le_bytes()).unwrap(); } }
}
