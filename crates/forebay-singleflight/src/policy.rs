//! The knobs of a group.

use std::time::Duration;

/// What a follower does when its bound on waiting has passed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnTimeout {
    /// Fails with [`LoadError::TimedOut`](forebay_core::LoadError::TimedOut).
    #[default]
    Error,
    /// Runs its own load and keeps the answer to itself, as nginx does when
    /// `proxy_cache_lock_timeout` passes. Every follower of a slow flight ends up loading, so this
    /// trades the backend's calm for the callers' patience.
    RunOwn,
    /// Runs an extra load for everybody, as nginx does when `proxy_cache_lock_age` passes.
    ///
    /// The first result, whichever load it comes from, answers the flight, and the other loads
    /// are dropped. Followers that find the extra loads used up go on waiting, and fail with
    /// [`LoadError::TimedOut`](forebay_core::LoadError::TimedOut) at their bound, if there is one.
    Hedge {
        /// How long a follower waits before it begins an extra load.
        after: Duration,
        /// The most extra loads that one flight may have over its life.
        max: usize,
    },
}

/// What happens to followers whose leader was dropped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnLeaderLost {
    /// One of them takes over.
    #[default]
    Promote,
    /// They fail with [`LoadError::Abandoned`](forebay_core::LoadError::Abandoned).
    Fail,
}

/// Which followers are woken when their leader was lost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Handover {
    /// The youngest, who has most of its own deadline left. One wake for each loss.
    #[default]
    Youngest,
    /// All of them, and the first to be polled takes over. Costs a wake for each follower, and
    /// does not depend on any one of them being polled.
    All,
}

/// What happens to followers whose leader's load failed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnFailure {
    /// All of them get the failure: one load in total.
    #[default]
    Share,
    /// The failure goes to the call that loaded, and one follower takes over.
    Promote {
        /// How often that may happen in one flight before the failure is shared after all.
        max: usize,
    },
}

/// What happens to a load that would exceed the bound on leaders.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WhenFull {
    /// It waits for its turn, first come, first served, while others follow it.
    Wait,
    /// Its call fails with [`LoadError::Rejected`](forebay_core::LoadError::Rejected).
    Reject,
}

/// When a detached load is cancelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Cancel {
    /// When the last call that waits for it is dropped.
    WhenUnwatched,
    /// Never: it runs to its end for whoever asks in the meantime.
    Never,
}

/// What a group was told, checked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) follower_timeout: Option<Duration>,
    pub(crate) on_timeout: OnTimeout,
    pub(crate) on_leader_lost: OnLeaderLost,
    pub(crate) handover: Handover,
    pub(crate) on_panic: OnFailure,
    pub(crate) on_error: OnFailure,
}

impl Policy {
    /// How long a follower waits before it begins an extra load, and how many there may be.
    pub(crate) const fn hedge(&self) -> Option<(Duration, usize)> {
        match self.on_timeout {
            OnTimeout::Hedge { after, max } => Some((after, max)),
            OnTimeout::Error | OnTimeout::RunOwn => None,
        }
    }
}
