//! Parallel work on a stream of frames, with results in order and a bounded number in flight.

use std::io;

use rayon::prelude::*;
use tokio::sync::mpsc;

/// Calls `work` for every frame, several at a time, and `write` for every result in order; on a
/// thread that may block.
pub fn each<F: Send, R: Send>(
    mut frames: mpsc::Receiver<F>,
    work: impl Fn(F) -> io::Result<R> + Sync,
    mut write: impl FnMut(R) -> io::Result<()>,
) -> io::Result<()> {
    let at_once = rayon::current_num_threads();
    while let Some(frame) = frames.blocking_recv() {
        let mut batch = vec![frame];
        while batch.len() < at_once
            && let Ok(frame) = frames.try_recv()
        {
            batch.push(frame);
        }
        let done: Vec<_> = batch.into_par_iter().map(&work).collect();
        for result in done {
            write(result?)?;
        }
    }
    Ok(())
}
