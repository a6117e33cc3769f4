//! Every crash of a run: what the medium may hold then, and what whoever comes next makes of it.
//!
//! * Before every call of every process, the machine stops: any version of each sector, any length,
//!   any of the names that were not synced is what is left. Or only the processes stop, and what they
//!   wrote is read by others without being durable.
//! * Whoever comes next finds all that was acknowledged, and nothing that was not asked for; goes on
//!   with it, asks again for what was not answered, and is fenced where it should be.
//! * It is stopped as well, in the middle of that.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};

use crate::file::decide::{What, Wish};
use crate::file::engine::Settings;
use crate::file::format::block::Block;
use crate::file::format::header::{HEADER_BYTES, Header};
use crate::file::format::replay::{End, load};
use crate::file::job::Job;
use crate::file::model::processes::{PATH, Process};
use crate::file::model::promise::Promise;
use crate::file::model::run::{Plan, Run};
use crate::file::sim::{Choices, Dice, Fault, Files, Without, World};

/// How closely crashes are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    /// So many states of one moment, if it has more.
    pub(crate) states: u64,
    /// Of so many recoveries one is stopped again at each of its calls.
    pub(crate) one_stops_again: u64,
    /// So many states of one moment then.
    pub(crate) states_again: u64,
}

impl Default for Depth {
    fn default() -> Self {
        Self {
            states: 24,
            one_stops_again: 12,
            states_again: 2,
        }
    }
}

/// How many different states were looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    /// After the machine stopped.
    pub(crate) power: u64,
    /// After all processes stopped.
    pub(crate) kill: u64,
    /// After the machine stopped while it was recovered from another stop; counted above as well.
    pub(crate) twice: u64,
    /// Whole blocks of nobody behind the tail, which were not taken for damage.
    pub(crate) spared: u64,
}

impl Count {
    pub(crate) const fn states(&self) -> u64 {
        self.power + self.kill
    }
}

/// What there was before one call.
struct Moment {
    call: u64,
    files: Files,
    promise: Promise,
}

#[derive(Default)]
struct Moments {
    seen: (u64, u64),
    all: Vec<Moment>,
}

#[derive(Default)]
pub(crate) struct Crashes {
    seen: HashSet<(u64, u64)>,
    without: &'static [Without],
    depth: Depth,
    pub(crate) count: Count,
}

impl Crashes {
    pub(crate) fn new(depth: Depth, without: &'static [Without]) -> Self {
        Self {
            depth,
            without,
            ..Self::default()
        }
    }

    /// Looks at all crashes of the run with this seed.
    pub(crate) fn explore(&mut self, seed: u64, plan: Plan) -> Result<(), String> {
        let plan = Plan {
            without: self.without,
            ..plan
        };
        let run = Run::new(seed, plan);
        let moments = record(&run.world, &run.promise);
        let world = Arc::clone(&run.world);
        run.go()?;
        world.hide();
        self.stop_at(&moments, 0)
    }

    /// Looks at what happens if a process dies at its call number `call`, another goes on, and
    /// everything stops in the middle of that; both write more than one sector, some of which are
    /// the same where the two texts are.
    pub(crate) fn explore_inheritance(
        &mut self,
        call: u64,
        texts: [&str; 2],
    ) -> Result<(), String> {
        let world = World::new(call);
        world.leave_out(self.without);
        let promise = Arc::default();
        let jobs = |sequence, text: &str| {
            let what = What::Commit(at(sequence).with_event_id(text.repeat(700)));
            let key = ResumeKey::from_bytes([1; 32]);
            let claim = None;
            vec![Job::new(vec![Wish { key, what, claim }], true)]
        };
        // So that there is little else to choose.
        let settings = Settings {
            ahead_bytes: 0,
            ..Settings::default()
        };
        let mut processes = [(); 3].map(|()| Process::start_with(&world, settings.clone()));
        let [first, second, third] = &mut processes;
        first.turn(&world, &promise, jobs(1, ""), true);
        world.fail(world.calls() + call, Fault::Kill);
        second.turn(&world, &promise, jobs(2, texts[0]), true);
        world.calm();
        let moments = record(&world, &promise);
        third.turn(&world, &promise, jobs(3, texts[1]), true);
        world.hide();
        promise.lock().unwrap().violation()?;
        self.stop_at(&moments, 0)
    }

    fn stop_at(&mut self, moments: &Mutex<Moments>, depth: u32) -> Result<(), String> {
        let moments = std::mem::take(&mut moments.lock().unwrap().all);
        for moment in moments {
            self.stop(&moment, depth)
                .map_err(|found| format!("stopped before call {}: {found}", moment.call))?;
        }
        Ok(())
    }

