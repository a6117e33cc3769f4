//! The load of one call: its closure, then its future, with the permit that it needs to run.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::cycle::{self, FlightId};
use crate::info::Role;
use crate::observe::{Event, LoadSpan, Meter, Spanned};
use crate::permits::Permits;
use crate::waiters::{NOWHERE, Place};

pin_project! {
    #[project = LoadingProjection]
    #[project_replace = LoadingTaken]
    pub(crate) enum Loading<F, Fut> {
        Idle { closure: F, queued: Place },
        Running { #[pin] future: Spanned<Fut> },
        Gone,
    }
}

/// What a load needs of its group.
pub(crate) struct Surroundings<'a> {
    pub(crate) permits: Option<&'a Permits>,
    pub(crate) meter: &'a Meter,
    pub(crate) name: &'a str,
    pub(crate) flight: FlightId,
    pub(crate) role: Role,
}

/// How a load ended.
pub(crate) enum Loaded<T> {
    Output(T, LoadSpan),
    Panicked(Box<dyn Any + Send>, LoadSpan),
    /// It was not begun, because too many others were running.
    Rejected,
}

impl<F, Fut> Loading<F, Fut> {
    pub(crate) const fn new(closure: F) -> Self {
        Self::Idle {
            closure,
            queued: NOWHERE,
        }
    }

    /// Drops the load, or what is left of it, and gives back its permit or its place in the queue
    /// for one, also if dropping panics.
    pub(crate) fn stop(mut self: Pin<&mut Self>, permits: Option<&Permits>) {
        let _permit = match (permits, self.as_mut().project()) {
            (Some(permits), LoadingProjection::Running { .. }) => Some(GiveBack(permits, NOWHERE)),
            (Some(permits), LoadingProjection::Idle { queued, .. }) if *queued != NOWHERE => {
                Some(GiveBack(permits, *queued))
            }
            _ => None,
        };
        self.set(Self::Gone);
    }
}

impl<F, Fut> Loading<F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    pub(crate) fn poll_load(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        group: &Surroundings<'_>,
    ) -> Poll<Loaded<Fut::Output>> {
        if let LoadingProjection::Idle { queued, .. } = self.as_mut().project() {
            if let Some(permits) = group.permits
                && !ready!(permits.poll_acquire(queued, cx.waker()))
            {
                return Poll::Ready(Loaded::Rejected);
            }
            if let Err(payload) = self.as_mut().begin(group) {
                return Poll::Ready(Loaded::Panicked(payload, LoadSpan::none()));
            }
        }
        let LoadingProjection::Running { mut future } = self.project() else {
            unreachable!("a load that has ended is not polled")
        };
        let poll = || cycle::polling(group.flight, || future.as_mut().poll(cx));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Loaded::Output(output, LoadSpan::of(&future))),
            Err(payload) => Poll::Ready(Loaded::Panicked(payload, LoadSpan::of(&future))),
        }
    }

    /// Calls the closure.
    fn begin(
        mut self: Pin<&mut Self>,
        group: &Surroundings<'_>,
    ) -> Result<(), Box<dyn Any + Send>> {
        // If the closure panics there is no future that would give the permit back.
        let permit = group.permits.map(|permits| GiveBack(permits, NOWHERE));
        let LoadingTaken::Idle { closure, .. } = self.as_mut().project_replace(Self::Gone) else {
            unreachable!("a load begins once")
        };
        group.meter.count(Event::Load);
        let call = || cycle::polling(group.flight, closure);
        let future = catch_unwind(AssertUnwindSafe(call))?;
        let future = LoadSpan::begin(group.name, group.role.name(), future);
        self.set(Self::Running { future });
        std::mem::forget(permit);
        Ok(())
    }
}

/// A permit, or a place in the queue for one, which goes back when this is dropped.
struct GiveBack<'a>(&'a Permits, Place);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        match self.1 {
            NOWHERE => self.0.release(),
            queued => self.0.abandon(queued),
        }
    }
}
