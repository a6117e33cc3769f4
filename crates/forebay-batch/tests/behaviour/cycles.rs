//! Calls that would wait for themselves.
//!
//! * A call that waits for itself, directly or through others, is told so, key by key, and so is one
//!   of two calls that wait for each other; everybody else gets an answer.
//! * A fresh load does not wait for the call that makes it.

use std::sync::Arc;

use forebay_batch::Builder;
use forebay_core::{LoadError, LoadResult};
use forebay_testkit::HandRuntime;

use crate::backend::Error;
use crate::circular::{Circular, Loop, gate, is_over, tight};
use crate::hand::Hand;

type Answer = LoadResult<u32, Error>;

fn cycle() -> Answer {
    Err(LoadError::from("cycle"))
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
