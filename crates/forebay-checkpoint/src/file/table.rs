//! What a store holds, and the changes to it that nobody sees yet.

use std::sync::Arc;

use forebay_core::{Checkpoint, ResumeKey};
use hashbrown::HashMap;

use crate::file::format::record::{self, State};
use crate::row::Row;

#[cfg(not(test))]
type Hashing = foldhash::fast::RandomState;
/// The order of keys decides the bytes of a file that is replaced, and a test is to see the same
/// ones again.
#[cfg(test)]
type Hashing = foldhash::fast::FixedState;

/// All that is known of one key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Known {
    pub(crate) state: State,
    pub(crate) label: Option<Arc<str>>,
    /// By which number the file that is written to calls it, once it does.
    pub(crate) number: Option<u32>,
}

impl Known {
    /// What holds of a key that is not in a table with this floor.
    fn unnamed(floor: u64) -> Self {
        let state = State {
            epoch: floor,
            ..State::default()
        };
        Self {
            state,
            ..Self::default()
        }
    }

    /// A new file need not name it: the floor says all there is to say.
    fn is_forgettable(&self) -> bool {
        self.state.value.is_none() && !self.state.claimed && self.label.is_none()
    }

    fn size(&self) -> u64 {
        if self.is_forgettable() {
            return 0;
        }
        record::size(&self.state, self.label.as_deref())
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    known: HashMap<ResumeKey, Known, Hashing>,
    /// The epoch of every key that is not in it.
    floor: u64,
    /// How many bytes a new file with all of it would take, but for its blocks.
    live_bytes: u64,
    /// How many keys have a position.
    positions: usize,
}

impl Table {
    pub(crate) fn new(floor: u64) -> Self {
        Self {
            floor,
            ..Self::default()
        }
    }

    pub(crate) fn reserve(&mut self, keys: usize) {
        self.known.reserve(keys);
    }

    /// Gives back room that is far too much.
    pub(crate) fn shrink(&mut self) {
        if self.known.capacity() / 4 > self.known.len() {
            self.known.shrink_to_fit();
        }
    }

    #[inline]
    pub(crate) fn value(&self, key: &ResumeKey) -> Option<&Checkpoint> {
        self.known.get(key)?.state.value.as_ref()
    }

    pub(crate) fn get(&self, key: &ResumeKey) -> Known {
        self.known
            .get(key)
            .cloned()
            .unwrap_or_else(|| Known::unnamed(self.floor))
    }

    pub(crate) fn put(&mut self, key: ResumeKey, known: Known) {
        self.live_bytes += known.size();
        self.positions += usize::from(known.state.value.is_some());
        if let Some(before) = self.known.insert(key, known) {
            self.live_bytes -= before.size();
            self.positions -= usize::from(before.state.value.is_some());
        }
    }

    /// Puts in the place of what is known of `key` what `after` makes of it; what holds of a
    /// key that was never named, and `false`, where it makes no sense.
    pub(crate) fn update(
        &mut self,
        key: ResumeKey,
        after: impl FnOnce(Known) -> Option<Known>,
    ) -> bool {
        let floor = self.floor;
        let known = self.known.entry(key);
        let known = known.or_insert_with(|| Known::unnamed(floor));
        let (size, had) = (known.size(), known.state.value.is_some());
        let now = after(std::mem::take(known));
        let is_sense = now.is_some();
        *known = now.unwrap_or_else(|| Known::unnamed(floor));
        self.live_bytes = self.live_bytes - size + known.size();
        self.positions =
            self.positions - usize::from(had) + usize::from(known.state.value.is_some());
        is_sense
    }

    pub(crate) const fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ResumeKey, &Known)> {
        self.known.iter()
    }

    /// Returns all keys with a position or a label, in their order.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let listed = self.known.iter().filter_map(|(key, known)| {
            let mut row = Row::new(*key, known.state.value.clone());
            row.label.clone_from(&known.label);
            (row.checkpoint.is_some() || row.label.is_some()).then_some(row)
        });
        let mut rows: Vec<_> = listed.collect();
        rows.sort_unstable_by_key(|row| row.key);
        rows
    }

    /// How many keys have a position.
    pub(crate) const fn keys(&self) -> usize {
        self.positions
    }

    /// Leaves out what a new file does not name, raises the floor over it, and numbers the rest.
    pub(crate) fn compact(&mut self) {
        let at_floor = |known: &Known| known.state.value.is_none() && !known.state.claimed;
        let gone = self.known.values().filter(|known| at_floor(known));
        let highest = gone.map(|known| known.state.epoch).max();
        self.floor = self.floor.max(highest.unwrap_or_default());
        self.known.retain(|_, known| !known.is_forgettable());
        for (number, known) in (0..).zip(self.known.values_mut()) {
            known.number = Some(number);
            if at_floor(known) {
                known.state.epoch = self.floor;
            }
        }
    }

    /// Gives every key that is not in it this epoch.
    pub(crate) const fn set_floor(&mut self, floor: u64) {
        self.floor = floor;
    }

    pub(crate) const fn floor(&self) -> u64 {
        self.floor
    }
}

/// Changes on top of a table: the latest of each key, in the order in which the keys came.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    changes: Vec<Change>,
    places: HashMap<ResumeKey, usize, Hashing>,
    undo: Vec<(usize, Option<Change>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: ResumeKey,
    pub(crate) known: Known,
    /// Whether there is more to write than the label.
    pub(crate) state_changed: bool,
    pub(crate) label_changed: bool,
}

impl Staged {
    pub(crate) fn get(&self, key: &ResumeKey) -> Option<&Known> {
        let place = *self.places.get(key)?;
        self.changes.get(place).map(|change| &change.known)
    }

    pub(crate) fn put(&mut self, change: Change) {
        match self.places.get(&change.key) {
            Some(&place) => {
                let Some(before) = self.changes.get_mut(place) else {
                    return;
                };
                let change = Change {
                    state_changed: change.state_changed || before.state_changed,
                    label_changed: change.label_changed || before.label_changed,
                    ..change
                };
                let before = std::mem::replace(before, change);
                self.undo.push((place, Some(before)));
            }
            None => {
                self.undo.push((self.changes.len(), None));
                self.places.insert(change.key, self.changes.len());
                self.changes.push(change);
            }
        }
    }

    /// What was put up to here stays, whatever comes after.
    pub(crate) fn settle(&mut self) {
        self.undo.clear();
    }

    /// Takes back what was put since the last [`settle`](Self::settle).
    pub(crate) fn roll_back(&mut self) {
        while let Some((place, before)) = self.undo.pop() {
            match before {
                Some(before) => {
                    if let Some(change) = self.changes.get_mut(place) {
                        *change = before;
                    }
                }
                None => {
                    if let Some(change) = self.changes.pop() {
                        self.places.remove(&change.key);
                    }
                }
            }
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(crate) fn changes_mut(&mut self) -> &mut [Change] {
        &mut self.changes
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(crate) fn clear(&mut self) {
        self.changes.clear();
        self.places.clear();
        self.undo.clear();
    }

    /// Moves all of it into `table`.
    pub(crate) fn publish(&mut self, table: &mut Table) {
        for change in self.changes.drain(..) {
            table.put(change.key, change.known);
        }
        self.clear();
    }
}
