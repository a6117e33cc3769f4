use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use foldhash::fast::RandomState;
use forebay_core::ConfigError;
use forebay_rt::Runtime;
use forebay_rt::alarm::{Alarm, NEVER, nanos};
use forebay_rt::sync::Mutex;

use crate::coalesced::Coalesced;
use crate::group::{Group, Padded};
use crate::observe::Meter;
use crate::permits::Permits;
use crate::policy::{Handover, OnFailure, OnLeaderLost, OnTimeout, Policy, WhenFull};
use crate::singleflight::Singleflight;
use crate::table::shard::Shard;

/// Builds a [`Singleflight`] with settings of its own.
///
/// The defaults fit loads that end and callers with deadlines of their own: nobody's waiting is
/// bounded, the loss of a leader promotes a follower, and failures are shared. What each policy
/// does is shown at the policy.
///
/// # Examples
///
/// Callers wait for one another for half a second at most, and the backend never sees more than
/// eight loads at once:
///
/// ```
/// # #[cfg(feature = "tokio")] {
/// use std::time::Duration;
///
/// use forebay_singleflight::{OnTimeout, Singleflight, TokioRuntime, WhenFull};
///
/// let group = Singleflight::<u64, String>::builder()
///     .name("users")
///     .runtime(TokioRuntime::new())
///     .follower_timeout(Duration::from_millis(500))
///     .on_timeout(OnTimeout::Hedge { after: Duration::from_millis(100), max: 1 })
///     .max_leaders(8, WhenFull::Wait)
///     .build()?;
/// # let _ = group;
/// # }
/// # Ok::<(), forebay_singleflight::ConfigError>(())
/// ```
///
/// What needs no clock:
///
/// ```
/// use std::hash::RandomState;
///
/// use forebay_singleflight::{Handover, OnFailure, OnLeaderLost, Singleflight};
///
/// let group = Singleflight::<u64, String>::builder()
///     .shards(1)
///     .hasher(RandomState::new())
///     .on_leader_lost(OnLeaderLost::Promote)
///     .handover(Handover::All)
///     .on_panic(OnFailure::Share)
///     .on_error(OnFailure::Promote { max: 2 })
///     .build()?;
/// # let _ = group;
/// # Ok::<(), forebay_singleflight::ConfigError>(())
/// ```
#[must_use]
pub struct Builder<K, V, E, S = RandomState> {
    shards: usize,
    hasher: S,
    runtime: Option<Arc<dyn Runtime>>,
    policy: Policy,
    max_leaders: Option<(usize, WhenFull)>,
    name: Box<str>,
    group: PhantomData<Kinds<K, V, E>>,
}

/// A builder has no key, value or error yet, so it can be sent anywhere.
type Kinds<K, V, E> = fn() -> (K, V, E);

impl<K, V, E> Builder<K, V, E> {
    pub(crate) fn new() -> Self {
        Self {
            shards: shards_default(),
            hasher: RandomState::default(),
            runtime: default_runtime(),
            policy: Policy::default(),
            max_leaders: None,
            name: Box::from("singleflight"),
            group: PhantomData,
        }
    }
}

