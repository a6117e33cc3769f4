//! Processes that take turns, in random order and now and then in the middle of another's turn.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use forebay_core::{Checkpoint, Cursor, LogId, Outcome, ResumeKey, Sequence, StoreError};

use crate::error::CheckpointError;
use crate::file::decide::{Answer, What, Wish};
use crate::file::engine::{Engine, Entered, Job, Settings, read};
use crate::file::model::naive::Naive;
use crate::file::sim::{Fault, SimFile, SimIo, World};
use crate::file::table::Table;

const PATH: &str = "/store";
const PROCESSES: u64 = 3;
const TURNS: u64 = 14;

/// So short that files are replaced often.
const COMPACT_FROM: u64 = 400;

/// What goes wrong in a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) power_losses: bool,
    pub(crate) kills: bool,
    pub(crate) errors: bool,
    pub(crate) mounted: bool,
    pub(crate) lies: bool,
    /// The one call that goes wrong, and how.
    pub(crate) only: Option<(u64, Fault)>,
}

pub(crate) struct Run {
    plan: Plan,
    world: Arc<World>,
    processes: Vec<Arc<Mutex<Process>>>,
    model: Arc<Mutex<Model>>,
}

struct Process {
    io: Arc<SimIo>,
    engine: Engine<SimIo>,
    published: Arc<RwLock<Table>>,
    waits_for: Option<Arc<SimFile>>,
    epochs: Vec<(ResumeKey, u64)>,
}

/// The states that the store may be in, by what was told.
struct Model {
    states: Vec<Naive>,
    violation: Option<String>,
}

impl Run {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        let world = World::new(seed + 1);
        let mut run = Self {
            plan,
            processes: Vec::new(),
            model: Arc::new(Mutex::new(Model {
                states: vec![Naive::default()],
                violation: None,
            })),
            world,
        };
        if plan.mounted {
            run.prepare_mount();
        }
        if let Some((call, fault)) = plan.only {
            run.world.fail(call, fault);
        }
        if plan.lies {
            run.world.lie_about_syncs();
        }
        run.boot();
        run
    }

    /// A mount point is there before anybody comes.
    fn prepare_mount(&self) {
        use crate::file::io::Io;
        let io = self.world.process();
        drop(io.create(Path::new(PATH), 0o600).unwrap());
        io.sync_directory(Path::new(PATH)).unwrap();
        self.world.forbid_renames();
    }

    fn boot(&mut self) {
        let start = || Arc::new(Mutex::new(Process::start(&self.world)));
        self.processes = (0..PROCESSES).map(|_| start()).collect();
    }

    /// Returns how many calls were made.
    pub(crate) fn go(mut self) -> Result<u64, String> {
        for _ in 0..TURNS {
            if self.plan.only.is_none() {
                self.world.calm();
                self.plan_faults();
            }
            self.plan_meeting();
            let which = self.world.random(PROCESSES) as usize;
            let jobs = self.jobs(which);
            turn(&self.world, &self.processes[which], &self.model, jobs);
            self.bury();
            if let Some(violation) = self.model.lock().unwrap().violation.take() {
                return Err(violation);
            }
        }
        let calls = self.world.calls();
        self.world.calm();
        self.world.restart();
        self.boot();
        for process in &self.processes {
            turn(&self.world, process, &self.model, Vec::new());
        }
        let model = self.model.lock().unwrap();
        model.violation.clone().map_or(Ok(calls), Err)
    }

    /// At most one call fails for good in a turn: where two do, one after a sync that failed, there
    /// is nobody left to tell those who come next.
    fn plan_faults(&self) {
        let random = |below| self.world.random(below);
        let kinds = [ErrorKind::Other, ErrorKind::StorageFull];
        let kind = kinds[random(2) as usize];
        let interruption = Fault::Error(ErrorKind::Interrupted);
        let faults = [
            (self.plan.errors, Fault::Error(kind)),
            (self.plan.errors, Fault::Partial(kind)),
            (self.plan.errors, interruption),
            (self.plan.kills, Fault::Kill),
            (self.plan.power_losses, Fault::PowerLoss),
        ];
        let faults: Vec<_> = faults.iter().filter(|(planned, _)| *planned).collect();
        if faults.is_empty() || random(3) == 0 {
            return;
        }
        let (_, fault) = faults[random(faults.len() as u64) as usize];
        let calls = self.world.calls();
        self.world.fail(calls + random(24), *fault);
        if self.plan.errors {
            self.world.fail(calls + random(24), interruption);
        }
    }

    /// Has another process take its turn in the middle of the next one.
    fn plan_meeting(&self) {
        if self.world.random(3) != 0 {
            return;
        }
        let which = self.world.random(PROCESSES) as usize;
        let jobs = self.jobs(which);
        let process = Arc::clone(&self.processes[which]);
        let (world, model) = (Arc::clone(&self.world), Arc::clone(&self.model));
        let call = self.world.calls() + self.world.random(12);
        let hook = move || turn(&world, &process, &model, jobs);
        self.world.hook(call, Box::new(hook));
    }

    /// Puts new processes in the place of dead ones.
    fn bury(&mut self) {
        if self.world.has_lost_power() {
            self.world.restart();
            self.boot();
            return;
        }
        for process in &mut self.processes {
            let dead = process
                .try_lock()
                .is_ok_and(|it| self.world.is_dead(&it.io));
            if dead {
                *process = Arc::new(Mutex::new(Process::start(&self.world)));
            }
        }
    }

    fn jobs(&self, which: usize) -> Vec<Job> {
        let epochs = self.processes[which]
            .try_lock()
            .map(|process| process.epochs.clone())
            .unwrap_or_default();
        let jobs = 0..self.world.random(4);
        jobs.map(|_| {
            let wishes = 0..=self.world.random(6) / 4;
            Job::new(wishes.map(|_| self.wish(&epochs)).collect(), true)
        })
        .collect()
    }

    fn wish(&self, epochs: &[(ResumeKey, u64)]) -> Wish {
        let random = |below| self.world.random(below);
        let mut key = ResumeKey::from_bytes([random(3) as u8; 32]);
        let mut claim = None;
        if !epochs.is_empty() && random(3) == 0 {
            let (claimed, epoch) = epochs[random(epochs.len() as u64) as usize];
            (key, claim) = (claimed, Some(epoch));
        }
        let log = LogId::new(u64::from(random(12) == 0));
        let mut checkpoint = Checkpoint::new(Cursor::new(log, Sequence::new(random(40))));
        if random(3) == 0 {
            checkpoint = checkpoint.with_event_id("e".repeat(random(600) as usize));
        }
        let what = match random(12) {
            0 => What::Remove,
            1 => What::Reset(checkpoint),
            2 => What::Claim,
            3 => What::Label(Some("label".into())),
            _ => What::Commit(checkpoint),
        };
        Wish { key, what, claim }
    }
}

