//! What batchers and executors have in common: a queue behind a lock, and drivers that carry out
//! what waits in it.

pub(crate) mod settings;
pub(crate) mod hooks;
pub(crate) mod driver;
pub(crate) mod watch;
mod driving;
mod crowd;
mod inline;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use forebay_core::LoadError;
use forebay_rt::alarm::{Alarm, NEVER, Timed, nanos};
use forebay_rt::sync::{AtomicU64, Mutex, MutexGuard, lock};
use forebay_rt::{BoxFuture, RuntimeGone, polling, wake_all};

use crate::desk::driving::Driving;
use crate::desk::hooks::Permits;
use crate::desk::inline::Crowd;
use crate::desk::settings::Settings;
#[cfg(feature = "metrics")]
use crate::observe::Meter;
use crate::observe::{Askers, Beginning, CallSpan, is_traced};
use crate::queue::{BatchId, Beside, Queue, Start, Trigger};

/// What is under the lock of a desk.
pub(crate) trait Work: Sized + Send + 'static {
    /// What a batch holds.
    type Body: Send;
    /// What batches are kept apart by.
    type Group: Send;
    /// What is beside the lock.
    type Own: Send + Sync + 'static;
    /// How the backend fails.
    type Error: Send + Sync + 'static;

    fn queue(&mut self) -> &mut Queue<Self::Body, Self::Group>;

    /// Takes the wakers of all who wait for a batch.
    fn take_wakers(body: &mut Self::Body) -> Vec<Waker>;

    /// Takes the waker of somebody who waits for a batch.
    fn take_waker(body: &mut Self::Body) -> Option<Waker>;

    /// How many wait for a batch.
    fn watchers(body: &Self::Body) -> usize;

    /// Ends a call whose driver is lost.
    fn lose_call(desk: &Desk<Self, Self::Own, Self::Error>, start: Start, batch: BatchId);
}

/// A queue of work, and what its handles, those who wait, and its drivers share.
pub(crate) struct Desk<W, X, E> {
    work: Mutex<W>,
    pub(crate) own: X,
    /// How many rounds a driver gathers for at most.
    pub(crate) rounds: u32,
    /// How long a call may take.
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) permits: Option<Permits<E>>,
    pub(crate) driving: Driving,
    carrier: Arc<dyn Carrier<W, X, E>>,
    /// The number of the last start that was lost with its driver.
    lost: AtomicU64,
    /// What lets batches go whose time has come, where there is such a time.
    window: Option<(Alarm, u64)>,
    #[cfg_attr(
        not(feature = "tracing"),
        allow(dead_code, reason = "only spans say it then")
    )]
    pub(crate) name: Box<str>,
    #[cfg(feature = "metrics")]
    meter: Meter,
    this: Weak<Self>,
}

/// Makes drivers, for a backend whose type nobody else knows.
pub(crate) trait Carrier<W, X, E>: Send + Sync {
    fn carry(&self, desk: Arc<Desk<W, X, E>>, start: Start) -> BoxFuture<'static, ()>;
}

impl<W, X, E> Desk<W, X, E> {
    /// Opens a desk for `work`.
    pub(crate) fn open(
        work: W,
        own: X,
        carrier: Arc<dyn Carrier<W, X, E>>,
        window: Option<Duration>,
        settings: Settings<E>,
    ) -> Arc<Self>
    where
        W: Work<Own = X, Error = E>,
        X: Send + Sync + 'static,
        E: Send + Sync + 'static,
    {
        let alarm = settings.runtime.clone().zip(window);
        let window = alarm.map(|(runtime, window)| (Alarm::new(runtime), nanos(window)));
        Arc::new_cyclic(|this| {
            let crowd: Weak<dyn Crowd> = Weak::<Self>::clone(this);
            Self {
                work: Mutex::new(work),
                own,
                rounds: settings.rounds,
                call_timeout: settings.call_timeout,
                permits: settings.permits,
                driving: Driving::new(settings.runtime, settings.inline.then_some(crowd)),
                carrier,
                lost: AtomicU64::new(0),
                window,
                #[cfg(feature = "metrics")]
                meter: Meter::new(&settings.name),
                name: settings.name,
                this: Weak::clone(this),
            }
        })
    }

