//! Real threads on a few hot keys. Nothing here depends on the schedule.
//!
//! * Every load gets the answer of its own key, or a failure that the backend has had.
//! * A load that starts after a write and a clear sees that write; a fresh one sees every write that
//!   was there before it.
//! * No more calls run than may, and none has a key twice or more keys than it may.
//! * Every load that is polled when it is woken comes to an end, although callers are cancelled all
//!   the time, and nothing is left behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "stress/executor.rs"]
mod executor;

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use forebay_batch::{Batcher, BoxFuture, Builder, OnError, PerRequest, Runtime, RuntimeGone};
use forebay_core::{Answers, LoadBatch, LoadError, LoadResult};
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::future::poll_fn;
use futures::stream::{FuturesUnordered, StreamExt};

const THREADS: u64 = 4;
const KEYS: u64 = 12;
const BATCH_MAX: usize = 5;
const CALLS_MAX: usize = 3;
/// Loads of one thread that are under way at a time.
const CONCURRENT: usize = 16;

/// What is stored, and what has gone wrong.
#[derive(Default)]
struct Rows {
    /// How often each row was written.
    written: [AtomicU64; KEYS as usize],
    /// The last write of each row after which it was cleared.
    cleared: [AtomicU64; KEYS as usize],
    running: AtomicUsize,
    calls: AtomicU64,
    /// Calls that had too many keys, or one twice, or ran beside too many. Counted, because a panic
    /// would pass for one of the backend's own.
    wrong: AtomicU64,
}

/// A row: its key, and how often it had been written.
type Row = (u64, u64);

#[derive(Clone)]
struct Backend {
    rows: Arc<Rows>,
    fails: bool,
}

