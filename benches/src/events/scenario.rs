use crate::cli::{AudienceArguments, WritingArguments};
use crate::events::delivery::Plan;
use crate::failure::Failure;
use crate::report::model::Offered;

/// How many deliveries a run makes by default that publishes without a pause, within bounds for the
/// number of events: few enough for a minute in all, enough for a percentile.
const DELIVERIES: u64 = 1_000_000;
const EVENTS_MIN: u64 = 100;
const EVENTS_MAX: u64 = 100_000;

/// How long a run publishes by default that has a rate.
const SECONDS: f64 = 0.3;

/// A report holds no more points than this.
const POINTS_MAX: usize = 256;

/// More events than this in one run are a mistake.
const EVENTS_TIMED_MAX: f64 = 1e8;

/// What every strategy is given: events, subscribers and a pace, at each point.
#[derive(Debug)]
pub(super) struct Scenario {
    offered: Vec<Offered>,
    plan: Plan,
    slow: f64,
    events: Option<u64>,
}

impl Scenario {
    pub(super) fn new(
        audience: &AudienceArguments,
        writing: &WritingArguments,
        capacity: u32,
    ) -> Result<Self, Failure> {
        let mut offered = Vec::new();
        for pace in &writing.rate {
            offered.extend(audience.subscribers.iter().map(|&count| {
                let (count, per_second) = (u64::from(count), pace.0);
                Offered::Subscribers { count, per_second }
            }));
        }
        if offered.len() > POINTS_MAX {
            return refuse("at most 256 numbers of subscribers and rates can be measured at once");
        }
        let twice = |(index, at): (usize, &Offered)| offered[..index].contains(at);
        if offered.iter().enumerate().any(twice) {
            return refuse("the same number of subscribers, or the same rate, is given twice");
        }
        let rates = writing.rate.iter().filter_map(|pace| pace.0);
        if writing.events.is_none()
            && rates
                .into_iter()
                .any(|rate| rate * SECONDS > EVENTS_TIMED_MAX)
        {
            return refuse("the rate makes more than 100000000 events; give --events");
        }
        Ok(Self {
            offered,
            plan: Plan {
                subscribers: 0,
                slow: 0,
                pause: audience.pause,
                events: 0,
                interval_ns: None,
                payload: writing.payload as usize,
                capacity: capacity as usize,
            },
            slow: audience.slow,
            events: writing.events.map(u64::from),
        })
    }

    /// Returns every number of subscribers at every rate, one after the other.
    pub(super) fn offered(&self) -> &[Offered] {
        &self.offered
    }

    /// Returns what a run is made of.
    pub(super) fn plan(&self, offered: Offered) -> Plan {
        let Offered::Subscribers { count, per_second } = offered else {
            return self.plan;
        };
        let default = match per_second {
            None => (DELIVERIES / count).clamp(EVENTS_MIN, EVENTS_MAX),
            Some(rate) => ((rate * SECONDS) as u64).max(1),
        };
        Plan {
            subscribers: count as usize,
            slow: (count as f64 * self.slow).round() as usize,
            events: self.events.unwrap_or(default),
            interval_ns: per_second.map(|rate| 1e9 / rate),
            ..self.plan
        }
    }

    /// Describes what is published in one line, with everything that makes it what it is.
    pub(super) fn describe(&self) -> String {
        let Plan {
            payload,
            capacity,
            pause,
            ..
        } = self.plan;
        let slow = match self.slow {
            0.0 => "none slow".to_owned(),
            slow => format!("{} % slow, pausing {pause:?}", slow * 100.0),
        };
        let events = match self.events {
            Some(events) => format!("{events} events of {payload} bytes"),
            None => format!("events of {payload} bytes, fewer for more subscribers"),
        };
        format!("{events}, bounds of {capacity} events, {slow}")
    }
}

fn refuse<T>(why: &str) -> Result<T, Failure> {
    Err(Failure::Arguments(why.into()))
}
