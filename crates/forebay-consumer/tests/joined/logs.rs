//! Over a log.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use forebay_checkpoint::{CheckpointError, FileStore, MemoryStore};
use forebay_consumer::{
    Batch, Cause, Consumer, End, Handler, Keep, OnGap, Retry, SourceError, consume, each,
};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, Sequence};
use forebay_events::{Publisher, RecvError, Retention, Source, Stale};
use futures::FutureExt;

use crate::{HOUR, KEY, catch_up};

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
        .handler_retry(Retry::never())
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
async fn a_reader_that_was_cut_off_is_a_gap() {
    let limit = Retention::readers_up_to(10);
    let mut log = Publisher::<u64>::builder()
        .retention(limit)
        .inline()
        .build()
        .unwrap();
    let keep = (MemoryStore::new(), KEY);
    let consumer = Consumer::builder(log.source(), keep, Seen::default());
    let mut running = Box::pin(consumer.build().unwrap().run());
    assert!((&mut running).now_or_never().is_none());
    for sequence in 1..=2_000 {
        log.append(sequence, sequence).unwrap();
    }
    let error = running.await.unwrap_err();
    let lagged = |why: &_| matches!(why, SourceError::Ended(RecvError::Lagged { .. }));
    assert!(matches!(&error.cause, Cause::Gap(Some(why)) if lagged(why)));
    assert_eq!(error.summary.uncommitted, 0);
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
