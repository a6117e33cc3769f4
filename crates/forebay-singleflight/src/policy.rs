//! The knobs of a group.

use std::time::Duration;

/// What a follower does when its bound on waiting has passed.
///
/// The bound is that of [`Builder::follower_timeout`](crate::Builder::follower_timeout) or
/// [`Work::timeout`](crate::Work::timeout). A follower that took over as the leader has none: its
/// own load is not cut short.
///
/// # Examples
///
/// One caller would rather ask the backend a second time than go without an answer:
///
/// ```
/// use std::time::Duration;
///
/// use forebay_singleflight::{OnTimeout, Role, Singleflight};
///
/// let group = Singleflight::<u64, &str>::builder().on_timeout(OnTimeout::RunOwn).build()?;
/// let slow = group.claim(&7).unwrap();
/// let call = group.work(&7, || async { "its own" }).timeout(Duration::ZERO).with_info();
/// let (answer, info) = futures::executor::block_on(call);
/// assert_eq!((answer, info.role), (Ok("its own"), Role::Fallback));
/// // The slow flight goes on, and whoever comes now follows it.
/// assert!(group.claim(&7).is_none());
/// # drop(slow);
/// # Ok::<(), forebay_singleflight::ConfigError>(())
/// ```
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
///
/// It is not asked when a load fails or panics, see [`OnFailure`] for that.
///
/// # Examples
///
/// A load that must not be begun a second time by itself:
///
/// ```
/// use forebay_core::LoadError;
/// use forebay_singleflight::{OnLeaderLost, Singleflight};
///
/// let group = Singleflight::<u64, u64>::builder().on_leader_lost(OnLeaderLost::Fail).build()?;
/// let leader = group.claim(&7).unwrap();
/// let follower = group.work(&7, || async { unreachable!("nobody takes over") });
/// let both = futures::future::join(follower, async { drop(leader) });
/// assert_eq!(futures::executor::block_on(both).0, Err(LoadError::Abandoned));
/// # Ok::<(), forebay_singleflight::ConfigError>(())
/// ```
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
///
/// Whoever is polled first takes over, woken or not; this only says who is asked to come.
///
/// # Examples
///
/// The youngest follower is kept but not polled any more, as in a `select!` that went on. To wake
/// it alone would leave the other one waiting:
///
/// ```
/// use forebay_singleflight::{Handover, Singleflight};
/// use futures::FutureExt;
///
/// let group = Singleflight::<u64, &str>::builder().handover(Handover::All).build()?;
/// let leader = group.claim(&7).unwrap();
/// let older = group.work(&7, || async { "the older" });
/// let mut youngest = Box::pin(group.work(&7, || async { "the youngest" }));
///
/// let then = async {
///     assert!(youngest.as_mut().now_or_never().is_none());
///     drop(leader);
/// };
/// let both = futures::future::join(older, then);
/// assert_eq!(futures::executor::block_on(both).0, Ok("the older"));
/// # Ok::<(), forebay_singleflight::ConfigError>(())
/// ```
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

/// What happens to followers whose leader's load failed or panicked.
///
/// The two are set apart, by [`Builder::on_error`](crate::Builder::on_error) and
/// [`Builder::on_panic`](crate::Builder::on_panic).
///
/// # Examples
///
/// Failures belong to a single attempt here, so one more is worth its load:
///
/// ```
/// use forebay_core::LoadError;
/// use forebay_singleflight::{OnFailure, Singleflight};
///
/// let group = Singleflight::<u64, &str, &str>::builder()
///     .on_error(OnFailure::Promote { max: 1 })
///     .build()?;
/// let leader = group.claim(&7).unwrap();
/// let follower = group.try_work(&7, || async { Ok("the second attempt") });
/// let fails = async { leader.publish_result(Err(LoadError::from("connection lost"))) };
/// let both = futures::future::join(follower, fails);
/// let (answer, failed) = futures::executor::block_on(both);
/// assert_eq!(answer.unwrap(), "the second attempt");
/// // Who loaded first is told at once.
/// assert_eq!(failed.unwrap_err().backend(), Some(&"connection lost"));
/// # Ok::<(), forebay_singleflight::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnFailure {
    /// All of them get the failure: one load in total, however many follow. A backend that is down
    /// is asked once, and not once more for each caller that waited for it.
    #[default]
    Share,
    /// The failure goes to the call that loaded, and one follower takes over, with a load of its
    /// own. The others wait on, so failures add up to `max + 1` times the time of a load.
    Promote {
        /// How often that may happen in one flight before the failure is shared after all. Leaders
        /// that were dropped do not count. At least one.
        max: usize,
    },
}

/// What happens to a load that would exceed the bound on leaders.
///
/// A load holds its permit until it ends. One that asks the same group for another key holds one
/// while it waits for the next, so with [`Wait`](WhenFull::Wait) such loads can come to wait for
/// one another: give each level a group of its own.
///
/// # Examples
///
/// The backend takes one load at a time; who comes second learns so at once:
///
/// ```
/// use forebay_core::LoadError;
/// use forebay_singleflight::{Singleflight, WhenFull};
/// use futures::FutureExt;
///
/// let group = Singleflight::<u64, u64>::builder().max_leaders(1, WhenFull::Reject).build()?;
/// let mut first = Box::pin(group.work(&1, || std::future::pending()));
/// assert!(first.as_mut().now_or_never().is_none());
///
/// let refused = group.work(&2, || async { 4 }).now_or_never();
/// assert_eq!(refused, Some(Err(LoadError::Rejected)));
/// drop(first);
/// assert_eq!(group.work(&2, || async { 4 }).now_or_never(), Some(Ok(4)));
/// # Ok::<(), forebay_singleflight::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WhenFull {
    /// It waits for its turn, first come, first served, while others follow it. Nothing bounds how
    /// many wait, nor how long.
    Wait,
    /// Its call fails with [`LoadError::Rejected`](forebay_core::LoadError::Rejected), and so do
    /// those that had begun to follow it. An extra load of [`OnTimeout::Hedge`] is just not begun.
    Reject,
}

/// When a detached load is cancelled.
///
/// # Examples
///
/// A caller gives up once the load has begun:
///
/// ```
/// # #[cfg(feature = "tokio")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use forebay_singleflight::{Cancel, Singleflight};
/// use futures::FutureExt;
///
/// let group = Singleflight::<u64, String>::new();
/// for (cancel, flights_left) in [(Cancel::WhenUnwatched, 0), (Cancel::Never, 1)] {
///     let call = group.work_detached(7, || std::future::pending(), cancel);
///     assert!(call.now_or_never().is_none());
///     tokio::task::yield_now().await;
///     assert_eq!(group.in_flight(), flights_left);
/// }
/// # });
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Cancel {
    /// When the last call that waits for it is dropped: nobody would have the answer.
    WhenUnwatched,
    /// Never: it runs to its end for whoever asks in the meantime. For loads that fill a cache, or
    /// that must not be left half done. A load that hangs stays for good, so bound it itself.
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
