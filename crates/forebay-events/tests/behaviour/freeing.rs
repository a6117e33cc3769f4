//! How much is freed at once where there is a pump.
//!
//! * No drop, no poll and no append frees more than a segment or two; the pump frees the rest, a
//!   segment at a time, and lets others run in between.
//! * In the end nothing is left.

use std::time::Duration;

use forebay_events::{Publisher, Retention};
use forebay_testkit::HandRuntime;

use crate::payload::{Census, Counted};

/// So many events are freed at once at most: two segments.
const SLICE: usize = 2 * 512;
const EVENTS: u64 = 100_000;

struct Scene {
    census: Census,
    runtime: HandRuntime,
    log: Publisher<Counted>,
}

impl Scene {
    fn new(retention: Retention) -> Self {
        let runtime = HandRuntime::default();
        let builder = Publisher::builder().runtime(runtime.clone());
        Self {
            census: Census::default(),
            runtime,
            log: builder.retention(retention).build().unwrap(),
        }
    }

    fn append(&mut self, count: u64) {
        for _ in 0..count {
            let number = self.log.head().get() + 1;
            let event = self.census.event(number);
            let before = self.census.dropped();
            self.log.append(number, event).unwrap();
            assert!(self.census.dropped() - before <= SLICE);
        }
    }
}

/// Does something that may free a slice, and lets the pump free the rest.
#[track_caller]
fn frees_in_slices(census: &Census, runtime: &HandRuntime, f: impl FnOnce()) {
    let mut before = census.dropped();
    let mut check = || {
        let now = census.dropped();
        assert!(now - before <= SLICE, "{} at once", now - before);
        before = now;
    };
    f();
    check();
    while runtime.step() {
        check();
    }
}

#[test]
fn reader_that_is_dropped_leaves_its_backlog_to_the_pump() {
    let mut scene = Scene::new(Retention::READERS);
    let reader = scene.log.source().subscribe();
    scene.append(EVENTS);
    frees_in_slices(&scene.census, &scene.runtime, || drop(reader));
    assert!(scene.census.alive() <= 512);
    let Scene {
        census,
        runtime,
        log,
    } = scene;
    frees_in_slices(&census, &runtime, || drop(log));
    assert_eq!((census.alive(), runtime.tasks()), (0, 0));
}

#[test]
fn last_handle_that_is_dropped_leaves_the_backlog_to_the_pump() {
    for which in 0..4 {
        let mut scene = Scene::new(Retention::READERS);
        let reader = scene.log.source().subscribe();
        scene.append(EVENTS);
        let (census, runtime) = (scene.census.clone(), scene.runtime.clone());
        let f: Box<dyn FnOnce()> = match which {
            0 => {
                drop(scene);
                Box::new(move || drop(reader))
            }
            1 => {
                let position = reader.position();
                drop((scene, reader));
                Box::new(move || drop(position))
            }
            2 => {
                let stream = reader.into_stream();
                drop(scene);
                Box::new(move || drop(stream))
            }
            _ => {
                let source = scene.log.source();
                drop(scene);
                let oldest = source.oldest();
                drop((reader, source));
                Box::new(move || drop(oldest))
            }
        };
        assert_eq!(census.alive(), EVENTS as usize);
        frees_in_slices(&census, &runtime, f);
        assert_eq!((census.alive(), runtime.tasks()), (0, 0), "handle {which}");
    }
}

#[test]
fn window_that_is_dropped_is_left_to_the_pump() {
    let mut scene = Scene::new(Retention::window(EVENTS as usize));
    scene.append(EVENTS);
    let source = scene.log.source();
    let Scene {
        census,
        runtime,
        log,
    } = scene;
    frees_in_slices(&census, &runtime, || drop(log));
    frees_in_slices(&census, &runtime, || drop(source));
    assert_eq!((census.alive(), runtime.tasks()), (0, 0));
}

