use serde::{Deserialize, Serialize};

use crate::report::model::{Cost, Point, Timing, quotient};

/// The body of an `events` report.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// What was published and who was slow, in one line, all parameters included: two reports are
    /// comparable when their workload and points are equal.
    pub workload: String,
    /// One entry for each number of subscribers and each rate, in the order they were asked for.
    pub points: Vec<Point<EventsRound>>,
}

/// One round of one strategy that gives events to subscribers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventsRound {
    /// What happened, as counts.
    pub counts: EventsCounts,
    /// How long it took, and what it cost.
    pub figures: EventsFigures,
}

/// What happened in a round.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EventsCounts {
    /// Events that were published.
    pub published: u64,
    /// Subscribers that take events as they come.
    pub fast: Audience,
    /// Subscribers that pause before each look at what there is.
    pub slow: Audience,
}

/// What some subscribers got, all of them together.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Audience {
    /// How many subscribers they are.
    pub subscribers: u64,
    /// Events that reached them, each counted once for each of them.
    pub delivered: u64,
    /// Events that did not.
    pub lost: u64,
    /// Of those, the ones that a subscriber was told of.
    pub announced: u64,
    /// How many times a subscriber ran, having waited or paused.
    pub wakes: u64,
    /// Events that came twice, in another order or with another content.
    pub wrong: u64,
}

/// What was measured in a round.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EventsFigures {
    /// The calls that publish one event each.
    pub publish: Timing,
    /// From the moment at which an event was meant to be published until a fast subscriber had it;
    /// `None` where there is none.
    pub fast: Option<Timing>,
    /// The same for slow subscribers.
    pub slow: Option<Timing>,
    /// Processor time of the thread that publishes.
    pub writer_cpu_ns: Option<u64>,
    /// Memory that each subscription takes before the first event.
    pub subscriber_bytes: Option<u64>,
    /// What the round cost as a whole.
    pub cost: Cost,
}

impl EventsRound {
    /// Returns how many events reached subscribers, each counted once for each of them.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        let counts = &self.counts;
        counts.fast.delivered.saturating_add(counts.slow.delivered)
    }

    /// Returns the share of what was to be delivered that was not; `None` where there was nothing.
    #[must_use]
    pub fn lost(&self) -> Option<f64> {
        self.share_lost(|audience| audience.lost)
    }

    /// Returns the share that was lost without a word.
    #[must_use]
    pub fn lost_silently(&self) -> Option<f64> {
        self.share_lost(|audience| audience.lost.saturating_sub(audience.announced))
    }

    /// Returns deliveries in a second: to the fast subscribers, whom no pause of their own delays, or
    /// to the slow ones where there are no others.
    #[must_use]
    pub fn delivered_per_second(&self) -> Option<f64> {
        let (audience, timing) = match &self.figures.fast {
            Some(timing) => (&self.counts.fast, timing),
            None => (&self.counts.slow, self.figures.slow.as_ref()?),
        };
        quotient(audience.delivered, timing.elapsed_ns).map(|per_ns| per_ns * 1e9)
    }

    /// Returns the writer's processor time for each event; `None` where it was not measured.
    #[must_use]
    pub fn writer_cpu_per_event(&self) -> Option<f64> {
        quotient(self.figures.writer_cpu_ns?, self.counts.published)
    }

    /// Returns processor time for each delivery; `None` where it was not measured.
    #[must_use]
    pub fn cpu_per_delivery(&self) -> Option<f64> {
        quotient(self.figures.cost.cpu_ns?, self.delivered())
    }

    /// Returns heap allocations for each event; `None` where they were not counted.
    #[must_use]
    pub fn allocations_per_event(&self) -> Option<f64> {
        quotient(self.figures.cost.allocations?, self.counts.published)
    }

    /// Returns how many times a subscriber ran for each event that it got.
    #[must_use]
    pub fn wakes_per_delivery(&self) -> Option<f64> {
        let counts = &self.counts;
        let wakes = counts.fast.wakes.saturating_add(counts.slow.wakes);
        quotient(wakes, self.delivered())
    }

    fn share_lost(&self, lost: impl Fn(&Audience) -> u64) -> Option<f64> {
        let counts = &self.counts;
        let missed = lost(&counts.fast).saturating_add(lost(&counts.slow));
        let all_lost = counts.fast.lost.saturating_add(counts.slow.lost);
        quotient(missed, self.delivered().saturating_add(all_lost))
    }
}
