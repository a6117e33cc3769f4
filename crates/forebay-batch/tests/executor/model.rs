//! Random submissions, drops, ends of calls and times, held against a sequential oracle.
//!
//! Values are numbered in the order of submission. After each event:
//!
//! * a value was sent at most once, in one call with values of its group, none of them after it was
//!   taken back or refused; within a group in order; a whole in one call; no call is too heavy,
//!   empty, or one too many;
//! * as much waits and runs as the oracle says;
//! * whoever has all results was woken.
//!
//! Every caller who stays gets exactly the results of its values, and at the end nothing is left.

mod drive;

use std::time::Duration;

use forebay_batch::{Dispatch, ExecutorBuilder};
use proptest::prelude::*;

use crate::model::drive::Drive;
use crate::mutations::{Counter, Ledger};

const TICK: Duration = Duration::from_secs(1);
const WINDOW: u32 = 3;
const TIMEOUT: u32 = 4;

#[derive(Clone, Debug)]
struct Settings {
    batch_max: usize,
    calls_max: usize,
    waiting_max: usize,
    groups: u32,
    policy: Dispatch,
    rounds: u32,
    is_bounded: bool,
    is_inline: bool,
}

#[derive(Clone, Debug)]
enum Event {
    Submit(Kind, u32),
    /// Whether it was woken or not.
    Poll(prop::sample::Index),
    Drop(prop::sample::Index),
    End(prop::sample::Index, Ending),
    /// Polls one task.
    Step,
    /// Polls tasks and whoever is woken until nothing more happens.
    Run,
    Tick,
    Dispatch,
    Close,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Single,
    Many,
    Whole,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Execute,
    /// Odd values fail.
    FailOdd,
    Fail,
    Panic,
    /// So many results instead of what was sent, unless that is the same.
    Results(usize),
}

fn settings() -> impl Strategy<Value = Settings> {
    let policies = prop_oneof![
        4 => Just(Dispatch::Natural),
        1 => Just(Dispatch::Window(TICK * WINDOW)),
        1 => (2..5_usize).prop_map(Dispatch::MinSize),
        1 => Just(Dispatch::Manual),
    ];
    let bounds = (
        1..7_usize,
        1..4_usize,
        prop_oneof![Just(usize::MAX), 1..12_usize],
    );
    let others = (1..4_u32, policies, 0..3_u32, any::<bool>(), any::<bool>());
    (bounds, others).prop_map(|(bounds, others)| {
        let (batch_max, calls_max, waiting_max) = bounds;
        let (groups, policy, rounds, is_bounded, is_inline) = others;
        Settings {
            batch_max,
            calls_max,
            waiting_max,
            groups,
            policy,
            rounds,
            is_bounded,
            is_inline,
        }
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let index = any::<prop::sample::Index>;
    let kinds = prop_oneof![Just(Kind::Single), Just(Kind::Many), Just(Kind::Whole)];
    let endings = prop_oneof![
        3 => Just(Ending::Execute),
        1 => Just(Ending::FailOdd),
        1 => Just(Ending::Fail),
        1 => Just(Ending::Panic),
        1 => (0..8_usize).prop_map(Ending::Results),
    ];
    let event = prop_oneof![
        8 => (kinds, 0..6_u32).prop_map(|(kind, count)| Event::Submit(kind, count)),
        2 => index().prop_map(Event::Poll),
        4 => index().prop_map(Event::Drop),
        6 => (index(), endings).prop_map(|(call, ending)| Event::End(call, ending)),
        4 => Just(Event::Step),
        4 => Just(Event::Run),
        2 => Just(Event::Tick),
        1 => Just(Event::Dispatch),
        (1) => prop::bool::weighted(0.05).prop_map(|close| if close { Event::Close } else { Event::Run }),
    ];
    prop::collection::vec(event, 1..60)
}

fn weight(value: u32) -> usize {
    1 + value as usize % 3
}

fn run(settings: &Settings, events: &[Event]) {
    let built = |builder: ExecutorBuilder<Ledger, u32>| {
        let groups = settings.groups;
        let mut builder = builder
            .max_batch(settings.batch_max)
            .max_in_flight(settings.calls_max)
            .max_waiting(settings.waiting_max)
            .dispatch(settings.policy)
            .gather(settings.rounds)
            .weigh(|value| weight(*value));
        if settings.is_bounded {
            builder = builder.call_timeout(TICK * TIMEOUT);
        }
        if settings.is_inline {
            builder = builder.inline();
        }
        builder.group_by(move |value| value % groups)
    };
    let counter = Counter::new(built);
    let mut drive = Drive::new(settings, &counter);
    for event in events {
        drive.apply(event);
    }
    drive.finish();
}

/// As many cases as `PROPTEST_CASES` says, and otherwise what a few seconds allow.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(2_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn executor_agrees_with_the_oracle(settings in settings(), events in events()) {
        run(&settings, &events);
    }
}
