//! Settings that cannot work are typed errors, and a group says what it is.

use std::hash::RandomState;
use std::time::Duration;

use forebay_singleflight::{ConfigError, OnFailure, OnTimeout, Singleflight, WhenFull};
use forebay_testkit::HandRuntime;

use crate::Group;
use crate::backend::Backend;
use crate::hand::Hand;

const SECOND: Duration = Duration::from_secs(1);

const fn zero(setting: &'static str) -> Option<ConfigError> {
    Some(ConfigError::Zero { setting })
}

#[test]
fn zero_shards_are_refused() {
    let refused = Group::builder().shards(0).build();
    assert_eq!(refused.err(), zero("shards"));
}

#[test]
fn any_other_number_of_shards_works() {
    for shards in [1, 2, 3, 64] {
        let group = Group::builder().shards(shards).build().unwrap();
        let backend = Backend::new();
        let keys: Vec<_> = (0..100).map(|key| key.to_string()).collect();
        let leaders: Vec<_> = keys
            .iter()
            .map(|key| Hand::waiting(group.work(key.as_str(), || backend.load())))
            .collect();
        let followers: Vec<_> = keys
            .iter()
            .map(|key| Hand::waiting(group.work(key.as_str(), || backend.load())))
            .collect();
        assert_eq!((group.in_flight(), backend.started()), (100, 100));
        for (load, (leader, follower)) in leaders.into_iter().zip(followers).enumerate() {
            backend.answer(load, load as u64);
            assert_eq!(leader.output(), Ok(load as u64));
            assert_eq!(follower.output(), Ok(load as u64));
        }
        assert_eq!(group.in_flight(), 0);
    }
}

#[test]
fn zero_timeouts_are_refused() {
    let runtime = HandRuntime::default();
    let builder = || Group::builder().runtime(runtime.clone());
    let refused = builder().follower_timeout(Duration::ZERO).build();
    assert_eq!(refused.err(), zero("follower_timeout"));

    let after = Duration::ZERO;
    let refused = builder()
        .on_timeout(OnTimeout::Hedge { after, max: 1 })
        .build();
    assert_eq!(refused.err(), zero("on_timeout.after"));
}

#[test]
fn zero_leaders_are_refused() {
    for when_full in [WhenFull::Wait, WhenFull::Reject] {
        let refused = Group::builder().max_leaders(0, when_full).build();
        assert_eq!(refused.err(), zero("max_leaders"));
    }
}

#[test]
fn policies_that_allow_nothing_are_refused() {
    let none = OnFailure::Promote { max: 0 };
    let refused = Group::builder().on_panic(none).build();
    assert_eq!(refused.err(), zero("on_panic.max"));
    let refused = Group::builder().on_error(none).build();
    assert_eq!(refused.err(), zero("on_error.max"));

    let hedge = OnTimeout::Hedge {
        after: SECOND,
        max: 0,
    };
    let builder = Group::builder().runtime(HandRuntime::default());
    let refused = builder.on_timeout(hedge).build();
    assert_eq!(refused.err(), zero("on_timeout.max"));
}

#[test]
fn hedging_after_the_timeout_is_refused() {
    let builder = || {
        let runtime = HandRuntime::default();
        Group::builder()
            .runtime(runtime)
            .follower_timeout(2 * SECOND)
    };
    for after in [2 * SECOND, 3 * SECOND] {
        let refused = builder()
            .on_timeout(OnTimeout::Hedge { after, max: 1 })
            .build();
        let too_late = ConfigError::NotBelow {
            setting: "on_timeout.after",
            bound: "follower_timeout",
        };
        assert_eq!(refused.err(), Some(too_late));
    }
    let hedge = OnTimeout::Hedge {
        after: SECOND,
        max: 1,
    };
    assert!(builder().on_timeout(hedge).build().is_ok());
}

#[cfg(not(feature = "tokio"))]
#[test]
fn timeouts_without_a_runtime_are_refused() {
    let refused = Group::builder().follower_timeout(SECOND).build();
    assert_eq!(refused.err(), Some(ConfigError::RuntimeMissing));
    let hedge = OnTimeout::Hedge {
        after: SECOND,
        max: 1,
    };
    let refused = Group::builder().on_timeout(hedge).build();
    assert_eq!(refused.err(), Some(ConfigError::RuntimeMissing));
}

#[cfg(not(feature = "tokio"))]
#[test]
fn bound_of_a_call_without_a_runtime_is_a_typed_error() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let _leader = Hand::waiting(group.work("k", || backend.load()).timeout(SECOND));
    let follower = crate::hand::at_once(group.work("k", || backend.load()).timeout(SECOND));
    assert_eq!(follower, Err(forebay_core::LoadError::Closed));
    assert_eq!(group.followers("k"), Some(0));
}

#[test]
fn hasher_is_pluggable() {
    let builder = Singleflight::<String, u64>::builder();
    let group = builder.hasher(RandomState::new()).build().unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn keys_of_one_hash_are_told_apart() {
    use std::hash::{BuildHasherDefault, Hasher};

    #[derive(Default)]
    struct Constant;

    impl Hasher for Constant {
        fn finish(&self) -> u64 {
            42
        }

        fn write(&mut self, _: &[u8]) {}
    }

    let hasher = BuildHasherDefault::<Constant>::default();
    let group = Singleflight::<String, u64>::builder()
        .hasher(hasher)
        .build()
        .unwrap();
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let b = Hand::waiting(group.work("b", || backend.load()));
    let mut b_too = Hand::waiting(group.work("b", || backend.load()));
    assert_eq!((backend.started(), group.in_flight()), (2, 2));
    drop(b);
    b_too.still_waits();
    assert!(group.forget("a"));
    backend.answer(2, 20);
    assert_eq!(b_too.output(), Ok(20));
    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
    assert_eq!(group.in_flight(), 0);
}
