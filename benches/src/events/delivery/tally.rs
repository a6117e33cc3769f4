use std::fmt;

use crate::harness::latencies::Latencies;
use crate::report::model::Audience;

/// What subscribers got, so far or on one thread.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) fast: Part,
    pub(crate) slow: Part,
    /// What was wrong with the earliest event that came wrong.
    pub(crate) fault: Option<Fault>,
}

/// What one of the two kinds of subscribers got.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) audience: Audience,
    pub(crate) latencies: Latencies,
}

/// Why a delivery was wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// An event came a second time, or after a later one.
    Repeated {
        /// The event.
        sequence: u64,
        /// The one that was to come.
        expected: u64,
    },
    /// An event came with another payload than its own.
    Harmed {
        /// The event.
        sequence: u64,
    },
    /// More or fewer events were lost than the subscriber was told.
    Misannounced {
        /// The event that came instead of the first one that was lost.
        sequence: u64,
        /// How many were lost.
        lost: u64,
        /// How many of them the subscriber was told of.
        announced: u64,
    },
    /// The events ended before the last one had come.
    Ended {
        /// The one that was to come.
        expected: u64,
    },
}

impl Fault {
    /// Returns the event that it is about.
    fn event(&self) -> u64 {
        match self {
            Self::Repeated { sequence, .. }
            | Self::Harmed { sequence }
            | Self::Misannounced { sequence, .. } => *sequence,
            Self::Ended { expected } => *expected,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated { sequence, expected } => {
                write!(f, "event {sequence} came where {expected} was to come")
            }
            Self::Harmed { sequence } => write!(f, "event {sequence} came with another payload"),
            Self::Misannounced {
                sequence,
                lost,
                announced,
            } => write!(
                f,
                "{lost} events were lost before event {sequence}, and {announced} announced"
            ),
            Self::Ended { expected } => {
                write!(f, "the events ended before event {expected} had come")
            }
        }
    }
}

impl Tally {
    /// Adds what another thread collected.
    pub(super) fn add(&mut self, other: &Self) {
        self.fast.add(&other.fast);
        self.slow.add(&other.slow);
        if let Some(fault) = other.fault {
            self.blame(fault);
        }
    }

    /// Keeps the fault of the earliest event, so that it does not matter which thread saw it.
    pub(super) fn blame(&mut self, fault: Fault) {
        let earliest = self.fault.into_iter().chain([fault]);
        self.fault = earliest.min_by_key(Fault::event);
    }
}

impl Part {
    fn add(&mut self, other: &Self) {
        let (audience, more) = (&mut self.audience, &other.audience);
        audience.subscribers += more.subscribers;
        audience.delivered += more.delivered;
        audience.lost += more.lost;
        audience.announced += more.announced;
        audience.wakes += more.wakes;
        audience.wrong += more.wrong;
        self.latencies.add(&other.latencies);
    }
}
