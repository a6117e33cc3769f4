//! The log that all peers have in common, with the state at its end.
//!
//! Peers agree on a log; how they do that is not what is compared. So there is one, in memory, and
//! each peer reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use forebay_core::Sequence;
use forebay_snapshot::Anchor;
use serde::{Deserialize, Serialize};

use crate::catchup::state::{State, extend_with_value};

/// The term of every entry: nobody but the first leader ever leads.
pub(super) const TERM: u64 = 1;

/// What stands in the place of a key where an entry changes nothing: a marker.
const MARKER: u32 = u32::MAX;

/// What an entry says, as it is sent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Entry {
    /// A value of a key is replaced.
    Put(u64, Bytes),
    /// Everybody takes a snapshot here.
    Marker,
}

impl Entry {
    /// Does what it says.
    pub(super) fn apply(self, state: &mut State) {
        if let Self::Put(key, value) = self {
            state.insert(key, value);
        }
    }
}

/// What was there before a run, shared by all of its strategies: changes that the laggard missed, the
/// state after them, and the changes that follow.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// The key of each change, in order, those that were missed first.
    pub(super) keys: Arc<[u32]>,
    /// How many were missed.
    pub(super) missed: u64,
    /// How many bytes a value has.
    pub(super) value_bytes: usize,
    /// The state before the first change: what the laggard has.
    pub(super) before: State,
    /// The state after the last change that was missed.
    pub(super) after: State,
}

/// The log, of which clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Log(Arc<Mutex<Written>>);

#[derive(Debug)]
struct Written {
    past: Past,
    /// What came after the changes that were missed: keys, and markers.
    since: Vec<u32>,
    /// How many changes were made, markers not counted.
    changes: u64,
    state: State,
    /// The states at markers that not all peers have taken yet.
    taken: BTreeMap<u64, State>,
}

/// Some entries that follow each other, as they are sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stretch {
    /// The sequence of the first one.
    pub(super) from: u64,
    /// How many there are.
    pub(super) count: u64,
    /// The last entry of the log.
    pub(super) head: u64,
    /// The entries, one after the other.
    pub(super) bytes: Bytes,
}

impl Log {
    pub(super) fn new(past: Past) -> Self {
        Self(Arc::new(Mutex::new(Written {
            since: Vec::new(),
            changes: past.missed,
            state: past.after.clone(),
            taken: BTreeMap::new(),
            past,
        })))
    }

    /// Makes some changes, as long as there are any.
    pub(super) fn write(&self, changes: u64) {
        let mut written = self.lock();
        for _ in 0..changes {
            let Some(&key) = written.past.keys.get(written.changes as usize) else {
                return;
            };
            written.since.push(key);
            written.changes += 1;
            let (sequence, bytes) = (written.head(), written.past.value_bytes);
            let mut value = Vec::with_capacity(bytes);
            extend_with_value(&mut value, key.into(), sequence, bytes);
            written.state.insert(key.into(), value.into());
        }
    }

    /// Appends a marker, and keeps the state there for so many peers that apply it. Returns where it
    /// stands.
    pub(super) fn mark(&self) -> Anchor {
        let mut written = self.lock();
        written.since.push(MARKER);
        let (head, state) = (written.head(), written.state.clone());
        written.taken.insert(head, state);
        Anchor::new(Sequence::new(head), TERM)
    }

    /// Returns the state at a marker.
    pub(super) fn taken(&self, anchor: Anchor) -> Option<State> {
        self.lock().taken.get(&anchor.sequence().get()).cloned()
    }

    /// Returns the state at the end, and where that is.
    pub(super) fn state(&self) -> (u64, State) {
        let written = self.lock();
        (written.head(), written.state.clone())
    }

    /// Returns the sequence of the last entry.
    pub(super) fn head(&self) -> u64 {
        self.lock().head()
    }

