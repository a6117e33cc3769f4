//! Real threads on a few hot keys. Nothing here depends on the schedule.
//!
//! * Two loads of a key never run at the same time, although callers are cancelled all the time.
//! * A call that starts after another one got its answer gets a newer answer.
//! * A call that starts after a write and a `forget` sees that write.
//! * Every call that is polled when it is woken comes to an end, and nothing is left behind.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread;

use forebay_core::LoadError;
use forebay_singleflight::{Handover, Singleflight, WhenFull};
use futures::executor::block_on;
use futures::future::poll_fn;
use futures::stream::{FuturesUnordered, StreamExt};

type Group = Singleflight<usize, u64>;

const THREADS: u64 = 4;
const KEYS: usize = 3;
/// Calls of one thread that are under way at a time.
const CONCURRENT: usize = 16;

/// What the loads of one key do to one another.
#[derive(Default)]
struct Row {
    loading: AtomicBool,
    /// How often a load began while another one ran.
    overlaps: AtomicU64,
    /// How many loads have ended.
    loaded: AtomicU64,
    /// The newest answer that a caller holds.
    answered: AtomicU64,
}

/// Held by a load while it runs.
struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    fn begin(row: &'a Row) -> Self {
        // Counted, because a panic here would pass for one of the load's own.
        let overlaps = row.loading.swap(true, SeqCst);
        row.overlaps.fetch_add(overlaps.into(), SeqCst);
        Self(&row.loading)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
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

/// Lets other calls run `times` times.
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

/// Polls a future a few times at most, and catches its panic.
struct Patient<F> {
    future: Option<F>,
    polls: u64,
}

impl<F: Future + Unpin> Future for Patient<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(future) = &mut this.future else {
            return Poll::Ready(None);
        };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(future).poll(cx)));
        this.polls = this.polls.saturating_sub(1);
        match polled {
            Ok(Poll::Pending) if this.polls > 0 => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            // It has panicked, or its time is up.
            _ => {
                this.future = None;
                Poll::Ready(None)
            }
        }
    }
}

async fn call(group: &Group, rows: &[Row], key: usize, steps: u64, polls: u64, panics: bool) {
    let row = &rows[key];
    let seen = row.answered.load(SeqCst);
    let load = async || {
        let running = Running::begin(row);
        yields(steps).await;
        let answer = row.loaded.fetch_add(1, SeqCst) + 1;
        drop(running);
        if panics {
            // Past the panic hook, which would print a report.
            resume_unwind(Box::new("poisoned row"));
        }
        answer
    };
    let future = Some(Box::pin(group.work(&key, load)));
    match (Patient { future, polls }).await {
        Some(Ok(answer)) => {
            assert!(answer > seen, "{answer} was there before: {seen}");
            row.answered.fetch_max(answer, SeqCst);
        }
        Some(Err(LoadError::Panicked(_))) | None => {}
        Some(Err(error)) => panic!("{error}"),
    }
}

fn run_thread(group: &Group, rows: &[Row], seed: u64, calls: u64, panics: bool) {
    let mut numbers = Numbers(seed);
    let mut under_way = FuturesUnordered::new();
    block_on(async {
        for _ in 0..calls {
            let key = numbers.below(KEYS as u64) as usize;
            let steps = numbers.below(4);
            // One in five is cancelled after a few polls, unless it is faster than that.
            let polls = match numbers.below(5) {
                0 => 1 + numbers.below(3),
                _ => u64::MAX,
            };
            let panics = panics && numbers.below(20) == 0;
            under_way.push(call(group, rows, key, steps, polls, panics));
            if under_way.len() == CONCURRENT {
                under_way.next().await;
            }
        }
        while under_way.next().await.is_some() {}
    });
}

fn stress(group: &Group, calls: u64, panics: bool) {
    let rows: Vec<_> = (0..KEYS).map(|_| Row::default()).collect();
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (rows, start) = (&rows, &start);
            scope.spawn(move || {
                start.wait();
                let seed = 0x9E37_79B9_7F4A_7C15 ^ (thread + 1);
                run_thread(group, rows, seed, calls / THREADS, panics);
            });
        }
    });
    assert_eq!(group.in_flight(), 0);
    for row in &rows {
        assert_eq!(row.overlaps.load(SeqCst), 0);
        assert!(!row.loading.load(SeqCst));
    }
    let stats = group.stats();
    assert!(stats.leads > 0 && stats.joins > 0, "{stats:?}");
}

#[test]
fn loads_never_overlap_and_no_answer_is_stale() {
    stress(&Group::new(), 64_000, false);
}

#[test]
fn loads_that_panic_leave_nothing_behind() {
    stress(&Group::new(), 16_000, true);
}

#[test]
fn waking_everybody_makes_no_second_leader() {
    let builder = Group::builder().handover(Handover::All);
    stress(&builder.build().unwrap(), 16_000, true);
}

#[test]
fn no_permit_is_lost() {
    let builder = Group::builder().max_leaders(1, WhenFull::Wait);
    stress(&builder.build().unwrap(), 16_000, true);
}

#[test]
fn call_after_a_write_and_a_forget_sees_the_write() {
    let group = Group::new();
    let written = AtomicU64::new(0);
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (group, written, start) = (&group, &written, &start);
            scope.spawn(move || {
                start.wait();
                let mut numbers = Numbers(thread + 1);
                for _ in 0..4_000 {
                    let wrote = (numbers.below(4) == 0).then(|| {
                        let wrote = written.fetch_add(1, SeqCst) + 1;
                        group.forget(&0);
                        wrote
                    });
                    let steps = numbers.below(4);
                    let load = async || {
                        let read = written.load(SeqCst);
                        yields(steps).await;
                        read
                    };
                    let read = block_on(group.work(&0, load)).unwrap();
                    assert!(Some(read) >= wrote, "read {read} after writing {wrote:?}");
                }
            });
        }
    });
    assert_eq!(group.in_flight(), 0);
}
