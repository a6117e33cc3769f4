use std::sync::MutexGuard;

use crate::events::delivery::event::Event;
use crate::events::delivery::losses::Losses;
use crate::events::delivery::tally::{Fault, Part, Tally};

/// Where a subscriber puts what it got, all of one moment, to have it checked and counted.
#[derive(Debug)]
pub struct Desk<'a> {
    tally: MutexGuard<'a, Tally>,
    seat: &'a mut Seat,
    now_ns: u64,
}

/// What is known of one subscriber.
#[derive(Debug)]
pub(super) struct Seat {
    is_slow: bool,
    losses: Losses,
    /// The event that is to come.
    next: u64,
    /// How many events before the next one it was told that it lost.
    announced: u64,
}

impl Seat {
    pub(super) fn new(is_slow: bool, losses: Losses) -> Self {
        Self {
            is_slow,
            losses,
            next: 0,
            announced: 0,
        }
    }
}

impl<'a> Desk<'a> {
    pub(super) fn new(tally: MutexGuard<'a, Tally>, seat: &'a mut Seat, now_ns: u64) -> Self {
        Self {
            tally,
            seat,
            now_ns,
        }
    }

    /// Takes an event in.
    pub fn event(&mut self, event: &Event) {
        let fault = self.misplaced(event.sequence).or_else(|| {
            let sequence = event.sequence;
            (!event.is_unharmed()).then_some(Fault::Harmed { sequence })
        });
        let now_ns = self.now_ns;
        let part = self.part();
        part.audience.delivered += 1;
        part.latencies.record(event.due_ns, now_ns);
        if let Some(fault) = fault {
            self.fault(fault);
        }
    }

    /// Takes in that so many events were lost before the one that comes next.
    pub fn missed(&mut self, events: u64) {
        self.seat.announced += events;
    }

    /// Takes in that there is nothing more to come after so many events.
    pub(super) fn end(&mut self, published: u64, wakes: u64) {
        let expected = self.seat.next;
        if expected < published {
            self.fault(Fault::Ended { expected });
        }
        let audience = &mut self.part().audience;
        audience.lost += published.saturating_sub(expected);
        audience.subscribers += 1;
        audience.wakes += wakes;
    }

    /// Expects what follows an event, and counts what is missing before it. Returns what is wrong
    /// with its place.
    fn misplaced(&mut self, sequence: u64) -> Option<Fault> {
        let expected = self.seat.next;
        if sequence < expected {
            return Some(Fault::Repeated { sequence, expected });
        }
        self.seat.next = sequence + 1;
        let lost = sequence - expected;
        let announced = std::mem::take(&mut self.seat.announced);
        if lost == 0 && announced == 0 {
            return None;
        }
        let audience = &mut self.part().audience;
        audience.lost += lost;
        audience.announced += announced.min(lost);
        let is_allowed = match self.seat.losses {
            Losses::Never => false,
            Losses::Announced => announced == lost,
            Losses::Silent => announced == 0,
        };
        (!is_allowed).then_some(Fault::Misannounced {
            sequence,
            lost,
            announced,
        })
    }

    fn fault(&mut self, fault: Fault) {
        self.part().audience.wrong += 1;
        self.tally.blame(fault);
    }

    fn part(&mut self) -> &mut Part {
        match self.seat.is_slow {
            true => &mut self.tally.slow,
            false => &mut self.tally.fast,
        }
    }
}
