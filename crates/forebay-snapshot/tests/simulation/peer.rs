use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::{
    Absence, Limits, Marker, Membership, Message as Said, NotTaken, Provider, ProviderConfig,
    ProviderEvent, ProviderOutput, Refusal, Unsent,
};

use crate::clock::Clock;
use crate::liar::Liar;
use crate::log::{Log, Machine};
use crate::random::Random;
use crate::tally::Tally;
use crate::{Message, Name, PEST, State};

/// A peer that follows the log and provides snapshots, unless it has stopped.
///
/// The log and the state outlive a stop; what the provider knew does not.
pub(crate) struct Peer {
    pub(crate) name: Name,
    pub(crate) machine: Machine,
    pub(crate) provider: Option<Provider<State, Name>>,
    pub(crate) liar: Option<Liar>,
    pub(crate) clock: Clock,
    pub(crate) tally: Tally,
    bounds: Bounds,
    members: Vec<Name>,
    leader: Option<Name>,
}

/// What a provider may hold, and how it serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    snapshots: usize,
    followers: usize,
    cached_bytes: usize,
    config: ProviderConfig,
}

const QUEUED_BYTES_MAX: usize = 600 << 10;

impl Bounds {
    pub(crate) fn of(random: &mut Random) -> Self {
        let snapshots = 1 + random.below(3) as usize;
        let followers = 2 + random.below(3) as usize;
        let cached_bytes = [0, 50_000, 64 << 20][random.below(3) as usize];
        let mut config = ProviderConfig::new()
            .ttl(random.millis(3_000, 10_000))
            .snapshots_max(snapshots)
            .followers_max(followers)
            .cached_bytes_max(cached_bytes)
            .queued_bytes_max(QUEUED_BYTES_MAX)
            .window(1 + random.below(4) as usize)
            .marker_wait(random.millis(500, 5_000))
            .marker_lag_max(20 + random.below(500))
            .trailing(10)
            .limits(limits());
        if random.percent(30) {
            config = config.follower_bytes_per_second(200_000 + random.below(1_000_000));
        }
        if random.percent(30) {
            config = config.total_bytes_per_second(200_000 + random.below(1_000_000));
        }
        Self {
            snapshots,
            followers,
            cached_bytes,
            config,
        }
    }
}

impl Peer {
    pub(crate) fn new(
        name: Name,
        members: &[Name],
        clock: Clock,
        bounds: Bounds,
        liar: Option<Liar>,
    ) -> Self {
        let mut peer = Self {
            name,
            machine: Machine::default(),
            provider: None,
            liar,
            clock,
            tally: Tally::default(),
            bounds,
            members: members.to_vec(),
            leader: None,
        };
        peer.begin();
        peer
    }

    pub(crate) fn begin(&mut self) {
        let members = Membership::new(self.name, self.members.iter().copied())
            .with_learners([PEST])
            .with_leader(self.leader);
        self.provider = Some(Provider::new(self.bounds.config, members).unwrap());
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.provider.is_some()
    }

    pub(crate) fn set_leader(&mut self, now: Duration, leader: Name) {
        self.leader = Some(leader);
        if let Some(provider) = &mut self.provider {
            provider.handle_leader(self.clock.at(now), self.leader);
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
            provider.handle_taken(self.clock.at(now), &marker, anchor, state);
        }
    }

    pub(crate) fn receive(&mut self, now: Duration, from: Name, message: Message) {
        let Some(provider) = &mut self.provider else {
            return;
        };
        match provider.handle_message(self.clock.at(now), from, message) {
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
        while provider.work(self.clock.at(now), 512) {}
        while let Some(output) = provider.poll_output() {
            match output {
                ProviderOutput::Send { to, message } => {
                    self.tally.note(named(&message));
                    messages.push((to, message));
                }
                ProviderOutput::Feed(marker) => markers.push(marker),
                ProviderOutput::Event(event) => self.tally.note(named_event(&event)),
                _ => {}
            }
        }
        self.check();
        (messages, markers)
    }

    pub(crate) fn unsent(&mut self, now: Duration, to: Name, message: Message, why: Unsent) {
        if let Some(provider) = &mut self.provider {
            provider.handle_unsent(self.clock.at(now), to, message, why);
        }
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        let timeout = self.provider.as_ref()?.poll_timeout()?;
        Some(self.clock.when(timeout))
    }

    pub(crate) fn fire(&mut self, now: Duration) {
        if let Some(provider) = &mut self.provider {
            provider.handle_timeout(self.clock.at(now));
        }
    }

    /// Takes all that it holds for too much.
    pub(crate) const fn expect_nothing(&mut self) {
        self.bounds.snapshots = 0;
    }

    /// Holds no more than it may.
    pub(crate) fn check(&self) {
        let Some(usage) = self.provider.as_ref().map(Provider::usage) else {
            return;
        };
        let bounds = self.bounds;
        assert!(usage.snapshots <= bounds.snapshots, "{usage:?}");
        assert!(usage.followers <= bounds.followers, "{usage:?}");
        assert!(usage.requests <= bounds.followers, "{usage:?}");
        assert!(usage.cached_bytes <= bounds.cached_bytes, "{usage:?}");
        assert!(usage.queued_bytes <= QUEUED_BYTES_MAX, "{usage:?}");
        assert!(usage.queued <= 1 << 10, "{usage:?}");
        let timers = bounds.snapshots + 2 * bounds.followers + 2;
        assert!(usage.timers <= timers, "{usage:?}");
    }
}

/// The smallest there are, so that bounds are met in small states.
pub(crate) fn limits() -> Limits {
    Limits::new().piece_bytes_max(41_000).pages_max(8)
}

fn named(message: &Message) -> &'static str {
    match message {
        Said::Offer { .. } => "offer",
        Said::Data { .. } => "data",
        Said::Refuse { why, .. } => match why {
            Refusal::NotLeader { .. } => "refused: not leader",
            Refusal::Unavailable => "refused: unavailable",
            Refusal::Busy => "refused: busy",
            Refusal::Superseded => "refused: superseded",
            _ => "refused otherwise",
        },
        Said::Gone { why, .. } => match why {
            Absence::Unknown => "gone: unknown",
            Absence::Expired => "gone: expired",
            Absence::Busy { .. } => "gone: busy",
            Absence::RootMismatch => "gone: root mismatch",
            Absence::OutOfRange { .. } => "gone: out of range",
            _ => "gone otherwise",
        },
        _ => "other message",
    }
}

const fn named_event(event: &ProviderEvent<Name>) -> &'static str {
    match event {
        ProviderEvent::StaleMarker { .. } => "stale marker",
        ProviderEvent::NoRoom { .. } => "no room for a snapshot",
        ProviderEvent::Ready { .. } => "snapshot cut",
        ProviderEvent::Expired { .. } => "snapshot expired",
        ProviderEvent::Evicted { .. } => "snapshot evicted",
        ProviderEvent::Unsent { .. } => "message given up",
        ProviderEvent::Divergence { .. } => "a provider diverged from itself",
        _ => "other event",
    }
}
