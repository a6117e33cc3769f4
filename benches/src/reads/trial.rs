//! One run of one strategy: what it is given, and what is measured.
//!
//! A `session` is the callers at work, sent off by `arrivals` where they come in an open loop, and a
//! `recorder` what was seen of them. `executor` runs them in virtual time, and [`tasks`] is where a
//! strategy runs tasks of its own.

mod arrivals;
mod clock;
mod executor;
mod recorder;
mod session;
pub mod tasks;

use std::sync::Arc;
use std::time::Instant;

use forebay_core::Load;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::allocator::Memory;
use crate::harness::clock::Clock;
use crate::harness::processor;
use crate::reads::backend::{Backend, BackendError, CallTime, Source};
use crate::reads::plan::{Pace, Plan};
use crate::reads::row::Row;
use crate::reads::trial::clock::TrialClock;
use crate::reads::trial::executor::{Executor, VirtualRuntime};
use crate::reads::trial::recorder::{Recorder, Tally};
use crate::reads::trial::session::Session;
use crate::reads::trial::tasks::{Inner, Tasks};
use crate::report::model::{Cost, ReadsCounts, ReadsRound};

/// What strategies are built with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How many rows a cache may keep.
    pub capacity: usize,
    /// Whether the clock is virtual: whatever would depend on the machine's clock or its number of
    /// cores must then be fixed.
    pub repeatable: bool,
}

/// One run that is about to be made.
#[derive(Debug)]
pub struct Trial<'a> {
    plan: &'a Plan,
    backend: Backend,
    settings: Settings,
    runtime: &'a Handle,
    tasks: Tasks,
}

/// What a run found.
#[derive(Debug)]
pub struct Measured {
    pub(crate) round: ReadsRound,
    pub(crate) tally: Tally,
    /// How long the backend's calls took; none in virtual time.
    pub(crate) call_times: Vec<CallTime>,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        backend: Backend,
        settings: Settings,
        runtime: &'a Handle,
    ) -> Self {
        let tasks = match backend.source() {
            Source::Sqlite(_) | Source::Postgres(_) => Tasks::on_the_wall(runtime),
            Source::Model(model) => Tasks::in_virtual_time(model),
        };
        Self {
            plan,
            backend,
            settings,
            runtime,
            tasks,
        }
    }

    /// Returns what the strategy is to be built with.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Returns where the strategy is to run tasks of its own and take its time from.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    /// Builds a strategy over the backend, asks it for every load of the plan, and measures.
    ///
    /// Building is part of what is measured, as a cache that takes its memory at the start still
    /// takes it.
    pub fn measure<L, B>(&self, build: B) -> Measured
    where
        L: Load<u64, Value = Row, Error = BackendError> + Send + Sync + 'static,
        B: FnOnce(Backend) -> L,
    {
        // Made before memory is watched: what the harness takes is no cost of the strategy.
        let recorder = Recorder::new(self.runtime.metrics().num_workers());
        let memory = Memory::watch();
        let (wall, cpu) = (Instant::now(), processor::process_ns());
        let stage = build(self.backend.clone());
        let tally = match self.tasks.inner() {
            Inner::Wall(_) => self.run_wall(stage, recorder),
            Inner::Virtual(runtime) => self.run_virtual(stage, runtime, recorder),
        };
        let cost = Cost {
            wall_ns: u64::try_from(wall.elapsed().as_nanos()).unwrap_or(u64::MAX),
            cpu_ns: Some(processor::process_ns().saturating_sub(cpu)),
            allocations: memory.allocations(),
            peak_memory_bytes: memory.peak_bytes(),
        };
        self.measured(cost, tally)
    }

    fn run_wall<L>(&self, stage: L, recorder: Recorder) -> Tally
    where
        L: Load<u64, Value = Row, Error = BackendError> + Send + Sync + 'static,
    {
        let clock = Clock::start();
        let timed = TrialClock::Wall(clock);
        let session = Arc::new(Session::new(stage, self.plan.clone(), timed, recorder));
        match &self.plan.pace {
            Pace::Open { times_ns } => arrivals::send(&session, times_ns, clock, self.runtime),
            Pace::Closed { clients } => {
                self.join((0..*clients).map(|_| Arc::clone(&session).ask_on()));
            }
            Pace::Bursts { clients } => {
                self.join((0..*clients).map(|_| Arc::clone(&session).ask_together()));
            }
        }
        session.total()
    }

    /// Runs clients on the runtime until all have ended.
    fn join<F>(&self, clients: impl Iterator<Item = F>)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut running = JoinSet::new();
        for client in clients {
            running.spawn_on(client, self.runtime);
        }
        self.runtime.block_on(running.join_all());
    }

    fn run_virtual<L>(&self, stage: L, runtime: &VirtualRuntime, recorder: Recorder) -> Tally
    where
        L: Load<u64, Value = Row, Error = BackendError>,
    {
        let clock = TrialClock::Virtual(runtime.clone());
        let session = Arc::new(Session::new(stage, self.plan.clone(), clock, recorder));
        match &self.plan.pace {
            Pace::Open { times_ns } => {
                let arrivals = times_ns.iter().enumerate().map(|(index, &time_ns)| {
                    (time_ns, Arc::clone(&session).arrive(index, time_ns))
                });
                Executor::new(runtime).run_arrivals(arrivals);
            }
            Pace::Closed { clients } => {
                Executor::new(runtime).run((0..*clients).map(|_| Arc::clone(&session).ask_on()));
            }
            Pace::Bursts { clients } => {
                let clients = (0..*clients).map(|_| Arc::clone(&session).ask_together());
                Executor::new(runtime).run(clients);
            }
        }
        session.total()
    }

    fn measured(&self, cost: Cost, tally: Tally) -> Measured {
        let meter = self.backend.meter();
        let counts = ReadsCounts {
            loads: tally.loads(),
            backend_calls: meter.calls(),
            keys_asked: meter.keys_asked(),
            errors: tally.errors,
            overlapping_loads: meter.overlapping(),
            wrong_answers: tally.wrong_answers,
            ideal_calls: 0,
            predicted_calls: None,
        };
        Measured {
            round: ReadsRound {
                counts,
                timing: tally.timing(),
                cost,
            },
            tally,
            call_times: meter.call_times(),
        }
    }
}
