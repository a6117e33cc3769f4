//! One replica: its state, what it applies to it, and how it catches up.

use std::error::Error;
use std::process;
use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::driver::{
    Backoff, Driver, DriverConfig, DriverHandle, DriverHost, NotInstalled, accept_tcp, connect_tcp,
    keep_connected,
};
use forebay_snapshot::{
    Anchor, LogEntry, Marker, Membership, MemorySpool, Progress, Provider, ProviderConfig, Session,
    SessionConfig,
};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::{select, task, time};

use crate::log::{Log, Reader};
use crate::stage::{Batch, Command, Kept, LEADER, NAMES, Name, Ports, State, TERM, hash};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many keys there are, each of which is written once before anything else happens.
const KEYS: u64 = 200_000;

/// From then on, so many writes are made each time.
const WRITES: u64 = 20;
const WRITES_EVERY: Duration = Duration::from_millis(5);

/// A provider is slowed down to this, so that there is something to see on loopback.
const BYTES_PER_SECOND: u64 = 6 << 20;

/// How many entries are kept for those who are only a little behind.
const TRAILING: u64 = 20_000;

/// How many entries the session of a laggard keeps.
const ENTRIES_MAX: usize = 1 << 20;

const RETRY: Duration = Duration::from_millis(100);

/// What the driver wants of the replica.
enum Wish {
    Feed(Marker<Name>),
    Install(Anchor, Kept),
    Replay(Vec<LogEntry<Command>>),
}

/// Hands all wishes to the one task that has the state.
struct Replica(mpsc::UnboundedSender<Wish>);

impl DriverHost for Replica {
    type State = Kept;
    type Peer = Name;
    type Entry = Command;
    type Spool = MemorySpool;

    fn feed(&mut self, marker: Marker<Name>) -> std::result::Result<(), Marker<Name>> {
        let wish = Wish::Feed(marker.clone());
        self.0.send(wish).map_err(|_| marker)
    }

    fn install(&mut self, anchor: Anchor, state: Kept) -> std::result::Result<(), NotInstalled> {
        let wish = Wish::Install(anchor, state);
        self.0.send(wish).map_err(|_| NotInstalled::new())
    }

    fn done(&mut self, _: Anchor, replay: Vec<LogEntry<Command>>) {
        // If the replica has ended, so has the process.
        let _ = self.0.send(Wish::Replay(replay));
    }
}

struct Node {
    name: Name,
    ports: Ports,
    handle: DriverHandle<Replica>,
    wishes: mpsc::UnboundedReceiver<Wish>,
    orders: Lines<BufReader<Stdin>>,
    state: State,
    applied: u64,
}

/// Runs a replica until nobody gives it orders any more. What happens, it says line by line.
pub async fn run(name: Name, ports: Ports) -> Result<()> {
    let config = ProviderConfig::new()
        .follower_bytes_per_second(BYTES_PER_SECOND)
        .trailing(TRAILING);
    let members = Membership::new(name, NAMES).with_leader(Some(LEADER));
    let provider = Provider::new(config, members)?;

    let (tx, wishes) = mpsc::unbounded_channel();
    let (driver, handle) = Driver::new(DriverConfig::new(), provider, Replica(tx))?;
    let driver = tokio::spawn(driver.run());
    let listener = TcpListener::bind(ports.of_snapshots(name)).await?;
    tokio::spawn(accept_tcp(listener, handle.clone()));
    for other in NAMES.into_iter().filter(|other| *other != name) {
        let connect = async move || connect_tcp(ports.of_snapshots(other), &name).await;
        let backoff = Backoff::new(RETRY, RETRY);
        tokio::spawn(keep_connected(handle.clone(), other, backoff, connect));
    }

    let mut node = Node {
        name,
        ports,
        handle: handle.clone(),
        wishes,
        orders: BufReader::new(stdin()).lines(),
        state: State::new(),
        applied: 0,
    };
    if name == LEADER {
        node.lead().await?;
    } else {
        node.follow().await?;
    }
    handle.shutdown().await;
    driver.await?;
    Ok(())
}

impl Node {
    async fn lead(&mut self) -> Result<()> {
        let log = Log::new();
        let listener = TcpListener::bind(self.ports.of_log()).await?;
        tokio::spawn(log.clone().serve(listener));
        println!("ready");
        self.orders.next_line().await?;

        while self.applied < KEYS {
            log.room().await;
            let key = self.applied;
            self.write(&log, key).await?;
        }
        // Who comes now is too late for all of it.
        self.prune(&log).await?;
        println!("filled {KEYS}");
        let mut writes = time::interval(WRITES_EVERY);
        loop {
            select! {
                order = self.orders.next_line() => {
                    if order?.is_none() {
                        return Ok(());
                    }
                    log.append(Command::Seal);
                    self.apply(Command::Seal).await?;
                    break;
                }
                Some(wish) = self.wishes.recv() => {
                    if let Wish::Feed(marker) = wish {
                        log.append(Command::Marker(marker.clone()));
                        self.apply(Command::Marker(marker)).await?;
                    }
                }
                _ = writes.tick() => {
                    log.room().await;
                    for _ in 0..WRITES {
                        // Far enough apart to change all parts of the state.
                        let key = self.applied.wrapping_mul(0x9e37_79b9_7f4a_7c15) % KEYS;
                        self.write(&log, key).await?;
                    }
                    self.prune(&log).await?;
                }
            }
        }
        self.orders.next_line().await?;
        Ok(())
    }

