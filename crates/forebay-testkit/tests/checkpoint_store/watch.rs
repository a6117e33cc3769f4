use std::sync::{Arc, Mutex};

use forebay_core::{Checkpoint, ResumeKey};
use forebay_testkit::checkpoint_store::{Listed, Listing, Watching};

use crate::fault::{Fault, Refused};
use crate::faulty::{Faulty, Store};
use crate::state::{Key, State};

/// Follows one key by what was noted of it.
pub(crate) struct Watch {
    fault: Option<Fault>,
    state: Arc<Mutex<State>>,
    key: Key,
    handle: u64,
    /// What was stored when it began, unless it was given.
    first: Option<Option<Checkpoint>>,
    /// How many of the notes it has seen.
    seen: usize,
}

impl Watch {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn news(&mut self) -> Option<Option<Checkpoint>> {
        let state = self.state.lock().unwrap();
        let notes = state.history.get(&self.key).cloned().unwrap_or_default();
        drop(state);
        let mut unseen: Vec<_> = notes.iter().skip(self.seen).cloned().collect();
        if self.has(Fault::WatchesSeeTheirHandle) {
            unseen.retain(|(handle, _)| *handle == self.handle);
        }
        if self.has(Fault::WatchesMissRemovals) {
            unseen.retain(|(_, state)| state.is_some());
        }
        if self.has(Fault::WatchesGiveAll) && !unseen.is_empty() {
            self.first = None;
            self.seen += 1;
            return Some(unseen.remove(0).1);
        }
        self.seen = notes.len();
        let first = self.first.take();
        let newest = unseen.pop().map(|(_, state)| state).or(first);
        if self.has(Fault::WatchesRepeat) {
            self.first.clone_from(&newest);
        }
        newest
    }
}

/// With a fault, nobody hears of a key any more once somebody has stopped to follow it.
impl Drop for Watch {
    fn drop(&mut self) {
        if self.has(Fault::WatchesEndTogether) {
            self.state.lock().unwrap().history.remove(&self.key);
        }
    }
}

impl Watching for Faulty {
    type Watch = Watch;

    fn watch(&self, store: &Store, key: &ResumeKey) -> Watch {
        let key = store.key(key);
        let state = store.state.lock().unwrap();
        let stored = state.stored(&key).cloned();
        let is_late = self.0 == Some(Fault::WatchesBeginEmpty);
        Watch {
            fault: self.0,
            state: Arc::clone(&store.state),
            key,
            handle: store.handle,
            first: Some(stored).filter(|_| !is_late),
            seen: state.history.get(&key).map_or(0, Vec::len),
        }
    }

    async fn news(&self, watch: &mut Watch) -> Option<Option<Checkpoint>> {
        watch.news()
    }
}

impl Listing for Faulty {
    async fn list(&self, store: &Store) -> Result<Vec<Listed>, Refused> {
        Ok(store.state.lock().unwrap().list(self.0))
    }

    async fn label(
        &self,
        store: &Store,
        key: &ResumeKey,
        label: Option<&str>,
    ) -> Result<(), Refused> {
        let key = store.key(key);
        store.state.lock().unwrap().label(self.0, key, label);
        Ok(())
    }
}
