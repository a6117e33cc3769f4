//! Keys that wait for a while, so that more come.
//!
//! * Keys leave exactly when the oldest of them has waited for the window, never later for those
//!   that came after it; a key that was withdrawn does not count. Only where two batches are due
//!   within a millisecond may the second be late by as much.
//! * A full batch leaves at once. What cannot leave because no call may start leaves when one may.
//! * Each group has windows of its own.
//! * The bound holds for arrivals at any spacing.

use std::collections::VecDeque;
use std::time::Duration;

use forebay_batch::Dispatch;

use crate::hand::Hand;
use crate::scene::{Plain, Scene, read};

const MS: Duration = Duration::from_millis(1);
const NS: Duration = Duration::from_nanos(1);
const WINDOW: Duration = Duration::from_millis(10);

fn windowed(settings: impl FnOnce(Plain) -> Plain) -> Scene {
    Scene::new(|builder| settings(builder.dispatch(Dispatch::Window(WINDOW))))
}

#[test]
fn key_leaves_exactly_when_it_has_waited_for_the_window() {
    let scene = windowed(|builder| builder);
    scene.runtime.advance(MS / 3);
    let load = scene.load(&1);
    scene.runtime.advance(WINDOW - NS);
    assert_eq!(scene.backend.begun(), 0);
    scene.runtime.advance(NS);
    assert_eq!(scene.backend.calls(), [[1]]);
    scene.finish();
    assert_eq!(load.woken(), read(1, 0));
}

#[test]
fn keys_that_come_later_do_not_make_the_oldest_wait() {
    let scene = windowed(|builder| builder.max_in_flight(100));
    let keys: Vec<u32> = (0..100).collect();
    let mut loads = Vec::new();
    for key in &keys {
        loads.push(scene.load(key));
        scene.runtime.advance(WINDOW * 9 / 10);
    }
    // Two at a time: the second comes before the first has waited long enough, the third after.
    let pairs: Vec<_> = keys.chunks(2).collect();
    assert_eq!(scene.backend.calls(), pairs);
}

#[test]
fn load_that_joins_changes_nothing() {
    let scene = windowed(|builder| builder);
    let _first = scene.load(&1);
    scene.runtime.advance(WINDOW / 2);
    let _joins = scene.load(&1);
    scene.runtime.advance(WINDOW / 2);
    assert_eq!(scene.backend.calls(), [[1]]);
}

#[test]
fn key_that_was_withdrawn_does_not_count() {
    let scene = windowed(|builder| builder);
    let oldest = scene.load(&1);
    scene.runtime.advance(3 * MS);
    let second = scene.load(&2);
    scene.runtime.advance(3 * MS);
    let _third = scene.load(&3);
    drop(oldest);
    scene.runtime.advance(WINDOW - 6 * MS);
    assert_eq!(scene.backend.begun(), 0);
    drop(second);
    scene.runtime.advance(3 * MS);
    assert_eq!(scene.backend.begun(), 0);
    scene.runtime.advance(3 * MS - NS);
    assert_eq!(scene.backend.begun(), 0);
    scene.runtime.advance(NS);
    assert_eq!(scene.backend.calls(), [[3]]);
}

#[test]
fn key_that_comes_after_all_were_withdrawn_has_a_window_of_its_own() {
    let scene = windowed(|builder| builder);
    drop(scene.load(&1));
    scene.runtime.advance(WINDOW / 2);
    let _load = scene.load(&2);
    // The time of the first one comes and goes.
    scene.runtime.advance(WINDOW / 2);
    scene.runtime.advance(WINDOW / 2 - NS);
    assert_eq!(scene.backend.begun(), 0);
    scene.runtime.advance(NS);
    assert_eq!(scene.backend.calls(), [[2]]);
}

#[test]
fn full_batch_leaves_at_once() {
    let scene = windowed(|builder| builder.max_batch(2));
    let _loads = scene.loads(&[1, 2, 3]);
    scene.run();
    assert_eq!(scene.backend.calls(), [[1, 2]]);
    scene.runtime.advance(WINDOW - NS);
    assert_eq!(scene.backend.begun(), 1);
    scene.runtime.advance(NS);
    assert_eq!(scene.backend.calls()[1..], [[3]]);
}

