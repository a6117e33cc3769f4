//! A provider with a clock that only moves when it is told to.

use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{
    Absence, Anchor, Hash, Marker, Membership, Message, Piece, Provider, ProviderConfig,
    ProviderEvent, ProviderOutput, Refusal, SliceSnapshot,
};

/// Peers are numbers. The provider is this one, and so is the leader, unless a test says otherwise.
pub(crate) const LOCAL: u32 = 0;

/// Everybody up to this number is a member.
pub(crate) const MEMBERS: u32 = 2_000;

pub(crate) type State = SliceSnapshot<u64>;

pub(crate) struct Rig {
    pub(crate) provider: Provider<State, u32>,
    pub(crate) now: Instant,
    ids: u64,
}

/// A snapshot that can be fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Offered {
    pub(crate) anchor: Anchor,
    pub(crate) root: Hash,
    pub(crate) chunks: u64,
    pub(crate) ttl: Duration,
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn at(sequence: u64) -> Anchor {
    Anchor::new(Sequence::new(sequence), 1)
}

/// A state of so many items, which differ.
pub(crate) fn state(items: u64) -> State {
    (0..items)
        .map(|item| item.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect::<Vec<_>>()
        .into()
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(ProviderConfig::new())
    }

    pub(crate) fn with(config: ProviderConfig) -> Self {
        #[allow(clippy::disallowed_methods, reason = "where the virtual time begins")]
        let now = Instant::now();
        let members = Membership::new(LOCAL, 0..MEMBERS).with_leader(Some(LOCAL));
        let provider = Provider::new(config, members).unwrap();
        Self {
            provider,
            now,
            ids: 1 << 40,
        }
    }

    pub(crate) fn set_members(&mut self, voters: impl IntoIterator<Item = u32>) {
        let members = Membership::new(LOCAL, voters).with_leader(Some(LOCAL));
        self.provider.handle_membership(self.now, members);
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Lets time pass, waking the provider exactly when it wants to be.
    pub(crate) fn pass_awake(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.provider.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.provider.handle_timeout(self.now);
        }
        self.now = until;
    }

    pub(crate) fn tell(&mut self, from: u32, message: Message<u32>) {
        self.provider
            .handle_message(self.now, from, message)
            .unwrap();
    }

    pub(crate) fn ask(&mut self, from: u32, nonce: u64) {
        self.ask_from(from, nonce, None);
    }

    pub(crate) fn ask_from(&mut self, from: u32, nonce: u64, reconnect: Option<u64>) {
        let reconnect = reconnect.map(Sequence::new);
        self.tell(from, Message::Request { nonce, reconnect });
    }

    pub(crate) fn outputs(&mut self) -> Vec<ProviderOutput<u32>> {
        std::iter::from_fn(|| self.provider.poll_output()).collect()
    }

    /// What is sent; all else is dropped.
    pub(crate) fn sent(&mut self) -> Vec<(u32, Message<u32>)> {
        let outputs = self.outputs().into_iter();
        let sent = outputs.filter_map(|output| match output {
            ProviderOutput::Send { to, message } => Some((to, message)),
            _ => None,
        });
        sent.collect()
    }

    pub(crate) fn events(&mut self) -> Vec<ProviderEvent<u32>> {
        let outputs = self.outputs().into_iter();
        let events = outputs.filter_map(|output| match output {
            ProviderOutput::Event(event) => Some(event),
            _ => None,
        });
        events.collect()
    }

    /// The markers that are to be put into the log.
    pub(crate) fn fed(&mut self) -> Vec<Marker<u32>> {
        let outputs = self.outputs().into_iter();
        let fed = outputs.filter_map(|output| match output {
            ProviderOutput::Feed(marker) => Some(marker),
            _ => None,
        });
        fed.collect()
    }

    pub(crate) fn take(&mut self, marker: &Marker<u32>, anchor: Anchor, state: State) {
        self.provider.handle_taken(self.now, marker, anchor, state);
    }

    pub(crate) fn work(&mut self) {
        while self.provider.work(self.now, 1_000) {}
    }

    /// Has a snapshot taken for a peer, which is offered it.
    pub(crate) fn offer(&mut self, to: u32, anchor: Anchor, state: State) -> Offered {
        let nonce = self.fresh_id();
        self.take(&Marker::new(to, nonce), anchor, state);
        self.work();
        let sent = self.sent();
        let offers: Vec<_> = sent
            .iter()
            .filter_map(|(_, message)| offer_of(message))
            .collect();
        assert_eq!(offers.len(), 1, "{sent:?}");
        offers[0]
    }

    /// Fetches, and returns the one answer.
    pub(crate) fn fetch(&mut self, from: u32, offered: &Offered, piece: Piece) -> Message<u32> {
        let id = self.fresh_id();
        self.fetch_as(from, id, offered, piece)
    }

    pub(crate) fn fetch_as(
        &mut self,
        from: u32,
        id: u64,
        offered: &Offered,
        piece: Piece,
    ) -> Message<u32> {
        let Offered { anchor, root, .. } = *offered;
        self.tell(
            from,
            Message::Fetch {
                id,
                anchor,
                root,
                piece,
            },
        );
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        let (to, message) = sent.remove(0);
        assert_eq!(to, from);
        match &message {
            Message::Data { id: answered, .. } | Message::Gone { id: answered, .. } => {
                assert_eq!(*answered, id);
            }
            other => panic!("{other:?} answers no fetch"),
        }
        message
    }

    /// Whether a fetch is served. It keeps the snapshot alive.
    pub(crate) fn serves(&mut self, from: u32, offered: &Offered) -> bool {
        matches!(
            self.fetch(from, offered, Piece::Index),
            Message::Data { .. }
        )
    }

    fn fresh_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }
}

pub(crate) const fn chunks(first: u64, count: u32) -> Piece {
    Piece::Chunks { first, count }
}

pub(crate) fn offer_of(message: &Message<u32>) -> Option<Offered> {
    match message {
        Message::Offer {
            anchor,
            root,
            chunks,
            ttl,
            ..
        } => Some(Offered {
            anchor: *anchor,
            root: *root,
            chunks: *chunks,
            ttl: *ttl,
        }),
        _ => None,
    }
}

pub(crate) fn refusal_of(message: &Message<u32>) -> Option<Refusal<u32>> {
    match message {
        Message::Refuse { why, .. } => Some(why.clone()),
        _ => None,
    }
}

pub(crate) fn absence_of(message: &Message<u32>) -> Option<Absence> {
    match message {
        Message::Gone { why, .. } => Some(*why),
        _ => None,
    }
}
