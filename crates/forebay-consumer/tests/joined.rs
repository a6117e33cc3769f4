//! A consumer over the logs, hubs and stores of forebay.
//!
//! * It goes on where it was, in the middle of what lies side by side in memory as well, and a position
//!   is never in the middle of a sequence.
//! * A log that was made anew, a window that was missed, and a reader that was cut off are gaps; so is a
//!   hub that was refreshed. Begun anew, it is where it would be without one.
//! * Somebody new who died right after its start learns that it has missed something.
//! * The end of a log is one where it was closed, and a failure where its publisher was lost.
//! * A claim that was taken ends the consumer that had it.
#![cfg(all(feature = "checkpoint", feature = "events", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_checkpoint::{CheckpointError, FileStore, MemoryStore};
use forebay_consumer::{
    Batch, Cause, Consumer, End, Follow, FollowHub, Handle, Handler, HubError, Items, Keep, OnGap,
    SourceError, consume, each,
};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
use forebay_events::{
    FeedError, Hub, HubPublisher, Publisher, Reason, RecvError, Request, Retention, SnapshotSource,
    SnapshotWriter, Source, Stale, Subject, Topic,
};
use futures::FutureExt;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);

/// Nothing is dropped at the end because the disk was slow.
const HOUR: Duration = Duration::from_secs(3600);

fn log(id: u64, window: usize) -> Publisher<u64> {
    Publisher::builder()
        .log_id(LogId::new(id))
        .retention(Retention::window(window))
        .build()
        .unwrap()
}

fn at(log: u64, sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(log), Sequence::new(sequence)))
}

/// What was applied, by consumers that come one after the other.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u64>>>);

