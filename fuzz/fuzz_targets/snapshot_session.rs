//! A session under any schedule of messages, entries, time and trouble.
//!
//! * Nothing makes it panic.
//! * It installs the state that it was offered, or an empty one, and replays without a gap.
//! * After each step, everything is within its bounds, and it will go on by itself unless it is over.
//! * Its timers let time pass: it does not spin.
#![no_main]

#[path = "snapshot/schedule.rs"]
mod schedule;

use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{
    Absence, Anchor, Hash, Limits, Marker, Membership, MemorySpool, Message, Provider,
    ProviderConfig, ProviderOutput, Refusal, ResumeState, Session, SessionConfig, SessionOutput,
    SliceSnapshot, Trust, decode,
};
use libfuzzer_sys::fuzz_target;

use crate::schedule::{Schedule, count_message};

type State = SliceSnapshot<u64>;

const LIMITS: Limits = Limits::new().piece_bytes_max(41_000).pages_max(4);
const SPOOL_BYTES_MAX: u64 = 50_000;
const ENTRIES_MAX: usize = 20;
const PEERS: u8 = 4;
const TIMEOUTS: u32 = 200;

struct World {
    session: Session<State, u8, u64>,
    provider: Provider<State, u8>,
    items: Vec<u64>,
    now: Instant,
    nonce: u64,
    fetches: Vec<(u8, Message<u8>)>,
    root: Option<Hash>,
}

impl World {
    fn new(input: &mut Schedule<'_>) -> Self {
        let now = Instant::now();
        let membership = Membership::new(0, 0..PEERS);
        let session = Session::start(now, config(input), membership, 1).unwrap();
        let members = Membership::new(1, 0..PEERS);
        let mut provider = Provider::new(ProviderConfig::new().limits(LIMITS), members).unwrap();
        let items: Vec<u64> = (0..u64::from(input.byte()) * 40)
            .map(|item| item << 40)
            .collect();
        let marker = Marker::new(0, 0);
        provider.handle_taken(now, &marker, anchor(10), items.clone().into());
        while provider.work(now, 10_000) {}
        let mut world = Self {
            session,
            provider,
            items,
            now,
            nonce: 0,
            fetches: Vec::new(),
            root: None,
        };
        while let Some(output) = world.provider.poll_output() {
            if let ProviderOutput::Send {
                message: Message::Offer { root, .. },
                ..
            } = output
            {
                world.root = Some(root);
            }
        }
        world.take();
        world
    }

    fn tell(&mut self, from: u8, message: Message<u8>) {
        count_message();
        // A message for a provider comes back.
        let _ = self.session.handle_message(self.now, from, message);
    }

    fn step(&mut self, input: &mut Schedule<'_>) {
        let now = self.now;
        match input.byte() % 16 {
            0 => {
                let from = input.byte() % 6;
                if let Ok(message) = decode(input.frame(), &LIMITS) {
                    self.tell(from, message);
                }
            }
            1 | 2 => self.offer(input),
            3..=5 => self.answer(input),
            6 => {
                let (from, id, bytes) = (input.byte() % 6, input.number(), input.frame());
                self.tell(from, Message::Data { id, bytes });
            }
            7 => self.deny(input),
            8 => {
                let after = Anchor::new(Sequence::new(input.number()), input.number());
                let (len, term) = (input.byte() % 30, input.number());
                let entries = (0..len).map(|_| (term, u64::from(len)));
                self.session.handle_entries(now, after, entries);
            }
            9 => self.session.handle_leader(now, Some(input.byte() % 6)),
            10 => {
                let membership = Membership::new(0, 0..input.byte() % 6);
                self.session.handle_membership(now, membership);
            }
            11 => self.session.handle_peer_gone(now, &(input.byte() % 6)),
            12 => self.session.handle_installed(now),
            13 => self.session.handle_install_failed(now),
            14 => self.restart(input),
            _ => {
                self.now += Duration::from_millis(u64::from(input.byte()) * 20);
                self.session.handle_timeout(self.now);
            }
        }
        self.take();
    }

    fn offer(&mut self, input: &mut Schedule<'_>) {
        let (from, kind) = (input.byte() % 6, input.byte());
        let root = match (kind % 4, self.root) {
            (0, _) => Hash::of(&[kind]),
            (_, Some(root)) => root,
            (_, None) => return,
        };
        let sequence = if kind < 200 { 10 } else { input.number() };
        self.tell(
            from,
            Message::Offer {
                nonce: self.nonce,
                anchor: anchor(sequence),
                root,
                items: input.number(),
                bytes: input.number(),
                chunks: input.number(),
                ttl: Duration::from_secs(input.number()),
            },
        );
    }

