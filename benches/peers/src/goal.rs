//! What forebay's figures should reach, and whether they do.

use crate::singleflight::peer::Kind;
use crate::table::{Table, Unit};

/// A bound on one of forebay's figures.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The index of the figure's column.
    pub column: usize,
    /// What the figure is divided by before it is held against the bound.
    pub against: Against,
    /// The bound.
    pub bound: Bound,
}

/// What one of forebay's figures is divided by.
#[derive(Clone, Copy, Debug)]
pub enum Against {
    /// The least figure of a library for nothing but singleflight.
    BestSingleflight,
    /// The least figure of any library, caches included.
    BestPeer,
    /// The figure of the row with this name.
    Row(&'static str),
    /// The figure of forebay's default row, for a goal of the row with this name.
    OursFor(&'static str),
    /// Nothing: the figure itself is held against the bound.
    Itself,
}

/// The side of the bound on which the figure should be.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Not above it.
    AtMost(f64),
    /// Not below it.
    AtLeast(f64),
}

impl Goal {
    /// Returns a goal for the figure of this column, divided by something.
    #[must_use]
    pub const fn ratio(column: usize, against: Against, most: f64) -> Self {
        Self {
            column,
            against,
            bound: Bound::AtMost(most),
        }
    }

    /// Returns a goal for the figure of this column itself.
    #[must_use]
    pub const fn at_most(column: usize, most: f64) -> Self {
        Self {
            column,
            against: Against::Itself,
            bound: Bound::AtMost(most),
        }
    }

    /// Returns a goal for the figure of this column itself.
    #[must_use]
    pub const fn at_least(column: usize, least: f64) -> Self {
        Self {
            column,
            against: Against::Itself,
            bound: Bound::AtLeast(least),
        }
    }

    /// Returns the headings over what [`judge`](Self::judge) returns.
    #[must_use]
    pub fn headings() -> Vec<String> {
        ["goal", "bound", "measured (quartiles)", ""]
            .map(str::to_owned)
            .to_vec()
    }

    /// Returns the figure beside its bound, a ratio with the quartiles of its rounds; `None` where the table lacks one of the figures.
    #[must_use]
    pub fn judge(&self, table: &Table) -> Option<Vec<String>> {
        let (index, column) = (self.column, table.columns[self.column]);
        let mut row = table.ours()?;
        let named = |name| table.rows.iter().find(|row| row.name == name);
        let (what, base) = match self.against {
            Against::BestSingleflight => {
                let best = table.best(index, |kind| kind == Kind::Singleflight)?;
                let what = format!(" ÷ best single-flight library ({})", best.name);
                (what, Some(best))
            }
            Against::BestPeer => {
                let library = |kind| matches!(kind, Kind::Singleflight | Kind::Cache);
                let best = table.best(index, library)?;
                (format!(" ÷ best library ({})", best.name), Some(best))
            }
            Against::Row(name) => (format!(" ÷ {name}"), Some(named(name)?)),
            Against::OursFor(name) => {
                let ours = row;
                row = named(name)?;
                (format!(" of {name} ÷ ours"), Some(ours))
            }
            Against::Itself => (String::new(), None),
        };
        let (figure, unit, spread) = match base {
            Some(base) => {
                let ratio = row.ratio(base, index)?;
                let spread = format!(" ({:.2}–{:.2})", ratio.lower, ratio.upper);
                (ratio.median, Unit::Ratio, spread)
            }
            None => (row.figure(index, column.unit)?, column.unit, String::new()),
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
