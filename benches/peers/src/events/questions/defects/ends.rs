//! What readers learn of the end of a log.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{Bell, now};
use crate::events::peer::{Log, Peer, Reader, Stop};

/// How many events rings are to hold.
const HELD: usize = 64;

/// What may be wrong with that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// Events before it are lost.
    Before,
    /// Who waits is not told.
    Waiting,
    /// Who comes too late is not told.
    Late,
    /// It is told once only.
    Again,
    /// It looks like that of a writer that was lost.
    Closed,
    /// Its error does not come to everybody.
    Error,
    /// The error is told once only.
    ErrorAgain,
}

impl Case {
    pub(super) fn passes<P: Peer>(self) -> Option<bool> {
        let ends = P::PARKS;
        match self {
            Self::Before => (ends && P::KEEPS && P::CARRIES).then(before::<P>),
            Self::Waiting => ends.then(waiting::<P>),
            Self::Late => ends.then(|| late::<P>(1)),
            Self::Again => ends.then(|| late::<P>(3)),
            Self::Closed => P::CLOSES.then(closed::<P>),
            Self::Error => P::FAILS.then(|| error::<P>(1)),
            Self::ErrorAgain => P::FAILS.then(|| error::<P>(3)),
        }
    }
}

fn before<P: Peer>() -> bool {
    let mut log = P::Log::<u64>::holding(HELD);
    let mut reader = log.subscribe();
    (0..40).for_each(|number| log.append(number));
    drop(log);
    let mut numbers = Vec::new();
    while let Some(Ok(more)) = now(&mut reader) {
        numbers.extend(more);
    }
    numbers.into_iter().eq(0..40)
}

fn waiting<P: Peer>() -> bool {
    let mut log = P::Log::<u64>::holding(HELD);
    let mut reader = log.subscribe();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut cx = Context::from_waker(&waker);
    let mut read = pin!(reader.read(1, Vec::new()));
    let waits = read.as_mut().poll(&mut cx).is_pending();
    drop(log);
    let was_woken = bell.rung() > 0;
    waits && was_woken && matches!(read.poll(&mut cx), Poll::Ready(Err(_)))
}

/// Whether a reader is told of the end this many times.
fn late<P: Peer>(times: usize) -> bool {
    let mut log = P::Log::<u64>::holding(HELD);
    let mut reader = log.subscribe();
    drop(log);
    (0..times).all(|_| matches!(now(&mut reader), Some(Err(_))))
}

fn closed<P: Peer>() -> bool {
    let ends = [Log::close, drop].map(|end: fn(P::Log<u64>)| {
        let mut log = P::Log::<u64>::holding(HELD);
        let mut reader = log.subscribe();
        end(log);
        now(&mut reader)
    });
    ends[0] != ends[1]
}

/// Whether two readers get the error this many times.
fn error<P: Peer>(times: usize) -> bool {
    let mut log = P::Log::<u64>::holding(HELD);
    let readers = [log.subscribe(), log.subscribe()];
    log.append(1);
    log.fail();
    readers.into_iter().all(|mut reader| {
        let mut failed = || now(&mut reader) == Some(Err(Stop::Failed));
        // The first call gives the event.
        !failed() && (0..times).all(|_| failed())
    })
}
