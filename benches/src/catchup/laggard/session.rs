use std::time::Instant;

use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, LogEntry, Membership, MemorySpool, ResumeState, Session, SessionConfig, SessionOutput,
    Trust,
};

use crate::catchup::fault::Fault;
use crate::catchup::laggard::Equipment;
use crate::catchup::laggard::fetch::{Fetch, Step};
use crate::catchup::log::{Entry, TERM};
use crate::catchup::packet::{LAGGARD, LEADER, Name, Packet};
use crate::catchup::peer::WORK_ITEMS_MAX;
use crate::catchup::reader::Run;
use crate::catchup::state::{Kept, State};
use crate::catchup::way::Interruption;

type Machine = Session<Kept, Name, Entry>;

/// A snapshot, in verified pieces from all peers that have it.
pub(super) struct Fetching {
    /// There always is one but for a moment in which one takes the place of another.
    session: Option<Machine>,
    /// What is to come yet.
    interruption: Option<Interruption>,
    equipment: Equipment,
    installed: State,
    steps: Vec<Step>,
}

impl Fetching {
    pub(super) fn new(
        now: Instant,
        interruption: Option<Interruption>,
        equipment: &Equipment,
    ) -> Self {
        let nothing = (MemorySpool::new(), ResumeState::default());
        Self {
            session: Some(begin(now, equipment, equipment.seed, nothing)),
            interruption,
            equipment: equipment.clone(),
            installed: State::new(),
            steps: Vec::new(),
        }
    }

    /// Ends the session where it is to be interrupted, and starts the next one.
    fn interrupt(&mut self, now: Instant) {
        let progress = self.session.as_ref().map(Machine::progress);
        let share = progress.and_then(|progress| {
            let total = progress.bytes_total.filter(|total| *total > 0)?;
            Some(progress.bytes as f64 / total as f64)
        });
        if share.is_none_or(|share| share < self.equipment.interrupt_at) {
            return;
        }
        let (Some(interruption), Some(session)) = (self.interruption.take(), self.session.take())
        else {
            return;
        };
        let known = match interruption {
            Interruption::KeepsChunks => {
                let state = session.resume_state();
                (session.into_spool(), state)
            }
            Interruption::KeepsNothing => (MemorySpool::new(), ResumeState::default()),
        };
        let from = known.1.anchor().map(|anchor| anchor.sequence().get() + 1);
        self.steps.push(Step::Restarted { from });
        // Late answers to the first session must not look like answers to this one.
        let seed = self.equipment.seed.wrapping_add(1 << 32);
        self.session = Some(begin(now, &self.equipment, seed, known));
    }

    fn collect(&mut self, now: Instant) -> Result<(), Fault> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        while let Some(output) = session.poll_output() {
            match output {
                SessionOutput::Send { to, message } => {
                    self.steps.push(Step::Send(to, Packet::Snapshot(message)));
                }
                SessionOutput::Install { state, .. } => {
                    self.installed = state.into_inner();
                    session.handle_installed(now);
                }
                SessionOutput::Done { anchor, replay } => {
                    self.steps.push(Step::Arrived {
                        sequence: anchor.sequence().get(),
                        state: std::mem::take(&mut self.installed),
                        replay: run(replay).into_iter().collect(),
                    });
                }
                SessionOutput::Failed(error) => return Err(Fault::Session(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Fetch for Fetching {
    fn handle(&mut self, now: Instant, from: Name, packet: Packet) -> Result<(), Fault> {
        if let (Packet::Snapshot(message), Some(session)) = (packet, &mut self.session) {
            // It refuses what is for a provider, which nobody sends to a laggard.
            let _ = session.handle_message(now, from, message);
        }
        self.collect(now)
    }

    fn entries(&mut self, now: Instant, from: u64, entries: Vec<Entry>) {
        if let Some(session) = &mut self.session {
            let entries = entries.into_iter().map(|entry| (TERM, entry));
            let before = Sequence::new(from.saturating_sub(1));
            session.handle_entries(now, Anchor::new(before, TERM), entries);
        }
    }

    fn act(&mut self, now: Instant) -> Result<bool, Fault> {
        // Before anything is made of what came, or it might be over by then.
        if self.interruption.is_some() {
            self.interrupt(now);
        }
        let Some(session) = &mut self.session else {
            return Ok(false);
        };
        if session.poll_timeout().is_some_and(|timeout| timeout <= now) {
            session.handle_timeout(now);
        }
        let is_busy = session.work(now, WORK_ITEMS_MAX);
        self.collect(now)?;
        Ok(is_busy)
    }

    fn poll(&mut self) -> Option<Step> {
        match self.steps.is_empty() {
            true => None,
            false => Some(self.steps.remove(0)),
        }
    }

    fn timeout(&self) -> Option<Instant> {
        self.session.as_ref()?.poll_timeout()
    }
}

/// Starts a session with what is known, under the default settings but for trust: nobody lies here,
/// and where there is one provider nobody could confirm what it says.
fn begin(
    now: Instant,
    equipment: &Equipment,
    seed: u64,
    (spool, known): (MemorySpool, ResumeState),
) -> Machine {
    let members = Membership::new(LAGGARD, LAGGARD..=equipment.peers).with_leader(Some(LEADER));
    let config = SessionConfig::new().trust(Trust::Crash);
    let session = Session::resume(now, config, members, seed, spool, &known);
    session.expect("the defaults are valid")
}

/// Returns entries that follow each other as a run.
fn run(replay: Vec<LogEntry<Entry>>) -> Option<Run> {
    let from = replay.first()?.sequence.get();
    Some((from, replay.into_iter().map(|entry| entry.entry).collect()))
}
