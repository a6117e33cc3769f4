//! Whatever goes wrong on the way is found.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::catchup::fault::Fault;
use crate::catchup::laggard::{Equipment, Laggard};
use crate::catchup::log::{Log, Past, decode};
use crate::catchup::network::model::{Lines, measure};
use crate::catchup::packet::{LEADER, Packet};
use crate::catchup::run::Run;
use crate::catchup::state::{State, first, value};
use crate::catchup::way::{ALL, Way};

fn past() -> Past {
    let before = first(20, 8);
    let mut after = before.clone();
    after.insert(3, value(3, 1, 8).into());
    Past {
        keys: [3, 4, 5].into(),
        missed: 1,
        value_bytes: 8,
        before,
        after,
    }
}

fn run(way: Way, past: &Past) -> Run<'_> {
    Run {
        way,
        past,
        peers: 2,
        writes_per_second: 1_000.0,
        interrupt_at: 0.5,
        seed: 1,
    }
}

fn lines() -> Lines {
    Lines {
        bytes_per_second: vec![1e6; 2],
        latency: Duration::from_millis(1),
        loss: 0.0,
    }
}

fn laggard(before: State) -> (Laggard, Instant) {
    let now = Instant::now();
    let equipment = Equipment {
        before,
        value_bytes: 8,
        peers: 1,
        interrupt_at: 0.5,
        seed: 1,
    };
    (Laggard::new(now, Way::Replay, equipment), now)
}

#[test]
fn everybody_ends_with_the_state_of_the_peers() {
    for strategy in ALL {
        let past = past();
        let found = measure(&run(strategy.way, &past), &lines());
        assert!(found.is_ok(), "{}: {found:?}", strategy.name);
    }
}

#[test]
fn who_began_with_something_else_is_found_out() {
    let mut past = past();
    past.before.insert(7, Bytes::from_static(b"another"));
    let found = measure(&run(Way::Replay, &past), &lines());
    assert!(matches!(found, Err(Fault::WrongState { .. })), "{found:?}");
}

#[test]
fn an_entry_that_follows_on_nothing_is_found_out() {
    let past = past();
    let log = Log::new(past.clone());
    log.write(2);
    let (mut laggard, now) = laggard(past.before);
    laggard.act(now).unwrap();
    let mut stretch = log.read(2, 2);
    stretch.from = 1;
    let packet = Packet::Stretch { asked: 1, stretch };
    // It says it is the first, so nobody can tell before the end.
    laggard.handle(now, LEADER, packet).unwrap();
    assert!(crate::catchup::run::check(&laggard, &log).is_err());
}

#[test]
fn an_entry_that_the_state_has_is_not_applied_again() {
    let past = past();
    let log = Log::new(past.clone());
    let (mut laggard, now) = laggard(past.before.clone());
    laggard.act(now).unwrap();
    let first = log.read(1, 1);
    let packet = Packet::Stretch {
        asked: 1,
        stretch: first,
    };
    laggard.handle(now, LEADER, packet).unwrap();
    assert_eq!((laggard.applied(), laggard.state()), (1, &past.after));
    log.write(1);
    let both = decode(&log.read(1, 2)).unwrap();
    laggard.apply(1, both.clone()).unwrap();
    assert_eq!(laggard.applied(), 2);
    let found = laggard.apply(4, both);
    assert!(matches!(
        found,
        Err(Fault::Gap {
            applied: 2,
            came: 4
        })
    ));
}

#[test]
fn what_was_not_asked_for_is_an_error() {
    let past = past();
    let log = Log::new(past.clone());
    log.write(2);
    let (mut laggard, now) = laggard(past.before);
    laggard.act(now).unwrap();
    let stretch = log.read(2, 2);
    let packet = Packet::Stretch { asked: 1, stretch };
    let found = laggard.handle(now, LEADER, packet);
    assert!(matches!(found, Err(Fault::Malformed)), "{found:?}");
}
