//! Code of users that the hub calls: wakers, destructors, clones, keys, snapshots and runtimes may
//! use the hub themselves, and what panics in them stays where it is.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use forebay_core::Sequence;
use forebay_events::{
    Batch, BoxFuture, Feed, Frame, Hub, HubPublisher, Request, Retention, Runtime, RuntimeGone,
    SnapshotSource, SnapshotWriter, Subject, Topic,
};
use forebay_testkit::HandRuntime;

use crate::scene::{Scene, TOPIC};
use crate::wakers::on_wake;

type LoudHub = Hub<Loud, Loud, &'static str>;

/// Uses its hub whenever it is dropped, as a key or as an event.
#[derive(Clone)]
struct Loud {
    number: u32,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    hub: OnceLock<LoudHub>,
    drops: AtomicUsize,
    eq_panics: AtomicBool,
}

impl Drop for Loud {
    fn drop(&mut self) {
        self.shared.drops.fetch_add(1, SeqCst);
        if let Some(hub) = self.shared.hub.get() {
            // It takes the locks of the hub.
            let _ = hub.stats();
        }
    }
}

impl PartialEq for Loud {
    fn eq(&self, other: &Self) -> bool {
        if self.shared.eq_panics.load(SeqCst) {
            resume_unwind(Box::new("unequal to this"));
        }
        self.number == other.number
    }
}

impl Eq for Loud {}

impl Hash for Loud {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // All in one place, so that they are compared.
        0.hash(state);
    }
}

/// Its snapshots have no pieces, and show the state as of this sequence.
struct Empty(u64);

impl<K: Send + Sync + 'static, T: Send + Sync + 'static> SnapshotSource<K, T> for Empty {
    type Error = &'static str;

    async fn snapshot(
        &self,
        _: &Subject<K>,
        _: &mut SnapshotWriter<T>,
    ) -> Result<Sequence, Self::Error> {
        Ok(Sequence::new(self.0))
    }
}

struct Stage {
    publisher: HubPublisher<Loud, Loud, &'static str>,
    hub: LoudHub,
    runtime: HandRuntime,
    shared: Arc<Shared>,
    sequence: u64,
}

impl Stage {
    fn new(retention: Retention) -> Self {
        let runtime = HandRuntime::default();
        let builder = Hub::builder(Empty(u64::MAX)).runtime(runtime.clone());
        let builder = builder.retention(retention).remembered_keys(2).idle_keys(1);
        let publisher = builder.cache(Duration::from_secs(1)).build().unwrap();
        let shared = Arc::<Shared>::default();
        let hub = publisher.hub();
        assert!(shared.hub.set(hub.clone()).is_ok());
        Self {
            publisher,
            hub,
            runtime,
            shared,
            sequence: 0,
        }
    }

    fn loud(&self, number: u32) -> Loud {
        Loud {
            number,
            shared: Arc::clone(&self.shared),
        }
    }

    fn follow(&self, number: u32) -> Feed<Loud, Loud, &'static str> {
        let request = Request::new(TOPIC).key(self.loud(number));
        let feed = self.hub.subscribe(request).unwrap();
        self.runtime.run();
        feed
    }

    fn publish(&mut self, keys: impl IntoIterator<Item = u32>) {
        self.sequence += 1;
        let topic = Topic::from(TOPIC);
        let keys = keys.into_iter();
        let changes = keys.map(|key| (topic.clone(), self.loud(key), self.loud(key)));
        let batch = changes.collect();
        assert!(self.publisher.publish(self.sequence, batch).is_ok());
    }
}

#[test]
fn keys_and_events_may_use_the_hub_when_they_are_dropped() {
    for retention in [Retention::READERS, Retention::window(3)] {
        let mut stage = Stage::new(retention);
        let whole = stage.hub.subscribe(Request::new(TOPIC)).unwrap();
        let feeds = [1, 1, 2, 3].map(|key| stage.follow(key));
        for round in 0..30 {
            stage.publish([1, 2, 2, round, round + 1]);
        }
        let rejected = Batch::from_iter([(Topic::from(TOPIC), stage.loud(1), stage.loud(1))]);
        assert!(stage.publisher.publish(1, rejected).is_err());
        drop(feeds);
        stage.hub.refresh(&Topic::from(TOPIC));
        drop(whole);
        let feed = stage.follow(1);
        stage.publish([1, 1]);
        stage.hub.shutdown();
        stage.runtime.advance(Duration::from_secs(2));
        drop(feed);
        assert!(stage.shared.drops.load(SeqCst) > 300);
    }
}

