use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use forebay_snapshot::{Membership, Provider, ProviderConfig, ProviderOutput};

use crate::catchup::log::{Log, Stretch};
use crate::catchup::packet::{LAGGARD, LEADER, Name, Packet};
use crate::catchup::state::Kept;
use crate::harness::processor;

/// How many items are cut before messages are looked at again: what the crate's own driver does.
pub(super) const WORK_ITEMS_MAX: usize = 1_000;

/// A peer that is not behind: it has the log and the state, and a provider.
#[derive(Debug)]
pub(super) struct Peer {
    name: Name,
    peers: Name,
    log: Log,
    provider: Provider<Kept, Name>,
    outbox: VecDeque<(Name, Packet)>,
    /// Whoever asked for entries that there are not yet.
    waiting: Option<(u64, u64)>,
    pub(super) work: Work,
}

/// What a peer did for the laggard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    /// The processor time of all of it.
    pub(super) cpu_ns: u64,
    /// The processor time of the longest part of it that nothing interrupts.
    pub(super) slice_ns: u64,
}

impl Work {
    /// Returns what two did together.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            cpu_ns: self.cpu_ns + other.cpu_ns,
            slice_ns: self.slice_ns.max(other.slice_ns),
        }
    }
}

impl Peer {
    /// Creates the peer of this name, of so many.
    pub(super) fn new(name: Name, peers: Name, log: Log) -> Self {
        let members = Membership::new(name, LAGGARD..=peers).with_leader(Some(LEADER));
        let provider = Provider::new(ProviderConfig::new(), members);
        Self {
            name,
            peers,
            log,
            provider: provider.expect("the defaults are valid"),
            outbox: VecDeque::new(),
            waiting: None,
            work: Work::default(),
        }
    }

    /// Takes a message.
    pub(super) fn handle(&mut self, now: Instant, from: Name, packet: Packet) {
        self.metered(|peer| match packet {
            Packet::Snapshot(message) => {
                // What is none for a provider is for nobody here, and too many are never queued.
                let _ = peer.provider.handle_message(now, from, message);
            }
            Packet::Entries { from: 0, .. } => peer.answer(0, peer.end()),
            Packet::Entries { from, count } => {
                peer.waiting = Some((from, count));
                peer.serve_waiting();
            }
            Packet::Copy => peer.copy(),
            Packet::Restarted => {
                peer.waiting = None;
                peer.provider.handle_peer_gone(now, &LAGGARD);
            }
            Packet::Marked(marker, anchor) => {
                if let Some(state) = peer.log.taken(anchor) {
                    peer.provider
                        .handle_taken(now, &marker, anchor, state.into());
                }
            }
            // Nobody says that to a peer.
            Packet::Stretch { .. } | Packet::State { .. } => {}
        });
        self.metered(|peer| peer.collect(now));
    }

    /// Does what is due and a part of what takes long; returns whether there is more of that.
    pub(super) fn act(&mut self, now: Instant) -> bool {
        let is_busy = self.metered(|peer| {
            peer.provider.handle_timeout(now);
            peer.provider.work(now, WORK_ITEMS_MAX)
        });
        self.metered(|peer| peer.collect(now));
        is_busy
    }

    /// Takes note of what was appended to the log.
    pub(super) fn appended(&mut self) {
        if self.waiting.is_some() {
            self.metered(Self::serve_waiting);
        }
    }

    /// Returns a message to send.
    pub(super) fn poll(&mut self) -> Option<(Name, Packet)> {
        self.outbox.pop_front()
    }

    /// Returns when there is something to do.
    pub(super) fn timeout(&self) -> Option<Instant> {
        self.provider.poll_timeout()
    }

    fn collect(&mut self, now: Instant) {
        while let Some(output) = self.provider.poll_output() {
            match output {
                ProviderOutput::Send { to, message } => {
                    self.outbox.push_back((to, Packet::Snapshot(message)));
                }
                ProviderOutput::Feed(marker) => {
                    let anchor = self.log.mark();
                    for peer in (LEADER..=self.peers).filter(|peer| *peer != self.name) {
                        let marked = Packet::Marked(marker.clone(), anchor);
                        self.outbox.push_back((peer, marked));
                    }
                    if let Some(state) = self.log.taken(anchor) {
                        self.provider
                            .handle_taken(now, &marker, anchor, state.into());
                    }
                    self.serve_waiting();
                }
                _ => {}
            }
        }
    }

    fn serve_waiting(&mut self) {
        let head = self.log.head();
        if let Some((from, count)) = self.waiting.take_if(|(from, _)| *from <= head) {
            self.answer(from, self.log.read(from, count));
        }
    }

    fn end(&self) -> Stretch {
        Stretch {
            from: 0,
            count: 0,
            head: self.log.head(),
            bytes: Bytes::new(),
        }
    }

    fn answer(&mut self, asked: u64, stretch: Stretch) {
        let packet = Packet::Stretch { asked, stretch };
        self.outbox.push_back((LAGGARD, packet));
    }

    /// Writes the whole state down, as who has no other means would.
    fn copy(&mut self) {
        let (sequence, state) = self.log.state();
        let mut bytes = Vec::new();
        for item in &state {
            // What is serialised here always can be, and a vector grows.
            bytes = postcard::to_extend(&item, bytes).unwrap_or_default();
        }
        let bytes = bytes.into();
        self.outbox
            .push_back((LAGGARD, Packet::State { sequence, bytes }));
    }

    fn metered<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let before = processor::thread_ns();
        let done = act(self);
        let took = processor::thread_ns().saturating_sub(before);
        self.work.cpu_ns += took;
        self.work.slice_ns = self.work.slice_ns.max(took);
        done
    }
}
