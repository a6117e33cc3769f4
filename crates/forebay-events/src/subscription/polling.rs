use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::chain::end::End;
use crate::chain::place::Halt;
use crate::chain::waiters::Berth;
use crate::entry::Slice;
use crate::error::RecvError;
use crate::owned_slice::OwnedSlice;
use crate::subscription::{STREAK_MAX, Subscription};

/// How a subscription finds its next event, or waits for it.
impl<T, E: Clone> Subscription<T, E> {
    /// Returns whether there is an event, and leaves no waker where there is none.
    pub(crate) fn try_ready(&mut self) -> Result<bool, RecvError<E>> {
        if let Some(reason) = self.closed() {
            return Err(RecvError::ForceClosed(reason));
        }
        Ok(self.place.reach().ahead() > 0 || self.advance()?)
    }

    /// Waits until there is an event, for futures and streams of your own: then
    /// [`try_next`](Subscription::try_next) gives one.
    ///
    /// After 128 polls in a row that were ready, one is not, and wakes its task at once, so that a
    /// reader that always finds something lets others run. With the feature `tokio`, a task that has
    /// used up its budget waits as well.
    ///
    /// # Errors
    ///
    /// As [`next`](Subscription::next).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// use forebay_events::Publisher;
    ///
    /// # futures::executor::block_on(async {
    /// let mut log = Publisher::<u32>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append(1, 10)?;
    ///
    /// poll_fn(|cx| reader.poll_ready(cx)).await?;
    /// assert_eq!(reader.try_next()?.as_deref(), Some(&10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        if self.place.reach().at() < self.granted {
            return Poll::Ready(Ok(()));
        }
        self.poll_slow(cx)
    }

    #[cfg_attr(
        not(feature = "tokio"),
        allow(clippy::needless_pass_by_ref_mut, reason = "tokio's budget needs it")
    )]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        if let Some(reason) = self.closed() {
            return Poll::Ready(Err(RecvError::ForceClosed(reason)));
        }
        if self.place.reach().ahead() == 0 {
            ready!(self.poll_advance(cx))?;
        }
        if self.left == 0 {
            self.left = STREAK_MAX;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.control.is_none() {
            let reach = self.place.reach();
            let count = reach.ahead().min(u32::from(self.left));
            self.granted = reach.at() + count;
            self.left -= count as u8;
        } else {
            self.left -= 1;
        }
        Poll::Ready(Ok(()))
    }

    #[cfg(not(feature = "tokio"))]
    fn poll_advance(&mut self, cx: &Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        self.poll_park(cx)
    }

    #[cfg(feature = "tokio")]
    fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        let result = ready!(self.poll_park(cx));
        budget.made_progress();
        Poll::Ready(result)
    }

    fn poll_park(&mut self, cx: &Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        loop {
            if self.advance()? {
                return Poll::Ready(Ok(()));
            }
            if let Some(control) = &self.control
                && let Err(reason) = control.register(cx.waker())
            {
                return Poll::Ready(Err(RecvError::ForceClosed(reason)));
            }
            if self.place.park(&mut self.berth, cx.waker()) {
                self.left = STREAK_MAX;
                return Poll::Pending;
            }
        }
    }

    /// Finds the next event; returns whether there is one.
    fn advance(&mut self) -> Result<bool, RecvError<E>> {
        self.granted = 0;
        let chain = Arc::as_ptr(self.place.chain());
        let found = self.place.advance();
        if !std::ptr::eq(chain, Arc::as_ptr(self.place.chain())) {
            // Those who wait for the chain before were all woken at its end.
            self.berth = Berth::NONE;
        }
        found.map_err(|halt| match halt {
            Halt::Lagged => self.lagged(),
            Halt::Ended => self.ended(),
        })
    }

    #[cold]
    fn lagged(&mut self) -> RecvError<E> {
        let missed = self.place.missed();
        if !std::mem::replace(&mut self.told, true) {
            self.place.chain().log().observer.lagged(missed);
        }
        RecvError::Lagged { missed }
    }

    #[cold]
    fn ended(&self) -> RecvError<E> {
        match self.place.chain().end() {
            Some(End::Closed) => RecvError::Closed,
            Some(End::Failed(error)) => RecvError::Failed(error.clone()),
            _ => RecvError::PublisherLost,
        }
    }

    pub(crate) fn poll_owned_slice(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<OwnedSlice<T>, RecvError<E>>> {
        ready!(self.poll_ready(cx))?;
        let reach = self.place.reach().clone();
        let log = Arc::clone(self.place.chain().log());
        let slice = OwnedSlice::new(reach, log);
        if self.granted > 0 {
            self.take_back();
            self.left -= 1;
        }
        self.place.pass(slice.len() as u32);
        Poll::Ready(Ok(slice))
    }
}

/// What is taken without a look at the end of the log.
impl<T, E> Subscription<T, E> {
    /// Grants nothing any more.
    pub(super) fn take_back(&mut self) {
        let unused = self.granted.saturating_sub(self.place.reach().at());
        self.left += unused as u8;
        self.granted = 0;
    }

    pub(super) fn take_slice(&mut self) -> Option<Slice<'_, T>> {
        let at = self.place.reach().at();
        let count = self.place.reach().look(at)?.1.len() as u32;
        if count == 0 {
            return None;
        }
        // It was one poll, however many events it gives.
        if self.granted > at {
            self.take_back();
            self.left -= 1;
        }
        self.place.pass(count);
        let (segment, events) = self.place.reach().look(at)?;
        Some(Slice::new(segment, at, events.get(..count as usize)?))
    }
}
