//! What the members of a flight do once they are on it: follow, take over, leave, land.

use std::mem;
use std::sync::Arc;
use std::task::Waker;

use forebay_core::LoadError;
use forebay_rt::alarm::NEVER;
use hashbrown::hash_table::OccupiedEntry;

use crate::observe::LoadSpan;
use crate::policy::{Cancel, Handover, OnFailure, OnLeaderLost, Policy};
use crate::table::after::{After, Landing};
use crate::table::berth::{Berth, Bound, Followed, Left, Mode};
use crate::table::flight::{Crew, Entry, Outcome, Shared};
use crate::table::shard::Shard;
use crate::table::waiters::Slot;

impl<K, V, E> Shard<K, V, E> {
    /// Polls a follower: takes over if the seat is vacant, and registers its waker otherwise.
    ///
    /// Whether its bound has passed is for `now` to say and not for the alarm, which may be late.
    pub(crate) fn poll_follower(
        &mut self,
        berth: Berth,
        waker: &Waker,
        bound: Bound,
        policy: &Policy,
        now: u64,
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
        if bound.deadline <= now {
            let mut after = After::NOTHING;
            after.garbage = waiters.remove(place);
            self.stats.timeouts += 1;
            return (Followed::Expired, settle(row, policy, after));
        }
        let mut after = After::NOTHING;
        let followed = if *leaders == 0 && slot.eligible {
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
            self.deadlines.add(berth, crew, deadline);
            return (Followed::Waiting(deadline), after);
        };
        let (followed, garbage) = take_seat(crew, berth, waker, bound.mode, followed);
        after.garbage = garbage;
        (followed, after)
    }

    /// Removes a follower where nobody else need know of it; `None` where somebody may, and then
    /// nothing has changed.
    pub(crate) fn leave_quietly(&mut self, berth: Berth, left: Left) -> Option<Option<Waker>> {
        let entry = self
            .flights
            .find_mut(berth.hash, |entry| entry.id == berth.id);
        let Some(shared) = entry.and_then(|entry| entry.shared.as_mut()) else {
            return Some(None);
        };
        if shared.crew.leaders == 0 || shared.crew.unwatched_stops.is_some() {
            return None;
        }
        self.stats.left(left);
        Some(shared.crew.waiters.remove(berth.place))
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
        self.stats.left(left);
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
            self.deadlines.add(berth, crew, deadline);
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
            crew.unseat(berth.place);
            after.garbage = crew.waiters.remove(berth.place);
            if crew.leaders == 0 && policy.on_leader_lost == OnLeaderLost::Fail {
                return abandon(row, after);
            }
        }
        let after = settle(row, policy, after);
        self.shrink();
        after
    }

    /// Takes a flight out of the table that nobody shares; returns its key.
    #[inline(always)]
    pub(crate) fn land_alone(&mut self, berth: Berth, failed: bool) -> Option<K> {
        let row = self
            .flights
            .find_entry(berth.hash, |entry| entry.id == berth.id)
            .ok()?;
        if row.get().shared.is_some() {
            return None;
        }
        let Entry { key, shared, .. } = row.remove().0;
        // It is `None`, which the compiler can't know.
        mem::forget(shared);
        self.stats.errors += u64::from(failed);
        self.shrink();
        Some(key)
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
                crew.unseat(berth.place);
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
}

/// Seats a follower that is to load, as `mode` says; returns what it learns, and its old waker.
fn take_seat(
    crew: &mut Crew,
    berth: Berth,
    waker: &Waker,
    mode: Mode,
    followed: Followed,
) -> (Followed, Option<Waker>) {
    let (waiters, place) = (&mut crew.waiters, berth.place);
    let register = |slot: &mut Slot| slot.register(waker);
    let seated = match mode {
        Mode::InPlace | Mode::Claim => {
            let garbage = waiters.remove(place);
            (followed, garbage)
        }
        Mode::Watching => {
            let garbage = waiters.slot_mut(place).and_then(register);
            waiters.step_aside(place);
            (followed, garbage)
        }
        Mode::Detached(cancel) => {
            let garbage = waiters.slot_mut(place).and_then(register);
            waiters.pass_over(place);
            let leader = Berth {
                place: waiters.push_aside(None),
                ..berth
            };
            crew.unwatched_stops = (cancel == Cancel::WhenUnwatched).then_some(leader.place);
            (Followed::Spawn(leader), garbage)
        }
    };
    crew.leaders += 1;
    seated
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
        return if crew.is_unwatched() {
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
