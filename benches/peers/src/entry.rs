//! What stands in a table's rows, ready to be measured.

/// What a row of the tables is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// forebay itself, in the setting that the question is about: by default, the defaults.
    Ours,
    /// forebay in another setting, for questions that compare settings.
    OursVariant,
    /// A library for nothing but what is compared.
    Library,
    /// A cache that does it along the way, and pays for keeping the values as well.
    Cache,
    /// The design that forebay started from.
    Seed,
    /// A library in another language, measured in a process of its own.
    Foreign,
    /// A yardstick, not what one would use: less than the whole job, or the job without a library.
    Floor,
}

/// A contestant, ready to be probed by a question of type `Q`.
#[derive(Debug)]
pub struct Entry<Q> {
    /// The name of its row.
    pub name: &'static str,
    /// How it is set, where that makes a difference.
    pub settings: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Checks that it gives right answers.
    pub check: fn(),
    /// Runs the question's workload against it once, and returns a figure for each column; `None`
    /// where it cannot do what the column asks.
    pub probe: fn(&Q) -> Vec<Option<f64>>,
}

impl<Q> Entry<Q> {
    /// Returns the same contestant as another kind of row.
    #[must_use]
    pub fn as_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }
}
