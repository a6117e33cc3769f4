//! The machines of one peer, on tokio.
//!
//! Connections, queues, deadlines and an orderly end are here, and nothing of what peers say to each
//! other: that is for the [`Provider`] and the [`Session`](crate::Session), which are fed and obeyed.
//!
//! * [`Driver`], which runs them, with its [`DriverConfig`]; through a [`DriverHandle`] it is told what
//!   happens, unless [`DriverStopped`], and tells its [`DriverUsage`].
//! * [`DriverHost`], what it needs of the replica, which may be [`NotInstalled`] and hears a
//!   [`DriverEvent`].
//! * [`CatchUp`], a [`HostSession`] that it runs, with the progress as a watch; [`CatchUpError`] is how
//!   that may end.
//! * [`Attached`], a connection that it serves until that is [`Disconnected`]. [`keep_connected`] makes
//!   another one then, after a [`Backoff`]; [`accept_tcp`] and [`connect_tcp`] are the ends of TCP.
//!
//! # Examples
//!
//! A laggard catches up from its only peer, over a stream in memory:
//!
//! ```
//! use forebay_core::Sequence;
//! use forebay_snapshot::driver::{Driver, DriverConfig, DriverHost, NotInstalled};
//! use forebay_snapshot::{
//!     Anchor, LogEntry, Marker, Membership, MemorySpool, Provider, ProviderConfig, Session,
//!     SessionConfig, SliceSnapshot, Trust,
//! };
//! use tokio::sync::mpsc;
//! use tokio::time::Instant;
//!
//! struct Replica {
//!     state: SliceSnapshot<u64>,
//!     log: mpsc::UnboundedSender<Marker<String>>,
//! }
//!
//! impl DriverHost for Replica {
//!     type State = SliceSnapshot<u64>;
//!     type Peer = String;
//!     type Entry = u64;
//!     type Spool = MemorySpool;
//!
//!     fn feed(&mut self, marker: Marker<String>) -> Result<(), Marker<String>> {
//!         self.log.send(marker).map_err(|error| error.0)
//!     }
//!
//!     fn install(&mut self, _: Anchor, state: SliceSnapshot<u64>) -> Result<(), NotInstalled> {
//!         self.state = state;
//!         Ok(())
//!     }
//!
//!     fn done(&mut self, _: Anchor, _: Vec<LogEntry<u64>>) {}
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Instant::now().into_std();
//! let members = ["leader", "laggard"].map(String::from);
//! let start = |name: &str, state: Vec<u64>| {
//!     let members = Membership::new(name.to_owned(), members.clone());
//!     let members = members.with_leader(Some("leader".to_owned()));
//!     let provider = Provider::new(ProviderConfig::new(), members)?;
//!     let (log, markers) = mpsc::unbounded_channel();
//!     let state = state.into();
//!     let (driver, handle) =
//!         Driver::new(DriverConfig::new(), provider, Replica { state, log })?;
//!     Ok::<_, forebay_snapshot::ConfigError>((tokio::spawn(driver.run()), handle, markers))
//! };
//! let (_leading, leader, mut markers) = start("leader", (0..10_000).collect())?;
//! let (lagging, laggard, _) = start("laggard", Vec::new())?;
//!
//! let (near, far) = tokio::io::duplex(64 << 10);
//! laggard.attach("leader".to_owned(), near).await?;
//! leader.attach("laggard".to_owned(), far).await?;
//!
//! let membership = Membership::new("laggard".to_owned(), members);
//! let config = SessionConfig::new().trust(Trust::Crash);
//! let running = laggard.catch_up(Session::start(now, config, membership, 7)?).await?;
//!
//! // The log of the leader applies the marker as its entry 42 of term 3.
//! let marker = markers.recv().await.ok_or("no marker")?;
//! let anchor = Anchor::new(Sequence::new(42), 3);
//! let state: Vec<_> = (0..10_000).collect();
//! leader.taken(marker, anchor, state.clone().into()).await?;
//!
//! assert_eq!(running.finished().await?, anchor);
//! laggard.shutdown().await;
//! assert_eq!(lagging.await?.state[..], state);
//! # Ok(())
//! # }
//! ```

mod catch_up;
mod config;
mod connection;
mod dial;
mod handle;
mod host;
mod links;
mod observe;
mod outputs;
mod tcp;
mod usage;