#[test]
fn reader_frees_a_slice_at_most_with_each_step() {
    let mut scene = Scene::new(Retention::READERS);
    let mut reader = scene.log.source().subscribe();
    scene.append(EVENTS);
    let mut left = EVENTS;
    while left > 0 {
        let before = scene.census.dropped();
        left -= match left % 3 {
            0 => reader.try_next_slice().unwrap().unwrap().len() as u64,
            _ => reader.try_next().unwrap().map_or(0, |_| 1),
        };
        assert!(scene.census.dropped() - before <= SLICE);
    }
}

#[test]
fn readers_that_are_cut_off_leave_their_backlog_to_the_pump() {
    let mut scene = Scene::new(Retention::READERS);
    let (census, runtime) = (scene.census.clone(), scene.runtime.clone());
    let mut readers: Vec<_> = (0..10).map(|_| scene.log.source().subscribe()).collect();
    scene.append(EVENTS);
    for reader in readers.drain(..9) {
        frees_in_slices(&census, &runtime, || drop(reader));
        assert_eq!(census.alive(), EVENTS as usize);
    }
    let mut last = readers.remove(0);
    frees_in_slices(&census, &runtime, || {
        last.skip_to_oldest();
    });
    frees_in_slices(&census, &runtime, || drop(last));
    assert!(census.alive() <= 512);
}

#[test]
fn appends_free_a_slice_at_most_while_the_window_moves() {
    for retention in [
        Retention::window(5_000),
        Retention::window(0),
        Retention::readers_up_to(5_000),
    ] {
        let mut scene = Scene::new(retention);
        let _stuck = scene.log.source().subscribe();
        scene.append(30_000);
    }
}

#[test]
fn batch_larger_than_the_window_is_left_to_the_pump() {
    let mut scene = Scene::new(Retention::window(100));
    let events: Vec<_> = (0..EVENTS)
        .map(|number| scene.census.event(number))
        .collect();
    scene.log.append_all(1, events).unwrap();
    let (census, runtime) = (scene.census.clone(), scene.runtime.clone());
    let next: Vec<_> = (0..EVENTS).map(|number| census.event(number)).collect();
    frees_in_slices(&census, &runtime, || {
        scene.log.append_all(2, next).unwrap();
    });
    let one = census.event(1);
    frees_in_slices(&census, &runtime, || scene.log.append(3, one).unwrap());
    scene.append(2_000);
    runtime.run();
    assert!(census.alive() <= 100 + SLICE, "{}", census.alive());
}

#[test]
fn chain_of_logs_that_is_dropped_is_left_to_the_pump() {
    let (census, runtime) = (Census::default(), HandRuntime::default());
    let new = || {
        let builder = Publisher::<Counted>::builder().runtime(runtime.clone());
        builder.build().unwrap()
    };
    let mut log = new();
    let reader = log.source().subscribe();
    for _ in 0..1_000 {
        let next = new();
        for number in 1..=100 {
            log.append(number, census.event(number)).unwrap();
        }
        log.splice_into(next.position()).unwrap();
        log = next;
    }
    drop(log);
    assert_eq!(census.alive(), 100_000);
    frees_in_slices(&census, &runtime, || drop(reader));
    assert_eq!((census.alive(), runtime.tasks()), (0, 0));
}
#[test]
fn readers_whose_grace_ends_together_are_all_cut_off_in_slices() {
    let grace = Duration::from_secs(1);
    let mut scene = Scene::new(Retention::readers_up_to(1_000).grace(grace));
    let mut stuck = Vec::new();
    for _ in 0..5 {
        stuck.push(scene.log.source().subscribe());
        scene.append(20_000);
    }
    assert_eq!(scene.census.alive(), 100_000);
    scene.runtime.pass(grace);
    // Each append is checked for what it frees.
    scene.append(1_024);
    let (census, runtime) = (scene.census.clone(), scene.runtime.clone());
    frees_in_slices(&census, &runtime, || ());
    assert!(
        census.alive() <= 1_000 + SLICE + 5 * 512,
        "{}",
        census.alive()
    );
    for mut reader in stuck {
        while let Ok(Some(_)) = reader.try_next_slice() {}
        assert!(reader.try_next().is_err());
    }
}
