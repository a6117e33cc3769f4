use std::fmt;
use std::sync::Arc;

use forebay_rt::sync::{Mutex, lock};

use crate::{Closer, Reason};

/// What a feed has in common with those who may close it.
#[derive(Default)]
pub(crate) struct Closing {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reason: Option<Reason>,
    /// Closes what the feed reads at the moment, and wakes it.
    closer: Option<Closer>,
    is_gone: bool,
}

impl Closing {
    /// Closes the feed; returns whether it was open.
    pub(crate) fn close(&self, reason: Reason) -> bool {
        let closer = {
            let mut state = lock(&self.state);
            if state.is_gone || state.reason.is_some() {
                return false;
            }
            state.reason = Some(reason.clone());
            state.closer.take()
        };
        if let Some(closer) = closer {
            closer.close(reason);
        }
        true
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        lock(&self.state).reason.clone()
    }

    /// The feed goes on with something else. If it was closed by now, that has to be closed too.
    pub(crate) fn follow(&self, closer: Closer) {
        let (reason, garbage) = {
            let mut state = lock(&self.state);
            match &state.reason {
                Some(reason) => (Some(reason.clone()), Some(closer.clone())),
                None => (None, state.closer.replace(closer.clone())),
            }
        };
        drop(garbage);
        if let Some(reason) = reason {
            closer.close(reason);
        }
    }

    /// The feed has ended.
    pub(crate) fn leave(&self) {
        let closer = {
            let mut state = lock(&self.state);
            state.is_gone = true;
            state.closer.take()
        };
        drop(closer);
    }
}

/// Closes one feed from outside.
///
/// # Examples
///
/// ```
/// # mod source {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/nothing.rs"));
/// # }
/// # use source::Nothing;
/// use forebay_events::{FeedError, Hub, Reason, Request};
///
/// # #[cfg(feature = "tokio")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let publisher = Hub::builder(Nothing).build().unwrap();
/// let mut feed = publisher.hub().subscribe(Request::new("health").key(7)).unwrap();
/// let closer = feed.closer();
/// assert!(closer.close(Reason::Revoked));
/// assert_eq!(feed.next().await.unwrap_err(), FeedError::ForceClosed(Reason::Revoked));
/// # });
/// ```
#[derive(Clone)]
pub struct FeedCloser {
    closing: Arc<Closing>,
}

impl FeedCloser {
    pub(crate) const fn new(closing: Arc<Closing>) -> Self {
        Self { closing }
    }

    /// Closes the feed and wakes whoever waits for it, and nobody else; returns whether it was open.
    ///
    /// The feed gives nothing more, not even what is already there.
    ///
    /// # Examples
    ///
    /// See [`Feed::closer`](crate::Feed::closer).
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn close(&self, reason: Reason) -> bool {
        self.closing.close(reason)
    }
}

impl fmt::Debug for FeedCloser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedCloser").finish_non_exhaustive()
    }
}
