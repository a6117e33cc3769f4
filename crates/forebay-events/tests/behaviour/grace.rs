//! Readers that are left behind, with `readers_up_to`.
//!
//! * A reader further back than its bound is cut off once the grace is over, and not before.
//! * It still gets what its own segment holds, then `Lagged` with the exact number that it misses,
//!   again and again until it skips; it then goes on with what is oldest.
//! * It keeps one segment at most, and no other reader notices.
//! * Nobody jumps in silence.

use std::time::Duration;

use forebay_events::{Publisher, RecvError, Retention, Stale};
use forebay_testkit::HandRuntime;

use crate::payload::{Census, Counted};
use crate::reader::{End, Error, Log, Reader, append_each};
use crate::wakers::finished;

const SEGMENT: u64 = 512;
const SECOND: Duration = Duration::from_secs(1);

fn bounded(events: usize, grace: Duration) -> (Log, HandRuntime) {
    let runtime = HandRuntime::default();
    let log = Publisher::builder()
        .retention(Retention::readers_up_to(events).grace(grace))
        .runtime(runtime.clone())
        .build();
    (log.unwrap(), runtime)
}

/// Reads to the end of what is there, in order; returns how many it got and what it missed.
#[track_caller]
fn read(reader: &mut Reader, from: u64) -> (u64, Option<u64>) {
    let events = reader.events();
    let next = from + events.len() as u64;
    assert_eq!(events, (from..next).collect::<Vec<_>>());
    match reader.poll() {
        std::task::Poll::Pending => (next, None),
        std::task::Poll::Ready(Err(RecvError::Lagged { missed })) => (next, Some(missed)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn reader_that_is_too_far_behind_is_told_what_it_misses() {
    let (mut log, _runtime) = bounded(100, Duration::ZERO);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=10_000);
    let (next, missed) = read(&mut stuck, 1);
    assert!(next <= 1 + SEGMENT);
    let missed = missed.expect("it was cut off");
    for _ in 0..3 {
        assert_eq!(stuck.end(), RecvError::Lagged { missed });
    }
    assert_eq!(stuck.subscription.skip_to_oldest(), missed);
    let first = next + missed;
    assert!((10_000 - 100 - 2 * SEGMENT..=10_000 - 100 + 1).contains(&first));
    assert_eq!(read(&mut stuck, first), (10_001, None));
}

#[test]
fn lagged_stays_and_counts_what_goes_in_the_meantime() {
    let (mut log, _runtime) = bounded(100, Duration::ZERO);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=5_000);
    let (next, missed) = read(&mut stuck, 1);
    let mut before = missed.unwrap();
    for event in 5_001..=9_000 {
        append_each(&mut log, [event]);
        let RecvError::Lagged { missed } = stuck.end() else {
            panic!("it goes on");
        };
        assert!(missed >= before);
        before = missed;
    }
    assert!(before > 7_000);
    let skipped = stuck.subscription.skip_to_oldest();
    assert_eq!(skipped, before);
    assert_eq!(read(&mut stuck, next + skipped), (9_001, None));
}

#[test]
fn reader_within_its_bound_is_never_cut_off() {
    for bound in [1, 10, 600, 3_000] {
        let (mut log, runtime) = bounded(bound, Duration::ZERO);
        let mut reader = Reader::of(&log);
        let mut next = 1;
        for event in 1..=20_000 {
            append_each(&mut log, [event]);
            assert!(reader.subscription.lag() <= bound as u64);
            if reader.subscription.lag() == bound as u64 {
                runtime.run();
                let (after, missed) = read(&mut reader, next);
                assert_eq!(missed, None, "bound {bound} at {event}");
                next = after;
            }
        }
    }
}

#[test]
fn nobody_is_cut_off_before_the_grace_is_over() {
    let (mut log, runtime) = bounded(100, SECOND);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=10_000);
    runtime.advance(SECOND - Duration::from_nanos(1));
    append_each(&mut log, 10_001..=12_000);
    runtime.run();
    assert_eq!(read(&mut stuck, 1), (12_001, None));
    runtime.advance(Duration::from_nanos(1));
    append_each(&mut log, 12_001..=14_000);
    assert_eq!(read(&mut stuck, 12_001), (14_001, None));
}

#[test]
fn grace_that_is_over_cuts_the_reader_off() {
    let (mut log, runtime) = bounded(100, SECOND);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=10_000);
    runtime.advance(SECOND);
    // The time is looked at where a segment begins.
    append_each(&mut log, 10_001..=10_001 + SEGMENT);
    runtime.run();
    let (_, missed) = read(&mut stuck, 1);
    assert!(missed.is_some());
}