    #[inline]
    pub(crate) fn work(&self) -> MutexGuard<'_, W> {
        lock(&self.work)
    }

    /// Whether those who come leave drivers alone for now, so that others can come.
    #[inline]
    pub(crate) const fn is_to_gather(&self) -> bool {
        self.rounds > 0 || !self.driving.is_inline()
    }

    /// The time, where it matters when something came.
    #[inline]
    pub(crate) fn now(&self) -> Option<u64> {
        if self.window.is_some() || is_traced() {
            self.driving.now()
        } else {
            None
        }
    }

    /// The call of this desk within which the thread is running, if it is.
    #[inline]
    pub(crate) fn parent(&self) -> Option<BatchId> {
        polling::innermost(self.address()).map(|(_, batch, _)| batch as BatchId)
    }

    /// What the thread notes while it polls the call of a batch.
    pub(crate) fn frame(&self, batch: BatchId) -> polling::Frame {
        (self.address(), u64::from(batch), 0)
    }

    #[inline]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<W, X, E> Desk<W, X, E>
where
    W: Work<Own = X, Error = E>,
    X: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Begins a driver; there must be nobody's lock around it.
    pub(crate) fn spawn(&self, start: Start) -> Result<(), RuntimeGone> {
        let Some(desk) = self.this.upgrade() else {
            return Err(RuntimeGone::new());
        };
        self.driving.spawn(self.carrier.carry(desk, start))?;
        // A runtime that was shut down may take a task and drop it at once, on this thread.
        if self.lost.load(Ordering::Relaxed) == start.number {
            Err(RuntimeGone::new())
        } else {
            Ok(())
        }
    }

    /// Begins drivers for starts that others can take over where there is no runtime.
    pub(crate) fn spawn_all(&self, starts: impl IntoIterator<Item = Start>) {
        for start in starts {
            // Where that fails, the start is given back, and those who wait for it are woken.
            let _ = self.spawn(start);
        }
    }

    /// Sees to it that a waiting batch is let go when its time comes.
    pub(crate) fn arm(&self, batch: BatchId) -> Result<(), RuntimeGone> {
        let Some((alarm, window)) = &self.window else {
            return Ok(());
        };
        let arrived = self.work().queue().waiting_since(batch);
        match arrived {
            Some(arrived) => alarm.arm(&self.this, arrived.saturating_add(*window)),
            None => Ok(()),
        }
    }

    /// Sees to it that something carries out a batch whose driver or timer may have been lost with
    /// its runtime; fails if there is nothing.
    pub(crate) fn attend(&self, batch: BatchId, start: Option<Start>) -> Result<(), LoadError<E>> {
        if self.set_out(batch, start).is_err() && !self.work().queue().is_attended(batch) {
            return Err(LoadError::Closed);
        }
        // A driver that was woken before the caller left its waker has found nobody to go on.
        self.driving.pass_on();
        Ok(())
    }

    /// Begins a driver for a start, and sees to it that a batch is let go when its time comes.
    pub(crate) fn set_out(&self, batch: BatchId, start: Option<Start>) -> Result<(), RuntimeGone> {
        start.map_or(Ok(()), |start| self.spawn(start))?;
        self.arm(batch)
    }

    /// Gives a start back that has sealed nothing; returns the one to go on with.
    pub(crate) fn release(&self, start: Start) -> Option<Start> {
        let (group, drained, starts) = {
            let mut work = self.work();
            let queue = work.queue();
            let group = queue.release(start);
            (group, queue.drained(), queue.starts())
        };
        drop(group);
        wake_all(drained);
        self.go_on(starts)
    }

    /// Begins drivers for all starts but the first, which the caller goes on with.
    pub(crate) fn go_on(&self, starts: Vec<Start>) -> Option<Start> {
        let mut starts = starts.into_iter();
        let next = starts.next();
        self.spawn_all(starts);
        next
    }

    /// Lets others do what they may do beside a batch that was sealed.
    pub(crate) fn go_beside(&self, beside: Beside) {
        wake_all(beside.surplus);
        self.spawn_all(beside.starts);
    }

    /// Gives back a start whose driver is lost; those who wait look for another one, unless a call
    /// that is in flight goes on to what they wait for.
    pub(crate) fn lose_start(&self, start: Start) {
        self.lost.store(start.number, Ordering::Relaxed);
        let (group, waiting) = {
            let mut work = self.work();
            let group = work.queue().release(start);
            let left = work.queue().unattended();
            let wakers = left.into_iter().flat_map(|batch| {
                let batch = work.queue().batch_mut(batch);
                batch.map_or_else(Vec::new, |batch| W::take_wakers(&mut batch.body))
            });
            (group, wakers.collect::<Vec<_>>())
        };
        drop(group);
        wake_all(waiting);
    }

    /// Brings the metrics up to date when a call has ended that had this many keys.
    #[cfg(feature = "metrics")]
    pub(crate) fn publish(&self, hits: u64, keys: u64) {
        let (before, now) = self.work().queue().unpublished(hits);
        self.meter.publish(&before, &now, keys);
    }

    #[cfg(not(feature = "metrics"))]
    pub(crate) const fn publish(&self, _: u64, _: u64) {
        let _ = self;
    }

    /// The span of a call that is about to begin.
    pub(crate) fn begin_span(
        &self,
        kind: &'static str,
        start: Start,
        keys: usize,
        sealed: (usize, Option<u64>, Askers),
    ) -> CallSpan {
        let (waiters, arrived, askers) = sealed;
        let waited = |arrived: u64| Some(self.driving.now()?.saturating_sub(arrived) / 1_000);
        let beginning = Beginning {
            keys,
            waiters,
            queue_us: arrived.filter(|_| is_traced()).and_then(waited),
            trigger: start.trigger.name(),
        };
        CallSpan::begin(kind, &self.name, &beginning, askers)
    }

    /// Lets everything go that waits; returns how much it is.
    pub(crate) fn dispatch(&self) -> usize {
        self.let_go(|queue| queue.release_all(Trigger::Manual))
    }

    /// Takes in nothing more, and lets everything go that waits.
    pub(crate) fn close(&self) {
        self.let_go(Queue::close);
    }

    fn let_go<T>(&self, release: impl FnOnce(&mut Queue<W::Body, W::Group>) -> T) -> T {
        let (released, starts) = {
            let mut work = self.work();
            let queue = work.queue();
            (release(queue), queue.starts())
        };
        self.spawn_all(starts);
        self.driving.pass_on();
        released
    }
}

/// Takes the wakers of all who wait for batches that have not begun.
fn waiting_wakers<W: Work>(work: &mut W) -> Vec<Waker> {
    let waiting = work
        .queue()
        .batches_mut()
        .filter(|batch| !batch.is_running());
    waiting
        .flat_map(|batch| W::take_wakers(&mut batch.body))
        .collect()
}

/// Letting batches go whose time has come.
impl<W, X, E> Timed for Desk<W, X, E>
where
    W: Work<Own = X, Error = E>,
    X: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn expire(&self, now: u64) -> u64 {
        let window = self.window.as_ref().map_or(0, |(_, window)| *window);
        let oldest = self.let_go(|queue| queue.release_older(now.checked_sub(window)));
        oldest.map_or(NEVER, |oldest| oldest.saturating_add(window))
    }

    fn wake_timed(&self) {
        let waiting = waiting_wakers(&mut *self.work());
        wake_all(waiting);
    }
}
