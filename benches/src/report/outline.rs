//! What a report shows, in order, before a format decides how.
//!
//! A page and a Markdown file show all of it, a terminal what can be taken in at a glance.

use crate::report::grid::{Grid, Tone};
use crate::report::model::Header;
use crate::report::quantity::Quantity;
use crate::report::spread::Spread;

/// Everything that a report shows besides where it comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    /// What was asked, in one line.
    pub(crate) title: String,
    /// What was asked, in a few words.
    pub(crate) heading: String,
    /// What was asked, in detail.
    pub(crate) lead: String,
    /// How the figures came about, in one sentence without its full stop.
    pub(crate) method: String,
    /// Every strategy once; its place is its colour.
    pub(crate) names: Vec<String>,
    /// What is seen only over several points.
    pub(crate) summary: Vec<Chapter>,
    /// One chapter for each point.
    pub(crate) points: Vec<Chapter>,
    /// Other reports, where it is made of some.
    pub(crate) parts: Vec<PartOutline>,
}

/// A report in a report.
#[derive(Clone, Debug)]
pub(crate) struct PartOutline {
    pub(crate) question: String,
    /// The command that makes it alone.
    pub(crate) command: String,
    /// Where it comes from and what it shows, or why it is not there.
    pub(crate) result: Result<(Header, Outline), String>,
}

/// Figures that belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chapter {
    pub(crate) title: String,
    /// What a terminal shows of it.
    pub(crate) glance: Vec<Grid>,
    /// What there is to say in sentences.
    pub(crate) said: Vec<Note>,
    /// A table that needs no chart.
    pub(crate) table: Option<Grid>,
    pub(crate) figures: Vec<Figure>,
}

/// Something to say besides figures.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// A chart and its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) title: String,
    /// What is seen, in whole sentences.
    pub(crate) lead: String,
    pub(crate) chart: Chart,
    pub(crate) table: Grid,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub(crate) enum Chart {
    /// A bar for each strategy.
    Bars {
        quantity: Quantity,
        bars: Vec<Bar>,
        /// A figure that all are held against, and its label.
        ideal: Option<(f64, String)>,
    },
    /// For each strategy, the share of operations that took at most so long.
    Distributions {
        series: Vec<Series>,
        /// How many operations there are at most.
        operations: u64,
    },
    /// One figure of each strategy over what was offered.
    Sweep {
        offered: Vec<f64>,
        quantity: Quantity,
        series: Vec<Series>,
    },
}

/// One strategy's bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) figures: Option<Spread>,
    /// The middle figure as text.
    pub(crate) label: String,
}

/// One strategy's line.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Chart {
    /// Returns whether it takes the whole width of a page.
    pub(crate) fn is_wide(&self) -> bool {
        match self {
            Self::Bars { ideal, .. } => ideal.is_some(),
            Self::Distributions { .. } => true,
            Self::Sweep { .. } => false,
        }
    }
}

impl Note {
    /// Creates a note in the tone of a figure among others.
    pub(crate) fn plain(text: String) -> Self {
        Self {
            text,
            tone: Tone::Plain,
        }
    }
}
