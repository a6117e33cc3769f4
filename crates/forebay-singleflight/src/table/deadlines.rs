//! When to look at which flight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::table::berth::Berth;
use crate::table::flight::Crew;

/// The earliest deadline of each flight that has any.
///
/// A flight that lands leaves its entry behind, which is dropped when its time comes or when such
/// entries are most of the queue.
#[derive(Default)]
pub(crate) struct Deadlines {
    queue: BinaryHeap<Reverse<Entry>>,
}

/// A deadline, and the number and hash of its flight.
type Entry = (u64, u64, u64);

/// The queue is not searched for stale entries, nor its memory given back, below this length.
const LEN_KEPT: usize = 64;

impl Deadlines {
    /// Makes sure that the flight is looked at when `deadline` comes.
    pub(crate) fn add(&mut self, berth: Berth, crew: &mut Crew, deadline: u64) {
        if deadline < crew.deadline_queued {
            crew.deadline_queued = deadline;
            self.queue.push(Reverse((deadline, berth.id, berth.hash)));
        }
    }

    /// Takes out the earliest entry if it is not after `now`.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Entry> {
        let Reverse((deadline, ..)) = self.queue.peek()?;
        if *deadline > now {
            return None;
        }
        self.queue.pop().map(|Reverse(entry)| entry)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((deadline, ..))| *deadline)
    }

    /// Keeps the queue within a few times the number of flights.
    pub(crate) fn compact(&mut self, flights: usize, mut is_current: impl FnMut(Entry) -> bool) {
        if self.queue.len() >= LEN_KEPT && self.queue.len() >= 4 * flights {
            self.queue.retain(|Reverse(entry)| is_current(*entry));
            self.queue.shrink_to(LEN_KEPT);
        }
    }
}
