use std::collections::BTreeMap;

use forebay_core::{Checkpoint, Commit, Cursor, ResumeKey, Sequence};
use forebay_testkit::checkpoint_store::Listed;

use crate::fault::{Fault, Refused};

pub(crate) type Key = [u8; 32];

/// What all handles of a faulty store share.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    keys: BTreeMap<Key, Kept>,
    /// With a fault, the epoch of all keys.
    epoch: u64,
    /// With a fault, whether one handle has ended all.
    pub(crate) is_ended: bool,
    /// With a fault, what is to come after the next commit.
    pub(crate) late: Option<(Key, Option<Checkpoint>)>,
    /// What was stored under each key, one after the other, by which handle.
    pub(crate) history: BTreeMap<Key, Vec<(u64, Option<Checkpoint>)>>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    epoch: u64,
    is_claimed: bool,
    checkpoint: Option<Checkpoint>,
    label: Option<String>,
    /// With a fault, that it was removed while it was claimed.
    is_dead: bool,
    /// With a fault, what a reopened store finds instead of what was committed with others.
    lost: Option<Option<Checkpoint>>,
    /// With a fault, what was stored first.
    first: Option<Checkpoint>,
    /// With a fault, what a removal or a reset has left behind.
    mark: Option<Checkpoint>,
    /// With a fault, what a reopened store finds instead of what was removed or reset.
    before: Option<Checkpoint>,
}

impl State {
    pub(crate) fn stored(&self, key: &Key) -> Option<&Checkpoint> {
        self.keys.get(key)?.checkpoint.as_ref()
    }

    pub(crate) fn load(&self, fault: Option<Fault>, key: &Key) -> Option<Checkpoint> {
        let stored = self.stored(key).cloned();
        if fault != Some(Fault::AbsentIsZero) {
            return stored;
        }
        let zero = Cursor::new(forebay_core::LogId::new(0), Sequence::ZERO);
        stored.or_else(|| Some(Checkpoint::new(zero)))
    }

    pub(crate) fn keep(&mut self, key: Key, checkpoint: Option<Checkpoint>) {
        self.keys.entry(key).or_default().checkpoint = checkpoint;
    }

    pub(crate) fn commit(
        &mut self,
        fault: Option<Fault>,
        key: Key,
        mut checkpoint: Checkpoint,
    ) -> Result<Commit, Refused> {
        let has = |wanted| fault == Some(wanted);
        let kept = self.keys.entry(key).or_default();
        if has(Fault::CommitsAreFenced) && kept.is_claimed {
            return Err(Refused::fenced());
        }
        if has(Fault::CommitsFence) {
            kept.epoch += 1;
        }
        if has(Fault::EmptyEventIdIsNone) && checkpoint.event_id() == Some("") {
            checkpoint = checkpoint.cursor().into();
        }
        let sequence = checkpoint.sequence();
        let is_ignored = has(Fault::LastIsIgnored) && sequence == Sequence::MAX
            || has(Fault::ZeroIsNothing) && sequence == Sequence::ZERO
            || kept
                .mark
                .as_ref()
                .is_some_and(|mark| mark.sequence() >= sequence);
        if is_ignored {
            let current = kept.checkpoint.clone().unwrap_or(checkpoint);
            return Ok(Commit::Unchanged { current });
        }
        let mut commit = judge(kept.checkpoint.as_ref(), &checkpoint);
        let mut stored = kept.checkpoint.as_ref().map(Checkpoint::sequence);
        if has(Fault::ZeroIsAbsent) && stored == Some(Sequence::ZERO) {
            commit = judge(None, &checkpoint);
            stored = None;
        }
        let is_forced = has(Fault::LogIsIgnored) && commit.is_err()
            || has(Fault::LowerAdvances) && stored > Some(sequence)
            || has(Fault::EqualAdvances) && stored == Some(sequence);
        if is_forced {
            commit = Ok(Commit::Advanced { previous: stored });
        }
        match &mut commit {
            Ok(Commit::Advanced { previous }) => {
                kept.first.get_or_insert_with(|| checkpoint.clone());
                kept.checkpoint = Some(checkpoint);
                if has(Fault::PreviousIsForgotten) {
                    *previous = None;
                }
                if has(Fault::PreviousIsZero) {
                    previous.get_or_insert(Sequence::ZERO);
                }
            }
            Ok(Commit::Unchanged { .. }) => {}
            Err(error) => {
                error.is_unknown = has(Fault::OutcomeIsUnknown);
                if has(Fault::OtherLogIsUnnamed) {
                    error.other_log = None;
                }
            }
        }
        commit
    }

