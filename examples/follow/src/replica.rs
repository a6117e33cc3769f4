//! A process that has the state in memory: it follows the log, answers who reads, and gives its
//! state to others. Where the log does not go back far enough, it gets a state from its peers.

use std::net::SocketAddr;
use std::pin::Pin;

use axum::middleware;
use forebay_core::{Cursor, Sequence};
use forebay_snapshot::driver::{
    CatchUp, CatchUpError, DriverEvent, DriverHandle, DriverHost, NotInstalled,
};
use forebay_snapshot::{
    Anchor, LogEntry, Marker, MemorySpool, Progress, Session, SessionConfig, SessionEvent, Trust,
};
use tokio::net::TcpListener;
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::config::{Entry, Kept, Peer, State};
use crate::failure::Failure;
use crate::listener::Listener;
use crate::peers::{Seat, TERM};
use crate::remote::{From, Item, Remote};
use crate::reporter::{self, say};
use crate::status::{Fetched, Report, Role};
use crate::view::{Current, View};
use crate::writer::Fatal;
use crate::{failure, reads};

/// How many entries are kept while a state is fetched.
const ENTRIES_MAX: usize = 1 << 20;

/// What a replica is told.
#[derive(Debug)]
pub struct Options {
    /// Where to listen for HTTP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The service whose log is followed.
    pub service: SocketAddr,
    /// Its place among the peers.
    pub seat: Seat,
}

/// What the driver wants of the replica.
enum Wish {
    Feed(Marker<Peer>),
    Install(Anchor, Kept),
    Replay(Vec<LogEntry<Entry>>),
}

/// Hands all wishes to the one task that has the state.
struct Host(mpsc::UnboundedSender<Wish>);

impl DriverHost for Host {
    type State = Kept;
    type Peer = Peer;
    type Entry = Entry;
    type Spool = MemorySpool;

    fn feed(&mut self, marker: Marker<Peer>) -> Result<(), Marker<Peer>> {
        let wish = Wish::Feed(marker.clone());
        self.0.send(wish).map_err(|_| marker)
    }

    fn install(&mut self, anchor: Anchor, state: Kept) -> Result<(), NotInstalled> {
        let wish = Wish::Install(anchor, state);
        self.0.send(wish).map_err(|_| NotInstalled::new())
    }

    fn done(&mut self, _: Anchor, replay: Vec<LogEntry<Entry>>) {
        // If the replica has ended, so has the process.
        let _ = self.0.send(Wish::Replay(replay));
    }

    fn event(&mut self, event: DriverEvent<Peer>) {
        match event {
            DriverEvent::Session(
                event @ (SessionEvent::Divergence { .. } | SessionEvent::Banned { .. }),
            ) => tracing::warn!("a peer is not to be trusted: {event:?}"),
            // Peers come and go.
            event => tracing::debug!("{event:?}"),
        }
    }
}

type Outcome = Pin<Box<dyn Future<Output = Result<Anchor, CatchUpError<Host>>> + Send>>;

struct Replica {
    seat: Seat,
    handle: DriverHandle<Host>,
    current: Current,
    /// What was applied last; unlike what `current` shows, it is right while a part is applied.
    view: View,
    /// The last entry that has come, be it applied or kept until there is a state.
    heard: Option<Cursor>,
    catching_up: Option<Outcome>,
    wishes: mpsc::UnboundedReceiver<Wish>,
    remote: Remote,
    listener: Listener,
    reports: watch::Sender<Report>,
}

/// Follows the log of a service until `shutdown` is ready.
///
/// # Errors
///
/// Those of the listeners, and of settings that make no sense.
///
/// # Cancel safety
///
/// Connections are closed.
pub async fn run(options: Options, shutdown: impl Future<Output = ()>) -> Result<(), Fatal> {
    let (tx, wishes) = mpsc::unbounded_channel();
    let (handle, driver) = options.seat.take(Host(tx)).await?;
    let address = options.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    say(format_args!(
        "listening on http://{}",
        listener.local_addr()?
    ));

    let view = View::nothing();
    let current = Current::new(view.clone());
    let routes = reads::routes(current.clone())
        .fallback(async || Failure::Missing)
        .method_not_allowed_fallback(async || Failure::NotAllowed)
        .layer(middleware::from_fn(failure::told));
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let reports = watch::Sender::new(Report::new(Role::Replica(Fetched::default())));
    let name = options.seat.name.clone();
    tokio::spawn(reporter::report(options.service, name, reports.subscribe()));
    let remote = Remote::new(options.service);

    let mut replica = Replica {
        seat: options.seat,
        handle: handle.clone(),
        current,
        view,
        heard: None,
        catching_up: None,
        wishes,
        remote,
        listener: Listener::start(remote, From::Oldest),
        reports,
    };
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        select! {
            biased;
            () = &mut shutdown => break,
            Some(wish) = replica.wishes.recv() => replica.grant(wish).await?,
            outcome = ended(&mut replica.catching_up) => replica.caught_up(outcome).await?,
            Some(items) = replica.listener.heard.recv() => replica.hear(items).await?,
        }
    }
    serving.abort();
    handle.shutdown().await;
    driver.await?;
    Ok(())
}

/// Waits for the end of a session, if there is one.
async fn ended(session: &mut Option<Outcome>) -> Result<Anchor, CatchUpError<Host>> {
    match session {
        Some(outcome) => outcome.await,
        None => std::future::pending().await,
    }
}

