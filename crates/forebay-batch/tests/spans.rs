//! Traces: each call has a span, which follows from the spans of those who asked for its keys.
//!
//! A program of its own, whose tests run one after the other: what tracing remembers of who listens
//! to a span is shared by all threads, and is decided when a span is first met.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "harness/backend.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod backend;
#[path = "harness/hand.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod hand;
#[path = "harness/scene.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod scene;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Metadata, Subscriber, debug_span, subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::backend::{Error, Step, Value};
use crate::hand::{Hand, settle};
use crate::scene::Scene;

/// What happened to spans, by their names, and the fields of those that calls had.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Logged>>);

#[derive(Default)]
struct Logged {
    lines: Vec<String>,
    fields: Vec<BTreeMap<&'static str, String>>,
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Log {
    fn count(&self, line: &str) -> usize {
        let logged = self.0.lock().unwrap();
        logged.lines.iter().filter(|known| *known == line).count()
    }

    fn field(&self, call: usize, name: &str) -> String {
        let logged = self.0.lock().unwrap();
        logged.fields[call].get(name).cloned().unwrap_or_default()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let name = attributes.metadata().name();
        let mut logged = self.0.lock().unwrap();
        logged.lines.push(format!("new {name}"));
        if name == "batch.call" {
            let mut fields = BTreeMap::new();
            attributes.record(&mut Fields(&mut fields));
            logged.fields.push(fields);
        }
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut logged = self.0.lock().unwrap();
        if let Some(fields) = logged.fields.last_mut() {
            values.record(&mut Fields(fields));
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, cx: Context<'_, S>) {
        let name = |id| cx.span(id).map_or("?", |span| span.name());
        let line = format!("{} follows {}", name(id), name(follows));
        self.0.lock().unwrap().lines.push(line);
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        let line = format!("close {}", cx.span(&id).map_or("?", |span| span.name()));
        self.0.lock().unwrap().lines.push(line);
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

#[test]
fn call_follows_from_those_who_asked() {
    logged(|log| {
        let scene = Scene::answering(|builder| builder.name("users"));
        let first = Hand::waiting(scene.batcher.load(&1).instrument(debug_span!("first")));
        let second = Hand::waiting(scene.batcher.load(&2).instrument(debug_span!("second")));
        let joined = Hand::waiting(scene.batcher.load(&1).instrument(debug_span!("joined")));
        scene.run();
        settle(vec![first, second, joined]);
        assert_eq!(log.count("new batch.call"), 1);
        for asker in ["first", "second", "joined"] {
            assert_eq!(log.count(&format!("batch.call follows {asker}")), 1);
        }
        assert_eq!(log.count("close batch.call"), 1);
    });
}

#[test]
fn call_s_span_says_what_it_is() {
    logged(|log| {
        let scene = Scene::answering(|builder| builder.name("users").max_batch(2));
        let loads = scene.loads(&[1, 2, 3, 3]);
        scene.runtime.advance(Duration::from_micros(70));
        scene.run();
        settle(loads);
        let said = |call, names: [&str; 5]| names.map(|name| log.field(call, name));
        let names = ["kind", "name", "keys", "waiters", "queue_us"];
        assert_eq!(said(0, names), ["\"load\"", "\"users\"", "2", "2", "70"]);
        assert_eq!(said(1, names), ["\"load\"", "\"users\"", "1", "2", "70"]);
        assert_eq!(log.field(0, "trigger"), "\"idle\"");
    });
}

#[test]
fn call_follows_from_128_at_most() {
    logged(|log| {
        let scene = Scene::answering(|builder| builder);
        let keys: Vec<u32> = (0..200).collect();
        let asker = || debug_span!("asker");
        let load = |key| Hand::waiting(scene.batcher.load(key).instrument(asker()));
        let loads: Vec<_> = keys.iter().map(load).collect();
        scene.run();
        settle(loads);
        assert_eq!(log.count("batch.call follows asker"), 128);
        assert_eq!(log.field(0, "waiters"), "200");
        assert_eq!(log.count("close asker"), 200);
    });
}

#[test]
fn span_closes_however_its_call_ends() {
    logged(|log| {
        let scene = Scene::held();
        let failed = scene.load(&1);
        scene.run();
        scene.backend.step(0, Step::Panic("poisoned row"));
        scene.run();
        assert!(failed.output().is_err());
        let dropped = scene.load(&2);
        scene.run();
        drop(dropped);
        scene.run();
        assert_eq!(log.count("new batch.call"), 2);
        assert_eq!(log.count("close batch.call"), 2);
    });
}

#[test]
fn nothing_is_built_where_nobody_listens() {
    let _alone = alone();
    let log = Log::default();
    let subscriber = Registry::default().with(log.clone().with_filter(LevelFilter::INFO));
    subscriber::with_default(subscriber, || {
        let scene = Scene::answering(|builder| builder);
        let load = scene.load(&1);
        scene.run();
        assert!(load.output().is_ok());
    });
    assert_eq!(log.count("new batch.call"), 0);
}

#[test]
fn subscriber_may_use_the_batcher() {
    type Shared = forebay_batch::Batcher<u32, Value<u32>, Error>;

    /// Calls into the batcher from within every callback.
    struct Nosy(Shared);

    impl Nosy {
        fn look(&self) {
            let _ = (self.0.stats(), self.0.dispatch(), self.0.clear(&9));
        }
    }

    impl Subscriber for Nosy {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            self.look();
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {
            self.look();
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {
            self.look();
        }

        fn event(&self, _: &Event<'_>) {
            self.look();
        }

        fn enter(&self, _: &Id) {
            self.look();
        }

        fn exit(&self, _: &Id) {
            self.look();
        }

        fn clone_span(&self, id: &Id) -> Id {
            self.look();
            id.clone()
        }

        fn try_close(&self, _: Id) -> bool {
            self.look();
            false
        }
    }

    let _alone = alone();
    let scene = Scene::answering(|builder| builder);
    subscriber::with_default(Nosy(scene.batcher.clone()), || {
        let keys: Vec<u32> = (0..200).collect();
        let asker = || debug_span!("asker");
        let load = |key| Hand::waiting(scene.batcher.load(key).instrument(asker()));
        let mut loads: Vec<_> = keys.iter().map(load).collect();
        loads.truncate(150);
        scene.run();
        assert!(settle(loads).iter().all(Result::is_ok));
    });
    scene.is_over();
}
