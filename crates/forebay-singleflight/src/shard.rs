//! A part of the table of flights: everything that happens under its lock.
//!
//! Invariants, at every release of the lock:
//!
//! * A key has at most one flight that is not forgotten.
//! * A flight in the table has not landed; one that has left it has landed, unless it had no
//!   followers.
//! * A flight in the table has a leader, or its seat is vacant and it has a follower that can take
//!   over; then one such follower has been woken and not polled since, unless all of them were
//!   never polled or are past their deadline.
//!
//! None of the user's code runs here but a key's `Eq` and `ToOwned` and a waker's `clone`. What is
//! to be dropped or woken is handed out in [`After`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::task::Waker;

use forebay_core::LoadError;
use hashbrown::HashTable;
use hashbrown::hash_table::{Entry as Row, OccupiedEntry};

use crate::cycle;
use crate::flight::{Crew, Entry, Flight, Outcome, Shared};
use crate::handle::Lookup;
use crate::observe::LoadSpan;
use crate::policy::{Cancel, Handover, OnFailure, OnLeaderLost, Policy};
use crate::stats::Stats;
use crate::waiters::{NEVER, NOWHERE, Place, wake_all};

pub(crate) struct Shard<K, V, E> {
    flights: HashTable<Entry<K, V, E>>,
    /// The earliest deadline of each flight that has any, with the flight's number and hash;
    /// flights that have landed may still have entries.
    deadlines: Deadlines,
    next_id: u64,
    pub(crate) stats: Stats,
}

type Deadlines = BinaryHeap<Reverse<(u64, u64, u64)>>;

/// Where a flight is, as its members remember it.
#[derive(Clone, Copy)]
pub(crate) struct Berth {
    pub(crate) hash: u64,
    pub(crate) id: u64,
    /// The member's place among the waiters, if it has one.
    pub(crate) place: Place,
}

impl Berth {
    /// Before a call has joined.
    pub(crate) const NOWHERE: Self = Self {
        hash: 0,
        id: 0,
        place: NOWHERE,
    };
}

/// How a call wants to join.
pub(crate) struct Ask<'a> {
    /// `None`: it is not being polled yet.
    pub(crate) waker: Option<&'a Waker>,
    pub(crate) deadline: u64,
    pub(crate) mode: Mode,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Mode {
    /// The caller loads in its own task.
    InPlace,
    /// The same, but only if nobody else is loading.
    Claim,
    /// In its own task, and it is to be told when another load lands the flight first.
    Watching,
    /// The caller follows a load that runs in a task of its own.
    Detached(Cancel),
}

pub(crate) enum Joined<V, E> {
    Leader {
        berth: Berth,
        promoted: bool,
        /// Where another load's outcome appears, if the leader is to be told of it.
        flight: Option<Arc<Flight<V, E>>>,
    },
    Follower {
        berth: Berth,
        flight: Arc<Flight<V, E>>,
    },
    /// The caller follows, and is to spawn the load, whose berth is `leader`.
    Spawn {
        berth: Berth,
        leader: Berth,
        promoted: bool,
        flight: Arc<Flight<V, E>>,
    },
    /// Somebody else is loading, and the caller wanted to be the only one.
    Busy,
    /// The caller would wait for itself.
    Cycle,
}

/// What a follower learns when it is polled.
pub(crate) enum Followed {
    /// Nothing yet; it will be woken, at this time at the latest.
    Waiting(u64),
    /// The flight has landed.
    Landed,
    /// The follower is the leader now.
    Promoted,
    /// The follower goes on following and is to spawn the load, which has this berth.
    Spawn(Berth),
    /// The follower loads beside the leader now.
    Hedge,
    /// Its bound on waiting has passed, and it has left the flight.
    Expired,
}

/// Why a follower leaves.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Left {
    Dropped,
    TimedOut,
}

/// How a follower's deadlines are to be taken.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    /// When it gives up.
    pub(crate) deadline: u64,
    /// How many extra loads the flight may have, of which it can begin one before that.
    pub(crate) hedges_max: usize,
    /// How it loads once it is promoted.
    pub(crate) mode: Mode,
}

/// What became of a load's outcome.
pub(crate) enum Landing<K, V, E> {
    /// Nobody shares it.
    Alone(Outcome<V, E>, After<K, V, E>),
    /// The followers have it, and here is where it is.
    Shared(Arc<Flight<V, E>>, After<K, V, E>),
}

