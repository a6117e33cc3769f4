//! Who catches up: it reads the log from somewhere on, and may have to get a state first.

mod copy;
mod fetch;
mod session;

use std::collections::VecDeque;
use std::time::Instant;

use crate::catchup::fault::Fault;
use crate::catchup::laggard::copy::Copy;
use crate::catchup::laggard::fetch::{Fetch, Step};
use crate::catchup::laggard::session::Fetching;
use crate::catchup::log::Entry;
use crate::catchup::packet::{LEADER, Name, Packet};
use crate::catchup::reader::Reader;
use crate::catchup::state::State;
use crate::catchup::way::Way;

/// What a laggard is given.
#[derive(Clone, Debug)]
pub(super) struct Equipment {
    /// What it had before the first change that it missed.
    pub(super) before: State,
    pub(super) value_bytes: usize,
    /// How many peers it has.
    pub(super) peers: Name,
    /// How much of the state it has when it is interrupted, where it is.
    pub(super) interrupt_at: f64,
    /// What decides whatever is left to chance.
    pub(super) seed: u64,
}

/// Who catches up.
pub(super) struct Laggard {
    equipment: Equipment,
    reader: Reader,
    /// How it gets a state; `None` where it has one.
    fetch: Option<Box<dyn Fetch>>,
    state: State,
    /// The last entry that is in the state.
    applied: u64,
    outbox: VecDeque<(Name, Packet)>,
    pub(super) decoded: Decoded,
}

/// What was decoded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decoded {
    /// Items of the state.
    pub(super) items: u64,
    /// Entries of the log.
    pub(super) entries: u64,
}

impl Laggard {
    /// Creates one that catches up in this way.
    pub(super) fn new(now: Instant, way: Way, equipment: Equipment) -> Self {
        let fetch: Option<Box<dyn Fetch>> = match way {
            Way::Replay => None,
            Way::Copy => Some(Box::new(Copy::new())),
            Way::Snapshot { interruption, .. } => {
                Some(Box::new(Fetching::new(now, interruption, &equipment)))
            }
        };
        let from = fetch.is_none().then_some(1);
        Self {
            reader: Reader::new(now, from, equipment.value_bytes),
            state: match fetch.is_none() {
                true => equipment.before.clone(),
                false => State::new(),
            },
            fetch,
            applied: 0,
            outbox: VecDeque::new(),
            decoded: Decoded::default(),
            equipment,
        }
    }

    /// Returns whether it has everything that there is, as far as it knows.
    pub(super) fn is_caught_up(&self) -> bool {
        self.fetch.is_none() && self.reader.is_at_head()
    }

    /// Returns the last entry that is in the state.
    pub(super) fn applied(&self) -> u64 {
        self.applied
    }

    /// Returns the state.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Takes a message.
    pub(super) fn handle(&mut self, now: Instant, from: Name, packet: Packet) -> Result<(), Fault> {
        match (packet, &mut self.fetch) {
            (Packet::Stretch { asked, stretch }, _) => {
                for (from, entries) in self.reader.handle(now, asked, &stretch)? {
                    self.take(now, from, entries)?;
                }
            }
            (packet, Some(fetch)) => fetch.handle(now, from, packet)?,
            // Something that was sent before there was a state.
            (_, None) => {}
        }
        Ok(())
    }

    /// Does what is due and a part of what takes long; returns whether there is more of that.
    pub(super) fn act(&mut self, now: Instant) -> Result<bool, Fault> {
        self.reader.handle_timeout(now);
        while let Some(packet) = self.reader.poll(now) {
            self.outbox.push_back((LEADER, packet));
        }
        let Some(fetch) = &mut self.fetch else {
            return Ok(false);
        };
        let is_busy = fetch.act(now)?;
        while let Some(step) = self.fetch.as_mut().and_then(|fetch| fetch.poll()) {
            match step {
                Step::Send(to, packet) => self.outbox.push_back((to, packet)),
                Step::Restarted { from } => {
                    self.reader = Reader::new(now, from, self.equipment.value_bytes);
                    let peers = LEADER..=self.equipment.peers;
                    self.outbox
                        .extend(peers.map(|peer| (peer, Packet::Restarted)));
                }
                Step::Arrived {
                    sequence,
                    state,
                    replay,
                } => {
                    self.decoded.items += state.len() as u64;
                    (self.state, self.applied) = (state, sequence);
                    self.fetch = None;
                    for (from, entries) in replay {
                        self.apply(from, entries)?;
                    }
                    if self.reader.is_beyond(self.applied) {
                        // The state is older than what was read. Its provider kept the rest.
                        let next = Some(self.applied + 1);
                        self.reader = Reader::new(now, next, self.equipment.value_bytes);
                    }
                }
            }
        }
        Ok(is_busy && self.fetch.is_some())
    }

    /// Returns a message to send.
    pub(super) fn poll(&mut self) -> Option<(Name, Packet)> {
        self.outbox.pop_front()
    }

    /// Returns when there is something to do.
    pub(super) fn timeout(&self) -> Option<Instant> {
        let fetch = self.fetch.as_ref().and_then(|fetch| fetch.timeout());
        fetch.into_iter().chain(self.reader.timeout()).min()
    }

    fn take(&mut self, now: Instant, from: u64, entries: Vec<Entry>) -> Result<(), Fault> {
        self.decoded.entries += entries.len() as u64;
        match &mut self.fetch {
            Some(fetch) => {
                fetch.entries(now, from, entries);
                Ok(())
            }
            None => self.apply(from, entries),
        }
    }

    /// Applies entries. What the state has already came before it did.
    pub(super) fn apply(&mut self, from: u64, entries: Vec<Entry>) -> Result<(), Fault> {
        for (came, entry) in (from..).zip(entries) {
            let applied = self.applied;
            if came > applied + 1 {
                return Err(Fault::Gap { applied, came });
            }
            if came == applied + 1 {
                entry.apply(&mut self.state);
                self.applied = came;
            }
        }
        Ok(())
    }
}
