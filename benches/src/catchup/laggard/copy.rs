use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::catchup::fault::Fault;
use crate::catchup::laggard::fetch::{Fetch, Step};
use crate::catchup::log::Entry;
use crate::catchup::packet::{LEADER, Name, Packet};
use crate::catchup::reader::Run;
use crate::catchup::state::State;

/// How long to wait for a state before it is asked for again. How large it is, and how long that
/// takes, is not known before it is there.
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole state in one message, again and again until it comes.
#[derive(Debug)]
pub(super) struct Copy {
    asked_at: Option<Instant>,
    /// The message.
    came: Option<(u64, Bytes)>,
    /// What is to be applied after it.
    runs: Vec<Run>,
    step: Option<Step>,
}

impl Copy {
    pub(super) fn new() -> Self {
        Self {
            asked_at: None,
            came: None,
            runs: Vec::new(),
            step: None,
        }
    }
}

impl Fetch for Copy {
    fn handle(&mut self, _: Instant, _: Name, packet: Packet) -> Result<(), Fault> {
        if let Packet::State { sequence, bytes } = packet {
            self.came = Some((sequence, bytes));
        }
        Ok(())
    }

    fn entries(&mut self, _: Instant, from: u64, entries: Vec<Entry>) {
        self.runs.push((from, entries));
    }

    fn act(&mut self, now: Instant) -> Result<bool, Fault> {
        if let Some((sequence, bytes)) = self.came.take() {
            self.step = Some(Step::Arrived {
                sequence,
                state: decode(&bytes).ok_or(Fault::Malformed)?,
                replay: after(sequence, std::mem::take(&mut self.runs)),
            });
        } else if self.timeout().is_none_or(|timeout| timeout <= now) {
            self.asked_at = Some(now);
            self.step = Some(Step::Send(LEADER, Packet::Copy));
        }
        Ok(false)
    }

    fn poll(&mut self) -> Option<Step> {
        self.step.take()
    }

    fn timeout(&self) -> Option<Instant> {
        Some(self.asked_at? + PATIENCE)
    }
}

fn decode(bytes: &[u8]) -> Option<State> {
    let mut left = bytes;
    let mut state = State::new();
    while !left.is_empty() {
        let ((key, value), rest) = postcard::take_from_bytes(left).ok()?;
        state.insert(key, value);
        left = rest;
    }
    Some(state)
}

/// Leaves out what the state has already.
fn after(sequence: u64, runs: Vec<Run>) -> Vec<Run> {
    let rest = runs.into_iter().map(|(from, mut entries)| {
        let known = (sequence + 1)
            .saturating_sub(from)
            .min(entries.len() as u64);
        entries.drain(..known as usize);
        (from + known, entries)
    });
    rest.filter(|(_, entries)| !entries.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_state_has_is_not_applied_again() {
        let run = |from, count| (from, vec![Entry::Marker; count]);
        let runs = vec![run(1, 3), run(4, 3), run(7, 3)];
        assert_eq!(after(5, runs.clone()), [run(6, 1), run(7, 3)]);
        assert_eq!(after(0, runs.clone()), runs);
        assert!(after(9, runs).is_empty());
    }

    #[test]
    fn what_is_no_state_is_refused() {
        let items = [(1_u64, Bytes::from_static(b"a")), (9, Bytes::new())];
        let state: State = items.into_iter().collect();
        let items = state.iter().map(|item| postcard::to_stdvec(&item).unwrap());
        let bytes: Vec<u8> = items.flatten().collect();
        assert_eq!(decode(&bytes), Some(state));
        assert!(decode(&bytes[..bytes.len() - 1]).is_none());
    }
}