use std::fmt;
use std::future;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::{select, task, time};

use crate::driver::handle::Command;
use crate::driver::links::Links;
use crate::driver::observe::Observer;
use crate::{Anchor, ConfigError, Message, NotTaken, Progress, Provider};

pub use crate::driver::catch_up::{CatchUp, CatchUpError, HostSession};
pub use crate::driver::config::DriverConfig;
pub use crate::driver::connection::Disconnected;
pub use crate::driver::dial::{Backoff, keep_connected};
pub use crate::driver::handle::{Attached, DriverHandle, DriverStopped};
pub use crate::driver::host::{DriverEvent, DriverHost, NotInstalled};
pub use crate::driver::tcp::{accept_tcp, connect_tcp};
pub use crate::driver::usage::DriverUsage;

/// How many commands of the host, and how many messages of all peers, wait for the driver.
const WAITING_MAX: usize = 64;

type HostProvider<H> = Provider<<H as DriverHost>::State, <H as DriverHost>::Peer>;

/// Runs a provider, and a session while there is one, over connections to other peers.
///
/// It is one task, which never waits for a connection: each has a queue of its own, and a peer that
/// does not read fills that and nothing else. What does not fit is handed back to the provider, which
/// tries again, or lost for the session, which asks again.
///
/// Time is that of tokio, so it stands still where a test pauses it.
pub struct Driver<H: DriverHost> {
    config: DriverConfig,
    host: H,
    observer: Observer,
    provider: HostProvider<H>,
    running: Option<Running<H>>,
    /// Whom the session wanted to fetch from, and who was not connected.
    unreached: Vec<H::Peer>,
    links: Links<H::Peer>,
    commands: mpsc::Receiver<Command<H>>,
    inbound: mpsc::Receiver<(u64, Message<H::Peer>)>,
}

/// A session, and who waits for it.
struct Running<H: DriverHost> {
    session: HostSession<H>,
    progress: watch::Sender<Progress>,
    outcome: Option<oneshot::Sender<Result<Anchor, CatchUpError<H>>>>,
}

impl<H: DriverHost> Driver<H> {
    /// Creates a driver, and the handle through which it is told what happens.
    ///
    /// It does nothing until [`run`](Self::run) is polled.
    ///
    /// # Errors
    ///
    /// What [`DriverConfig::check`] finds.
    ///
    /// # Examples
    ///
    /// See [`driver`](self).
    pub fn new(
        config: DriverConfig,
        provider: HostProvider<H>,
        host: H,
    ) -> Result<(Self, DriverHandle<H>), ConfigError> {
        config.check()?;
        let (tx, commands) = mpsc::channel(WAITING_MAX);
        let (arrived, inbound) = mpsc::channel(WAITING_MAX);
        let driver = Self {
            links: Links::new(config.clone(), arrived),
            config,
            host,
            observer: Observer::new(),
            provider,
            running: None,
            unreached: Vec::new(),
            commands,
            inbound,
        };
        Ok((driver, DriverHandle::new(tx)))
    }

    /// Runs until [`shutdown`](DriverHandle::shutdown), or until there is no handle any more, and
    /// returns the host.
    ///
    /// At the end the session is cancelled, what is queued is sent for as long as
    /// [`linger`](DriverConfig::linger) allows, and all connections are closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes all connections at once. What was queued is lost, and whoever waits
    /// for the session is told that the driver has stopped.
    ///
    /// # Examples
    ///
    /// See [`driver`](self).
    pub async fn run(mut self) -> H {
        loop {
            let is_busy = self.go_on();
            let due = self.due();
            select! {
                // Connections whose last messages have not been read must not be found to be closed.
                biased;
                command = self.commands.recv() => {
                    let Some(command) = command else { break };
                    if matches!(command, Command::Shutdown) {
                        break;
                    }
                    self.obey(command);
                    // A host that says much must not keep peers from being heard.
                    if let Ok((link, message)) = self.inbound.try_recv() {
                        self.receive(link, message);
                    }
                }
                Some((link, message)) = self.inbound.recv() => self.receive(link, message),
                Some((peer, why, is_last)) = self.links.ended() => {
                    if is_last {
                        self.lose(&peer);
                    }
                    self.disconnected(peer, why);
                }
                // Where there is work it is due at once, and nobody else on this thread would get a turn.
                () = sleep_until(due), if !is_busy => {}
                () = task::yield_now(), if is_busy => {}
            }
        }
        self.stop().await
    }

