//! What a service and a replica do alike to give each other snapshots.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use forebay_snapshot::driver::{
    Backoff, Driver, DriverConfig, DriverHandle, DriverHost, NotInstalled, accept_tcp, connect_tcp,
    keep_connected,
};
use forebay_snapshot::{
    Anchor, LogEntry, Marker, Membership, MemorySpool, Provider, ProviderConfig,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time;

use crate::config::{Entry, Kept, Peer};
use crate::writer::{Fatal, Writer};

/// The service leads the log, under one name for ever.
pub const LEADER: &str = "service";

/// The log has one leader, so there is one term.
pub const TERM: u64 = 1;

/// How long to wait before another attempt to connect to a peer that is not there.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How often the log is shortened.
const PRUNE_EVERY: Duration = Duration::from_millis(250);

/// Another process that has the state, or is about to: `NAME=ADDRESS`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PeerAddress {
    /// What it is called.
    pub name: Peer,
    /// Where it gives snapshots.
    pub address: SocketAddr,
}

/// What makes a peer the one it is among the others.
#[derive(Clone, Debug)]
pub struct Seat {
    /// What it is called.
    pub name: Peer,
    /// Where it gives snapshots.
    pub listen: SocketAddr,
    /// The others.
    pub peers: Vec<PeerAddress>,
    /// How fast it gives snapshots to one other; as fast as it can, if that is not said.
    pub bytes_per_second: Option<u64>,
    /// How many entries of the log are kept for those who are a little behind.
    pub trailing: u64,
}

impl Seat {
    /// Returns who the peers are.
    #[must_use]
    pub fn membership(&self) -> Membership<Peer> {
        let others = self.peers.iter().map(|peer| peer.name.clone());
        let all = others.chain([self.name.clone(), LEADER.to_owned()]);
        Membership::new(self.name.clone(), all).with_leader(Some(LEADER.to_owned()))
    }

    /// Starts to give snapshots, and keeps connections to the others.
    ///
    /// # Errors
    ///
    /// Those of the listener, and of settings that make no sense.
    ///
    /// # Cancel safety
    ///
    /// Nothing was started then.
    pub async fn take<H>(&self, host: H) -> Result<(DriverHandle<H>, JoinHandle<()>), Fatal>
    where
        H: DriverHost<Peer = Peer>,
        H::State: Send + Sync,
    {
        let mut config = ProviderConfig::new().trailing(self.trailing);
        if let Some(bytes) = self.bytes_per_second {
            config = config.follower_bytes_per_second(bytes);
        }
        let address = self.listen;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
        let provider = Provider::new(config, self.membership())?;
        let (driver, handle) = Driver::new(DriverConfig::new(), provider, host)?;
        let driver = tokio::spawn(driver.run());
        tokio::spawn(accept_tcp(listener, handle.clone()));
        for peer in self.peers.clone() {
            let local = self.name.clone();
            let connect = async move || connect_tcp(peer.address, &local).await;
            let backoff = Backoff::new(BACKOFF_FIRST, BACKOFF_MAX);
            tokio::spawn(keep_connected(handle.clone(), peer.name, backoff, connect));
        }
        let ended = tokio::spawn(async move {
            // A panic in there was printed; what is left is that it has ended.
            let _ = driver.await;
        });
        Ok((handle, ended))
    }
}

/// The service among its peers: it puts markers into the log, and never catches up.
#[derive(Debug)]
pub struct Leader(mpsc::UnboundedSender<Marker<Peer>>);

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

/// Leads: writes markers, and shortens the log to what somebody may still need.
///
/// # Errors
///
/// As [`Seat::take`].
///
/// # Cancel safety
///
/// Nothing was started then.
pub async fn lead(
    seat: &Seat,
    writer: Writer,
) -> Result<(DriverHandle<Leader>, JoinHandle<()>), Fatal> {
    let (tx, mut markers) = mpsc::unbounded_channel();
    let (handle, ended) = seat.take(Leader(tx)).await?;
    let (telling, of_log) = (handle.clone(), writer.clone());
    tokio::spawn(async move {
        while let Some(marker) = markers.recv().await {
            let written = of_log.write(Entry::Marker(marker.clone())).await;
            let told = match written {
                Ok(Some(written)) => {
                    let anchor = Anchor::new(written.cursor.sequence(), TERM);
                    let state = Kept::from(written.state.unwrap_or_default());
                    telling.taken(marker, anchor, state).await
                }
                // Why, the writer has said.
                _ => telling.unfed(marker).await,
            };
            if told.is_err() {
                return;
            }
        }
    });
    let telling = handle.clone();
    tokio::spawn(async move {
        let mut ticks = time::interval(PRUNE_EVERY);
        let mut is_failing = false;
        loop {
            ticks.tick().await;
            let head = writer.view().cursor.sequence();
            let Ok(safe) = telling.safe_to_prune(head).await else {
                return;
            };
            let pruned = writer.prune(safe).await;
            if let Err(error) = &pruned
                && !is_failing
            {
                tracing::warn!("the log cannot be shortened, and is tried again: {error}");
            }
            is_failing = pruned.is_err();
        }
    });
    Ok((handle, ended))
}

impl FromStr for PeerAddress {
    type Err = Fatal;

    fn from_str(text: &str) -> Result<Self, Fatal> {
        let (name, address) = text.split_once('=').ok_or("NAME=ADDRESS is expected")?;
        Ok(Self {
            name: name.to_owned(),
            address: address.parse()?,
        })
    }
}
