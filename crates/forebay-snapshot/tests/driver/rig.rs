//! Three peers with one log between them, and wires that can be cut.

use std::future;
use std::sync::{Arc, Mutex};

use forebay_core::Sequence;
use forebay_snapshot::driver::{
    Disconnected, Driver, DriverConfig, DriverEvent, DriverHandle, DriverHost, NotInstalled,
};
use forebay_snapshot::{
    Anchor, LogEntry, Marker, Membership, MemorySpool, Provider, ProviderConfig, Session,
    SessionConfig, SliceSnapshot,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::{select, time};

pub(crate) type Name = u8;
pub(crate) type State = SliceSnapshot<u64>;

/// The leader.
pub(crate) const A: Name = 1;
pub(crate) const B: Name = 2;
/// Whoever fell behind.
pub(crate) const C: Name = 3;

/// So little is under way on a wire that a transfer takes many turns.
const WIRE_BYTES: usize = 4 << 10;

/// What a driver has done to its host.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) installed: Option<(Anchor, Vec<u64>)>,
    pub(crate) replay: Option<Vec<LogEntry<u64>>>,
    pub(crate) events: Vec<DriverEvent<Name>>,
    /// Whether the log takes no markers.
    pub(crate) feeds_nothing: bool,
    /// How often it is still to fail to install a state.
    pub(crate) fails: u32,
}

pub(crate) struct Replica {
    seen: Arc<Mutex<Seen>>,
    log: mpsc::UnboundedSender<Marker<Name>>,
}

impl DriverHost for Replica {
    type State = State;
    type Peer = Name;
    type Entry = u64;
    type Spool = MemorySpool;

    fn feed(&mut self, marker: Marker<Name>) -> Result<(), Marker<Name>> {
        if self.seen.lock().unwrap().feeds_nothing {
            return Err(marker);
        }
        self.log.send(marker).map_err(|error| error.0)
    }

    fn install(&mut self, anchor: Anchor, state: State) -> Result<(), NotInstalled> {
        let mut seen = self.seen.lock().unwrap();
        if let Some(fails) = seen.fails.checked_sub(1) {
            seen.fails = fails;
            return Err(NotInstalled::new());
        }
        seen.installed = Some((anchor, state.to_vec()));
        Ok(())
    }

    fn done(&mut self, _: Anchor, replay: Vec<LogEntry<u64>>) {
        self.seen.lock().unwrap().replay = Some(replay);
    }

    fn event(&mut self, event: DriverEvent<Name>) {
        self.seen.lock().unwrap().events.push(event);
    }
}

pub(crate) struct Peer {
    pub(crate) handle: DriverHandle<Replica>,
    pub(crate) task: JoinHandle<Replica>,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Peer {
    /// Returns why connections to a peer have ended, in order.
    pub(crate) fn ends(&self, peer: Name) -> Vec<Disconnected> {
        let seen = self.seen.lock().unwrap();
        let ends = seen.events.iter().filter_map(|event| match event {
            DriverEvent::Disconnected { peer: from, why } if *from == peer => Some(*why),
            _ => None,
        });
        ends.collect()
    }

    pub(crate) fn installed(&self) -> Option<(Anchor, Vec<u64>)> {
        self.seen.lock().unwrap().installed.clone()
    }
}

/// The peers, with the task that stands for their log.
pub(crate) struct Cluster {
    pub(crate) a: Peer,
    pub(crate) b: Peer,
    pub(crate) c: Peer,
}

impl Cluster {
    /// Starts three peers that are not connected. A marker is applied as entry 42 by the first two.
    pub(crate) fn start(config: &DriverConfig) -> Self {
        let (tx, mut markers) = mpsc::unbounded_channel();
        let [a, b, c] = [A, B, C].map(|name| start(name, config, tx.clone()));
        let appliers = [a.handle.clone(), b.handle.clone()];
        tokio::spawn(async move {
            while let Some(marker) = markers.recv().await {
                for handle in &appliers {
                    // One that has stopped applies nothing.
                    let _ = handle.taken(marker.clone(), anchor(), state()).await;
                }
            }
        });
        Self { a, b, c }
    }
}

fn start(name: Name, config: &DriverConfig, log: mpsc::UnboundedSender<Marker<Name>>) -> Peer {
    let members = Membership::new(name, [A, B, C]).with_leader(Some(A));
    let provider = Provider::new(ProviderConfig::new(), members).unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let host = Replica {
        seen: Arc::clone(&seen),
        log,
    };
    let (driver, handle) = Driver::new(config.clone(), provider, host).unwrap();
    let task = tokio::spawn(driver.run());
    Peer { handle, task, seen }
}

pub(crate) fn anchor() -> Anchor {
    Anchor::new(Sequence::new(42), 1)
}

pub(crate) fn state() -> State {
    State::from((0..100_000).map(|item| item * 1_000).collect::<Vec<u64>>())
}

/// A session that fetches a little at a time.
pub(crate) fn session() -> Session<State, Name, u64> {
    session_with(SessionConfig::new().fetch_bytes(16 << 10))
}

pub(crate) fn session_with(config: SessionConfig) -> Session<State, Name, u64> {
    let members = Membership::new(C, [A, B, C]).with_leader(Some(A));
    Session::start(time::Instant::now().into_std(), config, members, 7).unwrap()
}

/// What becomes of the bytes from a provider after the first few.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wire {
    Whole,
    /// After so many bytes, both ends see it closed.
    Cut(u64),
    /// After so many bytes, no more arrive.
    Stuck(u64),
}

/// Connects the one who fell behind with a provider.
pub(crate) async fn join(follower: &Peer, provider: &Peer, name: Name, wire: Wire) {
    let (near, mut left) = duplex(WIRE_BYTES);
    let (mut right, far) = duplex(WIRE_BYTES);
    follower.handle.attach(name, near).await.unwrap();
    provider.handle.attach(C, far).await.unwrap();
    tokio::spawn(async move {
        let Some(bytes) = wire.bytes() else {
            let _ = tokio::io::copy_bidirectional(&mut left, &mut right).await;
            return;
        };
        let (mut from_provider, mut to_provider) = tokio::io::split(right);
        let (mut from_follower, mut to_follower) = tokio::io::split(left);
        let answers = async {
            let mut first = (&mut from_provider).take(bytes);
            let _ = tokio::io::copy(&mut first, &mut to_follower).await;
            if matches!(wire, Wire::Stuck(_)) {
                future::pending::<()>().await;
            }
        };
        // With a follower that closes, the wire ends, however little has passed by then.
        select! {
            _ = tokio::io::copy(&mut from_follower, &mut to_provider) => {}
            () = answers => {}
        }
    });
}

impl Wire {
    const fn bytes(self) -> Option<u64> {
        match self {
            Self::Whole => None,
            Self::Cut(bytes) | Self::Stuck(bytes) => Some(bytes),
        }
    }
}

/// A connection to a peer of which the test itself is the other end.
pub(crate) async fn by_hand(peer: &Peer, name: Name) -> DuplexStream {
    let (near, far) = duplex(WIRE_BYTES);
    peer.handle.attach(name, far).await.unwrap();
    near
}

pub(crate) async fn write_raw(stream: &mut DuplexStream, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).unwrap();
    stream.write_all(&len.to_le_bytes()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
}

pub(crate) async fn read_raw(stream: &mut DuplexStream) -> Vec<u8> {
    let len = stream.read_u32_le().await.unwrap();
    let mut bytes = vec![0; len as usize];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}
