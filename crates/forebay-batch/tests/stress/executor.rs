//! Real threads on one executor. Nothing here depends on the schedule.
//!
//! * Every value is sent at most once, no two calls overlap, and the values of one thread are sent in
//!   the order in which it submitted them.
//! * Everybody who stays gets the one result of its own value, or of the call that had it.
//! * What was refused was never sent; nothing is left behind.
//!
//! On a runtime, and with callers who carry out the calls themselves.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use forebay_batch::{BoxFuture, Execute, ExecuteError, Executor, Runtime, RuntimeGone};
use forebay_core::LoadError;
use futures::executor::block_on;
use futures::future::poll_fn;
use futures::stream::{FuturesUnordered, StreamExt};

const THREADS: u64 = 4;
const ROUNDS: u64 = 3_000;
/// Submissions of one thread that are under way at a time.
const CONCURRENT: usize = 16;

/// Whose value it is, and its number among the thread's own.
type Value = (u64, u64);
type Error = &'static str;
type Values = Executor<Value, Receipt, Error>;

/// That a value was carried out; there is one of it.
struct Receipt(Value);

#[derive(Clone, Default)]
struct Journal {
    sent: Arc<Mutex<Vec<Value>>>,
    calls: Arc<AtomicU64>,
    is_running: Arc<AtomicBool>,
    overlaps: Arc<AtomicU64>,
}

impl Execute<Value> for Journal {
    type Output = Receipt;
    type Error = Error;

    async fn execute(&self, values: Vec<Value>) -> Result<Vec<Result<Receipt, Error>>, Error> {
        let _running = Running::begin(self);
        self.sent
            .lock()
            .expect("nobody panics in it")
            .extend(&values);
        let call = self.calls.fetch_add(1, SeqCst);
        yields(call % 4).await;
        let mut results: Vec<_> = values.into_iter().map(executed).collect();
        match call % 16 {
            3 => return Err("refused"),
            7 => resume_unwind(Box::new("broken")),
            11 => drop(results.pop()),
            _ => {}
        }
        Ok(results)
    }
}

fn executed(value: Value) -> Result<Receipt, Error> {
    if value.1.is_multiple_of(5) {
        Err("fifth")
    } else {
        Ok(Receipt(value))
    }
}

/// Held by a call while it runs.
struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    fn begin(journal: &'a Journal) -> Self {
        let overlaps = journal.is_running.swap(true, SeqCst);
        journal.overlaps.fetch_add(overlaps.into(), SeqCst);
        Self(&journal.is_running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
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

/// Submits a value and polls it a few times at most; returns whether it was refused.
async fn submit(values: &Values, value: Value, polls: Option<u64>) -> bool {
    let mut submission = pin!(values.execute(value));
    let mut left = polls;
    let outcome = poll_fn(|cx| {
        if left == Some(0) {
            return Poll::Ready(None);
        }
        left = left.map(|left| left - 1);
        let poll = submission.as_mut().poll(cx);
        if left.is_some() && poll.is_pending() {
            cx.waker().wake_by_ref();
        }
        poll.map(Some)
    });
    match outcome.await {
        // It left before it had a result.
        None => false,
        Some(Ok(Receipt(own))) => {
            assert_eq!(own, value);
            assert!(!value.1.is_multiple_of(5));
            false
        }
        Some(Err(ExecuteError::WrongLength { sent, got })) => {
            assert_eq!(got + 1, sent);
            false
        }
        Some(Err(ExecuteError::Failed(LoadError::Backend(error)))) => {
            assert!(*error == "refused" || (*error == "fifth" && value.1.is_multiple_of(5)));
            false
        }
        Some(Err(ExecuteError::Failed(LoadError::Panicked(message)))) => {
            assert_eq!(&*message, "broken");
            false
        }
        Some(Err(ExecuteError::Failed(LoadError::Rejected))) => true,
        Some(Err(error)) => panic!("{error:?}"),
    }
}

/// The values of this thread that were refused.
async fn submit_all(values: &Values, thread: u64) -> Vec<Value> {
    let next = Cell::new(0);
    let mut numbers = Numbers(thread + 1);
    let mut under_way = FuturesUnordered::new();
    let mut refused = Vec::new();
    for _ in 0..ROUNDS {
        let polls = (numbers.below(4) == 0).then(|| 1 + numbers.below(3));
        let next = &next;
        under_way.push(async move {
            // The number is taken where the value is submitted: at the first poll.
            let value = (thread, next.replace(next.get() + 1));
            submit(values, value, polls).await.then_some(value)
        });
        if under_way.len() == CONCURRENT {
            refused.extend(under_way.next().await.flatten());
        }
    }
    while let Some(one) = under_way.next().await {
        refused.extend(one);
    }
    refused
}

#[track_caller]
fn stress(values: &Values, journal: &Journal) {
    let barrier = Barrier::new(THREADS as usize);
    let begin = &|thread| {
        barrier.wait();
        block_on(submit_all(values, thread))
    };
    let refused: Vec<Value> = thread::scope(|scope| {
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            threads.push(scope.spawn(move || begin(thread)));
        }
        let refused = threads.into_iter().map(|one| one.join());
        refused
            .flat_map(|one| one.expect("no thread panics"))
            .collect()
    });
    block_on(values.drain());
    assert_eq!(journal.overlaps.load(SeqCst), 0, "calls overlapped");
    let sent = journal.sent.lock().expect("nobody panics in it").clone();
    assert!(refused.iter().all(|value| !sent.contains(value)));
    for thread in 0..THREADS {
        let own = sent.iter().filter(|(owner, _)| *owner == thread);
        let own: Vec<_> = own.map(|(_, number)| *number).collect();
        assert!(own.is_sorted_by(|one, next| one < next), "{own:?}");
    }
    let stats = values.stats();
    assert_eq!((stats.waiting, stats.running), (0, 0));
    assert_eq!(stats.keys, sent.len() as u64);
}

/// Tokio's threads, with a clock that nobody asks.
#[derive(Clone)]
struct Threads(tokio::runtime::Handle);

impl Runtime for Threads {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.0.spawn(task);
        Ok(())
    }
}

#[test]
fn threads_submit_to_one_executor() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("there are threads");
    let journal = Journal::default();
    let values = Executor::builder(journal.clone())
        .max_batch(7)
        .max_waiting(40)
        .runtime(Threads(runtime.handle().clone()))
        .build()
        .expect("the settings are right");
    stress(&values, &journal);
}

#[test]
fn threads_carry_out_the_calls_of_one_executor() {
    let journal = Journal::default();
    let values = Executor::builder(journal.clone())
        .max_batch(7)
        .max_waiting(40)
        .inline()
        .build()
        .expect("the settings are right");
    stress(&values, &journal);
}
