use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{
    Limits, Marker, Membership, NotTaken, Provider, ProviderConfig, ProviderOutput,
};

use crate::liar::Liar;
use crate::log::{Log, Machine};
use crate::{Message, Name, State};

/// A peer that follows the log and provides snapshots, unless it has stopped.
///
/// The log and the state outlive a stop; what the provider knew does not.
pub(crate) struct Peer {
    pub(crate) name: Name,
    pub(crate) machine: Machine,
    pub(crate) provider: Option<Provider<State, Name>>,
    pub(crate) liar: Option<Liar>,
    /// What its clock shows when the run begins.
    pub(crate) clock: Instant,
    members: Vec<Name>,
    leader: Option<Name>,
}

pub(crate) const SNAPSHOTS_MAX: usize = 3;
pub(crate) const TTL: Duration = Duration::from_secs(10);

impl Peer {
    pub(crate) fn new(name: Name, members: &[Name], clock: Instant, liar: Option<Liar>) -> Self {
        let mut peer = Self {
            name,
            machine: Machine::default(),
            provider: None,
            liar,
            clock,
            members: members.to_vec(),
            leader: None,
        };
        peer.begin();
        peer
    }

    pub(crate) fn begin(&mut self) {
        let config = ProviderConfig::new()
            .ttl(TTL)
            .snapshots_max(SNAPSHOTS_MAX)
            .trailing(10)
            .limits(limits());
        let members = Membership::new(self.name, self.members.iter().copied());
        let provider = Provider::new(config, members.with_leader(self.leader)).unwrap();
        self.provider = Some(provider);
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.provider.is_some()
    }

    pub(crate) fn set_leader(&mut self, now: Duration, leader: Name) {
        self.leader = Some(leader);
        if let Some(provider) = &mut self.provider {
            provider.handle_leader(self.clock + now, self.leader);
        }
    }

    /// Applies some entries of the log, and takes a snapshot at each marker.
    pub(crate) fn apply(&mut self, now: Duration, log: &Log, count: u64) {
        let Some(provider) = &mut self.provider else {
            return;
        };
        provider.handle_committed(Sequence::new(log.len()));
        for _ in 0..count {
            let Some(marker) = self.machine.apply(log) else {
                continue;
            };
            let anchor = log.anchor(self.machine.applied).unwrap();
            let state = match &self.liar {
                Some(liar) => liar.state(&self.machine),
                None => self.machine.state(),
            };
            provider.handle_taken(self.clock + now, &marker, anchor, state);
        }
    }

    pub(crate) fn receive(&mut self, now: Duration, from: Name, message: Message) {
        let Some(provider) = &mut self.provider else {
            return;
        };
        match provider.handle_message(self.clock + now, from, message) {
            // Nobody but the follower waits for answers, but the network repeats what it likes.
            Ok(()) | Err(NotTaken::ForSession(_)) => {}
            Err(other) => panic!("outputs are taken after every step: {other}"),
        }
    }

    /// What it wants done now: messages for others, and markers for the log.
    pub(crate) fn outputs(&mut self, now: Duration) -> (Vec<(Name, Message)>, Vec<Marker<Name>>) {
        let (mut messages, mut markers) = (Vec::new(), Vec::new());
        let Some(provider) = &mut self.provider else {
            return (messages, markers);
        };
        while provider.work(self.clock + now, 512) {}
        while let Some(output) = provider.poll_output() {
            match output {
                ProviderOutput::Send { to, message } => messages.push((to, message)),
                ProviderOutput::Feed(marker) => markers.push(marker),
                _ => {}
            }
        }
        assert!(provider.usage().snapshots <= SNAPSHOTS_MAX);
        (messages, markers)
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        let timeout = self.provider.as_ref()?.poll_timeout()?;
        Some(timeout.saturating_duration_since(self.clock))
    }

    pub(crate) fn fire(&mut self, now: Duration) {
        if let Some(provider) = &mut self.provider {
            provider.handle_timeout(self.clock + now);
        }
    }
}

/// The smallest there are, so that bounds are met in small states.
pub(crate) fn limits() -> Limits {
    Limits::new().piece_bytes_max(41_000).pages_max(8)
}
