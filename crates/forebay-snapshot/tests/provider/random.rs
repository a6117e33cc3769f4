//! Random calls, with numbers at every edge, against what must always hold.
//!
//! * Nothing panics.
//! * Every message that is taken gets one answer: each fetch exactly one, each request one for each
//!   time it came, at the latest when all that it waits for is over.
//! * After each call, everything is within its bounds.
//! * Once nobody calls any more, time alone frees everything.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, Hash, Marker, Membership, Message, NotTaken, ProviderConfig, ProviderOutput, Unsent,
};
use proptest::prelude::*;

use crate::calls::{self, Call, PEERS};
use crate::rig::{LOCAL, Rig, secs, state};

const SNAPSHOTS_MAX: usize = 3;
const FOLLOWERS_MAX: usize = 4;
const OUTPUTS_MAX: usize = 12;
const CACHED_BYTES_MAX: usize = 20_000;
const QUEUED_BYTES_MAX: usize = 2 << 20;

/// A provider, and what is known of it from outside.
struct World {
    rig: Rig,
    leader: Option<u32>,
    /// What was offered.
    known: Vec<(Anchor, Hash)>,
    marker: Option<Marker<u32>>,
    sent: Option<(u32, Message<u32>)>,
    /// How many answers each fetch and each request is still owed.
    fetches: BTreeMap<(u32, u64), u64>,
    requests: BTreeMap<(u32, u64), Owed>,
}

/// What is owed to a request: an answer at least, and at most one for each time that it came and for
/// each marker that names it.
#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    came: u64,
    answered: u64,
    named: u64,
    is_excused: bool,
}

impl World {
    fn new() -> Self {
        let config = ProviderConfig::new()
            .snapshots_max(SNAPSHOTS_MAX)
            .followers_max(FOLLOWERS_MAX)
            .outputs_max(OUTPUTS_MAX)
            .cached_bytes_max(CACHED_BYTES_MAX)
            .queued_bytes_max(QUEUED_BYTES_MAX)
            .window(2)
            .follower_bytes_per_second(1 << 20)
            .total_bytes_per_second(2 << 20)
            .age_max(secs(20));
        let mut rig = Rig::with(config);
        rig.set_members(0..PEERS);
        Self {
            rig,
            leader: Some(LOCAL),
            known: Vec::new(),
            marker: None,
            sent: None,
            fetches: BTreeMap::new(),
            requests: BTreeMap::new(),
        }
    }

    fn apply(&mut self, call: Call) {
        let now = self.rig.now;
        let provider = &mut self.rig.provider;
        match call {
            Call::Request { .. } | Call::Fetch { .. } | Call::Done { .. } | Call::Answer { .. } => {
                self.tell(call);
            }
            Call::Taken {
                requester,
                nonce,
                sequence,
                term,
                items,
            } => {
                let marker = Marker::new(requester, nonce);
                self.taken(&marker, Anchor::new(Sequence::new(sequence), term), items);
            }
            Call::TakenOurs { sequence, items } => {
                if let Some(marker) = self.marker.take() {
                    self.taken(&marker, Anchor::new(Sequence::new(sequence), 1), items);
                }
            }
            Call::Unfed => {
                if let Some(marker) = self.marker.take() {
                    provider.handle_unfed(now, &marker);
                }
            }
            Call::Unsent { why } => self.unsent(why),
            Call::PeerGone { peer } => {
                provider.handle_peer_gone(now, &peer);
                self.excuse(peer);
            }
            Call::Leader { leader } => {
                self.leader = leader;
                provider.handle_leader(now, leader);
            }
            Call::Members { count } => {
                let members = Membership::new(LOCAL, 0..count).with_leader(self.leader);
                provider.handle_membership(now, members);
            }
            Call::Committed { sequence } => provider.handle_committed(Sequence::new(sequence)),
            Call::Prune { sequence } => {
                let committed = Sequence::new(sequence);
                assert!(provider.safe_to_prune(now, committed) <= committed);
            }
            Call::Timeout => provider.handle_timeout(now),
            Call::Work { items } => {
                provider.work(now, items);
            }
            Call::Take { outputs } => {
                for _ in 0..outputs {
                    self.take();
                }
            }
            Call::Pass {
                millis,
                is_back: false,
            } => self.rig.now += Duration::from_millis(millis),
            Call::Pass {
                millis,
                is_back: true,
            } => self.rig.now -= Duration::from_millis(millis),
        }
        self.check();
    }

