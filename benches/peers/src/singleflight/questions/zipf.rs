//! What does a call cost under a mixed load, where some keys are hot and most are not?

use std::sync::Arc;
use std::time::Duration;

use crate::clock::process_time;
use crate::entry::Kind;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::workers;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, BEST_SINGLEFLIGHT, Probe};
use crate::singleflight::zipf::draw;
use crate::table::{Column, Table, Unit};

const KEYS: u32 = 10_000;

/// How many calls a round has, over all tasks.
const CALLS: usize = 65_536;

/// How long the backend takes for a load.
const LOAD: Duration = Duration::from_millis(1);

struct Mixed {
    keys: Arc<Vec<String>>,
    drawn: Arc<Vec<u64>>,
}

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let keys = (0..u64::from(KEYS)).map(String::numbered).collect();
    let mixed = Mixed {
        keys: Arc::new(keys),
        drawn: Arc::new(draw(KEYS, CALLS)),
    };
    vec![Table {
        title: "A mixed load",
        method: "Tasks on two workers call 10,000 keys drawn by Zipf's law with skew 1, one call \
                 after another, over a backend that takes a millisecond. Processor time of the \
                 process for each call; caches would not load.",
        columns: vec![
            Column {
                name: "256 tasks",
                unit: Unit::Nanoseconds,
            },
            Column {
                name: "1,024 tasks",
                unit: Unit::Nanoseconds,
            },
        ],
        rows: interleaved(&mixed, &peers::all(), rounds),
        goals: vec![
            Goal::ratio(0, BEST_SINGLEFLIGHT, 0.9),
            Goal::ratio(1, BEST_SINGLEFLIGHT, 0.9),
        ],
    }]
}

impl Probe for Mixed {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::KEYED || P::KIND == Kind::Cache {
            return vec![None, None];
        }
        vec![
            Some(self.per_call::<P>(256)),
            Some(self.per_call::<P>(1_024)),
        ]
    }
}

impl Mixed {
    fn per_call<P: Peer>(&self, tasks: usize) -> f64 {
        let runtime = workers(2);
        let group = Arc::new(P::Group::<String, u64>::default());
        let start = process_time();
        runtime.block_on(async {
            let client = |task| self.client::<P>(&group, task, tasks);
            let clients: Vec<_> = (0..tasks).map(|task| tokio::spawn(client(task))).collect();
            for client in clients {
                client.await.expect("a client finishes");
            }
        });
        // What a thread has used is fully accounted for once it has ended.
        drop(runtime);
        let spent = process_time().saturating_sub(start);
        spent.as_secs_f64() * 1e9 / CALLS as f64
    }

    /// Returns what one task does: every so-many-th of the drawn keys.
    fn client<P: Peer>(
        &self,
        group: &Arc<P::Group<String, u64>>,
        task: usize,
        tasks: usize,
    ) -> impl Future<Output = ()> + Send + use<P> {
        let group = Arc::clone(group);
        let (keys, drawn) = (Arc::clone(&self.keys), Arc::clone(&self.drawn));
        async move {
            for &number in drawn.iter().skip(task).step_by(tasks) {
                let load = move || async move {
                    tokio::time::sleep(LOAD).await;
                    number
                };
                let output = group.call(&keys[number as usize], load).await;
                assert!(P::Group::<String, u64>::answer(output) == Ok(number));
            }
        }
    }
}
