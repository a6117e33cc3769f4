//! What happens to readers that wait, and to their wakers.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use super::{Bell, now, now_with};
use crate::allocation::count;
use crate::events::peer::{Log, Peer, Reader, ReaderOf, Stop};

/// How many events rings are to hold.
const HELD: usize = 64;

/// How many waits are dropped.
const CANCELLED: usize = 10_000;

/// How many readers wait.
const READERS: usize = 100;

/// How long something may take that otherwise takes for ever.
const GIVE_UP: Duration = Duration::from_secs(5);

/// What may be wrong with that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// A wait that is dropped costs an event.
    Cancelled,
    /// A wait that is dropped after it was woken costs an event.
    Woken,
    /// Waits that are dropped leave something behind.
    NoTrace,
    /// A waker is woken that is not the reader's any more.
    AnotherWaker,
    /// A waker that panics keeps others asleep.
    Panic,
    /// A waker that panics breaks the log.
    Usable,
    /// A waker that reads never returns.
    Reading,
}

type Waiting = Pin<Box<dyn Future<Output = Result<Vec<u64>, Stop>> + Send>>;

impl Case {
    pub(super) fn passes<P: Peer>(self) -> Option<bool> {
        let case = match self {
            Self::Cancelled => cancelled::<P>,
            Self::Woken => woken::<P>,
            Self::NoTrace => no_trace::<P>,
            Self::AnotherWaker => another_waker::<P>,
            Self::Panic => panic::<P>,
            Self::Usable => usable::<P>,
            Self::Reading => reading::<P>,
        };
        P::PARKS.then(case)
    }
}

fn log<P: Peer>() -> (P::Log<u64>, ReaderOf<P, u64>) {
    let mut log = P::Log::<u64>::holding(HELD);
    let reader = log.subscribe();
    (log, reader)
}

fn cancelled<P: Peer>() -> bool {
    let (mut log, mut reader) = log::<P>();
    let waits = now(&mut reader).is_none();
    log.append(0);
    waits && now(&mut reader) == Some(Ok(vec![0]))
}

fn woken<P: Peer>() -> bool {
    let (mut log, mut reader) = log::<P>();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    {
        let mut read = Box::pin(reader.read(1, Vec::new()));
        let _ = read.as_mut().poll(&mut Context::from_waker(&waker));
        log.append(0);
    }
    let was_woken = bell.rung() == 1;
    was_woken && now(&mut reader) == Some(Ok(vec![0]))
}

fn no_trace<P: Peer>() -> bool {
    let (_log, mut reader) = log::<P>();
    // What is made for the first wait may stay.
    let _ = now(&mut reader);
    let left = count(|| {
        for _ in 0..CANCELLED {
            // Each waker is another one, as it is in a task of its own.
            let waker = Waker::from(Arc::new(Bell::default()));
            let _ = now_with(&mut reader, &waker);
        }
    });
    left.live_bytes < CANCELLED as i64
}

fn another_waker<P: Peer>() -> bool {
    let (mut log, mut reader) = log::<P>();
    let bells = [Arc::new(Bell::default()), Arc::new(Bell::default())];
    let mut read = Box::pin(reader.read(1, Vec::new()));
    for bell in &bells {
        let waker = Waker::from(Arc::clone(bell));
        let _ = read.as_mut().poll(&mut Context::from_waker(&waker));
    }
    log.append(0);
    bells.map(|bell| bell.rung()) == [0, 1]
}

/// Appends an event while readers wait, one of them with a waker that panics; returns how often
/// the others were woken, and the log.
///
/// Neither the log nor a reader is dropped: where a panic has broken them, that would panic again,
/// and end the program.
fn append_to_panicking<P: Peer>() -> (usize, ManuallyDrop<P::Log<u64>>) {
    let mut log = ManuallyDrop::new(P::Log::<u64>::holding(HELD));
    let bell = Arc::new(Bell::default());
    let mut waiting: ManuallyDrop<Vec<Waiting>> = ManuallyDrop::default();
    for index in 0..READERS {
        let waker = if index == READERS / 2 {
            Waker::from(Arc::new(Bell {
                panics: true,
                ..Bell::default()
            }))
        } else {
            Waker::from(Arc::clone(&bell))
        };
        let mut reader = log.subscribe();
        let mut read: Waiting = Box::pin(async move { reader.read(1, Vec::new()).await });
        let _ = read.as_mut().poll(&mut Context::from_waker(&waker));
        waiting.push(read);
    }
    // Whoever panics is not the point.
    let _ = catch_unwind(AssertUnwindSafe(|| log.append(0)));
    (bell.rung(), log)
}

fn panic<P: Peer>() -> bool {
    append_to_panicking::<P>().0 == READERS - 1
}

fn usable<P: Peer>() -> bool {
    let (_, mut log) = append_to_panicking::<P>();
    let mut reader = ManuallyDrop::new(log.subscribe());
    log.append(1);
    now(&mut *reader) == Some(Ok(vec![1]))
}

/// A waker that asks another reader.
struct Asking {
    other: Mutex<Waiting>,
    got: AtomicUsize,
}

impl Wake for Asking {
    fn wake(self: Arc<Self>) {
        let mut other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        let polled = other.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.got
            .fetch_add(usize::from(polled.is_ready()), Ordering::AcqRel);
    }
}

fn reading<P: Peer>() -> bool {
    let (tx, rx) = mpsc::channel();
    // A thread that hangs is left to itself.
    thread::spawn(move || {
        let (mut log, mut reader) = log::<P>();
        let mut other = log.subscribe();
        let asking = Arc::new(Asking {
            other: Mutex::new(Box::pin(async move { other.read(1, Vec::new()).await })),
            got: AtomicUsize::new(0),
        });
        let waker = Waker::from(Arc::clone(&asking));
        let mut read = Box::pin(reader.read(1, Vec::new()));
        let _ = read.as_mut().poll(&mut Context::from_waker(&waker));
        log.append(0);
        // Who hung is not waited for.
        let _ = tx.send(asking.got.load(Ordering::Acquire));
    });
    rx.recv_timeout(GIVE_UP) == Ok(1)
}