/// What to do once the lock is released.
#[must_use]
pub(crate) struct After<K, V, E> {
    wake: Option<Waker>,
    wake_all: Vec<Waker>,
    garbage: Option<Waker>,
    pub(crate) removed: Option<Entry<K, V, E>>,
}

impl<K, V, E> After<K, V, E> {
    pub(crate) const NOTHING: Self = Self {
        wake: None,
        wake_all: Vec::new(),
        garbage: None,
        removed: None,
    };

    pub(crate) fn run(self) {
        wake_all(self.wake);
        wake_all(self.wake_all);
        if let Some(entry) = self.removed {
            entry.disband();
        }
        drop(self.garbage);
    }
}

impl<K, V, E> Shard<K, V, E> {
    pub(crate) fn new() -> Self {
        Self {
            flights: HashTable::new(),
            deadlines: BinaryHeap::new(),
            next_id: 0,
            stats: Stats::default(),
        }
    }

    /// Joins the flight of a key, or begins one.
    pub(crate) fn join(
        &mut self,
        address: usize,
        hash: u64,
        key: &mut impl Lookup<K>,
        ask: &Ask<'_>,
    ) -> Joined<V, E> {
        let same = |entry: &Entry<K, V, E>| entry.is(hash, |other| key.matches(other));
        match self.flights.entry(hash, same, |entry| entry.hash) {
            Row::Vacant(row) => {
                let (key, id) = (key.own(), self.next_id);
                let berth = Berth {
                    hash,
                    id,
                    place: NOWHERE,
                };
                let watched = matches!(ask.mode, Mode::Watching | Mode::Detached(_));
                let mut shared = watched.then(Shared::new);
                let joined = lead(&mut self.deadlines, &mut shared, berth, ask, false);
                row.insert(Entry {
                    key,
                    hash,
                    id,
                    shared,
                });
                self.next_id += 1;
                self.stats.leads += 1;
                joined
            }
            Row::Occupied(row) => {
                let entry = row.into_mut();
                let mut berth = Berth {
                    hash,
                    id: entry.id,
                    place: NOWHERE,
                };
                if entry
                    .shared
                    .as_ref()
                    .is_some_and(|shared| shared.crew.leaders == 0)
                {
                    let joined = lead(&mut self.deadlines, &mut entry.shared, berth, ask, true);
                    self.stats.promotions += 1;
                    return joined;
                }
                if ask.mode == Mode::Claim {
                    return Joined::Busy;
                }
                // A caller outside every poll has no waker, and waits for nothing yet.
                if ask.waker.is_some() && cycle::is_polling((address, entry.id)) {
                    self.stats.cycles += 1;
                    return Joined::Cycle;
                }
                let waker = ask.waker.cloned();
                let shared = entry.shared.get_or_insert_with(Shared::new);
                berth.place = shared.crew.waiters.push(waker, ask.deadline, true);
                let flight = Arc::clone(&shared.flight);
                self.stats.joins += 1;
                let followers = shared.crew.waiters.len() as u64;
                self.stats.followers_max = self.stats.followers_max.max(followers);
                queue_deadline(&mut self.deadlines, berth, &mut shared.crew, ask.deadline);
                self.forget_stale_deadlines();
                Joined::Follower { berth, flight }
            }
        }
    }