    /// Removes from the log what nobody should need any more.
    async fn prune(&self, log: &Log) -> Result<()> {
        let committed = Sequence::new(self.applied);
        let safe = self.handle.safe_to_prune(committed).await?;
        log.prune(safe.get());
        Ok(())
    }

    async fn write(&mut self, log: &Log, key: u64) -> Result<()> {
        let value = format!("{:->80}", self.applied + 1);
        let command = Command::Put(key, value);
        log.append(command.clone());
        self.apply(command).await
    }

    async fn follow(&mut self) -> Result<()> {
        let mut is_ready = false;
        loop {
            let Ok(reader) = Reader::start(self.ports.of_log(), self.applied + 1).await else {
                time::sleep(RETRY).await;
                continue;
            };
            if !is_ready {
                println!("ready");
                is_ready = true;
            }
            let (tx, mut batches) = mpsc::channel(1);
            let reading = tokio::spawn(read(reader, tx));
            loop {
                let batch = select! {
                    batch = batches.recv() => batch,
                    order = self.orders.next_line() => match order? {
                        Some(_) => continue,
                        None => return Ok(()),
                    },
                };
                let Some(batch) = batch else { break };
                if batch.first > self.applied + 1 {
                    self.catch_up(batch, &mut batches).await?;
                    break;
                }
                for command in batch.entries {
                    self.apply(command).await?;
                }
            }
            // The log is read anew from where the state is now.
            reading.abort();
        }
    }

    /// Gets a state from which the log goes on that there still is.
    async fn catch_up(&mut self, batch: Batch, batches: &mut mpsc::Receiver<Batch>) -> Result<()> {
        let members = Membership::new(self.name, NAMES).with_leader(Some(LEADER));
        let config = SessionConfig::new().entries_max(ENTRIES_MAX);
        let now = time::Instant::now().into_std();
        let session = Session::start(now, config, members, process::id().into())?;
        let running = self.handle.catch_up(session).await?;
        let telling = tokio::spawn(tell(running.progress()));
        self.keep(batch).await?;
        let mut finished = Box::pin(running.finished());
        let mut is_finished = false;
        loop {
            select! {
                biased;
                Some(wish) = self.wishes.recv() => match wish {
                    Wish::Install(anchor, state) => {
                        self.state = state.into_inner();
                        self.applied = anchor.sequence().get();
                    }
                    Wish::Replay(replay) => {
                        for entry in replay {
                            self.apply(entry.entry).await?;
                        }
                        telling.await?;
                        println!("followed {}", self.applied);
                        return Ok(());
                    }
                    Wish::Feed(marker) => self.handle.unfed(marker).await?,
                },
                outcome = &mut finished, if !is_finished => {
                    outcome?;
                    is_finished = true;
                }
                Some(batch) = batches.recv() => self.keep(batch).await?,
            }
        }
    }

    async fn keep(&self, batch: Batch) -> Result<()> {
        let entries = batch.entries.into_iter().map(|entry| (TERM, entry));
        let after = Anchor::new(Sequence::new(batch.first.saturating_sub(1)), TERM);
        Ok(self.handle.entries(after, entries.collect()).await?)
    }

    async fn apply(&mut self, command: Command) -> Result<()> {
        self.applied += 1;
        match command {
            Command::Put(key, value) => {
                self.state.insert(key, value);
            }
            Command::Marker(marker) => {
                let anchor = Anchor::new(Sequence::new(self.applied), TERM);
                let state = Kept::from(self.state.clone());
                self.handle.taken(marker, anchor, state).await?;
            }
            Command::Seal => {
                let state = self.state.clone();
                let hash = task::spawn_blocking(move || hash(&state)).await??;
                println!("sealed {} {} {hash}", self.applied, self.state.len());
            }
        }
        Ok(())
    }
}

async fn read(mut reader: Reader, batches: mpsc::Sender<Batch>) {
    loop {
        let Ok(batch) = reader.next().await else {
            return;
        };
        if batches.send(batch).await.is_err() {
            return;
        }
    }
}

async fn tell(mut progress: watch::Receiver<Progress>) {
    loop {
        let now = *progress.borrow_and_update();
        let items_total = now.items_total.unwrap_or_default();
        let Progress {
            phase,
            items,
            bytes,
            providers,
            ..
        } = now;
        println!("progress {items} {items_total} {bytes} {providers} {phase:?}");
        if phase.is_final() || progress.changed().await.is_err() {
            return;
        }
    }
}
