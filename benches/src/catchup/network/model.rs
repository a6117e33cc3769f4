//! A network in virtual time: of each peer a line over which one byte leaves after the other.
//!
//! Only the lines take time, and what the machines compute takes none, so that a seed names one run on
//! every machine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::catchup::fault::Fault;
use crate::catchup::laggard::Laggard;
use crate::catchup::log::Log;
use crate::catchup::network::{SECONDS_MAX, TICK_NS};
use crate::catchup::packet::{LAGGARD, LEADER, Name, Packet};
use crate::catchup::peer::{Peer, Work};
use crate::catchup::run::{Outcome, Run, Traffic, check};
use crate::harness::interrupt;
use crate::harness::meter::Meter;
use crate::random::Random;

/// What the lines are like.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    /// How many bytes each peer can send in a second.
    pub(crate) bytes_per_second: Vec<f64>,
    /// How long everything takes besides.
    pub(crate) latency: Duration,
    /// The share of mebibytes that get lost, each with the message it is in.
    pub(crate) loss: f64,
}

/// A laggard, its peers, and what is between them.
struct World<'a> {
    run: &'a Run<'a>,
    lines: &'a Lines,
    start: Instant,
    now_ns: u64,
    log: Log,
    laggard: Laggard,
    peers: Vec<Peer>,
    /// When all that each peer has sent will have left.
    free_at_ns: Vec<u64>,
    under_way: BTreeMap<(u64, u64), (Name, Name, Packet)>,
    sent: u64,
    traffic: Traffic,
    written: u64,
    is_writing: bool,
    losses: Random,
}

/// Makes a run, and checks what came of it.
pub(in crate::catchup) fn measure(run: &Run<'_>, lines: &Lines) -> Result<Outcome, Fault> {
    let meter = Meter::begin();
    let mut world = World::new(run, lines);
    world.go_on_until(|world| world.laggard.is_caught_up())?;
    let works = world.peers.iter().map(|peer| peer.work);
    let outcome = Outcome {
        elapsed_ns: world.now_ns,
        traffic: world.traffic.clone(),
        decoded: world.laggard.decoded,
        appended: world.log.head() - run.past.missed,
        work: works.fold(Work::default(), Work::with),
        cost: meter.cost(),
    };
    // What was appended in the meantime is still to come.
    world.is_writing = false;
    let head = world.log.head();
    world.go_on_until(|world| world.laggard.applied() == head)?;
    check(&world.laggard, &world.log)?;
    Ok(outcome)
}

impl<'a> World<'a> {
    fn new(run: &'a Run<'a>, lines: &'a Lines) -> Self {
        let start = Instant::now();
        let log = Log::new(run.past.clone());
        let names = LEADER..=run.peers();
        let peers = names.map(|name| Peer::new(name, run.peers(), log.clone()));
        Self {
            run,
            lines,
            start,
            now_ns: 0,
            laggard: Laggard::new(start, run.way, run.equipment()),
            peers: peers.collect(),
            log,
            free_at_ns: vec![0; usize::from(run.peers())],
            under_way: BTreeMap::new(),
            sent: 0,
            traffic: Traffic::new(run.peers()),
            written: 0,
            is_writing: true,
            losses: Random::new(run.seed, "losses"),
        }
    }

    fn go_on_until(&mut self, is_over: impl Fn(&Self) -> bool) -> Result<(), Fault> {
        self.settle()?;
        while !is_over(self) {
            let next_ns = self.next_ns().ok_or(Fault::Stuck)?;
            self.now_ns = self.now_ns.max(next_ns);
            if interrupt::requested() || self.now_ns > SECONDS_MAX * 1_000_000_000 {
                let seconds = SECONDS_MAX;
                return Err(Fault::Late { seconds });
            }
            self.write();
            self.deliver()?;
            self.settle()?;
        }
        Ok(())
    }

    /// Returns when something happens next.
    fn next_ns(&self) -> Option<u64> {
        let timeouts = self.peers.iter().filter_map(Peer::timeout);
        let timeouts = timeouts.chain(self.laggard.timeout());
        let timeouts = timeouts.map(|at| at.saturating_duration_since(self.start).as_nanos());
        let timeouts = timeouts.map(|ns| u64::try_from(ns).unwrap_or(u64::MAX));
        let arrival = self.under_way.keys().next().map(|(at, _)| *at);
        let tick = (self.now_ns / TICK_NS + 1) * TICK_NS;
        let is_writing = self.is_writing && self.run.writes_per_second > 0.0;
        let tick = is_writing.then_some(tick);
        timeouts.chain(arrival).chain(tick).min()
    }

