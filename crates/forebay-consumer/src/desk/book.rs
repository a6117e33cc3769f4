//! What was applied, what was reached by that, and what of it is committed: bookkeeping alone.

use std::time::Duration;

use forebay_core::{Checkpoint, Cursor, Sequence};

#[derive(Debug, Default)]
pub(crate) struct Book {
    applied: u64,
    /// What was applied since the last position was reached.
    unreached: u64,
    reached: Option<Checkpoint>,
    /// There unless the last commit that was begun is of the position that was reached last.
    news: Option<News>,
    committed: Option<Checkpoint>,
    applied_at_commit: u64,
    /// What is stored is void, and no commit was begun since.
    is_void: bool,
    /// Nothing was applied since the handler began anew.
    is_blank: bool,
}

#[derive(Clone, Copy, Debug)]
struct News {
    /// When the first of the positions was reached that are not in a commit.
    since: Duration,
    /// How many items they are, or positions, where there were no items.
    weight: u64,
}

/// A position that is to be committed, and how many items lead to it.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) checkpoint: Checkpoint,
    applied: u64,
}

impl Book {
    /// Goes on where the consumer was.
    pub(crate) fn loaded(&mut self, stored: Option<Checkpoint>) {
        self.reached = stored.clone();
        self.committed = stored;
    }

    pub(crate) const fn applied(&self) -> u64 {
        self.applied
    }

    /// How many items come again if the consumer ends here.
    pub(crate) const fn uncommitted(&self) -> u64 {
        self.applied - self.applied_at_commit
    }

    pub(crate) const fn reached(&self) -> Option<&Checkpoint> {
        self.reached.as_ref()
    }

    pub(crate) const fn committed(&self) -> Option<&Checkpoint> {
        self.committed.as_ref()
    }

    pub(crate) const fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Counts items that were applied.
    pub(crate) const fn apply(&mut self, items: u64) {
        self.applied += items;
        self.unreached += items;
        self.is_blank = false;
    }

    /// Takes note of a position to which all that was applied leads. One that is not further than the
    /// last one is none: positions never go back, whoever says so. Returns whether it was one.
    pub(crate) fn reach(&mut self, position: Checkpoint, now: Duration) -> bool {
        let is_known = self.reached.as_ref().is_some_and(|reached| {
            reached.log() == position.log() && reached.sequence() >= position.sequence()
        });
        if is_known {
            return false;
        }
        let items = std::mem::take(&mut self.unreached);
        self.reached = Some(position);
        let news = self.news.get_or_insert(News {
            since: now,
            weight: 0,
        });
        news.weight += items.max(1);
        true
    }

    pub(crate) const fn has_news(&self) -> bool {
        self.news.is_some()
    }

    /// Whether so much has happened that a commit is due. The first position is always enough: without
    /// one, a consumer that comes back could not tell that it was away for too long.
    pub(crate) fn is_heavy(&self, items: u64) -> bool {
        self.news
            .is_some_and(|news| news.weight >= items || self.committed.is_none())
    }

    /// When a commit is due even if nothing more happens.
    pub(crate) fn due_at(&self, interval: Duration) -> Option<Duration> {
        self.news.map(|news| news.since.saturating_add(interval))
    }

    /// Begins a commit of everything that was reached, if that is news.
    pub(crate) fn begin(&mut self) -> Option<Mark> {
        self.news.take()?;
        self.is_void = false;
        Some(Mark {
            checkpoint: self.reached.clone()?,
            applied: self.applied - self.unreached,
        })
    }

    /// Takes note that a commit was begun in vain: what was reached is news again.
    pub(crate) fn give_up(&mut self, now: Duration) {
        if self.reached.is_some() {
            self.news.get_or_insert(News {
                since: now,
                weight: 1,
            });
        }
    }

    /// Whether a commit of this position has to leave another log than the one that is stored.
    pub(crate) fn changes_log(&self, mark: &Mark) -> bool {
        let stored = self.committed.as_ref();
        stored.is_some_and(|stored| stored.log() != mark.checkpoint.log())
    }

