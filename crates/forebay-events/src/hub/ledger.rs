pub(crate) mod account;
pub(crate) mod directory;
pub(crate) mod leavings;
pub(crate) mod line;
mod list;
pub(crate) mod offers;
pub(crate) mod state;

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::fast::RandomState;
use forebay_core::{LogId, Sequence};
use forebay_rt::sync::{Mutex, lock};

use crate::Position;
use crate::hub::end::End;
use crate::hub::error::SubscribeError;
use crate::hub::ledger::account::{Account, AccountId};
use crate::hub::ledger::directory::Known;
use crate::hub::ledger::leavings::Leavings;
use crate::hub::ledger::line::{Force, Line};
use crate::hub::ledger::state::State;
use crate::hub::settings::Settings;
use crate::hub::snapshot::build::Build;
use crate::publisher::builder::fresh_id;

/// What a hub knows of one topic.
///
/// No event is lost between a snapshot and the line that goes on after it, because a line is opened
/// before its snapshot begins to look, what was published is visible to the snapshot by then, and
/// whether a key has a line is looked up in the critical section in which the sequence of what is
/// published to it is written down.
pub(crate) struct Ledger<K, T: Send + Sync + 'static, E> {
    hasher: RandomState,
    settings: Arc<Settings<T>>,
    state: Mutex<State<K, T, E>>,
}

/// A line that a subscriber has joined; it is counted as one of its feeds.
pub(crate) struct Joined<T: Send + Sync + 'static> {
    pub(crate) id: AccountId,
    pub(crate) line: Arc<Line<T>>,
    pub(crate) log: LogId,
    /// The beginning of the line, if it was opened for this subscriber, and what was published last
    /// before that.
    pub(crate) opened: Option<(Position<T>, Sequence)>,
    /// From where events are kept for a snapshot.
    pub(crate) held: Option<Position<T>>,
}

/// A change on its way to those who follow its key.
pub(crate) struct Draft<K, T: Send + Sync + 'static> {
    /// Taken by the ledger if it remembers the key.
    pub(crate) key: Option<K>,
    pub(crate) hash: u64,
    pub(crate) event: Option<T>,
    pub(crate) line: Option<(AccountId, Arc<Line<T>>)>,
}

impl<K: Clone + Eq + Hash, T: Send + Sync + 'static> Draft<K, T> {
    pub(crate) fn new<E>(ledger: &Ledger<K, T, E>, key: K, event: T) -> Self {
        Self {
            hash: ledger.hash(&key),
            key: Some(key),
            event: Some(event),
            line: None,
        }
    }
}

impl<K, T: Clone + Send + Sync + 'static> Draft<K, T> {
    /// Returns the event for those who follow the whole topic; a clone only if others need it too.
    pub(crate) fn for_whole_topic(&mut self) -> Option<T> {
        match self.line {
            Some(_) => self.event.clone(),
            None => self.event.take(),
        }
    }
}

