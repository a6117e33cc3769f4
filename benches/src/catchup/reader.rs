use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::catchup::fault::Fault;
use crate::catchup::log::{Entry, Stretch, decode, entries_in};
use crate::catchup::packet::Packet;

/// How many answers are awaited at once, and how large each is meant to be: what a session of the
/// snapshot crate does with chunks.
const WINDOW: usize = 8;
const ANSWER_BYTES: u64 = 512 << 10;

/// How long nothing may come before it is asked for again: as a session of the snapshot crate waits
/// for chunks.
const PATIENCE_MIN: Duration = Duration::from_millis(250);
const PATIENCE_MAX: Duration = Duration::from_secs(30);

/// Reads a peer's log from somewhere on, and goes on reading what is appended.
///
/// Answers come in the order in which they were asked for, so what has not come before a later one is
/// lost and is asked for again at once.
#[derive(Debug)]
pub(super) struct Reader {
    /// How many entries are asked for at once.
    count: u64,
    /// The next entry to ask for; `None` until it is known where to begin.
    next: Option<u64>,
    /// The last entry that there is, as far as is known.
    head: u64,
    awaited: VecDeque<Ask>,
    lost: VecDeque<(u64, u64)>,
    /// The next entry in order, and those after it that came too early.
    expected: u64,
    early: BTreeMap<u64, Vec<Entry>>,
    heard_at: Instant,
    patience: Duration,
}

/// Entries that were asked for.
#[derive(Clone, Copy, Debug)]
struct Ask {
    from: u64,
    count: u64,
    at: Instant,
}

/// Entries in order, the first of which is the one after all that came before.
pub(super) type Run = (u64, Vec<Entry>);

impl Reader {
    /// Creates a reader that begins with this entry, or behind the last one where it is `None`.
    pub(super) fn new(now: Instant, from: Option<u64>, value_bytes: usize) -> Self {
        Self {
            count: entries_in(ANSWER_BYTES, value_bytes),
            next: from,
            head: 0,
            awaited: VecDeque::new(),
            lost: VecDeque::new(),
            expected: from.unwrap_or(0),
            early: BTreeMap::new(),
            heard_at: now,
            patience: PATIENCE_MIN,
        }
    }

    /// Returns whether everything was read that there is, as far as is known.
    pub(super) fn is_at_head(&self) -> bool {
        self.expected > self.head && self.head > 0
    }

    /// Returns whether it may not give the entry after this one any more.
    pub(super) fn is_beyond(&self, applied: u64) -> bool {
        self.next.is_none() || self.expected > applied + 1
    }

