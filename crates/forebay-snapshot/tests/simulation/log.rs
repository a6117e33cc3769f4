use std::collections::BTreeMap;

use forebay_core::Sequence;
use forebay_snapshot::{Anchor, Marker};

use crate::{Item, Name, State};

/// What an entry of the log does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Put(u64, u64),
    Remove(u64),
    Marker(Marker<Name>),
}

/// The log as it is committed, and the state at each of its entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    entries: Vec<(u64, Command)>,
    /// Entries up to here are gone from every peer.
    pub(crate) pruned: u64,
}

/// A state that follows the log.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Machine {
    pub(crate) applied: u64,
    pub(crate) items: BTreeMap<u64, u64>,
}

impl Log {
    pub(crate) fn append(&mut self, term: u64, command: Command) {
        self.entries.push((term, command));
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn entry(&self, sequence: u64) -> Option<&(u64, Command)> {
        self.entries
            .get(usize::try_from(sequence.checked_sub(1)?).unwrap())
    }

    pub(crate) fn anchor(&self, sequence: u64) -> Option<Anchor> {
        let (term, _) = self.entry(sequence)?;
        Some(Anchor::new(Sequence::new(sequence), *term))
    }

    /// The state at an entry, from the first one on.
    pub(crate) fn state_at(&self, sequence: u64) -> Vec<Item> {
        let mut machine = Machine::default();
        while machine.applied < sequence {
            machine.apply(self);
        }
        machine.items.into_iter().collect()
    }
}

impl Machine {
    /// Applies the next entry, if there is one. Returns the marker that it is.
    pub(crate) fn apply(&mut self, log: &Log) -> Option<Marker<Name>> {
        let (_, command) = log.entry(self.applied + 1)?;
        self.applied += 1;
        match command {
            Command::Put(key, value) => {
                self.items.insert(*key, *value);
            }
            Command::Remove(key) => {
                self.items.remove(key);
            }
            Command::Marker(marker) => return Some(marker.clone()),
        }
        None
    }

    pub(crate) fn state(&self) -> State {
        State::from(
            self.items
                .iter()
                .map(|(key, value)| (*key, *value))
                .collect::<Vec<_>>(),
        )
    }
}