    /// Returns what a peer says with a call, and which peer that is.
    fn said(&self, call: Call) -> Option<(u32, Message<u32>)> {
        let unknown = || (Anchor::new(Sequence::new(9), 9), Hash::of(b""));
        let known = |index: usize| self.known.get(index).copied().unwrap_or_else(unknown);
        let said = match call {
            Call::Request {
                from,
                nonce,
                reconnect,
            } => {
                let reconnect = reconnect.map(Sequence::new);
                (from, Message::Request { nonce, reconnect })
            }
            Call::Fetch {
                from,
                id,
                known: index,
                root: is_right,
                anchor,
                piece,
            } => {
                let (held, root) = known(index);
                let root = if is_right { root } else { Hash::of(b"wrong") };
                let anchor = anchor.map_or(held, |at| Anchor::new(Sequence::new(at), 1));
                let fetch = Message::Fetch {
                    id,
                    anchor,
                    root,
                    piece,
                };
                (from, fetch)
            }
            Call::Done { from, known: index } => {
                let (anchor, root) = known(index);
                (from, Message::Done { anchor, root })
            }
            Call::Answer { from } => {
                let bytes = Bytes::from_static(b"unsolicited");
                (from, Message::Data { id: 1, bytes })
            }
            _ => return None,
        };
        Some(said)
    }

    fn tell(&mut self, call: Call) {
        let Some((from, message)) = self.said(call) else {
            return;
        };
        let now = self.rig.now;
        match self.rig.provider.handle_message(now, from, message.clone()) {
            Ok(()) => {}
            Err(NotTaken::ForSession(returned)) => {
                assert!(!message.is_for_provider());
                assert_eq!(returned, message);
                return;
            }
            Err(NotTaken::Full(returned)) => {
                assert_eq!(returned, message);
                assert!(self.rig.provider.usage().queued >= OUTPUTS_MAX);
                return;
            }
            Err(other) => panic!("{other:?}"),
        }
        match message {
            _ if from == LOCAL => {}
            Message::Request { nonce, .. } => {
                let owed = self.requests.entry((from, nonce)).or_default();
                owed.came += 1;
                owed.is_excused = false;
            }
            Message::Fetch { id, .. } => *self.fetches.entry((from, id)).or_default() += 1,
            _ => {}
        }
    }

    fn taken(&mut self, marker: &Marker<u32>, anchor: Anchor, items: u64) {
        let owed = self
            .requests
            .entry((marker.requester, marker.nonce))
            .or_default();
        owed.named += 1;
        self.rig.take(marker, anchor, state(items));
    }

    /// Hands the last message back as one that could not be sent.
    fn unsent(&mut self, why: Unsent) {
        let Some((to, message)) = self.sent.take() else {
            return;
        };
        if why == Unsent::Closed {
            self.excuse(to);
        }
        // It will come again, or something in its stead, unless there is no room for it.
        match &message {
            Message::Data { id, .. } | Message::Gone { id, .. } if why != Unsent::Closed => {
                *self.fetches.entry((to, *id)).or_default() += 1;
            }
            Message::Offer { nonce, .. } | Message::Refuse { nonce, .. } => {
                let owed = self.requests.entry((to, *nonce)).or_default();
                owed.named += 1;
                owed.is_excused = true;
            }
            _ => {}
        }
        let now = self.rig.now;
        let queued = self.rig.provider.usage().queued;
        self.rig
            .provider
            .handle_unsent(now, to, message.clone(), why);
        if why != Unsent::Closed && self.rig.provider.usage().queued == queued {
            self.answered(to, &message);
        }
    }

