//! Readers in threads, each with pauses of its own.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use forebay_events::{
    BoxFuture, Publisher, RecvError, Retention, Runtime, RuntimeGone, Subscription,
};
use futures::executor::block_on;
use futures::future::{join_all, poll_fn};

const THREADS: u64 = 4;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// A small generator of numbers: the threads must not share one.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(number: u64) -> Self {
        Self(SEED ^ (number + 1))
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// Most often little, and seldom much: about one in `k` is as large as `k`.
    pub(crate) fn zipf(&mut self, end: u64) -> u64 {
        end / (1 + self.below(end)) - 1
    }
}

/// Lets other readers of the thread run `times` times.
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

/// Runs every task in a thread of its own.
struct Threads;

impl Runtime for Threads {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        thread::spawn(|| block_on(task));
        Ok(())
    }
}

/// An event that is counted while it lives.
pub(crate) struct Event {
    pub(crate) number: u64,
    alive: Arc<AtomicU64>,
}

impl Event {
    pub(crate) fn new(number: u64, alive: &Arc<AtomicU64>) -> Self {
        alive.fetch_add(1, SeqCst);
        let alive = Arc::clone(alive);
        Self { number, alive }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, SeqCst);
    }
}

pub(crate) type Log = Publisher<Event>;
pub(crate) type Reader = Subscription<Event>;

pub(crate) fn log(is_pumped: bool, retention: Retention) -> Log {
    let builder = Publisher::builder().retention(retention);
    let builder = match is_pumped {
        true => builder.runtime(Threads),
        false => builder.inline(),
    };
    builder.build().expect("the settings are right")
}

/// Publishes so many appends, of one event or of some, numbered from `first` on; returns the number
/// after the last.
pub(crate) fn write(
    log: &mut Log,
    numbers: &mut Numbers,
    alive: &Arc<AtomicU64>,
    appends: u64,
) -> u64 {
    let mut next = 0;
    for sequence in 1..=appends {
        let count = match numbers.below(4) {
            0 => 1 + numbers.below(20),
            _ => 1,
        };
        let events = (next..next + count).map(|number| Event::new(number, alive));
        assert!(log.append_all(sequence, events).is_ok());
        next += count;
        (0..numbers.zipf(16)).for_each(|_| thread::yield_now());
    }
    next
}

/// What a reader has got so far, and how its log ended for it.
pub(crate) struct Got {
    pub(crate) next: u64,
    pub(crate) missed: u64,
    pub(crate) end: RecvError<std::convert::Infallible>,
}

/// Reads to the end in every way there is, with pauses; goes on after a gap.
async fn read(mut reader: Reader, mut numbers: Numbers, first: u64) -> Got {
    let (mut next, mut missed) = (first, 0);
    loop {
        yields(numbers.zipf(64)).await;
        let got = match numbers.below(4) {
            0 => {
                let got = reader.next_slice().await;
                got.map(|slice| {
                    assert!(
                        slice
                            .iter()
                            .zip(next..)
                            .all(|(event, it)| event.number == it)
                    );
                    slice.len() as u64
                })
            }
            1 => match reader.try_next() {
                Ok(None) => continue,
                Ok(Some(event)) => {
                    assert_eq!(event.number, next);
                    Ok(1)
                }
                Err(error) => Err(error),
            },
            _ => {
                let got = reader.next().await;
                got.map(|event| {
                    assert_eq!(event.number, next);
                    1
                })
            }
        };
        match got {
            Ok(count) => next += count,
            Err(RecvError::Lagged { missed: at_least }) => {
                let skipped = reader.skip_to_oldest();
                // Others may have let go of more in between.
                assert!(skipped >= at_least);
                next += skipped;
                missed += skipped;
            }
            Err(end) => return Got { next, missed, end },
        }
    }
}

/// Runs `readers` in threads while `writes` runs in this one; returns what they got, and what that
/// returned.
pub(crate) fn beside<W>(readers: Vec<Reader>, writes: impl FnOnce() -> W) -> (Vec<Got>, W) {
    let start = Barrier::new(THREADS as usize + 1);
    let share = readers.len().div_ceil(THREADS as usize);
    let mut readers = readers.into_iter();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let readers: Vec<_> = readers.by_ref().take(share).collect();
                let start = &start;
                scope.spawn(move || {
                    let reads = (0..).zip(readers).map(|(number, reader)| {
                        read(reader, Numbers::new(thread << 32 | number), 0)
                    });
                    let reads: Vec<_> = reads.collect();
                    start.wait();
                    block_on(join_all(reads))
                })
            })
            .collect();
        start.wait();
        let written = writes();
        let got = threads.into_iter().flat_map(|thread| {
            let got = thread.join();
            got.expect("a reader found what it should not have")
        });
        (got.collect(), written)
    })
}
