use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use forebay_checkpoint::{CheckpointError, MemoryStore, Watch};
use forebay_core::{Checkpoint, CheckpointStore};
use futures::executor::block_on;
use futures::{FutureExt, StreamExt};

use crate::{KEY, OTHER_KEY, at};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn wakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Asks once, and returns what there is at once.
fn ask(watch: &mut Watch, waker: &Waker) -> Poll<Option<Option<Checkpoint>>> {
    let mut cx = Context::from_waker(waker);
    watch.poll_next_unpin(&mut cx)
}

fn is_due(watch: &mut Watch, expected: Option<Checkpoint>) -> bool {
    ask(watch, Waker::noop()) == Poll::Ready(Some(expected))
}

#[test]
fn the_state_now_comes_first_and_then_the_newest() {
    block_on(async {
        let store = MemoryStore::new();
        let mut early = store.watch(&KEY);
        assert!(is_due(&mut early, None));
        assert!(ask(&mut early, Waker::noop()).is_pending());

        for sequence in 1..=3 {
            store.commit(&KEY, at(sequence)).await.unwrap();
        }
        let mut late = store.watch(&KEY);
        for watch in [&mut early, &mut late] {
            assert!(is_due(watch, Some(at(3))));
            assert!(ask(watch, Waker::noop()).is_pending());
        }
    });
}

#[test]
fn every_kind_of_change_is_seen_and_nothing_else() {
    block_on(async {
        let store = MemoryStore::new();
        let claim = store.claim(&KEY).await.unwrap();
        let mut watch = store.watch(&KEY);
        assert!(is_due(&mut watch, None));

        store.commit(&KEY, at(42)).await.unwrap();
        assert!(is_due(&mut watch, Some(at(42))));
        claim.commit(at(43)).await.unwrap();
        assert!(is_due(&mut watch, Some(at(43))));
        store
            .commit_many(vec![(KEY, at(44)), (KEY, at(45))])
            .await
            .unwrap();
        assert!(is_due(&mut watch, Some(at(45))));
        store.reset(&KEY, at(3)).await.unwrap();
        assert!(is_due(&mut watch, Some(at(3))));
        store.remove(&KEY).await.unwrap();
        assert!(is_due(&mut watch, None));

        store.remove(&KEY).await.unwrap();
        store.label(&KEY, Some("orders")).await.unwrap();
        store.commit(&OTHER_KEY, at(1)).await.unwrap();
        claim.commit(at(1)).await.unwrap_err();
        assert!(ask(&mut watch, Waker::noop()).is_pending());
        store.commit(&KEY, at(3)).await.unwrap();
        assert!(is_due(&mut watch, Some(at(3))));
        store.commit(&KEY, at(3)).await.unwrap();
        assert!(ask(&mut watch, Waker::noop()).is_pending());
    });
}

#[test]
fn the_last_waker_is_woken_once() {
    block_on(async {
        let store = MemoryStore::new();
        let mut watch = store.watch(&KEY);
        assert!(is_due(&mut watch, None));
        let [first, last] = [Arc::new(Count::default()), Arc::new(Count::default())];
        for count in [&first, &last] {
            let waker = Waker::from(Arc::clone(count));
            assert!(ask(&mut watch, &waker).is_pending());
        }
        store.commit(&KEY, at(1)).await.unwrap();
        store.commit(&KEY, at(2)).await.unwrap();
        assert_eq!((first.wakes(), last.wakes()), (0, 1));
        // Neither the store nor the watch has kept a waker it has no use for.
        assert_eq!(Arc::strong_count(&first), 1);
        assert_eq!(Arc::strong_count(&last), 1);
    });
}

#[test]
fn a_watch_ends_with_the_store_after_the_last_state() {
    block_on(async {
        let store = MemoryStore::new();
        let claim = store.claim(&KEY).await.unwrap();
        let mut watch = store.watch(&KEY);
        let mut waits = store.watch(&OTHER_KEY);
        assert!(is_due(&mut waits, None));
        let count = Arc::new(Count::default());
        assert!(ask(&mut waits, &Waker::from(Arc::clone(&count))).is_pending());

        store.commit(&KEY, at(42)).await.unwrap();
        drop(store);
        assert_eq!(count.wakes(), 0);
        // A claim is a handle to the store as well.
        drop(claim);
        assert_eq!(count.wakes(), 1);
        assert!(is_due(&mut watch, Some(at(42))));
        assert!(matches!(
            Watch::next(&mut watch).await,
            Err(CheckpointError::Closed)
        ));
        assert_eq!(ask(&mut waits, Waker::noop()), Poll::Ready(None));
        assert_eq!(ask(&mut waits, Waker::noop()), Poll::Ready(None));
    });
}

#[test]
fn a_dropped_future_loses_nothing() {
    block_on(async {
        let store = MemoryStore::new();
        let mut watch = store.watch(&KEY);
        assert_eq!(Watch::next(&mut watch).await.unwrap(), None);
        {
            let mut next = pin!(Watch::next(&mut watch));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(next.as_mut().poll(&mut cx).is_pending());
            store.commit(&KEY, at(42)).await.unwrap();
        }
        assert_eq!(Watch::next(&mut watch).await.unwrap(), Some(at(42)));
    });
}

#[test]
fn a_watch_that_is_dropped_leaves_no_waker_behind() {
    let store = MemoryStore::new();
    let mut watch = store.watch(&KEY);
    let mut other = store.watch(&KEY);
    assert!(is_due(&mut watch, None) && is_due(&mut other, None));
    let count = Arc::new(Count::default());
    assert!(ask(&mut watch, &Waker::from(Arc::clone(&count))).is_pending());
    drop(watch);
    assert_eq!(Arc::strong_count(&count), 1);
    assert_eq!(store.stats().watches, 1);
}

/// A waker may do anything, so it is called without a lock.
#[test]
fn a_waker_may_use_the_store() {
    struct Meddler(MemoryStore);

    impl Wake for Meddler {
        fn wake(self: Arc<Self>) {
            let committed = self.0.commit(&OTHER_KEY, at(1)).now_or_never();
            assert!(matches!(committed, Some(Ok(_))));
            drop(self.0.watch(&KEY));
        }
    }

    let store = MemoryStore::new();
    let mut watch = store.watch(&KEY);
    assert!(is_due(&mut watch, None));
    let waker = Waker::from(Arc::new(Meddler(store.clone())));
    assert!(ask(&mut watch, &waker).is_pending());
    drop(waker);
    block_on(store.commit(&KEY, at(42))).unwrap();
    assert_eq!(store.load_now(&OTHER_KEY), Some(at(1)));
}
