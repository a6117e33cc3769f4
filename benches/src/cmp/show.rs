//! A comparison as text and as JSON.

use serde::Serialize;

use crate::cmp::{Change, Comparison, StrategyChange};
use crate::report::grid::{Cell, Grid, Style, Tone, visible};
use crate::report::metric::Measure;
use crate::report::model::Offered;
use crate::report::{offered, quantity};

impl Comparison {
    /// Returns one table of ratios for each offered load, then the warnings.
    #[must_use]
    pub fn text(&self, style: Style) -> String {
        let mut text = format!("{}\n", style.heading(&visible(&self.title)));
        let legend = "after / before, medians; ! worse and * better in every round of both";
        text.push_str(&format!("{}\n", style.paint(Tone::Faint, legend)));
        let mut offered: Option<Offered> = None;
        for strategy in &self.strategies {
            if offered != Some(strategy.offered) {
                offered = Some(strategy.offered);
                let heading = offered::said(strategy.offered);
                text.push_str(&format!("\n{}\n", style.heading(&heading)));
                text.push_str(&self.grid(strategy.offered).text(style));
            }
        }
        for warning in &self.warnings {
            let line = format!("warning: {}", visible(warning));
            text.push_str(&format!("\n{}", style.paint(Tone::Bad, &line)));
        }
        text.push_str(if self.warnings.is_empty() { "" } else { "\n" });
        text
    }

    /// Returns every figure of both reports, their ratio and its interval. A ratio that is infinite
    /// is `null`.
    #[must_use]
    pub fn json(&self, failures: &[String]) -> String {
        written(&self.layout(failures))
    }

    fn layout<'a>(&'a self, failures: &'a [String]) -> Layout<'a> {
        Layout {
            title: &self.title,
            warnings: &self.warnings,
            failures,
            strategies: self.strategies.iter().map(StrategyLayout::of).collect(),
        }
    }

    fn grid(&self, offered: Offered) -> Grid {
        let titles = self.columns.iter().map(|measure| measure.name());
        let mut grid = Grid::new(["strategy"].into_iter().chain(titles));
        for strategy in self.strategies.iter().filter(|it| it.offered == offered) {
            let ratios = self.columns.iter().map(|measure| strategy.cell(measure));
            grid.push([Cell::plain(&strategy.name)].into_iter().chain(ratios));
        }
        grid
    }
}

/// Returns one comparison, or a list of those of many questions.
pub(super) fn json(comparisons: &[Comparison], failures: &[Vec<String>]) -> String {
    let layouts = comparisons.iter().zip(failures);
    let layouts: Vec<Layout<'_>> = layouts.map(|(it, failures)| it.layout(failures)).collect();
    match layouts.as_slice() {
        [only] => written(only),
        many => written(&many),
    }
}

fn written(layout: &impl Serialize) -> String {
    // Strings and numbers always have a form in JSON, and nothing else is in there.
    serde_json::to_string_pretty(layout).unwrap_or_default() + "\n"
}

impl StrategyChange {
    fn cell(&self, measure: &Measure) -> Cell {
        let found = self
            .changes
            .iter()
            .find(|change| change.measure.name() == measure.name());
        let Some(change) = found else {
            return Cell::plain(format!("{} ", quantity::NONE));
        };
        let (mark, tone) = match change.improved() {
            Some(true) => ('*', Tone::Good),
            Some(false) => ('!', Tone::Bad),
            None => (' ', Tone::Plain),
        };
        Cell::toned(format!("{}{mark}", quantity::ratio(change.ratio())), tone)
    }
}

#[derive(Serialize)]
struct Layout<'a> {
    title: &'a str,
    warnings: &'a [String],
    failures: &'a [String],
    strategies: Vec<StrategyLayout<'a>>,
}

#[derive(Serialize)]
struct StrategyLayout<'a> {
    name: &'a str,
    offered: Offered,
    metrics: Vec<MetricLayout>,
}

#[derive(Serialize)]
struct MetricLayout {
    name: &'static str,
    before: f64,
    after: f64,
    ratio: f64,
    ratio_min: f64,
    ratio_max: f64,
    improved: Option<bool>,
}

impl<'a> StrategyLayout<'a> {
    fn of(strategy: &'a StrategyChange) -> Self {
        let metrics = strategy.changes.iter().map(MetricLayout::of).collect();
        Self {
            name: &strategy.name,
            offered: strategy.offered,
            metrics,
        }
    }
}

impl MetricLayout {
    fn of(change: &Change) -> Self {
        let (ratio_min, ratio_max) = change.interval();
        Self {
            name: change.measure.name(),
            before: change.before.median,
            after: change.after.median,
            ratio: change.ratio(),
            ratio_min,
            ratio_max,
            improved: change.improved(),
        }
    }
}