    /// Writes entries down as they are sent, from this one on and at most so many.
    pub(super) fn read(&self, from: u64, count_max: u64) -> Stretch {
        // The lock is not held while values are made, which takes long.
        let (missed, since, bytes_each, head) = {
            let written = self.lock();
            let head = written.head();
            let end = head.min(from.saturating_add(count_max - 1));
            let missed = Arc::clone(&written.past.keys);
            let (begin, end) = (from.max(written.past.missed + 1), end);
            let index = |sequence: u64| (sequence - written.past.missed - 1) as usize;
            let since = match begin <= end {
                true => written.since[index(begin)..=index(end)].to_vec(),
                false => Vec::new(),
            };
            let missed_end = end.min(written.past.missed);
            let missed = (from <= missed_end).then_some((missed, from..=missed_end));
            (missed, since, written.past.value_bytes, head)
        };
        let keys = missed.iter().flat_map(|(keys, range)| {
            let indices = *range.start() as usize - 1..*range.end() as usize;
            keys[indices].iter().copied()
        });
        let mut count = 0;
        let mut bytes = Vec::new();
        for key in keys.chain(since) {
            encode(&mut bytes, key, from + count, bytes_each);
            count += 1;
        }
        Stretch {
            from,
            count,
            head,
            bytes: bytes.into(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn head(&self) -> u64 {
        self.past.missed + self.since.len() as u64
    }
}

/// How many bytes an entry takes at most, beside its value.
const OVERHEAD: u64 = 12;

/// Returns how many entries make a message of about this size.
pub(super) fn entries_in(bytes: u64, value_bytes: usize) -> u64 {
    (bytes / (value_bytes as u64 + OVERHEAD)).max(1)
}

/// Writes an entry down without making its value first.
fn encode(bytes: &mut Vec<u8>, key: u32, sequence: u64, value_bytes: usize) {
    if key == MARKER {
        bytes.push(1);
        return;
    }
    bytes.push(0);
    varint(bytes, key.into());
    varint(bytes, value_bytes as u64);
    extend_with_value(bytes, key.into(), sequence, value_bytes);
}

fn varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads the entries of a stretch, which are all there is in it.
pub(super) fn decode(stretch: &Stretch) -> Option<Vec<Entry>> {
    let mut left = &stretch.bytes[..];
    // A count that is a lie ends with the bytes.
    let mut entries = Vec::with_capacity(stretch.count.min(left.len() as u64) as usize);
    for _ in 0..stretch.count {
        let (entry, rest) = postcard::take_from_bytes(left).ok()?;
        entries.push(entry);
        left = rest;
    }
    left.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catchup::state::{first, value};

    fn log() -> Log {
        let before = first(3, 5);
        let mut after = before.clone();
        after.insert(2, value(2, 1, 5).into());
        after.insert(0, value(0, 2, 5).into());
        Log::new(Past {
            keys: [2, 0, 1, 1].into(),
            missed: 2,
            value_bytes: 5,
            before,
            after,
        })
    }

    #[test]
    fn entries_are_written_as_they_would_be_read() {
        let log = log();
        log.write(1);
        let anchor = log.mark();
        log.write(5);
        assert_eq!((anchor.sequence().get(), log.head()), (4, 5));
        let all = log.read(1, 100);
        assert_eq!((all.from, all.count, all.head), (1, 5, 5));
        let entries = decode(&all).unwrap();
        assert_eq!(entries[0], Entry::Put(2, value(2, 1, 5).into()));
        assert_eq!(entries[3], Entry::Marker);
        let written: Vec<u8> = entries
            .iter()
            .flat_map(|entry| postcard::to_stdvec(entry).unwrap())
            .collect();
        assert_eq!(written, all.bytes);
        for from in 1..=6 {
            for count in 1..=5 {
                let some = log.read(from, count);
                let end = 5.min(from as usize + count as usize - 1);
                let expected = entries.get(from as usize - 1..end).unwrap_or_default();
                assert_eq!(decode(&some).unwrap(), expected, "{from}, {count}");
            }
        }
    }

    #[test]
    fn what_is_replayed_is_the_state_at_the_end() {
        let log = log();
        log.write(1);
        log.mark();
        log.write(1);
        let mut state = log.lock().past.before.clone();
        for entry in decode(&log.read(1, 100)).unwrap() {
            entry.apply(&mut state);
        }
        assert_eq!(log.state(), (5, state));
    }

    #[test]
    fn what_is_no_stretch_is_refused() {
        let whole = log().read(1, 2);
        assert!(decode(&whole).is_some());
        for count in [0, 1, 3, u64::MAX] {
            let bytes = whole.bytes.clone();
            assert!(
                decode(&Stretch {
                    count,
                    bytes,
                    ..whole.clone()
                })
                .is_none()
            );
        }
        let bytes = whole.bytes.slice(1..);
        assert!(decode(&Stretch { bytes, ..whole }).is_none());
    }
}