    /// Takes note of a commit that was acknowledged, with what is stored now.
    pub(crate) fn commit(&mut self, mark: &Mark, stored: Checkpoint) {
        self.committed = Some(stored);
        self.applied_at_commit = mark.applied;
    }

    /// Returns the position that has to be stored before anything is forgotten, if one has to: nobody
    /// who comes next goes on behind what was forgotten. Whoever begins at the zero of a log gets
    /// everything in it, or learns that it is not there. A commit that was not answered may be stored.
    pub(crate) fn void(&self) -> Option<Checkpoint> {
        if self.is_void {
            return None;
        }
        let stored = self.committed.as_ref().or(self.reached.as_ref())?;
        Some(Checkpoint::new(Cursor::new(stored.log(), Sequence::ZERO)))
    }

    pub(crate) fn voided(&mut self, stored: Checkpoint) {
        self.committed = Some(stored);
        self.is_void = true;
    }

    /// Forgets what was reached: nothing that was applied before counts any more.
    pub(crate) fn begin_anew(&mut self) {
        self.reached = None;
        self.news = None;
        self.unreached = 0;
        self.applied_at_commit = self.applied;
        self.is_blank = true;
    }
}

#[cfg(test)]
mod tests {
    use forebay_core::LogId;

    use super::*;

    const NOW: Duration = Duration::from_secs(5);

    fn at(log: u64, sequence: u64) -> Checkpoint {
        Checkpoint::new(Cursor::new(LogId::new(log), Sequence::new(sequence)))
    }

    #[test]
    fn only_what_was_reached_is_committed() {
        let mut book = Book::default();
        book.loaded(Some(at(1, 1)));
        book.apply(3);
        assert!(book.begin().is_none());
        assert!(book.reach(at(1, 7), NOW));
        assert!(book.is_heavy(3) && !book.is_heavy(4));
        book.apply(2);
        let mark = book.begin().unwrap();
        assert_eq!(mark.checkpoint, at(1, 7));
        assert!(book.begin().is_none(), "it is begun once");
        book.commit(&mark, at(1, 7));
        assert_eq!(book.uncommitted(), 2);
    }

    #[test]
    fn items_after_the_begin_of_a_commit_stay_uncommitted() {
        let mut book = Book::default();
        book.apply(5);
        book.reach(at(1, 7), NOW);
        let mark = book.begin().unwrap();
        book.apply(4);
        book.reach(at(1, 8), NOW);
        book.commit(&mark, at(1, 7));
        assert_eq!(book.uncommitted(), 4);
        assert!(book.has_news());
    }

    #[test]
    fn positions_never_go_back() {
        let mut book = Book::default();
        book.loaded(Some(at(1, 7)));
        assert!(!book.reach(at(1, 7), NOW));
        assert!(!book.reach(at(1, 6), NOW));
        assert_eq!(book.reached(), Some(&at(1, 7)));
        assert!(book.reach(at(1, 8), NOW));
        assert!(book.reach(at(2, 1), NOW), "another log is another matter");
    }

    #[test]
    fn a_commit_is_due_so_long_after_the_first_position() {
        let mut book = Book::default();
        let second = Duration::from_secs(1);
        assert_eq!(book.due_at(second), None);
        book.reach(at(1, 7), NOW);
        book.reach(at(1, 8), 2 * NOW);
        assert_eq!(book.due_at(second), Some(NOW + second));
        book.begin();
        assert_eq!(book.due_at(second), None);
    }

    #[test]
    fn what_is_void_is_void_once() {
        let mut book = Book::default();
        assert_eq!(book.void(), None, "nothing is stored");
        book.loaded(Some(at(1, 7)));
        assert_eq!(book.void(), Some(at(1, 0)));
        book.voided(at(1, 0));
        book.begin_anew();
        assert_eq!((book.void(), book.reached()), (None, None));
        book.apply(1);
        book.reach(at(2, 3), NOW);
        let mark = book.begin().unwrap();
        assert!(book.changes_log(&mark));
        book.commit(&mark, at(2, 3));
        assert_eq!(book.void(), Some(at(2, 0)));
    }
}