impl Seen {
    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Handler<u64> for Seen {
    type Error = Infallible;

    async fn apply(&mut self, batch: Batch<'_, u64>) -> Result<(), Infallible> {
        self.0.lock().unwrap().extend(batch.items());
        Ok(())
    }

    async fn begin_anew(&mut self) -> Result<(), Infallible> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
}

/// Polls until there is nothing more to do, and stops.
async fn caught_up(handle: Handle) {
    while handle.stats().lag() != Some(0) {
        tokio::task::yield_now().await;
    }
}

async fn catch_up<F, K, H>(consumer: Consumer<F, K, H>) -> forebay_consumer::Consumed<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<<F::Items as Items>::Item>,
{
    let handle = consumer.handle();
    consumer.run_until(caught_up(handle)).await
}

fn consumer<K: Keep>(source: &Source<u64>, keep: K, seen: &Seen) -> Consumer<Source<u64>, K, Seen> {
    Consumer::builder(source.clone(), keep, seen.clone())
        .on_gap(OnGap::BeginAnew)
        .shutdown_timeout(HOUR)
        .build()
        .unwrap()
}

#[tokio::test]
async fn it_goes_on_where_it_was() {
    let (mut log, store, seen) = (log(1, 1_000), MemoryStore::new(), Seen::default());
    let source = log.source();
    for sequence in 1..=40 {
        log.append_all(sequence * 3, [sequence; 3]).unwrap();
        if sequence % 10 == 0 {
            let consumer = consumer(&source, (store.clone(), KEY), &seen);
            let summary = catch_up(consumer).await.unwrap();
            assert_eq!(summary.committed, Some(at(1, sequence * 3)));
            let expected: Vec<_> = (sequence - 9..=sequence).flat_map(|one| [one; 3]).collect();
            assert_eq!(seen.take(), expected);
        }
    }
}

#[tokio::test]
async fn a_batch_may_end_in_a_sequence_and_a_position_does_not() {
    let (mut log, store) = (log(1, 1_000), MemoryStore::new());
    for sequence in 1..=4 {
        log.append_all(sequence, [sequence; 5]).unwrap();
    }
    let mut left = 13;
    let some = each(|_: &u64| {
        left -= 1;
        std::future::ready(if left < 0 { Err("enough") } else { Ok(()) })
    });
    let consumer = Consumer::builder(log.source(), (store.clone(), KEY), some)
        .handler_retry(forebay_consumer::Retry::never())
        .build()
        .unwrap();
    let error = consumer.run().await.unwrap_err();
    assert!(matches!(error.cause, Cause::Handler("enough")));
    assert_eq!((error.summary.applied, error.summary.uncommitted), (13, 3));
    assert_eq!(store.load_now(&KEY), Some(at(1, 2)));
}

#[tokio::test]
async fn a_log_that_was_made_anew_is_a_gap() {
    let store = MemoryStore::new();
    let mut old = log(1, 1_000);
    old.append(5, 50).unwrap();
    let seen = Seen::default();
    let consumer_of = |log: &Publisher<u64>| consumer(&log.source(), (store.clone(), KEY), &seen);
    catch_up(consumer_of(&old)).await.unwrap();

    let mut new = log(2, 1_000);
    new.append(1, 10).unwrap();
    let strict = Consumer::builder(new.source(), (store.clone(), KEY), seen.clone());
    let error = strict.build().unwrap().run().await.unwrap_err();
    let stale = SourceError::Stale(Stale::OtherLog);
    assert!(matches!(&error.cause, Cause::Gap(Some(why)) if *why == stale));
    assert_eq!(
        store.load_now(&KEY),
        Some(at(1, 5)),
        "it is left for somebody to look at"
    );

    let summary = catch_up(consumer_of(&new)).await.unwrap();
    assert_eq!(seen.take(), [10], "the old one was forgotten");
    assert_eq!(summary.committed, Some(at(2, 1)));
}

#[tokio::test]
async fn a_window_that_was_missed_is_a_gap_for_somebody_new_too() {
    let (mut log, store, seen) = (log(1, 4), MemoryStore::new(), Seen::default());
    let source = log.source();
    // It is dropped before it has applied anything, and has a position all the same.
    let newcomer = consumer(&source, (store.clone(), KEY), &seen);
    assert!(newcomer.run().now_or_never().is_none());
    assert_eq!(store.load_now(&KEY), Some(at(1, 0)));
    for sequence in 1..=2_000 {
        log.append(sequence, sequence).unwrap();
    }
    let strict = Consumer::builder(source.clone(), (store.clone(), KEY), seen.clone());
    let error = strict.build().unwrap().run().await.unwrap_err();
    assert!(matches!(error.cause, Cause::Gap(_)));
}

#[tokio::test]
async fn a_log_that_goes_over_into_another_takes_the_position_along() {
    let (mut first, mut second) = (log(1, 1_000), log(2, 1_000));
    let (store, seen) = (MemoryStore::new(), Seen::default());
    first.append(5, 50).unwrap();
    let source = first.source();
    catch_up(consumer(&source, (store.clone(), KEY), &seen))
        .await
        .unwrap();
    let running = tokio::spawn(consumer(&source, (store.clone(), KEY), &seen).run());
    tokio::task::yield_now().await;
    let to = second.source().oldest();
    first.splice_into(to).unwrap();
    second.append(1, 10).unwrap();
    second.close();
    let summary = running.await.unwrap().unwrap();
    assert_eq!(summary.end, End::Closed);
    assert_eq!(seen.take(), [50, 10]);
    assert_eq!(store.load_now(&KEY), Some(at(2, 1)));
}

#[tokio::test]
async fn the_end_of_a_log_is_a_failure_unless_it_was_closed() {
    let seen = Seen::default();
    let (mut lost, closed) = (log(1, 10), log(1, 10));
    lost.append(1, 10).unwrap();
    let source = lost.source();
    drop(lost);
    let error = consume(source, MemoryStore::new(), KEY, seen.clone()).await;
    let error = error.unwrap_err();
    let gone = SourceError::Ended(RecvError::PublisherLost);
    assert!(matches!(&error.cause, Cause::Follow(why) if *why == gone));
    assert_eq!(
        error.summary.committed,
        Some(at(1, 1)),
        "what came before counts"
    );

    let source = closed.source();
    closed.close();
    let summary = consume(source, MemoryStore::new(), KEY, seen)
        .await
        .unwrap();
    assert_eq!(summary.end, End::Closed);
}

#[tokio::test]
async fn a_claim_that_was_taken_ends_its_consumer() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path().join("consumers")).unwrap();
    let (mut log, seen) = (log(1, 1_000), Seen::default());
    let source = log.source();
    let first = store.claim(&KEY).await.unwrap();
    let first = Consumer::builder(source.clone(), first, seen.clone());
    let running = tokio::spawn(first.commit_every(1).build().unwrap().run());
    tokio::task::yield_now().await;

    let second = store.claim(&KEY).await.unwrap();
    log.append(1, 10).unwrap();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(
        error.cause,
        Cause::Store(CheckpointError::Fenced { .. })
    ));
    seen.take();

    let summary = catch_up(consumer(&source, second, &seen)).await.unwrap();
    assert_eq!(seen.take(), [10]);
    assert_eq!(store.load(&KEY).await.unwrap(), summary.committed);
}

