//! What does a key cost that is asked for together with many others?

use std::sync::Arc;
use std::time::Duration;

use crate::batch::backend::{Answer, Instantly, value_of};
use crate::batch::peer::{Loader, Peer};
use crate::batch::peers::javascript::{self, Ask};
use crate::batch::peers::{self, Probe};
use crate::clock::thread_time;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

const KEYS: u64 = 10_000;

/// How often all of them are asked for in a round; the cheapest time counts.
const PASSES: u64 = 6;

struct Many;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let mut entries = peers::all();
    entries.push(javascript::entry());
    vec![Table {
        title: "10,000 keys in one call",
        method: "Processor time of `load_many`, or what it is called, for each of its keys, and \
                 how many keys the largest call of the backend had. Libraries without such a \
                 call are left out.",
        columns: vec![
            Column::new("10,000 keys", Unit::Nanoseconds),
            Column::new("largest call", Unit::Count),
        ],
        rows: interleaved(&Many, &entries, rounds),
        goals: vec![Goal::at_most(0, 65.0), Goal::at_most(1, 1_000.0)],
    }]
}

impl Ask for Many {
    const SETTINGS: &'static str = "cache off, 1000 keys";

    fn requests(&self) -> Vec<Option<&'static str>> {
        vec![Some("many 10000"), Some("largest 10000")]
    }
}

impl Probe for Many {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::Loader::<Instantly>::LOADS_MANY {
            return vec![None, None];
        }
        let backend = Arc::new(Instantly::default());
        let least = one_thread().block_on(async {
            let loader = P::build(Arc::clone(&backend));
            let mut least = Duration::MAX;
            for pass in 0..=PASSES {
                let keys: Vec<u64> = (pass * KEYS..(pass + 1) * KEYS).collect();
                let start = thread_time();
                let outputs = loader.load_many(&keys).await;
                let spent = thread_time().saturating_sub(start);
                let answers = P::Loader::<Instantly>::answers(&keys, outputs);
                let expected: Vec<Answer> =
                    keys.iter().map(|key| Ok(Some(value_of(*key)))).collect();
                assert!(answers == expected, "{}: the answers of many keys", P::NAME);
                // The first pass only warms up.
                if pass > 0 {
                    least = least.min(spent);
                }
            }
            least
        });
        vec![
            Some(least.as_secs_f64() * 1e9 / KEYS as f64),
            Some(backend.largest() as f64),
        ]
    }
}
