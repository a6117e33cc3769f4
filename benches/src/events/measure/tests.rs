//! That a strategy which delivers something else than it must fails the run, whatever its figures.

use clap::Parser;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::*;
use crate::events::delivery::{Desk, Event, Losses, Subscriber, Taken, Writer};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    events: EventsArguments,
}

/// What becomes of an event on its way.
type Lie = fn(Event) -> Vec<Said>;

/// What a subscriber is given.
enum Said {
    Event(Event),
    Missed(u64),
    Panic,
}

/// Sends what it is told to instead of events.
struct Liar {
    lie: Lie,
    queues: Vec<UnboundedSender<Said>>,
}

struct Believer {
    said: UnboundedReceiver<Said>,
    first: Option<Said>,
}

impl Writer for Liar {
    type Subscriber = Believer;

    fn subscribe(&mut self) -> Believer {
        let (queue, said) = mpsc::unbounded_channel();
        self.queues.push(queue);
        Believer { said, first: None }
    }

    fn publish(&mut self, event: Event) {
        for queue in &self.queues {
            for said in (self.lie)(event.clone()) {
                let _ = queue.send(said);
            }
        }
    }

    fn close(self) {}
}

impl Subscriber for Believer {
    const BYTES: usize = 0;

    async fn ready(&mut self) {
        self.first = self.said.recv().await;
    }

    fn take(&mut self, desk: &mut Desk<'_>) -> Taken {
        match self.first.take() {
            None => return Taken::End,
            Some(Said::Event(event)) => desk.event(&event),
            Some(Said::Missed(events)) => desk.missed(events),
            Some(Said::Panic) => panic!("as it was told to"),
        }
        Taken::Some
    }
}

/// Returns why a strategy fails that may lose so much and does this.
fn failure(losses: Losses, measure: fn(&Delivery<'_>) -> Measured) -> String {
    let line = "events --subscribers 3 --slow 0 --rate max --events 10 --repeat 1 --quiet";
    let arguments = Line::parse_from(line.split(' ')).events;
    let (audience, writing) = (&arguments.audience, &arguments.writing);
    let scenario = Scenario::new(audience, writing, arguments.capacity).unwrap();
    let runtime = Runtime::new().unwrap();
    let engine = Engine {
        arguments: &arguments,
        scenario: &scenario,
        runtime: runtime.handle(),
    };
    let strategy = Fanout {
        name: "liar",
        summary: "",
        losses,
        measure,
    };
    let plan = scenario.plan(scenario.offered()[0]);
    let found = engine.run(plan, strategy);
    let result = check(strategy, plan, &found);
    result.map_or_else(|failure| failure.to_string(), |()| "nothing".into())
}

fn lie(delivery: &Delivery<'_>, lie: Lie) -> Measured {
    delivery.measure(|| Liar {
        lie,
        queues: Vec::new(),
    })
}

/// Sends everything but one event.
fn skip(event: Event) -> Vec<Said> {
    match event.sequence {
        4 => Vec::new(),
        _ => vec![Said::Event(event)],
    }
}

/// Sends everything but one event, and says so in its place.
fn skip_aloud(event: Event) -> Vec<Said> {
    match event.sequence {
        4 => vec![Said::Missed(1)],
        _ => vec![Said::Event(event)],
    }
}

#[test]
fn the_truth_passes_whatever_may_be_lost() {
    for losses in [Losses::Never, Losses::Announced, Losses::Silent] {
        let said = failure(losses, |delivery| {
            lie(delivery, |event| vec![Said::Event(event)])
        });
        assert_eq!(said, "nothing");
    }
}

#[test]
fn an_event_that_comes_twice_fails_the_run() {
    let said = failure(Losses::Silent, |delivery| {
        lie(delivery, |event| {
            vec![Said::Event(event.clone()), Said::Event(event)]
        })
    });
    assert_eq!(
        said,
        "30 deliveries of liar were wrong, the first because event 0 came where 1 was to come"
    );
}

#[test]
fn events_in_another_order_fail_the_run() {
    let said = failure(Losses::Silent, |delivery| {
        lie(delivery, |event| match event.sequence {
            4 => Vec::new(),
            5 => vec![Said::Event(event), Said::Event(Event::new(4, 64))],
            _ => vec![Said::Event(event)],
        })
    });
    assert_eq!(
        said,
        "3 deliveries of liar were wrong, the first because event 4 came where 6 was to come"
    );
}

#[test]
fn another_payload_fails_the_run() {
    let said = failure(Losses::Silent, |delivery| {
        lie(delivery, |event| {
            let mut other = Event::new(event.sequence + 1, 64);
            other.sequence = event.sequence;
            vec![Said::Event(other)]
        })
    });
    assert_eq!(
        said,
        "30 deliveries of liar were wrong, the first because event 0 came with another payload"
    );
}

#[test]
fn who_may_lose_nothing_may_not_even_say_so() {
    let expected = |announced: u64| {
        format!(
            "3 deliveries of liar were wrong, the first because 1 events were lost before event 5, \
             and {announced} announced"
        )
    };
    let said = failure(Losses::Never, |delivery| lie(delivery, skip));
    assert_eq!(said, expected(0));
    let said = failure(Losses::Never, |delivery| lie(delivery, skip_aloud));
    assert_eq!(said, expected(1));
}

#[test]
fn who_may_lose_what_it_announces_must_announce_it() {
    let said = failure(Losses::Announced, |delivery| lie(delivery, skip_aloud));
    assert_eq!(said, "nothing");
    let said = failure(Losses::Announced, |delivery| lie(delivery, skip));
    assert!(said.ends_with("before event 5, and 0 announced"), "{said}");
    let said = failure(Losses::Announced, |delivery| {
        lie(delivery, |event| match event.sequence {
            4 => vec![Said::Missed(1), Said::Event(event)],
            _ => vec![Said::Event(event)],
        })
    });
    assert!(
        said.ends_with("because 0 events were lost before event 4, and 1 announced"),
        "{said}"
    );
}

#[test]
fn who_may_lose_silently_must_deliver_the_last_event() {
    let said = failure(Losses::Silent, |delivery| lie(delivery, skip));
    assert_eq!(said, "nothing");
    let said = failure(Losses::Silent, |delivery| {
        lie(delivery, |event| match event.sequence {
            9 => Vec::new(),
            _ => vec![Said::Event(event)],
        })
    });
    assert_eq!(
        said,
        "3 deliveries of liar were wrong, the first because the events ended before event 9 had come"
    );
}

#[test]
fn subscribers_that_vanish_fail_the_run() {
    let said = failure(Losses::Silent, |delivery| {
        lie(delivery, |event| match event.sequence {
            9 => vec![Said::Panic],
            _ => vec![Said::Event(event)],
        })
    });
    assert_eq!(said, "0 of 3 subscribers of liar went on to the end");
}
