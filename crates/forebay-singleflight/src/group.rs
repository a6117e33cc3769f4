//! The state of a group: the shards, and what stands around them.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Weak};
use std::task::Waker;

use equivalent::Equivalent;
use forebay_rt::alarm::{Alarm, NEVER, Timed};
use forebay_rt::polling::Frame;
use forebay_rt::sync::{Mutex, lock};
use forebay_rt::{RuntimeGone, wake_all};

use crate::observe::{Event, LoadSpan, Meter};
use crate::permits::Permits;
use crate::policy::Policy;
use crate::stats::Stats;
use crate::table::after::{After, Landing};
use crate::table::berth::{Ask, Berth, Bound, Followed, Joined, Left, Mode, Verdict};
use crate::table::flight::{Flight, Outcome};
use crate::table::shard::Shard;
use crate::work::handle::Lookup;

/// What the clones of a group share.
#[allow(
    unnameable_types,
    reason = "it is in the bounds of futures that nobody names"
)]
pub struct Group<K, V, E, S> {
    /// A power of two of them.
    pub(crate) shards: Box<[Padded<Shard<K, V, E>>]>,
    pub(crate) hasher: S,
    pub(crate) policy: Policy,
    /// The bound on waiting and the time until an extra load, in nanoseconds, or `NEVER`.
    pub(crate) timeout: u64,
    pub(crate) hedge_after: u64,
    /// Its deadlines need a clock; without one nothing has a deadline.
    pub(crate) alarm: Option<Alarm>,
    pub(crate) permits: Option<Permits>,
    pub(crate) name: Box<str>,
    pub(crate) meter: Meter,
    /// For the alarm, which must not keep the group alive.
    pub(crate) this: Weak<Self>,
}

/// A lock on cache lines of its own, so that its traffic does not slow down its neighbours.
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) Mutex<T>);

/// When a call that follows is to be looked at, and when it gives up.
#[derive(Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl<K, V, E, S> Group<K, V, E, S> {
    pub(crate) fn shard(&self, hash: u64) -> &Mutex<Shard<K, V, E>> {
        // The table takes the lowest and the topmost bits.
        let position = (hash >> 40) as usize & (self.shards.len() - 1);
        &self.shards[position].0
    }

    /// What tells this flight from all others of the process.
    pub(crate) fn flight_id(&self, berth: Berth) -> Frame {
        (std::ptr::from_ref(self).addr(), berth.hash, berth.id)
    }

    /// When a follower is to be looked at, if its own bound on waiting is `timeout`.
    ///
    /// Reads the clock if a bound applies; `Err` if one does and there is no clock.
    #[inline(always)]
    pub(crate) fn deadlines(&self, timeout: u64, hedging: bool) -> Result<Deadlines, RuntimeGone> {
        let timeout = if timeout == NEVER {
            self.timeout
        } else {
            timeout
        };
        let hedge = if hedging { self.hedge_after } else { NEVER };
        if timeout == NEVER && hedge == NEVER {
            return Ok(Deadlines {
                first: NEVER,
                last: NEVER,
            });
        }
        let now = self.alarm.as_ref().ok_or_else(RuntimeGone::new)?.now();
        let at = |wait: u64| {
            if wait == NEVER {
                NEVER
            } else {
                now.saturating_add(wait)
            }
        };
        let last = at(timeout);
        Ok(Deadlines {
            first: at(hedge).min(last),
            last,
        })
    }

    /// How a call that runs in its own task loads.
    pub(crate) const fn mode(&self) -> Mode {
        if self.hedge_after == NEVER {
            Mode::InPlace
        } else {
            Mode::Watching
        }
    }

    pub(crate) fn poll_follower(&self, berth: Berth, waker: &Waker, bound: Bound) -> Followed {
        // Read before the lock is taken: the clock is the user's.
        let now = match &self.alarm {
            Some(alarm) if bound.deadline != NEVER => alarm.now(),
            _ => 0,
        };
        let (followed, after) =
            lock(self.shard(berth.hash)).poll_follower(berth, waker, bound, &self.policy, now);
        after.run();
        match &followed {
            Followed::Promoted | Followed::Spawn(_) => self.meter.count(Event::Promotion),
            Followed::Hedge => self.meter.count(Event::Hedge),
            Followed::Expired => self.meter.count(Event::Timeout),
            Followed::Waiting(_) | Followed::Landed => {}
        }
        followed
    }

    /// Lets a follower leave its flight.
    pub(crate) fn leave(&self, berth: Berth, left: Left) {
        if left == Left::TimedOut {
            self.meter.count(Event::Timeout);
        }
        let mut shard = lock(self.shard(berth.hash));
        if let Some(garbage) = shard.leave_quietly(berth, left) {
            drop(shard);
            drop(garbage);
            return;
        }
        let after = shard.leave(berth, left, &self.policy);
        drop(shard);
        after.run();
    }

    /// Gives up the seat of a leader.
    pub(crate) fn vacate(&self, berth: Berth) {
        self.meter.count(Event::LeaderLost);
        let after = lock(self.shard(berth.hash)).vacate(berth, &self.policy);
        after.run();
    }

    /// Turns a load beside the leader's back into a follower, which has `deadline` left.
    pub(crate) fn follow_again(&self, berth: Berth, waker: &Waker, deadline: u64) -> Berth {
        let (berth, garbage) = lock(self.shard(berth.hash)).follow_again(berth, waker, deadline);
        drop(garbage);
        berth
    }

    /// Registers the waker of a load that is to be told when another one lands the flight.
    pub(crate) fn watch(&self, berth: Berth, waker: &Waker) {
        let garbage = lock(self.shard(berth.hash)).watch(berth, waker);
        drop(garbage);
    }

    /// Lands a flight that nobody shares, whose outcome need not go through here; `false` if
    /// somebody does.
    #[inline(always)]
    pub(crate) fn land_alone(&self, berth: Berth, failed: bool) -> bool {
        let mut shard = lock(self.shard(berth.hash));
        let Some(key) = shard.land_alone(berth, failed) else {
            return false;
        };
        drop(shard);
        drop(key);
        if failed {
            self.meter.count(Event::Failure);
        }
        true
    }

    /// Lands a flight; returns the outcome and how many followers share it.
    pub(crate) fn land(
        &self,
        berth: Berth,
        outcome: Outcome<V, E>,
        span: LoadSpan,
    ) -> (Outcome<V, E>, usize)
    where
        V: Clone,
    {
        let landing = lock(self.shard(berth.hash)).land(berth, outcome, span, &self.policy);
        match landing {
            Landing::Alone(outcome, after) => {
                after.run();
                (outcome, 0)
            }
            Landing::Shared(flight, after) => {
                after.run();
                let (outcome, followers) = taken(flight);
                self.meter.landed(followers);
                (outcome, followers)
            }
        }
    }

    /// How many followers the flight at `berth` has.
    pub(crate) fn followers(&self, berth: Berth) -> usize {
        lock(self.shard(berth.hash)).followers(berth)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.shards.iter().map(|shard| lock(&shard.0).len()).sum()
    }

    pub(crate) fn forget_all(&self) -> usize {
        let mut forgotten = 0;
        for shard in &self.shards {
            let (count, garbage) = lock(&shard.0).forget_all();
            forgotten += count;
            drop(garbage);
        }
        forgotten
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for shard in &self.shards {
            stats += lock(&shard.0).stats;
        }
        stats.rejected = self.permits.as_ref().map_or(0, Permits::rejected);
        stats
    }
}