#[test]
fn reader_that_catches_up_within_its_grace_is_not_cut_off() {
    let (mut log, runtime) = bounded(1_000, SECOND);
    let mut reader = Reader::of(&log);
    let mut next = 1;
    for round in 0..20 {
        append_each(&mut log, round * 3_000 + 1..=(round + 1) * 3_000);
        runtime.advance(SECOND / 2);
        let (after, missed) = read(&mut reader, next);
        assert_eq!(missed, None, "round {round}");
        next = after;
        runtime.advance(SECOND / 2);
    }
    assert_eq!(next, 60_001);
}

#[test]
fn other_readers_do_not_notice() {
    let (mut log, _runtime) = bounded(100, Duration::ZERO);
    let _stuck = Reader::of(&log);
    let mut good = Reader::of(&log);
    let mut next = 1;
    for event in 1..=20_000 {
        append_each(&mut log, [event]);
        if event % 50 == 0 {
            next = read(&mut good, next).0;
            good.waits();
        }
    }
    assert_eq!(next, 20_001);
}

#[test]
fn stuck_readers_keep_one_segment_each() {
    let census = Census::default();
    let log = Publisher::<Counted>::builder()
        .retention(Retention::readers_up_to(1_000).grace(Duration::ZERO))
        .runtime(HandRuntime::default());
    let mut log = log.build().unwrap();
    let mut stuck = Vec::new();
    let mut number = 0;
    for readers in 0..10 {
        for _ in 0..5_000 {
            number += 1;
            log.append(number, census.event(number)).unwrap();
            let bound = 1_000 + (readers + 2) * SEGMENT as usize;
            assert!(census.alive() <= bound, "{} with {readers}", census.alive());
        }
        stuck.push(log.source().subscribe());
    }
    drop(stuck);
    assert!(census.alive() <= 1_000 + 2 * SEGMENT as usize);
}

#[test]
fn readers_whose_grace_ends_together_are_all_cut_off() {
    let (mut log, runtime) = bounded(1_000, SECOND);
    let mut stuck = Vec::new();
    for round in 0..5 {
        stuck.push((Reader::of(&log), round * 20_000 + 1));
        append_each(&mut log, round * 20_000 + 1..=(round + 1) * 20_000);
    }
    runtime.advance(SECOND);
    append_each(&mut log, 100_001..=101_024);
    runtime.run();
    let retained = log.source().stats().retained;
    assert!(retained <= 1_000 + 7 * SEGMENT, "{retained}");
    for (mut reader, from) in stuck {
        assert!(read(&mut reader, from).1.is_some());
    }
}

#[test]
fn stuck_position_is_cut_off_as_well() {
    let (mut log, _runtime) = bounded(100, Duration::ZERO);
    append_each(&mut log, 1..=10);
    let position = log.position();
    append_each(&mut log, 11..=10_000);
    let mut reader = Reader::new(position.subscribe());
    let (next, missed) = read(&mut reader, 11);
    assert_eq!(reader.subscription.skip_to_oldest(), missed.unwrap());
    assert_eq!(read(&mut reader, next + missed.unwrap()), (10_001, None));
}

#[test]
fn reader_that_was_cut_off_still_gets_the_end() {
    let (mut log, _runtime) = bounded(10, Duration::ZERO);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=5_000);
    log.fail("disk full");
    let next = 1 + stuck.events().len() as u64;
    let RecvError::Lagged { missed } = stuck.end() else {
        panic!("it was not told");
    };
    assert_eq!(stuck.subscription.skip_to_oldest(), missed);
    let rest: Vec<_> = (next + missed..=5_000).collect();
    assert_eq!(stuck.events(), rest);
    assert_eq!(stuck.end(), RecvError::Failed("disk full"));
}

#[test]
fn clone_of_a_reader_that_was_cut_off_is_cut_off() {
    let (mut log, _runtime) = bounded(10, Duration::ZERO);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=5_000);
    stuck.events();
    let mut clone = Reader::new(stuck.subscription.clone());
    assert_eq!(clone.end(), stuck.end());
    let skipped = stuck.subscription.skip_to_oldest();
    assert!(matches!(clone.end(), RecvError::Lagged { .. }));
    assert_eq!(clone.subscription.skip_to_oldest(), skipped);
    assert_eq!(clone.all(), stuck.all());
}

