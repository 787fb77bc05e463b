//! Segments raw RGB frames: `segment_clip MODEL WIDTH HEIGHT VIEWS < frames > evidence` (f32 planes).
use ort::session::Session;
use ort::value::Tensor;
use rayon::prelude::*;
use segmentation::*;
use std::io::{Read, Write};
use std::sync::Mutex;

struct Selfie(Vec<Mutex<Session>>);
impl Model for Selfie {
    type Error = String;
    fn side(&self) -> usize {
        256
    }
    fn infer(&mut self, pictures: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, String> {
        let n = self.0.len();
        let per = pictures.len().div_ceil(n);
        let parts: Vec<Vec<Vec<f32>>> = pictures.chunks(per).map(<[_]>::to_vec).collect();
        Ok(parts
            .into_par_iter()
            .enumerate()
            .flat_map_iter(|(i, part)| {
                let mut s = self.0[i].lock().unwrap();
                part.into_iter()
                    .map(|p| {
                        let t = Tensor::from_array(([1usize, 3, 256, 256], p)).unwrap();
                        let out = s.run(ort::inputs![t]).unwrap();
                        out[0].try_extract_tensor::<f32>().unwrap().1.to_vec()
                    })
                    .collect::<Vec<_>>()
            })
            .collect())
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (w, h): (usize, usize) = (a[2].parse().unwrap(), a[3].parse().unwrap());
    let views = match a[4].as_str() {
        "both" => Views::Both,
        "few" => Views::Few,
        _ => Views::Alternating,
    };
    let sessions = (0..2)
        .map(|_| Mutex::new(Session::builder().unwrap().with_intra_threads(1).unwrap().commit_from_file(&a[1]).unwrap()))
        .collect();
    let mut model = Selfie(sessions);
    let mut seg = ClipSegmenter::new(views);
    let mut out = std::io::stdout().lock();
    let mut write = |planes: Vec<Plane<f32>>| {
        for p in planes {
            for v in p.values {
                out.write_all(&v.to_le_bytes()).unwrap();
            }
        }
    };
    let mut buf = vec![0u8; w * h * 3];
    let mut input = std::io::stdin().lock();
    let t = std::time::Instant::now();
    let mut n = 0;
    while input.read_exact(&mut buf).is_ok() {
        let pic = Picture { width: w, height: h, values: buf.as_chunks::<3>().0.to_vec() };
        write(seg.push(pic, &mut model).unwrap());
        n += 1;
    }
    write(seg.finish(&mut model).unwrap());
    eprintln!("{n} frames, {:.1} ms a frame", t.elapsed().as_secs_f64() * 1e3 / f64::from(n));
}