    /// Whoever is gone is owed nothing.
    fn excuse(&mut self, peer: u32) {
        self.fetches.retain(|(from, _), _| *from != peer);
        for ((from, _), owed) in &mut self.requests {
            owed.is_excused |= *from == peer;
        }
    }

    fn take(&mut self) -> bool {
        match self.rig.provider.poll_output() {
            None => return false,
            Some(ProviderOutput::Send { to, message }) => {
                self.answered(to, &message);
                if let Message::Offer { anchor, root, .. } = &message {
                    self.known.retain(|(known, _)| known != anchor);
                    self.known.insert(0, (*anchor, *root));
                }
                self.sent = Some((to, message));
            }
            Some(ProviderOutput::Feed(marker)) => self.marker = Some(marker),
            Some(_) => {}
        }
        true
    }

    fn answered(&mut self, to: u32, message: &Message<u32>) {
        match message {
            Message::Data { id, .. } | Message::Gone { id, .. } => {
                let owed = self.fetches.get_mut(&(to, *id));
                let owed = owed.expect("an answer to a fetch that never came");
                *owed = owed.checked_sub(1).expect("a second answer to a fetch");
            }
            Message::Offer { nonce, .. } | Message::Refuse { nonce, .. } => {
                let owed = self.requests.get_mut(&(to, *nonce));
                let owed = owed.expect("an answer to a request that never came");
                owed.answered += 1;
                assert!(owed.answered <= owed.came + owed.named, "{owed:?}");
            }
            other => panic!("{other:?} is no answer"),
        }
    }

    fn check(&self) {
        let usage = self.rig.provider.usage();
        assert!(usage.snapshots <= SNAPSHOTS_MAX, "{usage:?}");
        assert!(usage.followers <= FOLLOWERS_MAX, "{usage:?}");
        assert!(usage.requests <= FOLLOWERS_MAX, "{usage:?}");
        assert!(usage.queued <= OUTPUTS_MAX + 2 * FOLLOWERS_MAX, "{usage:?}");
        assert!(usage.queued_bytes <= QUEUED_BYTES_MAX, "{usage:?}");
        assert!(usage.cached_bytes <= CACHED_BYTES_MAX, "{usage:?}");
        assert!(
            usage.timers <= SNAPSHOTS_MAX + 2 * FOLLOWERS_MAX + 2,
            "{usage:?}"
        );
        let is_idle = usage.snapshots + usage.followers + usage.requests == 0;
        let waits = self.rig.provider.poll_timeout().is_some();
        assert!(is_idle || waits, "nothing will ever happen: {usage:?}");
    }

    /// Lets everything end by itself.
    fn end(&mut self) {
        while self.rig.provider.work(self.rig.now, 1_000) {}
        for _ in 0..100 {
            while self.take() {}
            self.rig.pass_awake(secs(1));
            self.check();
        }
        let usage = self.rig.provider.usage();
        let left = usage.snapshots + usage.followers + usage.requests + usage.queued + usage.timers;
        assert_eq!(left, 0, "{usage:?}");
        assert_eq!(
            (usage.cached_bytes, usage.queued_bytes, usage.table_bytes),
            (0, 0, 0)
        );
        for (fetch, owed) in &self.fetches {
            assert_eq!(*owed, 0, "{fetch:?} got no answer");
        }
        for (request, owed) in &self.requests {
            let is_answered = owed.came == 0 || owed.answered > 0 || owed.is_excused;
            assert!(is_answered, "{request:?} got no answer: {owed:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_called_every_promise_is_kept(
        calls in prop::collection::vec(prop_oneof![calls::asking(), calls::hosting()], 1..120),
    ) {
        let mut world = World::new();
        for call in calls {
            world.apply(call);
        }
        world.end();
    }
}