    /// Returns what to ask for next.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Packet> {
        let lost = self.lost.pop_front();
        let (from, count) = match lost.or_else(|| self.further())? {
            (0, _) => (0, 0),
            asked => asked,
        };
        self.awaited.push_back(Ask {
            from,
            count,
            at: now,
        });
        Some(Packet::Entries { from, count })
    }

    /// Returns what was not asked for yet. Beyond the head that is one request, whose answer comes
    /// when there is something.
    fn further(&mut self) -> Option<(u64, u64)> {
        // A log has a first entry, but whether it goes on after some other one is not known yet.
        let next = self.next.filter(|next| self.head > 0 || *next == 1);
        let Some(next) = next else {
            return self.awaited.is_empty().then_some((0, 0));
        };
        // One that was asked for behind the head stays where it is until it is known how far it goes.
        let is_asked = self.awaited.iter().any(|ask| ask.from == next);
        if is_asked || self.awaited.len() >= WINDOW {
            return None;
        }
        if next > self.head {
            return self.awaited.is_empty().then_some((next, self.count));
        }
        let count = self.count.min(self.head - next + 1);
        self.next = Some(next + count);
        Some((next, count))
    }

    /// Takes an answer, and returns the entries that are in order now.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        asked: u64,
        stretch: &Stretch,
    ) -> Result<Vec<Run>, Fault> {
        let gap = now.saturating_duration_since(self.heard_at);
        self.patience = (4 * gap).clamp(self.patience, PATIENCE_MAX);
        self.heard_at = now;
        self.head = self.head.max(stretch.head);
        let Some(place) = self.awaited.iter().position(|ask| ask.from == asked) else {
            // It was taken for lost.
            return Ok(Vec::new());
        };
        let passed = self.awaited.drain(..=place);
        let passed = passed.filter(|ask| ask.from != asked);
        self.lost.extend(passed.map(|ask| (ask.from, ask.count)));
        if asked == 0 {
            // A second answer comes to who has begun already.
            if self.next.is_none() {
                self.next = Some(stretch.head + 1);
                self.expected = stretch.head + 1;
            }
            return Ok(Vec::new());
        }
        if stretch.from != asked {
            return Err(Fault::Malformed);
        }
        let entries = decode(stretch).ok_or(Fault::Malformed)?;
        let end = stretch.from + stretch.count;
        if self.next.is_some_and(|next| next < end) {
            self.next = Some(end);
        }
        self.early.insert(stretch.from, entries);
        Ok(self.in_order())
    }

    fn in_order(&mut self) -> Vec<Run> {
        let mut runs = Vec::new();
        while let Some(first) = self.early.first_entry() {
            if *first.key() > self.expected {
                break;
            }
            let (from, mut entries) = first.remove_entry();
            // Of what was asked for twice, a part may have come.
            let known = (self.expected - from).min(entries.len() as u64);
            entries.drain(..known as usize);
            if !entries.is_empty() {
                let begin = self.expected;
                self.expected += entries.len() as u64;
                runs.push((begin, entries));
            }
        }
        runs
    }

    /// Returns when to look whether something was lost.
    pub(super) fn timeout(&self) -> Option<Instant> {
        let oldest = self.awaited.front()?;
        Some(oldest.at.max(self.heard_at) + self.patience)
    }

    /// Asks again for what has not come for too long.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.timeout().is_some_and(|timeout| timeout <= now) {
            let lost = self.awaited.drain(..);
            self.lost.extend(lost.map(|ask| (ask.from, ask.count)));
            self.patience = (2 * self.patience).min(PATIENCE_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catchup::log::{Log, Past};
    use crate::catchup::state;

    /// A log of changes, and a reader that asks for three of them at once.
    fn begin(missed: u64, from: Option<u64>) -> (Log, Reader, Instant) {
        let before = state::first(1, 1);
        let past = Past {
            keys: vec![0; 200].into(),
            missed,
            value_bytes: 1,
            after: before.clone(),
            before,
        };
        let now = Instant::now();
        let mut reader = Reader::new(now, from, 1);
        reader.count = 3;
        (Log::new(past), reader, now)
    }

    fn asked(reader: &mut Reader, now: Instant) -> Vec<(u64, u64)> {
        let packets = std::iter::from_fn(|| reader.poll(now));
        let asked = packets.map(|packet| match packet {
            Packet::Entries { from, count } => (from, count),
            other => panic!("{other:?}"),
        });
        asked.collect()
    }

    fn lengths(runs: Vec<Run>) -> Vec<(u64, usize)> {
        let lengths = runs.into_iter().map(|(from, run)| (from, run.len()));
        lengths.collect()
    }

    #[test]
    fn as_much_is_asked_for_at_once_as_there_is_and_may_be() {
        let (log, mut reader, now) = begin(100, Some(1));
        assert_eq!(asked(&mut reader, now), [(1, 3)]);
        let runs = reader.handle(now, 1, &log.read(1, 3)).unwrap();
        assert_eq!(lengths(runs), [(1, 3)]);
        let asked = asked(&mut reader, now);
        assert_eq!(asked.len(), WINDOW);
        assert_eq!(asked[..2], [(4, 3), (7, 3)]);
        assert!(!reader.is_at_head());
    }

    #[test]
    fn what_a_later_answer_has_passed_is_asked_for_again() {
        let (log, mut reader, now) = begin(9, Some(1));
        assert_eq!(asked(&mut reader, now), [(1, 3)]);
        reader.handle(now, 1, &log.read(1, 3)).unwrap();
        assert_eq!(asked(&mut reader, now), [(4, 3), (7, 3)]);
        let runs = reader.handle(now, 7, &log.read(7, 3)).unwrap();
        assert!(runs.is_empty());
        assert_eq!(asked(&mut reader, now), [(4, 3)]);
        let runs = reader.handle(now, 4, &log.read(4, 3)).unwrap();
        assert_eq!(lengths(runs), [(4, 3), (7, 3)]);
        assert!(reader.is_at_head());
        // From there on, one request waits for what comes.
        assert_eq!(asked(&mut reader, now), [(10, 3)]);
    }

    #[test]
    fn what_does_not_come_is_asked_for_again_after_a_while() {
        let (_, mut reader, now) = begin(9, Some(1));
        assert_eq!(asked(&mut reader, now), [(1, 3)]);
        let timeout = reader.timeout().unwrap();
        reader.handle_timeout(now);
        assert!(asked(&mut reader, now).is_empty());
        reader.handle_timeout(timeout);
        assert_eq!(asked(&mut reader, timeout), [(1, 3)]);
        assert!(reader.timeout().unwrap() - timeout > timeout - now);
    }

    #[test]
    fn what_was_asked_for_behind_the_head_is_not_asked_for_again_when_that_moves() {
        let (log, mut reader, now) = begin(9, Some(1));
        reader.count = 20;
        assert_eq!(asked(&mut reader, now), [(1, 20)]);
        let lone = log.read(1, 20);
        // Nobody answers for a while, and it is asked for once more.
        let later = reader.timeout().unwrap();
        reader.handle_timeout(later);
        assert_eq!(asked(&mut reader, later), [(1, 20)]);
        reader.handle(later, 1, &lone).unwrap();
        assert_eq!(asked(&mut reader, later), [(10, 20)]);
        log.write(2);
        let short = log.read(10, 20);
        log.write(9);
        // The second answer says that there is more, and what is awaited is a part of that.
        reader.handle(later, 1, &log.read(1, 20)).unwrap();
        assert_eq!(asked(&mut reader, later), []);
        let runs = reader.handle(later, 10, &short).unwrap();
        assert_eq!(lengths(runs), [(10, 2)]);
        assert_eq!(asked(&mut reader, later), [(12, 9)]);
        let runs = reader.handle(later, 12, &log.read(12, 9)).unwrap();
        assert_eq!(lengths(runs), [(12, 9)]);
        assert!(reader.is_at_head());
    }

    #[test]
    fn who_begins_behind_the_last_entry_learns_that_it_is_the_last() {
        let (log, mut reader, now) = begin(9, Some(10));
        assert_eq!(asked(&mut reader, now), [(0, 0)]);
        assert!(!reader.is_at_head());
        let end = Stretch {
            from: 0,
            count: 0,
            head: log.head(),
            bytes: Default::default(),
        };
        assert!(reader.handle(now, 0, &end).unwrap().is_empty());
        assert!(reader.is_at_head());
        assert_eq!(asked(&mut reader, now), [(10, 3)]);
    }

    #[test]
    fn a_second_answer_about_the_end_passes_over_nothing() {
        let (log, mut reader, now) = begin(9, Some(4));
        let end = Stretch {
            from: 0,
            count: 0,
            head: log.head(),
            bytes: Default::default(),
        };
        assert_eq!(asked(&mut reader, now), [(0, 0)]);
        reader.handle(now, 0, &end).unwrap();
        assert_eq!(asked(&mut reader, now), [(4, 3), (7, 3)]);
        reader.awaited.push_front(Ask {
            from: 0,
            count: 0,
            at: now,
        });
        reader.handle(now, 0, &end).unwrap();
        assert!(!reader.is_at_head());
        let runs = reader.handle(now, 4, &log.read(4, 3)).unwrap();
        assert_eq!(lengths(runs), [(4, 3)]);
    }

    #[test]
    fn without_a_beginning_it_is_the_end() {
        let (log, mut reader, now) = begin(9, None);
        assert_eq!(asked(&mut reader, now), [(0, 0)]);
        let stretch = Stretch {
            from: 0,
            count: 0,
            head: log.head(),
            bytes: Default::default(),
        };
        assert!(reader.handle(now, 0, &stretch).unwrap().is_empty());
        assert!(reader.is_at_head());
        assert_eq!(asked(&mut reader, now), [(10, 3)]);
        log.write(1);
        let runs = reader.handle(now, 10, &log.read(10, 3)).unwrap();
        assert_eq!(lengths(runs), [(10, 1)]);
        assert_eq!(asked(&mut reader, now), [(11, 3)]);
    }
}
