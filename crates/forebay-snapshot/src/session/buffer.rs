use std::collections::VecDeque;

use forebay_core::Sequence;

use crate::Anchor;

/// An entry of the log: where it stands, in which term it was written, and what it says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LogEntry<E> {
    /// Where it stands in the log.
    pub sequence: Sequence,
    /// In which term it was written.
    pub term: u64,
    /// What it says.
    pub entry: E,
}

/// The entries that arrived while the session was at work: one contiguous run, terms never falling.
#[derive(Debug)]
pub(crate) struct Buffer<E> {
    /// The entry before the first one; meaningless while there are none.
    before: Anchor,
    entries: VecDeque<(u64, E)>,
    entries_max: usize,
}

impl<E> Buffer<E> {
    pub(crate) const fn new(entries_max: usize) -> Self {
        Self {
            before: Anchor::new(Sequence::ZERO, 0),
            entries: VecDeque::new(),
            entries_max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn first(&self) -> Option<Sequence> {
        let first = self.before.sequence().next();
        first.filter(|_| !self.entries.is_empty())
    }

    /// Takes entries that follow each other, and `after`.
    ///
    /// What is there already in the same term is left as it is. An entry of another term replaces
    /// what is there and everything after it. What does not follow on from the run becomes the run,
    /// for the newest entries are those that the log will still go on from, and of too many entries
    /// the oldest make room.
    ///
    /// Once there is a state to install, at `pinned`, the run from there on is worth more than
    /// anything new: what does not fit it or has no room is left out.
    pub(crate) fn push(
        &mut self,
        after: Anchor,
        entries: impl IntoIterator<Item = (u64, E)>,
        pinned: Option<Anchor>,
    ) {
        let mut previous = after;
        for (term, entry) in entries {
            let Some(sequence) = previous.sequence().next() else {
                return;
            };
            // Terms never fall along a log, so what follows is of no log.
            if term < previous.term() || !self.push_one(previous, term, entry, pinned) {
                return;
            }
            previous = Anchor::new(sequence, term);
        }
    }

    /// Takes out what follows on from an anchor: nothing, if that is not in the log of the run.
    pub(crate) fn take_after(&mut self, anchor: Anchor) -> Vec<LogEntry<E>> {
        let first = self.before.sequence();
        let skipped = anchor.sequence().get().checked_sub(first.get());
        let skipped = skipped.and_then(|skipped| usize::try_from(skipped).ok());
        let is_of_this_log = self.term_at(anchor.sequence()) == Some(anchor.term());
        let entries = std::mem::take(&mut self.entries);
        let Some(skipped) = skipped.filter(|_| is_of_this_log) else {
            return Vec::new();
        };
        let numbered = (first.get()..=u64::MAX).skip(1).zip(entries).skip(skipped);
        numbered
            .map(|(sequence, (term, entry))| LogEntry {
                sequence: Sequence::new(sequence),
                term,
                entry,
            })
            .collect()
    }

    /// The term of an entry of the run, or of that before it.
    fn term_at(&self, sequence: Sequence) -> Option<u64> {
        if self.entries.is_empty() {
            return None;
        }
        let distance = sequence.get().checked_sub(self.before.sequence().get())?;
        match usize::try_from(distance).ok()?.checked_sub(1) {
            Some(position) => self.entries.get(position).map(|(term, _)| *term),
            None => Some(self.before.term()),
        }
    }

    /// Forgets an entry and those after it. That before the run is none.
    fn truncate(&mut self, sequence: Sequence) {
        let kept = sequence.get().saturating_sub(self.before.sequence().get());
        if let Some(kept) = kept.checked_sub(1) {
            let kept = usize::try_from(kept).unwrap_or(usize::MAX);
            self.entries.truncate(kept);
        }
    }

    /// Returns whether the entries after this one are wanted, too.
    fn push_one(&mut self, previous: Anchor, term: u64, entry: E, pinned: Option<Anchor>) -> bool {
        let Some(sequence) = previous.sequence().next() else {
            return false;
        };
        match self.term_at(previous.sequence()) {
            Some(known) if known == previous.term() => {
                if self.term_at(sequence) == Some(term) {
                    return true;
                }
                self.truncate(sequence);
                if self.entries.is_empty() {
                    self.begin_again(previous);
                }
            }
            // It follows on from another log than that of the run, which then is not the one that
            // will be committed, or not in this term.
            Some(known) => match pinned {
                Some(anchor) => {
                    if known < previous.term() && anchor.sequence() < previous.sequence() {
                        self.truncate(previous.sequence());
                    }
                    return false;
                }
                None => self.begin_again(previous),
            },
            None if self.entries.is_empty() => {
                if pinned.is_some_and(|anchor| !anchor.reconnects(Some(sequence))) {
                    return false;
                }
                self.begin_again(previous);
            }
            None if sequence <= self.before.sequence() => return true,
            None if pinned.is_some() => return false,
            None => self.begin_again(previous),
        }
        self.make_room(pinned) && {
            self.entries.push_back((term, entry));
            true
        }
    }

    fn begin_again(&mut self, before: Anchor) {
        self.entries.clear();
        self.before = before;
    }

    fn make_room(&mut self, pinned: Option<Anchor>) -> bool {
        if self.entries.len() < self.entries_max {
            return true;
        }
        if pinned.is_some_and(|anchor| anchor.sequence() <= self.before.sequence()) {
            return false;
        }
        if let Some((term, _)) = self.entries.pop_front()
            && let Some(first) = self.before.sequence().next()
        {
            self.before = Anchor::new(first, term);
        }
        true
    }
}

#[cfg(test)]
mod tests;
