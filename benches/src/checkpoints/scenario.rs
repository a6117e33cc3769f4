use std::time::Duration;

use crate::cli::{GrowthArguments, WorkArguments};
use crate::failure::Failure;
use crate::report::model::Offered;

/// How many keys each process has where several write.
const KEYS_OF_A_PROCESS: u64 = 1_000;

/// How many writers each process has where several write.
const WRITERS_OF_A_PROCESS: [u64; 2] = [1, 16];

/// How many keys and writers there are where a store grows.
const KEYS_GROWN: u64 = 1_000;
const WRITERS_GROWN: u64 = 256;

/// What every strategy is given: writers, keys and processes, at each point.
#[derive(Debug)]
pub(super) struct Scenario {
    offered: Vec<Offered>,
    time: Duration,
    growth_time: Duration,
    /// The number of keys with which calls of the system are counted.
    keys_counted: u64,
}

impl Scenario {
    pub(super) fn new(work: &WorkArguments, growth: &GrowthArguments) -> Result<Self, Failure> {
        each_once(&work.writers, "the same number of writers is given twice")?;
        each_once(&work.keys, "the same number of keys is given twice")?;
        each_once(
            &work.processes,
            "the same number of processes is given twice",
        )?;
        let mut offered = Vec::new();
        let mut offer = |at| {
            // What several processes do is among the rest where there is one of them.
            if !offered.contains(&at) {
                offered.push(at);
            }
        };
        for &keys in &work.keys {
            for &writers in &work.writers {
                let (writers, keys) = (u64::from(writers), u64::from(keys));
                offer(Offered::Commits {
                    writers,
                    keys,
                    processes: 1,
                    updates: None,
                });
            }
        }
        for writers in WRITERS_OF_A_PROCESS {
            for &processes in work.processes.iter().filter(|count| **count > 0) {
                offer(Offered::Commits {
                    writers,
                    keys: KEYS_OF_A_PROCESS,
                    processes: u64::from(processes),
                    updates: None,
                });
            }
        }
        if growth.updates > 0 {
            offer(Offered::Commits {
                writers: WRITERS_GROWN,
                keys: KEYS_GROWN,
                processes: 1,
                updates: Some(u64::from(growth.updates)),
            });
        }
        if offered.len() > POINTS_MAX {
            return refuse("at most 256 numbers of writers, keys and processes can be measured");
        }
        Ok(Self {
            offered,
            time: work.time,
            growth_time: growth.updates_time,
            // Calls depend on the number of writers; one number of keys is as good as another.
            keys_counted: work
                .keys
                .get(work.keys.len() / 2)
                .copied()
                .map_or(0, u64::from),
        })
    }

    pub(super) fn offered(&self) -> &[Offered] {
        &self.offered
    }

    /// Returns how long writers begin commits.
    pub(super) fn time(&self, updates: Option<u64>) -> Duration {
        updates.map_or(self.time, |_| self.growth_time)
    }

    /// Returns whether calls of the system are counted here.
    pub(super) fn is_counted(&self, keys: u64, processes: u64, updates: Option<u64>) -> bool {
        keys == self.keys_counted && processes == 1 && updates.is_none()
    }

    /// Describes what is committed in one line, with everything that makes it what it is.
    pub(super) fn describe(&self) -> String {
        format!(
            "each writer one commit after the other, for {:?}",
            self.time
        )
    }
}

/// A report holds no more points than this.
const POINTS_MAX: usize = 256;

fn each_once(numbers: &[u32], twice: &str) -> Result<(), Failure> {
    let is_again = |(index, number): (usize, &u32)| numbers[..index].contains(number);
    match numbers.iter().enumerate().any(is_again) {
        true => refuse(twice),
        false => Ok(()),
    }
}

fn refuse<T>(why: &str) -> Result<T, Failure> {
    Err(Failure::Arguments(why.into()))
}
