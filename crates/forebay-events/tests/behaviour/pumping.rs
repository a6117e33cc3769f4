//! Many readers that wait are woken by a pump, and not by the writer.
//!
//! * More than 32 are handed to the pump, which wakes 128 and lets others run.
//! * A pump that is behind is helped by the writer, a bounded number at each append: nobody waits
//!   for ever.
//! * There is one task for a log, from when it is first needed until the log is gone.

use forebay_events::{Publisher, RecvError};
use forebay_testkit::HandRuntime;

use crate::reader::{Error, Log, Reader};

/// So many are woken by one append at most.
const FEW: usize = 32;
/// So many are woken by one poll of the pump at most.
const SOME: usize = 128;

fn pumped() -> (Log, HandRuntime) {
    let runtime = HandRuntime::default();
    let builder = Publisher::<u64, Error>::builder().runtime(runtime.clone());
    (builder.build().unwrap(), runtime)
}

fn wait(log: &Log, count: usize) -> Vec<Reader> {
    (0..count).map(|_| Reader::waiting(log)).collect()
}

fn woken(readers: &[Reader]) -> usize {
    readers.iter().filter(|reader| reader.is_woken()).count()
}

#[test]
fn many_are_woken_by_the_pump_some_at_a_time() {
    for count in [33, 128, 129, 256, 1_000] {
        let (mut log, runtime) = pumped();
        let readers = wait(&log, count);
        log.push(1).unwrap();
        assert_eq!(woken(&readers), 0);
        let mut before = 0;
        while runtime.step() {
            let now = woken(&readers);
            assert!(now <= before + SOME);
            before = now;
        }
        assert_eq!(before, count);
        for mut reader in readers {
            assert_eq!(reader.wakes.count(), 1);
            assert_eq!(reader.events(), [1]);
        }
    }
}

#[test]
fn few_need_no_pump() {
    let (mut log, runtime) = pumped();
    for _ in 0..100 {
        let readers = wait(&log, FEW);
        log.push(1).unwrap();
        assert_eq!(woken(&readers), FEW);
    }
    log.close();
    assert_eq!(runtime.spawned(), 0);
}

#[test]
fn writer_helps_a_pump_that_is_behind() {
    let (mut log, _stuck) = pumped();
    let readers = wait(&log, 500);
    log.push(1).unwrap();
    let mut before = 0;
    for _ in 0..500 / FEW + 1 {
        log.push(1).unwrap();
        let now = woken(&readers);
        assert!((before + 1..=before + FEW).contains(&now) || now == 500);
        before = now;
    }
    assert_eq!(before, 500);
    assert!(readers.iter().all(|reader| reader.wakes.count() == 1));
}

#[test]
fn pump_and_writer_together_wake_everybody_once() {
    let (mut log, runtime) = pumped();
    let readers = wait(&log, 1_000);
    log.push(1).unwrap();
    log.push(1).unwrap();
    assert_eq!(woken(&readers), FEW);
    runtime.step();
    log.push(1).unwrap();
    log.push(1).unwrap();
    runtime.run();
    assert_eq!(woken(&readers), 1_000);
    assert!(readers.iter().all(|reader| reader.wakes.count() == 1));
}

#[test]
fn who_begins_to_wait_while_the_pump_is_behind_is_woken_too() {
    for steps in 0..6 {
        let (mut log, runtime) = pumped();
        let mut readers = wait(&log, 300);
        for round in 0..10 {
            log.push(round).unwrap();
            let taken = (0..steps).filter(|_| runtime.step()).count();
            assert!(taken <= steps);
            for reader in readers.iter_mut().filter(|reader| reader.is_woken()) {
                reader.events();
                reader.waits();
            }
            readers.extend(wait(&log, 50));
        }
        log.push(10).unwrap();
        runtime.run();
        for reader in &mut readers {
            // Whoever has not read the last event was woken for it.
            assert!(reader.is_woken());
            assert_eq!(reader.events().last(), Some(&10));
        }
    }
}