#[test]
fn batch_that_is_due_shortly_after_another_one_is_hardly_late() {
    for later in [NS, MS / 10, MS - NS, MS, 2 * MS] {
        let scene = windowed(|builder| builder.max_batch(2));
        let _first = scene.load(&1);
        scene.runtime.advance(later);
        let _others = scene.loads(&[2, 3]);
        scene.runtime.advance(WINDOW - later);
        scene.runtime.advance(later - NS);
        assert_eq!(scene.backend.begun(), 1, "{later:?}");
        scene.runtime.advance(NS);
        if later < MS {
            scene.runtime.advance(MS - later);
        }
        assert_eq!(scene.backend.calls(), [vec![1, 2], vec![3]], "{later:?}");
    }
}

#[test]
fn many_keys_leave_together() {
    let scene = windowed(|builder| builder.max_batch(2));
    let _many = Hand::waiting(scene.batcher.load_many(&[1, 2, 3, 4, 5]));
    scene.run();
    assert_eq!(scene.backend.calls(), [[1, 2], [3, 4]]);
    scene.runtime.advance(WINDOW);
    assert_eq!(scene.backend.calls()[2..], [[5]]);
}

#[test]
fn keys_that_no_call_may_take_leave_when_one_may() {
    let scene = windowed(|builder| builder.max_in_flight(1));
    let _first = scene.load(&1);
    scene.runtime.advance(WINDOW);
    let _second = scene.load(&2);
    scene.runtime.advance(2 * WINDOW);
    let _third = scene.load(&3);
    assert_eq!(scene.backend.begun(), 1);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(scene.backend.calls()[1], [2]);
    scene.backend.answer(1);
    scene.run();
    // Nothing runs, and still it waits for its time.
    assert_eq!(scene.backend.begun(), 2);
    scene.runtime.advance(WINDOW);
    assert_eq!(scene.backend.calls()[2], [3]);
}

#[test]
fn each_group_has_windows_of_its_own() {
    let scene = Scene::new(|builder| {
        let builder = builder.dispatch(Dispatch::Window(WINDOW));
        builder.group_by(|key| key % 10)
    });
    let _first = scene.load(&1);
    scene.runtime.advance(2 * MS);
    let _second = scene.load(&2);
    scene.runtime.advance(2 * MS);
    let _third = scene.load(&11);
    scene.runtime.advance(WINDOW - 4 * MS);
    assert_eq!(scene.backend.calls(), [[1, 11]]);
    scene.runtime.advance(2 * MS - NS);
    assert_eq!(scene.backend.begun(), 1);
    scene.runtime.advance(NS);
    assert_eq!(scene.backend.calls()[1..], [[2]]);
}

#[test]
fn no_timer_is_left_when_nothing_waits() {
    let scene = windowed(|builder| builder);
    let load = scene.load(&1);
    scene.runtime.advance(WINDOW);
    scene.finish();
    assert_eq!(load.woken(), read(1, 0));
    scene.is_over();
    drop(scene.load(&2));
    scene.runtime.advance(WINDOW);
    scene.is_over();
}

/// A small generator of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// A time between two arrivals, in so many nanoseconds or multiples of them: none, far less than
    /// the window, about as long, or longer.
    fn spacing(&mut self, unit: u64) -> Duration {
        let nanos = match self.below(8) {
            0 => 0,
            1..=3 => self.below(1_500_000),
            4..=5 => self.below(4_000_000),
            6 => 9_000_000 + self.below(2_000_000),
            _ => self.below(30_000_000),
        };
        Duration::from_nanos(nanos / unit * unit)
    }
}

/// When each batch has to leave, told without any batcher.
struct Oracle {
    batch_max: usize,
    open: Option<(Duration, Vec<u32>)>,
    left: Vec<(Duration, Vec<u32>)>,
}