/// An event that may panic when it is cloned.
struct Fragile {
    panics: bool,
    number: u32,
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        if self.panics {
            resume_unwind(Box::new("cannot be cloned"));
        }
        Self { ..*self }
    }
}

#[test]
fn clone_that_panics_publishes_nothing_and_the_hub_goes_on() {
    let runtime = HandRuntime::default();
    let builder = Hub::builder(Empty(0)).runtime(runtime.clone());
    let mut publisher = builder.build().unwrap();
    let hub = publisher.hub();
    let topic = Topic::from(TOPIC);
    let request = || Request::new(TOPIC);
    let requests = [request(), request().key(7), request().key(8)];
    let mut feeds = requests.map(|request| hub.subscribe(request).unwrap());
    runtime.run();
    let event = |panics, number| Fragile { panics, number };
    let batch = [(7, event(false, 1)), (8, event(true, 2))];
    let batch = batch.map(|(key, event)| (topic.clone(), key, event));
    let batch = Batch::from_iter(batch);
    let publish = AssertUnwindSafe(|| publisher.publish(2, batch).is_ok());
    assert!(catch_unwind(publish).is_err());
    for (sequence, key) in [(3, 7), (4, 8)] {
        let event = event(false, sequence);
        let published = publisher.publish_one(u64::from(sequence), &topic, key, event);
        assert!(published.is_ok());
    }
    let shown = feeds.each_mut().map(|feed| {
        let mut numbers = Vec::new();
        while let Ok(Some(frame)) = feed.try_next() {
            if let Frame::Event(entry) = frame {
                numbers.push(entry.number);
            }
        }
        numbers
    });
    assert_eq!(shown, [vec![3, 4], vec![3], vec![4]]);
}

#[test]
fn key_whose_comparison_panics_leaves_the_hub_as_it_was() {
    let mut stage = Stage::new(Retention::READERS);
    let feed = stage.follow(1);
    stage.publish([2]);
    let before = stage.hub.stats();
    stage.shared.eq_panics.store(true, SeqCst);
    let follow = catch_unwind(AssertUnwindSafe(|| drop(stage.follow(1))));
    assert!(follow.is_err());
    let publish = catch_unwind(AssertUnwindSafe(|| stage.publish([1])));
    assert!(publish.is_err());
    stage.shared.eq_panics.store(false, SeqCst);
    let after = stage.hub.stats();
    assert_eq!((before.logs, before.feeds), (after.logs, after.feeds));
    stage.publish([1]);
    drop(feed);
    assert_eq!(stage.hub.stats().feeds, 0);
}

#[test]
fn waker_may_use_the_hub() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    let hub = scene.hub.clone();
    let waker = on_wake(move || {
        let feed = hub.subscribe(Scene::request(7)).unwrap();
        let _ = hub.stats();
        drop(feed);
        hub.refresh(&Topic::from("others"));
    });
    assert_eq!(reader.poll_with(&waker), Poll::Pending);
    scene.publish(1, 7);
    assert_eq!(reader.events(), [1]);
    assert_eq!(reader.poll_with(&waker), Poll::Pending);
    scene.hub.shutdown();
    reader.end();
}

#[test]
fn waker_may_end_the_log_whose_event_it_is_woken_for() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    let other = Arc::new(Mutex::new(scene.caught_up(7)));
    let (hub, waiting) = (scene.hub.clone(), Arc::clone(&other));
    let waker = on_wake(move || {
        // The event is there by now, and the publisher has yet to come back from its append.
        let mut waiting = waiting.lock().unwrap();
        assert_eq!(waiting.events(), [1]);
        waiting.waits();
        hub.shutdown();
    });
    assert_eq!(reader.poll_with(&waker), Poll::Pending);
    scene.publish(1, 7);
    let mut other = other.lock().unwrap();
    assert!(other.is_woken());
    other.end();
}

