//! Replicas of a state, and one that comes back when the log has long gone on without it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use forebay::checkpoint::{FileStore, KeyParts};
use forebay::events::{Publisher, Retention, Source, Subscription};
use forebay::snapshot::{
    Anchor, Marker, Membership, Message, Provider, ProviderConfig, ProviderOutput, Session,
    SessionConfig, SessionOutput, SliceSnapshot,
};
use forebay::{CheckpointStore, Cursor, ResumeKey, Sequence};

use crate::Outcome;

type Name = &'static str;
type Price = (u64, u32);
type Prices = BTreeMap<u64, u32>;

const LEADER: Name = "a";
const LAGGARD: Name = "c";
const NAMES: [Name; 3] = [LEADER, "b", LAGGARD];

/// So many changes are kept for those who come back; the laggard misses many more.
const WINDOW: usize = 100;

/// A log with one writer has no terms.
const TERM: u64 = 0;

/// What is in the log.
enum Change {
    Price(Price),
    Marker(Marker<Name>),
}

/// Writes the log, which all replicas follow.
struct Writer {
    log: Publisher<Change>,
    sequence: u64,
}

impl Writer {
    fn append(&mut self, change: Change) -> Outcome<()> {
        self.sequence += 1;
        self.log.append(self.sequence, change)?;
        Ok(())
    }

    /// Changes so many prices, of which there are ten thousand.
    fn change(&mut self, prices: u32) -> Outcome<()> {
        for price in 0..prices {
            let product = self.sequence * 7_919 % 10_000;
            self.append(Change::Price((product, price)))?;
        }
        Ok(())
    }
}

/// A state that follows the log, and snapshots of it for those who cannot.
struct Replica {
    name: Name,
    prices: Prices,
    changes: Subscription<Change>,
    provider: Provider<SliceSnapshot<Price>, Name>,
}

impl Replica {
    fn start(name: Name, source: &Source<Change>) -> Outcome<Self> {
        let members = Membership::new(name, NAMES).with_leader(Some(LEADER));
        Ok(Self {
            name,
            prices: Prices::new(),
            changes: source.subscribe_oldest(),
            provider: Provider::new(ProviderConfig::new(), members)?,
        })
    }

    /// Applies what is new. At a marker, that is a snapshot of the state right there.
    fn follow(&mut self, now: Instant) -> Outcome<()> {
        while let Some(change) = self.changes.try_next()? {
            match &*change {
                Change::Price((product, price)) => {
                    self.prices.insert(*product, *price);
                }
                Change::Marker(marker) => {
                    let anchor = Anchor::new(change.sequence(), TERM);
                    let state: Vec<_> = self.prices.clone().into_iter().collect();
                    self.provider
                        .handle_taken(now, marker, anchor, state.into());
                }
            }
        }
        Ok(())
    }

    /// Does what its provider wants, and returns what the laggard is told.
    fn serve(&mut self, now: Instant, writer: &mut Writer) -> Outcome<Vec<Message<Name>>> {
        let mut told = Vec::new();
        while self.provider.work(now, 1_000) {}
        while let Some(output) = self.provider.poll_output() {
            match output {
                ProviderOutput::Send { message, .. } => told.push(message),
                ProviderOutput::Feed(marker) => writer.append(Change::Marker(marker))?,
                _ => {}
            }
        }
        Ok(told)
    }
}

