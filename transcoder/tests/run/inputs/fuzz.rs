//! Mutated small files of every container: each ends in a documented code or in an output, soon,
//! and leaves nothing behind.
//!
//! `BGLESS_FUZZ_FILES` and `BGLESS_FUZZ_SEED` set how many, and which.

use std::time::Instant;

use fastrand::Rng;

use super::table::CONTAINERS;
use crate::clips::Bench;
use crate::hostile_corpus::outcome;

/// Longest run of one file, on a machine that runs other tests. A child that hangs is given up
/// after a minute and is no documented code, so it fails here whatever this limit.
/// Units: seconds.
const RUN_S_MAX: f64 = 240.0;
/// Bytes that decoders often have a special meaning for.
const SPECIAL: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// One to four changes at random places, half of them in the headers.
fn mutate(whole: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..random.usize(1..=4) {
        let end = if random.bool() { bytes.len().min(2_048) } else { bytes.len() };
        let at = random.usize(..end.max(1)).min(bytes.len().saturating_sub(1));
        let length = random.usize(1..=64).min(bytes.len() - at);
        match random.u8(..7) {
            0 => bytes[at] ^= 1 << random.u8(..8),
            1 => bytes[at..at + length].fill(SPECIAL[random.usize(..SPECIAL.len())]),
            2 => bytes[at..at + length].iter_mut().for_each(|byte| *byte = random.u8(..)),
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let part = bytes[at..at + length].to_vec();
                bytes.splice(at..at, part);
            }
            5 => {
                let from = random.usize(..=bytes.len() - length);
                bytes.copy_within(from..from + length, at);
            }
            _ => bytes.truncate(at.max(bytes.len() / 3)),
        }
    }
    bytes
}

#[test]
fn mutated_files_of_every_container_end_soon_and_in_a_code_or_an_output() {
    let (files, seed) = (setting("BGLESS_FUZZ_FILES", 60), setting("BGLESS_FUZZ_SEED", 7));
    let bench = Bench::new();
    bench.green("96x72", 12, "green.mp4");
    let wholes: Vec<(String, Vec<u8>)> = CONTAINERS
        .iter()
        .map(|container| {
            let (codec, options) = container.taken[0];
            let name = format!("{codec}.{}", container.extension);
            let path = bench.ffmpeg(&format!("-i green.mp4 {options}"), &name);
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    let mut random = Rng::with_seed(seed);
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for number in 0..files {
        let (name, whole) = &wholes[usize::try_from(number).unwrap() % wholes.len()];
        let path = bench.path(&format!("mutated_{number}_{name}"));
        std::fs::write(&path, mutate(whole, &mut random)).unwrap();
        let begun = Instant::now();
        let code = outcome(&bench, &path);
        let run_s = begun.elapsed().as_secs_f64();
        assert!(run_s < RUN_S_MAX, "seed {seed}, file {number}, {name}: {run_s:.1} s");
        *counts.entry(code).or_default() += 1;
        std::fs::remove_file(path).unwrap();
    }
    println!("seed {seed}: {counts:?}");
}
