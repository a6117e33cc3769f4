use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use forebay_core::{Checkpoint, Commit, ResumeKey};

use crate::error::CheckpointError;
use crate::limits::{EVENT_ID_BYTES_MAX, LABEL_BYTES_MAX};
use crate::memory::stats::MemoryStats;
use crate::row::Row;

/// What a store in memory has, and the rules by which it changes.
///
/// Every key has an epoch, which never falls: its own, or the floor where nothing is kept of it. A
/// claim, a reset and a removal give it the next one.
#[derive(Default)]
pub(super) struct Table {
    slots: HashMap<ResumeKey, Slot, RandomState>,
    /// At least the epoch of every key that was here and is not any more.
    floor: u64,
    advanced: u64,
    unchanged: u64,
    refused: u64,
}

/// What is kept of one key: a checkpoint, a label, or the epoch of a claim that somebody has.
struct Slot {
    epoch: u64,
    /// Whether a slot without anything else is kept, for a claim that somebody has.
    is_claimed: bool,
    checkpoint: Option<Checkpoint>,
    label: Option<Arc<str>>,
}

impl Table {
    pub(super) fn load(&self, key: &ResumeKey) -> Option<Checkpoint> {
        self.stored(key).cloned()
    }

    pub(super) fn stored(&self, key: &ResumeKey) -> Option<&Checkpoint> {
        self.slots.get(key)?.checkpoint.as_ref()
    }

    pub(super) fn commit(
        &mut self,
        key: ResumeKey,
        checkpoint: Checkpoint,
        claimed: Option<u64>,
    ) -> Result<Commit, CheckpointError> {
        let judged = self
            .check_claim(&key, claimed)
            .and_then(|()| judge(&key, self.stored(&key), &checkpoint));
        let commit = self.count_refused(judged)?;
        self.apply(key, checkpoint, &commit);
        Ok(commit)
    }

    /// Commits all or nothing. Also returns the keys that have changed.
    pub(super) fn commit_many(
        &mut self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> Result<(Vec<Commit>, Vec<ResumeKey>), CheckpointError> {
        let judged = self.judge_all(&commits);
        let answers = self.count_refused(judged)?;
        let mut changed = Vec::new();
        for ((key, checkpoint), commit) in commits.into_iter().zip(&answers) {
            if commit.is_advanced() {
                changed.push(key);
            }
            self.apply(key, checkpoint, commit);
        }
        changed.sort_unstable();
        changed.dedup();
        Ok((answers, changed))
    }

    /// Says what would become of every commit, one after the other, and changes nothing.
    fn judge_all(
        &self,
        commits: &[(ResumeKey, Checkpoint)],
    ) -> Result<Vec<Commit>, CheckpointError> {
        let mut advanced = HashMap::<_, &Checkpoint, RandomState>::default();
        let mut answers = Vec::with_capacity(commits.len());
        for (key, checkpoint) in commits {
            let stored = advanced.get(key).copied().or_else(|| self.stored(key));
            let commit = judge(key, stored, checkpoint)?;
            if commit.is_advanced() {
                advanced.insert(key, checkpoint);
            }
            answers.push(commit);
        }
        Ok(answers)
    }

    fn apply(&mut self, key: ResumeKey, checkpoint: Checkpoint, commit: &Commit) {
        if commit.is_advanced() {
            self.advanced += 1;
            self.slot(key).checkpoint = Some(checkpoint);
        } else {
            self.unchanged += 1;
        }
    }

    /// Nothing is kept of the key: the floor rises above it instead, so that an older claim of it
    /// is fenced and no epoch is given twice.
    pub(super) fn remove(&mut self, key: &ResumeKey) -> Option<Checkpoint> {
        let slot = self.slots.remove(key)?;
        self.floor = self.floor.max(next(slot.epoch));
        slot.checkpoint
    }

    pub(super) fn reset(
        &mut self,
        key: ResumeKey,
        checkpoint: Checkpoint,
        claimed: Option<u64>,
    ) -> Result<u64, CheckpointError> {
        let checked = self
            .check_claim(&key, claimed)
            .and_then(|()| check_event_id(&checkpoint));
        self.count_refused(checked)?;
        let slot = self.slot(key);
        slot.epoch = next(slot.epoch);
        slot.checkpoint = Some(checkpoint);
        Ok(slot.epoch)
    }

    /// Returns the epoch of the new claim, and what is stored.
    pub(super) fn claim(&mut self, key: ResumeKey) -> (u64, Option<Checkpoint>) {
        let slot = self.slot(key);
        slot.epoch = next(slot.epoch);
        slot.is_claimed = true;
        (slot.epoch, slot.checkpoint.clone())
    }

    /// Notes that nobody has the claim of this epoch any more.
    pub(super) fn release(&mut self, key: &ResumeKey, epoch: u64) {
        if let Some(slot) = self.slots.get_mut(key)
            && slot.epoch == epoch
        {
            slot.is_claimed = false;
            self.sweep(key);
        }
    }

    /// Forgets a key of which there is nothing to keep, but that its epoch was given.
    fn sweep(&mut self, key: &ResumeKey) {
        if let Some(slot) = self.slots.get(key)
            && !slot.is_claimed
            && slot.checkpoint.is_none()
            && slot.label.is_none()
        {
            self.floor = self.floor.max(slot.epoch);
            self.slots.remove(key);
        }
    }

    pub(super) fn label(
        &mut self,
        key: ResumeKey,
        label: Option<&str>,
    ) -> Result<(), CheckpointError> {
        let bytes = label.map_or(0, str::len);
        if bytes > LABEL_BYTES_MAX {
            return Err(CheckpointError::LabelTooLong { bytes });
        }
        self.slot(key).label = label.map(Arc::from);
        self.sweep(&key);
        Ok(())
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let shown = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.checkpoint.is_some() || slot.label.is_some());
        shown
            .map(|(key, slot)| Row {
                key: *key,
                checkpoint: slot.checkpoint.clone(),
                label: slot.label.clone(),
            })
            .collect()
    }