#[test]
fn few_who_begin_to_wait_while_the_pump_is_behind_are_woken_too() {
    for late in [1, 20, FEW] {
        let (mut log, runtime) = pumped();
        let readers = wait(&log, 100);
        log.push(1).unwrap();
        // The writer wakes some of those who were handed over, and so it cannot wake all of these.
        let late = wait(&log, late);
        log.push(2).unwrap();
        assert!(woken(&readers) + woken(&late) <= FEW);
        runtime.run();
        assert_eq!(woken(&readers), 100);
        assert_eq!(woken(&late), late.len());
    }
}

#[test]
fn reader_that_takes_its_event_before_the_pump_gets_there_waits_again() {
    let (mut log, runtime) = pumped();
    let mut readers = wait(&log, 200);
    log.push(1).unwrap();
    for reader in &mut readers {
        assert_eq!(reader.event().event, 1);
        reader.waits();
    }
    runtime.run();
    readers.iter_mut().for_each(Reader::waits);
    assert_eq!(log.source().stats().waiting, 200);
    log.push(2).unwrap();
    runtime.run();
    for mut reader in readers {
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [2]);
    }
}

#[test]
fn reader_that_is_gone_before_the_pump_gets_there_costs_nobody_a_wake() {
    let (mut log, runtime) = pumped();
    let mut readers = wait(&log, 400);
    log.push(1).unwrap();
    readers.drain(100..300).for_each(drop);
    runtime.step();
    readers.drain(..50).for_each(drop);
    runtime.run();
    assert_eq!(woken(&readers), 150);
}

#[test]
fn end_wakes_many_although_the_publisher_is_gone() {
    let finishes: [(fn(Log), _); 3] = [
        (Log::close, RecvError::Closed),
        (|log| log.fail("disk full"), RecvError::Failed("disk full")),
        (drop, RecvError::PublisherLost),
    ];
    for (finish, end) in finishes {
        let (log, runtime) = pumped();
        let readers = wait(&log, 300);
        finish(log);
        runtime.run();
        assert_eq!(woken(&readers), 300);
        for mut reader in readers {
            assert_eq!(reader.end(), end);
        }
        runtime.run();
        assert_eq!(runtime.tasks(), 0);
    }
}

#[test]
fn end_leaves_nobody_behind_whom_the_pump_had_not_woken() {
    let (mut log, runtime) = pumped();
    let mut readers = wait(&log, 300);
    log.push(1).unwrap();
    readers.extend(wait(&log, 300));
    readers[..10].iter_mut().for_each(|reader| {
        reader.events();
        reader.waits();
    });
    log.close();
    runtime.run();
    assert_eq!(woken(&readers), 600);
}

#[test]
fn splice_wakes_many() {
    let (log, runtime) = pumped();
    let (mut next, other) = pumped();
    let mut readers = wait(&log, 300);
    let position = next.position();
    next.push(1).unwrap();
    log.splice_into(position).unwrap();
    runtime.run();
    for reader in &mut readers {
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [1]);
        reader.waits();
    }
    next.push(2).unwrap();
    runtime.run();
    other.run();
    assert_eq!(woken(&readers), 300);
}

#[test]
fn log_has_one_task_until_it_is_gone() {
    let (mut log, runtime) = pumped();
    let source = log.source();
    for round in 0..20 {
        let readers = wait(&log, 100);
        log.push(round).unwrap();
        runtime.run();
        assert_eq!(woken(&readers), 100);
        assert_eq!((runtime.spawned(), runtime.tasks()), (1, 1));
    }
    drop(log);
    let last = source.subscribe();
    drop(source);
    runtime.run();
    drop(last);
    runtime.run();
    assert_eq!(runtime.tasks(), 0);
}

#[test]
fn pump_that_has_nothing_to_do_is_not_polled() {
    let (mut log, runtime) = pumped();
    let readers = wait(&log, 100);
    log.push(1).unwrap();
    runtime.run();
    drop(readers);
    for round in 0..1_000 {
        log.push(round).unwrap();
        assert!(!runtime.step());
    }
}
