use keyer::{KeyOptions, Learner, PlanarFormat, YuvMatrix};
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let n = |i: usize| a[i].parse::<usize>().unwrap();
    let format = PlanarFormat { width: n(1), height: n(2), across: n(3), down: n(4), depth_bits: n(5) as u32, matrix: YuvMatrix::Bt709, is_full_range: false };
    let bytes = std::fs::read(&a[0]).unwrap();
    let frames: Vec<&[u8]> = bytes.chunks_exact(format.frame_size_bytes()).collect();
    let mut picture = vec![0; n(1) * n(2) * 4];
    let t = Instant::now();
    let mut learner = Learner::new(format, KeyOptions::default());
    for (i, f) in frames.iter().enumerate() { learner.learn(i, f); }
    println!("learn {:.3}", t.elapsed().as_secs_f64());
    let t = Instant::now();
    let mut k = learner.finish().unwrap();
    println!("finish {:.3}", t.elapsed().as_secs_f64());
    let t = Instant::now();
    for f in &frames { k.key(f, &mut picture); }
    println!("key {:.4} a frame", t.elapsed().as_secs_f64() / frames.len() as f64);
}
