//! The follow path, over nothing but what the crates offer: readers are killed at every point, a
//! server is restarted, a replica falls behind, and nobody misses anything, because each keeps in a
//! file how far it is and others keep a snapshot of what it has missed. The first readers are a loop
//! by hand, to show what there is to do; the others leave it to a consumer.
//!
//! It checks everything that it says, so it is a test as well.
#![allow(clippy::print_stdout, reason = "a program says what it did")]

mod laggard;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::mem::take;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use forebay::checkpoint::{Durability, FileStore, KeyParts};
use forebay::events::{
    Batch, Hub, HubPublisher, Publisher, Request, Retention, SnapshotSource, SnapshotWriter,
    Source, Subject, Topic,
};
use forebay::{CheckpointStore, Cursor, ResumeKey, Sequence};
// With the feature of that name it is `forebay::consumer`; this program needs none.
use forebay_consumer as consumer;
use forebay_consumer::{Consumer, FollowHub, Handler, OnGap, Stats};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    readers_are_killed_at_every_event(&folder.path().join("readers")).await?;
    server_is_restarted(folder.path().join("views")).await?;
    laggard::laggard_catches_up(&folder.path().join("replicas")).await
}

/// A reader of which nothing survives but a position in a file.
struct Reader<'a> {
    path: &'a Path,
    key: ResumeKey,
    received: Vec<u32>,
}

impl Reader<'_> {
    /// Lives until it has received so many events or there are no more, and ends without notice.
    async fn live(&mut self, source: &Source<u32>, events_max: usize) -> Outcome<()> {
        // It loses a process, and not the machine, so a sync for each position is not worth it.
        let durability = Durability::Os;
        let store = FileStore::options()
            .durability(durability)
            .open(self.path)?;
        let mut events = match store.load(&self.key).await? {
            Some(checkpoint) => source.resume(checkpoint.cursor())?,
            None => source.subscribe_oldest(),
        };
        for _ in 0..events_max {
            let Some(entry) = events.try_next()? else {
                break;
            };
            self.received.push(*entry);
            // Until then the cursor is that of the append before, and stored already.
            if entry.is_last() {
                let commit = store.commit(&self.key, events.cursor().into()).await?;
                assert!(commit.is_advanced());
            }
        }
        Ok(())
    }
}

/// Each of many readers dies after another number of events, and comes back to what it stored.
async fn readers_are_killed_at_every_event(path: &Path) -> Outcome<()> {
    let mut log = Publisher::<u32>::builder()
        .retention(Retention::window(1_000))
        .build()?;
    let mut begins = Vec::new();
    for sequence in 1..=40 {
        let from = begins.len() as u32;
        let count = sequence % 4 + 1;
        begins.extend((0..count).map(|_| from as usize));
        log.append_all(u64::from(sequence) * 3, from..from + count)?;
    }

    let source = log.source();
    let end = Cursor::new(log.log_id(), Sequence::new(120));
    let mut repeated = 0;
    for killed_after in 0..=begins.len() {
        let mut reader = Reader {
            path,
            key: KeyParts::new()
                .part("reader", killed_after.to_le_bytes())
                .key()?,
            received: Vec::new(),
        };
        reader.live(&source, killed_after).await?;
        reader.live(&source, usize::MAX).await?;

        // It comes back to the beginning of the append in whose middle it died.
        let back_to = begins.get(killed_after).map_or(killed_after, |from| *from);
        let expected: Vec<_> = (0..killed_after)
            .chain(back_to..begins.len())
            .map(|event| event as u32)
            .collect();
        assert_eq!(reader.received, expected, "killed after {killed_after}");
        repeated = repeated.max(killed_after - back_to);
        let stored = FileStore::open(path)?.load_now(&reader.key);
        assert_eq!(stored, Some(end.into()));
    }
    println!(
        "{} readers came back to a log of {} events: none missed one, and none saw more than \
         {repeated} again, which it had not stored",
        begins.len() + 1,
        begins.len(),
    );
    Ok(())
}

/// So many changes at least are kept for those who come back.
const WINDOW: usize = 8;

/// The state that prices are read from and changed in; it survives the server.
#[derive(Default)]
struct Store {
    sequence: Sequence,
    prices: BTreeMap<&'static str, u32>,
}

struct Prices(Arc<Mutex<Store>>);

impl SnapshotSource<&'static str, Price> for Prices {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _: &Subject<&'static str>,
        out: &mut SnapshotWriter<Price>,
    ) -> Result<Sequence, Infallible> {
        let (prices, sequence) = {
            let store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (store.prices.clone(), store.sequence)
        };
        out.extend(prices).await;
        Ok(sequence)
    }
}

