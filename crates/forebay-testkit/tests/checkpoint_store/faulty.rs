use std::collections::BTreeMap;
use std::convert::identity;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use forebay_core::{Checkpoint, CheckpointStore, Commit, Guarantee, ResumeKey, Survives};
use forebay_testkit::checkpoint_store::Fixture;

use crate::fault::{Fault, Refused};
use crate::state::{Key, State, judge};

/// A fixture whose stores do what they must, but for one fault.
pub(crate) struct Faulty(pub(crate) Option<Fault>);

/// One handle.
pub(crate) struct Store {
    pub(crate) fault: Option<Fault>,
    pub(crate) state: Arc<Mutex<State>>,
    /// Tells it from the other handles of its state.
    pub(crate) handle: u64,
    /// What this handle has seen. Without a fault it is not used.
    seen: Mutex<BTreeMap<Key, Checkpoint>>,
}

pub(crate) struct Claim {
    state: Arc<Mutex<State>>,
    fault: Option<Fault>,
    key: Key,
    epoch: u64,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.fault == Some(Fault::ClaimsEndTogether) {
            self.state.lock().unwrap().claim(self.fault, self.key);
        }
    }
}

impl Store {
    fn new(fault: Option<Fault>, state: Arc<Mutex<State>>, handle: u64) -> Self {
        Self {
            fault,
            state,
            handle,
            seen: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(crate) fn key(&self, key: &ResumeKey) -> Key {
        let mut key = *key.as_bytes();
        if self.has(Fault::KeysShareAPlace) {
            key[0] &= 0xf0;
            key = [key[0]; 32];
        }
        if self.has(Fault::KeysAreCut) {
            key[31] &= 0x7f;
        }
        key
    }

    fn commit_now(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<Commit, Refused> {
        let key = self.key(key);
        let mut state = self.state.lock().unwrap();
        if state.is_ended {
            return Err(Refused::default());
        }
        let mut seen = self.seen.lock().unwrap();
        if self.has(Fault::HandlesWriteAllTheyKnow) {
            for (key, checkpoint) in &*seen {
                state.keep(*key, Some(checkpoint.clone()));
            }
        }
        if self.has(Fault::HandlesMergeByMaximum) {
            for (key, checkpoint) in &*seen {
                let stored = state.stored(key).map(Checkpoint::sequence);
                if stored < Some(checkpoint.sequence()) {
                    state.keep(*key, Some(checkpoint.clone()));
                }
            }
        }
        if self.has(Fault::HandlesTrustTheirMemory)
            && let Some(checkpoint) = seen.get(&key)
        {
            state.keep(key, Some(checkpoint.clone()));
        }
        let commit = state.commit(self.fault, key, checkpoint)?;
        state.note(self.handle, key);
        if let Some((key, late)) = state.late.take() {
            state.keep(key, late);
        }
        seen.extend(state.stored(&key).map(|stored| (key, stored.clone())));
        Ok(commit)
    }

    async fn commit_all(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> Result<Vec<Commit>, Refused> {
        if commits.is_empty() && self.has(Fault::NothingIsRefused) {
            return Err(Refused::default());
        }
        let before = self.state.lock().unwrap().clone();
        let mut answers = Vec::new();
        for (key, checkpoint) in commits {
            if self.has(Fault::ManyAreCut) && answers.len() >= 100 {
                answers.push(Commit::Advanced { previous: None });
                continue;
            }
            if self.has(Fault::ManyStopHalfway) && !answers.is_empty() {
                yield_once().await;
            }
            let mut state = self.state.lock().unwrap();
            if self.has(Fault::ManyAreBlind) {
                answers.push(judge(before.stored(&self.key(&key)), &checkpoint)?);
                let _ = state.commit(self.fault, self.key(&key), checkpoint);
                continue;
            }
            let committed = state.commit(self.fault, self.key(&key), checkpoint);
            if self.has(Fault::ManyDoNotSurvive) {
                state.lose(self.key(&key), before.stored(&self.key(&key)));
            }
            match committed {
                Ok(commit) => {
                    state.note(self.handle, self.key(&key));
                    answers.push(commit);
                }
                Err(error) => {
                    if !self.has(Fault::ManyArePartial) && !self.has(Fault::PartsAreDenied) {
                        *state = before;
                    }
                    return Err(error);
                }
            }
        }
        if self.has(Fault::AnswersAreReversed) {
            answers.reverse();
        }
        Ok(answers)
    }

    /// With a fault, leaves a change behind that is made whether or not it is waited for.
    async fn come_late(&self, key: Key, checkpoint: Option<&Checkpoint>) {
        if !self.has(Fault::DroppedChangesComeLate) {
            return;
        }
        self.state.lock().unwrap().late = Some((key, checkpoint.cloned()));
        yield_once().await;
        self.state.lock().unwrap().late = None;
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.has(Fault::HandlesEndTogether) {
            self.state.lock().unwrap().is_ended = true;
        }
    }
}

async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl CheckpointStore for Store {
    type Error = Refused;

    async fn load(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, Refused> {
        let state = self.state.lock().unwrap();
        Ok(state.load(self.fault, &self.key(key)))
    }

    fn commit(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<Commit, Refused>> + Send {
        let early = self
            .has(Fault::CommitsAreEager)
            .then(|| self.commit_now(key, checkpoint.clone()));
        let key = *key;
        async move { early.map_or_else(|| self.commit_now(&key, checkpoint), identity) }
    }

    async fn commit_many(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> Result<Vec<Commit>, Refused> {
        self.commit_all(commits).await
    }

    async fn remove(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, Refused> {
        let key = self.key(key);
        let has_seen = self.seen.lock().unwrap().remove(&key).is_some();
        if self.has(Fault::HandlesRemoveWhatTheyKnow) && !has_seen {
            return Ok(None);
        }
        self.come_late(key, None).await;
        let mut state = self.state.lock().unwrap();
        let removed = state.remove(self.fault, key);
        state.note(self.handle, key);
        removed
    }

    async fn reset(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<(), Refused> {
        let key = self.key(key);
        self.come_late(key, Some(&checkpoint)).await;
        let mut state = self.state.lock().unwrap();
        state.reset(self.fault, key, checkpoint.clone())?;
        state.note(self.handle, key);
        self.seen.lock().unwrap().insert(key, checkpoint);
        Ok(())
    }

    fn guarantee(&self) -> Guarantee {
        let guarantee = Guarantee::new(Survives::Crash);
        if self.has(Fault::PartsAreDenied) {
            return guarantee;
        }
        guarantee.atomic()
    }
}

impl Fixture for Faulty {
    type Store = Store;
    type Claim = Claim;

    async fn fresh(&self) -> Store {
        Store::new(self.0, Arc::default(), 0)
    }

    async fn sibling(&self, store: &Store) -> Option<Store> {
        let handle = store.handle + 1;
        Some(Store::new(self.0, Arc::clone(&store.state), handle))
    }

    async fn reopen(&self, store: Store) -> Store {
        let state = Arc::clone(&store.state);
        drop(store);
        state.lock().unwrap().reopen(self.0);
        Store::new(self.0, state, 0)
    }

    async fn claim(&self, store: &Store, key: &ResumeKey) -> Option<Result<Claim, Refused>> {
        let key = store.key(key);
        let epoch = store.state.lock().unwrap().claim(self.0, key);
        Some(Ok(Claim {
            state: Arc::clone(&store.state),
            fault: self.0,
            key,
            epoch,
        }))
    }

    fn token(&self, claim: &Claim) -> u64 {
        claim.epoch
    }

    async fn commit_claimed(
        &self,
        claim: &Claim,
        checkpoint: Checkpoint,
    ) -> Result<Commit, Refused> {
        let mut state = claim.state.lock().unwrap();
        state.commit_claimed(claim.fault, claim.key, claim.epoch, checkpoint)
    }

    fn is_fenced(&self, error: &Refused) -> bool {
        error.is_fenced
    }
}
