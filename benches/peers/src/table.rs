//! One table of figures, with ratios and goals, for a terminal or for a document.

use std::fmt::{self, Write};

use crate::entry::Kind;
use crate::goal::Goal;

/// The figures of one question.
#[derive(Debug)]
pub struct Table {
    /// What was asked, as a heading.
    pub title: &'static str,
    /// How it was measured, in a sentence or two.
    pub method: &'static str,
    /// What the figures are.
    pub columns: Vec<Column>,
    /// A row for each peer.
    pub rows: Vec<Row>,
    /// What forebay's row should reach.
    pub goals: Vec<Goal>,
}

/// One kind of figure.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The heading over it.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
}

impl Column {
    /// Returns a column of figures that are counted in `unit`.
    #[must_use]
    pub const fn new(name: &'static str, unit: Unit) -> Self {
        Self { name, unit }
    }
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds, shown with two ratios: to the best peer, and to forebay.
    Nanoseconds,
    /// Nanoseconds, shown with the ratio to the row of this name, which is 1.00.
    NanosecondsTo(&'static str),
    /// Nanoseconds over a floor that was measured beside them, shown as nanoseconds are.
    Overhead,
    /// Milliseconds, shown alone, so that many fit into a row.
    Milliseconds,
    /// Things, or how many of them come to one other thing.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes, to the hundredth.
    Hundredths,
    /// Kibibytes.
    Kibibytes,
    /// One figure of a peer divided by another.
    Ratio,
    /// One where the peer does what it should, zero where it does not.
    Verdict,
}

/// The figures of one peer.
#[derive(Clone, Debug)]
pub struct Row {
    /// The peer's name.
    pub name: &'static str,
    /// How it is set, where that makes a difference.
    pub settings: &'static str,
    /// What it is.
    pub kind: Kind,
    /// In each round a figure for each column, where the peer can do what the column asks; none
    /// at all for what is only named.
    pub rounds: Vec<Vec<Option<f64>>>,
}

/// How figures lie around their middle.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// A quarter of the figures lies below.
    pub lower: f64,
    /// Half of them do.
    pub median: f64,
    /// A quarter lies above.
    pub upper: f64,
}

/// How a table is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Aligned columns.
    Terminal,
    /// A Markdown table.
    Markdown,
}

impl Table {
    /// Returns the table as text.
    ///
    /// # Errors
    ///
    /// None that a `String` gives.
    pub fn render(&self, layout: Layout) -> Result<String, fmt::Error> {
        let mut text = String::new();
        match layout {
            Layout::Terminal => writeln!(text, "{}\n{}\n", self.title, self.method)?,
            Layout::Markdown => writeln!(text, "### {}\n\n{}\n", self.title, self.method)?,
        }
        let mut lines = vec![self.headings()];
        lines.extend(self.rows.iter().map(|row| self.cells(row)));
        let left = if self.shows_settings() { 2 } else { 1 };
        text.push_str(&grid(&lines, left, layout)?);
        let mut lines = vec![Goal::headings()];
        lines.extend(self.goals.iter().filter_map(|goal| goal.judge(self)));
        if lines.len() > 1 {
            text.push('\n');
            text.push_str(&grid(&lines, 1, layout)?);
        }
        Ok(text)
    }

    /// Returns forebay's row.
    #[must_use]
    pub fn ours(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.kind == Kind::Ours)
    }

    /// Returns the row with this name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Returns the row with the least figure of a column, by its median, among those of which
    /// `counts` holds.
    pub fn best(&self, column: usize, counts: impl Fn(Kind) -> bool) -> Option<&Row> {
        let rows = self.rows.iter().filter(|row| counts(row.kind));
        let medians = rows.filter_map(|row| Some((row, row.spread(column)?.median)));
        let best = medians.min_by(|left, right| left.1.total_cmp(&right.1));
        best.map(|(row, _)| row)
    }

    fn shows_settings(&self) -> bool {
        self.rows.iter().any(|row| !row.settings.is_empty())
    }

    fn headings(&self) -> Vec<String> {
        let mut cells = vec![String::new()];
        if self.shows_settings() {
            cells.push("settings".to_owned());
        }
        for column in &self.columns {
            cells.push(column.name.to_owned());
            match column.unit {
                Unit::Nanoseconds | Unit::Overhead => {
                    cells.extend(["÷ best", "÷ ours"].map(str::to_owned));
                }
                Unit::NanosecondsTo(row) => {
                    let first_word = row.split(' ').next().unwrap_or(row);
                    cells.push(format!("÷ {first_word}"));
                }
                _ => {}
            }
        }
        cells
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let mut cells = vec![row.name.to_owned()];
        if self.shows_settings() {
            cells.push(row.settings.to_owned());
        }
        for (index, column) in self.columns.iter().enumerate() {
            let figure = row.figure(index, column.unit);
            cells.push(figure.map_or_else(|| "-".to_owned(), |figure| column.unit.show(figure)));
            for base in self.bases(index, column.unit) {
                let ratio = base.and_then(|base| row.ratio(base, index));
                let ratio = ratio.map(|ratio| Unit::Ratio.show(ratio.median));
                cells.push(ratio.unwrap_or_else(|| "-".to_owned()));
            }
        }
        cells
    }

    /// Returns the rows that the figures of a column are compared with.
    fn bases(&self, column: usize, unit: Unit) -> Vec<Option<&Row>> {
        match unit {
            Unit::Nanoseconds | Unit::Overhead => {
                vec![self.best(column, |kind| kind != Kind::Floor), self.ours()]
            }
            Unit::NanosecondsTo(row) => vec![self.row(row)],
            _ => Vec::new(),
        }
    }
}