impl Replica {
    async fn grant(&mut self, wish: Wish) -> Result<(), Fatal> {
        match wish {
            Wish::Feed(marker) => self.handle.unfed(marker).await?,
            Wish::Install(anchor, state) => {
                let log = self.heard.unwrap_or(self.view.cursor).log();
                self.view = View {
                    cursor: Cursor::new(log, anchor.sequence()),
                    state: state.into_inner(),
                };
            }
            Wish::Replay(replay) => {
                let log = self.view.cursor.log();
                for entry in replay {
                    self.apply(Cursor::new(log, entry.sequence), entry.entry)
                        .await?;
                }
                self.catching_up = None;
                self.show("Following");
                say(format_args!("following {}", self.view.cursor));
                // What came when the session had just ended was for nobody.
                if self.heard != Some(self.view.cursor) {
                    self.listen_again();
                }
            }
        }
        Ok(())
    }

    /// Goes on after a session has ended: with what it has brought, or with another one.
    async fn caught_up(
        &mut self,
        outcome: Result<Anchor, CatchUpError<Host>>,
    ) -> Result<(), Fatal> {
        self.catching_up = None;
        match outcome {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!("catching up has failed, and begins again: {error}");
                self.catch_up().await
            }
        }
    }

    async fn hear(&mut self, items: Vec<Item>) -> Result<(), Fatal> {
        let mut entries = Vec::new();
        for item in items {
            match item {
                Item::Begin(cursor) => self.begin(cursor).await?,
                Item::Entry(cursor, entry) => {
                    self.heard = Some(cursor);
                    entries.push((cursor, entry));
                }
                // Nobody has asked for the state.
                Item::Set(_) => {}
            }
        }
        if self.catching_up.is_none() {
            for (cursor, entry) in entries {
                if Some(cursor.sequence()) != self.view.cursor.sequence().next() {
                    tracing::error!("{cursor} does not follow on {}", self.view.cursor);
                    self.listen_again();
                    break;
                }
                self.apply(cursor, entry).await?;
            }
            self.show("Following");
        } else if let Some((first, _)) = entries.first() {
            let before = first.sequence().get().saturating_sub(1);
            let after = Anchor::new(Sequence::new(before), TERM);
            let entries = entries.into_iter().map(|(_, entry)| (TERM, entry));
            self.handle.entries(after, entries.collect()).await?;
        }
        Ok(())
    }

    /// The log goes on after this position: whether that follows on what has come so far decides
    /// whether something is missing.
    async fn begin(&mut self, cursor: Cursor) -> Result<(), Fatal> {
        if self.heard.replace(cursor) == Some(cursor) {
            say(format_args!("following {cursor}"));
            return Ok(());
        }
        self.stop_catching_up().await?;
        if cursor.sequence() == Sequence::ZERO {
            // The log is there from its beginning, so nothing is missing of nothing.
            self.view = View {
                cursor,
                state: State::new(),
            };
            say(format_args!("following {cursor}"));
            return Ok(());
        }
        self.catch_up().await
    }

    /// Ends the session, if there is one, and what it still wanted: that was for another log, or
    /// another part of it.
    async fn stop_catching_up(&mut self) -> Result<(), Fatal> {
        let Some(outcome) = self.catching_up.take() else {
            return Ok(());
        };
        self.handle.cancel().await?;
        // It wants nothing more once it has ended, however it has.
        let _ = outcome.await;
        while let Ok(wish) = self.wishes.try_recv() {
            if let Wish::Feed(marker) = wish {
                self.handle.unfed(marker).await?;
            }
        }
        Ok(())
    }

    async fn catch_up(&mut self) -> Result<(), Fatal> {
        // One provider is believed: all of them are processes of this system.
        let config = SessionConfig::new()
            .trust(Trust::Crash)
            .entries_max(ENTRIES_MAX);
        let now = Instant::now().into_std();
        let session = Session::start(now, config, self.seat.membership(), rand::random())?;
        let running = self.handle.catch_up(session).await?;
        tokio::spawn(tell(running.progress(), self.reports.clone()));
        self.catching_up = Some(Box::pin(CatchUp::finished(running)));
        Ok(())
    }

    /// Reads the log anew, from what was applied last.
    fn listen_again(&mut self) {
        self.heard = Some(self.view.cursor);
        self.listener = Listener::start(self.remote, From::After(self.view.cursor));
    }

    async fn apply(&mut self, cursor: Cursor, entry: Entry) -> Result<(), Fatal> {
        self.view.cursor = cursor;
        match entry {
            Entry::Change(change) => change.apply(&mut self.view.state),
            Entry::Marker(marker) => {
                let anchor = Anchor::new(cursor.sequence(), TERM);
                let state = Kept::from(self.view.state.clone());
                self.handle.taken(marker, anchor, state).await?;
            }
        }
        Ok(())
    }

    fn show(&self, phase: &str) {
        self.current.set(self.view.clone());
        self.reports.send_modify(|report| {
            report.log = Some(self.view.cursor.log());
            report.applied = Some(self.view.cursor.sequence());
            if let Role::Replica(fetched) = &mut report.role {
                phase.clone_into(&mut fetched.phase);
            }
        });
    }
}

/// Shows how far a session is, line by line and on the page.
async fn tell(mut progress: watch::Receiver<Progress>, reports: watch::Sender<Report>) {
    loop {
        let now = *progress.borrow_and_update();
        let fetched = Fetched {
            phase: format!("{:?}", now.phase),
            items: now.items,
            items_total: now.items_total,
            bytes: now.bytes,
            bytes_total: now.bytes_total,
            providers: now.providers,
        };
        let total = now.items_total.unwrap_or_default();
        say(format_args!(
            "progress {} {total} {} {} {}",
            now.items, now.bytes, now.providers, fetched.phase
        ));
        reports.send_modify(|report| report.role = Role::Replica(fetched));
        if now.phase.is_final() || progress.changed().await.is_err() {
            return;
        }
    }
}
