//! What does a hot key cost from end to end, with the scheduler?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::clock::process_time;
use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::runtime::workers;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::table::{Column, Table, Unit};

/// How many tasks call the key, and how often they do in a round.
const TASKS: [(usize, usize); 3] = [(100, 40), (1_000, 10), (10_000, 3)];

struct HotKey;

/// How many tasks have come so far to a point that all of them pass.
#[derive(Debug)]
struct Countdown {
    left: AtomicUsize,
    none_left: Notify,
}

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let notify = Against::Row("floor: one Notify, no map");
    let mut goals: Vec<Goal> = (0..3)
        .map(|column| Goal::ratio(column, notify, 1.05))
        .collect();
    goals.extend([1, 2].map(|column| Goal::ratio(column, Against::Row("seed"), 0.75)));
    vec![Table {
        title: "A hot key from end to end",
        method: "Tasks on two workers wait for one load; processor time of the process for each \
                 task, from the release of the load until the last task is done.",
        columns: vec![
            Column {
                name: "100 tasks",
                unit: Unit::Nanoseconds,
            },
            Column {
                name: "1,000 tasks",
                unit: Unit::Nanoseconds,
            },
            Column {
                name: "10,000 tasks",
                unit: Unit::Nanoseconds,
            },
        ],
        rows: interleaved(&HotKey, &peers::all(), rounds),
        goals,
    }]
}

impl Probe for HotKey {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES {
            return vec![None; TASKS.len()];
        }
        let runtime = workers(2);
        let per_task = TASKS.map(|(tasks, flights)| {
            let group = Arc::new(P::Group::<String, u64>::default());
            let times = (0..flights).map(|_| flight::<P>(&runtime, &group, tasks));
            let least = times.min().unwrap_or_default();
            Some(least.as_secs_f64() * 1e9 / tasks as f64)
        });
        per_task.to_vec()
    }
}

fn flight<P: Peer>(
    runtime: &Runtime,
    group: &Arc<P::Group<String, u64>>,
    tasks: usize,
) -> Duration {
    let gate = Gate::closed();
    let joining = Arc::new(Countdown::from(tasks));
    let working = Arc::new(Countdown::from(tasks));
    let key: Arc<String> = Arc::new(String::numbered(7));
    for _ in 0..tasks {
        let group = Arc::clone(group);
        let key = Arc::clone(&key);
        let (joining, working) = (Arc::clone(&joining), Arc::clone(&working));
        runtime.spawn(async move {
            joining.pass();
            let output = group.call(&*key, move || gate.pass(7)).await;
            assert!(P::Group::<String, u64>::answer(output) == Ok(7));
            working.pass();
        });
    }
    joining.wait(runtime);
    let start = settled_process_time();
    gate.open();
    working.wait(runtime);
    let spent = settled_process_time().saturating_sub(start);
    group.renew(&key);
    spent
}

/// Returns the processor time of the process once the workers have gone to sleep.
///
/// The system adds up what another thread has used only when it stops running or at its next
/// tick, so a reading beside a busy worker lacks up to a tick, and the least figure of several
/// would be the one that lacks most. The last task has yet to come to its wait, too.
fn settled_process_time() -> Duration {
    std::thread::sleep(Duration::from_millis(5));
    process_time()
}

impl Countdown {
    fn from(tasks: usize) -> Self {
        Self {
            left: AtomicUsize::new(tasks),
            none_left: Notify::new(),
        }
    }

    fn pass(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.none_left.notify_one();
        }
    }

    fn wait(&self, runtime: &Runtime) {
        runtime.block_on(self.none_left.notified());
    }
}
