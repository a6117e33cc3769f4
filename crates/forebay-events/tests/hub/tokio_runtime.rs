//! On tokio: the runtime that a hub takes by itself, its clock, and many threads at once.
#![cfg(feature = "tokio")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use forebay_events::{FeedError, Frame, Hub, Retention, Topic};

use crate::scene::{Scene, TOPIC};
use crate::source::{Event, Source};

const KEYS: u32 = 4;
const PUBLISHED: u64 = 20_000;

#[tokio::test(start_paused = true)]
async fn snapshot_is_kept_by_the_clock_of_tokio() {
    let source = Source::default();
    let builder = Hub::builder(source.clone()).cache(Duration::from_secs(10));
    let publisher = builder.build().unwrap();
    let hub = publisher.hub();
    for expected in [1, 1, 2] {
        let mut feed = hub.subscribe(Scene::request(7)).unwrap();
        assert!(matches!(feed.next().await, Ok(Frame::EndOfSnapshot(_))));
        assert_eq!(source.begun(), expected);
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    drop(publisher);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(hub.stats().logs, 0);
}

#[tokio::test(start_paused = true)]
async fn snapshot_takes_too_long_by_the_clock_of_tokio() {
    let builder = Hub::builder(Source::by_hand()).snapshot_timeout(Duration::from_secs(5));
    let publisher = builder.build().unwrap();
    let mut feed = publisher.hub().subscribe(Scene::request(7)).unwrap();
    let error = feed.next().await.unwrap_err();
    assert_eq!(
        error,
        FeedError::Snapshot(forebay_core::LoadError::TimedOut)
    );
}

/// Shows a key to what its changes have made of it, leaves now and then, and comes back with its
/// cursor; returns what it has seen in the end.
async fn watch(
    hub: Hub<u32, Event, crate::source::Broken>,
    key: u32,
    seed: u64,
    is_over: Arc<AtomicBool>,
) -> BTreeMap<u32, u64> {
    let mut shown = BTreeMap::new();
    let mut cursor = None;
    let mut random = seed;
    loop {
        let request = Scene::request(key);
        let request = match cursor {
            Some(cursor) => request.resume(cursor),
            None => request,
        };
        let Ok(mut feed) = hub.subscribe(request) else {
            return shown;
        };
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let leaves_after = random >> 54;
        let mut at = cursor.map(|cursor: forebay_core::Cursor| cursor.sequence().get());
        for _ in 0..leaves_after {
            match feed.next().await {
                Ok(Frame::NewSnapshot) => shown.clear(),
                Ok(Frame::Snapshot((key, value))) => drop(shown.insert(*key, *value)),
                Ok(Frame::EndOfSnapshot(sequence)) => {
                    assert!(
                        at.is_none_or(|at| at <= sequence.get()),
                        "the view goes back"
                    );
                    at = Some(sequence.get());
                }
                Ok(Frame::Event(entry)) => {
                    let (key, value) = *entry;
                    assert!(at < Some(entry.sequence().get()), "an event comes again");
                    let before = shown.insert(key, value);
                    // Each key counts its own changes.
                    assert_eq!(before.unwrap_or_default() + 1, value, "an event is missing");
                    at = Some(entry.sequence().get());
                }
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error, FeedError::Closed);
                    assert!(is_over.load(SeqCst));
                    return shown;
                }
            }
        }
        if let Some(reached) = feed.cursor() {
            cursor = Some(reached);
        } else {
            (cursor, shown) = (None, BTreeMap::new());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_lose_and_repeat_nothing() {
    for retention in [Retention::READERS, Retention::window(100)] {
        let source = Source::default();
        let builder = Hub::builder(source.clone()).retention(retention);
        let builder = builder.idle_keys(1).cache(Duration::from_millis(1));
        let mut publisher = builder.remembered_keys(2).build().unwrap();
        let hub = publisher.hub();
        let is_over = Arc::new(AtomicBool::new(false));
        let seeds = AtomicU64::new(1);
        let watchers: Vec<_> = (0..KEYS)
            .flat_map(|key| [key; 4])
            .map(|key| {
                let seed = seeds.fetch_add(1, SeqCst);
                let watcher = watch(hub.clone(), key, seed, Arc::clone(&is_over));
                (key, tokio::spawn(watcher))
            })
            .collect();
        let topic = Topic::from(TOPIC);
        let mut counts = BTreeMap::<u32, u64>::new();
        for sequence in 1..=PUBLISHED {
            let key = (sequence % u64::from(KEYS)) as u32;
            let count = counts.entry(key).or_default();
            *count += 1;
            {
                let mut store = source.store();
                store.sequence = sequence;
                store.values.insert((topic.clone(), key), *count);
            }
            let event = (key, *count);
            publisher.publish_one(sequence, &topic, key, event).unwrap();
            if sequence % 64 == 0 {
                tokio::task::yield_now().await;
            }
        }
        is_over.store(true, SeqCst);
        publisher.close();
        for (key, watcher) in watchers {
            let shown = watcher.await.unwrap();
            // It was either there to the end, or had left and found the hub closed.
            assert!(shown.get(&key).is_none_or(|value| *value <= counts[&key]));
        }
        assert_eq!(hub.stats().feeds, 0);
    }
}
