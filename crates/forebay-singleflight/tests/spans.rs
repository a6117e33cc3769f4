//! Traces: each load has a span, and the spans of its followers follow from it.
//!
//! A program of its own, whose tests run one after the other: what tracing remembers of who listens
//! to a span is shared by all threads, and is decided when a span is first met.
#![cfg(feature = "tracing")]

#[path = "harness/backend.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod backend;
#[path = "harness/hand.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod hand;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_singleflight::Singleflight;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Metadata, Subscriber, debug_span, subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::backend::Backend;
use crate::hand::{Hand, at_once};

type Group = Singleflight<String, u64>;

/// What happened to spans, by their names.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn push(&self, line: String) {
        self.0
            .lock()
            .expect("no test panics while it logs")
            .push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no test panics while it logs").clone()
    }

    fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|known| *known == line).count()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.push(format!("new {}", attributes.metadata().name()));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, cx: Context<'_, S>) {
        let name = |id| cx.span(id).map_or("?", |span| span.name());
        self.push(format!("{} follows {}", name(id), name(follows)));
    }

    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        let name = cx.span(id).map_or("?", |span| span.name());
        self.push(format!("enter {name}"));
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        let name = cx.span(&id).map_or("?", |span| span.name());
        self.push(format!("close {name}"));
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
fn each_load_has_a_span() {
    logged(|log| {
        let group = Group::builder().name("users").build().unwrap();
        assert_eq!(at_once(group.work("k", async || 7)), Ok(7));
        let lines = log.lines();
        assert_eq!(
            lines[..2],
            ["new singleflight.load", "enter singleflight.load"]
        );
        assert_eq!(log.count("close singleflight.load"), 1);
    });
}

#[test]
fn followers_follow_from_the_span_of_the_load_that_served_them() {
    logged(|log| {
        let group = Group::new();
        let backend = Backend::new();
        let leader = group.work("k", || backend.load());
        let leader = Hand::waiting(leader.instrument(debug_span!("first")));
        let follower = group.work("k", || backend.load());
        let follower = Hand::waiting(follower.instrument(debug_span!("second")));
        backend.answer(0, 7);
        assert_eq!(leader.output(), Ok(7));
        assert_eq!(follower.output(), Ok(7));

        assert_eq!(log.count("new singleflight.load"), 1);
        assert_eq!(log.count("second follows singleflight.load"), 1);
        assert_eq!(log.count("first follows singleflight.load"), 0);
        assert_eq!(log.count("close singleflight.load"), 1);
    });
}

#[test]
fn cancelled_load_closes_its_span() {
    logged(|log| {
        let group = Group::new();
        let backend = Backend::<u64>::new();
        drop(Hand::waiting(group.work("k", || backend.load())));
        assert_eq!(log.count("close singleflight.load"), 1);
    });
}

#[test]
fn subscriber_may_use_the_group() {
    /// Calls into the group from within every callback.
    struct Nosy(Group);

    impl Nosy {
        fn look(&self) {
            let _ = (self.0.in_flight(), self.0.followers("k"), self.0.stats());
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
    let group = Group::new();
    subscriber::with_default(Nosy(group.clone()), || {
        let backend = Backend::new();
        let leader = Hand::waiting(group.work("k", || backend.load()));
        let mut promoted = Hand::waiting(group.work("k", || backend.load()));
        let follower = Hand::waiting(group.work("k", || backend.load()));
        drop(leader);
        promoted.still_waits();
        backend.answer(1, 7);
        assert_eq!(promoted.output(), Ok(7));
        assert_eq!(follower.output(), Ok(7));
    });
    assert_eq!(group.in_flight(), 0);
}