    /// Polls a follower: takes over if the seat is vacant, and registers its waker otherwise.
    pub(crate) fn poll_follower(
        &mut self,
        berth: Berth,
        waker: &Waker,
        bound: Bound,
        policy: &Policy,
    ) -> (Followed, After<K, V, E>) {
        let Berth { hash, id, place } = berth;
        let Ok(mut row) = self.flights.find_entry(hash, |entry| entry.id == id) else {
            return (Followed::Landed, After::NOTHING);
        };
        let Some(Shared { crew, .. }) = &mut row.get_mut().shared else {
            return (Followed::Landed, After::NOTHING);
        };
        let Crew {
            waiters,
            leaders,
            hedges,
            ..
        } = &mut **crew;
        let Some(slot) = waiters.slot_mut(place) else {
            return (Followed::Landed, After::NOTHING);
        };
        let hedging = slot.deadline != bound.deadline;
        if slot.expired && !hedging {
            let mut after = After::NOTHING;
            after.garbage = waiters.remove(place);
            self.stats.timeouts += 1;
            return (Followed::Expired, settle(row, policy, after));
        }
        let mut after = After::NOTHING;
        let followed = if *leaders == 0 {
            self.stats.promotions += 1;
            Followed::Promoted
        } else if slot.expired && *hedges < bound.hedges_max {
            self.stats.hedges += 1;
            *hedges += 1;
            Followed::Hedge
        } else {
            after.garbage = slot.register(waker);
            if slot.deadline == NEVER || slot.expired {
                slot.expired = false;
                slot.deadline = bound.deadline;
            }
            let deadline = slot.deadline;
            queue_deadline(&mut self.deadlines, berth, crew, deadline);
            return (Followed::Waiting(deadline), after);
        };
        let (leaders, mut cancel_unwatched) = (*leaders + 1, false);
        let followed = match bound.mode {
            Mode::InPlace | Mode::Claim => {
                after.garbage = waiters.remove(place);
                followed
            }
            Mode::Watching => {
                after.garbage = slot.register(waker);
                waiters.step_aside(place);
                followed
            }
            Mode::Detached(cancel) => {
                after.garbage = slot.register(waker);
                waiters.pass_over(place);
                cancel_unwatched = cancel == Cancel::WhenUnwatched;
                Followed::Spawn(Berth {
                    place: waiters.push_aside(None),
                    ..berth
                })
            }
        };
        crew.seat(leaders, cancel_unwatched);
        (followed, after)
    }

    /// Removes a follower that does not wait any longer.
    pub(crate) fn leave(&mut self, berth: Berth, left: Left, policy: &Policy) -> After<K, V, E> {
        let Ok(mut row) = self
            .flights
            .find_entry(berth.hash, |entry| entry.id == berth.id)
        else {
            return After::NOTHING;
        };
        let Some(shared) = &mut row.get_mut().shared else {
            return After::NOTHING;
        };
        match left {
            Left::Dropped => self.stats.followers_cancelled += 1,
            Left::TimedOut => self.stats.timeouts += 1,
        }
        let mut after = After::NOTHING;
        after.garbage = shared.crew.waiters.remove(berth.place);
        let after = settle(row, policy, after);
        self.shrink();
        after
    }

    /// Lets a load beside the leader's give up its place among the loads for one in the order.
    ///
    /// If the flight is gone, so is the place, and the next poll finds out.
    pub(crate) fn follow_again(
        &mut self,
        mut berth: Berth,
        waker: &Waker,
        deadline: u64,
    ) -> (Berth, Option<Waker>) {
        let mut garbage = None;
        let entry = self
            .flights
            .find_mut(berth.hash, |entry| entry.id == berth.id);
        if let Some(Shared { crew, .. }) = entry.and_then(|entry| entry.shared.as_mut()) {
            let waker = Some(waker.clone());
            garbage = crew.waiters.remove(berth.place);
            berth.place = crew.waiters.push(waker, deadline, true);
            crew.leaders -= 1;
            queue_deadline(&mut self.deadlines, berth, crew, deadline);
        }
        (berth, garbage)
    }

    /// Registers the waker of a load that stands aside.
    pub(crate) fn watch(&mut self, berth: Berth, waker: &Waker) -> Option<Waker> {
        let entry = self
            .flights
            .find_mut(berth.hash, |entry| entry.id == berth.id)?;
        let slot = entry.shared.as_mut()?.crew.waiters.slot_mut(berth.place)?;
        slot.register(waker)
    }

    /// Gives up the seat of a leader that was dropped.
    pub(crate) fn vacate(&mut self, berth: Berth, policy: &Policy) -> After<K, V, E> {
        let Ok(mut row) = self
            .flights
            .find_entry(berth.hash, |entry| entry.id == berth.id)
        else {
            return After::NOTHING;
        };
        self.stats.leaders_lost += 1;
        let mut after = After::NOTHING;
        if let Some(Shared { crew, .. }) = &mut row.get_mut().shared {
            crew.leaders -= 1;
            after.garbage = crew.waiters.remove(berth.place);
            if crew.leaders == 0 && policy.on_leader_lost == OnLeaderLost::Fail {
                return abandon(row, after);
            }
        }
        let after = settle(row, policy, after);
        self.shrink();
        after
    }