    fn write(&mut self) {
        let is_tick = self.now_ns.is_multiple_of(TICK_NS);
        let due = self.run.writes_by(self.now_ns) - self.written;
        if self.is_writing && is_tick && due > 0 {
            self.log.write(due);
            self.written += due;
            self.peers[0].appended();
        }
    }

    /// Hands over what has arrived by now.
    fn deliver(&mut self) -> Result<(), Fault> {
        let now = self.now();
        while let Some(first) = self
            .under_way
            .first_entry()
            .filter(|first| first.key().0 <= self.now_ns)
        {
            let (from, to, packet) = first.remove();
            match to {
                LAGGARD => self.laggard.handle(now, from, packet)?,
                peer => self.peers[index(peer)].handle(now, from, packet),
            }
        }
        Ok(())
    }

    /// Lets everybody do what there is to do at this moment.
    fn settle(&mut self) -> Result<(), Fault> {
        let now = self.now();
        while self.laggard.act(now)? {
            self.send_all();
        }
        for peer in &mut self.peers {
            while peer.act(now) {}
        }
        self.send_all();
        Ok(())
    }

    fn send_all(&mut self) {
        while let Some((to, packet)) = self.laggard.poll() {
            self.send(LAGGARD, to, packet);
        }
        for name in LEADER..=self.run.peers() {
            while let Some((to, packet)) = self.peers[index(name)].poll() {
                self.send(name, to, packet);
            }
        }
    }

    fn send(&mut self, from: Name, to: Name, packet: Packet) {
        if matches!(packet, Packet::Restarted) {
            self.hang_up(to);
        }
        let bytes = self.traffic.count(from, to, &packet);
        let leaves_at_ns = match (from, to) {
            // What a laggard asks for, and what peers say to each other, is next to nothing.
            (LAGGARD, _) | (_, LEADER..) => self.now_ns,
            (peer, LAGGARD) => {
                let free_at_ns = &mut self.free_at_ns[index(peer)];
                let rate = self.lines.bytes_per_second[index(peer)];
                let begins_at_ns = self.now_ns.max(*free_at_ns);
                *free_at_ns = begins_at_ns + (bytes as f64 * 1e9 / rate) as u64;
                *free_at_ns
            }
        };
        let is_between_peers = from != LAGGARD && to != LAGGARD;
        let is_reset = matches!(packet, Packet::Restarted);
        if !is_between_peers && !is_reset && self.is_lost(bytes) {
            return;
        }
        let arrives_at_ns = leaves_at_ns + self.lines.latency.as_nanos() as u64;
        self.sent += 1;
        let place = (arrives_at_ns, self.sent);
        self.under_way.insert(place, (from, to, packet));
    }

    /// Forgets what is under way between the laggard and a peer, as a connection that is closed does.
    fn hang_up(&mut self, peer: Name) {
        let is_other =
            |(from, to): (Name, Name)| ![(peer, LAGGARD), (LAGGARD, peer)].contains(&(from, to));
        self.under_way
            .retain(|_, (from, to, _)| is_other((*from, *to)));
        let free_at_ns = &mut self.free_at_ns[index(peer)];
        let unsent_ns = free_at_ns.saturating_sub(self.now_ns);
        *free_at_ns = self.now_ns;
        let rate = self.lines.bytes_per_second[index(peer)];
        self.traffic
            .uncount(peer, (unsent_ns as f64 * rate / 1e9) as u64);
    }

    fn is_lost(&mut self, bytes: u64) -> bool {
        const MEBIBYTE: f64 = 1_048_576.0;
        if self.lines.loss == 0.0 {
            return false;
        }
        let arrives = libm::pow(1.0 - self.lines.loss, bytes as f64 / MEBIBYTE);
        self.losses.unit() >= arrives
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_nanos(self.now_ns)
    }
}

fn index(peer: Name) -> usize {
    usize::from(peer - LEADER)
}
