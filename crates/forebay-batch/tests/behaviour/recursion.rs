//! Calls that load from their own batcher.
//!
//! * Such a load does not wait for the place, nor for the permit, that its own call holds, however
//!   many there are, however they are batched, and whatever the policy.
//! * It takes what stands before it in the queue along, and joins what waits or is in flight.
//! * What a call gives up is taken back.

use std::sync::Arc;
use std::time::Duration;

use forebay_batch::{Builder, Dispatch};
use forebay_core::LoadResult;
use forebay_testkit::HandRuntime;
use futures::channel::oneshot;

use crate::backend::Error;
use crate::circular::{Circular, Loop, gate, is_over, tight};
use crate::hand::Hand;
use crate::pool::Pool;

type Answer = LoadResult<u32, Error>;

/// How many loads lie between a key and zero.
async fn depth(batcher: Loop, key: u32) -> Answer {
    if key == 0 {
        return Ok(Some(0));
    }
    let below = batcher.load(&(key - 1)).await?;
    Ok(below.map(|below| below + 1))
}

#[test]
fn call_waits_for_calls_beyond_the_bound() {
    let runtime = HandRuntime::default();
    let (batcher, calls) = Circular::build(tight(&runtime), depth);
    let load = Hand::waiting(batcher.load(&20));
    runtime.run();
    assert_eq!(load.woken(), Ok(Some(20)));
    assert_eq!(calls.keys().len(), 21);
    is_over(&batcher, &runtime);
}

#[test]
fn call_waits_for_calls_whatever_the_policy() {
    let hour = Duration::from_secs(3600);
    for policy in [
        Dispatch::Manual,
        Dispatch::Window(hour),
        Dispatch::MinSize(100),
    ] {
        let runtime = HandRuntime::default();
        let settings = |builder| tight(&runtime)(builder).dispatch(policy);
        let (batcher, _) = Circular::build(settings, depth);
        let load = Hand::waiting(batcher.load(&3));
        batcher.dispatch();
        runtime.run();
        assert_eq!(load.woken(), Ok(Some(3)), "{policy:?}");
        runtime.advance(hour);
        is_over(&batcher, &runtime);
    }
}

#[test]
fn call_needs_no_second_permit() {
    let runtime = HandRuntime::default();
    let pool = Pool::new(1);
    let settings = |builder: Builder<_, _>| {
        let pool = pool.clone();
        builder
            .runtime(runtime.clone())
            .permits(move || pool.clone().take())
    };
    let (batcher, _) = Circular::build(settings, depth);
    let load = Hand::waiting(batcher.load(&5));
    runtime.run();
    assert_eq!(load.woken(), Ok(Some(5)));
    assert_eq!((pool.asked(), pool.free()), (1, 1));
    is_over(&batcher, &runtime);
}

#[test]
fn call_waits_for_more_keys_than_one_batch_takes() {
    let runtime = HandRuntime::default();
    let settings = |builder| tight(&runtime)(builder).max_batch(2);
    let (batcher, calls) = Circular::build(settings, async |batcher: Loop, key| {
        if key < 100 {
            return Ok(Some(key));
        }
        let below = batcher.try_load_many(&[1, 2, 3, 4, 5, 6, 7]).await;
        let below = below.map_err(|(_, error)| error)?;
        Ok(Some(below.into_iter().flatten().sum()))
    });
    let load = Hand::waiting(batcher.load(&100));
    runtime.run();
    assert_eq!(load.woken(), Ok(Some(28)));
    assert_eq!(
        calls.keys(),
        [vec![100], vec![1, 2], vec![3, 4], vec![5, 6], vec![7]]
    );
    is_over(&batcher, &runtime);
}

