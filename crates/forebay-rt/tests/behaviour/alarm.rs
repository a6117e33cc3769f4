//! One timer for all deadlines of a stage.
//!
//! * Every deadline is kept, by one task and one timer, and the task ends when none is left.
//! * An earlier deadline is kept too while the task sleeps towards a later one, or sweeps.
//! * The stage is not asked more often than every millisecond.
//! * The task ends with the alarm and with the stage.
//! * Those who wait are told where the runtime is gone, loses its tasks or has no timers.

use std::sync::Arc;
use std::time::Duration;

use forebay_rt::RuntimeGone;
use forebay_rt::alarm::{Alarm, NEVER, Timed, nanos};
use forebay_rt::sync::{Mutex, lock};

use crate::clock::HandRuntime;

const MICRO: Duration = Duration::from_micros(1);
const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A stage in which nothing but deadlines is waited for.
#[derive(Default)]
struct Stage {
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    waiting: Vec<u64>,
    expired: Vec<u64>,
    sweeps: usize,
    told: usize,
    /// Done once when the next sweep has looked at everything.
    late: Option<Box<dyn FnOnce() + Send>>,
}

impl Timed for Stage {
    fn expire(&self, now: u64) -> u64 {
        let mut noted = lock(&self.noted);
        noted.sweeps += 1;
        let (mut expired, later): (Vec<_>, Vec<_>) = noted
            .waiting
            .drain(..)
            .partition(|deadline| *deadline <= now);
        expired.sort_unstable();
        noted.expired.append(&mut expired);
        let next = later.iter().min().copied();
        noted.waiting = later;
        let late = noted.late.take();
        drop(noted);
        if let Some(late) = late {
            late();
        }
        next.unwrap_or(NEVER)
    }

    fn wake_timed(&self) {
        lock(&self.noted).told += 1;
    }
}

struct Fixture {
    runtime: HandRuntime,
    alarm: Arc<Alarm>,
    stage: Arc<Stage>,
}

impl Fixture {
    fn new() -> Self {
        let runtime = HandRuntime::default();
        Self {
            alarm: Arc::new(Alarm::new(Arc::new(runtime.clone()))),
            runtime,
            stage: Arc::default(),
        }
    }

    /// Waits for `deadline`, as a call would.
    fn wait(&self, deadline: Duration) -> Result<(), RuntimeGone> {
        wait(&self.stage, &self.alarm, deadline)
    }

    /// Returns which deadlines have been kept, in whole milliseconds.
    fn expired(&self) -> Vec<u64> {
        let noted = lock(&self.stage.noted);
        let millis = noted.expired.iter().map(|deadline| deadline / 1_000_000);
        millis.collect()
    }

    fn sweeps(&self) -> usize {
        lock(&self.stage.noted).sweeps
    }

    fn told(&self) -> usize {
        lock(&self.stage.noted).told
    }
}

fn wait(stage: &Arc<Stage>, alarm: &Alarm, deadline: Duration) -> Result<(), RuntimeGone> {
    let deadline = nanos(deadline);
    lock(&stage.noted).waiting.push(deadline);
    alarm.arm(&Arc::downgrade(stage), deadline)
}

#[test]
fn deadlines_are_kept_by_one_task_with_one_timer() {
    let fixture = Fixture::new();
    for millis in [50, 100, 150] {
        fixture.wait(millis * MILLI).unwrap();
        fixture.runtime.run();
    }
    assert_eq!(fixture.runtime.tasks(), (1, 1));
    assert_eq!(fixture.runtime.sleeps_begun(), 1);
    fixture.runtime.advance(49 * MILLI);
    assert!(fixture.expired().is_empty());
    fixture.runtime.advance(MILLI);
    assert_eq!(fixture.expired(), [50]);
    fixture.runtime.advance(100 * MILLI);
    assert_eq!(fixture.expired(), [50, 100, 150]);
    assert_eq!(fixture.runtime.tasks(), (0, 1));
}

#[test]
fn deadline_after_the_last_one_starts_the_task_again() {
    let fixture = Fixture::new();
    fixture.wait(SECOND).unwrap();
    fixture.runtime.run();
    fixture.runtime.advance(SECOND);
    assert_eq!(fixture.runtime.tasks(), (0, 1));
    fixture.wait(2 * SECOND).unwrap();
    fixture.runtime.run();
    fixture.runtime.advance(SECOND);
    assert_eq!(fixture.expired(), [1000, 2000]);
    assert_eq!(fixture.runtime.tasks(), (0, 2));
}

