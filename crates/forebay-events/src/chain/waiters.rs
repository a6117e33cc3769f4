use std::mem::{replace, take};
use std::task::Waker;

use forebay_rt::wake_all;

/// The wakers of those who wait for one chain, each in a seat of its own.
///
/// All seats are emptied at once, which begins a new generation; a berth of an earlier one holds
/// nothing any more.
pub(crate) struct Waiters {
    seats: Vec<Seat>,
    /// The seat that was left last.
    free: u32,
    taken: u32,
    generation: u64,
    /// Those whom the pump is to wake and has not taken yet.
    handed: Vec<Seat>,
}

pub(crate) enum Seat {
    Taken(Waker),
    /// Which seat was left before this one.
    Left(u32),
}

/// Which seat a reader has, if it still has one.
#[derive(Clone, Copy)]
pub(crate) struct Berth {
    generation: u64,
    seat: u32,
}

/// No seat.
const NOWHERE: u32 = u32::MAX;

/// So many are woken by the writer itself.
#[cfg(not(forebay_loom))]
const FEW: usize = 32;
#[cfg(forebay_loom)]
const FEW: usize = 1;

/// Those who are woken by the writer itself, once it holds no lock.
#[derive(Default)]
pub(crate) struct Few {
    wakers: [Option<Waker>; FEW],
    length: usize,
}

impl Few {
    pub(crate) fn wake(self) {
        wake_all(self.wakers.into_iter().take(self.length).flatten());
    }

    fn fill(&mut self, seats: impl Iterator<Item = Seat>) {
        for seat in seats {
            if let (Seat::Taken(waker), Some(place)) = (seat, self.wakers.get_mut(self.length)) {
                *place = Some(waker);
                self.length += 1;
            }
        }
    }
}

impl Berth {
    pub(crate) const NONE: Self = Self {
        generation: 0,
        seat: NOWHERE,
    };

    pub(crate) const fn is_none(self) -> bool {
        self.seat == NOWHERE
    }
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self {
            seats: Vec::new(),
            free: NOWHERE,
            taken: 0,
            generation: 0,
            handed: Vec::new(),
        }
    }

    /// How many wait.
    pub(crate) const fn taken(&self) -> u32 {
        self.taken
    }

    /// Puts `waker` into the seat of `berth`, or into a new one; returns the waker that was there.
    pub(crate) fn sit(&mut self, berth: &mut Berth, waker: &Waker) -> Option<Waker> {
        if berth.generation == self.generation
            && let Some(Seat::Taken(seated)) = self.seats.get_mut(berth.seat as usize)
        {
            if seated.will_wake(waker) {
                return None;
            }
            return Some(replace(seated, waker.clone()));
        }
        let taken = Seat::Taken(waker.clone());
        let mut seat = self.free;
        if let Some(free) = self.seats.get_mut(seat as usize) {
            if let Seat::Left(before) = replace(free, taken) {
                self.free = before;
            }
        } else {
            seat = self.seats.len() as u32;
            if self.seats.len() == self.seats.capacity() {
                // By halves, as a crowd that has come is seldom about to double.
                self.seats.reserve_exact((self.seats.len() / 2).max(4));
            }
            self.seats.push(taken);
        }
        self.taken += 1;
        *berth = Berth {
            generation: self.generation,
            seat,
        };
        None
    }

    /// Returns the waker in the seat of `berth`.
    pub(crate) fn seated(&self, berth: Berth) -> Option<Waker> {
        match self.seats.get(berth.seat as usize)? {
            Seat::Taken(waker) if berth.generation == self.generation => Some(waker.clone()),
            _ => None,
        }
    }

    /// Leaves the seat of `berth`, and returns the waker that was in it.
    pub(crate) fn leave(&mut self, berth: &mut Berth) -> Option<Waker> {
        let left = replace(berth, Berth::NONE);
        if left.generation != self.generation {
            return None;
        }
        let seat = self.seats.get_mut(left.seat as usize)?;
        let Seat::Taken(waker) = replace(seat, Seat::Left(self.free)) else {
            return None;
        };
        self.free = left.seat;
        self.taken -= 1;
        Some(waker)
    }

    /// Empties all seats, if there are so few that the writer wakes them.
    pub(crate) fn rise_few(&mut self, few: &mut Few) -> bool {
        if few.length + self.taken as usize > FEW {
            return false;
        }
        few.fill(self.seats.drain(..));
        self.renew();
        true
    }

    /// Empties all seats, for the writer to wake however many they are.
    pub(crate) fn rise(&mut self) -> Vec<Seat> {
        self.renew();
        take(&mut self.seats)
    }

    /// Empties all seats, for the pump to wake.
    pub(crate) fn hand_over(&mut self) {
        self.renew();
        if self.handed.is_empty() {
            self.handed = take(&mut self.seats);
        } else {
            self.handed.append(&mut self.seats);
        }
    }

    /// Takes some back from the pump, which is behind; returns whether it is left with none.
    pub(crate) fn take_back(&mut self, few: &mut Few) -> bool {
        let from = self.handed.len().saturating_sub(FEW);
        few.fill(self.handed.drain(from..));
        self.handed.is_empty()
    }

    pub(crate) fn has_handed(&self) -> bool {
        !self.handed.is_empty()
    }

    /// Takes those whom the pump is to wake.
    pub(crate) fn take_handed(&mut self) -> Vec<Seat> {
        take(&mut self.handed)
    }

    fn renew(&mut self) {
        self.free = NOWHERE;
        self.taken = 0;
        self.generation += 1;
    }
}

impl Seat {
    pub(crate) fn into_waker(self) -> Option<Waker> {
        match self {
            Self::Taken(waker) => Some(waker),
            Self::Left(_) => None,
        }
    }
}
