//! Who has snapshots and serves them.

mod config;
mod output;

mod bucket;
mod cache;
mod fetching;
mod handling;
mod observe;
mod outbox;
pub(crate) mod ranging;
mod requesting;
mod slot;
mod timers;
mod upkeep;
mod usage;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use forebay_core::Sequence;

use crate::provider::bucket::Bucket;
use crate::provider::cache::Cache;
use crate::provider::outbox::Outbox;
use crate::provider::slot::{Asker, Follower, Slot};
use crate::provider::timers::Timers;
use crate::{Anchor, ConfigError, Membership, Snapshot};

pub use crate::provider::config::ProviderConfig;
pub use crate::provider::output::{Marker, NotTaken, ProviderEvent, ProviderOutput, Unsent};
pub use crate::provider::usage::ProviderUsage;

/// Keeps snapshots of one peer's state, and serves them to those who fell behind.
///
/// It does nothing by itself: it is told what happened, and then has outputs for its host to carry out.
///
/// 1. Hand in what happened, with the `handle_*` functions, and the time at which it did.
/// 2. Take outputs with [`poll_output`](Self::poll_output) until there are no more.
/// 3. While [`work`](Self::work) returns true, call it when there is nothing more urgent, and take
///    outputs after it.
/// 4. At the time that [`poll_timeout`](Self::poll_timeout) names, call
///    [`handle_timeout`](Self::handle_timeout). An early or a superfluous call does nothing.
///
/// Time never goes back: what is handed in with an earlier time than something before counts as having
/// happened together with it. `P` names a peer.
///
/// # Examples
///
/// A leader is asked for a snapshot, and takes one where its marker stands in the log:
///
/// ```
/// use std::time::Instant;
///
/// use forebay_core::Sequence;
/// use forebay_snapshot::{
///     Anchor, Marker, Membership, Message, Provider, ProviderConfig, ProviderOutput, SliceSnapshot,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now = Instant::now();
/// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
/// let mut provider = Provider::new(ProviderConfig::new(), members)?;
///
/// let request = Message::Request { nonce: 1, reconnect: None };
/// provider.handle_message(now, "laggard", request)?;
/// let marker = Marker::new("laggard", 1);
/// assert_eq!(provider.poll_output(), Some(ProviderOutput::Feed(marker.clone())));
///
/// // The marker went through the log, and is applied as its entry 42 in term 3.
/// let anchor = Anchor::new(Sequence::new(42), 3);
/// let state = SliceSnapshot::from(vec![10_u64, 20, 30]);
/// provider.handle_taken(now, &marker, anchor, state);
/// while provider.work(now, 1_000) {}
///
/// let Some(ProviderOutput::Send { to, message }) = provider.poll_output() else { panic!() };
/// assert_eq!(to, "laggard");
/// assert!(matches!(message, Message::Offer { nonce: 1, items: 3, .. }));
/// # Ok(())
/// # }
/// ```
pub struct Provider<S: Snapshot, P> {
    config: ProviderConfig,
    membership: Membership<P>,
    /// The latest time that was handed in.
    now: Option<Instant>,
    committed: Sequence,
    /// How much of the log may be gone by now.
    released: Sequence,
    slots: BTreeMap<Anchor, Slot<S, P>>,
    slots_made: u64,
    serves: u64,
    /// Anchors that have expired, so that the answer is the same before and after they were freed.
    expired: VecDeque<Anchor>,
    cache: Cache,
    followers: BTreeMap<P, Follower>,
    total: Bucket,
    askers: BTreeMap<P, Asker<P>>,
    /// The marker that this peer has put into the log, with when it is given up.
    marker: Option<(Marker<P>, Instant)>,
    timers: Timers<Timer<P>>,
    outbox: Outbox<P>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Timer<P> {
    Slot(Anchor),
    Follower(P),
    Asker(P),
    Marker,
    Unsent,
}

impl<S: Snapshot, P: Clone + fmt::Debug + Ord> Provider<S, P> {
    /// Creates the provider of the local peer of a membership.
    ///
    /// # Errors
    ///
    /// What [`ProviderConfig::check`] finds.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, Provider, ProviderConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// assert_eq!(provider.usage().snapshots, 0);
    /// assert_eq!(provider.poll_timeout(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(config: ProviderConfig, membership: Membership<P>) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config,
            membership,
            now: None,
            committed: Sequence::ZERO,
            released: Sequence::ZERO,
            slots: BTreeMap::new(),
            slots_made: 0,
            serves: 0,
            expired: VecDeque::new(),
            cache: Cache::new(config.cached_bytes_max),
            followers: BTreeMap::new(),
            total: Bucket::default(),
            askers: BTreeMap::new(),
            marker: None,
            timers: Timers::new(),
            outbox: Outbox::new(),
        })
    }

    /// Does what is due. A call that is early or superfluous does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::{Anchor, Marker, Membership, Provider, ProviderConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// let marker = Marker::new("laggard", 1);
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// provider.handle_taken(now, &marker, anchor, vec![10, 20, 30].into());
    /// while provider.work(now, 1_000) {}
    ///
    /// // Nobody fetches from it.
    /// provider.handle_timeout(now + Duration::from_secs(10));
    /// assert_eq!(provider.usage().snapshots, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        while let Some(timer) = self.timers.pop(now) {
            self.fire(now, timer);
        }
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout); never, as long as `None`.
    ///
    /// It may be earlier than anything is due, and is the only time to wait for, however many
    /// snapshots there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, Message, Provider, ProviderConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// assert_eq!(provider.poll_timeout(), None);
    /// provider.handle_message(now, "laggard", Message::Request { nonce: 1, reconnect: None })?;
    /// // When the marker is given up that is to go through the log now.
    /// assert!(provider.poll_timeout().is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Returns the next thing that the host should do.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Membership, Message, Provider, ProviderConfig, ProviderOutput, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// provider.handle_message(now, "laggard", Message::Request { nonce: 1, reconnect: None })?;
    /// while let Some(output) = provider.poll_output() {
    ///     match output {
    ///         ProviderOutput::Send { to, message } => println!("to {to}: {message:?}"),
    ///         ProviderOutput::Feed(marker) => println!("into the log: {marker:?}"),
    ///         ProviderOutput::Event(event) => println!("for whoever operates it: {event:?}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn poll_output(&mut self) -> Option<ProviderOutput<P>> {
        self.outbox.pop()
    }

    /// Cuts snapshots into pieces, at most so many items, and returns whether there is more to do.
    ///
    /// A snapshot is offered when all of it has been cut. Between two calls the host can do what
    /// others wait for.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::{Anchor, Marker, Membership, Provider, ProviderConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// let marker = Marker::new("laggard", 1);
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// provider.handle_taken(now, &marker, anchor, vec![10, 20, 30].into());
    /// // Two items at a time, with whatever else there is to do in between.
    /// let mut slices = 1;
    /// while provider.work(now, 2) {
    ///     slices += 1;
    /// }
    /// assert!(slices > 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn work(&mut self, now: Instant, items_max: usize) -> bool {
        let now = self.advance(now);
        self.build(now, items_max);
        self.slots.values().any(Slot::has_work)
    }

    /// Returns up to where the log may be removed, given up to where it is committed.
    ///
    /// What comes after is still wanted by those who are a little behind, or by those who fetch.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::{Anchor, Marker, Membership, Provider, ProviderConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// let marker = Marker::new("laggard", 1);
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// provider.handle_taken(now, &marker, anchor, vec![10, 20, 30].into());
    /// while provider.work(now, 1_000) {}
    ///
    /// // The laggard that was offered the snapshot needs what comes after it.
    /// let safe = provider.safe_to_prune(now, Sequence::new(100_000));
    /// assert_eq!(safe, anchor.sequence());
    /// # Ok(())
    /// # }
    /// ```
    pub fn safe_to_prune(&mut self, now: Instant, committed: Sequence) -> Sequence {
        let now = self.advance(now);
        self.handle_committed(committed);
        let trailing = committed.get().saturating_sub(self.config.trailing);
        let wanted = self.slots.iter().filter(|(anchor, slot)| {
            slot.is_usable(now) && (slot.has_lease(now) || self.is_awaited(**anchor))
        });
        let wanted = wanted.map(|(anchor, _)| anchor.sequence()).min();
        let safe = wanted.map_or(trailing, |wanted| wanted.get().min(trailing));
        let safe = Sequence::new(safe);
        self.released = self.released.max(safe);
        safe
    }

    /// Returns how much there is of everything that is bounded.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::{Anchor, Marker, Membership, Provider, ProviderConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// let marker = Marker::new("laggard", 1);
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// provider.handle_taken(now, &marker, anchor, vec![10, 20, 30].into());
    /// assert_eq!(provider.usage().snapshots, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn usage(&self) -> ProviderUsage {
        let table_bytes = self.slots.values().map(Slot::table_bytes);
        ProviderUsage {
            snapshots: self.slots.len(),
            followers: self.followers.len(),
            requests: self.askers.len(),
            queued: self.outbox.len(),
            queued_bytes: self.outbox.bytes(),
            cached_bytes: self.cache.bytes(),
            table_bytes: table_bytes.fold(0, usize::saturating_add),
            timers: self.timers.len(),
            events_dropped: self.outbox.events_dropped(),
        }
    }

    /// Whether somebody waits for this snapshot to be cut into pieces.
    fn is_awaited(&self, anchor: Anchor) -> bool {
        let waits = |asker: &Asker<P>| asker.awaits(anchor);
        self.askers.values().any(waits)
            || self
                .slots
                .get(&anchor)
                .is_some_and(|slot| !slot.named.is_empty())
    }

    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.now.map_or(now, |latest| latest.max(now));
        self.now = Some(now);
        now
    }
}

impl<S: Snapshot, P: fmt::Debug> fmt::Debug for Provider<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("membership", &self.membership)
            .field("snapshots", &self.slots.keys())
            .finish_non_exhaustive()
    }
}

/// A deadline. Times are bounded by the configuration, so only a clock at the very end of its range
/// has none, and then it is now.
fn later(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or(now)
}
