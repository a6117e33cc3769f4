//! The load of one call: its closure, then its future, with the permit that it needs to run.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use forebay_rt::polling::{Frame, polling};
use pin_project_lite::pin_project;

use crate::info::Role;
use crate::observe::{Event, LoadSpan, Meter, Spanned};
use crate::permits::Permits;
use crate::table::waiters::{NOWHERE, Place};

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
    pub(crate) flight: Frame,
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
    #[inline(always)]
    pub(crate) fn poll_load(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        group: &Surroundings<'_>,
    ) -> Poll<Loaded<Fut::Output>> {
        if let Some(permits) = group.permits
            && let LoadingProjection::Idle { queued, .. } = self.as_mut().project()
            && !ready!(permits.poll_acquire(queued, cx.waker()))
        {
            return Poll::Ready(Loaded::Rejected);
        }
        let poll = || polling(group.flight, || self.as_mut().poll_begun(cx, group));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Loaded::Output(output, self.span())),
            Err(payload) => {
                let span = self.as_mut().span();
                if let (Some(permits), LoadingProjection::Gone) = (group.permits, self.project()) {
                    // The closure panicked, so there is no future that would give it back.
                    permits.release();
                }
                Poll::Ready(Loaded::Panicked(payload, span))
            }
        }
    }

    /// Polls the future, which the first poll gets from the closure.
    #[inline(always)]
    fn poll_begun(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        group: &Surroundings<'_>,
    ) -> Poll<Fut::Output> {
        if let LoadingProjection::Idle { .. } = self.as_mut().project()
            && let LoadingTaken::Idle { closure, .. } = self.as_mut().project_replace(Self::Gone)
        {
            group.meter.count(Event::Load);
            let future = LoadSpan::begin(group.name, group.role.name(), closure());
            self.set(Self::Running { future });
        }
        match self.project() {
            LoadingProjection::Running { future } => future.poll(cx),
            _ => unreachable!("a load that has ended is not polled"),
        }
    }

    fn span(self: Pin<&mut Self>) -> LoadSpan {
        match self.project() {
            LoadingProjection::Running { future } => LoadSpan::of(&future),
            _ => LoadSpan::none(),
        }
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
