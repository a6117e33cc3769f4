//! What does a load cost whose answer is cached?

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::allocation::count;
use crate::batch::backend::Instantly;
use crate::batch::burst::{Callers, burst};
use crate::batch::peer::{Loader, Peer};
use crate::batch::peers::caches::QuickCacheGet;
use crate::batch::peers::javascript::{self, Ask};
use crate::batch::peers::{self, Probe};
use crate::clock::thread_time;
use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

/// How many keys are loaded in turn; few enough that they stay in the processor's cache.
const KEYS: u64 = 1_024;

/// How often all of them are loaded in a round; the cheapest time counts.
const PASSES: usize = 24;

struct Hit;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let mut entries = peers::remembering();
    entries.push(javascript::entry());
    vec![Table {
        title: "A load that is cached",
        method: "Processor time and allocations of a load of a key that is in the cache, beside \
                 bare caches. Libraries without a cache are left out.",
        columns: vec![
            Column::new("hit", Unit::Nanoseconds),
            Column::new("allocations", Unit::Count),
        ],
        rows: interleaved(&Hit, &entries, rounds),
        goals: vec![
            Goal::ratio(0, Against::Row(QuickCacheGet::NAME), 1.5),
            Goal::at_most(1, 0.0),
        ],
    }]
}

impl Ask for Hit {
    const SETTINGS: &'static str = "defaults, its own Map";

    fn requests(&self) -> Vec<Option<&'static str>> {
        vec![Some("hit 1024"), None]
    }
}

impl Probe for Hit {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let runtime = one_thread();
        let keys: Vec<u64> = (0..KEYS).collect();
        let loader = runtime.block_on(async {
            let loader = Arc::new(P::build(Arc::new(Instantly::default())));
            // The first burst fills the cache, the second one checks what is in there.
            for _ in 0..2 {
                let outcome = burst(&loader, Callers::Joined, 0..KEYS).await;
                assert_eq!(outcome, Ok(()), "{}", P::NAME);
            }
            loader
        });
        hits(&runtime, &*loader, &keys);
        let passes = (0..PASSES).map(|_| hits(&runtime, &*loader, &keys));
        let least = passes.min().unwrap_or_default();
        let allocated = count(|| {
            hits(&runtime, &*loader, &keys);
        });
        vec![
            Some(least.as_secs_f64() * 1e9 / KEYS as f64),
            Some(allocated.allocations as f64 / KEYS as f64),
        ]
    }
}

/// Loads all keys once, and returns the processor time of that.
fn hits<L: Loader>(runtime: &Runtime, loader: &L, keys: &[u64]) -> Duration {
    runtime.block_on(async {
        let start = thread_time();
        for key in keys {
            black_box(loader.load(key).await);
        }
        thread_time().saturating_sub(start)
    })
}
