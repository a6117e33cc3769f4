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

use std::sync::Arc;
use std::task::Waker;

use forebay_rt::alarm::NEVER;
use forebay_rt::polling::is_polling;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Row;

use crate::policy::Cancel;
use crate::stats::Stats;
use crate::table::after::After;
use crate::table::berth::{Ask, Berth, Joined, Mode, Verdict};
use crate::table::deadlines::Deadlines;
use crate::table::flight::{Entry, Shared};
use crate::table::waiters::{NOWHERE, Place};
use crate::work::handle::Lookup;

pub(crate) struct Shard<K, V, E> {
    pub(crate) flights: HashTable<Entry<K, V, E>>,
    pub(crate) deadlines: Deadlines,
    next_id: u64,
    pub(crate) stats: Stats,
}

impl<K, V, E> Shard<K, V, E> {
    pub(crate) fn new() -> Self {
        Self {
            flights: HashTable::new(),
            deadlines: Deadlines::default(),
            next_id: 0,
            stats: Stats::default(),
        }
    }

    /// Joins the flight of a key, or begins one.
    #[inline(always)]
    pub(crate) fn join(
        &mut self,
        group: usize,
        hash: u64,
        key: &mut impl Lookup<K>,
        ask: &Ask<'_>,
    ) -> Joined<V, E> {
        let same = |entry: &Entry<K, V, E>| entry.is(hash, |other| key.matches(other));
        match self.flights.entry(hash, same, |entry| entry.hash) {
            Row::Vacant(row) => {
                let mut leader = NOWHERE;
                let (key, id) = (key.own(), self.next_id);
                let mut berth = Berth {
                    hash,
                    id,
                    place: NOWHERE,
                };
                let (mut verdict, mut shared, mut flight) = (Verdict::Lead, None, None);
                if ask.mode.is_watched() {
                    let shared = shared.insert(Shared::new());
                    (verdict, berth.place) =
                        lead(&mut self.deadlines, shared, berth, ask, &mut leader);
                    flight = Some(Arc::clone(&shared.flight));
                }
                row.insert(Entry {
                    key,
                    hash,
                    id,
                    shared,
                });
                self.next_id += 1;
                self.stats.leads += 1;
                Joined {
                    verdict,
                    id,
                    place: berth.place,
                    leader,
                    promoted: false,
                    flight,
                }
            }
            Row::Occupied(row) => {
                let mut leader = NOWHERE;
                let entry = row.into_mut();
                let promoted = entry.is_vacant();
                let (deadlines, stats) = (&mut self.deadlines, &mut self.stats);
                let (verdict, place) = follow(deadlines, stats, entry, group, ask, &mut leader);
                let id = entry.id;
                let told = matches!(verdict, Verdict::Follow) || ask.mode.is_watched();
                let shared = entry.shared.as_ref().filter(|_| told);
                let flight = shared.map(|shared| Arc::clone(&shared.flight));
                if ask.deadline != NEVER {
                    self.forget_stale_deadlines();
                }
                Joined {
                    verdict,
                    id,
                    place,
                    leader,
                    promoted,
                    flight,
                }
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
        while let Some((deadline, id, hash)) = self.deadlines.pop_due(now) {
            let entry = self.flights.find_mut(hash, |entry| entry.id == id);
            let shared = entry.and_then(|entry| entry.shared.as_mut());
            let Some(Shared { crew, .. }) = shared else {
                continue;
            };
            if crew.deadline_queued == deadline {
                let next = crew.waiters.expire(now, wakers);
                crew.deadline_queued = NEVER;
                let berth = Berth {
                    hash,
                    id,
                    place: NOWHERE,
                };
                self.deadlines.add(berth, crew, next);
            }
        }
        self.deadlines.next().unwrap_or(NEVER)
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

    fn forget_stale_deadlines(&mut self) {
        let flights = &self.flights;
        self.deadlines
            .compact(flights.len(), |(deadline, id, hash)| {
                let entry = flights.find(hash, |entry| entry.id == id);
                let shared = entry.and_then(|entry| entry.shared.as_ref());
                shared.is_some_and(|shared| shared.crew.deadline_queued == deadline)
            });
    }

    /// Gives memory back after a burst.
    #[inline]
    pub(crate) fn shrink(&mut self) {
        const CAPACITY_KEPT: usize = 32;
        let capacity = self.flights.capacity();
        if capacity > CAPACITY_KEPT && self.flights.len() * 8 < capacity {
            self.shrink_now();
        }
    }

    #[cold]
    fn shrink_now(&mut self) {
        let len = self.flights.len();
        self.flights.shrink_to(len * 2, |entry| entry.hash);
    }
}

/// Joins a flight that is in the table: follows it, or takes its vacant seat.
fn follow<K, V, E>(
    deadlines: &mut Deadlines,
    stats: &mut Stats,
    entry: &mut Entry<K, V, E>,
    group: usize,
    ask: &Ask<'_>,
    leader: &mut Place,
) -> (Verdict, Place) {
    let berth = Berth {
        hash: entry.hash,
        id: entry.id,
        place: NOWHERE,
    };
    if entry.is_vacant()
        && let Some(shared) = &mut entry.shared
    {
        let seat = lead(deadlines, shared, berth, ask, leader);
        stats.promotions += 1;
        return seat;
    }
    if ask.mode == Mode::Claim {
        return (Verdict::Busy, NOWHERE);
    }
    // A caller outside every poll has no waker, and waits for nothing yet.
    if ask.waker.is_some() && is_polling((group, entry.hash, entry.id)) {
        stats.cycles += 1;
        return (Verdict::Cycle, NOWHERE);
    }
    let waker = ask.waker.cloned();
    let crew = &mut entry.shared.get_or_insert_with(Shared::new).crew;
    let place = crew.waiters.push(waker, ask.deadline, true);
    deadlines.add(berth, crew, ask.deadline);
    stats.joins += 1;
    stats.followers_max = stats.followers_max.max(crew.waiters.len() as u64);
    (Verdict::Follow, place)
}

/// Puts the caller into the seat of the leader, or lets it follow a load that it is to spawn.
fn lead<V, E>(
    deadlines: &mut Deadlines,
    shared: &mut Shared<V, E>,
    berth: Berth,
    ask: &Ask<'_>,
    leader: &mut Place,
) -> (Verdict, Place) {
    let crew = &mut shared.crew;
    let seated = match ask.mode {
        Mode::InPlace | Mode::Claim => (Verdict::Lead, NOWHERE),
        Mode::Watching => {
            let place = crew.waiters.push_aside(ask.waker.cloned());
            (Verdict::Lead, place)
        }
        Mode::Detached(cancel) => {
            let place = crew.waiters.push(ask.waker.cloned(), ask.deadline, false);
            *leader = crew.waiters.push_aside(None);
            crew.unwatched_stops = (cancel == Cancel::WhenUnwatched).then_some(*leader);
            deadlines.add(berth, crew, ask.deadline);
            (Verdict::Spawn, place)
        }
    };
    crew.leaders = 1;
    seated
}
