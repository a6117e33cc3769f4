//! A place where processes do what a script says.

use std::path::Path;
use std::sync::{Arc, Mutex};

use forebay_core::{Checkpoint, Commit, Cursor, LogId, ResumeKey, Sequence};

use crate::file::counters::Counters;
use crate::file::decide::{Answer, What, Wish};
use crate::file::engine::Settings;
use crate::file::io::Io;
use crate::file::job::Job;
use crate::file::model::processes::{PATH, Process};
use crate::file::model::promise::Promise;
use crate::file::sim::{Fault, Files, World};

pub(crate) struct Stage {
    pub(crate) world: Arc<World>,
    pub(crate) promise: Arc<Mutex<Promise>>,
    processes: Vec<Process>,
    settings: Settings,
    /// Which calls after the preparations fail.
    faults: Vec<(u64, Fault)>,
    prepared_calls: u64,
}

pub(crate) fn key(number: u8) -> ResumeKey {
    ResumeKey::from_bytes([number; 32])
}

pub(crate) fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(0), Sequence::new(sequence)))
}

pub(crate) fn wish(number: u8, what: What) -> Wish {
    let key = key(number);
    let claim = None;
    Wish { key, what, claim }
}

pub(crate) fn commit(number: u8, sequence: u64) -> Wish {
    wish(number, What::Commit(at(sequence)))
}

/// A commit that takes more than a sector.
pub(crate) fn long_commit(number: u8, sequence: u64) -> Wish {
    let text = "e".repeat(600);
    wish(number, What::Commit(at(sequence).with_event_id(text)))
}

impl Stage {
    pub(crate) fn new(faults: &[(u64, Fault)]) -> Self {
        let settings = Settings {
            compact_from: 400,
            ahead_bytes: 1 << 10,
            ..Settings::default()
        };
        Self {
            world: World::new(1),
            promise: Arc::default(),
            processes: Vec::new(),
            settings,
            faults: faults.to_vec(),
            prepared_calls: 0,
        }
    }

    pub(crate) fn set(&mut self, settings: impl FnOnce(&mut Settings)) {
        settings(&mut self.settings);
    }

    /// Starts the machine with these files; what `keys` say is in them.
    pub(crate) fn put(&mut self, files: &[(&Path, &[u8])], keys: &[(u8, u64)]) {
        self.processes.clear();
        self.world = World::with(Files::durable(files), 1);
        self.promise = Arc::default();
        for (number, sequence) in keys {
            let mut job = Job::new(vec![commit(*number, *sequence)], true);
            let previous = None;
            job.result = Some(Ok(vec![Answer::Commit(Commit::Advanced { previous })]));
            self.promise.lock().unwrap().end(0, &[job], true);
        }
    }

    /// Has the path be one that cannot be renamed over.
    pub(crate) fn mount(&self) {
        let io = self.world.process();
        drop(io.create(Path::new(PATH), 0o600).unwrap());
        io.sync_directory(Path::new(PATH)).unwrap();
        self.world.forbid_renames();
    }

    /// From here on calls fail.
    pub(crate) fn prepared(&mut self) {
        self.prepared_calls = self.world.calls();
        for (call, fault) in &self.faults {
            self.world.fail(self.prepared_calls + call, *fault);
        }
    }

    /// How many calls were made since.
    pub(crate) fn calls(&self) -> u64 {
        self.world.calls() - self.prepared_calls
    }

    /// Has one process, which is started if there is none, do `jobs` at once.
    pub(crate) fn turn(&mut self, which: usize, jobs: Vec<Job>, sync: bool) {
        while self.processes.len() <= which {
            let process = Process::start_with(&self.world, self.settings.clone());
            self.processes.push(process);
        }
        let out = self.processes[which].turn(&self.world, &self.promise, jobs, sync);
        // Whoever cannot give the lock back keeps it until the next time.
        let excused = self.world.failed() > 0;
        let mut promise = self.promise.lock().unwrap();
        promise.expect(!out || excused, || "somebody kept the lock".to_owned());
    }

    /// Whether a process that only looks at the end of the file, as it knows it, sees something new.
    pub(crate) fn sees_something(&self, which: usize) -> bool {
        let process = &self.processes[which];
        let (file, tail, _) = process.engine.tail().unwrap();
        let mut head = [0; 8];
        let read = process.io.read_at(&file, &mut head, tail).unwrap();
        head[..read].iter().any(|byte| *byte != 0)
    }

    /// Has a process do `wishes` one after the other, durably.
    pub(crate) fn work(&mut self, which: usize, wishes: Vec<Wish>) {
        for wish in wishes {
            self.turn(which, vec![Job::new(vec![wish], true)], true);
        }
    }

    /// Has a process close the file and end.
    pub(crate) fn close(&mut self, which: usize) {
        self.turn(which, Vec::new(), true);
        self.processes.remove(which);
    }

    /// Lets a process die at its call with this number from here.
    pub(crate) fn kill(&mut self, which: usize, call: u64, wish: Wish) {
        self.world.fail(self.world.calls() + call, Fault::Kill);
        self.work(which, vec![wish]);
        self.world.calm();
        self.processes.remove(which);
    }

    /// The claim on this key that was told last.
    pub(crate) fn claim(&self, number: u8) -> Option<u64> {
        let promise = self.promise.lock().unwrap();
        let mut claims = promise.claims().iter().rev();
        claims
            .find(|(claimed, _)| *claimed == key(number))
            .map(|(_, epoch)| *epoch)
    }

    /// What the processes have counted that are alive.
    pub(crate) fn sum(&self, of: fn(&Counters) -> u64) -> u64 {
        let counters = self.processes.iter().map(|one| one.engine.counters());
        counters.map(of).sum()
    }

    pub(crate) fn violation(&self) -> Result<(), String> {
        self.promise.lock().unwrap().violation()
    }

    /// Nothing fails any more: all processes work, and so does one that comes anew, whose files
    /// these are.
    pub(crate) fn recover(&mut self) -> Result<(), String> {
        self.world.calm();
        for which in 0..self.processes.len() {
            self.turn(which, vec![Job::new(vec![commit(7, 1)], true)], true);
            self.violation()?;
        }
        let next = self.processes.len();
        self.turn(next, Vec::new(), true);
        self.violation()
    }

    /// The same machine after a crash that left `files`: what is found, and what can be done.
    pub(crate) fn restarted(&self, files: Files) -> Result<(), String> {
        let mut promise = self.promise.lock().unwrap().clone();
        promise.lose_power();
        let mut again = Self {
            world: World::with(files, 2),
            promise: Arc::new(Mutex::new(promise)),
            processes: Vec::new(),
            settings: self.settings.clone(),
            faults: Vec::new(),
            prepared_calls: 0,
        };
        again.turn(0, Vec::new(), true);
        again.work(0, vec![commit(7, 2), commit(0, 99)]);
        again.turn(1, Vec::new(), true);
        again.violation()
    }
}
