use std::time::Instant;

use crate::catchup::fault::Fault;
use crate::catchup::log::Entry;
use crate::catchup::packet::{Name, Packet};
use crate::catchup::reader::Run;
use crate::catchup::state::State;

/// A way to get a state.
pub(super) trait Fetch: Send {
    /// Takes a message.
    fn handle(&mut self, now: Instant, from: Name, packet: Packet) -> Result<(), Fault>;

    /// Takes entries of the log, to be applied once there is a state.
    fn entries(&mut self, now: Instant, from: u64, entries: Vec<Entry>);

    /// Does what is due and a part of what takes long; returns whether there is more of that.
    fn act(&mut self, now: Instant) -> Result<bool, Fault>;

    /// Returns what is to be done.
    fn poll(&mut self) -> Option<Step>;

    /// Returns when there is something to do.
    fn timeout(&self) -> Option<Instant>;
}

/// What a way to get a state wants done.
#[derive(Debug)]
pub(super) enum Step {
    /// A message is to be sent.
    Send(Name, Packet),
    /// The laggard was interrupted, and reads the log from this entry on, or from its end.
    Restarted { from: Option<u64> },
    /// Here is the state as it was after an entry, and entries that follow.
    Arrived {
        sequence: u64,
        state: State,
        replay: Vec<Run>,
    },
}