    /// Stops everything at one moment, in many ways.
    fn stop(&mut self, moment: &Moment, depth: u32) -> Result<(), String> {
        let killed = moment.promise.stopped();
        let mut files = moment.files.clone();
        files.drop_nameless();
        let mut lost = killed.clone();
        lost.lose_power();
        let lost_fingerprint = lost.fingerprint();
        let most = if depth == 0 {
            self.depth.states
        } else {
            self.depth.states_again
        };
        let seed = files.fingerprint() ^ lost_fingerprint;
        for left in outcomes(&files, most, seed) {
            let fingerprint = left.fingerprint();
            if self.seen.insert((fingerprint, lost_fingerprint)) {
                self.count.power += 1;
                self.count.twice += u64::from(depth > 0);
                self.count.spared += u64::from(spares(&left));
                self.recover(left, &lost, fingerprint, depth)?;
            }
        }
        // Where a sync has failed, and whoever knows of it stops before making up for it, nobody can
        // know of it any more.
        if depth > 0 || files.are_doubtful() {
            return Ok(());
        }
        let fingerprint = files.fingerprint();
        if self.seen.insert((fingerprint, killed.fingerprint())) {
            self.count.kill += 1;
            self.recover(files, &killed, fingerprint, depth)?;
        }
        Ok(())
    }

    /// Two processes go on from what a crash has left.
    fn recover(
        &mut self,
        files: Files,
        promise: &Promise,
        seed: u64,
        depth: u32,
    ) -> Result<(), String> {
        let world = World::with(files, seed);
        world.leave_out(self.without);
        let promise = Arc::new(Mutex::new(promise.clone()));
        let stops_again = depth == 0 && seed.is_multiple_of(self.depth.one_stops_again);
        let moments = stops_again.then(|| record(&world, &promise));
        let (lost, claims) = {
            let promise = promise.lock().unwrap();
            (promise.lost().to_vec(), promise.claims().to_vec())
        };
        // What was not answered is asked for again, by whoever did so.
        let late = lost.len().saturating_sub(2);
        let again = lost.into_iter().skip(late);
        let again = again.map(|wishes| vec![Job::new(wishes, true)]);
        let more = [Vec::new(), demands(&claims), Vec::new()];
        let mut processes = [Process::start(&world), Process::start(&world)];
        for jobs in [Vec::new()].into_iter().chain(again).chain(more) {
            processes.rotate_left(1);
            processes[0].turn(&world, &promise, jobs, true);
            promise.lock().unwrap().violation()?;
        }
        world.hide();
        let Some(moments) = moments else {
            return Ok(());
        };
        self.stop_at(&moments, depth + 1)
            .map_err(|found| format!("then {found}"))
    }
}

/// Notes what there is before every call that may find something new.
fn record(world: &World, promise: &Arc<Mutex<Promise>>) -> Arc<Mutex<Moments>> {
    let moments = Arc::new(Mutex::new(Moments::default()));
    let (noted, promise) = (Arc::clone(&moments), Arc::clone(promise));
    world.show(Arc::new(move |world: &World| {
        let promise = promise.lock().unwrap();
        let mut moments = noted.lock().unwrap();
        let seen = (world.changes(), promise.told());
        if moments.seen != seen {
            moments.seen = seen;
            moments.all.push(Moment {
                call: world.calls(),
                files: world.files(),
                promise: promise.clone(),
            });
        }
    }));
    moments
}

/// Returns what a crash may leave: all of it, or so much as was asked for, drawn at random.
pub(crate) fn outcomes(files: &Files, most: u64, seed: u64) -> Vec<Files> {
    let mut found = Vec::new();
    let mut add = |below: &mut dyn FnMut(u64) -> u64| {
        let mut left = files.clone();
        left.lose_power(below);
        found.push(left);
    };
    if files.outcomes() <= most {
        let mut choices = Choices::default();
        loop {
            add(&mut |below| choices.below(below));
            if !choices.advance() {
                break;
            }
        }
    } else {
        // Nothing of it, all of it, and what lies between.
        let mut dice = Dice::new(seed);
        add(&mut |_| 0);
        add(&mut |below| below - 1);
        for _ in 2..most {
            add(&mut |below| dice.below(below));
        }
    }
    found
}

/// Every claim commits once more, and every key is claimed anew.
fn demands(claims: &[(ResumeKey, u64)]) -> Vec<Job> {
    let job = |key, what, claim| Job::new(vec![Wish { key, what, claim }], true);
    let old = claims.iter().rev().take(4);
    let old = old.map(|(key, epoch)| job(*key, What::Commit(at(50)), Some(*epoch)));
    let key = |number| ResumeKey::from_bytes([number; 32]);
    let new = (0..3).map(|number| job(key(number), What::Claim, None));
    let more = (0..3).map(|number| job(key(number), What::Commit(at(60)), None));
    old.chain(new).chain(more).collect()
}

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(0), Sequence::new(sequence)))
}

/// Whether a block stands behind the tail that is whole, and was never acknowledged.
fn spares(files: &Files) -> bool {
    let bytes = files.read(Path::new(PATH)).unwrap_or_default();
    let Ok((header, seed)) = Header::decode(bytes) else {
        return false;
    };
    let (_, place, end) = load(&header, seed, bytes);
    let behind = bytes.get(place.tail as usize..).unwrap_or_default();
    let mut places = (0..behind.len()).step_by(8);
    bytes.len() > HEADER_BYTES
        && end == End::Torn
        && places.any(|at| Block::whole(&behind[at..], seed).is_some())
}