impl Row {
    /// Returns what the table shows: the least figure of all rounds, the one that was disturbed
    /// least; of a ratio or a difference, whose parts are disturbed both, the median.
    #[must_use]
    pub fn figure(&self, column: usize, unit: Unit) -> Option<f64> {
        match unit {
            Unit::Ratio | Unit::Overhead => self.spread(column).map(|spread| spread.median),
            _ => self.in_rounds(column).min_by(f64::total_cmp),
        }
    }

    /// Returns how the figures of a column lie over the rounds.
    #[must_use]
    pub fn spread(&self, column: usize) -> Option<Spread> {
        Spread::of(self.in_rounds(column).collect())
    }

    /// Returns how the ratios to another row lie, each taken within a round.
    #[must_use]
    pub fn ratio(&self, base: &Self, column: usize) -> Option<Spread> {
        let pairs = self.rounds.iter().zip(&base.rounds);
        let in_column = |figures: &[Option<f64>]| figures.get(column).copied().flatten();
        let pairs = pairs.filter_map(|(figures, base)| in_column(figures).zip(in_column(base)));
        Spread::of(pairs.map(|(figure, base)| figure / base).collect())
    }

    fn in_rounds(&self, column: usize) -> impl Iterator<Item = f64> {
        self.rounds
            .iter()
            .filter_map(move |figures| figures.get(column).copied().flatten())
    }
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let last = figures.len().checked_sub(1)?;
        let [lower, median, upper] = [1, 2, 3].map(|quarter| figures[(last * quarter + 2) / 4]);
        Some(Self {
            lower,
            median,
            upper,
        })
    }
}

impl Unit {
    /// Returns a figure with its unit.
    #[must_use]
    pub fn show(self, figure: f64) -> String {
        match self {
            Self::Overhead | Self::NanosecondsTo(_) => Self::Nanoseconds.show(figure),
            Self::Nanoseconds if figure >= 995_000.0 => format!("{:.2} ms", figure / 1e6),
            Self::Nanoseconds if figure >= 9_950.0 => format!("{:.1} µs", figure / 1_000.0),
            Self::Nanoseconds if figure >= 99.5 => format!("{figure:.0} ns"),
            Self::Nanoseconds => format!("{figure:.1} ns"),
            Self::Milliseconds if figure >= 99.5 => format!("{figure:.0} ms"),
            Self::Milliseconds if figure >= 9.95 => format!("{figure:.1} ms"),
            Self::Milliseconds => format!("{figure:.2} ms"),
            Self::Count if figure.fract() == 0.0 => format!("{figure:.0}"),
            Self::Count => format!("{figure:.3}"),
            Self::Bytes => format!("{figure:.0} B"),
            Self::Hundredths => format!("{figure:.2} B"),
            Self::Kibibytes => format!("{figure:.1} KiB"),
            Self::Ratio => format!("{figure:.2}"),
            Self::Verdict if figure >= 1.0 => "ok".to_owned(),
            Self::Verdict => "fails".to_owned(),
        }
    }
}

/// Lays cells out in columns, the first ones flush left and the others flush right.
fn grid(lines: &[Vec<String>], left: usize, layout: Layout) -> Result<String, fmt::Error> {
    let count = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..count)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let (start, between, end) = match layout {
        Layout::Terminal => ("", "  ", ""),
        Layout::Markdown => ("| ", " | ", " |"),
    };
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push_str(start);
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            let between = if column == 0 { "" } else { between };
            if column < left {
                write!(text, "{between}{cell:<width$}")?;
            } else {
                write!(text, "{between}{cell:>width$}")?;
            }
        }
        writeln!(text, "{end}")?;
        if index == 0 && layout == Layout::Markdown {
            for (column, width) in widths.iter().enumerate() {
                let (rule, edge) = ("-".repeat(*width), if column < left { '-' } else { ':' });
                write!(text, "|-{rule}{edge}")?;
            }
            writeln!(text, "|")?;
        }
    }
    Ok(text)
}
