use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::checkpoints::keeper::Keeper;
use crate::checkpoints::scenario::Scenario;
use crate::checkpoints::shift::inspection::{Expected, FIRST};
use crate::checkpoints::shift::{Done, Duty};
use crate::checkpoints::trace;
use crate::checkpoints::writer::Writer;
use crate::checkpoints::yardstick::{self, Yardstick};
use crate::cli::CheckpointsArguments;
use crate::failure::Failure;
use crate::harness::latencies::Latencies;
use crate::harness::rounds::{Outcome, Rounds, Turns};
use crate::report::model::{
    Calls, CheckpointsCounts, CheckpointsFigures, CheckpointsRound, Offered, ProcessShare,
};

/// Runs every strategy at every point, again and again.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    arguments: &'a CheckpointsArguments,
    scenario: &'a Scenario,
    /// Whether calls of the system are counted.
    pub(super) traced: bool,
    strategies: Vec<Keeper>,
    folder: TempDir,
    yardstick: RefCell<Yardstick>,
    /// The first position that was not asked for yet, of each store by its folder.
    reached: RefCell<HashMap<PathBuf, u64>>,
}

/// What is offered, taken apart.
#[derive(Clone, Copy)]
struct Work {
    writers: u64,
    keys: u64,
    processes: u64,
    updates: Option<u64>,
}

