//! What can happen, and how often.

use std::time::Duration;

use forebay_batch::{Dispatch, Join};
use proptest::prelude::*;

/// How many keys there are: few, so that loads meet.
pub(crate) const KEYS: u8 = 5;

/// One event. Numbers of loads and calls count those that are there, round and round.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Load {
        keys: Asked,
        fresh: bool,
    },
    Poll(usize),
    Drop(usize),
    /// Polls one task.
    Step,
    /// Polls tasks until none is woken.
    Run,
    End(usize, Ending),
    /// A call loads a key itself, from its own batcher.
    Nest(usize, u8),
    Clear(u8),
    ClearAll,
    Prime(u8),
    Replace(u8),
    Dispatch,
    Permit,
    Advance(u64),
    /// The runtime ends with all its tasks, and those who are polled from now on have another one.
    EndRuntime {
        drops: bool,
    },
    Drain,
    Close,
}

/// One key, or many at once.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    One(u8),
    Many(Vec<u8>),
}

/// How a call ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    /// Two bits for each key: most often a value, or nothing, or a failure of its own.
    pub(crate) answers: u16,
    /// How many keys have their answer by then.
    pub(crate) answered: usize,
    pub(crate) how: How,
}

impl Ending {
    /// With a value for each key.
    pub(crate) const WELL: Self = Self {
        answers: 0,
        answered: usize::MAX,
        how: How::Well,
    };
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    Well,
    Failure,
    Panic,
}

/// The settings of a batcher. Times are whole milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) batch_max: usize,
    pub(crate) calls_max: usize,
    pub(crate) waiting_max: Option<usize>,
    pub(crate) dispatch: Dispatch,
    pub(crate) rounds: u32,
    pub(crate) join: Join,
    pub(crate) timeout: Option<u64>,
    pub(crate) is_cached: bool,
    pub(crate) keeps_abandoned: bool,
    /// How many permits there are at first, if calls need any.
    pub(crate) permits: Option<usize>,
    pub(crate) is_grouped: bool,
    pub(crate) is_weighed: bool,
    pub(crate) is_inline: bool,
    /// Whether calls load from their own batcher.
    pub(crate) nests: bool,
}

impl Rules {
    pub(crate) const fn group_of(&self, key: u8) -> u8 {
        if self.is_grouped { key % 2 } else { 0 }
    }

    pub(crate) const fn weight_of(&self, key: u8) -> usize {
        if self.is_weighed {
            key as usize % 3 + 1
        } else {
            1
        }
    }

    pub(crate) const fn window(&self) -> Option<u64> {
        match self.dispatch {
            Dispatch::Window(window) => Some(window.as_millis() as u64),
            _ => None,
        }
    }
}

pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let key = 0..KEYS;
    let number = 0..64_usize;
    let many = prop::collection::vec(key.clone(), 0..7).prop_map(Asked::Many);
    let asked = prop_oneof![4 => key.clone().prop_map(Asked::One), 1 => many];
    let load = (asked, prop::bool::weighted(0.15));
    let how = prop_oneof![5 => Just(How::Well), 2 => Just(How::Failure), 1 => Just(How::Panic)];
    let ending = (any::<u16>(), 0..6_usize, how).prop_map(|(answers, answered, how)| Ending {
        answers,
        answered,
        how,
    });
    let event = prop_oneof![
        20 => load.prop_map(|(keys, fresh)| Event::Load { keys, fresh }),
        30 => number.clone().prop_map(Event::Poll),
        8 => number.clone().prop_map(Event::Drop),
        25 => Just(Event::Step),
        6 => Just(Event::Run),
        12 => (number.clone(), ending).prop_map(|(call, ending)| Event::End(call, ending)),
        6 => (number, key.clone()).prop_map(|(call, key)| Event::Nest(call, key)),
        4 => key.clone().prop_map(Event::Clear),
        1 => Just(Event::ClearAll),
        2 => key.clone().prop_map(Event::Prime),
        2 => key.prop_map(Event::Replace),
        3 => Just(Event::Dispatch),
        3 => Just(Event::Permit),
        5 => (1..12_u64).prop_map(Event::Advance),
        2 => any::<bool>().prop_map(|drops| Event::EndRuntime { drops }),
        1 => Just(Event::Drain),
        1 => Just(Event::Close),
    ];
    prop::collection::vec(event, 1..100)
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let dispatch = prop_oneof![
        3 => Just(Dispatch::Natural),
        1 => (1..4_usize).prop_map(Dispatch::MinSize),
        1 => (1..12_u64).prop_map(|window| Dispatch::Window(Duration::from_millis(window))),
        1 => Just(Dispatch::Manual),
    ];
    let join = prop_oneof![
        4 => Just(Join::InFlight),
        1 => Just(Join::SameBatch),
        1 => Just(Join::Off),
    ];
    let bounds = (
        1..6_usize,
        1..4_usize,
        prop::option::weighted(0.2, 1..5_usize),
        0..4_u32,
    );
    let times = (dispatch, prop::option::weighted(0.3, 5..20_u64));
    let keeping = (join, any::<bool>(), prop::bool::weighted(0.3));
    let hooks = (
        prop::option::weighted(0.3, 0..3_usize),
        any::<bool>(),
        any::<bool>(),
    );
    let ways = (prop::bool::weighted(0.2), prop::bool::weighted(0.4));
    (bounds, times, keeping, hooks, ways).prop_map(|(bounds, times, keeping, hooks, ways)| Rules {
        batch_max: bounds.0,
        calls_max: bounds.1,
        waiting_max: bounds.2,
        rounds: bounds.3,
        dispatch: times.0,
        timeout: times.1,
        join: keeping.0,
        is_cached: keeping.1,
        keeps_abandoned: keeping.2,
        permits: hooks.0,
        is_grouped: hooks.1,
        is_weighed: hooks.2,
        is_inline: ways.0,
        nests: ways.1,
    })
}
