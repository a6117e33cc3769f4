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
    /// The sequence of the first entry; meaningless while there are none.
    first: u64,
    entries: VecDeque<(u64, E)>,
    entries_max: usize,
}

impl<E> Buffer<E> {
    pub(crate) const fn new(entries_max: usize) -> Self {
        Self {
            first: 0,
            entries: VecDeque::new(),
            entries_max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn first(&self) -> Option<Sequence> {
        (!self.entries.is_empty()).then(|| Sequence::new(self.first))
    }

    /// Takes entries that follow each other from `from` on.
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
        from: Sequence,
        entries: impl IntoIterator<Item = (u64, E)>,
        pinned: Option<Anchor>,
    ) {
        let mut next = Some(from.get());
        let mut term_before = 0;
        for (term, entry) in entries {
            let Some(sequence) = next else { return };
            // Terms never fall along a log, so what follows is of no log.
            if term < term_before {
                return;
            }
            if sequence != 0 && !self.push_one(sequence, term, entry, pinned) {
                return;
            }
            term_before = term;
            next = sequence.checked_add(1);
        }
    }

    /// Takes out what follows on from an anchor.
    pub(crate) fn take_after(&mut self, anchor: Anchor) -> Vec<LogEntry<E>> {
        let start = anchor.sequence().get().checked_add(1);
        let skipped = start.and_then(|start| self.position(start, anchor.term()));
        let first = self.first;
        let entries = std::mem::take(&mut self.entries);
        let Some(skipped) = skipped else {
            return Vec::new();
        };
        let numbered = (first..=u64::MAX).zip(entries).skip(skipped);
        numbered
            .map(|(sequence, (term, entry))| LogEntry {
                sequence: Sequence::new(sequence),
                term,
                entry,
            })
            .collect()
    }

    /// Where the entries after an anchor begin, unless they belong to another log than it does.
    fn position(&self, start: u64, anchor_term: u64) -> Option<usize> {
        let skipped = usize::try_from(start.checked_sub(self.first)?).ok()?;
        let (term, _) = self.entries.get(skipped)?;
        let is_of_this_log = match skipped.checked_sub(1) {
            Some(at_anchor) => self.entries.get(at_anchor)?.0 == anchor_term,
            None => *term >= anchor_term,
        };
        is_of_this_log.then_some(skipped)
    }

    /// Returns whether the entries after this one are wanted, too.
    fn push_one(&mut self, sequence: u64, term: u64, entry: E, pinned: Option<Anchor>) -> bool {
        let len = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        if len == 0 {
            if pinned.is_some_and(|anchor| !anchor.reconnects(Some(Sequence::new(sequence)))) {
                return false;
            }
            self.first = sequence;
        } else if sequence < self.first {
            return true;
        } else if sequence - self.first < len {
            let position = usize::try_from(sequence - self.first).unwrap_or(usize::MAX);
            if self.entries[position].0 == term {
                return true;
            }
            self.entries.truncate(position);
            self.first = if position == 0 { sequence } else { self.first };
        } else if sequence - self.first > len {
            if pinned.is_some() {
                return false;
            }
            self.begin_again(sequence);
        }
        if self.entries.back().is_some_and(|(last, _)| *last > term) {
            if pinned.is_some() {
                return false;
            }
            self.begin_again(sequence);
        }
        self.make_room(pinned) && {
            self.entries.push_back((term, entry));
            true
        }
    }

    fn begin_again(&mut self, sequence: u64) {
        self.entries.clear();
        self.first = sequence;
    }

    fn make_room(&mut self, pinned: Option<Anchor>) -> bool {
        if self.entries.len() < self.entries_max {
            return true;
        }
        if pinned.is_some_and(|anchor| anchor.sequence().get() < self.first) {
            return false;
        }
        self.entries.pop_front();
        self.first = self.first.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests;
