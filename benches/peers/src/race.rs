//! Rows timed in turn, batch by batch.

use std::time::{Duration, Instant};

/// How long one batch takes, about: long next to reading the clock, short next to what disturbs.
const BATCH: Duration = Duration::from_micros(40);
/// How often each row has its turn.
const ROUNDS: usize = 1500;

struct Row<'a> {
    name: &'static str,
    /// Runs a batch of so many and returns the nanoseconds that one took.
    batch: Box<dyn FnMut(u32) -> f64 + 'a>,
    length: u32,
    times: Vec<f64>,
}

/// What one row took, in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) median: f64,
    /// In the twentieth of the batches that were fastest: what is left when nothing else runs on the
    /// core, another thread of it included.
    pub(crate) undisturbed: f64,
}

/// Rows of one table.
pub(crate) struct Race<'a>(Vec<Row<'a>>);

impl<'a> Race<'a> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a row; `once` is what is timed.
    pub(crate) fn enter(&mut self, name: &'static str, mut once: impl FnMut() + 'a) {
        let batch = move |length| {
            let start = Instant::now();
            for _ in 0..length {
                once();
            }
            start.elapsed().as_nanos() as f64 / f64::from(length)
        };
        self.0.push(Row { name, batch: Box::new(batch), length: 1, times: Vec::new() });
    }

    /// Adds a row whose batches are prepared first, which is not timed.
    pub(crate) fn enter_prepared<T>(
        &mut self,
        name: &'static str,
        mut prepare: impl FnMut() -> Vec<T> + 'a,
        mut all: impl FnMut(&[T]) + 'a,
    ) {
        let batch = move |_| {
            let prepared = prepare();
            let start = Instant::now();
            all(&prepared);
            start.elapsed().as_nanos() as f64 / prepared.len() as f64
        };
        self.0.push(Row { name, batch: Box::new(batch), length: 1, times: Vec::new() });
    }

    /// The rows in the order of entry.
    pub(crate) fn run(mut self) -> Vec<(&'static str, Time)> {
        for row in &mut self.0 {
            // Warm up, and find out how many make a batch.
            let once = (0..20).map(|_| (row.batch)(1)).fold(f64::MAX, f64::min);
            row.length = (BATCH.as_nanos() as f64 / once).clamp(1.0, 1e6) as u32;
            (row.batch)(row.length);
        }
        let count = self.0.len();
        for round in 0..ROUNDS {
            for turn in 0..count {
                let row = &mut self.0[(round + turn) % count];
                row.times.push((row.batch)(row.length));
            }
        }
        self.0
            .into_iter()
            .map(|mut row| {
                row.times.sort_by(f64::total_cmp);
                let [median, undisturbed] = [ROUNDS / 2, ROUNDS / 20].map(|at| row.times[at]);
                (row.name, Time { median, undisturbed })
            })
            .collect()
    }
}
