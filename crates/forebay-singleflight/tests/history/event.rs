//! What can happen, and how often.

use forebay_singleflight::{Handover, OnFailure, OnLeaderLost, OnTimeout};
use proptest::prelude::*;

use std::time::Duration;

/// One event. Numbers of calls, loads and claims count those that are there, round and round.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Call { key: u8, timeout: Option<u8> },
    Poll(usize),
    Drop(usize),
    Answer(usize),
    Fail(usize),
    Panic(usize),
    Forget(u8),
    ForgetUnshared(u8),
    ForgetAll,
    Claim(u8),
    Publish(usize),
    DropClaim(usize),
    Advance(u8),
    CloneGroup,
    DropGroup,
}

/// The settings of a group. Times are whole seconds.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) timeout: Option<u64>,
    pub(crate) on_timeout: OnTimeout,
    pub(crate) on_leader_lost: OnLeaderLost,
    pub(crate) handover: Handover,
    pub(crate) on_panic: OnFailure,
    pub(crate) on_error: OnFailure,
}

/// Few keys, so that calls meet; polls and calls often, so that flights get somewhere.
pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let key = 0..2_u8;
    let number = 0..64_usize;
    let timeout = prop::option::weighted(0.3, 1..8_u8);
    let event = prop_oneof![
        20 => (key.clone(), timeout).prop_map(|(key, timeout)| Event::Call { key, timeout }),
        40 => number.clone().prop_map(Event::Poll),
        10 => number.clone().prop_map(Event::Drop),
        6 => number.clone().prop_map(Event::Answer),
        3 => number.clone().prop_map(Event::Fail),
        3 => number.clone().prop_map(Event::Panic),
        3 => key.clone().prop_map(Event::Forget),
        2 => key.clone().prop_map(Event::ForgetUnshared),
        1 => Just(Event::ForgetAll),
        3 => key.prop_map(Event::Claim),
        2 => number.clone().prop_map(Event::Publish),
        2 => number.prop_map(Event::DropClaim),
        6 => (1..6_u8).prop_map(Event::Advance),
        1 => Just(Event::CloneGroup),
        1 => Just(Event::DropGroup),
    ];
    prop::collection::vec(event, 1..100)
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let hedge = (1..4_u64, 1..3_usize).prop_map(|(after, max)| {
        let after = Duration::from_secs(after);
        OnTimeout::Hedge { after, max }
    });
    let on_timeout = prop_oneof![Just(OnTimeout::Error), Just(OnTimeout::RunOwn), hedge];
    let on_failure = || {
        prop_oneof![
            Just(OnFailure::Share),
            (1..3_usize).prop_map(|max| OnFailure::Promote { max }),
        ]
    };
    let lost = prop_oneof![4 => Just(OnLeaderLost::Promote), 1 => Just(OnLeaderLost::Fail)];
    let handover = prop_oneof![4 => Just(Handover::Youngest), 1 => Just(Handover::All)];
    (
        prop::option::of(4..8_u64),
        on_timeout,
        lost,
        handover,
        on_failure(),
        on_failure(),
    )
        .prop_map(
            |(timeout, on_timeout, on_leader_lost, handover, on_panic, on_error)| Rules {
                timeout,
                on_timeout,
                on_leader_lost,
                handover,
                on_panic,
                on_error,
            },
        )
}