/// A small generator of numbers: the threads must not share one.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Lets others run `times` times.
async fn yields(mut times: u64) {
    poll_fn(|cx| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Held by a call while it runs.
struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl LoadBatch<u64> for Backend {
    type Value = Row;
    type Error = &'static str;

    async fn load_batch(
        &self,
        keys: &[u64],
        answers: &mut Answers<'_, u64, Row, &'static str>,
    ) -> Result<(), &'static str> {
        let rows = &*self.rows;
        let others = rows.running.fetch_add(1, SeqCst);
        let _running = Running(&rows.running);
        let mut unique = keys.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let is_wrong = unique.len() != keys.len() || keys.len() > BATCH_MAX || others >= CALLS_MAX;
        rows.wrong.fetch_add(is_wrong.into(), SeqCst);

        // The first numbers of neighbouring seeds are neighbours, too.
        let mut numbers = Numbers(rows.calls.fetch_add(1, SeqCst) * 2 + 1);
        for _ in 0..10 {
            numbers.below(2);
        }
        let read = keys
            .iter()
            .map(|key| (*key, rows.written[*key as usize].load(SeqCst)));
        let read: Vec<Row> = read.collect();
        yields(numbers.below(4)).await;
        let fate = if self.fails { numbers.below(20) } else { 20 };
        if fate == 0 {
            return Err("connection lost");
        }
        for (position, row) in read.into_iter().enumerate() {
            answers.set(position, row);
            if fate == 1 && position == 0 {
                // Past the panic hook, which would print a report.
                resume_unwind(Box::new("poisoned row"));
            }
        }
        Ok(())
    }
}

/// A thread that runs tasks, and counts those that are not complete.
#[derive(Clone)]
struct Worker {
    tasks: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    alive: Arc<AtomicUsize>,
}

impl Worker {
    fn new() -> Self {
        let (tasks, new) = mpsc::unbounded();
        let alive = Arc::<AtomicUsize>::default();
        let ended = Arc::clone(&alive);
        thread::spawn(move || {
            let mut running = FuturesUnordered::<BoxFuture<'static, ()>>::new();
            let mut new = Some(new);
            block_on(poll_fn(|cx| {
                while let Some(tasks) = &mut new {
                    match tasks.poll_next_unpin(cx) {
                        Poll::Ready(Some(task)) => running.push(task),
                        Poll::Ready(None) => new = None,
                        Poll::Pending => break,
                    }
                }
                while let Poll::Ready(Some(())) = running.poll_next_unpin(cx) {
                    ended.fetch_sub(1, SeqCst);
                }
                if new.is_none() && running.is_empty() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
        });
        Self { tasks, alive }
    }
}

impl Runtime for Worker {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.alive.fetch_add(1, SeqCst);
        self.tasks
            .unbounded_send(task)
            .map_err(|_| RuntimeGone::new())
    }
}

/// So many polls are as many as it takes.
const FOR_EVER: u64 = u64::MAX;

/// Polls a future a few times at most.
struct Patient<F> {
    future: F,
    polls: u64,
}

impl<F: Future + Unpin> Future for Patient<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = Pin::new(&mut self.future).poll(cx) {
            return Poll::Ready(Some(answer));
        }
        if self.polls == FOR_EVER {
            return Poll::Pending;
        }
        self.polls -= 1;
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        // Whoever is woken only with the answer would never leave before it.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

type Loads = Batcher<u64, Row, &'static str>;

/// Checks one answer, of a load that has to see this write at least.
fn check(key: u64, seen: u64, answer: LoadResult<Row, &'static str>, fails: bool) {
    match answer {
        Ok(Some((answered, version))) => {
            assert_eq!(answered, key, "the answer of another key");
            assert!(version >= seen, "key {key}: {version} was before {seen}");
        }
        Err(LoadError::Backend(error)) => assert!(fails && *error == "connection lost"),
        Err(LoadError::Panicked(message)) => assert!(fails && &*message == "poisoned row"),
        other => panic!("{other:?}"),
    }
}

async fn act(loads: &Loads, rows: &Rows, mut numbers: Numbers, fails: bool) {
    // One in five is cancelled after a few polls, unless it is faster than that.
    let polls = match numbers.below(5) {
        0 => 1 + numbers.below(3),
        _ => FOR_EVER,
    };
    let key = numbers.below(KEYS);
    let place = key as usize;
    match numbers.below(20) {
        0 => {
            let version = rows.written[place].fetch_add(1, SeqCst) + 1;
            loads.clear(&key);
            rows.cleared[place].fetch_max(version, SeqCst);
        }
        1 => {
            let written = rows.written.each_ref().map(|row| row.load(SeqCst));
            loads.clear_all();
            for (row, version) in rows.cleared.iter().zip(written) {
                row.fetch_max(version, SeqCst);
            }
        }
        2..=4 => {
            let seen = rows.written[place].load(SeqCst);
            let future = loads.load_fresh(&key);
            if let Some(answer) = (Patient { future, polls }).await {
                check(key, seen, answer, fails);
            }
        }
        5..=8 => {
            let count = numbers.below(12);
            let keys: Vec<u64> = (0..count).map(|_| numbers.below(KEYS)).collect();
            let seen = keys
                .iter()
                .map(|key| rows.cleared[*key as usize].load(SeqCst));
            let seen: Vec<u64> = seen.collect();
            let future = loads.load_many(&keys);
            if let Some(answers) = (Patient { future, polls }).await {
                assert_eq!(answers.len(), keys.len());
                for ((key, seen), answer) in keys.iter().zip(seen).zip(answers) {
                    check(*key, seen, answer, fails);
                }
            }
        }
        _ => {
            let seen = rows.cleared[place].load(SeqCst);
            let future = loads.load(&key);
            if let Some(answer) = (Patient { future, polls }).await {
                check(key, seen, answer, fails);
            }
        }
    }
}

fn run_thread(loads: &Loads, rows: &Rows, seed: u64, count: u64, fails: bool) {
    let mut numbers = Numbers(seed);
    let mut under_way = FuturesUnordered::new();
    block_on(async {
        for _ in 0..count {
            let own = Numbers(numbers.below(u64::MAX) | 1);
            under_way.push(act(loads, rows, own, fails));
            if under_way.len() == CONCURRENT {
                under_way.next().await;
            }
        }
        while under_way.next().await.is_some() {}
    });
}

fn stress(fails: bool, settings: impl FnOnce(Builder<Backend, u64>) -> Builder<Backend, u64>) {
    let rows = Arc::<Rows>::default();
    let worker = Worker::new();
    let backend = Backend {
        rows: Arc::clone(&rows),
        fails,
    };
    let builder = Batcher::builder(backend)
        .runtime(worker.clone())
        .max_batch(BATCH_MAX)
        .max_in_flight(CALLS_MAX);
    let loads = settings(builder).build().unwrap();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (loads, rows) = (&loads, &*rows);
            let seed = 0x9E37_79B9_7F4A_7C15 ^ (number + 1);
            scope.spawn(move || run_thread(loads, rows, seed, 20_000, fails));
        }
    });
    block_on(loads.drain());
    let stats = loads.stats();
    assert_eq!((stats.waiting, stats.running), (0, 0));
    assert_eq!(rows.wrong.load(SeqCst), 0);
    assert!(stats.joins > 0 && stats.cancelled > 0, "{stats:?}");
    drop(loads);
    // The last task may have given everything back and not have returned yet.
    while worker.alive.load(SeqCst) > 0 {
        thread::yield_now();
    }
    assert_eq!(rows.running.load(SeqCst), 0);
}

#[test]
fn loads_get_their_own_answers() {
    stress(false, |builder| builder);
}

#[test]
fn loads_get_their_own_answers_from_a_cache() {
    stress(false, |builder| builder.cache(PerRequest::new()));
}

#[test]
fn loads_get_their_own_answers_or_failures() {
    stress(true, |builder| builder.cache(PerRequest::new()));
}

#[test]
fn loads_get_their_own_answers_where_calls_are_kept_and_made_again() {
    let on_error = OnError::Bisect { max_calls: 10 };
    stress(true, |builder| {
        let builder = builder.keep_abandoned(true).on_error(on_error);
        builder.cache(PerRequest::new())
    });
}

#[test]
fn loads_get_their_own_answers_where_they_carry_calls_out_themselves() {
    stress(false, |builder| builder.inline());
    stress(true, |builder| builder.inline().cache(PerRequest::new()));
}