impl<'a> Engine<'a> {
    /// Makes a folder to measure in, and looks what may be used.
    pub(super) fn new(
        arguments: &'a CheckpointsArguments,
        scenario: &'a Scenario,
    ) -> Result<Self, Failure> {
        let place = &arguments.place;
        let parent = place.folder.clone().unwrap_or_else(std::env::temp_dir);
        let failed = |source| Failure::Folder {
            folder: parent.clone(),
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix("forebay-bench-")
            .tempdir_in(&parent);
        let folder = folder.map_err(failed)?;
        Ok(Self {
            arguments,
            scenario,
            traced: !place.no_trace && trace::is_allowed(),
            strategies: arguments.contest.chosen(),
            yardstick: RefCell::new(Yardstick::new(folder.path()).map_err(failed)?),
            folder,
            reached: RefCell::default(),
        })
    }

    /// Returns whether what is measured is no disk.
    pub(super) fn is_in_memory(&self) -> bool {
        yardstick::is_in_memory(self.folder.path())
    }

    /// Returns the strategies that were asked for, each once.
    pub(super) fn strategies(&self) -> &[Keeper] {
        &self.strategies
    }

    /// Measures everything, or as much as there was time for before an interrupt.
    pub(super) fn measure(&self) -> Result<Outcome<CheckpointsRound>, Failure> {
        let rounds = Rounds {
            offered: self.scenario.offered(),
            strategies: &self.strategies,
            repeat: self.arguments.contest.repeat,
            quiet: self.arguments.output.quiet,
        };
        rounds.measure(|turns| self.round(turns))
    }

    fn round(
        &self,
        turns: &mut Turns<'_, Keeper>,
    ) -> Result<Vec<Option<CheckpointsRound>>, Failure> {
        let Offered::Commits {
            writers,
            keys,
            processes,
            updates,
        } = turns.offered
        else {
            return Ok(Vec::new());
        };
        let work = Work {
            writers,
            keys,
            processes,
            updates,
        };
        let is_first = turns.number == 0;
        let measured = turns.take(
            |keeper| RefCell::new(Some(self.run(keeper, work, is_first))),
            // What went wrong is said by the strategy whose turn it was.
            |_, found| match found.take() {
                Some(Ok(round)) => {
                    found.replace(Some(Ok(round)));
                    Ok(())
                }
                Some(Err(failure)) => Err(failure),
                None => Ok(()),
            },
        )?;
        let rounds = measured.into_iter();
        let rounds = rounds.map(|found| found.and_then(|found| found.into_inner()?.ok()));
        Ok(rounds.collect())
    }

    /// Lets one strategy do its work, with the yardstick right before and right after.
    fn run(&self, keeper: Keeper, work: Work, is_first: bool) -> Result<CheckpointsRound, Failure> {
        let path = self.store(keeper, work)?;
        let yardstick_before = self.yardstick()?;
        let done = self.work(keeper, work, &path, None)?;
        let yardstick_after = self.yardstick()?;
        let mut round = self.inspect(keeper, work, &path, &done)?;
        round.figures.yardstick_before = yardstick_before;
        round.figures.yardstick_after = yardstick_after;
        let (keys, processes, updates) = (work.keys, work.processes, work.updates);
        let is_counted = is_first && self.scenario.is_counted(keys, processes, updates);
        if self.traced && is_counted {
            round.counts.calls = Some(self.count(keeper, work, &path)?);
        }
        Ok(round)
    }

    /// Returns the store that a strategy works on, with all its keys; one for all rounds, but a new
    /// one each time where it is to grow.
    fn store(&self, keeper: Keeper, work: Work) -> Result<PathBuf, Failure> {
        let keys = work.keys * work.processes;
        let grows = if work.updates.is_some() { "-grown" } else { "" };
        let folder = self
            .folder
            .path()
            .join(format!("{}-{keys}{grows}", keeper.name));
        let path = folder.join("store");
        let mut reached = self.reached.borrow_mut();
        if work.updates.is_some() && reached.remove(&path).is_some() {
            fs::remove_dir_all(&folder).map_err(|source| self.failed(source))?;
        }
        if !reached.contains_key(&path) {
            fs::create_dir_all(&folder).map_err(|source| self.failed(source))?;
            (keeper.fill)(&path, keys).map_err(|source| failed(keeper, source))?;
            reached.insert(path.clone(), FIRST + 1);
        }
        Ok(path)
    }

    /// Starts the processes, lets them begin together, and waits for all.
    fn work(
        &self,
        keeper: Keeper,
        work: Work,
        path: &Path,
        trace: Option<&Path>,
    ) -> Result<Vec<Done>, Failure> {
        let from = self
            .reached
            .borrow()
            .get(path)
            .copied()
            .unwrap_or(FIRST + 1);
        let prefix = trace.map(trace::prefix).unwrap_or_default();
        let duty = Duty {
            strategy: keeper.name.to_owned(),
            path: path.to_owned(),
            writers: work.writers,
            first_key: 0,
            keys: work.keys,
            from,
            time: self.scenario.time(work.updates),
            commits: work.updates,
        };
        let writers = (0..work.processes).map(|number| Writer::start(&duty.of(number), &prefix));
        let mut writers: Vec<Writer> = writers.collect::<Result<_, _>>()?;
        for writer in &mut writers {
            writer.begin()?;
        }
        let done: Vec<Done> = writers
            .into_iter()
            .map(Writer::end)
            .collect::<Result<_, _>>()?;
        let asked = done.iter().map(|done| done.asked).max().unwrap_or(from);
        self.reached.borrow_mut().insert(path.to_owned(), asked + 1);
        Ok(done)
    }

    /// Looks at what is there, by opening the store anew in another process than those that wrote.
    fn inspect(
        &self,
        keeper: Keeper,
        work: Work,
        path: &Path,
        done: &[Done],
    ) -> Result<CheckpointsRound, Failure> {
        let expected = Expected::of(work.keys * work.processes, done);
        let found = (keeper.inspect)(path, &expected).map_err(|source| failed(keeper, source))?;
        let each: Vec<Latencies> = done.iter().map(latencies).collect();
        let mut all = Latencies::default();
        for latencies in &each {
            all.add(latencies);
        }
        let processes = each.iter().map(|latencies| ProcessShare {
            commits: latencies.count(),
            p50_ns: latencies.timing().p50_ns,
            p99_ns: latencies.timing().p99_ns,
        });
        let sum = |of: fn(&Done) -> Option<u64>| done.iter().map(of).sum::<Option<u64>>();
        Ok(CheckpointsRound {
            counts: CheckpointsCounts {
                durable: keeper.durable,
                commits: all.count(),
                batches: sum(|done| done.batches),
                syncs: sum(|done| done.syncs),
                calls: None,
            },
            figures: CheckpointsFigures {
                commit: all.timing(),
                processes: processes.collect(),
                open_ns: found.open_ns,
                load_ns: found.load_ns,
                fresh_ns: found.fresh_ns,
                cpu_ns: sum(|done| Some(done.cpu_ns)),
                file_bytes: done.iter().map(|done| done.file_bytes).max().unwrap_or(0),
                extra_files: done.iter().map(|done| done.extra_files).max().unwrap_or(0),
                ..CheckpointsFigures::default()
            },
        })
    }

    /// Lets one process do the work once more, and counts what it asks of the system.
    fn count(&self, keeper: Keeper, work: Work, path: &Path) -> Result<Calls, Failure> {
        let trace = self.folder.path().join("trace");
        let done = self.work(keeper, work, path, Some(&trace))?;
        let lines = fs::read(&trace).map_err(|source| self.failed(source))?;
        let folder = path.parent().unwrap_or(path).display().to_string();
        let calls = trace::count(&String::from_utf8_lossy(&lines), &folder);
        let commits = done.iter().map(|done| latencies(done).count()).sum();
        Ok(Calls { commits, ..calls })
    }

    fn yardstick(&self) -> Result<f64, Failure> {
        let measured = self
            .yardstick
            .borrow_mut()
            .measure(self.arguments.place.yardstick);
        measured.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> Failure {
        Failure::Folder {
            folder: self.folder.path().to_owned(),
            source,
        }
    }
}

fn latencies(done: &Done) -> Latencies {
    let mut latencies = Latencies::default();
    for &(ns, count) in &done.latencies {
        latencies.record_many(ns, count);
    }
    latencies.end_at(done.end_ns);
    latencies
}

fn failed(keeper: Keeper, source: crate::checkpoints::store::Fault) -> Failure {
    Failure::Store {
        strategy: keeper.name,
        source,
    }
}