    /// Does what is due and a slice of what takes long, and returns whether there is more of that.
    fn go_on(&mut self) -> bool {
        let now = now();
        let items_max = self.config.work_items_max;
        self.provider.handle_timeout(now);
        let mut is_busy = self.provider.work(now, items_max);
        if let Some(running) = &mut self.running {
            running.session.handle_timeout(now);
            is_busy |= running.session.work(now, items_max);
        }
        self.carry_out(now);
        is_busy
    }

    fn due(&self) -> Option<Instant> {
        let running = self.running.as_ref();
        let session = running.and_then(|running| running.session.poll_timeout());
        self.provider
            .poll_timeout()
            .into_iter()
            .chain(session)
            .min()
    }

    fn obey(&mut self, command: Command<H>) {
        let now = now();
        match command {
            Command::Attach {
                peer,
                stream,
                closed,
            } => {
                for _ in 0..self.links.make_room(&peer) {
                    self.disconnected(peer.clone(), Disconnected::Replaced);
                }
                if self.links.attach(peer.clone(), stream, closed) {
                    self.connected(peer);
                } else {
                    self.disconnected(peer, Disconnected::TooMany);
                }
            }
            Command::Taken {
                marker,
                anchor,
                state,
            } => self.provider.handle_taken(now, &marker, anchor, state),
            Command::Unfed(marker) => self.provider.handle_unfed(now, &marker),
            Command::Prune { committed, safe } => {
                // Whoever asked may have gone away.
                let _ = safe.send(self.provider.safe_to_prune(now, committed));
            }
            Command::Leader(leader) => {
                if let Some(running) = &mut self.running {
                    running.session.handle_leader(now, leader.clone());
                }
                self.provider.handle_leader(now, leader);
            }
            Command::Membership(membership) => {
                if let Some(running) = &mut self.running {
                    running.session.handle_membership(now, membership.clone());
                }
                self.provider.handle_membership(now, membership);
            }
            Command::Entries { after, entries } => {
                if let Some(running) = &mut self.running {
                    running.session.handle_entries(now, after, entries);
                }
            }
            Command::CatchUp {
                session,
                progress,
                outcome,
            } => self.start(*session, progress, outcome),
            Command::Cancel => {
                if let Some(running) = &mut self.running {
                    running.session.cancel(now);
                }
            }
            Command::Usage(told) => {
                // Whoever asked may have gone away.
                let _ = told.send(self.usage());
            }
            Command::Shutdown => {}
        }
    }

    fn receive(&mut self, link: u64, message: Message<H::Peer>) {
        let Some(from) = self.links.peer(link).cloned() else {
            return;
        };
        let asks = matches!(message, Message::Request { .. } | Message::Fetch { .. });
        if asks && self.links.is_full(&from) {
            // It asks and does not read the answers. If it still wants this one, it asks again.
            return;
        }
        let now = now();
        match self.provider.handle_message(now, from.clone(), message) {
            Err(NotTaken::ForSession(message)) => {
                if let Some(running) = &mut self.running {
                    // It is none for a provider, so the session takes it.
                    let _ = running.session.handle_message(now, from, message);
                }
            }
            // As if it had been lost on the way.
            Ok(()) | Err(NotTaken::Full(_) | NotTaken::ForProvider(_)) => {}
        }
    }

    fn lose(&mut self, peer: &H::Peer) {
        let now = now();
        self.provider.handle_peer_gone(now, peer);
        if let Some(running) = &mut self.running {
            running.session.handle_peer_gone(now, peer);
        }
    }

    async fn stop(mut self) -> H {
        let now = now();
        if let Some(running) = &mut self.running {
            running.session.cancel(now);
        }
        self.carry_out(now);
        // Nobody should go on waiting for what will not be done.
        self.commands.close();
        self.inbound.close();
        for (peer, why) in self.links.close_all().await {
            self.disconnected(peer, why);
        }
        self.host
    }
}

impl<H: DriverHost> fmt::Debug for Driver<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn now() -> Instant {
    time::Instant::now().into_std()
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => time::sleep_until(due.into()).await,
        None => future::pending().await,
    }
}