impl Oracle {
    /// Time passes: what has waited long enough leaves.
    fn pass(&mut self, now: Duration) {
        if let Some((since, keys)) = self.open.take_if(|(since, _)| *since + WINDOW <= now) {
            self.left.push((since + WINDOW, keys));
        }
    }

    fn arrive(&mut self, now: Duration, key: u32) {
        let (_, keys) = self.open.get_or_insert((now, Vec::new()));
        keys.push(key);
        if keys.len() == self.batch_max {
            let full = self.open.take();
            self.left.extend(full.map(|(_, keys)| (now, keys)));
        }
    }
}

/// A scene whose clock goes from timer to timer, and the times at which its calls began.
struct Timeline {
    scene: Scene,
    now: Duration,
    left: Vec<Duration>,
}

impl Timeline {
    fn pass(&mut self, until: Duration) {
        let due = |scene: &Scene| scene.runtime.next_deadline().filter(|due| *due < until);
        while let Some(due) = due(&self.scene) {
            self.step(due);
        }
        self.step(until);
    }

    fn step(&mut self, to: Duration) {
        self.scene.runtime.pass(to - self.now);
        self.now = to;
        self.note();
    }

    fn note(&mut self) {
        self.scene.run();
        self.left.resize(self.scene.backend.begun(), self.now);
    }
}

/// Lets keys come at random times; returns when each came, when each batch left with which keys, and
/// when the oracle says that it should have.
type Played = (Vec<Duration>, Vec<(Duration, Vec<u32>)>, Oracle);

fn play(seed: u64, arrivals: u32, unit: u64, batch_max: usize) -> Played {
    let policy = Dispatch::Window(WINDOW);
    let mut line = Timeline {
        scene: Scene::answering(|builder| {
            let builder = builder.dispatch(policy).max_batch(batch_max);
            builder.max_in_flight(usize::MAX)
        }),
        now: Duration::ZERO,
        left: Vec::new(),
    };
    let mut oracle = Oracle {
        batch_max,
        open: None,
        left: Vec::new(),
    };
    let (mut numbers, mut came) = (Numbers(seed), Vec::new());
    let mut waiting = VecDeque::new();
    for key in 0..arrivals {
        let next = line.now + numbers.spacing(unit);
        line.pass(next);
        oracle.pass(next);
        came.push(next);
        let batcher = line.scene.batcher.clone();
        waiting.push_back(Hand::waiting(async move { batcher.load(&key).await }));
        oracle.arrive(next, key);
        line.note();
        while waiting.front().is_some_and(Hand::is_woken) {
            assert!(
                waiting
                    .pop_front()
                    .is_some_and(|load| load.output().is_ok())
            );
        }
    }
    line.pass(line.now + 2 * WINDOW);
    oracle.pass(line.now);
    let left = line.left.into_iter().zip(line.scene.backend.calls());
    (came, left.collect(), oracle)
}

const SEEDS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03];

#[test]
fn bound_is_exact_for_a_hundred_thousand_arrivals_at_any_spacing() {
    let (_, left, oracle) = play(SEEDS[0], 50_000, 1, usize::MAX);
    assert_eq!(left, oracle.left, "seed {}", SEEDS[0]);
    // Whole milliseconds, as coarse as timers are.
    let (_, left, oracle) = play(SEEDS[1], 50_000, 1_000_000, 7);
    assert_eq!(left, oracle.left, "seed {}", SEEDS[1]);
}

#[test]
fn bound_holds_within_a_millisecond_where_batches_are_due_close_together() {
    for seed in SEEDS {
        let (came, left, _) = play(seed, 10_000, 1, 7);
        let mut keys = Vec::new();
        for (when, batch) in left {
            let due = came[batch[0] as usize] + WINDOW;
            if batch.len() < 7 {
                assert!(when >= due, "{batch:?} too early, seed {seed}");
            }
            assert!(when <= due + MS, "{batch:?} too late, seed {seed}");
            keys.extend(batch);
        }
        assert!(keys.into_iter().eq(0..10_000));
    }
}
