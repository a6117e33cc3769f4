//! What carries out calls: one task for each burst of batches, and none when idle.
//!
//! A driver takes a start, gathers, waits for a permit, and only then seals a batch: what came in
//! the meantime goes along. When its call has ended it takes the next start, if there is one.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Poll, Waker};

use forebay_core::LoadError;
use forebay_rt::panic_message;

use crate::hooks::{Guard, Permits};
use crate::queue::{BatchId, LaneId, Start};

/// A queue of work whose batches a driver carries out.
pub(crate) trait Job: Send + Sized + 'static {
    /// How the backend fails.
    type Error: Send + Sync + 'static;

    /// How many rounds a driver gathers for at most.
    fn rounds(&self) -> u32;

    fn permits(&self) -> Option<&Permits<Self::Error>>;

    /// How many units have come to a lane, and whether there is a full batch of them.
    fn progress(&self, lane: LaneId) -> (u64, bool);

    /// Whether a start has nothing to seal; if not, `waker` is woken when that is so.
    fn is_surplus(&self, start: Start, place: &mut Option<usize>, waker: &Waker) -> bool;

    /// Forgets the waker that `is_surplus` has noted.
    fn unpark(&self, start: Start, place: Option<usize>);

    /// Seals a batch, carries it out and lets it land; returns the start to go on with.
    fn run(
        held: &mut Held<Self>,
        permit: Result<(), LoadError<Self::Error>>,
    ) -> impl Future<Output = Option<Start>> + Send;

    /// Gives a start back that has sealed nothing; returns the start to go on with.
    fn release(&self, start: Start) -> Option<Start>;

    /// The driver was dropped before its start had sealed anything: those who wait have to find
    /// another one.
    fn lose_start(&self, start: Start);

    /// The driver was dropped during the call of this batch.
    fn lose_call(&self, start: Start, batch: BatchId);
}

/// A job, and what its driver holds and gives back however it ends.
pub(crate) struct Held<J: Job> {
    pub(crate) job: J,
    phase: Phase,
}

#[derive(Clone, Copy)]
enum Phase {
    Starting(Start),
    Calling(Start, BatchId),
    Idle,
}

impl<J: Job> Held<J> {
    pub(crate) const fn new(job: J, start: Start) -> Self {
        let phase = Phase::Starting(start);
        Self { job, phase }
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

impl<J: Job> Drop for Held<J> {
    fn drop(&mut self) {
        match self.phase {
            Phase::Starting(start) => self.job.lose_start(start),
            Phase::Calling(start, batch) => self.job.lose_call(start, batch),
            Phase::Idle => {}
        }
    }
}

/// Carries out calls until there is no further start.
pub(crate) async fn drive<J: Job>(mut held: Held<J>) {
    while let Some(start) = held.start() {
        if start.gathers() {
            gather(&held.job, start).await;
        }
        let next = match acquire(&held.job, start).await {
            Ok(Some(_guard)) => J::run(&mut held, Ok(())).await,
            Ok(None) => {
                held.gave_back();
                held.job.release(start)
            }
            Err(error) => J::run(&mut held, Err(error)).await,
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
async fn gather<J: Job>(job: &J, start: Start) {
    let mut arrived = start.arrived;
    for _ in 0..job.rounds() {
        requeue().await;
        let before = arrived;
        let is_full;
        (arrived, is_full) = job.progress(start.lane);
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

/// Waits for a permit; `None` if there is nothing left to start.
///
/// A start for what a call in flight waits for goes without: that call may hold the last permit.
async fn acquire<J: Job>(job: &J, start: Start) -> Result<Option<Guard>, LoadError<J::Error>> {
    let Some(permits) = job.permits().filter(|_| !start.is_nested()) else {
        return Ok(Some(Guard::none()));
    };
    let mut permit = match catch_unwind(AssertUnwindSafe(|| permits.ask())) {
        Ok(permit) => permit,
        Err(payload) => return Err(LoadError::Panicked(panic_message(&*payload))),
    };
    let mut place = None;
    let acquired = poll_fn(|cx| {
        if job.is_surplus(start, &mut place, cx.waker()) {
            return Poll::Ready(Ok(None));
        }
        match catch_unwind(AssertUnwindSafe(|| permit.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(guard))) => Poll::Ready(Ok(Some(guard))),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(Err(LoadError::from(error))),
            Err(payload) => Poll::Ready(Err(LoadError::Panicked(panic_message(&*payload)))),
        }
    })
    .await;
    job.unpark(start, place);
    acquired
}