    pub(crate) fn commit_claimed(
        &mut self,
        fault: Option<Fault>,
        key: Key,
        claimed: u64,
        checkpoint: Checkpoint,
    ) -> Result<Commit, Refused> {
        let kept = self.keys.entry(key).or_default();
        let epoch = match fault {
            Some(Fault::KeysShareAnEpoch) => self.epoch,
            _ => kept.epoch,
        };
        if fault == Some(Fault::UnchangedIsNotFenced)
            && let Ok(commit @ Commit::Unchanged { .. }) =
                judge(kept.checkpoint.as_ref(), &checkpoint)
        {
            return Ok(commit);
        }
        let is_dead = kept.is_dead && fault == Some(Fault::ClaimsEndWithTheKey);
        if epoch != claimed || is_dead || fault == Some(Fault::ClaimsAreFencedAtOnce) {
            return Err(Refused::fenced());
        }
        let is_elsewhere = judge(kept.checkpoint.as_ref(), &checkpoint).is_err();
        if is_elsewhere && fault == Some(Fault::ClaimsIgnoreTheLog) {
            kept.checkpoint = None;
        }
        kept.is_claimed = false;
        let commit = self.commit(fault, key, checkpoint);
        self.keys.entry(key).or_default().is_claimed = true;
        commit
    }

    pub(crate) fn remove(
        &mut self,
        fault: Option<Fault>,
        key: Key,
    ) -> Result<Option<Checkpoint>, Refused> {
        let has = |wanted| fault == Some(wanted);
        let kept = self.keys.entry(key).or_default();
        let removed = kept.checkpoint.clone();
        if has(Fault::RemovalNeedsAKey) && removed.is_none() {
            return Err(Refused::default());
        }
        let keeps_claims = has(Fault::RemovalsKeepClaims)
            || has(Fault::RemovalsOfNothingKeepClaims) && removed.is_none();
        if !keeps_claims {
            kept.epoch += 1;
            self.epoch += 1;
        }
        if has(Fault::EpochsGoWithTheKey) {
            kept.epoch = 0;
        }
        if has(Fault::RemovalDoesNothing) {
            return Ok(removed);
        }
        kept.is_dead |= kept.is_claimed;
        kept.checkpoint = None;
        if !has(Fault::RemovalsKeepLabels) {
            kept.label = None;
        }
        if has(Fault::RemovalLeavesAMark) {
            kept.mark = removed.clone();
        }
        if has(Fault::RemovalsAreUndone) {
            kept.before = removed.clone();
        }
        if has(Fault::RemovalKeepsTheLog) {
            let log = removed.as_ref().map(Checkpoint::log);
            kept.checkpoint = log.map(|log| Cursor::new(log, Sequence::ZERO).into());
        }
        Ok(removed.filter(|_| !has(Fault::RemovalIsSilent)))
    }

    pub(crate) fn reset(
        &mut self,
        fault: Option<Fault>,
        key: Key,
        checkpoint: Checkpoint,
    ) -> Result<(), Refused> {
        let has = |wanted| fault == Some(wanted);
        let kept = self.keys.entry(key).or_default();
        if !has(Fault::ResetsKeepClaims) {
            kept.epoch += 1;
            self.epoch += 1;
        }
        let stored = kept.checkpoint.clone();
        let sequence = stored.as_ref().map(Checkpoint::sequence);
        let is_skipped = has(Fault::ResetNeedsAKey) && stored.is_none()
            || has(Fault::ResetOnlyAdvances) && sequence >= Some(checkpoint.sequence())
            || has(Fault::LastStays) && sequence == Some(Sequence::MAX)
            || has(Fault::ResetSkipsTheSame) && sequence == Some(checkpoint.sequence());
        if is_skipped {
            return Ok(());
        }
        if has(Fault::ResetKeepsTheLog) {
            judge(stored.as_ref(), &checkpoint)?;
        }
        if has(Fault::ResetLeavesAMark) {
            kept.mark = stored.clone();
        }
        if has(Fault::ResetsAreUndone) {
            kept.before = stored;
        }
        if has(Fault::ResetsDropLabels) {
            kept.label = None;
        }
        kept.checkpoint = Some(checkpoint);
        Ok(())
    }

