//! Calls that load from their own batcher.
//!
//! * Such a load does not wait for the place, nor for the permit, that its own call holds, however
//!   many there are, however they are batched, and whatever the policy.
//! * It takes what stands before it in the queue along, and joins what waits or is in flight.
//! * A call that would wait for itself, directly or through others, is told so, and so is one of two
//!   calls that wait for each other; everybody else gets an answer.

use std::sync::Arc;
use std::time::Duration;

use forebay_batch::{Builder, Dispatch};
use forebay_core::{LoadError, LoadResult};
use futures::channel::oneshot;

use crate::backend::Error;
use crate::circular::{Circular, Loop};
use crate::hand::Hand;
use crate::pool::Pool;
use crate::runtime::HandRuntime;

type Answer = LoadResult<u32, Error>;

/// Settings under which a call that waited for another one's place would wait for ever.
fn tight(runtime: &HandRuntime) -> impl Fn(Builder<Circular, u32>) -> Builder<Circular, u32> {
    let runtime = runtime.clone();
    move |builder| builder.runtime(runtime.clone()).max_in_flight(1)
}

/// How many loads lie between a key and zero.
async fn depth(batcher: Loop, key: u32) -> Answer {
    if key == 0 {
        return Ok(Some(0));
    }
    let below = batcher.load(&(key - 1)).await?;
    Ok(below.map(|below| below + 1))
}

fn cycle() -> Answer {
    Err(LoadError::from("cycle"))
}

/// A gate that a backend's call waits for.
fn gate() -> (oneshot::Sender<()>, impl Fn() -> oneshot::Receiver<()>) {
    let (open, gate) = oneshot::channel();
    let gate = std::sync::Mutex::new(Some(gate));
    let take = move || {
        gate.lock()
            .expect("nobody panics")
            .take()
            .expect("one call waits for it")
    };
    (open, take)
}

fn is_over(batcher: &Loop, runtime: &HandRuntime) {
    runtime.run();
    let stats = batcher.stats();
    assert_eq!((stats.waiting, stats.running), (0, 0));
    assert_eq!((runtime.tasks(), runtime.sleepers()), (0, 0));
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
fn call_that_waits_for_its_own_key_is_told() {
    let runtime = HandRuntime::default();
    let same = async |batcher: Loop, key| batcher.load(&key).await;
    let (batcher, calls) = Circular::build(tight(&runtime), same);
    let loads = Hand::waiting(batcher.load_many(&[1, 2]));
    runtime.run();
    assert_eq!(loads.woken(), [cycle(), cycle()]);
    assert_eq!(calls.keys(), [[1, 2]]);
    assert_eq!(batcher.stats().cycles, 2);
    is_over(&batcher, &runtime);
}

#[test]
fn call_that_waits_for_another_key_of_itself_is_told() {
    let runtime = HandRuntime::default();
    let (batcher, _) = Circular::build(tight(&runtime), async |batcher: Loop, key| {
        if key == 1 {
            return batcher.load(&2).await;
        }
        Ok(Some(key))
    });
    let loads = Hand::waiting(batcher.load_many(&[1, 2]));
    runtime.run();
    assert_eq!(loads.woken(), [cycle(), Ok(Some(2))]);
    is_over(&batcher, &runtime);
}

#[test]
fn chain_of_calls_that_comes_back_to_its_beginning_is_told() {
    for length in 2..5 {
        let runtime = HandRuntime::default();
        let next = move |batcher: Loop, key| async move {
            let next = (key + 1) % length;
            batcher.load(&next).await
        };
        let (batcher, calls) = Circular::build(tight(&runtime), next);
        let load = Hand::waiting(batcher.load(&0));
        runtime.run();
        assert_eq!(load.woken(), cycle());
        assert_eq!(calls.keys().len(), length as usize);
        assert_eq!(batcher.stats().cycles, 1);
        is_over(&batcher, &runtime);
    }
}

#[test]
fn many_keys_that_come_back_to_their_call_are_told_one_by_one() {
    let runtime = HandRuntime::default();
    let (batcher, _) = Circular::build(tight(&runtime), async |batcher: Loop, key| {
        if key == 0 {
            let below = batcher.load_many(&[1, 0, 2]).await;
            assert!(matches!(below[..], [Ok(_), Err(LoadError::Cycle), Ok(_)]));
        }
        Ok(Some(key))
    });
    let load = Hand::waiting(batcher.load(&0));
    runtime.run();
    assert_eq!(load.woken(), Ok(Some(0)));
    is_over(&batcher, &runtime);
}

#[test]
fn one_of_two_calls_that_wait_for_each_other_is_told() {
    let runtime = HandRuntime::default();
    let (first, second) = (gate(), gate());
    let gates = Arc::new([first.1, second.1]);
    let settings = |builder: Builder<_, _>| builder.runtime(runtime.clone()).max_batch(1);
    let (batcher, _) = Circular::build(settings, move |batcher: Loop, key| {
        let gates = Arc::clone(&gates);
        async move {
            let _ = gates[key as usize]().await;
            batcher.load(&(1 - key)).await
        }
    });
    let loads = [0, 1].map(|key| {
        let batcher = batcher.clone();
        Hand::waiting(async move { batcher.load(&key).await })
    });
    runtime.run();
    first.0.send(()).unwrap();
    runtime.run();
    second.0.send(()).unwrap();
    runtime.run();
    for load in loads {
        assert_eq!(load.woken(), cycle());
    }
    assert_eq!(batcher.stats().cycles, 1);
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
fn fresh_loads_of_a_call_s_own_keys_are_no_cycle() {
    let runtime = HandRuntime::default();
    let begun = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let (batcher, _) = Circular::build(tight(&runtime), move |batcher: Loop, key| {
        let number = begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            if number == 0 {
                return batcher.load_fresh(&key).await;
            }
            Ok(Some(number))
        }
    });
    let load = Hand::waiting(batcher.load(&1));
    runtime.run();
    assert_eq!(load.woken(), Ok(Some(1)));
    is_over(&batcher, &runtime);
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
