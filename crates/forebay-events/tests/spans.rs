//! Traces: a span for each snapshot that is built, and events for readers that miss something.
//!
//! A program of its own with one test: what tracing remembers of who listens to a span is shared by
//! all threads, and is decided when a span is first met.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use forebay_core::{Cursor, LogId, Sequence};
use forebay_events::{
    Hub, Publisher, RecvError, Request, Retention, SnapshotSource, SnapshotWriter, Subject,
};
use forebay_testkit::HandRuntime;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// What was traced, in words.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<Vec<String>>>);

impl Traced {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Traced {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut line = attributes.metadata().name().to_owned();
        attributes.record(&mut Fields(&mut line));
        self.add(line);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut Fields(&mut line));
        if let Some(span) = context.event_span(event) {
            line.push_str(&format!(" in {}", span.name()));
        }
        self.add(line);
    }
}

struct Talkative;

impl SnapshotSource<u32, u32> for Talkative {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _: &Subject<u32>,
        _: &mut SnapshotWriter<u32>,
    ) -> Result<Sequence, Infallible> {
        tracing::info!("looking");
        Ok(Sequence::ZERO)
    }
}

#[test]
fn snapshots_have_spans_and_missed_events_are_told() {
    let traced = Traced::default();
    let _listening = subscriber::set_default(Registry::default().with(traced.clone()));
    let runtime = HandRuntime::default();

    let builder = Hub::builder(Talkative).runtime(runtime.clone());
    let publisher = builder.build().unwrap();
    let feeds = [Request::new("nodes").key(7), Request::new("nodes")];
    let feeds = feeds.map(|request| publisher.hub().subscribe(request).unwrap());
    runtime.run();
    let looked = "INFO message=looking in events.snapshot";
    let mut spans = traced.take();
    spans.sort();
    let [of_key, of_topic] = ["false", "true"]
        .map(|whole| format!("events.snapshot topic=\"nodes\" whole_topic={whole}"));
    assert_eq!(spans, [looked, looked, &of_key, &of_topic]);
    drop(feeds);

    let builder = Publisher::<u64>::builder().retention(Retention::readers_up_to(0));
    let mut log = builder.runtime(runtime).build().unwrap();
    let mut stuck = log.source().subscribe();
    for number in 1..=1_000 {
        log.append(number, number).unwrap();
    }
    let other = Cursor::new(LogId::new(log.log_id().get() ^ 1), Sequence::ZERO);
    assert!(log.source().resume(other).is_err());
    // However often it asks, a reader is told once.
    let lagged: Vec<_> = (0..3).map(|_| stuck.try_next().unwrap_err()).collect();
    let RecvError::Lagged { missed } = lagged[0] else {
        panic!("{lagged:?}");
    };
    let told = traced.take();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("DEBUG") && told[0].contains("of another log"),
        "{told:?}"
    );
    assert!(told[1].contains("cut off"), "{told:?}");
    assert!(told[1].contains(&format!("missed={missed}")), "{told:?}");
}
