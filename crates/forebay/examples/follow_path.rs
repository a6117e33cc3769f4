//! The follow path, over nothing but what the crates offer: readers are killed at every point, a
//! server is restarted, and nobody misses anything.
//!
//! It checks everything that it says, so it is a test as well.
#![allow(clippy::print_stdout, reason = "a program says what it did")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

use forebay::events::{
    Batch, Frame, Hub, HubPublisher, Publisher, Request, Retention, SnapshotSource, SnapshotWriter,
    Source, Subject, Topic,
};
use forebay::{Cursor, Sequence};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    readers_are_killed_at_every_event()?;
    server_is_restarted().await
}

/// A reader that stores up to where it has everything, as text, and nothing else survives it.
struct Reader {
    stored: String,
    received: Vec<u32>,
}

impl Reader {
    /// Lives until it has received so many events or there are no more.
    fn live(&mut self, source: &Source<u32>, events_max: usize) -> Outcome<()> {
        let mut events = source.resume(self.stored.parse()?)?;
        for _ in 0..events_max {
            let Some(entry) = events.try_next()? else {
                break;
            };
            self.received.push(*entry);
            // Until then the cursor is that of the append before, and stored already.
            if entry.is_last() {
                self.stored = events.cursor().to_string();
            }
        }
        Ok(())
    }
}

/// Each of many readers dies after another number of events, and comes back with what it stored.
fn readers_are_killed_at_every_event() -> Outcome<()> {
    let mut log = Publisher::<u32>::builder()
        .retention(Retention::window(1_000))
        .build()?;
    let mut begins = Vec::new();
    for sequence in 1..=200 {
        let from = begins.len() as u32;
        let count = sequence % 4 + 1;
        begins.extend((0..count).map(|_| from as usize));
        log.append_all(u64::from(sequence) * 3, from..from + count)?;
    }

    let start = Cursor::new(log.log_id(), Sequence::ZERO).to_string();
    let source = log.source();
    let mut repeated = 0;
    for killed_after in 0..=begins.len() {
        let mut reader = Reader {
            stored: start.clone(),
            received: Vec::new(),
        };
        reader.live(&source, killed_after)?;
        reader.live(&source, usize::MAX)?;

        // It comes back to the beginning of the append in whose middle it died.
        let back_to = begins.get(killed_after).map_or(killed_after, |from| *from);
        let expected: Vec<_> = (0..killed_after)
            .chain(back_to..begins.len())
            .map(|event| event as u32)
            .collect();
        assert_eq!(reader.received, expected, "killed after {killed_after}");
        repeated = repeated.max(killed_after - back_to);
    }
    println!(
        "{} readers came back to a log of {} events: none missed one, and none saw more than \
         {repeated} again, which it had not stored",
        begins.len() + 1,
        begins.len(),
    );
    Ok(())
}

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
            .retention(Retention::window(1_000))
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

/// A view of the prices that is kept up to date, and how that was done.
#[derive(Default)]
struct View {
    prices: BTreeMap<&'static str, u32>,
    stored: Option<String>,
    begun_anew: usize,
    pieces: usize,
    changes: usize,
}

impl View {
    /// Lives until it shows `price`.
    async fn live_until(&mut self, server: &Server, price: Price) -> Outcome<()> {
        let mut request = Request::new(server.topic.clone());
        if let Some(stored) = &self.stored {
            request = request.resume(stored.parse()?);
        }
        let mut feed = server.publisher.hub().subscribe(request)?;
        while self.stored.is_none() || self.prices.get(price.0) != Some(&price.1) {
            let is_complete = match feed.next().await? {
                Frame::NewSnapshot => {
                    self.prices.clear();
                    self.stored = None;
                    self.begun_anew += 1;
                    false
                }
                Frame::Snapshot(&(fruit, price)) => {
                    self.prices.insert(fruit, price);
                    self.pieces += 1;
                    false
                }
                Frame::EndOfSnapshot(_) => true,
                Frame::Event(entry) => {
                    let (fruit, price) = *entry;
                    self.prices.insert(fruit, price);
                    self.changes += 1;
                    entry.is_last()
                }
                other => return Err(format!("unknown frame: {other:?}").into()),
            };
            if is_complete {
                self.stored = feed.cursor().map(|cursor| cursor.to_string());
            }
        }
        Ok(())
    }

    /// Returns how often it has begun anew, and how many pieces and changes it has received since
    /// it was asked last.
    fn take_counts(&mut self) -> (usize, usize, usize) {
        (
            take(&mut self.begun_anew),
            take(&mut self.pieces),
            take(&mut self.changes),
        )
    }
}

/// A view is killed, comes back to the same server, and then to another one.
async fn server_is_restarted() -> Outcome<()> {
    let store = Arc::new(Mutex::new(Store::default()));
    let mut server = Server::start(&store)?;
    server.set(&[("apple", 7), ("pear", 9)])?;

    let mut view = View::default();
    view.live_until(&server, ("pear", 9)).await?;
    server.set(&[("apple", 8)])?;
    view.live_until(&server, ("apple", 8)).await?;
    assert_eq!(view.take_counts(), (0, 2, 1));
    println!("a newcomer got what there was, and then what changed");

    server.set(&[("plum", 3), ("apple", 9)])?;
    view.live_until(&server, ("apple", 9)).await?;
    assert_eq!(view.take_counts(), (0, 0, 2));
    println!("it was killed, came back, and got what it had missed and no more");

    drop(server);
    let mut server = Server::start(&store)?;
    server.set(&[("fig", 1)])?;
    view.live_until(&server, ("fig", 1)).await?;
    assert_eq!(view.take_counts(), (1, 4, 0));
    println!("the server was restarted: it was told so, and began with what there was");

    server.set(&[("fig", 2)])?;
    view.live_until(&server, ("fig", 2)).await?;
    assert_eq!(view.take_counts(), (0, 0, 1));
    let store = store.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(view.prices, store.prices);
    println!("its view is what is stored");
    Ok(())
}