    pub(crate) fn label(&mut self, fault: Option<Fault>, key: Key, label: Option<&str>) {
        let has = |wanted| fault == Some(wanted);
        let kept = self.keys.entry(key).or_default();
        if has(Fault::LabelsNeedAPosition) && kept.checkpoint.is_none()
            || has(Fault::LabelsStay) && label.is_none()
        {
            return;
        }
        let mut label = label.map(str::to_owned);
        if let Some(label) = &mut label
            && has(Fault::LabelsAreAscii)
        {
            label.retain(|letter| letter.is_ascii());
        }
        kept.label = label;
    }

    pub(crate) fn list(&self, fault: Option<Fault>) -> Vec<Listed> {
        let has = |wanted| fault == Some(wanted);
        let mut listed = Vec::new();
        for (key, kept) in &self.keys {
            let mut checkpoint = kept.checkpoint.clone();
            if has(Fault::ListsAreOld) {
                checkpoint.clone_from(&kept.first);
            }
            let is_listed = checkpoint.is_some() || kept.label.is_some();
            if is_listed || has(Fault::RemovedKeysAreListed) {
                let key = ResumeKey::from_bytes(*key);
                listed.push(Listed::new(key, checkpoint, kept.label.as_deref()));
            }
        }
        if has(Fault::ListsAreUnordered) {
            listed.reverse();
        }
        listed
    }

    /// Forgets at the end of the process what has become of a key.
    pub(crate) fn lose(&mut self, key: Key, before: Option<&Checkpoint>) {
        let kept = self.keys.entry(key).or_default();
        kept.lost = Some(before.cloned());
    }

    /// Notes that a handle may have changed a key.
    pub(crate) fn note(&mut self, handle: u64, key: Key) {
        let stored = self.stored(&key).cloned();
        let history = self.history.entry(key).or_default();
        if history.last().is_none_or(|(_, last)| *last != stored) {
            history.push((handle, stored));
        }
    }

    pub(crate) fn claim(&mut self, fault: Option<Fault>, key: Key) -> u64 {
        let kept = self.keys.entry(key).or_default();
        kept.is_claimed = true;
        if fault == Some(Fault::ClaimsForget) {
            kept.checkpoint = None;
        }
        if fault != Some(Fault::ClaimsAreShared) {
            kept.epoch += 1;
            self.epoch += 1;
        }
        match fault {
            Some(Fault::KeysShareAnEpoch) => self.epoch,
            _ => kept.epoch,
        }
    }

    /// Goes through the end of the process.
    pub(crate) fn reopen(&mut self, fault: Option<Fault>) {
        if fault == Some(Fault::NothingSurvives) {
            self.keys.clear();
        }
        self.is_ended = false;
        for kept in self.keys.values_mut() {
            if let Some(lost) = kept.lost.take() {
                kept.checkpoint = lost;
            }
            if let Some(before) = kept.before.take() {
                kept.checkpoint = Some(before);
            }
            if fault == Some(Fault::EpochsDoNotSurvive) {
                kept.epoch = 0;
            }
            if fault == Some(Fault::LabelsDoNotSurvive) {
                kept.label = None;
            }
        }
    }
}

pub(crate) fn judge(
    stored: Option<&Checkpoint>,
    checkpoint: &Checkpoint,
) -> Result<Commit, Refused> {
    let Some(stored) = stored else {
        return Ok(Commit::Advanced { previous: None });
    };
    if stored.log() != checkpoint.log() {
        return Err(Refused {
            other_log: Some(stored.clone()),
            ..Refused::default()
        });
    }
    if checkpoint.sequence() <= stored.sequence() {
        let current = stored.clone();
        return Ok(Commit::Unchanged { current });
    }
    let previous = Some(stored.sequence());
    Ok(Commit::Advanced { previous })
}
