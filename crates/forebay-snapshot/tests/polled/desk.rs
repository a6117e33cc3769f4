//! A host whose clock, transport, log and timer do what a test says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, Hash, Host, Marker, Message, PolledProvider, ProviderConfig, ProviderEvent, SendError,
    SliceSnapshot, Snapshot,
};

pub(crate) type State = SliceSnapshot<u64>;

/// This peer, which leads unless a test says otherwise.
pub(crate) const LOCAL: u32 = 0;

pub(crate) struct Desk {
    pub(crate) now: Instant,
    pub(crate) id: u32,
    pub(crate) leader: Option<u32>,
    pub(crate) can_feed: bool,
    pub(crate) members: Vec<u32>,
    pub(crate) committed: u64,
    pub(crate) log_is_full: bool,
    pub(crate) fed: Vec<Marker<u32>>,
    /// What is wrong with whom; who is not named is reached.
    pub(crate) links: BTreeMap<u32, Link>,
    pub(crate) tried: usize,
    pub(crate) sent: Vec<(u32, Message<u32>)>,
    pub(crate) events: Vec<ProviderEvent<u32>>,
    pub(crate) timer: Option<Instant>,
    /// Whether the timer rings before its time, and when there is none.
    pub(crate) rings: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Link {
    Full,
    /// No more bytes of data than this at once.
    Narrow(usize),
    Closed,
}

impl Desk {
    pub(crate) fn new() -> Self {
        #[allow(clippy::disallowed_methods, reason = "where the virtual time begins")]
        let now = Instant::now();
        Self {
            now,
            id: LOCAL,
            leader: Some(LOCAL),
            can_feed: true,
            members: (0..2_000).collect(),
            committed: 0,
            log_is_full: false,
            fed: Vec::new(),
            links: BTreeMap::new(),
            tried: 0,
            sent: Vec::new(),
            events: Vec::new(),
            timer: None,
            rings: false,
        }
    }
}

impl Host<u32> for Desk {
    fn now(&self) -> Instant {
        self.now
    }

    fn poll_timer(&mut self, _: &mut Context<'_>, at: Option<Instant>) -> Poll<()> {
        self.timer = at;
        if self.rings || at.is_some_and(|at| at <= self.now) {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn local_id(&self) -> &u32 {
        &self.id
    }

    fn leader(&self) -> Option<&u32> {
        self.leader.as_ref()
    }

    fn is_leader(&self) -> bool {
        self.can_feed && self.leader == Some(self.id)
    }

    fn members(&self) -> &[u32] {
        &self.members
    }

    fn committed(&self) -> Sequence {
        Sequence::new(self.committed)
    }

    fn feed_command(&mut self, marker: Marker<u32>) -> Result<(), Marker<u32>> {
        if self.log_is_full {
            return Err(marker);
        }
        self.fed.push(marker);
        Ok(())
    }

    fn send_to(&mut self, peer: &u32, message: Message<u32>) -> Result<(), SendError<u32>> {
        self.tried += 1;
        match (self.links.get(peer), &message) {
            (Some(Link::Full), _) => return Err(SendError::Full(message)),
            (Some(Link::Closed), _) => return Err(SendError::Closed),
            (Some(Link::Narrow(max)), Message::Data { bytes, .. }) if bytes.len() > *max => {
                return Err(SendError::TooLarge(message));
            }
            _ => {}
        }
        self.sent.push((*peer, message));
        Ok(())
    }

    fn event(&mut self, event: ProviderEvent<u32>) {
        self.events.push(event);
    }
}

/// A provider at its desk, and how often who polls it was woken.
pub(crate) struct Office<S: Snapshot = State> {
    pub(crate) desk: Desk,
    pub(crate) provider: PolledProvider<S, u32>,
    pub(crate) wakes: Arc<Wakes>,
}

impl<S: Snapshot> Office<S> {
    pub(crate) fn new() -> Self {
        Self::with(ProviderConfig::new())
    }

    pub(crate) fn with(config: ProviderConfig) -> Self {
        Self::at(Desk::new(), config)
    }

    pub(crate) fn at(desk: Desk, config: ProviderConfig) -> Self {
        Self {
            provider: PolledProvider::new(config, &desk).unwrap(),
            desk,
            wakes: Arc::default(),
        }
    }

    pub(crate) fn poll(&mut self) -> Poll<()> {
        let wakes = Arc::clone(&self.wakes);
        self.poll_as(&wakes)
    }

    pub(crate) fn poll_as(&mut self, wakes: &Arc<Wakes>) -> Poll<()> {
        let waker = Waker::from(Arc::clone(wakes));
        let mut cx = Context::from_waker(&waker);
        self.provider.poll(&mut cx, &mut self.desk)
    }

    /// Polls for as long as there is something to do, and returns how often there was.
    pub(crate) fn settle(&mut self) -> usize {
        for polls in 0..10_000 {
            if self.poll().is_pending() {
                return polls;
            }
        }
        panic!("there is no end to it");
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.desk.now += time;
    }

    pub(crate) fn sent(&mut self) -> Vec<(u32, Message<u32>)> {
        self.settle();
        std::mem::take(&mut self.desk.sent)
    }

    /// Has the provider take a message, and returns the one that is sent then.
    pub(crate) fn ask(&mut self, from: u32, message: Message<u32>) -> Message<u32> {
        self.provider.receive(from, message).unwrap();
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        let (to, answer) = sent.remove(0);
        assert_eq!(to, from);
        answer
    }

    pub(crate) fn take(&mut self, requester: u32, anchor: Anchor, state: S) {
        let marker = Marker::new(requester, anchor.sequence().get());
        self.provider.taken(&self.desk, &marker, anchor, state);
    }

    /// Takes a snapshot, which a peer is offered, and returns its root and its chunks.
    pub(crate) fn offer(&mut self, to: u32, anchor: Anchor, state: S) -> (Hash, u64) {
        self.take(to, anchor, state);
        let sent = self.sent();
        match &sent[..] {
            [(_, Message::Offer { root, chunks, .. })] => (*root, *chunks),
            other => panic!("{other:?} offers nothing"),
        }
    }

    pub(crate) fn snapshots(&self) -> usize {
        self.provider.usage().snapshots
    }
}

#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn at(sequence: u64) -> Anchor {
    Anchor::new(Sequence::new(sequence), 1)
}

/// A state of so many items, which differ.
pub(crate) fn state(items: u64) -> State {
    let item = |item: u64| item.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..items).map(item).collect::<Vec<_>>().into()
}

pub(crate) const fn request(nonce: u64) -> Message<u32> {
    Message::Request {
        nonce,
        reconnect: None,
    }
}
