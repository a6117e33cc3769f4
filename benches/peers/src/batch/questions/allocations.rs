//! How often does a load allocate?

use std::sync::Arc;

use crate::allocation::count;
use crate::batch::backend::Instantly;
use crate::batch::burst::{Callers, burst};
use crate::batch::peer::Peer;
use crate::batch::peers::floor::Unbatched;
use crate::batch::peers::{self, Probe};
use crate::failure::Failure;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

/// How many loads a burst has, and how many bursts are counted.
const SIZES: [(u64, u64); 3] = [(64, 64), (1_024, 16), (16_384, 4)];

/// How many bursts warm up, so that what grows has grown.
const WARM_UP: u64 = 8;

/// How often a load may allocate.
const PER_LOAD: f64 = 0.02;

struct Allocations;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let mut rows = interleaved(&Allocations, &peers::all(), 1);
    if let Some(index) = rows.iter().position(|row| row.name == Unbatched::NAME) {
        // What the tasks themselves allocate.
        let floor = rows.remove(index).rounds.remove(0);
        for figures in rows.iter_mut().flat_map(|row| &mut row.rounds) {
            for (figure, floor) in figures.iter_mut().zip(&floor) {
                *figure = figure.zip(*floor).map(|(figure, floor)| figure - floor);
            }
        }
    }
    vec![Table {
        title: "Allocations for each load",
        method: "Loads of different keys at once, each in a task of its own, in a steady state. \
                 Allocations for each load, less what the same tasks allocate when each asks the \
                 backend itself.",
        columns: ["64 tasks", "1,024 tasks", "16,384 tasks"]
            .map(|name| Column::new(name, Unit::Count))
            .to_vec(),
        rows,
        goals: vec![Goal::at_most(1, PER_LOAD), Goal::at_most(2, PER_LOAD)],
    }]
}

impl Probe for Allocations {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        SIZES
            .iter()
            .map(|(size, bursts)| per_load::<P>(*size, *bursts))
            .collect()
    }
}

/// Returns the allocations for each load; `None` when a load fails.
fn per_load<P: Peer>(size: u64, bursts: u64) -> Option<f64> {
    let runtime = one_thread();
    let loader = runtime.block_on(async { Arc::new(P::build(Arc::new(Instantly::default()))) });
    let mut first = 0;
    let mut run = |bursts: u64| -> Result<(), Failure> {
        for _ in 0..bursts {
            let keys = first..first + size;
            first = keys.end;
            runtime.block_on(burst(&loader, Callers::Tasks, keys))?;
        }
        Ok(())
    };
    run(WARM_UP).ok()?;
    let mut outcome = Ok(());
    let allocated = count(|| outcome = run(bursts));
    outcome.ok()?;
    Some(allocated.allocations as f64 / (size * bursts) as f64)
}