/// A replica dies with a position in a file, comes back after the log has lost what comes after it,
/// catches up by a snapshot while one of those it fetches from dies, and follows again.
pub(crate) async fn laggard_catches_up(path: &Path) -> Outcome<()> {
    let store = FileStore::open(path)?;
    let key = KeyParts::new().part("replica", LAGGARD).key()?;
    let log = Publisher::builder()
        .retention(Retention::window(WINDOW))
        .build()?;
    let source = log.source();
    let mut writer = Writer { log, sequence: 0 };
    let mut replicas = Vec::new();
    for name in [LEADER, "b"] {
        replicas.push(Replica::start(name, &source)?);
    }
    let mut laggard = Replica::start(LAGGARD, &source)?;
    writer.change(50)?;
    laggard.follow(Instant::now())?;
    store.commit(&key, laggard.changes.cursor().into()).await?;
    drop(laggard);

    for _ in 0..1_000 {
        writer.change(50)?;
        for replica in &mut replicas {
            replica.follow(Instant::now())?;
        }
    }
    let stored = store.load(&key).await?.ok_or("it has committed")?;
    assert!(source.resume(stored.cursor()).is_err(), "it is too late");

    let (anchor, mut prices) = catch_up(&mut writer, &mut replicas)?;
    assert_eq!(replicas.len(), 1, "the other one has died");
    let follows = follow_from(&source, &store, &key, anchor, &mut prices).await?;
    replicas[0].follow(Instant::now())?;
    assert!(prices == replicas[0].prices, "its state is another one");
    assert_eq!(follows, writer.sequence - anchor.sequence().get());
    println!(
        "a replica that had missed {} changes caught up from two others by a snapshot at {anchor}, \
         though one of them died, and then with {follows} changes",
        anchor.sequence().get() - stored.sequence().get(),
    );
    Ok(())
}

/// Fetches the state as it was at some entry of the log, while that goes on.
fn catch_up(writer: &mut Writer, replicas: &mut Vec<Replica>) -> Outcome<(Anchor, Prices)> {
    let mut now = Instant::now();
    let members = Membership::new(LAGGARD, NAMES).with_leader(Some(LEADER));
    let config = SessionConfig::new().fetch_bytes(8 << 10);
    let mut session = Session::<SliceSnapshot<Price>, _, ()>::start(now, config, members, 7)?;
    let mut prices = Prices::new();
    loop {
        while session.work(now, 1_000) {}
        match session.poll_output() {
            Some(SessionOutput::Send { to, message }) => {
                // What is sent to the dead is lost.
                if let Some(replica) = replicas.iter_mut().find(|replica| replica.name == to) {
                    replica.provider.handle_message(now, LAGGARD, message)?;
                }
            }
            Some(SessionOutput::Install { state, .. }) => {
                prices = state.iter().copied().collect();
                session.handle_installed(now);
            }
            Some(SessionOutput::Done { anchor, .. }) => return Ok((anchor, prices)),
            Some(SessionOutput::Failed(error)) => return Err(error.into()),
            Some(_) => {}
            // Nothing happens until then, and nobody needs to wait for it.
            None => now = session.poll_timeout().ok_or("it has not ended")?.max(now),
        }
        session.handle_timeout(now);

        let progress = session.progress();
        if replicas.len() > 1
            && progress
                .items_total
                .is_some_and(|it| progress.items > it / 2)
        {
            writer.change(20)?;
            replicas.pop();
        }
        for replica in replicas.iter_mut() {
            replica.follow(now)?;
            for message in replica.serve(now, writer)? {
                session.handle_message(now, replica.name, message)?;
            }
        }
    }
}

/// Goes on with the log where the state was taken: a position is a sequence, whatever it is of.
async fn follow_from(
    source: &Source<Change>,
    store: &FileStore,
    key: &ResumeKey,
    anchor: Anchor,
    prices: &mut Prices,
) -> Outcome<u64> {
    let reached = Cursor::new(source.log_id(), anchor.sequence());
    assert!(store.commit(key, reached.into()).await?.is_advanced());
    let mut changes = source.resume(reached)?;
    let mut follows = 0;
    while let Some(change) = changes.try_next()? {
        if let Change::Price((product, price)) = &*change {
            prices.insert(*product, *price);
        }
        follows += 1;
    }
    store.commit(key, changes.cursor().into()).await?;
    let stored = store.load(key).await?.map(|it| it.sequence());
    assert_eq!(
        stored,
        Some(Sequence::new(anchor.sequence().get() + follows))
    );
    Ok(follows)
}
