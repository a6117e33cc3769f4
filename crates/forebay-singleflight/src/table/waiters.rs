//! Wakers in join order, with a place for each that does not move while it is held.

use std::mem;
use std::task::Waker;

use forebay_rt::alarm::NEVER;
use forebay_rt::wake_all;

/// The place of a waiter, good until it is removed.
pub(crate) type Place = u32;

/// No place.
pub(crate) const NOWHERE: Place = u32::MAX;

/// Waiters in one contiguous vector, linked in the order in which they joined.
///
/// ```text
/// slots   [ 0: a ][ 1: vacant ][ 2: b ][ 3: c ]
/// order   oldest = 0 ⇄ 2 ⇄ 3 = youngest          vacant slots: 1
/// ```
///
/// Joining and leaving take constant time and, once the vector has grown, no allocation.
#[derive(Debug)]
pub(crate) struct Waiters {
    slots: Vec<Slot>,
    oldest: Place,
    youngest: Place,
    vacant: Place,
    len: u32,
    eligible: u32,
}

#[derive(Debug)]
pub(crate) struct Slot {
    waker: Option<Waker>,
    /// When the waiter wants to be woken at the latest, in nanoseconds of the group's runtime.
    pub(crate) deadline: u64,
    older: Place,
    younger: Place,
    state: State,
    /// Whether the waiter can take over the load.
    pub(crate) eligible: bool,
    /// The waker was used; the waiter owes a poll.
    woken: bool,
    /// The deadline has passed.
    pub(crate) expired: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Vacant,
    /// Not in the order: woken when all are, and never picked.
    Aside,
    Linked,
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            oldest: NOWHERE,
            youngest: NOWHERE,
            vacant: NOWHERE,
            len: 0,
            eligible: 0,
        }
    }

    /// How many waiters stand in the order.
    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    /// How many of them can take over the load.
    pub(crate) const fn eligible(&self) -> usize {
        self.eligible as usize
    }

    /// Gives memory back until there is room for `capacity` waiters.
    pub(crate) fn shrink_to(&mut self, capacity: usize) {
        self.slots.shrink_to(capacity);
    }

    /// Adds a waiter as the youngest.
    #[inline]
    pub(crate) fn push(&mut self, waker: Option<Waker>, deadline: u64, eligible: bool) -> Place {
        let place = self.place(Slot {
            waker,
            deadline,
            older: self.youngest,
            younger: NOWHERE,
            state: State::Linked,
            eligible,
            woken: false,
            expired: false,
        });
        match self.slots.get_mut(self.youngest as usize) {
            Some(elder) => elder.younger = place,
            None => self.oldest = place,
        }
        self.youngest = place;
        self.len += 1;
        self.eligible += u32::from(eligible);
        place
    }

    /// Adds a waiter that stands aside.
    pub(crate) fn push_aside(&mut self, waker: Option<Waker>) -> Place {
        self.place(Slot {
            waker,
            state: State::Aside,
            ..Slot::vacant(NOWHERE)
        })
    }

    /// Lets a waiter step out of the order and stand aside.
    pub(crate) fn step_aside(&mut self, place: Place) {
        self.unlink(place);
        if let Some(slot) = self.slots.get_mut(place as usize) {
            slot.state = State::Aside;
            slot.deadline = NEVER;
            slot.expired = false;
        }
    }

    /// Lets a waiter keep its place in the order but never pick it again.
    pub(crate) fn pass_over(&mut self, place: Place) {
        if let Some(slot) = self.slots.get_mut(place as usize) {
            self.eligible -= u32::from(mem::take(&mut slot.eligible));
        }
    }

    /// Removes a waiter and returns its waker, which the caller drops outside every lock.
    pub(crate) fn remove(&mut self, place: Place) -> Option<Waker> {
        self.unlink(place);
        let next = self.vacant;
        let slot = self.slots.get_mut(place as usize)?;
        if slot.state == State::Vacant {
            return None;
        }
        let waker = mem::replace(slot, Slot::vacant(next)).waker;
        self.vacant = place;
        waker
    }

    pub(crate) fn slot_mut(&mut self, place: Place) -> Option<&mut Slot> {
        self.slots.get_mut(place as usize)
    }

    /// Wakes the waiter to be picked next, the youngest of those that can take over.
    ///
    /// Waiters whose deadline has passed are passed over, and so are those that were never polled:
    /// nobody knows whether they will be. One that was woken before and has not been polled since
    /// is the pick already.
    pub(crate) fn wake_youngest(&mut self) -> Option<Waker> {
        let mut place = self.youngest;
        while let Some(slot) = self.slots.get_mut(place as usize) {
            if slot.eligible && !slot.expired && (slot.woken || slot.waker.is_some()) {
                return slot.take_waker();
            }
            place = slot.older;
        }
        None
    }

    /// The waiter that joined first.
    pub(crate) fn oldest(&self) -> Option<Place> {
        (self.oldest != NOWHERE).then_some(self.oldest)
    }

    /// Takes the wakers of all waiters, who keep their places.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        self.slots.iter_mut().filter_map(Slot::take_waker).collect()
    }

    /// Takes the wakers of those that wait for a deadline, who keep their places.
    pub(crate) fn take_wakers_with_deadline(&mut self) -> Vec<Waker> {
        let timed = self.slots.iter_mut().filter(|slot| slot.deadline != NEVER);
        timed.filter_map(Slot::take_waker).collect()
    }

    /// Marks the waiters whose deadline is not after `now` as expired, adds their wakers to
    /// `wakers`, and returns the earliest deadline of the others.
    pub(crate) fn expire(&mut self, now: u64, wakers: &mut Vec<Waker>) -> u64 {
        let mut earliest = NEVER;
        for slot in &mut self.slots {
            if slot.deadline > now {
                earliest = earliest.min(slot.deadline);
            } else if !slot.expired {
                slot.expired = true;
                wakers.extend(slot.take_waker());
            }
        }
        earliest
    }

    /// Forgets all waiters and wakes them. Keeps the memory.
    pub(crate) fn drain_and_wake(&mut self) {
        let mut slots = mem::take(self).slots;
        wake_all(slots.drain(..).filter_map(|slot| slot.waker));
        self.slots = slots;
    }

    #[inline]
    fn place(&mut self, slot: Slot) -> Place {
        if let Some(vacant) = self.slots.get_mut(self.vacant as usize) {
            let place = mem::replace(&mut self.vacant, vacant.younger);
            *vacant = slot;
            return place;
        }
        // A waiter is far larger than a byte, so memory ends long before the numbers do.
        let place = self.slots.len() as Place;
        self.slots.push(slot);
        place
    }

    fn unlink(&mut self, place: Place) {
        let Some(slot) = self.slots.get(place as usize) else {
            return;
        };
        let (older, younger, eligible) = (slot.older, slot.younger, slot.eligible);
        if slot.state != State::Linked {
            return;
        }
        match self.slots.get_mut(older as usize) {
            Some(elder) => elder.younger = younger,
            None => self.oldest = younger,
        }
        match self.slots.get_mut(younger as usize) {
            Some(junior) => junior.older = older,
            None => self.youngest = older,
        }
        self.len -= 1;
        self.eligible -= u32::from(eligible);
    }
}

impl Default for Waiters {
    fn default() -> Self {
        Self::new()
    }
}

impl Slot {
    /// A vacant slot remembers the next vacant one where others remember the next younger.
    const fn vacant(next: Place) -> Self {
        Self {
            waker: None,
            deadline: NEVER,
            older: NOWHERE,
            younger: next,
            state: State::Vacant,
            eligible: false,
            woken: false,
            expired: false,
        }
    }

    /// Makes `waker` the one to wake; returns the old one, which the caller drops outside every
    /// lock.
    pub(crate) fn register(&mut self, waker: &Waker) -> Option<Waker> {
        let replaced = match &self.waker {
            Some(known) if known.will_wake(waker) => None,
            _ => self.waker.replace(waker.clone()),
        };
        self.woken = false;
        replaced
    }

    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        let waker = self.waker.take();
        self.woken |= waker.is_some();
        waker
    }
}