impl<K, V, E, S> Builder<K, V, E, S> {
    /// Sets how many locks share the keys, rounded up to a power of two. By default four for each
    /// core, and no more than 64.
    ///
    /// A lock takes at least 128 bytes, so that neighbours do not slow one another down. One makes
    /// the group smallest, which is right where there are many groups with little to do.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Sets how keys are hashed. By default by foldhash, seeded for each group: fast, and good
    /// against accidents; take a keyed hash such as std's `RandomState` where keys come from an
    /// attacker who can see timings.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn hasher<T>(self, hasher: T) -> Builder<K, V, E, T> {
        let Self {
            shards,
            hasher: _,
            runtime,
            policy,
            max_leaders,
            name,
            group,
        } = self;
        Builder {
            shards,
            hasher,
            runtime,
            policy,
            max_leaders,
            name,
            group,
        }
    }

    /// Sets where time comes from and detached loads go.
    ///
    /// Only bounds on waiting and detached loads need it. With the `tokio` feature it is
    /// `TokioRuntime` unless another is given. It is also what tests give a clock that they move
    /// by hand.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Bounds how long a call follows another one. By default it is not bounded.
    ///
    /// A follower pays for it with a look at the clock, not with a timer of its own. It is kept to
    /// the millisecond, and [`Work::timeout`](crate::Work::timeout) sets another for one call.
    /// Choose it above the backend's slow answers, or followers give up on loads that would have
    /// ended. It bounds no load: a leader whose load hangs hangs with it.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub const fn follower_timeout(mut self, timeout: Duration) -> Self {
        self.policy.follower_timeout = Some(timeout);
        self
    }

    /// Sets what a follower does when its bound on waiting has passed. By default it fails.
    ///
    /// [`Hedge`](OnTimeout::Hedge) has a time of its own and needs no bound beside it; with one, it
    /// must be the earlier.
    ///
    /// # Examples
    ///
    /// See [`OnTimeout`], and [`Builder`] for a hedge.
    pub const fn on_timeout(mut self, policy: OnTimeout) -> Self {
        self.policy.on_timeout = policy;
        self
    }

    /// Sets what happens to the followers of a leader that was dropped. By default one takes over.
    ///
    /// # Examples
    ///
    /// See [`OnLeaderLost`].
    pub const fn on_leader_lost(mut self, policy: OnLeaderLost) -> Self {
        self.policy.on_leader_lost = policy;
        self
    }

    /// Sets which followers are woken to take over from a leader that was dropped. By default the
    /// youngest alone.
    ///
    /// # Examples
    ///
    /// See [`Handover`].
    pub const fn handover(mut self, policy: Handover) -> Self {
        self.policy.handover = policy;
        self
    }

    /// Sets what happens to the followers of a load that panicked. By default all of them get
    /// [`Panicked`](forebay_core::LoadError::Panicked) with the panic's message.
    ///
    /// A key whose load always panics costs one load for all callers then. To let others try costs
    /// as many more as it allows, each with its panic.
    ///
    /// # Examples
    ///
    /// See [`OnFailure`].
    pub const fn on_panic(mut self, policy: OnFailure) -> Self {
        self.policy.on_panic = policy;
        self
    }

    /// Sets what happens to the followers of a load that failed. By default all of them get the
    /// failure.
    ///
    /// # Examples
    ///
    /// See [`OnFailure`].
    pub const fn on_error(mut self, policy: OnFailure) -> Self {
        self.policy.on_error = policy;
        self
    }

    /// Bounds how many loads of the group run at once, whoever runs them. By default they are not
    /// bounded. Explicit roles do not count.
    ///
    /// It bounds what one group asks of a backend. Groups do not know one another: where several
    /// share a backend, put the bound into the backend's own pool.
    ///
    /// # Examples
    ///
    /// See [`WhenFull`].
    pub const fn max_leaders(mut self, max: usize, when_full: WhenFull) -> Self {
        self.max_leaders = Some((max, when_full));
        self
    }

    /// Names the group in spans and metrics. By default it is `singleflight`, so that groups
    /// without a name are counted together.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into().into_boxed_str();
        self
    }

    /// Builds the group.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for settings that make no sense: a count or a time of zero, a hedge that
    /// begins after the bound on waiting, or a time where there is no clock.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn build(self) -> Result<Singleflight<K, V, E, S>, ConfigError>
    where
        K: Eq + Hash,
        S: BuildHasher,
    {
        self.check()?;
        Ok(self.build_unchecked())
    }

    pub(crate) fn build_unchecked(self) -> Singleflight<K, V, E, S> {
        let shards = self.shards.next_power_of_two();
        let shards = std::iter::repeat_with(|| Padded(Mutex::new(Shard::new()))).take(shards);
        let shards: Box<[_]> = shards.collect();
        let permits = self
            .max_leaders
            .map(|(max, when_full)| Permits::new(max, when_full));
        Singleflight::from_group(Arc::new_cyclic(|this| Group {
            shards,
            hasher: self.hasher,
            policy: self.policy,
            timeout: self.policy.follower_timeout.map_or(NEVER, nanos),
            hedge_after: self.policy.hedge().map_or(NEVER, |(after, _)| nanos(after)),
            alarm: self.runtime.map(Alarm::new),
            permits,
            meter: Meter::new(&self.name),
            name: self.name,
            this: this.clone(),
        }))
    }

    fn check(&self) -> Result<(), ConfigError> {
        let Policy {
            follower_timeout,
            on_panic,
            on_error,
            ..
        } = self.policy;
        let hedge = self.policy.hedge();
        let zero = |setting| Err(ConfigError::Zero { setting });
        if self.shards == 0 {
            return zero("shards");
        }
        if self.max_leaders.is_some_and(|(max, _)| max == 0) {
            return zero("max_leaders");
        }
        if on_panic == (OnFailure::Promote { max: 0 }) {
            return zero("on_panic.max");
        }
        if on_error == (OnFailure::Promote { max: 0 }) {
            return zero("on_error.max");
        }
        if follower_timeout == Some(Duration::ZERO) {
            return zero("follower_timeout");
        }
        match hedge {
            Some((_, 0)) => return zero("on_timeout.max"),
            Some((Duration::ZERO, _)) => return zero("on_timeout.after"),
            _ => {}
        }
        if hedge
            .zip(follower_timeout)
            .is_some_and(|((after, _), timeout)| after >= timeout)
        {
            return Err(ConfigError::NotBelow {
                setting: "on_timeout.after",
                bound: "follower_timeout",
            });
        }
        if (follower_timeout.is_some() || hedge.is_some()) && self.runtime.is_none() {
            return Err(ConfigError::RuntimeMissing);
        }
        Ok(())
    }
}

