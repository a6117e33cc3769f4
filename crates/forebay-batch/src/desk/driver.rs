//! What carries out calls: one task for each burst of batches, and none when idle.
//!
//! A driver takes a start, gathers, waits for a permit, and only then seals a batch: what came in
//! the meantime goes along. When its call has ended it takes the next start, if there is one.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};

use forebay_core::LoadError;
use forebay_rt::panic_message;

use crate::desk::hooks::Guard;
use crate::desk::{Desk, Work};
use crate::queue::{BatchId, LaneId, Start};

/// A backend, as drivers call it.
pub(crate) trait Calls<W, X, E>: Send + Sync + 'static {
    /// Seals a batch for the start that is held, carries it out and lets it land; returns the start
    /// to go on with.
    fn run(
        &self,
        held: &mut Held<W, X, E>,
        permit: Result<(), LoadError<E>>,
    ) -> impl Future<Output = Option<Start>> + Send
    where
        W: Work<Own = X, Error = E>,
        X: Send + Sync + 'static,
        E: Send + Sync + 'static;
}

/// What a driver holds, and gives back however it ends.
pub(crate) struct Held<W, X, E>
where
    W: Work<Own = X, Error = E>,
    X: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) desk: Arc<Desk<W, X, E>>,
    phase: Phase,
}

#[derive(Clone, Copy)]
enum Phase {
    Starting(Start),
    Calling(Start, BatchId),
    Idle,
}

impl<W, X, E> Held<W, X, E>
where
    W: Work<Own = X, Error = E>,
    X: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) const fn new(desk: Arc<Desk<W, X, E>>, start: Start) -> Self {
        let phase = Phase::Starting(start);
        Self { desk, phase }
    }

    /// The start that has sealed nothing yet.
    pub(crate) const fn start(&self) -> Option<Start> {
        match self.phase {
            Phase::Starting(start) => Some(start),
            Phase::Calling(..) | Phase::Idle => None,
        }
    }

    pub(crate) const fn seals(&mut self, start: Start, batch: BatchId) {
        self.phase = Phase::Calling(start, batch);
    }

    /// The queue has everything back.
    pub(crate) const fn gave_back(&mut self) {
        self.phase = Phase::Idle;
    }
}

impl<W, X, E> Drop for Held<W, X, E>
where
    W: Work<Own = X, Error = E>,
    X: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn drop(&mut self) {
        match self.phase {
            Phase::Starting(start) => self.desk.lose_start(start),
            Phase::Calling(start, batch) => W::lose_call(&self.desk, start, batch),
            Phase::Idle => {}
        }
    }
}

/// Carries out calls until there is no further start.
pub(crate) async fn drive<W, X, E, C>(calls: C, mut held: Held<W, X, E>)
where
    W: Work<Own = X, Error = E>,
    X: Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Calls<W, X, E>,
{
    let mut is_first = true;
    while let Some(start) = held.start() {
        let is_first = std::mem::replace(&mut is_first, false);
        if start.gathers() && held.desk.rounds > 0 {
            gather(&held.desk, start).await;
        } else if !is_first {
            // Others run between two calls, even when batches are full and the backend never waits.
            requeue().await;
        }
        let next = match acquire(&held.desk, start).await {
            Ok(Some(_guard)) => calls.run(&mut held, Ok(())).await,
            Ok(None) => {
                held.gave_back();
                held.desk.release(start)
            }
            Err(error) => calls.run(&mut held, Err(error)).await,
        };
        if let Some(next) = next {
            held.phase = Phase::Starting(next);
        }
    }
}

/// Lets others run who may bring more: once, and again as long as they do.
///
/// Most of what comes together comes from tasks that were woken together, and they are all ahead
/// of this one in its executor's queue.
async fn gather<W, X, E>(desk: &Desk<W, X, E>, start: Start)
where
    W: Work<Own = X, Error = E>,
{
    let mut arrived = start.arrived;
    if desk.driving.is_inline() && desk.work().queue().progress(start.lane).0 == arrived {
        // Whoever polls it was woken for that, so a round is over.
        return;
    }
    for _ in 0..desk.rounds {
        requeue().await;
        let before = arrived;
        let is_full;
        (arrived, is_full) = desk.work().queue().progress(start.lane);
        if is_full || arrived == before {
            return;
        }
    }
}

/// Goes to the end of the executor's queue.
async fn requeue() {
    let mut requeued = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut requeued, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Waits for a permit; `None` if there is nothing left to start, and then none is asked for.
///
/// A start for what a call in flight waits for goes without: that call may hold the last permit.
async fn acquire<W, X, E>(desk: &Desk<W, X, E>, start: Start) -> Result<Option<Guard>, LoadError<E>>
where
    W: Work<Own = X, Error = E>,
{
    let Some(permits) = desk.permits.as_ref().filter(|_| !start.is_nested()) else {
        return Ok(Some(Guard::none()));
    };
    let mut parked = Parked {
        desk,
        lane: start.lane,
        place: None,
    };
    let mut permit = None;
    poll_fn(|cx| {
        if parked.is_surplus(cx.waker()) {
            return Poll::Ready(Ok(None));
        }
        let poll = || {
            let permit = permit.get_or_insert_with(|| permits.ask());
            permit.as_mut().poll(cx)
        };
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(guard))) => Poll::Ready(Ok(Some(guard))),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(Err(LoadError::from(error))),
            Err(payload) => Poll::Ready(Err(LoadError::Panicked(panic_message(&*payload)))),
        }
    })
    .await
}

/// A driver that is to be woken when there is nothing left to start, until it is dropped.
struct Parked<'a, W: Work<Own = X, Error = E>, X, E> {
    desk: &'a Desk<W, X, E>,
    lane: LaneId,
    place: Option<usize>,
}

impl<W: Work<Own = X, Error = E>, X, E> Parked<'_, W, X, E> {
    fn is_surplus(&mut self, driver: &Waker) -> bool {
        let mut work = self.desk.work();
        let queue = work.queue();
        let (is_surplus, garbage) = queue.is_surplus(self.lane, &mut self.place, driver);
        drop(work);
        drop(garbage);
        is_surplus
    }
}

impl<W: Work<Own = X, Error = E>, X, E> Drop for Parked<'_, W, X, E> {
    fn drop(&mut self) {
        let garbage = self.desk.work().queue().unpark(self.lane, self.place);
        drop(garbage);
    }
}
