use std::collections::BTreeMap;

use forebay_core::{Checkpoint, Commit, Cursor, LogId, ResumeKey, Sequence};

use crate::checkpoint_store::script::Point;

/// What a call on a store has answered, without how the store puts it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Stored(Option<Checkpoint>),
    Committed(Vec<Commit>),
    Done,
    OtherLog(Checkpoint),
    Fenced,
    Failed(String),
}

/// A store in the fewest words: it keeps all keys and epochs for ever.
#[derive(Clone, Default)]
pub(super) struct Model {
    keys: BTreeMap<u8, Kept>,
}

#[derive(Clone, Default)]
struct Kept {
    epoch: u64,
    checkpoint: Option<Checkpoint>,
}

impl Model {
    pub(super) fn load(&self, key: u8) -> Answer {
        let kept = self.keys.get(&key);
        Answer::Stored(kept.and_then(|kept| kept.checkpoint.clone()))
    }

    pub(super) fn commit_many(&mut self, points: &[Point]) -> Answer {
        let mut changed = self.clone();
        let mut commits = Vec::new();
        for point in points {
            match changed.commit(*point) {
                Answer::Committed(commit) => commits.extend(commit),
                refused => return refused,
            }
        }
        *self = changed;
        Answer::Committed(commits)
    }

    pub(super) fn commit(&mut self, point: Point) -> Answer {
        let kept = self.keys.entry(point.key).or_default();
        let checkpoint = checkpoint(point);
        let commit = match &kept.checkpoint {
            Some(stored) if stored.log() != checkpoint.log() => {
                return Answer::OtherLog(stored.clone());
            }
            Some(stored) if stored.sequence() >= checkpoint.sequence() => Commit::Unchanged {
                current: stored.clone(),
            },
            stored => Commit::Advanced {
                previous: stored.as_ref().map(Checkpoint::sequence),
            },
        };
        if commit.is_advanced() {
            kept.checkpoint = Some(checkpoint);
        }
        Answer::Committed(vec![commit])
    }

    pub(super) fn commit_claimed(&mut self, epoch: u64, point: Point) -> Answer {
        if self.keys.entry(point.key).or_default().epoch == epoch {
            self.commit(point)
        } else {
            Answer::Fenced
        }
    }

    pub(super) fn remove(&mut self, key: u8) -> Answer {
        let kept = self.keys.entry(key).or_default();
        kept.epoch += 1;
        Answer::Stored(kept.checkpoint.take())
    }

    pub(super) fn reset(&mut self, point: Point) -> Answer {
        let kept = self.keys.entry(point.key).or_default();
        kept.epoch += 1;
        kept.checkpoint = Some(checkpoint(point));
        Answer::Done
    }

    /// Returns the epoch of the new claim. Stores may number them otherwise.
    pub(super) fn claim(&mut self, key: u8) -> u64 {
        let kept = self.keys.entry(key).or_default();
        kept.epoch += 1;
        kept.epoch
    }
}

pub(super) fn resume_key(key: u8) -> ResumeKey {
    ResumeKey::from_bytes([key; 32])
}

pub(super) fn checkpoint(point: Point) -> Checkpoint {
    let log = LogId::new(u64::from(point.log));
    let cursor = Cursor::new(log, Sequence::new(point.sequence));
    match point.event_id {
        Some(event_id) => Checkpoint::new(cursor).with_event_id(format!("event {event_id}")),
        None => Checkpoint::new(cursor),
    }
}
