//! Traces: the events in the README, and no others.
//!
//! * Whatever fails is a warning, once for each time, whether or not it is tried again.
//! * Where a consumer begins, begins anew and ends is there for whoever looks closer.
//! * Batches and commits that succeed are no events.
//! * Whoever receives an event may ask the consumer.
//!
//! A program of its own, whose tests run one after the other: what tracing remembers of who listens
//! to an event is shared by all threads, and is decided when it first happens.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "behaviour/harness"]
#[allow(dead_code, reason = "each program uses its part of it")]
mod harness {
    pub(crate) mod clock;
    pub(crate) mod scene;
    pub(crate) mod script;
    pub(crate) mod shelf;
    pub(crate) mod worker;
}

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use forebay_consumer::{FollowError, Handle, OnGap, Retry};
use tracing::field::{Field, Visit};
use tracing::{Event as Traced, Subscriber, subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

use crate::harness::scene::{Running, Scene};
use crate::harness::script::{Broken, Event, anew, items, reached};
use crate::harness::shelf::Fault;
use crate::harness::worker::Go;

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Retry = Retry::exponential(SECOND, SECOND);

/// What was said, a line for each event: its level, its message, and its fields but the name, which
/// is the same in all.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    asked: Arc<OnceLock<Handle>>,
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "name" => assert_eq!(format!("{value:?}"), "billing"),
            other => write!(self.fields, " {other}={value:?}").unwrap(),
        }
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Traced<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        assert!(event.metadata().fields().field("name").is_some());
        let level = event.metadata().level();
        let text = format!("{level} {}{}", line.message, line.fields);
        self.lines.lock().unwrap().push(text);
        if let Some(handle) = self.asked.get() {
            let _ = handle.stats();
            handle.stop();
        }
    }
}

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn logged(test: impl FnOnce(&Log)) {
    let _alone = alone();
    let log = Log::default();
    let subscriber = Registry::default().with(log.clone());
    subscriber::with_default(subscriber, || test(&log));
}

fn start(scene: &Scene) -> Running {
    scene.start_with(|builder| {
        builder
            .name("billing")
            .retry(RETRY)
            .on_gap(OnGap::BeginAnew)
    })
}

fn interrupted() -> Event {
    Event::Fails(FollowError::Interrupted(Broken))
}

#[test]
fn where_it_begins_goes_on_and_ends_is_said_and_what_succeeds_is_not() {
    logged(|log| {
        let scene = Scene::new([vec![reached(1, 0), items(1..=40), Event::Closed]]);
        start(&scene).end().unwrap();
        let lines = log.take();
        assert_eq!(
            lines,
            [
                "DEBUG a consumer begins as somebody new",
                "DEBUG a consumer has ended end=Closed",
            ]
        );

        let scene = Scene::new([vec![items(8..=8)]]).storing(1, 7);
        let mut running = start(&scene);
        running.advance(SECOND);
        running.stop();
        let goes_on = "DEBUG a consumer goes on from=0000000000000001-7";
        let lines = log.take();
        assert_eq!(lines, [goes_on, "DEBUG a consumer has ended end=Stopped"]);
    });
}

#[test]
fn whatever_is_tried_again_is_a_warning_each_time() {
    logged(|log| {
        let scene = Scene::new([vec![items(8..=8), interrupted()], vec![]]).storing(1, 7);
        scene.store.fail([Fault::Busy]);
        scene.worker.applies([Go::Fails, Go::Fails]);
        let mut running = start(&scene);
        for _ in 0..4 {
            running.advance(SECOND);
        }
        let lines = log.take();
        assert_eq!(
            lines,
            [
                "WARN a consumer could not load the position error=Busy",
                "DEBUG a consumer goes on from=0000000000000001-7",
                "WARN a consumer could not apply a batch error=the worker failed",
                "WARN a consumer could not apply a batch error=the worker failed",
                "WARN a consumer could not follow the log error=broken",
                "DEBUG a consumer goes on from=0000000000000001-8",
            ]
        );

        scene.worker.flushes([Go::Fails]);
        scene.store.fail([Fault::Unanswered]);
        scene.log.push(items(9..=9));
        running.run();
        for _ in 0..3 {
            running.advance(SECOND);
        }
        let lines = log.take();
        assert_eq!(
            lines,
            [
                "WARN a consumer could not flush error=the worker failed",
                "WARN a consumer could not commit the position error=Unanswered",
            ]
        );
    });
}

