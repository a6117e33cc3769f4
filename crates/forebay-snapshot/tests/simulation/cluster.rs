use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{SessionConfig, Trust};

use crate::chaos::Chaos;
use crate::follower::Follower;
use crate::liar::Liar;
use crate::log::{Command, Log};
use crate::network::{Network, Weather};
use crate::peer::{Peer, limits};
use crate::random::Random;
use crate::{FOLLOWER, Message, Name};

/// A group of peers of which one fell behind, and everything that happens to it.
pub(crate) struct Cluster {
    pub(crate) random: Random,
    pub(crate) now: Duration,
    pub(crate) log: Log,
    pub(crate) network: Network,
    pub(crate) peers: Vec<Peer>,
    pub(crate) follower: Follower,
    pub(crate) leader: Name,
    pub(crate) term: u64,
    pub(crate) chaos: Chaos,
    /// Fetches that nobody has answered.
    pub(crate) asked: BTreeSet<(Name, u64)>,
    /// Changes messages on their way to the follower, as if a rule were switched off.
    pub(crate) twist: fn(&mut Self, Name, Message) -> Message,
}

/// How long a run may take once nothing but loss and delay is in its way.
const PATIENCE: Duration = Duration::from_secs(600);

impl Cluster {
    pub(crate) fn new(seed: u64, trust: Trust, members: u8, liars: usize) -> Self {
        let mut random = Random::new(seed);
        let names: Vec<_> = (0..members).collect();
        let start = start();
        let mut clock = || start + random.millis(0, 20_000);
        let (follower_clock, clocks) = (clock(), names.iter().map(|_| clock()).collect::<Vec<_>>());
        let lie = Liar::of(&mut random);
        let providers = names.iter().zip(clocks).skip(1);
        let peers = providers.enumerate().map(|(position, (name, clock))| {
            let is_liar = position >= usize::from(members) - 1 - liars;
            Peer::new(*name, &names, clock, is_liar.then_some(lie))
        });
        let peers: Vec<_> = peers.collect();
        let config = SessionConfig::new()
            .trust(trust)
            .limits(limits())
            .request_timeouts(random.millis(200, 1000), Duration::from_secs(5))
            .stall_timeout(Duration::from_secs(5))
            .fetch_bytes(1 + random.below(40_000) as u32);
        let spool = 41_000 + random.below(100_000);
        let seed = random.next();
        let follower = Follower::new(follower_clock, config, &names, spool, seed);
        let mut cluster = Self {
            now: Duration::ZERO,
            log: Log::default(),
            network: Network::new(Weather::of(&mut random)),
            peers,
            follower,
            leader: 1,
            term: 1,
            chaos: Chaos::of(&mut random),
            asked: BTreeSet::new(),
            twist: |_, _, message| message,
            random,
        };
        cluster.fill();
        cluster
    }

    /// Runs until the session has ended.
    pub(crate) fn run(&mut self) {
        let calm_at = self.chaos.until;
        while self.follower.ended.is_none() {
            self.step();
            let recent = &self.follower.recent;
            assert!(
                self.now < calm_at + PATIENCE,
                "it does not end: {recent:#?}"
            );
        }
    }

    /// Lets the next thing happen, and everything that follows from it at once.
    pub(crate) fn step(&mut self) {
        let timeouts = self.peers.iter().filter_map(Peer::timeout);
        let follower = self.follower.timeout();
        let all = timeouts
            .chain(follower)
            .chain(self.network.next_at())
            .chain([self.chaos.next_at]);
        self.now = self.now.max(all.min().unwrap_or(self.now));
        let now = self.now;
        if now >= self.chaos.next_at {
            self.cause_chaos();
        }
        while let Some((from, to, message)) = self.network.receive(now) {
            if to == FOLLOWER {
                let message = (self.twist)(self, from, message);
                if let Message::Data { id, .. } | Message::Gone { id, .. } = &message {
                    self.asked.remove(&(from, *id));
                }
                self.follower.receive(now, from, message);
            } else {
                self.peers[usize::from(to) - 1].receive(now, from, message);
            }
        }
        if self.follower.timeout().is_some_and(|at| at <= now) {
            self.follower.fire(now);
        }
        for peer in &mut self.peers {
            if peer.timeout().is_some_and(|at| at <= now) {
                peer.fire(now);
            }
        }
        self.send();
        self.follower.check(&self.log);
    }

    pub(crate) fn peer(&mut self, name: Name) -> &mut Peer {
        &mut self.peers[usize::from(name) - 1]
    }

    pub(crate) fn set_leader(&mut self, leader: Name) {
        self.leader = leader;
        self.term += 1;
        for peer in &mut self.peers {
            peer.set_leader(self.now, leader);
        }
        if self.random.percent(70) {
            self.follower.set_leader(self.now, leader);
        }
    }

    pub(crate) fn append(&mut self, count: u64) {
        for _ in 0..count {
            let key = self.random.below(4_000);
            let command = match self.random.below(10) {
                0 => Command::Remove(key),
                _ => Command::Put(key, self.random.next()),
            };
            self.log.append(self.term, command);
        }
        let now = self.now;
        let committed = Sequence::new(self.log.len());
        let leader = &mut self.peers[usize::from(self.leader) - 1];
        if let Some(provider) = &mut leader.provider {
            let safe = provider.safe_to_prune(leader.clock + now, committed).get();
            self.log.pruned = self.log.pruned.max(safe);
        }
    }

    fn fill(&mut self) {
        let entries = self.random.below(3_000);
        self.append(entries);
        for peer in &mut self.peers {
            peer.apply(Duration::ZERO, &self.log, entries);
            peer.set_leader(Duration::ZERO, 1);
        }
        self.follower.delivered = self.log.len();
        self.log.pruned = self.log.len();
        self.send();
    }

    /// Hands on what everybody wants sent and written.
    fn send(&mut self) {
        let now = self.now;
        let fails = now < self.chaos.until;
        for (to, message) in self.follower.outputs(now, &mut self.random, fails) {
            if let Message::Fetch { id, .. } = &message {
                self.asked.insert((to, *id));
            }
            self.network
                .send(now, &mut self.random, (FOLLOWER, to), message);
        }
        for peer in &mut self.peers {
            let (messages, markers) = peer.outputs(now);
            for (to, mut message) in messages {
                if let Some(liar) = peer.liar {
                    message = liar.twist(&mut self.random, message);
                }
                self.network
                    .send(now, &mut self.random, (peer.name, to), message);
            }
            for marker in markers {
                // A marker can be lost like any other command that is not committed yet.
                if peer.name == self.leader && self.random.percent(90) {
                    self.log.append(self.term, Command::Marker(marker));
                } else if let Some(provider) = &mut peer.provider {
                    provider.handle_unfed(peer.clock + now, &marker);
                }
            }
        }
    }
}

/// The same in every run of a program, and nothing is decided by it.
#[allow(
    clippy::disallowed_methods,
    reason = "time is virtual, but has to begin somewhere"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}