impl<K, V, E, S: BuildHasher> Group<K, V, E, S> {
    pub(crate) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Joins the flight of `key`, or begins one; returns the key's hash too.
    #[inline(always)]
    pub(crate) fn join(&self, key: &mut impl Lookup<K>, ask: &Ask<'_>) -> (u64, Joined<V, E>) {
        let hash = self.hash(key.hashed());
        let (shard, group) = (self.shard(hash), std::ptr::from_ref(self).addr());
        let joined = lock(shard).join(group, hash, key, ask);
        match joined.verdict {
            Verdict::Lead | Verdict::Spawn if joined.promoted => {
                self.meter.count(Event::Promotion);
            }
            Verdict::Follow => self.meter.count(Event::Join),
            _ => {}
        }
        (hash, joined)
    }

    /// Hides the flight of `key` from later callers, unless it has followers and those are to
    /// stay in company.
    pub(crate) fn forget<Q>(&self, key: &Q, shared_too: bool) -> bool
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let hash = self.hash(key);
        let matches = |other: &K| key.equivalent(other);
        let forgotten = lock(self.shard(hash)).forget(hash, matches, shared_too);
        forgotten.map(After::run).is_some()
    }

    pub(crate) fn followers_of<Q>(&self, key: &Q) -> Option<usize>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let hash = self.hash(key);
        lock(self.shard(hash)).followers_of(hash, |other| key.equivalent(other))
    }
}

impl<K, V, E, S> Group<K, V, E, S>
where
    K: Send + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: Send + Sync + 'static,
{
    /// Sees to it that the caller, who follows, is woken at `deadline`.
    pub(crate) fn arm(&self, deadline: u64) -> Result<(), RuntimeGone> {
        if deadline == NEVER {
            return Ok(());
        }
        let alarm = self.alarm.as_ref().ok_or_else(RuntimeGone::new)?;
        alarm.arm(&self.this, deadline)
    }
}

impl<K, V, E, S> Timed for Group<K, V, E, S>
where
    K: Send + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: Send + Sync + 'static,
{
    fn expire(&self, now: u64) -> u64 {
        let mut next = NEVER;
        let mut wakers = Vec::new();
        for shard in &self.shards {
            next = next.min(lock(&shard.0).expire(now, &mut wakers));
            wake_all(wakers.drain(..));
        }
        next
    }

    fn wake_timed(&self) {
        let mut wakers = Vec::new();
        for shard in &self.shards {
            lock(&shard.0).take_timed_wakers(&mut wakers);
            wake_all(wakers.drain(..));
        }
    }
}

impl<K, V, E, S> fmt::Debug for Group<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The outcome of a flight that has landed, and how many followers share it.
pub(crate) fn taken<V: Clone, E>(flight: Arc<Flight<V, E>>) -> (Outcome<V, E>, usize) {
    // Flights leave the table and land under one lock; a flight that has done neither is not
    // passed in here.
    flight
        .take()
        .unwrap_or((Err(forebay_core::LoadError::Abandoned), 0))
}
