//! One run of one strategy: what it is given, and what came of it.

use crate::catchup::fault::Fault;
use crate::catchup::laggard::{Decoded, Equipment, Laggard};
use crate::catchup::log::{Log, Past};
use crate::catchup::packet::{LAGGARD, LEADER, Name, Packet};
use crate::catchup::peer::Work;
use crate::catchup::way::Way;
use crate::report::model::Cost;

/// One run that is about to be made.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) way: Way,
    pub(super) past: &'a Past,
    /// How many peers those strategies have that take more than one.
    pub(super) peers: Name,
    /// How many changes are made in a second while the laggard catches up.
    pub(super) writes_per_second: f64,
    pub(super) interrupt_at: f64,
    pub(super) seed: u64,
}

/// What a run found.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// From the start until the laggard had everything.
    pub(super) elapsed_ns: u64,
    pub(super) traffic: Traffic,
    pub(super) decoded: Decoded,
    /// Changes and markers that were appended in that time.
    pub(super) appended: u64,
    /// What the peers did, those of all together; the longest part is that of any of them.
    pub(super) work: Work,
    pub(super) cost: Cost,
}

/// What went over the network.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    /// The bytes that each peer sent to the laggard.
    pub(super) sent: Vec<u64>,
    /// Messages to the laggard and from it.
    pub(super) messages: u64,
    /// The first entry of the log that was asked for.
    pub(super) first_entry: Option<u64>,
}

impl Run<'_> {
    /// Returns how many peers take part.
    pub(super) fn peers(&self) -> Name {
        self.way.peers(self.peers)
    }

    /// Returns what the laggard is given.
    pub(super) fn equipment(&self) -> Equipment {
        Equipment {
            before: self.past.before.clone(),
            value_bytes: self.past.value_bytes,
            peers: self.peers(),
            interrupt_at: self.interrupt_at,
            seed: self.seed,
        }
    }

    /// Returns how many changes are to have been made so long after the start.
    pub(super) fn writes_by(&self, ns: u64) -> u64 {
        (self.writes_per_second * ns as f64 / 1e9) as u64
    }
}

impl Traffic {
    pub(super) fn new(peers: Name) -> Self {
        Self {
            sent: vec![0; usize::from(peers)],
            ..Self::default()
        }
    }

    /// Counts a message; returns how many bytes it has.
    pub(super) fn count(&mut self, from: Name, to: Name, packet: &Packet) -> u64 {
        let len = packet.len();
        if from == LAGGARD || to == LAGGARD {
            self.messages += 1;
        }
        if let Some(sent) = self.of(from) {
            *sent += len;
        }
        if let Packet::Entries { from, .. } = packet
            && *from > 0
        {
            let first = self.first_entry.unwrap_or(*from);
            self.first_entry = Some(first.min(*from));
        }
        len
    }

    /// Takes back what was counted and never left.
    pub(super) fn uncount(&mut self, from: Name, bytes: u64) {
        if let Some(sent) = self.of(from) {
            *sent = sent.saturating_sub(bytes);
        }
    }

    fn of(&mut self, peer: Name) -> Option<&mut u64> {
        let index = peer.checked_sub(LEADER)?;
        self.sent.get_mut(usize::from(index))
    }
}

/// Checks that a laggard that has followed to the end has what its peers have.
pub(super) fn check(laggard: &Laggard, log: &Log) -> Result<(), Fault> {
    let (sequence, state) = log.state();
    match laggard.applied() == sequence && *laggard.state() == state {
        true => Ok(()),
        false => Err(Fault::WrongState { sequence }),
    }
}