type Price = (&'static str, u32);

/// What serves the prices, and ends with its process.
struct Server {
    store: Arc<Mutex<Store>>,
    topic: Topic,
    publisher: HubPublisher<&'static str, Price, Infallible>,
}

impl Server {
    fn start(store: &Arc<Mutex<Store>>) -> Outcome<Self> {
        let publisher = Hub::builder(Prices(Arc::clone(store)))
            .retention(Retention::window(WINDOW))
            .idle_keys(1_000)
            .build()?;
        Ok(Self {
            store: Arc::clone(store),
            topic: Topic::from("prices"),
            publisher,
        })
    }

    /// Stores prices, and then publishes them.
    fn set(&mut self, prices: &[Price]) -> Outcome<()> {
        let sequence = {
            let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
            store.prices.extend(prices.iter().copied());
            store.sequence = store.sequence.next().ok_or("there are enough sequences")?;
            store.sequence
        };
        let changes = prices
            .iter()
            .map(|price| (self.topic.clone(), price.0, *price));
        self.publisher
            .publish(sequence, Batch::from_iter(changes))?;
        Ok(())
    }
}

/// A view of the prices that outlasts those who keep it up to date, and how they did that.
struct View {
    path: PathBuf,
    key: ResumeKey,
    prices: BTreeMap<&'static str, u32>,
    begun_anew: usize,
    pieces: usize,
    changes: usize,
}

impl View {
    fn new(path: PathBuf) -> Outcome<Self> {
        let key = KeyParts::new().part("topic", "prices").key()?;
        Ok(Self {
            path,
            key,
            prices: BTreeMap::new(),
            begun_anew: 0,
            pieces: 0,
            changes: 0,
        })
    }

    /// Is kept up to date until it shows everything and that is stored, by a consumer that then ends
    /// without notice.
    async fn live(&mut self, server: &Server) -> Outcome<()> {
        let prices = FollowHub::new(server.publisher.hub(), Request::new(server.topic.clone()));
        let keep = (FileStore::open(&self.path)?, self.key);
        let consumer = Consumer::builder(prices, keep, self)
            .commit_every(1)
            .on_gap(OnGap::BeginAnew)
            .build()?;
        let handle = consumer.handle();
        let is_current = async {
            let is_behind =
                |stats: Stats| stats.lag() != Some(0) || stats.committed != stats.reached;
            while is_behind(handle.stats()) {
                tokio::task::yield_now().await;
            }
        };
        // It is not stopped but dropped, so nobody lets it finish anything.
        tokio::select! {
            ended = consumer.run() => Err(format!("it has ended: {ended:?}").into()),
            () = is_current => Ok(()),
        }
    }

    /// Returns how often it was begun anew, and how many pieces and changes it has received since
    /// it was asked last.
    fn take_counts(&mut self) -> (usize, usize, usize) {
        (
            take(&mut self.begun_anew),
            take(&mut self.pieces),
            take(&mut self.changes),
        )
    }

    /// Returns how far the view is, as whoever keeps it up to date next will find it.
    fn stored(&self) -> Outcome<Option<u64>> {
        let stored = FileStore::open(&self.path)?.load_now(&self.key);
        Ok(stored.map(|checkpoint| checkpoint.sequence().get()))
    }
}

impl Handler<Price> for View {
    type Error = Infallible;

    async fn apply(&mut self, prices: consumer::Batch<'_, Price>) -> Result<(), Infallible> {
        self.prices.extend(prices.iter().copied());
        if prices.is_snapshot() {
            self.pieces += prices.len();
        } else {
            self.changes += prices.len();
        }
        Ok(())
    }

    /// By now nobody can come back to where the old prices were.
    async fn begin_anew(&mut self) -> Result<(), Infallible> {
        self.prices.clear();
        self.begun_anew += 1;
        Ok(())
    }
}

/// Those who keep a view up to date are killed, come back to the same server, come back too late,
/// and come back to another server.
async fn server_is_restarted(path: PathBuf) -> Outcome<()> {
    let store = Arc::new(Mutex::new(Store::default()));
    let mut server = Server::start(&store)?;
    server.set(&[("apple", 7), ("pear", 9)])?;

    let mut view = View::new(path)?;
    view.live(&server).await?;
    assert_eq!(view.take_counts(), (1, 2, 0));
    server.set(&[("apple", 8)])?;
    view.live(&server).await?;
    assert_eq!(view.take_counts(), (0, 0, 1));
    assert_eq!(view.stored()?, Some(2));
    println!("a newcomer began with what there was, and then got what changed");

    server.set(&[("plum", 3), ("apple", 9)])?;
    view.live(&server).await?;
    assert_eq!(view.take_counts(), (0, 0, 2));
    assert_eq!(view.stored()?, Some(3));
    println!("it was killed, came back, and got what it had missed and no more");

    for price in 10..1_000 {
        server.set(&[("apple", price)])?;
    }
    view.live(&server).await?;
    assert_eq!(view.take_counts(), (1, 3, 0));
    assert_eq!(view.stored()?, Some(993));
    server.set(&[("apple", 1_000)])?;
    view.live(&server).await?;
    assert_eq!(view.take_counts(), (0, 0, 1));
    println!(
        "it came back too late for what it had missed: it was told so, and began with a snapshot"
    );

    drop(server);
    let mut server = Server::start(&store)?;
    server.set(&[("fig", 1)])?;
    view.live(&server).await?;
    assert_eq!(view.take_counts(), (1, 4, 0));
    assert_eq!(view.stored()?, Some(995));
    println!("the server was restarted: it was told so, and began with what there was");

    server.set(&[("fig", 2)])?;
    view.live(&server).await?;
    assert_eq!(view.take_counts(), (0, 0, 1));
    assert_eq!(view.stored()?, Some(996));
    let store = store.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(view.prices, store.prices);
    println!("its view is what is stored");
    Ok(())
}
