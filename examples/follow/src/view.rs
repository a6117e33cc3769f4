//! The state as readers see it, and what is counted of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_core::{Cursor, LogId, Sequence};
use forebay_events::{SnapshotSource, SnapshotWriter, Subject};

use crate::config::{Change, Key, Name, State};

/// The state after an entry of the log.
#[derive(Clone, Debug)]
pub struct View {
    /// The entry.
    pub cursor: Cursor,
    /// The state.
    pub state: State,
}

/// A view that is replaced by a newer one again and again; clones are the same.
#[derive(Clone, Debug)]
pub struct Current(Arc<Mutex<View>>);

/// What is counted of topics.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// How many changes were made.
    pub changes: u64,
    /// What of them is whose.
    pub topics: BTreeMap<Name, TopicCounts>,
}

/// What is counted of one topic.
#[derive(Clone, Copy, Debug, Default)]
pub struct TopicCounts {
    /// How many keys are set.
    pub keys: usize,
    /// How many changes were made.
    pub changes: u64,
    /// The last of them.
    pub head: Sequence,
}

impl View {
    /// Returns the state before anything was heard of any log.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            cursor: Cursor::new(LogId::new(0), Sequence::ZERO),
            state: State::new(),
        }
    }

    /// Returns the keys of a topic, and their values.
    pub fn of_topic(&self, topic: &Name) -> impl Iterator<Item = (&Key, &Arc<str>)> {
        // No name is shorter than one character, so this is before all of them.
        let wanted = topic.clone();
        self.state
            .range((Bound::Included(Key::first_of(topic)), Bound::Unbounded))
            .take_while(move |(key, _)| key.topic == wanted)
    }
}

impl Current {
    /// Begins with a view.
    #[must_use]
    pub fn new(view: View) -> Self {
        Self(Arc::new(Mutex::new(view)))
    }

    /// Returns the newest view, which stays as it is.
    #[must_use]
    pub fn view(&self) -> View {
        self.lock().clone()
    }

    /// Replaces it.
    pub fn set(&self, view: View) {
        let old = std::mem::replace(&mut *self.lock(), view);
        // What is freed with the old one is freed outside of the lock.
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, View> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a hub reads the state from that a newcomer begins with.
impl SnapshotSource<Name, Change> for Current {
    type Error = Infallible;

    async fn snapshot(
        &self,
        subject: &Subject<Name>,
        out: &mut SnapshotWriter<Change>,
    ) -> Result<Sequence, Infallible> {
        let view = self.view();
        // A topic that is no name has no keys.
        if let Ok(topic) = subject.topic().as_str().parse() {
            for (key, value) in view.of_topic(&topic) {
                if subject.key().is_none_or(|wanted| *wanted == key.key) {
                    out.push(key.set_to(value)).await;
                }
            }
        }
        Ok(view.cursor.sequence())
    }
}

impl Counts {
    /// Counts the keys that there are.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut counts = Self::default();
        for key in state.keys() {
            counts.topics.entry(key.topic.clone()).or_default().keys += 1;
        }
        counts
    }

    /// Counts a change of a state in which the key was set or not.
    pub fn count(&mut self, sequence: Sequence, change: &Change, was_set: bool) {
        self.changes += 1;
        let topic = self.topics.entry(change.topic.clone()).or_default();
        topic.changes += 1;
        topic.head = sequence;
        topic.keys += usize::from(change.value.is_some());
        topic.keys -= usize::from(was_set);
    }
}