    /// Lands a flight with what its load came to, unless a failure is to stay with the loader.
    pub(crate) fn land(
        &mut self,
        berth: Berth,
        outcome: Outcome<V, E>,
        span: LoadSpan,
        policy: &Policy,
    ) -> Landing<K, V, E> {
        let on_failure = match &outcome {
            Ok(_) => OnFailure::Share,
            Err(LoadError::Panicked(_)) => policy.on_panic,
            Err(_) => policy.on_error,
        };
        match &outcome {
            Ok(_) => {}
            Err(LoadError::Panicked(_)) => self.stats.panics += 1,
            Err(_) => self.stats.errors += 1,
        }
        let Ok(mut row) = self
            .flights
            .find_entry(berth.hash, |entry| entry.id == berth.id)
        else {
            // Another load landed the flight first, or it was forgotten before anyone followed.
            return Landing::Alone(outcome, After::NOTHING);
        };
        let mut after = After::NOTHING;
        if let Some(Shared { crew, .. }) = &mut row.get_mut().shared {
            after.garbage = crew.waiters.remove(berth.place);
            if let OnFailure::Promote { max } = on_failure
                && crew.retries < max
                && crew.waiters.eligible() > 0
            {
                crew.retries += 1;
                crew.leaders -= 1;
                return Landing::Alone(outcome, settle(row, policy, after));
            }
        }
        let entry = row.remove().0;
        self.shrink();
        match &entry.shared {
            Some(shared) if shared.crew.waiters.len() > 0 || shared.crew.leaders > 1 => {
                shared.land(outcome, span);
                let flight = Arc::clone(&shared.flight);
                after.removed = Some(entry);
                Landing::Shared(flight, after)
            }
            _ => {
                after.removed = Some(entry);
                Landing::Alone(outcome, after)
            }
        }
    }

    /// Hides a flight from later callers.
    pub(crate) fn forget(
        &mut self,
        hash: u64,
        matches: impl Fn(&K) -> bool,
        shared_too: bool,
    ) -> Option<After<K, V, E>> {
        let row = self
            .flights
            .find_entry(hash, |entry| entry.is(hash, &matches));
        let mut row = row.ok()?;
        let mut after = After::NOTHING;
        match &mut row.get_mut().shared {
            Some(shared) if shared.crew.waiters.len() > 0 && !shared_too => return None,
            // Members find it by its number, so it stays in the table.
            Some(shared) => shared.crew.forgotten = true,
            None => after.removed = Some(row.remove().0),
        }
        self.stats.forgotten += 1;
        self.shrink();
        Some(after)
    }

    /// Hides all flights from later callers; returns how many, and those that nobody shares.
    pub(crate) fn forget_all(&mut self) -> (usize, Vec<Entry<K, V, E>>) {
        let mut forgotten = 0;
        for entry in self
            .flights
            .iter_mut()
            .filter(|entry| !entry.is_forgotten())
        {
            forgotten += 1;
            if let Some(shared) = &mut entry.shared {
                shared.crew.forgotten = true;
            }
        }
        let unshared = self
            .flights
            .extract_if(|entry| entry.shared.is_none())
            .collect();
        self.stats.forgotten += forgotten as u64;
        self.shrink();
        (forgotten, unshared)
    }

    pub(crate) fn followers(&self, berth: Berth) -> usize {
        let entry = self.flights.find(berth.hash, |entry| entry.id == berth.id);
        entry.map_or(0, Entry::followers)
    }

    pub(crate) fn followers_of(&self, hash: u64, matches: impl Fn(&K) -> bool) -> Option<usize> {
        self.flights
            .find(hash, |entry| entry.is(hash, &matches))
            .map(Entry::followers)
    }

    pub(crate) fn len(&self) -> usize {
        self.flights.len()
    }

    /// Adds the wakers of all followers whose deadline is not after `now`; returns the earliest
    /// deadline of the others.
    pub(crate) fn expire(&mut self, now: u64, wakers: &mut Vec<Waker>) -> u64 {
        while let Some(&Reverse((deadline, id, hash))) = self.deadlines.peek() {
            if deadline > now {
                return deadline;
            }
            self.deadlines.pop();
            let Some(entry) = self.flights.find_mut(hash, |entry| entry.id == id) else {
                continue;
            };
            let Some(Shared { crew, .. }) = &mut entry.shared else {
                continue;
            };
            if crew.deadline_queued != deadline {
                continue;
            }
            crew.deadline_queued = crew.waiters.expire(now, wakers);
            if crew.deadline_queued != NEVER {
                self.deadlines
                    .push(Reverse((crew.deadline_queued, id, hash)));
            }
        }
        NEVER
    }