#[test]
fn a_gap_is_a_warning_and_so_is_what_fails_behind_it() {
    logged(|log| {
        let gap = Event::Fails(FollowError::Stale(Broken));
        let scene = Scene::new([vec![gap], vec![reached(2, 3)]]).storing(1, 7);
        let mut running = start(&scene);
        running.advance(SECOND);
        scene.worker.begins_anew([Go::Fails]);
        scene.store.fail([Fault::Busy]);
        scene.log.push(anew());
        running.run();
        for _ in 0..2 {
            running.advance(SECOND);
        }
        let lines = log.take();
        assert_eq!(
            lines,
            [
                "DEBUG a consumer goes on from=0000000000000001-7",
                "WARN a consumer misses something error=broken",
                "DEBUG a consumer begins anew",
                "DEBUG a consumer begins as somebody new",
                "WARN a consumer misses something",
                "WARN a consumer could not reset the position error=Busy",
                "WARN a consumer could not begin anew error=the worker failed",
                "DEBUG a consumer begins anew",
            ]
        );
    });
}

#[test]
fn what_ends_it_is_a_warning_as_well() {
    let refused = |scene: &Scene| scene.store.fail([Fault::Refused]);
    let panics = |scene: &Scene| scene.worker.applies([Go::Panics]);
    let fails = |scene: &Scene| scene.worker.applies([Go::FailsForGood]);
    let ends: [(fn(&Scene), _); 3] = [
        (refused, "load the position error=Refused"),
        (panics, "apply a batch error=out of ideas"),
        (fails, "apply a batch error=the worker failed"),
    ];
    let ended = "DEBUG a consumer has ended end=Failed";
    logged(|log| {
        for (break_it, said) in ends {
            let scene = Scene::new([vec![items(1..=1)]]);
            break_it(&scene);
            start(&scene).end().unwrap_err();
            let mut lines = log.take();
            lines.retain(|line| !line.contains("somebody new"));
            assert_eq!(lines, [&format!("WARN a consumer could not {said}"), ended]);
        }

        let scene = Scene::new([]);
        scene.log.plan(Err(FollowError::Refused(Broken)));
        start(&scene).end().unwrap_err();
        let refused = "WARN a consumer could not follow the log error=broken";
        assert_eq!(log.take()[1..], [refused, ended]);
    });
}

#[test]
fn whoever_receives_an_event_may_ask_and_stop_the_consumer() {
    logged(|log| {
        let scene = Scene::new([vec![items(8..=8), interrupted()]]).storing(1, 7);
        let consumer = scene.builder().name("billing").build().unwrap();
        assert!(log.asked.set(consumer.handle()).is_ok());
        let ended = futures::FutureExt::now_or_never(consumer.run());
        assert_eq!(ended.unwrap().unwrap().applied, 0, "the first one stops it");
        assert_eq!(log.take().len(), 2);
    });
}

#[test]
fn the_readme_has_them_all() {
    let readme = include_str!("../README.md");
    let source = include_str!("../src/observe.rs");
    let messages: Vec<_> = source
        .split('"')
        .filter(|text| text.starts_with("a consumer "))
        .map(|text| text.replace("{doing}", "…"))
        .collect();
    assert_eq!(messages.len(), 7);
    for message in messages {
        assert!(
            readme.contains(&format!("| {message} | event, ")),
            "{message}"
        );
    }
}
