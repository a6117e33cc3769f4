//! What forebay's figures should reach, and whether they do.

use crate::entry::Kind;
use crate::table::{Row, Table, Unit};

/// A bound on one of forebay's figures.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The index of the figure's column.
    pub column: usize,
    /// What is held against the bound.
    pub what: What,
    /// The bound.
    pub bound: Bound,
}

/// What is held against a bound.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// Our figure.
    Ours,
    /// The figure of the row with this name, a variant of ours.
    Variant(&'static str),
    /// Our figure, divided by another one.
    OursOver(Against),
    /// Another figure, divided by ours.
    OverOurs(Against),
    /// Another figure, divided by that of the row with this name, a variant of ours.
    OverVariant(Against, &'static str),
}

/// Whose figure ours is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Against {
    /// The least figure of these kinds of rows, and what to call it.
    Best(&'static [Kind], &'static str),
    /// The figure of the row with this name.
    Row(&'static str),
}

/// The side of the bound on which the figure should be.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Not above it.
    AtMost(f64),
    /// Not below it.
    AtLeast(f64),
}

impl Against {
    /// The least figure of any library, caches included.
    pub const BEST_LIBRARY: Self = Self::Best(&[Kind::Library, Kind::Cache], "best library");

    /// Returns the row, and what to call it.
    fn row(self, table: &Table, column: usize) -> Option<(&Row, String)> {
        match self {
            Self::Best(kinds, called) => {
                let best = table.best(column, |kind| kinds.contains(&kind))?;
                Some((best, format!("{called} ({})", best.name)))
            }
            Self::Row(name) => Some((table.row(name)?, name.to_owned())),
        }
    }
}

impl Goal {
    /// Returns a goal for the figure of this column, divided by somebody else's.
    #[must_use]
    pub const fn ratio(column: usize, against: Against, most: f64) -> Self {
        Self {
            column,
            what: What::OursOver(against),
            bound: Bound::AtMost(most),
        }
    }

    /// Returns a goal for somebody else's figure of this column, divided by ours: how many times
    /// better ours is to be.
    #[must_use]
    pub const fn times_better(column: usize, against: Against, least: f64) -> Self {
        Self {
            column,
            what: What::OverOurs(against),
            bound: Bound::AtLeast(least),
        }
    }

    /// Returns a goal for somebody else's figure of this column, divided by that of another row of
    /// forebay's.
    #[must_use]
    pub const fn variant_times_better(
        column: usize,
        row: &'static str,
        against: Against,
        least: f64,
    ) -> Self {
        Self {
            column,
            what: What::OverVariant(against, row),
            bound: Bound::AtLeast(least),
        }
    }

    /// Returns a goal for the figure of another row of forebay's, divided by that of the row that
    /// it is a variant of.
    #[must_use]
    pub const fn variant(column: usize, row: &'static str, most: f64) -> Self {
        Self {
            column,
            what: What::OverOurs(Against::Row(row)),
            bound: Bound::AtMost(most),
        }
    }

    /// Returns a goal for the figure of this column itself.
    #[must_use]
    pub const fn at_most(column: usize, most: f64) -> Self {
        Self {
            column,
            what: What::Ours,
            bound: Bound::AtMost(most),
        }
    }

    /// Returns a goal for the figure of this column itself.
    #[must_use]
    pub const fn at_least(column: usize, least: f64) -> Self {
        Self {
            column,
            what: What::Ours,
            bound: Bound::AtLeast(least),
        }
    }

    /// Returns a goal for the figure of another row of forebay's itself.
    #[must_use]
    pub const fn variant_at_most(column: usize, row: &'static str, most: f64) -> Self {
        Self {
            column,
            what: What::Variant(row),
            bound: Bound::AtMost(most),
        }
    }

    /// Returns the headings over what [`judge`](Self::judge) returns.
    #[must_use]
    pub fn headings() -> Vec<String> {
        ["goal", "bound", "measured (quartiles)", ""]
            .map(str::to_owned)
            .to_vec()
    }

    /// Returns the figure beside its bound, a ratio with the quartiles of its rounds; `None` where
    /// the table lacks one of the figures.
    #[must_use]
    pub fn judge(&self, table: &Table) -> Option<Vec<String>> {
        let (index, column) = (self.column, table.columns[self.column]);
        let mut ours = table.ours()?;
        let (what, ratio) = match self.what {
            What::Ours => (String::new(), None),
            What::Variant(name) => {
                ours = table.row(name)?;
                (format!(" of {name}"), None)
            }
            What::OursOver(against) => {
                let (row, name) = against.row(table, index)?;
                (format!(" ÷ {name}"), Some(ours.ratio(row, index)?))
            }
            What::OverOurs(against) => {
                let (row, name) = against.row(table, index)?;
                (format!(" of {name} ÷ ours"), Some(row.ratio(ours, index)?))
            }
            What::OverVariant(against, variant) => {
                let (row, name) = against.row(table, index)?;
                let ratio = row.ratio(table.row(variant)?, index)?;
                (format!(" of {name} ÷ {variant}"), Some(ratio))
            }
        };
        let (figure, unit, spread) = match ratio {
            Some(ratio) => {
                let spread = format!(" ({:.2}–{:.2})", ratio.lower, ratio.upper);
                (ratio.median, Unit::Ratio, spread)
            }
            None => (ours.figure(index, column.unit)?, column.unit, String::new()),
        };
        let (bound, met) = match self.bound {
            Bound::AtMost(most) => (format!("≤ {}", unit.show(most)), figure <= most),
            Bound::AtLeast(least) => (format!("≥ {}", unit.show(least)), figure >= least),
        };
        let verdict = if met { "met" } else { "missed" };
        let measured = format!("{}{spread}", unit.show(figure));
        let name = format!("{}{what}", column.name);
        Some(vec![name, bound, measured, verdict.to_owned()])
    }
}
