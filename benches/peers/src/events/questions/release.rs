//! What does it take to drop a long backlog?

use std::cell::Cell;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use forebay_events::{BoxFuture, Publisher, Runtime, RuntimeGone};

use crate::clock::thread_time;
use crate::entry::{Entry, Kind};
use crate::events::check::check;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer};
use crate::events::peers::forebay::Forebay;
use crate::events::peers::{self, Probe};
use crate::failure::Failure;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::table::{Column, Table, Unit};

/// How many u64 are dropped.
const NUMBERS: u64 = 10_000_000;

/// How many pointers are dropped.
const POINTERS: u64 = 1_000_000;

/// More stack than that no drop may need.
const STACK: usize = 64 << 10;

/// The most rounds, each of which fills and drops gigabytes.
const ROUNDS_MAX: usize = 3;

struct Whole;

struct Longest;

/// An event with memory of its own, whose drops are counted.
#[derive(Clone, Debug)]
struct Counted(Arc<u64>);

thread_local! {
    static DROPPED: Cell<u64> = const { Cell::new(0) };
}

/// A runtime whose tasks are polled by hand.
#[derive(Clone, Default)]
struct ByHand {
    tasks: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let rounds = rounds.min(ROUNDS_MAX);
    let mut longest = vec![with_pump()];
    longest.extend(peers::others());
    vec![
        Table {
            title: "Dropping a backlog of 10,000,000 u64",
            method: "Processor time of the thread that drops the last reader of a log that is gone, \
                     without a runtime, so that nothing is left to others; and whether 64 KiB of \
                     stack are enough.",
            columns: vec![
                Column::new("time", Unit::Milliseconds),
                Column::new("64 KiB of stack", Unit::Verdict),
            ],
            rows: interleaved(&Whole, &peers::all(), rounds),
            goals: vec![Goal::at_most(0, 10.0), Goal::at_least(1, 1.0)],
        },
        Table {
            title: "The longest call while a backlog of 1,000,000 Arc is freed",
            method: "Events that the last reader's drop or a poll in the background frees at most, \
                     and the processor time of the longest one; the background, where there is one, \
                     is polled by hand.",
            columns: vec![
                Column::new("events", Unit::Count),
                Column::new("time", Unit::Nanoseconds),
            ],
            rows: interleaved(&Longest, &longest, rounds),
            goals: vec![Goal::at_most(0, 2_048.0), Goal::at_most(1, 100_000.0)],
        },
    ]
}

impl Probe for Whole {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::KEEPS || !P::CARRIES {
            return vec![None; 2];
        }
        let mut log = P::Log::<u64>::holding(NUMBERS as usize);
        let reader = log.subscribe();
        (0..NUMBERS).for_each(|number| log.append(number));
        drop(log);
        let dropping = move || {
            let start = thread_time();
            drop(reader);
            thread_time().saturating_sub(start)
        };
        // A stack that overflows would end the program.
        let thread = thread::Builder::new().stack_size(STACK).spawn(dropping);
        let spent = thread.expect("there is a thread").join();
        let milliseconds = spent.as_ref().ok().map(|spent| spent.as_secs_f64() * 1e3);
        vec![milliseconds, Some(f64::from(spent.is_ok()))]
    }
}

impl Probe for Longest {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::KEEPS || !P::CARRIES {
            return vec![None; 2];
        }
        longest::<P::Log<Counted>>(P::Log::holding(POINTERS as usize), &ByHand::default())
    }
}

/// Returns our log with the background by hand.
fn with_pump() -> Entry<Longest> {
    Entry {
        name: Forebay::NAME,
        settings: "with a pump",
        kind: Kind::Ours,
        check: check::<Forebay>,
        probe: |_| {
            let background = ByHand::default();
            let log = Publisher::<Counted, Failure>::builder().runtime(background.clone());
            let log = log.build().expect("nothing is wrong with the settings");
            longest(log, &background)
        },
    }
}

fn longest<L: Log<Counted>>(mut log: L, background: &ByHand) -> Vec<Option<f64>> {
    let reader = log.subscribe();
    (0..POINTERS).for_each(|number| log.append(Counted::numbered(number)));
    let steps = [freed_by(|| drop(log)), freed_by(|| drop(reader))];
    let mut steps = steps.to_vec();
    while steps.iter().map(|step| step.0).sum::<u64>() < POINTERS {
        let step = freed_by(|| background.poll());
        assert!(step.0 > 0, "what is left is freed by nobody");
        steps.push(step);
    }
    let events = steps.iter().map(|step| step.0).max().unwrap_or_default();
    let time = steps.iter().map(|step| step.1).max().unwrap_or_default();
    vec![Some(events as f64), Some(time.as_secs_f64() * 1e9)]
}

/// Returns how many events a call drops, and its time.
fn freed_by(call: impl FnOnce()) -> (u64, Duration) {
    let before = DROPPED.get();
    let start = thread_time();
    call();
    let spent = thread_time().saturating_sub(start);
    (DROPPED.get() - before, spent)
}

impl Payload for Counted {
    fn numbered(number: u64) -> Self {
        Self(Arc::new(number))
    }

    fn number(&self) -> u64 {
        *self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.set(DROPPED.get() + 1);
    }
}

impl ByHand {
    /// Polls each task once.
    fn poll(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        let mut cx = Context::from_waker(Waker::noop());
        tasks.retain_mut(|task| task.as_mut().poll(&mut cx) == Poll::Pending);
        self.tasks().extend(tasks);
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<BoxFuture<'static, ()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for ByHand {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _deadline: Duration) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.tasks().push(task);
        Ok(())
    }
}
