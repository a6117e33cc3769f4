//! A provider under any schedule of messages, markers, time and trouble.
//!
//! * Nothing makes it panic.
//! * Each fetch that it takes gets one answer, and no answer is to a fetch that never came.
//! * After each step, everything is within its bounds.
//! * Once nothing happens any more, time alone frees everything.
#![no_main]

#[path = "snapshot/schedule.rs"]
mod schedule;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, Hash, Limits, Marker, Membership, Message, Piece, Provider, ProviderConfig,
    ProviderOutput, SliceSnapshot, Unsent, decode,
};
use libfuzzer_sys::fuzz_target;

use crate::schedule::{Schedule, count_message};

const LIMITS: Limits = Limits::new();
const SNAPSHOTS_MAX: usize = 3;
const FOLLOWERS_MAX: usize = 4;
const OUTPUTS_MAX: usize = 8;
const CACHED_BYTES_MAX: usize = 10_000;
const PEERS: u8 = 6;

struct World {
    provider: Provider<SliceSnapshot<u64>, u8>,
    now: Instant,
    known: Vec<(Anchor, Hash)>,
    marker: Option<Marker<u8>>,
    sent: Option<(u8, Message<u8>)>,
    fetches: BTreeMap<(u8, u64), u64>,
}

impl World {
    fn new() -> Self {
        let config = ProviderConfig::new()
            .snapshots_max(SNAPSHOTS_MAX)
            .followers_max(FOLLOWERS_MAX)
            .outputs_max(OUTPUTS_MAX)
            .cached_bytes_max(CACHED_BYTES_MAX)
            .window(2)
            .follower_bytes_per_second(1 << 20);
        let now = Instant::now();
        let members = Membership::new(0, 0..PEERS).with_leader(Some(0));
        let provider = Provider::new(config, members).unwrap();
        Self {
            provider,
            now,
            known: Vec::new(),
            marker: None,
            sent: None,
            fetches: BTreeMap::new(),
        }
    }

    fn tell(&mut self, from: u8, message: Message<u8>) {
        count_message();
        let fetched = match &message {
            Message::Fetch { id, .. } if from != 0 => Some(*id),
            _ => None,
        };
        let taken = self.provider.handle_message(self.now, from, message);
        if let (Ok(()), Some(id)) = (taken, fetched) {
            *self.fetches.entry((from, id)).or_default() += 1;
        }
    }

    fn step(&mut self, input: &mut Schedule<'_>) {
        let now = self.now;
        match input.byte() % 16 {
            0 | 1 => {
                let from = input.byte();
                if let Ok(message) = decode(input.frame(), &LIMITS) {
                    self.tell(from, message);
                }
            }
            2 | 3 => {
                let (from, nonce) = (input.byte(), input.number());
                let reconnect = Some(Sequence::new(input.number())).filter(|at| at.get() != 7);
                self.tell(from, Message::Request { nonce, reconnect });
            }
            4 | 5 => self.fetch(input),
            6 => {
                let marker = Marker::new(input.byte(), input.number());
                self.taken(&marker, input);
            }
            7 => {
                if let Some(marker) = self.marker.take() {
                    self.taken(&marker, input);
                }
            }
            8 => {
                if let Some(marker) = self.marker.take() {
                    self.provider.handle_unfed(now, &marker);
                }
            }
            9 => self.unsent(input),
            10 => {
                let peer = input.byte();
                self.provider.handle_peer_gone(now, &peer);
                self.fetches.retain(|(from, _), _| *from != peer);
            }
            11 => {
                let leader = input.byte();
                let leader = Some(leader).filter(|leader| *leader < PEERS);
                self.provider.handle_leader(now, leader);
                let members = Membership::new(0, 0..input.byte() % 8);
                let leader = Some(input.byte()).filter(|leader| *leader < PEERS);
                let members = members.with_learners([input.byte() % 8]);
                self.provider
                    .handle_membership(now, members.with_leader(leader));
            }
            12 => {
                let committed = Sequence::new(input.number());
                assert!(self.provider.safe_to_prune(now, committed) <= committed);
            }
            13 => self.now += Duration::from_millis(u64::from(input.byte()) * 40),
            14 => self.provider.handle_timeout(now),
            _ => {
                self.provider.work(now, usize::from(input.byte()) * 16);
                self.take();
            }
        }
    }

