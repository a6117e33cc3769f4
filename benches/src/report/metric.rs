//! The figures that strategies are compared by, in one table: every output format, and `cmp`,
//! shows and names them from here.

use crate::report::model::Round;
use crate::report::quantity::Quantity;

/// One figure of a round.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in `--fail-if` and in the JSON of a comparison.
    pub(crate) name: &'static str,
    /// Its name above a column.
    pub(crate) title: &'static str,
    /// What it is a quantity of.
    pub(crate) quantity: Quantity,
    /// Which direction is better.
    pub(crate) better: Better,
    /// Reads it from a round; `None` where the round does not have it.
    pub(crate) of: fn(&Round) -> Option<f64>,
}

/// Which direction of a figure is better.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Better {
    /// A smaller figure is better.
    Lower,
    /// A larger figure is better.
    Higher,
}

impl Metric {
    /// Returns the metric of a name.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::report::metric::Metric;
    ///
    /// assert_eq!(Metric::named("p99").map(|metric| metric.title()), Some("p99"));
    /// assert!(Metric::named("p98").is_none());
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|metric| metric.name == name)
    }

    /// Returns the name that `--fail-if` takes.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name above a column.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Returns which direction is better.
    #[must_use]
    pub fn better(&self) -> Better {
        self.better
    }

    /// Returns a figure of this metric as text.
    #[must_use]
    pub fn show(&self, figure: Option<f64>) -> String {
        self.quantity.show_some(figure)
    }

    /// Returns the metric's figure of a round.
    #[must_use]
    pub fn of(&self, round: &Round) -> Option<f64> {
        (self.of)(round)
    }
}

/// Every metric that can be compared, in the order that reports show them.
pub static ALL: [&Metric; 14] = [
    &CALLS,
    &KEYS,
    &LOADS_PER_CALL,
    &P50,
    &P99,
    &P999,
    &MAX,
    &THROUGHPUT,
    &CPU,
    &ALLOCATIONS,
    &MEMORY,
    &ERRORS,
    &OVERLAPPING,
    &WRONG,
];

/// Calls that reached the backend.
pub static CALLS: Metric = Metric {
    name: "calls",
    title: "calls",
    quantity: Quantity::Count,
    better: Better::Lower,
    of: |round| Some(round.counts.backend_calls as f64),
};

/// Keys in those calls.
pub static KEYS: Metric = Metric {
    name: "keys",
    title: "keys",
    quantity: Quantity::Count,
    better: Better::Lower,
    of: |round| Some(round.counts.keys_asked as f64),
};

/// Loads that one call served.
pub static LOADS_PER_CALL: Metric = Metric {
    name: "loads-per-call",
    title: "loads/call",
    quantity: Quantity::Plain,
    better: Better::Higher,
    of: Round::loads_per_call,
};

/// Loads that caused no call, as a share. It says in another way what [`CALLS`] says, and its ratio
/// says nothing, so it is shown and never compared.
pub static SAVED: Metric = Metric {
    name: "saved",
    title: "saved",
    quantity: Quantity::Share,
    better: Better::Higher,
    of: Round::calls_saved,
};

/// The median latency.
pub static P50: Metric = latency("p50", "p50", |round| Some(round.timing.p50_ns as f64));
/// The latency of all but one in a hundred loads.
pub static P99: Metric = latency("p99", "p99", |round| Some(round.timing.p99_ns as f64));
/// The latency of all but one in a thousand loads.
pub static P999: Metric = latency("p99.9", "p99.9", |round| Some(round.timing.p999_ns as f64));
/// The latency of the slowest load.
pub static MAX: Metric = latency("max", "max", |round| Some(round.timing.max_ns as f64));

/// Finished loads in a second.
pub static THROUGHPUT: Metric = Metric {
    name: "throughput",
    title: "loads/s",
    quantity: Quantity::PerSecond,
    better: Better::Higher,
    of: Round::loads_per_second,
};

/// Processor time of a round.
pub static CPU: Metric = Metric {
    name: "cpu",
    title: "CPU",
    quantity: Quantity::Nanoseconds,
    better: Better::Lower,
    of: |round| round.cost.cpu_ns.map(|ns| ns as f64),
};

/// Heap allocations for each load.
pub static ALLOCATIONS: Metric = Metric {
    name: "allocations",
    title: "allocs/load",
    quantity: Quantity::Plain,
    better: Better::Lower,
    of: Round::allocations_per_load,
};

/// The most memory that was allocated at one time.
pub static MEMORY: Metric = Metric {
    name: "memory",
    title: "peak memory",
    quantity: Quantity::Bytes,
    better: Better::Lower,
    of: |round| round.cost.peak_memory_bytes.map(|bytes| bytes as f64),
};

/// Loads that ended in an error.
pub static ERRORS: Metric = fault("errors", "errors", |round| Some(round.counts.errors as f64));
/// Keys asked for that another call was already asking for.
pub static OVERLAPPING: Metric = fault("overlapping", "overlaps", |round| {
    Some(round.counts.overlapping_loads as f64)
});
/// Loads with another answer than the backend's.
pub static WRONG: Metric = fault("wrong", "wrong", |round| {
    Some(round.counts.wrong_answers as f64)
});

const fn latency(name: &'static str, title: &'static str, of: fn(&Round) -> Option<f64>) -> Metric {
    Metric {
        name,
        title,
        quantity: Quantity::Nanoseconds,
        better: Better::Lower,
        of,
    }
}

const fn fault(name: &'static str, title: &'static str, of: fn(&Round) -> Option<f64>) -> Metric {
    Metric {
        name,
        title,
        quantity: Quantity::Count,
        better: Better::Lower,
        of,
    }
}
