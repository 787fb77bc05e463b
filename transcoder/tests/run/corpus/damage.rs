//! Good files with a few bytes changed, or an end too early. The same seed makes the same damage.

use fastrand::Rng;

use super::Hostile;

/// Where a file is cut.
/// Units: parts of a hundred.
const CUTS: [usize; 2] = [30, 97];
/// Numbers of bytes that are flipped; one damaged file each.
const FLIPPED: [usize; 3] = [1, 8, 64];
/// Headers stand here, and decide the most.
const HEAD_SIZE_BYTES: usize = 1024;

/// Cuts and flips of one file.
pub fn damaged(name: &str, whole: &[u8], seed: u64) -> Vec<Hostile> {
    let cut = |percent: &usize| Hostile::new(format!("cut_{percent}_{name}"), &whole[..whole.len() * percent / 100]);
    let mut random = Rng::with_seed(seed);
    let mut flip = |count: &usize| {
        let mut bytes = whole.to_vec();
        for index in 0..*count {
            let end = if index % 2 == 0 { HEAD_SIZE_BYTES.min(bytes.len()) } else { bytes.len() };
            bytes[random.usize(..end)] ^= 1 << random.u8(..8);
        }
        Hostile::new(format!("flip_{count}_{name}"), bytes)
    };
    CUTS.iter().map(cut).chain(FLIPPED.iter().map(&mut flip).collect::<Vec<_>>()).collect()
}
