//! What a store means, in as few lines as possible.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_core::{Checkpoint, Commit, Outcome, ResumeKey, StoreError};

use crate::error::CheckpointError;
use crate::file::decide::{Answer, What, Wish};
use crate::file::job::Job;
use crate::file::table::Table;

/// The epoch of a claim whose answer nobody got: no claim has it.
const UNSEEN: u64 = 0;

/// One state the store may be in.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Naive {
    pub(crate) keys: BTreeMap<ResumeKey, Key>,
}

#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Key {
    pub(crate) stored: Option<Checkpoint>,
    /// The claim that holds.
    claim: Option<u64>,
    label: Option<Arc<str>>,
    /// The highest epoch that anybody was told.
    told: u64,
}

impl Naive {
    /// Does what was wished for; returns nothing where that is to be refused. The epochs of claims
    /// and resets are the one thing that it has to be told, and none is told twice.
    fn apply(&mut self, wish: &Wish, told: Option<u64>) -> Option<Answer> {
        let key = self.keys.entry(wish.key).or_default();
        if wish.claim.is_some() && wish.claim != key.claim {
            return None;
        }
        let epoch = told.unwrap_or(UNSEEN);
        if told.is_some_and(|epoch| epoch <= key.told) {
            return None;
        }
        key.told = key.told.max(epoch);
        Some(match &wish.what {
            What::Commit(new) => match &key.stored {
                Some(old) if old.log() != new.log() => return None,
                Some(old) if old.sequence() >= new.sequence() => {
                    let current = old.clone();
                    Answer::Commit(Commit::Unchanged { current })
                }
                _ => {
                    let before = key.stored.replace(new.clone());
                    let previous = before.map(|old| old.sequence());
                    Answer::Commit(Commit::Advanced { previous })
                }
            },
            What::Reset(new) => {
                key.claim = wish.claim.map(|_| epoch);
                key.stored = Some(new.clone());
                Answer::Reset { epoch }
            }
            What::Remove => {
                (key.claim, key.label) = (None, None);
                Answer::Removed(key.stored.take())
            }
            What::Claim => {
                key.claim = Some(epoch);
                let checkpoint = key.stored.clone();
                Answer::Claimed { epoch, checkpoint }
            }
            What::Label(label) => {
                key.label.clone_from(label);
                Answer::Done
            }
        })
    }

    /// Returns the state after `jobs` if what they were told can have been in this one, and both
    /// if nobody was told.
    pub(crate) fn after(&self, jobs: &[Job]) -> Vec<Self> {
        let mut without = self.clone();
        let mut with = self.clone();
        let mut forked = false;
        for job in jobs {
            match &job.result {
                Some(Err(error)) if is_refusal(error) => {
                    if !with.refuses(job) {
                        return Vec::new();
                    }
                }
                Some(Err(error)) if error.outcome() == Outcome::NotCommitted => {}
                None | Some(Err(_)) => {
                    forked = true;
                    with.attempt(job);
                }
                Some(Ok(answers)) => {
                    if !with.agrees(job, answers) || !without.agrees(job, answers) {
                        return Vec::new();
                    }
                }
            }
        }
        if forked {
            vec![with, without]
        } else {
            vec![with]
        }
    }

    fn agrees(&mut self, job: &Job, answers: &[Answer]) -> bool {
        let mut pairs = job.wishes.iter().zip(answers);
        job.wishes.len() == answers.len()
            && pairs.all(|(wish, answer)| {
                let epoch = match answer {
                    Answer::Claimed { epoch, .. } | Answer::Reset { epoch } => Some(*epoch),
                    _ => None,
                };
                self.apply(wish, epoch).as_ref() == Some(answer)
            })
    }

    fn refuses(&self, job: &Job) -> bool {
        let mut copy = self.clone();
        job.wishes
            .iter()
            .any(|wish| copy.apply(wish, None).is_none())
    }

    fn attempt(&mut self, job: &Job) {
        let mut copy = self.clone();
        if job
            .wishes
            .iter()
            .all(|wish| copy.apply(wish, None).is_some())
        {
            *self = copy;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let none = Key::default();
        self.keys.values().all(|key| *key == none)
    }

    /// Whether a store that shows `table` may be in this state; notes the claims whose epochs
    /// nobody was told.
    pub(crate) fn shows(&mut self, table: &Table) -> bool {
        let named = table.iter().filter(|(_, known)| {
            let state = &known.state;
            state.value.is_some() || state.claimed || known.label.is_some()
        });
        for (key, _) in named {
            self.keys.entry(*key).or_default();
        }
        self.keys.iter_mut().all(|(key, this)| {
            let known = table.get(key);
            let state = known.state;
            if this.claim == Some(UNSEEN) && state.claimed {
                this.claim = Some(state.epoch);
            }
            let claim = state.claimed.then_some(state.epoch);
            let same = this.stored == state.value && this.label == known.label;
            same && this.claim == claim && state.epoch >= this.told
        })
    }
}

const fn is_refusal(error: &CheckpointError) -> bool {
    matches!(
        error,
        CheckpointError::OtherLog { .. } | CheckpointError::Fenced { .. }
    )
}