    fn fetch(&mut self, input: &mut Schedule<'_>) {
        let (from, id) = (input.byte() % 8, input.number());
        let known = self.known.get(usize::from(input.byte() % 4));
        let Some((anchor, root)) = known.copied() else {
            return;
        };
        let piece = match input.byte() % 4 {
            0 => Piece::Index,
            1 => Piece::Page(input.number() as u32),
            _ => Piece::Chunks {
                first: input.number(),
                count: input.number() as u32,
            },
        };
        let fetch = Message::Fetch {
            id,
            anchor,
            root,
            piece,
        };
        self.tell(from, fetch);
    }

    fn taken(&mut self, marker: &Marker<u8>, input: &mut Schedule<'_>) {
        let anchor = Anchor::new(Sequence::new(input.number()), input.number());
        let items = u64::from(input.byte()) * 8;
        let state: Vec<u64> = (0..items).map(|item| item << 40).collect();
        self.provider
            .handle_taken(self.now, marker, anchor, state.into());
    }

    fn unsent(&mut self, input: &mut Schedule<'_>) {
        let Some((to, message)) = self.sent.take() else {
            return;
        };
        let why = [Unsent::Full, Unsent::TooLarge, Unsent::Closed][usize::from(input.byte() % 3)];
        let id = match &message {
            Message::Data { id, .. } | Message::Gone { id, .. } => Some(*id),
            _ => None,
        };
        let queued = self.provider.usage().queued;
        self.provider.handle_unsent(self.now, to, message, why);
        if why == Unsent::Closed {
            self.fetches.retain(|(from, _), _| *from != to);
        } else if let Some(id) = id
            && self.provider.usage().queued > queued
        {
            *self.fetches.entry((to, id)).or_default() += 1;
        }
    }

    fn take(&mut self) {
        while let Some(output) = self.provider.poll_output() {
            match output {
                ProviderOutput::Send { to, message } => {
                    match &message {
                        Message::Data { id, .. } | Message::Gone { id, .. } => {
                            let owed = self.fetches.get_mut(&(to, *id)).unwrap();
                            *owed = owed.checked_sub(1).unwrap();
                        }
                        Message::Offer { anchor, root, .. } => {
                            self.known.insert(0, (*anchor, *root));
                            self.known.truncate(4);
                        }
                        _ => {}
                    }
                    self.sent = Some((to, message));
                }
                ProviderOutput::Feed(marker) => self.marker = Some(marker),
                _ => {}
            }
        }
    }

    fn check(&self) {
        let usage = self.provider.usage();
        assert!(usage.snapshots <= SNAPSHOTS_MAX);
        assert!(usage.followers <= FOLLOWERS_MAX);
        assert!(usage.requests <= FOLLOWERS_MAX);
        assert!(usage.queued <= OUTPUTS_MAX + 2 * FOLLOWERS_MAX);
        assert!(usage.cached_bytes <= CACHED_BYTES_MAX);
        assert!(usage.timers <= SNAPSHOTS_MAX + 2 * FOLLOWERS_MAX + 2);
    }

    fn end(&mut self) {
        while self.provider.work(self.now, 1_000) {}
        self.take();
        while let Some(at) = self.provider.poll_timeout() {
            self.now = self.now.max(at);
            self.provider.handle_timeout(self.now);
            self.take();
        }
        let usage = self.provider.usage();
        let left = usage.snapshots + usage.followers + usage.requests + usage.queued;
        assert_eq!(left + usage.cached_bytes + usage.table_bytes, 0);
        assert!(self.fetches.values().all(|owed| *owed == 0));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut world = World::new();
    let mut input = Schedule::new(bytes);
    while !input.is_over() {
        world.step(&mut input);
        world.check();
    }
    world.end();
});