#[test]
fn earlier_deadline_is_kept_while_the_task_sleeps_towards_a_later_one() {
    let fixture = Fixture::new();
    fixture.wait(10 * SECOND).unwrap();
    fixture.runtime.run();
    fixture.wait(SECOND).unwrap();
    fixture.runtime.run();
    fixture.runtime.advance(SECOND);
    assert_eq!(fixture.expired(), [1000]);
    fixture.runtime.advance(9 * SECOND);
    assert_eq!(fixture.expired(), [1000, 10_000]);
    assert_eq!(fixture.runtime.tasks(), (0, 1));
}

#[test]
fn deadline_that_the_sweep_just_missed_is_kept() {
    let fixture = Fixture::new();
    fixture.wait(SECOND).unwrap();
    fixture.wait(10 * SECOND).unwrap();
    fixture.runtime.run();
    let (stage, alarm) = (Arc::clone(&fixture.stage), Arc::clone(&fixture.alarm));
    lock(&fixture.stage.noted).late = Some(Box::new(move || {
        wait(&stage, &alarm, 3 * SECOND).unwrap();
    }));
    fixture.runtime.advance(SECOND);
    assert_eq!(fixture.expired(), [1000]);
    fixture.runtime.advance(2 * SECOND);
    assert_eq!(fixture.expired(), [1000, 3000]);
    assert_eq!(fixture.runtime.tasks(), (1, 1));
}

#[test]
fn stage_is_asked_at_most_every_millisecond() {
    let fixture = Fixture::new();
    for micros in 1..=10_000 {
        fixture.wait(micros * MICRO).unwrap();
    }
    fixture.runtime.run();
    for _ in 0..10_000 {
        fixture.runtime.advance(MICRO);
    }
    fixture.runtime.advance(MILLI);
    assert_eq!(fixture.expired().len(), 10_000);
    assert!(fixture.sweeps() <= 12, "{} sweeps", fixture.sweeps());
}

#[test]
fn task_ends_with_the_alarm() {
    let fixture = Fixture::new();
    fixture.wait(SECOND).unwrap();
    fixture.runtime.run();
    drop(fixture.alarm);
    fixture.runtime.run();
    assert_eq!(fixture.runtime.tasks(), (0, 1));
    let noted = lock(&fixture.stage.noted);
    assert_eq!((noted.sweeps, noted.told), (0, 0));
}

#[test]
fn task_ends_with_the_stage() {
    let fixture = Fixture::new();
    fixture.wait(SECOND).unwrap();
    fixture.runtime.run();
    drop(fixture.stage);
    fixture.runtime.advance(SECOND);
    assert_eq!(fixture.runtime.tasks(), (0, 1));
}

#[test]
fn alarm_without_a_runtime_says_so() {
    let fixture = Fixture::new();
    fixture.runtime.shut_down();
    assert_eq!(fixture.wait(SECOND), Err(RuntimeGone::new()));
    assert!(fixture.told() > 0);
}

#[test]
fn those_who_wait_are_told_when_the_task_is_lost_and_can_start_another() {
    let fixture = Fixture::new();
    fixture.wait(SECOND).unwrap();
    fixture.runtime.run();
    fixture.runtime.lose_tasks();
    assert_eq!(fixture.told(), 1);
    fixture.wait(SECOND).unwrap();
    fixture.runtime.run();
    fixture.runtime.advance(SECOND);
    assert_eq!(fixture.expired(), [1000, 1000]);
    assert_eq!(fixture.runtime.tasks(), (0, 2));
}

#[test]
fn those_who_wait_are_told_where_there_are_no_timers() {
    let fixture = Fixture::new();
    fixture.runtime.take_timer();
    fixture.wait(SECOND).unwrap();
    fixture.runtime.run();
    assert_eq!((fixture.told(), fixture.runtime.tasks()), (1, (0, 1)));
    // Another task would fail in the same way.
    assert_eq!(fixture.wait(SECOND), Err(RuntimeGone::new()));
    assert_eq!(fixture.runtime.tasks(), (0, 1));
}

#[test]
fn alarm_shows_the_time_of_its_runtime() {
    let fixture = Fixture::new();
    fixture.runtime.advance(SECOND);
    assert_eq!(fixture.alarm.now(), 1_000_000_000);
    assert_eq!(fixture.alarm.runtime().now(), SECOND);
}

#[test]
fn longest_duration_is_not_never() {
    assert_eq!(nanos(Duration::ZERO), 0);
    assert_eq!(nanos(SECOND), 1_000_000_000);
    assert_eq!(nanos(Duration::MAX), NEVER - 1);
    assert_eq!(nanos(Duration::from_nanos(NEVER)), NEVER - 1);
}
