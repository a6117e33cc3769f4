//! What one subscriber has shown, and what it may be told.

use std::collections::BTreeMap;

use forebay_core::{Cursor, LoadError};
use forebay_events::{FeedError, Reason};

use crate::model::world::History;
use crate::scene::{Reader, Seen};
use crate::source::Broken;

/// What is followed: a topic, and a key or all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Spot {
    pub(crate) topic: usize,
    pub(crate) key: Option<u32>,
}

/// A cursor that was noted, with what was shown at it.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) spot: Spot,
    pub(crate) cursor: Cursor,
    pub(crate) shown: BTreeMap<u32, u64>,
}

pub(crate) struct View {
    pub(crate) reader: Reader,
    pub(crate) spot: Spot,
    pub(crate) token: Option<usize>,
    /// Why it was closed from outside, if it was; any of them may be what it says.
    pub(crate) forced: Vec<Reason>,
    shown: BTreeMap<u32, u64>,
    /// The last complete sequence, once there is one.
    at: Option<u64>,
    /// Where it was when it came, if the cursor was of the same log.
    came_from: Option<u64>,
    /// Whether it may be told of a new snapshot.
    may_begin: bool,
    must_begin: bool,
    pub(crate) error: Option<FeedError<Broken>>,
}

impl View {
    pub(crate) fn new(reader: Reader, spot: Spot, noted: Option<&Noted>) -> Self {
        let resumed = noted.filter(|_| reader.feed.cursor().is_some());
        if let Some(noted) = resumed {
            assert_eq!(noted.spot, spot, "the cursor is of something else");
            assert_eq!(reader.feed.cursor(), Some(noted.cursor));
        }
        assert!(noted.is_some() || reader.feed.cursor().is_none());
        Self {
            shown: resumed.map(|noted| noted.shown.clone()).unwrap_or_default(),
            at: resumed.map(|noted| noted.cursor.sequence().get()),
            came_from: None,
            may_begin: noted.is_some() && resumed.is_none(),
            must_begin: noted.is_some() && resumed.is_none(),
            reader,
            spot,
            token: None,
            forced: Vec::new(),
            error: None,
        }
    }

    /// It must not be shown anything from before this.
    pub(crate) fn not_before(&mut self, sequence: u64) {
        self.came_from = Some(sequence);
    }

    /// Reads at most so many frames; returns whether it came to where it waits.
    pub(crate) fn read(&mut self, count: usize, history: &History) -> bool {
        for _ in 0..count {
            match self.reader.try_next() {
                Ok(Some(seen)) => {
                    assert!(self.forced.is_empty(), "{seen:?} after it was closed");
                    self.show(seen, history);
                }
                Ok(None) => {
                    assert!(self.forced.is_empty(), "it waits after it was closed");
                    self.check_all_shown(history);
                    return true;
                }
                Err(error) => {
                    self.error = Some(error);
                    return true;
                }
            }
        }
        false
    }

    pub(crate) fn note(&self) -> Option<Noted> {
        let cursor = self.reader.feed.cursor()?;
        // In the middle of a batch more is shown than the cursor says.
        (self.at == Some(cursor.sequence().get())).then(|| Noted {
            spot: self.spot,
            cursor,
            shown: self.shown.clone(),
        })
    }

    fn show(&mut self, seen: Seen, history: &History) {
        if self.must_begin {
            assert_eq!(seen, Seen::New, "a stale cursor is said first");
        }
        match seen {
            Seen::New => {
                assert!(self.may_begin, "nobody asked for a new snapshot");
                assert_eq!(self.at, None);
                (self.may_begin, self.must_begin) = (false, false);
                self.shown.clear();
            }
            Seen::Piece(key, value) => {
                assert_eq!(self.at, None);
                self.may_begin = true;
                self.shown.insert(key, value);
            }
            Seen::End(sequence) => {
                assert_eq!(self.at, None);
                assert!(
                    self.came_from.is_none_or(|from| from <= sequence),
                    "it goes back"
                );
                self.complete(sequence, history);
            }
            Seen::Event(sequence, key, value) => {
                let at = self.at.expect("a snapshot comes before events");
                assert!(at < sequence, "{sequence} comes again");
                assert_eq!(sequence, value);
                self.shown.insert(key, value);
                let cursor = self.reader.cursor().sequence().get();
                if cursor == sequence {
                    self.complete(sequence, history);
                } else {
                    assert_eq!(cursor, at, "the cursor is in the middle of a batch");
                }
            }
        }
    }

    fn complete(&mut self, sequence: u64, history: &History) {
        assert_eq!(
            self.shown,
            history.state_at(self.spot, sequence),
            "at {sequence}"
        );
        self.at = Some(sequence);
    }

    fn check_all_shown(&self, history: &History) {
        if let Some(at) = self.at {
            let published = history.published_up_to().max(at);
            assert_eq!(
                self.shown,
                history.state_at(self.spot, published),
                "it waits"
            );
        }
    }

    pub(crate) const fn has_snapshot(&self) -> bool {
        self.at.is_some()
    }

    /// Checks that it has ended for a reason that there was.
    pub(crate) fn check_end(&self, may_lag: bool, history: &History) {
        match (&self.error, &self.forced[..]) {
            (Some(FeedError::ForceClosed(reason)), forced) => assert!(forced.contains(reason)),
            (Some(error), []) => {
                let was = match error {
                    FeedError::Snapshot(LoadError::Backend(_)) => history.fails > 0,
                    FeedError::Snapshot(LoadError::Panicked(_)) => history.panics > 0,
                    FeedError::SnapshotBehind { .. } => history.behind > 0,
                    FeedError::Lagged { .. } => may_lag,
                    _ => false,
                };
                assert!(was, "{error:?}");
            }
            (None, []) => {}
            (error, forced) => panic!("{error:?}, and not {forced:?}"),
        }
    }
}