impl<K, V, E, S> Builder<K, Option<V>, E, S> {
    /// Builds the group and puts it in front of `inner`: the result is a
    /// [`Load`](forebay_core::Load) itself.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use forebay_core::{Load, load_fn};
    /// use forebay_singleflight::Singleflight;
    ///
    /// let rows = load_fn(|id: &u64| {
    ///     let row = *id;
    ///     async move { Ok::<_, Infallible>(Some(row)) }
    /// });
    /// let rows = Singleflight::builder().name("rows").layer(rows)?;
    /// assert_eq!(futures::executor::block_on(rows.load(&7)), Ok(Some(7)));
    /// # Ok::<(), forebay_singleflight::ConfigError>(())
    /// ```
    pub fn layer<L>(self, inner: L) -> Result<Coalesced<L, K, V, E, S>, ConfigError>
    where
        K: Eq + Hash,
        S: BuildHasher,
    {
        self.build().map(|group| Coalesced::new(group, inner))
    }
}

impl<K, V, E, S> fmt::Debug for Builder<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("shards", &self.shards)
            .field("policy", &self.policy)
            .field("max_leaders", &self.max_leaders)
            .finish_non_exhaustive()
    }
}

/// Four locks for each core: few enough to be small, enough for cores to miss one another.
fn shards_default() -> usize {
    /// Asking the system reads files.
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = CORES.get_or_init(|| available_parallelism().map_or(1, usize::from));
    (4 * cores).min(64).next_power_of_two()
}

#[cfg(feature = "tokio")]
fn default_runtime() -> Option<Arc<dyn Runtime>> {
    Some(Arc::new(forebay_rt::TokioRuntime::new()))
}

#[cfg(not(feature = "tokio"))]
const fn default_runtime() -> Option<Arc<dyn Runtime>> {
    None
}
