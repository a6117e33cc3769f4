//! What does a call cost that shares nothing with anybody?

use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use crate::clock::thread_time;
use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, BEST_SINGLEFLIGHT, Probe};
use crate::table::{Column, Table, Unit};

/// How many keys are called in turn; few enough that they stay in the processor's cache.
const KEYS: u64 = 1_024;

/// How often all of them are called in a round; the least of the passes counts.
const PASSES: usize = 24;

struct Uncontended;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    vec![Table {
        title: "A call alone",
        method: "Processor time of one call whose load is ready at once, on one thread. Caches \
                 also pay for keeping the value, foyer-memory for a task.",
        columns: vec![
            Column {
                name: "String key",
                unit: Unit::Nanoseconds,
            },
            Column {
                name: "u64 key",
                unit: Unit::Nanoseconds,
            },
        ],
        rows: interleaved(&Uncontended, &peers::all(), rounds),
        goals: vec![
            Goal::ratio(0, BEST_SINGLEFLIGHT, 0.42),
            Goal::ratio(0, Against::Row("seed"), 0.26),
            Goal::ratio(1, BEST_SINGLEFLIGHT, 0.32),
            Goal::ratio(1, Against::Row("floor: mutex, insert, remove"), 1.35),
        ],
    }]
}

impl Probe for Uncontended {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::KEYED {
            return vec![None, None];
        }
        vec![Some(per_call::<P, String>()), Some(per_call::<P, u64>())]
    }
}

fn per_call<P: Peer, K: Key>() -> f64 {
    let keys: Vec<K> = (0..KEYS).map(K::numbered).collect();
    let group = P::Group::<K, u64>::default();
    let mut least = Duration::MAX;
    one_thread().block_on(async {
        for pass in 0..=PASSES {
            let start = thread_time();
            for key in &keys {
                black_box(group.call(key, || ready(7)).await);
            }
            // The first pass only warms up.
            if pass > 0 {
                least = least.min(thread_time().saturating_sub(start));
            }
            keys.iter().for_each(|key| group.renew(key));
        }
    });
    least.as_secs_f64() * 1e9 / KEYS as f64
}
