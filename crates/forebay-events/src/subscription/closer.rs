use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use forebay_rt::sync::{AtomicBool, Mutex, lock};
use forebay_rt::wake_all;

use crate::error::Reason;

/// Closes one subscription from outside, such as when its reader has lost the right to read.
///
/// # Examples
///
/// ```
/// use forebay_events::{Publisher, Reason, RecvError};
///
/// let mut secrets = Publisher::<&str>::new();
/// let mut reader = secrets.source().subscribe();
/// let closer = reader.closer();
///
/// secrets.append(1, "for those who may know")?;
/// assert!(closer.close(Reason::Revoked));
/// let error = reader.try_next().unwrap_err();
/// assert_eq!(error, RecvError::ForceClosed(Reason::Revoked));
/// # Ok::<(), forebay_events::NotRising<&str>>(())
/// ```
#[derive(Clone)]
pub struct Closer {
    control: Arc<Control>,
}

/// What a subscription shares with its closers.
pub(crate) struct Control {
    closed: AtomicBool,
    state: Mutex<State>,
}

struct State {
    reason: Option<Reason>,
    waker: Option<Waker>,
    /// The subscription was dropped.
    gone: bool,
}

impl Closer {
    pub(crate) const fn new(control: Arc<Control>) -> Self {
        Self { control }
    }

    /// Closes the subscription and wakes its reader, and nobody else. From then on the reader gets
    /// [`RecvError::ForceClosed`](crate::RecvError::ForceClosed) and no event, not even one that was
    /// published before.
    ///
    /// Returns whether there was an open subscription to close; the first reason counts.
    ///
    /// # Examples
    ///
    /// See [`Subscription::closer`](crate::Subscription::closer).
    #[allow(clippy::must_use_candidate, reason = "the answer is seldom asked for")]
    pub fn close(&self, reason: Reason) -> bool {
        let waker = {
            let mut state = lock(&self.control.state);
            if state.reason.is_some() || state.gone {
                return false;
            }
            state.reason = Some(reason);
            // Release pairs with the Acquire of `is_closed`.
            self.control.closed.store(true, Ordering::Release);
            state.waker.take()
        };
        wake_all(waker);
        true
    }

    /// Returns whether the subscription was closed by such a handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, Reason};
    ///
    /// let log = Publisher::<u32>::new();
    /// let mut reader = log.source().subscribe();
    /// let closer = reader.closer();
    /// assert!(closer.close(Reason::Revoked));
    /// assert!(closer.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.control.is_closed()
    }
}

impl fmt::Debug for Closer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closer")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl Control {
    /// Creates it for a subscription for whose next event this one waits, if somebody does.
    pub(crate) fn new(waker: Option<Waker>) -> Arc<Self> {
        let state = State {
            reason: None,
            waker,
            gone: false,
        };
        Arc::new(Self {
            closed: AtomicBool::new(false),
            state: Mutex::new(state),
        })
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Acquire pairs with the Release of `close`: what its caller did before has happened.
        self.closed.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn reason(&self) -> Option<Reason> {
        if self.is_closed() {
            lock(&self.state).reason.clone()
        } else {
            None
        }
    }

    /// The subscription is dropped.
    pub(crate) fn leave(&self) {
        let mut state = lock(&self.state);
        state.gone = true;
        let garbage = state.waker.take();
        drop(state);
        drop(garbage);
    }

    /// Has `waker` woken when the subscription is closed.
    pub(crate) fn register(&self, waker: &Waker) -> Result<(), Reason> {
        let mut state = lock(&self.state);
        if let Some(reason) = &state.reason {
            return Err(reason.clone());
        }
        let garbage = match &state.waker {
            Some(registered) if registered.will_wake(waker) => None,
            _ => state.waker.replace(waker.clone()),
        };
        drop(state);
        drop(garbage);
        Ok(())
    }
}