#[test]
fn call_takes_what_stands_before_its_keys_along() {
    let runtime = HandRuntime::default();
    let (open, take) = gate();
    let settings = |builder| tight(&runtime)(builder).max_batch(2);
    let take = Arc::new(take);
    let (batcher, calls) = Circular::build(settings, move |batcher: Loop, key| {
        let take = Arc::clone(&take);
        async move {
            if key == 100 {
                let _ = take().await;
                return batcher.load(&5).await;
            }
            Ok(Some(key))
        }
    });
    let parent = Hand::waiting(batcher.load(&100));
    runtime.run();
    let others = Hand::waiting(batcher.load_many(&[1, 2, 3, 4]));
    runtime.run();
    assert_eq!(calls.keys(), [[100]]);
    open.send(()).unwrap();
    runtime.run();
    assert_eq!(calls.keys(), [vec![100], vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(parent.woken(), Ok(Some(5)));
    assert_eq!(others.woken().len(), 4);
    is_over(&batcher, &runtime);
}

#[test]
fn call_lets_a_key_go_that_others_wait_for() {
    let runtime = HandRuntime::default();
    let (open, take) = gate();
    let take = Arc::new(take);
    let (batcher, calls) = Circular::build(tight(&runtime), move |batcher: Loop, key| {
        let take = Arc::clone(&take);
        async move {
            if key == 100 {
                let _ = take().await;
                return batcher.load(&1).await;
            }
            Ok(Some(key))
        }
    });
    let parent = Hand::waiting(batcher.load(&100));
    runtime.run();
    let other = Hand::waiting(batcher.load(&1));
    runtime.run();
    open.send(()).unwrap();
    runtime.run();
    assert_eq!(calls.keys(), [[100], [1]]);
    assert_eq!((parent.woken(), other.woken()), (Ok(Some(1)), Ok(Some(1))));
    is_over(&batcher, &runtime);
}

#[test]
fn start_that_has_lost_its_keys_to_a_call_gives_its_permit_up() {
    let runtime = HandRuntime::default();
    let pool = Pool::new(1);
    let (open, take) = gate();
    let take = Arc::new(take);
    let settings = |builder: Builder<_, _>| {
        let pool = pool.clone();
        builder
            .runtime(runtime.clone())
            .permits(move || pool.clone().take())
    };
    let never = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&never);
    let (batcher, _) = Circular::build(settings, move |batcher: Loop, key| {
        let (take, kept) = (Arc::clone(&take), Arc::clone(&kept));
        async move {
            if key == 100 {
                let _ = take().await;
                let below = batcher.load(&1).await;
                let (open, gate) = oneshot::channel::<()>();
                kept.lock().unwrap().push(open);
                let _ = gate.await;
                return below;
            }
            Ok(Some(key))
        }
    });
    let parent = Hand::waiting(batcher.load(&100));
    runtime.run();
    let other = Hand::waiting(batcher.load(&1));
    runtime.run();
    assert_eq!(pool.waiting(), 1);
    open.send(()).unwrap();
    runtime.run();
    assert_eq!(other.woken(), Ok(Some(1)));
    // The call of key 100 still runs and holds the only permit; nobody else wants one.
    assert_eq!((pool.waiting(), runtime.tasks()), (0, 1));
    never.lock().unwrap().clear();
    runtime.run();
    assert_eq!(parent.woken(), Ok(Some(1)));
    is_over(&batcher, &runtime);
}

#[test]
fn load_that_a_call_gives_up_is_taken_back() {
    let runtime = HandRuntime::default();
    let (batcher, calls) = Circular::build(tight(&runtime), async |batcher: Loop, key| {
        if key < 100 {
            return Ok(Some(key));
        }
        let mut one = batcher.load(&1);
        let mut many = batcher.load_many(&[1, 2]);
        assert!(futures::poll!(&mut one).is_pending());
        assert!(futures::poll!(&mut many).is_pending());
        drop((one, many));
        batcher.load(&3).await
    });
    let load = Hand::waiting(batcher.load(&100));
    runtime.run();
    assert_eq!(load.woken(), Ok(Some(3)));
    assert_eq!(calls.keys(), [[100], [3]]);
    is_over(&batcher, &runtime);
}

#[test]
fn call_that_waits_for_a_call_is_dropped_with_the_last_caller() {
    // Nobody but the call itself waits for the second one, so nobody could go on with either.
    let (_open, take) = gate();
    let take = Arc::new(take);
    let settings = |builder: Builder<_, _>| builder.inline().max_in_flight(1);
    let (batcher, calls) = Circular::build(settings, move |batcher: Loop, key| {
        let take = Arc::clone(&take);
        async move {
            if key == 100 {
                return batcher.load(&1).await;
            }
            let _ = take().await;
            Ok(Some(key))
        }
    });
    for polls in 1..5 {
        let mut load = Hand::new(batcher.load(&100));
        for _ in 0..polls {
            if load.is_due() {
                load.still_waits();
            }
        }
        drop(load);
        let stats = batcher.stats();
        assert_eq!(
            (stats.waiting, stats.running),
            (0, 0),
            "after {polls} polls"
        );
        if calls.keys().contains(&vec![1]) {
            return;
        }
    }
    panic!("the second call never began");
}

#[test]
fn callers_carry_out_calls_within_calls() {
    let settings = |builder: Builder<_, _>| builder.inline().max_in_flight(1);
    let (batcher, calls) = Circular::build(settings, depth);
    assert_eq!(Hand::new(batcher.load(&20)).finished(), Ok(Some(20)));
    assert_eq!(calls.keys().len(), 21);
    let stats = batcher.stats();
    assert_eq!((stats.waiting, stats.running), (0, 0));
}
