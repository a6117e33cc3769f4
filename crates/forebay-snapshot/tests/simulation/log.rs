use std::collections::BTreeMap;

use bytes::Bytes;
use forebay_core::Sequence;
use forebay_snapshot::{Anchor, LogEntry, Marker};

use crate::{Item, Name, State};

/// What an entry of the log does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Put(u64, Bytes),
    Remove(u64),
    Marker(Marker<Name>),
    /// What a leader wrote that was gone before it was committed.
    Lost,
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
    pub(crate) items: BTreeMap<u64, Bytes>,
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

    /// Checks that entries are those after an anchor.
    ///
    /// The last of them may be from a leader that was deposed before they were committed: nobody
    /// knows that before the new leader says so, and then they are of an earlier term than its own.
    pub(crate) fn check_replay(&self, anchor: Anchor, replay: &[LogEntry<Command>]) {
        let mut is_lost = false;
        for (entry, sequence) in replay.iter().zip(anchor.sequence().get() + 1..) {
            assert_eq!(entry.sequence.get(), sequence, "a gap after {anchor}");
            let expected = self.entry(sequence);
            is_lost |= entry.entry == Command::Lost;
            if is_lost {
                assert_eq!(entry.entry, Command::Lost, "it goes on after what was lost");
                assert!(expected.is_none_or(|(term, _)| entry.term < *term));
            } else {
                assert_eq!(expected, Some(&(entry.term, entry.entry.clone())));
            }
        }
    }
}

impl Machine {
    /// Applies the next entry, if there is one. Returns the marker that it is.
    pub(crate) fn apply(&mut self, log: &Log) -> Option<Marker<Name>> {
        let (_, command) = log.entry(self.applied + 1)?;
        self.applied += 1;
        match command {
            Command::Put(key, value) => {
                self.items.insert(*key, value.clone());
            }
            Command::Remove(key) => {
                self.items.remove(key);
            }
            Command::Marker(marker) => return Some(marker.clone()),
            Command::Lost => {}
        }
        None
    }

    pub(crate) fn state(&self) -> State {
        let items = self.items.iter();
        State::from(
            items
                .map(|(key, value)| (*key, value.clone()))
                .collect::<Vec<_>>(),
        )
    }
}