#[test]
fn waker_that_panics_costs_nobody_else_a_wake() {
    let mut scene = Scene::new();
    let mut panicking = scene.caught_up(7);
    let mut others = [scene.caught_up(7), scene.caught_up(7)];
    let waker = on_wake(|| resume_unwind(Box::new("not now")));
    assert_eq!(panicking.poll_with(&waker), Poll::Pending);
    for other in &mut others {
        other.waits();
    }
    scene.publish(1, 7);
    assert!(others.iter().all(|other| other.is_woken()));
    assert_eq!(panicking.events(), [1]);
}

#[test]
fn snapshot_may_use_its_hub_and_follow_another_key() {
    struct Nested(Arc<OnceLock<Hub<u32, u32, &'static str>>>);
    impl SnapshotSource<u32, u32> for Nested {
        type Error = &'static str;
        async fn snapshot(
            &self,
            subject: &Subject<u32>,
            out: &mut SnapshotWriter<u32>,
        ) -> Result<Sequence, Self::Error> {
            if let Some(key) = subject.key().filter(|key| **key > 0) {
                let hub = self.0.get().ok_or("there is no hub")?;
                let request = Request::new(subject.topic().clone()).key(key - 1);
                let mut below = hub.subscribe(request).map_err(|_| "it has ended")?;
                while let Ok(Frame::Snapshot(piece)) = below.next().await {
                    out.push(*piece).await;
                }
            }
            out.push(subject.key().copied().unwrap_or_default()).await;
            Ok(Sequence::ZERO)
        }
    }
    let slot = Arc::new(OnceLock::new());
    let runtime = HandRuntime::default();
    let builder = Hub::builder(Nested(Arc::clone(&slot))).runtime(runtime.clone());
    let publisher = builder.build().unwrap();
    assert!(slot.set(publisher.hub()).is_ok());
    let request = Request::new(TOPIC).key(3);
    let mut feed = publisher.hub().subscribe(request).unwrap();
    runtime.run();
    let mut pieces = Vec::new();
    while let Ok(Some(Frame::Snapshot(piece))) = feed.try_next() {
        pieces.push(*piece);
    }
    assert_eq!(pieces, [0, 1, 2, 3]);
}

#[test]
fn snapshot_whose_future_panics_when_it_is_dropped_has_succeeded() {
    struct Grudge;
    impl Drop for Grudge {
        fn drop(&mut self) {
            resume_unwind(Box::new("held a grudge"));
        }
    }
    struct Grudging;
    impl SnapshotSource<u32, (u32, u64)> for Grudging {
        type Error = crate::source::Broken;
        async fn snapshot(
            &self,
            _: &Subject<u32>,
            _: &mut SnapshotWriter<(u32, u64)>,
        ) -> Result<Sequence, Self::Error> {
            let _grudge = Grudge;
            std::future::pending().await
        }
    }
    let runtime = HandRuntime::default();
    let builder = Hub::builder(Grudging).runtime(runtime.clone());
    let timeout = Duration::from_secs(1);
    let publisher = builder.snapshot_timeout(timeout).build().unwrap();
    let feed = publisher.hub().subscribe(Scene::request(7)).unwrap();
    let mut reader = crate::scene::Reader::new(feed);
    runtime.run();
    runtime.advance(timeout);
    let error = forebay_events::FeedError::Snapshot(forebay_core::LoadError::TimedOut);
    assert_eq!(reader.end(), error);
}

#[test]
fn runtime_may_run_a_build_before_it_has_said_that_it_will() {
    /// Polls each task once and drops what is not complete by then.
    struct AtOnce;
    impl Runtime for AtOnce {
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
        fn spawn(&self, mut task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
            let mut cx = Context::from_waker(Waker::noop());
            let _ = task.as_mut().poll(&mut cx);
            Ok(())
        }
    }
    let publisher = Hub::builder(Empty(0)).runtime(AtOnce).build().unwrap();
    let hub: Hub<u32, u32, _> = publisher.hub();
    let mut feed = hub.subscribe(Request::new(TOPIC).key(7)).unwrap();
    assert!(matches!(feed.try_next(), Ok(Some(Frame::EndOfSnapshot(_)))));
}