    /// Answers a fetch rightly, or not quite.
    fn answer(&mut self, input: &mut Schedule<'_>) {
        if self.fetches.is_empty() {
            return;
        }
        let position = usize::from(input.byte()) % self.fetches.len();
        let (peer, fetch) = self.fetches.remove(position);
        let Message::Fetch {
            id, root, piece, ..
        } = fetch
        else {
            return;
        };
        let fetch = Message::Fetch {
            id,
            anchor: anchor(10),
            root,
            piece,
        };
        let _ = self.provider.handle_message(self.now, 0, fetch);
        while let Some(output) = self.provider.poll_output() {
            let ProviderOutput::Send { message, .. } = output else {
                continue;
            };
            let message = match (message, input.byte()) {
                (Message::Data { id, bytes }, kind @ 240..) => Message::Data {
                    id,
                    bytes: bytes.slice(..bytes.len().saturating_sub(usize::from(kind - 239))),
                },
                (message, _) => message,
            };
            if input.byte() > 250 {
                self.tell(peer, message.clone());
            }
            self.tell(peer, message);
        }
    }

    fn deny(&mut self, input: &mut Schedule<'_>) {
        let retry_after = Duration::from_millis(input.number());
        if input.byte() % 2 == 0 {
            let (from, nonce, why) = (input.byte() % 6, self.nonce, Refusal::Busy);
            self.tell(
                from,
                Message::Refuse {
                    nonce,
                    why,
                    retry_after,
                },
            );
        } else if let Some((peer, Message::Fetch { id, .. })) = self.fetches.pop() {
            let why = match input.byte() % 5 {
                0 => Absence::Unknown,
                1 => Absence::OutOfRange {
                    len: input.number(),
                },
                2 => Absence::Empty,
                _ => Absence::Busy { retry_after },
            };
            self.tell(peer, Message::Gone { id, why });
        }
    }

    fn restart(&mut self, input: &mut Schedule<'_>) {
        let (now, membership) = (self.now, Membership::new(0, 0..PEERS));
        let fresh = Session::start(now, config(input), membership.clone(), 2).unwrap();
        let old = std::mem::replace(&mut self.session, fresh);
        let state = if input.byte() % 2 == 0 {
            old.resume_state()
        } else {
            ResumeState::default()
        };
        let spool = if input.byte() % 2 == 0 {
            old.into_spool()
        } else {
            MemorySpool::new()
        };
        let seed = input.number();
        self.session =
            Session::resume(now, config(input), membership, seed, spool, &state).unwrap();
    }

    fn take(&mut self) {
        while self.session.work(self.now, 100) {}
        while let Some(output) = self.session.poll_output() {
            match output {
                SessionOutput::Send { to, message } => match message {
                    Message::Request { nonce, .. } => self.nonce = nonce,
                    Message::Fetch { .. } => self.fetches.push((to, message)),
                    _ => {}
                },
                SessionOutput::Install { state, .. } => {
                    assert!(state.is_empty() || state[..] == self.items[..]);
                }
                SessionOutput::Done { anchor, replay } => {
                    let mut next = anchor.sequence().next();
                    for entry in replay {
                        assert_eq!(Some(entry.sequence), next);
                        next = entry.sequence.next();
                    }
                }
                _ => {}
            }
        }
        let excess = self.fetches.len().saturating_sub(100);
        self.fetches.drain(..excess);
    }

    fn check(&self) {
        let usage = self.session.usage();
        assert!(usage.spool_bytes + usage.requested_bytes <= SPOOL_BYTES_MAX);
        assert!(usage.entries <= ENTRIES_MAX);
        assert!(usage.offers <= 4 * 6 && usage.fetches <= 8 * 6);
        assert_eq!(
            self.session.poll_timeout().is_none(),
            self.session.phase().is_final()
        );
    }

    fn end(&mut self) {
        let began = self.now;
        for _ in 0..TIMEOUTS {
            let Some(at) = self.session.poll_timeout() else {
                return;
            };
            self.now = self.now.max(at);
            self.session.handle_timeout(self.now);
            self.take();
        }
        assert!(self.now - began >= Duration::from_secs(1), "it spins");
    }
}

fn config(input: &mut Schedule<'_>) -> SessionConfig {
    let trust = if input.byte() % 4 == 0 {
        Trust::Quorum
    } else {
        Trust::Crash
    };
    SessionConfig::new()
        .trust(trust)
        .limits(LIMITS)
        .fetch_bytes(1 + u32::from(input.byte()) * 100)
        .spool_bytes_max(SPOOL_BYTES_MAX)
        .entries_max(ENTRIES_MAX)
}

const fn anchor(sequence: u64) -> Anchor {
    Anchor::new(Sequence::new(sequence), 1)
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Schedule::new(bytes);
    let mut world = World::new(&mut input);
    while !input.is_over() {
        world.step(&mut input);
        world.check();
    }
    world.end();
});