    /// Takes the wakers of all followers that have a deadline, because nobody minds the time.
    pub(crate) fn take_timed_wakers(&mut self, wakers: &mut Vec<Waker>) {
        for shared in self
            .flights
            .iter_mut()
            .filter_map(|entry| entry.shared.as_mut())
        {
            wakers.extend(shared.crew.waiters.take_wakers_with_deadline());
        }
    }

    /// Keeps the queue of deadlines within a few times the number of flights.
    fn forget_stale_deadlines(&mut self) {
        if self.deadlines.len() < 64 || self.deadlines.len() < 4 * self.flights.len() {
            return;
        }
        let flights = &self.flights;
        self.deadlines.retain(|Reverse((deadline, id, hash))| {
            let entry = flights.find(*hash, |entry| entry.id == *id);
            let shared = entry.and_then(|entry| entry.shared.as_ref());
            shared.is_some_and(|shared| shared.crew.deadline_queued == *deadline)
        });
        self.deadlines.shrink_to(64);
    }

    /// Gives memory back after a burst.
    fn shrink(&mut self) {
        const KEPT: usize = 32;
        let (len, capacity) = (self.flights.len(), self.flights.capacity());
        if capacity > KEPT && len * 8 < capacity {
            self.flights.shrink_to(len * 2, |entry| entry.hash);
        }
    }
}

/// Puts the caller into the seat of the leader, or lets it follow a load that it is to spawn.
fn lead<V, E>(
    deadlines: &mut Deadlines,
    shared: &mut Option<Shared<V, E>>,
    mut berth: Berth,
    ask: &Ask<'_>,
    promoted: bool,
) -> Joined<V, E> {
    let Some(Shared { crew, flight }) = shared else {
        return Joined::Leader {
            berth,
            promoted,
            flight: None,
        };
    };
    match ask.mode {
        Mode::InPlace | Mode::Claim => {
            crew.seat(1, false);
            Joined::Leader {
                berth,
                promoted,
                flight: None,
            }
        }
        Mode::Watching => {
            berth.place = crew.waiters.push_aside(ask.waker.cloned());
            crew.seat(1, false);
            Joined::Leader {
                berth,
                promoted,
                flight: Some(Arc::clone(flight)),
            }
        }
        Mode::Detached(cancel) => {
            berth.place = crew.waiters.push(ask.waker.cloned(), ask.deadline, false);
            let leader = Berth {
                place: crew.waiters.push_aside(None),
                ..berth
            };
            crew.seat(1, cancel == Cancel::WhenUnwatched);
            queue_deadline(deadlines, berth, crew, ask.deadline);
            Joined::Spawn {
                berth,
                leader,
                promoted,
                flight: Arc::clone(flight),
            }
        }
    }
}

/// Sees to a flight that a member has left: to its vacant seat, or to nobody waiting any more.
fn settle<K, V, E>(
    mut row: OccupiedEntry<'_, Entry<K, V, E>>,
    policy: &Policy,
    mut after: After<K, V, E>,
) -> After<K, V, E> {
    let Some(Shared { crew, .. }) = &mut row.get_mut().shared else {
        after.removed = Some(row.remove().0);
        return after;
    };
    let unwatched = crew.waiters.len() == 0;
    if crew.leaders > 0 {
        return if unwatched && crew.cancel_unwatched {
            abandon(row, after)
        } else {
            after
        };
    }
    if unwatched {
        after.removed = Some(row.remove().0);
    } else if crew.waiters.eligible() == 0 {
        return abandon(row, after);
    } else {
        match policy.handover {
            Handover::Youngest => after.wake = crew.waiters.wake_youngest(),
            Handover::All => after.wake_all = crew.waiters.take_wakers(),
        }
    }
    after
}

/// Ends a flight that nobody will land.
fn abandon<K, V, E>(
    row: OccupiedEntry<'_, Entry<K, V, E>>,
    mut after: After<K, V, E>,
) -> After<K, V, E> {
    let entry = row.remove().0;
    if let Some(shared) = &entry.shared {
        shared.land(Err(LoadError::Abandoned), LoadSpan::none());
    }
    after.removed = Some(entry);
    after
}

/// Makes sure that the flight is looked at when `deadline` comes.
fn queue_deadline(deadlines: &mut Deadlines, berth: Berth, crew: &mut Crew, deadline: u64) {
    if deadline < crew.deadline_queued {
        crew.deadline_queued = deadline;
        deadlines.push(Reverse((deadline, berth.id, berth.hash)));
    }
}
