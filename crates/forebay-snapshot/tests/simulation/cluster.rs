use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use forebay_core::Sequence;
use forebay_snapshot::{SessionConfig, Trust};

use crate::chaos::Chaos;
use crate::clock::Clock;
use crate::follower::Follower;
use crate::liar::Liar;
use crate::log::{Command, Log};
use crate::network::{Network, Weather};
use crate::peer::{Bounds, Peer, limits};
use crate::random::Random;
use crate::tally::Tally;
use crate::{FOLLOWER, Message, Name, PEST};

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
    value_bytes_max: u64,
    /// How often something has happened since time last went on.
    steps: u64,
    /// Fetches that nobody has answered.
    pub(crate) asked: BTreeSet<(Name, u64)>,
    /// Changes messages on their way to the follower, as if a rule were switched off.
    pub(crate) twist: fn(&mut Self, Name, Message) -> Message,
}

/// How often something may happen at one moment.
const STEPS_MAX: u64 = 1_000;

/// How long a run may take once nothing but loss and delay is in its way.
const PATIENCE: Duration = Duration::from_secs(600);

impl Cluster {
    pub(crate) fn new(seed: u64, trust: Trust, members: u8, liars: usize) -> Self {
        let mut random = Random::new(seed);
        let names: Vec<_> = (0..members).collect();
        let follower_clock = Clock::of(&mut random);
        let clocks: Vec<_> = names.iter().map(|_| Clock::of(&mut random)).collect();
        let lie = Liar::of(&mut random);
        let bounds = Bounds::of(&mut random);
        let providers = names.iter().zip(clocks).skip(1);
        let peers = providers.enumerate().map(|(position, (name, clock))| {
            let is_liar = position >= usize::from(members) - 1 - liars;
            Peer::new(*name, &names, clock, bounds, is_liar.then_some(lie))
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
        let value_bytes_max = [8, 8, 100, 400][random.below(4) as usize];
        let mut cluster = Self {
            now: Duration::ZERO,
            log: Log::default(),
            network: Network::new(Weather::of(&mut random)),
            peers,
            follower,
            leader: 1,
            term: 1,
            chaos: Chaos::of(&mut random),
            value_bytes_max,
            steps: 0,
            asked: BTreeSet::new(),
            twist: |_, _, message| message,
            random,
        };
        cluster.fill();
        cluster
    }

    /// Runs until nothing happens any more but loss and delay, and then until the session has ended.
    pub(crate) fn run(&mut self) {
        let calm_at = self.chaos.until;
        while self.follower.ended.is_none() || self.now < calm_at {
            self.step_on();
            let recent = &self.follower.recent;
            assert!(
                self.now < calm_at + PATIENCE,
                "it does not end: {recent:#?}"
            );
        }
    }

    /// Lets the next thing happen. If that was the end of the session, the follower falls behind again.
    pub(crate) fn step_on(&mut self) {
        if self.follower.ended.is_some() {
            let (now, random) = (self.now, &mut self.random);
            self.follower.fall_behind(now, random, &self.log);
        }
        self.step();
    }

    /// Lets the next thing happen, and everything that follows from it at once.
    pub(crate) fn step(&mut self) {
        let timeouts = self.peers.iter().filter_map(Peer::timeout);
        let follower = self.follower.timeout();
        let all = timeouts
            .chain(follower)
            .chain(self.network.next_at())
            .chain([self.chaos.next_at]);
        let next = self.now.max(all.min().unwrap_or(self.now));
        self.steps = if next > self.now { 0 } else { self.steps + 1 };
        assert!(self.steps < STEPS_MAX, "time stands still");
        self.now = next;
        let now = self.now;
        if now >= self.chaos.next_at {
            self.cause_chaos();
        }
        while let Some((from, to, message)) = self.network.receive(now) {
            if to == PEST {
                self.chaos.remember(&message);
            } else if to == FOLLOWER {
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
            let key = self.random.below(2_000);
            let command = match self.random.below(10) {
                0 => Command::Remove(key),
                _ => Command::Put(key, self.value()),
            };
            self.log.append(self.term, command);
        }
        let now = self.now;
        let committed = Sequence::new(self.log.len());
        let leader = &mut self.peers[usize::from(self.leader) - 1];
        if let Some(provider) = &mut leader.provider {
            let safe = provider
                .safe_to_prune(leader.clock.at(now), committed)
                .get();
            self.log.pruned = self.log.pruned.max(safe);
        }
    }

    fn value(&mut self) -> Bytes {
        let len = self.random.below(self.value_bytes_max + 1) as usize;
        let word = self.random.next().to_le_bytes();
        word.into_iter().cycle().take(len).collect()
    }

    fn fill(&mut self) {
        let entries = self.random.below(2_000);
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
        for position in 0..self.peers.len() {
            while self.send_from(position) {}
        }
    }

    /// Hands on what one peer wants, and returns whether there was anything.
    fn send_from(&mut self, position: usize) -> bool {
        let now = self.now;
        let peer = &mut self.peers[position];
        let (messages, markers) = peer.outputs(now);
        let is_any = !messages.is_empty() || !markers.is_empty();
        for (to, mut message) in messages {
            if let Some(why) = self.network.refuses(&mut self.random, &message) {
                peer.unsent(now, to, message, why);
                continue;
            }
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
                provider.handle_unfed(peer.clock.at(now), &marker);
            }
        }
        is_any
    }

    /// Everything that has happened.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.network.tally.clone();
        tally.merge(&self.follower.tally);
        tally.merge(&self.chaos.tally);
        for peer in &self.peers {
            tally.merge(&peer.tally);
        }
        tally
    }
}
