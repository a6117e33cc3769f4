//! What a change does to a key, and what is answered: the meaning of a store, without any file.

use std::sync::Arc;

use forebay_core::{Checkpoint, Commit, ResumeKey};

use crate::file::format::record::State;
use crate::file::table::Known;

#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) key: ResumeKey,
    pub(crate) what: What,
    /// The epoch of the claim under which it is wished.
    pub(crate) claim: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Commit(Checkpoint),
    Reset(Checkpoint),
    Remove,
    Claim,
    Label(Option<Arc<str>>),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Commit(Commit),
    Removed(Option<Checkpoint>),
    Claimed {
        epoch: u64,
        checkpoint: Option<Checkpoint>,
    },
    Reset {
        epoch: u64,
    },
    Done,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// What is stored is a position of another log: the two cannot be compared.
    OtherLog(Checkpoint),
    /// The key was claimed, reset or removed since; this is its epoch now.
    Fenced(u64),
}

/// What a wish leads to; without `known`, nothing changes.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    pub(crate) known: Option<Known>,
}

impl Wish {
    /// Whether its answer is an epoch. One that a crash took back would be given once more, to
    /// somebody else.
    pub(crate) const fn tells_epoch(&self) -> bool {
        match self.what {
            What::Claim => true,
            What::Reset(_) => self.claim.is_some(),
            _ => false,
        }
    }

    pub(crate) fn decide(&self, now: &Known) -> Result<Decision, Refusal> {
        if self.claim.is_some_and(|epoch| epoch != now.state.epoch) {
            return Err(Refusal::Fenced(now.state.epoch));
        }
        match &self.what {
            What::Commit(checkpoint) => commit(checkpoint, now),
            What::Reset(checkpoint) => {
                let known = raised(now, Some(checkpoint.clone()), self.claim.is_some());
                Ok(Decision {
                    answer: Answer::Reset {
                        epoch: known.state.epoch,
                    },
                    known: Some(known),
                })
            }
            What::Remove => Ok(remove(now)),
            What::Claim => {
                let known = raised(now, now.state.value.clone(), true);
                Ok(Decision {
                    answer: Answer::Claimed {
                        epoch: known.state.epoch,
                        checkpoint: known.state.value.clone(),
                    },
                    known: Some(known),
                })
            }
            What::Label(label) => Ok(Decision {
                answer: Answer::Done,
                known: (now.label != *label).then(|| Known {
                    label: label.clone(),
                    ..now.clone()
                }),
            }),
        }
    }
}

/// The first of an equal sequence wins, so that what was acknowledged never changes.
fn commit(checkpoint: &Checkpoint, now: &Known) -> Result<Decision, Refusal> {
    let mut previous = None;
    if let Some(stored) = &now.state.value {
        if stored.log() != checkpoint.log() {
            return Err(Refusal::OtherLog(stored.clone()));
        }
        if checkpoint.sequence() <= stored.sequence() {
            let current = stored.clone();
            return Ok(Decision {
                answer: Answer::Commit(Commit::Unchanged { current }),
                known: None,
            });
        }
        previous = Some(stored.sequence());
    }
    let state = State {
        value: Some(checkpoint.clone()),
        ..now.state.clone()
    };
    Ok(Decision {
        answer: Answer::Commit(Commit::Advanced { previous }),
        known: Some(Known {
            state,
            ..now.clone()
        }),
    })
}

/// Where there is nothing, and no claim that is to be fenced, nothing is written.
fn remove(now: &Known) -> Decision {
    let is_needed = now.state.value.is_some() || now.state.claimed || now.label.is_some();
    Decision {
        answer: Answer::Removed(now.state.value.clone()),
        known: is_needed.then(|| Known {
            label: None,
            ..raised(now, None, false)
        }),
    }
}

fn raised(now: &Known, value: Option<Checkpoint>, claimed: bool) -> Known {
    Known {
        state: State {
            epoch: now.state.epoch.saturating_add(1),
            claimed,
            value,
        },
        ..now.clone()
    }
}