    pub(super) fn stats(&self) -> MemoryStats {
        let slots = self.slots.values();
        let keys = slots.filter(|slot| slot.checkpoint.is_some()).count();
        MemoryStats {
            keys,
            keys_without_position: self.slots.len() - keys,
            watches: 0,
            epoch_floor: self.floor,
            advanced: self.advanced,
            unchanged: self.unchanged,
            refused: self.refused,
        }
    }

    fn slot(&mut self, key: ResumeKey) -> &mut Slot {
        let epoch = self.floor;
        self.slots.entry(key).or_insert_with(|| Slot {
            epoch,
            is_claimed: false,
            checkpoint: None,
            label: None,
        })
    }

    fn check_claim(&self, key: &ResumeKey, claimed: Option<u64>) -> Result<(), CheckpointError> {
        let epoch = self.slots.get(key).map_or(self.floor, |slot| slot.epoch);
        match claimed {
            Some(claimed) if claimed != epoch => Err(CheckpointError::Fenced { epoch }),
            _ => Ok(()),
        }
    }

    fn count_refused<T>(
        &mut self,
        result: Result<T, CheckpointError>,
    ) -> Result<T, CheckpointError> {
        if result.is_err() {
            self.refused += 1;
        }
        result
    }
}

/// Says what a commit over what is stored comes to.
fn judge(
    key: &ResumeKey,
    stored: Option<&Checkpoint>,
    checkpoint: &Checkpoint,
) -> Result<Commit, CheckpointError> {
    check_event_id(checkpoint)?;
    match stored {
        Some(stored) if stored.log() != checkpoint.log() => Err(CheckpointError::OtherLog {
            key: *key,
            stored: stored.clone(),
        }),
        Some(current) if checkpoint.sequence() <= current.sequence() => Ok(Commit::Unchanged {
            current: current.clone(),
        }),
        stored => Ok(Commit::Advanced {
            previous: stored.map(Checkpoint::sequence),
        }),
    }
}

fn check_event_id(checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
    let bytes = checkpoint.event_id().map_or(0, str::len);
    if bytes > EVENT_ID_BYTES_MAX {
        return Err(CheckpointError::EventIdTooLong { bytes });
    }
    Ok(())
}

/// Epochs are numbered one by one, so no store lives long enough to run out of them.
const fn next(epoch: u64) -> u64 {
    epoch.saturating_add(1)
}