impl<K, T, E> Ledger<K, T, E>
where
    K: Clone + Eq + Hash,
    T: Send + Sync + 'static,
{
    pub(crate) fn new(settings: &Arc<Settings<T>>) -> Self {
        Self {
            hasher: RandomState::default(),
            settings: Arc::clone(settings),
            state: Mutex::new(State::new(settings)),
        }
    }

    pub(crate) fn hash(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Writes down that `drafts` are published with `sequence`, and finds who follows them: the line
    /// of each key, and that of the whole topic.
    pub(crate) fn route(
        &self,
        sequence: Sequence,
        drafts: &mut [Draft<K, T>],
    ) -> Option<Arc<Line<T>>> {
        let mut state = lock(&self.state);
        state.head = sequence;
        for draft in drafts {
            // The key stays in its draft while its `Eq` runs: if that panics, nothing is dropped here.
            let Some(key) = &draft.key else {
                continue;
            };
            match state.keys.look_up(draft.hash, key) {
                Known::Logged(place, account) => {
                    account.last = sequence;
                    draft.line = Some((AccountId::Key(place), Arc::clone(&account.line)));
                }
                Known::Remembered(place, _) => state.keys.touch(place, sequence),
                Known::Unknown(_) => {
                    let key = draft.key.take();
                    draft.key = key.and_then(|key| state.keys.remember(draft.hash, key, sequence));
                }
            }
        }
        state.whole.as_ref().map(|whole| Arc::clone(&whole.line))
    }

    /// Joins the line of a key or of the whole topic, and opens it if there is none.
    pub(crate) fn join(&self, key: Option<&K>) -> Result<Joined<T>, SubscribeError<E>> {
        let hash = key.map(|key| self.hash(key));
        let mut state = lock(&self.state);
        if let Some(end) = &state.end {
            return Err(end.to_subscribe_error());
        }
        Ok(match key.zip(hash) {
            None => state.join_whole(&self.settings),
            Some((key, hash)) => state.join_key(&self.settings, hash, key),
        })
    }

    /// Takes back a [`join`](Ledger::join); `reads` is the build whose snapshot the feed still
    /// reads. Returns how many builds were cancelled by that.
    pub(crate) fn leave(
        &self,
        id: AccountId,
        line: &Arc<Line<T>>,
        reads: Option<&Arc<Build<T, E>>>,
    ) -> usize {
        let mut leavings = Leavings::new();
        {
            let mut state = lock(&self.state);
            if let Some(account) = state.account(id, line) {
                account.feeds -= 1;
                if let Some(build) = reads {
                    self.settings.stop_reading(account, build, &mut leavings);
                }
                state.free_if_unused(id, &mut leavings);
            }
        }
        leavings.dispose()
    }

    /// Ends every line: their feeds begin anew. No cursor from before is of use after that.
    pub(crate) fn refresh(&self) -> usize {
        let mut leavings = Leavings::new();
        {
            let mut state = lock(&self.state);
            state.log = fresh_id();
            state.take_all(&mut leavings);
        }
        end_all(leavings, Force::Refresh)
    }

    /// Takes no further subscribers, and ends every line after what was published.
    pub(crate) fn end(&self, end: &Arc<End<E>>) {
        let lines = {
            let mut state = lock(&self.state);
            if state.end.is_some() {
                return;
            }
            state.end = Some(Arc::clone(end));
            state.lines()
        };
        for line in lines {
            line.writer.close();
        }
    }

    /// Takes no further subscribers, and ends every feed at once.
    pub(crate) fn shut_down(&self) -> usize {
        let mut leavings = Leavings::new();
        {
            let mut state = lock(&self.state);
            state.end = Some(Arc::new(End::ShutDown));
            state.take_all(&mut leavings);
        }
        end_all(leavings, Force::Shutdown)
    }

    /// Returns how the topic ended, if it did.
    pub(crate) fn ended(&self) -> Option<Arc<End<E>>> {
        lock(&self.state).end.clone()
    }

    /// Returns how many lines there are, how many feeds follow them, and how many keys without a line
    /// are remembered.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let mut state = lock(&self.state);
        let mut feeds = state.whole.as_ref().map_or(0, |whole| whole.feeds as usize);
        for place in state.keys.logs() {
            let account = state.keys.log_at(place);
            feeds += account.map_or(0, |account| account.feeds as usize);
        }
        let lines = state.keys.logged() + usize::from(state.whole.is_some());
        (lines, feeds, state.keys.remembered())
    }
}

/// Ends the feeds of all lines that were taken out; returns how many builds were cancelled.
fn end_all<K, T: Send + Sync + 'static, E>(mut leavings: Leavings<K, T, E>, force: Force) -> usize {
    let mut builds = Vec::new();
    for account in &leavings.accounts {
        // The reason is there before anybody can see that the build was cancelled.
        account.line.force(force);
        let offer = account.offer.as_deref();
        builds.extend(
            offer
                .filter(|offer| offer.is_building())
                .map(|offer| Arc::clone(&offer.build)),
        );
    }
    leavings.builds = builds;
    leavings.dispose()
}

impl<T: Send + Sync + 'static, E> Account<T, E> {
    pub(crate) fn is_line(&self, line: &Arc<Line<T>>) -> bool {
        Arc::ptr_eq(&self.line, line)
    }
}
