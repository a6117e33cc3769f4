//! What does batching cost for each key, where the backend costs nothing?

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::backend::Instantly;
use crate::batch::burst::{Callers, burst};
use crate::batch::peer::Peer;
use crate::batch::peers::floor::{Bare, Unbatched};
use crate::batch::peers::javascript::{self, Ask};
use crate::batch::peers::{self, Probe};
use crate::clock::thread_time;
use crate::failure::Failure;
use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::runtime::{one_thread, workers};
use crate::table::{Column, Table, Unit};

/// What a key may cost over what it costs unbatched, in nanoseconds.
const OVER_UNBATCHED: f64 = 120.0;

/// What it may cost in times of what the bare rendezvous does.
const OVER_BARE: f64 = 2.0;

/// The bursts of one table.
struct Bursts {
    callers: Callers,
    sizes: &'static [u64],
    /// What JavaScript is asked for each of them, where it knows such callers.
    requests: &'static [&'static str],
}

const TASKS: Bursts = Bursts {
    callers: Callers::Tasks,
    sizes: &[64, 1_024, 16_384],
    requests: &[],
};

const JOINED: Bursts = Bursts {
    callers: Callers::Joined,
    sizes: &[1_024, 16_384],
    requests: &["joined 1024", "joined 16384"],
};

/// Bursts on two threads.
struct OnTwoThreads;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    vec![
        table(
            &TASKS,
            "Processor time for each key, tasks",
            "Loads of different keys at once, each in a task of its own, before a backend that \
             computes its answers at once. Processor time of the one thread, for each key, less \
             what the same tasks cost right before when each asks the backend itself. The median \
             of the rounds.",
            &["64 tasks", "1,024 tasks", "16,384 tasks"],
            rounds,
        ),
        table(
            &JOINED,
            "Processor time for each key, join_all",
            "As above, with all loads in one task, by `join_all`. JavaScript by `Promise.all`, \
             less what bare promises cost there, in the time of its whole process.",
            &["1,024 loads", "16,384 loads"],
            rounds,
        ),
        Table {
            title: "Time for each key on two threads",
            method: "Loads of different keys at once, each in a task of its own, begun by one of \
                     two workers. Time of day for each key, and calls of the backend, of the \
                     quickest burst.",
            columns: vec![
                Column::new("64 tasks", Unit::Nanoseconds),
                Column::new("calls", Unit::Count),
                Column::new("1,024 tasks", Unit::Nanoseconds),
                Column::new("calls", Unit::Count),
            ],
            rows: interleaved(&OnTwoThreads, &peers::all(), rounds),
            goals: Vec::new(),
        },
    ]
}

fn table(
    bursts: &Bursts,
    title: &'static str,
    method: &'static str,
    names: &[&'static str],
    rounds: usize,
) -> Table {
    let mut entries = peers::libraries();
    entries.push(peers::entry::<Bare, _>());
    if !bursts.requests.is_empty() {
        entries.push(javascript::entry());
    }
    entries.push(peers::left_out());
    let bare = Against::Row(Bare::NAME);
    let goals = (0..names.len()).flat_map(|index| {
        [
            Goal::at_most(index, OVER_UNBATCHED),
            Goal::ratio(index, bare, OVER_BARE),
        ]
    });
    Table {
        title,
        method,
        columns: names
            .iter()
            .map(|name| Column::new(name, Unit::Overhead))
            .collect(),
        rows: interleaved(bursts, &entries, rounds),
        goals: goals.collect(),
    }
}

impl Ask for Bursts {
    const SETTINGS: &'static str = "cache off, 1000 keys";

    fn requests(&self) -> Vec<Option<&'static str>> {
        self.requests.iter().copied().map(Some).collect()
    }
}

impl Probe for Bursts {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let cost = |size: &u64| over_unbatched::<P>(self.callers, *size);
        self.sizes.iter().map(cost).collect()
    }
}

/// Whether enough bursts were measured: the least of them counts.
struct Passes {
    begun: Instant,
    done: u32,
    spent: Duration,
}

impl Passes {
    fn begin() -> Self {
        Self {
            begun: Instant::now(),
            done: 0,
            spent: Duration::ZERO,
        }
    }

    /// Counts a pass; returns whether there should be one more.
    ///
    /// Who waits for timers most of the time is given fewer passes.
    fn go_on(&mut self, spent: Duration) -> bool {
        self.done += 1;
        self.spent += spent;
        let is_enough = self.spent >= Duration::from_millis(8)
            || self.begun.elapsed() >= Duration::from_millis(60);
        self.done < 4 || !is_enough
    }
}

/// Returns the processor time for each key of the cheapest burst, less that of the cheapest one
/// without batching, in nanoseconds; `None` when a load fails.
///
/// One follows the other, so that the processor is as fast for both, and they do not take turns, so
/// that neither finds its memory cold.
fn over_unbatched<P: Peer>(callers: Callers, size: u64) -> Option<f64> {
    let floor = least_cost::<Unbatched>(callers, size)?;
    let cost = least_cost::<P>(callers, size)?;
    Some((cost - floor) / size as f64)
}

/// Returns the processor time of the cheapest burst, in nanoseconds; `None` when a load fails.
fn least_cost<P: Peer>(callers: Callers, size: u64) -> Option<f64> {
    one_thread().block_on(async {
        let loader = Arc::new(P::build(Arc::new(Instantly::default())));
        let (mut least, mut first) = (Duration::MAX, 0);
        let mut passes = Passes::begin();
        loop {
            let keys = first..first + size;
            first = keys.end;
            let start = thread_time();
            burst(&loader, callers, keys).await.ok()?;
            let spent = thread_time().saturating_sub(start);
            // The first pass only warms up.
            if passes.done > 0 {
                least = least.min(spent);
            }
            if !passes.go_on(spent) {
                return Some(least.as_secs_f64() * 1e9);
            }
        }
    })
}

impl Probe for OnTwoThreads {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        [64, 1_024]
            .into_iter()
            .flat_map(|size| match quickest::<P>(size) {
                Some((time_ns, calls)) => [Some(time_ns), Some(calls)],
                None => [None, None],
            })
            .collect()
    }
}

/// Returns the time of day for each key of the quickest burst, in nanoseconds, and how many calls
/// it made; `None` when a load fails.
fn quickest<P: Peer>(size: u64) -> Option<(f64, f64)> {
    let measure = async move {
        let backend = Arc::new(Instantly::default());
        let loader = Arc::new(P::build(Arc::clone(&backend)));
        let (mut least, mut calls, mut first) = (Duration::MAX, 0, 0);
        let mut passes = Passes::begin();
        loop {
            let keys = first..first + size;
            first = keys.end;
            let calls_before = backend.calls();
            let start = Instant::now();
            burst(&loader, Callers::Tasks, keys).await?;
            let spent = start.elapsed();
            if passes.done > 0 && spent < least {
                (least, calls) = (spent, backend.calls() - calls_before);
            }
            if !passes.go_on(spent) {
                let each = least.as_secs_f64() * 1e9 / size as f64;
                return Ok::<_, Failure>((each, calls as f64));
            }
        }
    };
    let runtime = workers(2);
    let measured = runtime.block_on(async { tokio::spawn(measure).await });
    measured.ok()?.ok()
}