type Price = (&'static str, u32);

#[derive(Clone, Default)]
struct Prices(Arc<Mutex<(u64, BTreeMap<&'static str, u32>)>>);

impl SnapshotSource<&'static str, Price> for Prices {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _: &Subject<&'static str>,
        out: &mut SnapshotWriter<Price>,
    ) -> Result<Sequence, Infallible> {
        let (sequence, prices) = self.0.lock().unwrap().clone();
        out.extend(prices).await;
        Ok(Sequence::new(sequence))
    }
}

impl Prices {
    fn set(&self, publisher: &mut HubPublisher<&'static str, Price, Infallible>, price: Price) {
        let sequence = {
            let mut state = self.0.lock().unwrap();
            state.0 += 1;
            state.1.insert(price.0, price.1);
            state.0
        };
        let topic = Topic::from("prices");
        publisher
            .publish_one(sequence, &topic, price.0, price)
            .unwrap();
    }
}

#[derive(Clone, Default)]
struct View(Arc<Mutex<BTreeMap<&'static str, u32>>>);

impl Handler<Price> for View {
    type Error = Infallible;

    async fn apply(&mut self, batch: Batch<'_, Price>) -> Result<(), Infallible> {
        self.0.lock().unwrap().extend(batch.iter().copied());
        Ok(())
    }

    async fn begin_anew(&mut self) -> Result<(), Infallible> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
}

fn hub(prices: &Prices) -> HubPublisher<&'static str, Price, Infallible> {
    Hub::builder(prices.clone())
        .retention(Retention::window(8))
        .idle_keys(1_000)
        .build()
        .unwrap()
}

fn viewer(
    publisher: &HubPublisher<&'static str, Price, Infallible>,
    store: &MemoryStore,
    view: &View,
    on_gap: OnGap,
) -> Consumer<FollowHub<&'static str, Price, Infallible>, (MemoryStore, ResumeKey), View> {
    let follow = FollowHub::new(publisher.hub(), Request::new("prices"));
    let builder = Consumer::builder(follow, (store.clone(), KEY), view.clone());
    let builder = builder.on_gap(on_gap).shutdown_timeout(HOUR);
    builder.build().unwrap()
}

#[tokio::test]
async fn a_view_of_a_hub_is_what_it_would_be_without_gaps() {
    let (prices, store, view) = (Prices::default(), MemoryStore::new(), View::default());
    let mut publisher = hub(&prices);
    prices.set(&mut publisher, ("apple", 7));
    // Left over by somebody who died in the middle of a snapshot.
    view.0.lock().unwrap().insert("kiwi", 1);
    let begun_anew = |consumer: Consumer<_, _, _>| {
        let handle: Handle = consumer.handle();
        async move {
            catch_up(consumer).await.unwrap();
            handle.stats().begun_anew
        }
    };
    let viewer_of = |publisher: &_| viewer(publisher, &store, &view, OnGap::BeginAnew);
    assert_eq!(begun_anew(viewer_of(&publisher)).await, 1, "it is new");
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);

    prices.set(&mut publisher, ("pear", 9));
    assert_eq!(begun_anew(viewer_of(&publisher)).await, 0, "it goes on");
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);

    for price in 0..2_000 {
        prices.set(&mut publisher, ("apple", price));
    }
    view.0.lock().unwrap().insert("kiwi", 1);
    let strict = viewer(&publisher, &store, &view, OnGap::Stop).run().await;
    assert!(matches!(strict.unwrap_err().cause, Cause::Gap(None)));
    assert_eq!(
        begun_anew(viewer_of(&publisher)).await,
        1,
        "it was away for too long"
    );
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);

    drop(publisher);
    let mut publisher = hub(&prices);
    prices.set(&mut publisher, ("fig", 1));
    view.0.lock().unwrap().insert("kiwi", 1);
    assert_eq!(
        begun_anew(viewer_of(&publisher)).await,
        1,
        "the hub is another one"
    );
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_refreshed_is_asked_again_and_one_that_shuts_down_is_not() {
    let (prices, store, view) = (Prices::default(), MemoryStore::new(), View::default());
    let mut publisher = hub(&prices);
    prices.set(&mut publisher, ("apple", 7));
    let consumer = viewer(&publisher, &store, &view, OnGap::BeginAnew);
    let handle = consumer.handle();
    let running = tokio::spawn(consumer.run());
    caught_up(handle.clone()).await;
    // A change that was not published.
    prices.0.lock().unwrap().1.insert("pear", 9);
    publisher.hub().refresh(&Topic::from("prices"));
    while handle.stats().begun_anew < 2 || view.0.lock().unwrap().len() < 2 {
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    assert_eq!(*view.0.lock().unwrap(), prices.0.lock().unwrap().1);
    assert_eq!(handle.stats().interruptions, 1);

    publisher.hub().shutdown();
    let error = running.await.unwrap().unwrap_err();
    let shut = HubError::Feed(FeedError::ForceClosed(Reason::ShuttingDown));
    assert!(matches!(&error.cause, Cause::Follow(why) if *why == shut));
}
