//! What does a row cost from a real database, when many are wanted one by one?

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::batch::backend::{Backend, value_of};
use crate::batch::burst::{Callers, burst};
use crate::batch::peer::Peer;
use crate::batch::peers::floor::Unbatched;
use crate::batch::peers::ultra_batch::UltraBatch;
use crate::batch::peers::{self, Probe};
use crate::batch::sqlite::Sqlite;
use crate::entry::{Entry, Kind};
use crate::failure::Failure;
use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::runtime::{one_thread, workers};
use crate::table::{Column, Table, Unit};

const ROWS: u64 = 100_000;
const CONNECTIONS: usize = 2;

/// A number without a common divisor with that of the rows, which spreads keys over the table.
const SPREAD: u64 = 48_271;

/// How many loads come at once, and in how many bursts; the quickest counts.
const BURSTS: [(u64, u64); 3] = [(64, 20), (1_024, 6), (16_384, 2)];

struct Database(Arc<Sqlite>);

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let database = Database(Arc::new(Sqlite::create(ROWS, CONNECTIONS)));
    let mut entries = peers::all();
    entries.push(statements_alone());
    let (best, ultra_batch) = (Against::BEST_LIBRARY, Against::Row(UltraBatch::NAME));
    let unbatched = Against::Row(Unbatched::NAME);
    vec![Table {
        title: "Rows of SQLite",
        method: "Different rows of 100,000 are loaded at once, each in a task of its own, through \
                 two connections with a thread each: one statement for one key, one with `IN` for \
                 several. Time of day for each row, on one thread and, in the last column, on two.",
        columns: [
            "64 tasks",
            "1,024 tasks",
            "16,384 tasks",
            "1,024, two threads",
        ]
        .map(|name| Column::new(name, Unit::Nanoseconds))
        .to_vec(),
        rows: interleaved(&database, &entries, rounds),
        goals: vec![
            Goal::times_better(1, best, 1.5),
            Goal::times_better(1, ultra_batch, 12.0),
            Goal::times_better(1, unbatched, 10.0),
            Goal::times_better(0, unbatched, 5.0),
        ],
    }]
}

/// Returns the row of the same keys in as few statements as may be, one after the other, with no
/// tasks and nobody to find their rows for.
fn statements_alone() -> Entry<Database> {
    Entry {
        name: "statements alone",
        settings: "1000 keys each, 1 in flight, no tasks",
        kind: Kind::Floor,
        check: || (),
        probe: |database| {
            let cost = |burst| Some(database.statements(burst));
            BURSTS.into_iter().map(cost).chain([None]).collect()
        },
    }
}

impl Probe for Database {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let [few, many, most] = BURSTS;
        vec![
            self.quickest::<P>(&one_thread(), few),
            self.quickest::<P>(&one_thread(), many),
            self.quickest::<P>(&one_thread(), most),
            self.quickest::<P>(&workers(2), many),
        ]
    }
}

impl Database {
    fn statements(&self, (size, bursts): (u64, u64)) -> f64 {
        one_thread().block_on(async {
            let (mut least, mut first) = (Duration::MAX, 0);
            for pass in 0..=bursts {
                let keys = (first..first + size).map(|number| number * SPREAD % ROWS);
                let keys: Vec<u64> = keys.collect();
                first += size;
                let start = Instant::now();
                for keys in keys.chunks(1_000) {
                    let found = self.0.find(keys).await;
                    let expected = keys.iter().map(|key| Some(value_of(*key)));
                    assert_eq!(found, Ok(expected.collect()), "the rows of a statement");
                }
                if pass > 0 {
                    least = least.min(start.elapsed());
                }
            }
            least.as_secs_f64() * 1e9 / size as f64
        })
    }

    /// Returns the time of day for each row of the quickest burst, in nanoseconds; `None` when a
    /// load fails.
    fn quickest<P: Peer>(&self, runtime: &Runtime, (size, bursts): (u64, u64)) -> Option<f64> {
        let database = Arc::clone(&self.0);
        let measure = async move {
            let loader = Arc::new(P::build(database));
            let (mut least, mut first) = (Duration::MAX, 0);
            for pass in 0..=bursts {
                let keys = (first..first + size).map(|number| number * SPREAD % ROWS);
                first += size;
                let start = Instant::now();
                burst(&loader, Callers::Tasks, keys).await?;
                let spent = start.elapsed();
                // The first burst only warms up.
                if pass > 0 {
                    least = least.min(spent);
                }
            }
            Ok::<_, Failure>(least.as_secs_f64() * 1e9 / size as f64)
        };
        let measured = runtime.block_on(async { tokio::spawn(measure).await });
        measured.ok()?.ok()
    }
}
