use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use forebay_core::ResumeKey;

use crate::checkpoints::shift::{Done, Duty};
use crate::checkpoints::store;
use crate::harness::latencies::Latencies;
use crate::harness::machine;
use crate::harness::shards::Shards;

/// Who commits what next, and what was acknowledged.
///
/// Orderings are relaxed: all is read once the writers are gone.
#[derive(Debug)]
pub(super) struct Ledger {
    start: Instant,
    until: Instant,
    until_ns: u64,
    writers: u64,
    first_key: u64,
    keys: u64,
    next: AtomicU64,
    /// The position beyond the last one.
    end: u64,
    /// The highest position that was acknowledged of each key.
    acknowledged: Box<[AtomicU64]>,
    latencies: Shards<Latencies>,
}

/// One commit.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) key: ResumeKey,
    pub(super) sequence: u64,
    index: u64,
    /// Whether it is the one that is made in any case.
    is_first: bool,
}

/// How long the one commit waits for its turn that is made in any case.
const PATIENCE: Duration = Duration::from_secs(3_600);

impl Ledger {
    /// Makes room for what will be done.
    pub(super) fn new(duty: &Duty) -> Self {
        let acknowledged = (0..duty.keys).map(|_| AtomicU64::new(0)).collect();
        let latencies = Shards::new(machine::cores() as usize * 4);
        let start = Instant::now();
        Self {
            start,
            until: start,
            until_ns: 0,
            writers: duty.writers,
            first_key: duty.first_key,
            keys: duty.keys,
            next: AtomicU64::new(duty.from + 1),
            end: duty
                .commits
                .map_or(u64::MAX, |commits| duty.from + 1 + commits),
            acknowledged,
            latencies,
        }
    }

    /// Lets writers begin now, and no commit after so long.
    pub(super) fn begin(self, time: Duration) -> Self {
        let start = Instant::now();
        Self {
            start,
            until: start + time,
            until_ns: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX),
            ..self
        }
    }

    pub(super) fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns until when this commit may begin.
    pub(super) fn until(&self, commit: &Commit) -> Instant {
        match commit.is_first {
            true => self.until + PATIENCE,
            false => self.until,
        }
    }

    /// Returns what a writer commits in its next turn; `None` where it has done enough. Where there
    /// are keys enough, each belongs to one writer. The first writer commits once, however slow the
    /// store or the machine is.
    pub(super) fn next(&self, writer: u64, turn: u64, now_ns: u64) -> Option<Commit> {
        let is_first = writer == 0 && turn == 0;
        if now_ns >= self.until_ns && !is_first {
            return None;
        }
        let sequence = self.next.fetch_add(1, Ordering::Relaxed);
        if sequence >= self.end {
            return None;
        }
        let own = self.keys.saturating_sub(writer).div_ceil(self.writers);
        let index = match own {
            0 => writer % self.keys,
            own => writer + turn % own * self.writers,
        };
        Some(Commit {
            key: store::key(self.first_key + index),
            sequence,
            index,
            is_first,
        })
    }

    /// Enters a commit that was acknowledged, and returns when that was.
    pub(super) fn enter(&self, commit: &Commit, start_ns: u64) -> u64 {
        let end_ns = self.now_ns();
        if let Some(at) = self.acknowledged.get(commit.index as usize) {
            at.fetch_max(commit.sequence, Ordering::Relaxed);
        }
        self.latencies.own().record(start_ns, end_ns);
        end_ns
    }

    /// Returns what was done.
    pub(super) fn done(&self) -> Done {
        let mut all = Latencies::default();
        self.latencies.each(|latencies| all.add(latencies));
        let acknowledged = (self.first_key..).zip(&self.acknowledged);
        let acknowledged = acknowledged.map(|(key, at)| (key, at.load(Ordering::Relaxed)));
        Done {
            latencies: all.buckets().collect(),
            end_ns: all.end_ns(),
            acknowledged: acknowledged.filter(|(_, at)| *at > 0).collect(),
            asked: self.next.load(Ordering::Relaxed).min(self.end) - 1,
            ..Done::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duty(writers: u64, keys: u64, commits: Option<u64>) -> Duty {
        Duty {
            strategy: String::new(),
            path: Default::default(),
            writers,
            first_key: 100,
            keys,
            from: 10,
            time: Duration::ZERO,
            commits,
        }
    }

    fn keys_of(ledger: &Ledger, writer: u64, turns: u64) -> Vec<ResumeKey> {
        let commits = (0..turns).map(|turn| ledger.next(writer, turn, 0));
        commits.map(|commit| commit.unwrap().key).collect()
    }

    #[test]
    fn the_first_writer_commits_once_though_no_time_is_left() {
        let duty = duty(2, 5, None);
        let ledger = Ledger::new(&duty).begin(duty.time);
        let first = ledger.next(0, 0, 1).unwrap();
        assert!(ledger.until(&first) > Instant::now());
        assert!(ledger.next(0, 1, 1).is_none() && ledger.next(1, 0, 1).is_none());
        // The one before it was committed before writers began.
        assert_eq!((first.sequence, first.key), (11, store::key(100)));
    }

    #[test]
    fn keys_belong_to_one_writer_where_there_are_enough() {
        let duty = duty(2, 5, None);
        let ledger = Ledger::new(&duty).begin(Duration::from_secs(1));
        let own = |numbers: [u64; 4]| numbers.map(store::key).to_vec();
        assert_eq!(keys_of(&ledger, 0, 4), own([100, 102, 104, 100]));
        assert_eq!(keys_of(&ledger, 1, 4), own([101, 103, 101, 103]));
    }

    #[test]
    fn no_two_processes_have_a_key_in_common() {
        let duty = duty(1, 5, None);
        let keys = [0, 1].map(|process| {
            let ledger = Ledger::new(&duty.of(process)).begin(Duration::from_secs(1));
            keys_of(&ledger, 0, 5)
        });
        assert!(keys[0].iter().all(|key| !keys[1].contains(key)));
    }

    #[test]
    fn writers_share_keys_where_there_are_too_few_and_end_after_so_many_commits() {
        let duty = duty(3, 2, Some(3));
        let ledger = Ledger::new(&duty).begin(Duration::from_secs(1));
        assert_eq!(keys_of(&ledger, 2, 1), [store::key(100)]);
        assert_eq!(keys_of(&ledger, 0, 2), [store::key(100), store::key(100)]);
        assert!(ledger.next(1, 0, 0).is_none());
        assert_eq!(ledger.done().asked, 13);
    }
}
