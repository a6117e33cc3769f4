//! Processes that do random things in random order, now and then in the middle of another's turn.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex};

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};

use crate::file::decide::{What, Wish};
use crate::file::job::Job;
use crate::file::model::processes::{PATH, Process, turn};
use crate::file::model::promise::Promise;
use crate::file::sim::{Fault, Without, World};

const TURNS: u64 = 14;

/// What goes wrong in a run, and what is left out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) power_losses: bool,
    pub(crate) kills: bool,
    pub(crate) errors: bool,
    pub(crate) mounted: bool,
    /// Whether some answers do not wait for a sync.
    pub(crate) weak: bool,
    pub(crate) without: &'static [Without],
    /// The one call that goes wrong, and how.
    pub(crate) only: Option<(u64, Fault)>,
}

pub(crate) struct Run {
    plan: Plan,
    pub(crate) world: Arc<World>,
    processes: Vec<Arc<Mutex<Process>>>,
    pub(crate) promise: Arc<Mutex<Promise>>,
}

impl Run {
    /// One to four processes, by the seed.
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        let world = World::new(seed + 1);
        if plan.mounted {
            prepare_mount(&world);
        }
        if let Some((call, fault)) = plan.only {
            world.fail(call, fault);
        }
        world.leave_out(plan.without);
        let count = 1 + seed % 4;
        Self {
            plan,
            processes: (0..count).map(|_| start(&world)).collect(),
            promise: Arc::default(),
            world,
        }
    }

    /// Returns how many calls were made.
    pub(crate) fn go(mut self) -> Result<u64, String> {
        for _ in 0..TURNS {
            if self.plan.only.is_none() {
                self.world.calm();
                self.plan_faults();
            }
            self.plan_meeting();
            let which = self.world.random(self.processes.len() as u64) as usize;
            let (jobs, sync) = (self.jobs(), self.sync());
            let process = Arc::clone(&self.processes[which]);
            turn(&self.world, &process, &self.promise, jobs, sync);
            drop(process);
            self.bury();
            self.promise.lock().unwrap().violation()?;
        }
        let calls = self.world.calls();
        self.world.calm();
        self.restart();
        for process in &self.processes {
            turn(&self.world, process, &self.promise, Vec::new(), true);
        }
        self.promise.lock().unwrap().violation()?;
        Ok(calls)
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
            (self.plan.errors, Fault::Short),
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
        let which = self.world.random(self.processes.len() as u64) as usize;
        let (jobs, sync) = (self.jobs(), self.sync());
        let process = Arc::clone(&self.processes[which]);
        let (world, promise) = (Arc::clone(&self.world), Arc::clone(&self.promise));
        let call = self.world.calls() + self.world.random(12);
        let hook = move || turn(&world, &process, &promise, jobs, sync);
        self.world.hook(call, Box::new(hook));
    }

    /// Puts new processes in the place of dead ones.
    fn bury(&mut self) {
        if self.world.has_lost_power() {
            return self.restart();
        }
        for process in &mut self.processes {
            let dead = process
                .try_lock()
                .is_ok_and(|it| self.world.is_dead(&it.io));
            if dead {
                *process = start(&self.world);
            }
        }
    }

    fn restart(&mut self) {
        self.world.restart();
        self.promise.lock().unwrap().lose_power();
        for process in &mut self.processes {
            *process = start(&self.world);
        }
    }

    fn sync(&self) -> bool {
        !self.plan.weak || self.world.random(4) == 0
    }

    fn jobs(&self) -> Vec<Job> {
        let claims = self.promise.lock().unwrap().claims().to_vec();
        let jobs = 0..self.world.random(4);
        jobs.map(|_| {
            let wishes = 0..=self.world.random(6) / 4;
            let wishes: Vec<_> = wishes.map(|_| self.wish(&claims)).collect();
            // An epoch that somebody is told is never to be given again, so it has to be durable.
            let told = wishes.iter().any(|wish| {
                matches!(wish.what, What::Claim)
                    || (matches!(wish.what, What::Reset(_)) && wish.claim.is_some())
            });
            let durable = told || !self.plan.weak || self.world.random(4) == 0;
            Job::new(wishes, durable)
        })
        .collect()
    }

    fn wish(&self, claims: &[(ResumeKey, u64)]) -> Wish {
        let random = |below| self.world.random(below);
        let mut key = ResumeKey::from_bytes([random(3) as u8; 32]);
        let mut claim = None;
        if !claims.is_empty() && random(3) == 0 {
            // The latest ones matter most.
            let back = random(claims.len().min(4) as u64) as usize;
            let (claimed, epoch) = claims[claims.len() - 1 - back];
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
            3 => What::Label((random(3) > 0).then(|| "label".into())),
            _ => What::Commit(checkpoint),
        };
        Wish { key, what, claim }
    }
}

fn start(world: &Arc<World>) -> Arc<Mutex<Process>> {
    Arc::new(Mutex::new(Process::start(world)))
}

/// A mount point is there before anybody comes.
fn prepare_mount(world: &Arc<World>) {
    use crate::file::io::Io;
    let io = world.process();
    drop(io.create(Path::new(PATH), 0o600).unwrap());
    io.sync_directory(Path::new(PATH)).unwrap();
    world.forbid_renames();
}
