//! Traces: a span for each session, with its events in it, and events for what happens seldom at a
//! provider.
//!
//! A program of its own with one test: what tracing remembers of who listens to a span is shared by
//! all threads, and is decided when a span is first met.
#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "time is virtual, but has to begin somewhere"
)]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_snapshot::{
    Anchor, Marker, Membership, Message, Provider, ProviderConfig, ProviderOutput, Session,
    SessionConfig, SessionOutput, SliceSnapshot, Trust,
};
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

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let name = context.span(&id).map(|span| span.name());
        self.add(format!("end of {}", name.unwrap_or("?")));
    }
}

type State = SliceSnapshot<u64>;

/// Lets a laggard catch up, over a network that answers at once.
fn catch_up(now: Instant, provider: &mut Provider<State, &'static str>) {
    let members = Membership::new("laggard", ["leader", "laggard"]);
    let config = SessionConfig::new().trust(Trust::Crash);
    let mut session = Session::<State, _, ()>::start(now, config, members, 7).unwrap();
    session
        .handle_message(
            now,
            "stranger",
            Message::Data {
                id: 1,
                bytes: vec![].into(),
            },
        )
        .unwrap();
    while !session.phase().is_final() {
        while session.work(now, 1_000) {}
        match session.poll_output() {
            Some(SessionOutput::Send { message, .. }) => {
                provider.handle_message(now, "laggard", message).unwrap();
            }
            Some(SessionOutput::Install { .. }) => session.handle_installed(now),
            Some(_) => {}
            None => session.handle_timeout(session.poll_timeout().unwrap()),
        }
        for message in sent(now, provider) {
            session.handle_message(now, "leader", message).unwrap();
        }
    }
}

fn sent(now: Instant, provider: &mut Provider<State, &'static str>) -> Vec<Message<&'static str>> {
    let mut sent = Vec::new();
    while provider.work(now, 1_000) {}
    while let Some(output) = provider.poll_output() {
        match output {
            ProviderOutput::Send { message, .. } => sent.push(message),
            ProviderOutput::Feed(marker) => {
                let state = State::from(vec![1, 2, 3]);
                provider.handle_taken(now, &marker, anchor(), state);
                while provider.work(now, 1_000) {}
            }
            _ => {}
        }
    }
    sent
}

fn anchor() -> Anchor {
    Anchor::new(Sequence::new(42), 3)
}

#[test]
fn sessions_have_spans_and_what_happens_seldom_is_told() {
    let traced = Traced::default();
    let _listening = subscriber::set_default(Registry::default().with(traced.clone()));
    let now = Instant::now();
    let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    let mut provider = Provider::new(ProviderConfig::new(), members).unwrap();

    catch_up(now, &mut provider);
    let told = traced.take();
    let expected = [
        "snapshot.session local=\"laggard\"",
        "TRACE message=a message was left out of account peer=\"stranger\" why=NotMember in snapshot.session",
        "DEBUG message=a snapshot can be fetched anchor=42@3",
        "DEBUG message=the state is whole anchor=42@3 in snapshot.session",
        "INFO message=the state is installed anchor=42@3 entries=0 in snapshot.session",
        "end of snapshot.session",
    ];
    assert_eq!(told, expected);

    provider.handle_taken(
        now,
        &Marker::new("laggard", 1),
        anchor(),
        State::from(vec![4]),
    );
    sent(now, &mut provider);
    provider.handle_timeout(now + Duration::from_secs(11));
    let told = traced.take();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("ERROR message=two snapshots of one anchor differ"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("DEBUG message=a snapshot has expired"),
        "{told:?}"
    );
}
