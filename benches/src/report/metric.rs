//! The figures that strategies are compared by: every output format, and `cmp`, shows and names them
//! from the tables that each kind of report has of them.

use crate::report::model::{CatchupRound, CheckpointsRound, EventsRound, ReadsRound};
use crate::report::quantity::Quantity;

/// What a figure is, whatever kind of report it is in.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name in `--fail-if` and in the JSON of a comparison.
    pub(crate) name: &'static str,
    /// Its name above a column.
    pub(crate) title: &'static str,
    /// What it is a quantity of.
    pub(crate) quantity: Quantity,
    /// Which direction is better.
    pub(crate) better: Better,
}

/// One figure of a round.
#[derive(Debug)]
pub struct Metric<R> {
    /// What it is.
    pub(crate) measure: Measure,
    /// Reads it from a round; `None` where the round does not have it.
    pub(crate) of: fn(&R) -> Option<f64>,
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

/// A round of one kind of report.
pub trait Round: Sized + 'static {
    /// Returns every metric that rounds of this kind are compared by, in the order of reports.
    fn metrics() -> &'static [&'static Metric<Self>];

    /// Returns those that a table of ratios has room for.
    fn columns() -> &'static [&'static Metric<Self>];

    /// Returns whether others may be held against it: whether it did all that was asked.
    fn is_whole(&self) -> bool {
        true
    }
}

impl Measure {
    /// Returns the measure of a name, of any kind of report.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::report::metric::Measure;
    ///
    /// assert_eq!(Measure::named("p99").map(|measure| measure.title()), Some("p99"));
    /// assert!(Measure::named("p98").is_none());
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|measure| measure.name == name)
    }

    /// Returns the measures of every kind of report. Kinds share names, so one may come twice.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        let reads = ReadsRound::metrics().iter().map(|metric| &metric.measure);
        let events = EventsRound::metrics().iter().map(|metric| &metric.measure);
        let catchup = CatchupRound::metrics().iter().map(|metric| &metric.measure);
        let checkpoints = CheckpointsRound::metrics().iter();
        let checkpoints = checkpoints.map(|metric| &metric.measure);
        reads.chain(events).chain(catchup).chain(checkpoints)
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

    /// Returns a figure of this measure as text.
    #[must_use]
    pub fn show(&self, figure: Option<f64>) -> String {
        self.quantity.show_some(figure)
    }
}

impl<R> Metric<R> {
    /// Creates a metric of which less is better.
    pub(crate) const fn lower(
        name: &'static str,
        title: &'static str,
        quantity: Quantity,
        of: fn(&R) -> Option<f64>,
    ) -> Self {
        Self {
            measure: Measure {
                name,
                title,
                quantity,
                better: Better::Lower,
            },
            of,
        }
    }

    /// Creates a metric of which more is better.
    pub(crate) const fn higher(
        name: &'static str,
        title: &'static str,
        quantity: Quantity,
        of: fn(&R) -> Option<f64>,
    ) -> Self {
        Self {
            measure: Measure {
                name,
                title,
                quantity,
                better: Better::Higher,
            },
            of,
        }
    }

    /// Returns the name above a column.
    pub(crate) fn title(&self) -> &'static str {
        self.measure.title
    }

    /// Returns the metric's figure of a round.
    #[must_use]
    pub fn of(&self, round: &R) -> Option<f64> {
        (self.of)(round)
    }

    /// Returns a figure of this metric as text.
    #[must_use]
    pub fn show(&self, figure: Option<f64>) -> String {
        self.measure.show(figure)
    }
}
