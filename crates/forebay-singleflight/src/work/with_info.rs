use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::info::Info;
use crate::table::flight::Outcome;
use crate::work::Work;
use crate::work::handle::{Handle, Meaning};

pin_project! {
    /// A call that tells how it came by its answer, made by [`Work::with_info`].
    ///
    /// Its output is the answer and an [`Info`], also where the answer is an error.
    ///
    /// # Panics
    ///
    /// As [`Work`].
    ///
    /// # Cancel safety
    ///
    /// As [`Work`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WithInfo<H: Handle, M, F, Fut> {
        #[pin]
        work: Work<H, M, F, Fut>,
        began: Option<Duration>,
    }
}

impl<H: Handle, M, F, Fut> WithInfo<H, M, F, Fut> {
    pub(crate) const fn new(work: Work<H, M, F, Fut>) -> Self {
        Self { work, began: None }
    }
}

impl<H, M, F, Fut> Future for WithInfo<H, M, F, Fut>
where
    H: Handle,
    M: Meaning<Fut::Output, H::Value, H::Error>,
    F: FnOnce() -> Fut,
    Fut: Future,
{
    type Output = (Outcome<H::Value, H::Error>, Info);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let now = || {
            this.work
                .group()
                .alarm
                .as_ref()
                .map(|alarm| alarm.runtime().now())
        };
        let began = this.began.or_else(now);
        *this.began = began;
        let outcome = ready!(this.work.as_mut().poll_outcome(cx));
        let now = this
            .work
            .group()
            .alarm
            .as_ref()
            .map(|alarm| alarm.runtime().now());
        let waited = now.zip(began).map(|(now, began)| now.saturating_sub(began));
        let (role, followers) = (this.work.role, this.work.followers as usize);
        Poll::Ready((
            outcome,
            Info {
                role,
                followers,
                waited,
            },
        ))
    }
}

impl<H: Handle, M, F, Fut> fmt::Debug for WithInfo<H, M, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithInfo").field(&self.work).finish()
    }
}
