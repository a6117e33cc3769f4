//! What a store means, in as few lines as possible.

use std::collections::BTreeMap;

use forebay_core::{Checkpoint, Commit, Outcome, ResumeKey, StoreError};

use crate::error::CheckpointError;
use crate::file::decide::{Answer, What, Wish};
use crate::file::engine::Job;

/// One state the store may be in: of each key what is stored, and the claim that holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Naive {
    pub(crate) keys: BTreeMap<ResumeKey, (Option<Checkpoint>, Option<u64>)>,
}

impl Naive {
    /// Does what was wished for; returns nothing where that is to be refused. The epoch of a claim
    /// is the one thing that it has to be told.
    fn apply(&mut self, wish: &Wish, epoch: Option<u64>) -> Option<Answer> {
        let (stored, claim) = self.keys.entry(wish.key).or_default();
        if wish.claim.is_some() && wish.claim != *claim {
            return None;
        }
        Some(match &wish.what {
            What::Commit(new) => match stored {
                Some(old) if old.log() != new.log() => return None,
                Some(old) if old.sequence() >= new.sequence() => {
                    let current = old.clone();
                    Answer::Commit(Commit::Unchanged { current })
                }
                _ => {
                    let previous = stored.replace(new.clone()).map(|old| old.sequence());
                    Answer::Commit(Commit::Advanced { previous })
                }
            },
            What::Reset(new) => {
                let kept = wish.claim.map(|_| epoch.unwrap_or(0));
                (*stored, *claim) = (Some(new.clone()), kept);
                Answer::Reset {
                    epoch: epoch.unwrap_or(0),
                }
            }
            What::Remove => {
                *claim = None;
                Answer::Removed(stored.take())
            }
            What::Claim => {
                *claim = Some(epoch.unwrap_or(0));
                let (epoch, checkpoint) = (epoch.unwrap_or(0), stored.clone());
                Answer::Claimed { epoch, checkpoint }
            }
            What::Label(_) => Answer::Done,
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

    pub(crate) fn values(&self) -> BTreeMap<ResumeKey, Checkpoint> {
        let values = self.keys.iter();
        values
            .filter_map(|(key, (value, _))| Some((*key, value.clone()?)))
            .collect()
    }
}

const fn is_refusal(error: &CheckpointError) -> bool {
    matches!(
        error,
        CheckpointError::OtherLog { .. } | CheckpointError::Fenced { .. }
    )
}