#[test]
fn skipping_moves_only_who_is_too_far_behind() {
    for retention in [
        Retention::READERS,
        Retention::window(10),
        Retention::readers_up_to(100_000),
        Retention::readers_up_to(10),
    ] {
        let builder = Publisher::<u64, Error>::builder().inline();
        let mut log = builder.retention(retention).build().unwrap();
        let mut reader = Reader::of(&log);
        assert_eq!(reader.subscription.skip_to_oldest(), 0);
        append_each(&mut log, 1..=8);
        reader.event();
        assert_eq!(reader.subscription.skip_to_oldest(), 0);
        if retention == Retention::readers_up_to(10) {
            continue;
        }
        append_each(&mut log, 9..=2_000);
        assert_eq!(reader.subscription.skip_to_oldest(), 0, "{retention:?}");
        assert_eq!(read(&mut reader, 2), (2_001, None));
    }
}

#[test]
fn reader_that_skips_before_it_is_told_reads_on_in_order() {
    for read in [0, 1, 7, 8, 20, 24, 56] {
        let (mut log, _runtime) = bounded(100, Duration::ZERO);
        let mut stuck = Reader::of(&log);
        append_each(&mut log, 1..=56);
        for event in 1..=read {
            assert_eq!(stuck.event().event, event);
        }
        append_each(&mut log, 57..=5_000);
        let skipped = stuck.subscription.skip_to_oldest();
        // Where its segment still holds something, there is nothing to skip yet.
        let next = read + 1 + skipped;
        assert_eq!(*finished(stuck.subscription.next()).unwrap(), next);
    }
}

#[test]
fn cursor_after_a_skip_is_where_it_goes_on() {
    let (mut log, _runtime) = bounded(10, Duration::ZERO);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=5_000);
    let read = stuck.events().len() as u64;
    assert_eq!(stuck.subscription.cursor().sequence().get(), read);
    stuck.end();
    assert_eq!(stuck.subscription.cursor().sequence().get(), read);
    let stale = log.source().resume(stuck.subscription.cursor());
    assert!(matches!(stale.unwrap_err(), Stale::Gap { .. }));
    let skipped = stuck.subscription.skip_to_oldest();
    let cursor = stuck.subscription.cursor();
    assert_eq!(cursor.sequence().get(), read + skipped);
    let mut resumed = Reader::new(log.source().resume(cursor).unwrap());
    assert_eq!(resumed.events(), stuck.events());
}

#[test]
fn lag_counts_what_is_missed_too() {
    let (mut log, _runtime) = bounded(10, Duration::ZERO);
    let mut stuck = Reader::of(&log);
    append_each(&mut log, 1..=5_000);
    assert_eq!(stuck.subscription.lag(), 5_000);
    let read = stuck.events().len() as u64;
    assert_eq!(stuck.subscription.lag(), 5_000 - read);
    let skipped = stuck.subscription.skip_to_oldest();
    assert_eq!(stuck.subscription.lag(), 5_000 - read - skipped);
}

#[test]
fn bound_and_window_hold_together() {
    let retention = Retention::readers_up_to(10).grace(Duration::ZERO);
    let log = Publisher::<u64, Error>::builder()
        .retention(retention.with_window(2_000))
        .inline();
    let mut log = log.build().unwrap();
    append_each(&mut log, 1..=10_000);
    let stats = log.source().stats();
    assert!(
        (2_000..=2_000 + 2 * SEGMENT).contains(&stats.retained),
        "{stats:?}"
    );
    let mut oldest = Reader::new(log.source().subscribe_oldest());
    assert!(oldest.event().event <= 8_001);
}

#[test]
fn reader_that_is_closed_by_force_is_told_that_and_not_that_it_lags() {
    let (mut log, _runtime) = bounded(10, Duration::ZERO);
    let mut stuck = Reader::of(&log);
    let closer = stuck.subscription.closer();
    append_each(&mut log, 1..=5_000);
    stuck.events();
    stuck.end();
    closer.close(forebay_events::Reason::Revoked);
    let revoked: End = RecvError::ForceClosed(forebay_events::Reason::Revoked);
    assert_eq!(stuck.end(), revoked);
    stuck.subscription.skip_to_oldest();
    assert_eq!(stuck.end(), revoked);
}

/// A reader that was cut off right before events that another reader kept was told that it lagged,
/// by nothing, and forgot what it had been resumed from.
#[test]
fn reader_that_misses_nothing_is_not_cut_off() {
    let (mut log, _runtime) = bounded(0, Duration::ZERO);
    log.advance(5).unwrap();
    let cursor = log.source().subscribe().cursor();
    let mut stuck = log.source().resume(cursor).unwrap();
    append_each(&mut log, 6..=6);
    let keeper = log.source().subscribe();
    append_each(&mut log, 7..=14);
    assert_eq!(stuck.cursor(), cursor);
    for expected in 6..=14 {
        assert_eq!(stuck.try_next().unwrap().as_deref(), Some(&expected));
    }
    drop(keeper);
}
