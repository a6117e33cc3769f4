//! A service of which each answer is given by hand.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use forebay_core::{Cursor, LogId, Sequence};
use forebay_example_follow::config::{Change, Entry, Kept, Peer, State};
use forebay_example_follow::peers::{LEADER, TERM};
use forebay_example_follow::process::PATIENCE;
use forebay_snapshot::driver::{
    Driver, DriverConfig, DriverHandle, DriverHost, NotInstalled, accept_tcp,
};
use forebay_snapshot::{
    Anchor, LogEntry, Marker, Membership, MemorySpool, Provider, ProviderConfig,
};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time;

const LOG: LogId = LogId::new(7);

/// Returns the position after so many entries.
pub fn at(sequence: u64) -> Cursor {
    Cursor::new(LOG, Sequence::new(sequence))
}

/// Gives a key that there is always the same of another value.
pub fn painted(color: &str) -> Change {
    Change {
        topic: "web".parse().unwrap(),
        key: "color".parse().unwrap(),
        value: Some(color.into()),
    }
}

/// A request for the log that waits for its answer.
pub struct Asked {
    /// After which position it wants to go on; from the oldest entry, if it names none.
    pub after: Option<Cursor>,
    answer: oneshot::Sender<Response>,
}

/// A log that is being read. It breaks off when this is dropped.
pub struct Tail(mpsc::UnboundedSender<String>);

pub struct Service {
    /// Where the log is.
    pub address: SocketAddr,
    /// Where snapshots are.
    pub snapshots: SocketAddr,
    asked: mpsc::UnboundedReceiver<Asked>,
    leader: DriverHandle<Leader>,
    markers: mpsc::UnboundedReceiver<Marker<Peer>>,
    /// How many markers were wanted.
    pub fed: usize,
    /// How often the log was asked for.
    pub opened: usize,
}

impl Service {
    /// Starts to answer, and to give snapshots to a replica of that name.
    pub async fn start(replica: &str) -> Self {
        let (tx, asked) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/log", get(log))
            // What the replica reports is of no interest.
            .fallback(async || StatusCode::OK)
            .with_state(tx);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });

        let members = Membership::new(LEADER.to_owned(), [LEADER.to_owned(), replica.to_owned()]);
        let members = members.with_leader(Some(LEADER.to_owned()));
        let provider = Provider::new(ProviderConfig::new().trailing(0), members).unwrap();
        let (feed, markers) = mpsc::unbounded_channel();
        let (driver, leader) = Driver::new(DriverConfig::new(), provider, Leader(feed)).unwrap();
        tokio::spawn(driver.run());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let snapshots = listener.local_addr().unwrap();
        tokio::spawn(accept_tcp(listener, leader.clone()));
        Self {
            address,
            snapshots,
            asked,
            leader,
            markers,
            fed: 0,
            opened: 0,
        }
    }

    /// Waits until the log is asked for.
    pub async fn asked(&mut self) -> Asked {
        let asked = time::timeout(PATIENCE, self.asked.recv()).await;
        self.opened += 1;
        asked.expect("nobody asks for the log").unwrap()
    }

    /// Waits until a snapshot is wanted.
    pub async fn marker(&mut self) -> Marker<Peer> {
        let marker = time::timeout(PATIENCE, self.markers.recv()).await;
        self.fed += 1;
        marker.expect("nobody wants a snapshot").unwrap()
    }

    /// Takes the snapshot that is wanted: a state with one key, at an entry of the log.
    pub async fn take(&self, marker: Marker<Peer>, sequence: u64, color: &str) {
        let mut state = State::new();
        painted(color).apply(&mut state);
        let anchor = Anchor::new(Sequence::new(sequence), TERM);
        let taken = self.leader.taken(marker, anchor, Kept::from(state));
        taken.await.unwrap();
    }

    /// Forgets the log up to there, and returns whether nobody needs it any more.
    pub async fn prune(&self, sequence: u64) -> bool {
        let sequence = Sequence::new(sequence);
        self.leader.safe_to_prune(sequence).await.unwrap() == sequence
    }

    /// Checks that nothing was wanted beyond what was waited for.
    pub fn was_asked_no_more(&mut self) {
        assert!(self.asked.try_recv().is_err(), "the log is asked for again");
        assert!(
            self.markers.try_recv().is_err(),
            "a snapshot is wanted again"
        );
    }
}

impl Asked {
    /// Says that the log does not go on from there any more.
    pub fn goes_stale(self) {
        // The replica asks for as long as it lives.
        let _ = self.answer.send(StatusCode::GONE.into_response());
    }

    /// Lets the log go on after a position.
    pub fn begins(self, after: Cursor) -> Tail {
        let (tx, rx) = mpsc::unbounded_channel();
        let parts = stream::unfold(rx, async |mut rx: mpsc::UnboundedReceiver<String>| {
            let part = rx.recv().await?;
            Some((Ok::<_, Infallible>(Bytes::from(part)), rx))
        });
        let answer = Body::from_stream(parts).into_response();
        let _ = self.answer.send(answer);
        let tail = Tail(tx);
        tail.send("begin", after, "{}");
        tail
    }
}

impl Tail {
    /// Sends an entry that gives the key another value.
    pub fn paint(&self, cursor: Cursor, color: &str) {
        let entry = Entry::Change(painted(color));
        self.send("entry", cursor, &serde_json::to_string(&entry).unwrap());
    }

    fn send(&self, name: &str, cursor: Cursor, data: &str) {
        let event = format!("event: {name}\nid: {cursor}\ndata: {data}\n\n");
        // Whoever has read enough is gone.
        let _ = self.0.send(event);
    }
}

async fn log(
    Shared(tx): Shared<mpsc::UnboundedSender<Asked>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let last = headers.get("last-event-id");
    let after = last.map(|last| last.to_str().unwrap().parse().unwrap());
    let expected = after.map_or("/log?from=oldest", |_| "/log");
    assert_eq!(uri.to_string(), expected);
    let (answer, answered) = oneshot::channel();
    tx.send(Asked { after, answer }).unwrap();
    answered.await.unwrap()
}

struct Leader(mpsc::UnboundedSender<Marker<Peer>>);

impl DriverHost for Leader {
    type State = Kept;
    type Peer = Peer;
    type Entry = Entry;
    type Spool = MemorySpool;

    fn feed(&mut self, marker: Marker<Peer>) -> Result<(), Marker<Peer>> {
        self.0.send(marker).map_err(|lost| lost.0)
    }

    fn install(&mut self, _: Anchor, _: Kept) -> Result<(), NotInstalled> {
        Err(NotInstalled::new())
    }

    fn done(&mut self, _: Anchor, _: Vec<LogEntry<Entry>>) {}
}
