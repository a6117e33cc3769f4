use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, Marker, Membership, Provider, ProviderConfig, ProviderOutput, Session, SessionConfig,
    SessionOutput, Snapshot, Trust,
};

use crate::clock::start;
use crate::{FOLLOWER, Message, Name};

/// How long anything takes to the other end, beside the time that its bytes take.
const LATENCY: Duration = Duration::from_millis(1);

/// A provider at the end of a line over which it sends one byte after the other.
pub(crate) struct Server<S: Snapshot> {
    state: S,
    bytes_per_second: u64,
    provider: Option<Provider<S, Name>>,
    /// When all that it has sent so far has left.
    free_at: Duration,
}

/// A session with its providers, and nothing that goes wrong unless the test does it.
pub(crate) struct Wire<S: Snapshot> {
    pub(crate) now: Duration,
    pub(crate) session: Session<S, Name, ()>,
    pub(crate) bytes_sent: u64,
    start: Instant,
    servers: Vec<Server<S>>,
    under_way: BTreeMap<(Duration, u64), (Name, Name, Message)>,
    sent: u64,
    anchors: u64,
    is_installing: bool,
}

impl<S: Snapshot> Server<S> {
    pub(crate) fn new(state: S, bytes_per_second: u64) -> Self {
        Self {
            state,
            bytes_per_second,
            provider: None,
            free_at: Duration::ZERO,
        }
    }
}

impl<S: Snapshot> Wire<S> {
    pub(crate) fn new(servers: Vec<Server<S>>) -> Self {
        let start = start();
        let names = (0..=servers.len() as Name).collect::<Vec<_>>();
        // As many fetches for each byte as a snapshot of some hundred times the size would have
        // under the default settings.
        let config = SessionConfig::new()
            .trust(Trust::Crash)
            .fetch_bytes(32 << 10);
        let members = Membership::new(FOLLOWER, names);
        let mut wire = Self {
            now: Duration::ZERO,
            session: Session::start(start, config, members, 7).unwrap(),
            bytes_sent: 0,
            start,
            servers,
            under_way: BTreeMap::new(),
            sent: 0,
            anchors: 1,
            is_installing: false,
        };
        for position in 0..wire.servers.len() {
            wire.begin(position);
        }
        wire.talk();
        wire
    }

    /// Runs until the state is there.
    pub(crate) fn run(&mut self) {
        self.run_until(|wire| wire.is_installing);
    }

    /// Runs until so many of a hundred bytes are there.
    pub(crate) fn run_to(&mut self, percent: u64) {
        self.run_until(|wire| {
            let progress = wire.session.progress();
            progress
                .bytes_total
                .is_some_and(|total| progress.bytes * 100 >= total * percent)
        });
    }

    /// Puts another provider in the place of one, which knows nothing of what that one did.
    pub(crate) fn replace(&mut self, position: usize, server: Server<S>) {
        self.servers[position] = server;
        self.anchors += 1;
        self.begin(position);
        // What was under way is lost with the connection.
        self.under_way.clear();
        let name = position as Name + 1;
        self.session.handle_peer_gone(self.start + self.now, &name);
        self.talk();
    }

    pub(crate) fn snapshot_bytes(&self) -> u64 {
        self.session.progress().bytes_total.unwrap()
    }

    fn run_until(&mut self, is_over: impl Fn(&Self) -> bool) {
        while !is_over(self) {
            let timeout = self.session.poll_timeout().unwrap();
            let timeout = timeout.saturating_duration_since(self.start);
            let arrival = self.under_way.keys().next().map(|(at, _)| *at);
            self.now = self.now.max(arrival.map_or(timeout, |at| at.min(timeout)));
            let now = self.start + self.now;
            while let Some(first) = self
                .under_way
                .first_entry()
                .filter(|first| first.key().0 <= self.now)
            {
                let (from, to, message) = first.remove();
                if to == FOLLOWER {
                    self.session.handle_message(now, from, message).unwrap();
                } else if let Some(provider) = &mut self.servers[usize::from(to) - 1].provider {
                    provider.handle_message(now, from, message).unwrap();
                }
            }
            self.session.handle_timeout(now);
            self.talk();
            assert!(self.now < Duration::from_secs(600), "it does not end");
        }
    }

    /// Lets a provider have a snapshot before anybody asks.
    fn begin(&mut self, position: usize) {
        let names = 0..=self.servers.len() as Name;
        let now = self.start + self.now;
        let server = &mut self.servers[position];
        let members = Membership::new(position as Name + 1, names).with_leader(Some(1));
        let mut provider = Provider::new(ProviderConfig::new().window(8), members).unwrap();
        let anchor = Anchor::new(Sequence::new(self.anchors * 10), 1);
        provider.handle_taken(now, &Marker::new(FOLLOWER, 0), anchor, server.state.clone());
        while provider.work(now, 10_000) {}
        while provider.poll_output().is_some() {}
        server.provider = Some(provider);
    }

    fn talk(&mut self) {
        let now = self.start + self.now;
        while self.session.work(now, 10_000) {}
        while let Some(output) = self.session.poll_output() {
            match output {
                SessionOutput::Send { to, message } => {
                    self.send(self.now + LATENCY, FOLLOWER, to, message);
                }
                SessionOutput::Install { .. } => self.is_installing = true,
                _ => {}
            }
        }
        for position in 0..self.servers.len() {
            let name = position as Name + 1;
            while let Some(output) = self.servers[position].output(now) {
                let ProviderOutput::Send { to, message } = output else {
                    continue;
                };
                let len = match &message {
                    Message::Data { bytes, .. } => bytes.len() as u64,
                    _ => 0,
                };
                self.bytes_sent += len;
                let server = &mut self.servers[position];
                let nanos = len * 1_000_000_000 / server.bytes_per_second;
                server.free_at = server.free_at.max(self.now) + Duration::from_nanos(nanos);
                let arrives_at = server.free_at + LATENCY;
                self.send(arrives_at, name, to, message);
            }
        }
    }

    fn send(&mut self, at: Duration, from: Name, to: Name, message: Message) {
        self.sent += 1;
        self.under_way.insert((at, self.sent), (from, to, message));
    }
}

impl<S: Snapshot> Server<S> {
    fn output(&mut self, now: Instant) -> Option<ProviderOutput<Name>> {
        let provider = self.provider.as_mut()?;
        while provider.work(now, 10_000) {}
        provider.poll_output()
    }
}