impl Process {
    fn start(world: &Arc<World>) -> Self {
        let io = world.process();
        let published = Arc::new(RwLock::new(Table::default()));
        let settings = Settings {
            compact_from: COMPACT_FROM,
            ahead_bytes: 1 << 10,
            ..Settings::default()
        };
        let engine = Engine::new(
            Arc::clone(&io),
            Arc::from(Path::new(PATH)),
            settings,
            Arc::clone(&published),
            Arc::default(),
        );
        Self {
            io,
            engine,
            published,
            waits_for: None,
            epochs: Vec::new(),
        }
    }

    /// Tries to get in; one that had to wait goes on with the file it waited for.
    fn enter(&mut self, create: bool) -> Result<bool, CheckpointError> {
        use crate::file::io::Io;
        if let Some(file) = self.waits_for.take() {
            match self.io.try_lock(&file) {
                Ok(true) => {
                    if self.engine.confirm()? {
                        return Ok(true);
                    }
                }
                _ => {
                    self.waits_for = Some(file);
                    return Ok(false);
                }
            }
        }
        match self.engine.enter(create)? {
            Entered::Locked => Ok(true),
            Entered::Busy(file) => {
                self.waits_for = Some(file);
                Ok(false)
            }
            Entered::Nothing => Ok(false),
        }
    }

    fn values(&self) -> BTreeMap<ResumeKey, Checkpoint> {
        let table = read(&self.published);
        let values = table.iter();
        values
            .filter_map(|(key, known)| Some((*key, known.state.value.clone()?)))
            .collect()
    }
}

/// One process does its jobs, if it gets in.
fn turn(world: &World, process: &Mutex<Process>, model: &Mutex<Model>, mut jobs: Vec<Job>) {
    // A process is never in the middle of two turns.
    let Ok(mut process) = process.try_lock() else {
        return;
    };
    match process.enter(!jobs.is_empty()) {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            let sure = error.outcome() == Outcome::NotCommitted || world.is_dead(&process.io);
            model
                .lock()
                .unwrap()
                .expect(sure, "outcome of entering is not sure");
            return;
        }
    }
    let worked = process.engine.work(&mut jobs, true);
    let mut model = model.lock().unwrap();
    if world.is_dead(&process.io) {
        for job in &mut jobs {
            job.result = None;
        }
        model.take(&jobs);
        return;
    }
    model.take(&jobs);
    if worked.is_ok() {
        model.observe(&process.values());
        for (wish, answer) in jobs.iter().flat_map(answers) {
            match answer {
                Answer::Claimed { epoch, .. } => process.epochs.push((wish.key, *epoch)),
                Answer::Reset { epoch } if wish.claim.is_some() => {
                    process.epochs.push((wish.key, *epoch));
                }
                _ => {}
            }
        }
    }
    drop(model);
    if process.engine.needs_tending() {
        process.engine.tend();
    }
    process.engine.leave();
}

fn answers(job: &Job) -> Vec<(&Wish, &Answer)> {
    let Some(Ok(answers)) = &job.result else {
        return Vec::new();
    };
    job.wishes.iter().zip(answers).collect()
}

impl Model {
    fn expect(&mut self, holds: bool, what: &str) {
        if !holds && self.violation.is_none() {
            self.violation = Some(what.to_owned());
        }
    }

    fn take(&mut self, jobs: &[Job]) {
        let before = self.states.clone();
        self.states = before.iter().flat_map(|state| state.after(jobs)).collect();
        self.states.dedup();
        let holds = !self.states.is_empty();
        self.expect(holds, &format!("{jobs:?} in {before:?}"));
    }

    fn observe(&mut self, values: &BTreeMap<ResumeKey, Checkpoint>) {
        let before = self.states.clone();
        self.states.retain(|state| state.values() == *values);
        let holds = !self.states.is_empty();
        self.expect(holds, &format!("{values:?} is none of {before:?}"));
    }
}
