//! Two reports side by side.

use crate::cmp::{CmpError, Condition};
use crate::report::grid::visible;
use crate::report::metric::{Better, Measure, Round};
use crate::report::model::{Body, Clock, Offered, Point, Reads, Report, StrategyRounds};
use crate::report::spread::Spread;
use crate::report::{catchup, checkpoints, events, offered, quantity, reads};

/// With fewer rounds on both sides, all of one lie above all of the other too often by chance.
const ROUNDS_WANTED: usize = 4;

/// What two reports of one question have in common.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub(crate) title: String,
    /// What a reader should know before trusting a ratio.
    pub(crate) warnings: Vec<String>,
    /// One entry for each strategy and offered load that both reports have.
    pub(crate) strategies: Vec<StrategyChange>,
    /// The measures that a table of ratios shows.
    pub(crate) columns: Vec<&'static Measure>,
}

/// One strategy under one offered load, in both reports.
#[derive(Clone, Debug)]
pub struct StrategyChange {
    pub(crate) name: String,
    pub(crate) offered: Offered,
    /// The measures that both reports have, in the order of reports.
    pub(crate) changes: Vec<Change>,
}

/// One figure in both reports.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub(crate) measure: &'static Measure,
    pub(crate) before: Spread,
    pub(crate) after: Spread,
}

impl Comparison {
    /// Compares two reports.
    ///
    /// # Errors
    ///
    /// [`CmpError::Different`] if they have another backend, workload or clock, and
    /// [`CmpError::NothingShared`] if no strategy is in both.
    pub fn of(before: &Report, after: &Report) -> Result<Self, CmpError> {
        same("kind", before.body.kind(), after.body.kind())?;
        let differences = differences(before, after);
        match (&before.body, &after.body) {
            (Body::Reads(old), Body::Reads(new)) => {
                same("backend", &old.backend, &new.backend)?;
                same("workload", &old.workload, &new.workload)?;
                same("clock", clock_name(old), clock_name(new))?;
                Self::of_points(reads::title(new), differences, &old.points, &new.points)
            }
            (Body::Events(old), Body::Events(new)) => {
                same("workload", &old.workload, &new.workload)?;
                Self::of_points(events::title(new), differences, &old.points, &new.points)
            }
            (Body::Catchup(old), Body::Catchup(new)) => {
                same("network", &old.network, &new.network)?;
                same("workload", &old.workload, &new.workload)?;
                Self::of_points(catchup::title(new), differences, &old.points, &new.points)
            }
            (Body::Checkpoints(old), Body::Checkpoints(new)) => {
                same("workload", &old.workload, &new.workload)?;
                Self::of_points(
                    checkpoints::title(new),
                    differences,
                    &old.points,
                    &new.points,
                )
            }
            // Of other kinds, as was said.
            (
                Body::Reads(_)
                | Body::Events(_)
                | Body::Catchup(_)
                | Body::Checkpoints(_)
                | Body::All(_),
                _,
            ) => Err(CmpError::NothingShared),
        }
    }

    fn of_points<R: Round>(
        title: String,
        mut warnings: Vec<String>,
        old: &[Point<R>],
        new: &[Point<R>],
    ) -> Result<Self, CmpError> {
        let mut strategies = Vec::new();
        for (offered, strategy) in each_strategy(new) {
            match each_strategy(old).find(|(at, it)| *at == offered && it.name == strategy.name) {
                Some((_, earlier)) => {
                    strategies.push(StrategyChange::of(offered, earlier, strategy));
                }
                None => warnings.push(missing(offered, strategy, "first")),
            }
        }
        for (offered, strategy) in each_strategy(old) {
            if !each_strategy(new).any(|(at, it)| at == offered && it.name == strategy.name) {
                warnings.push(missing(offered, strategy, "second"));
            }
        }
        if strategies.is_empty() {
            return Err(CmpError::NothingShared);
        }
        let mut rounds = each_strategy(old).chain(each_strategy(new));
        if rounds.any(|(_, strategy)| strategy.rounds.len() < ROUNDS_WANTED) {
            warnings.push(format!(
                "fewer than {ROUNDS_WANTED} rounds of a strategy: ! and * may be chance"
            ));
        }
        let columns = R::columns().iter().map(|metric| &metric.measure);
        Ok(Self {
            title,
            warnings,
            strategies,
            columns: columns.collect(),
        })
    }

    /// Returns a line for each strategy that fails a condition; `None` for a condition on a figure
    /// that no strategy has in both reports: a gate that never looks would pass for ever.
    pub(crate) fn judge(&self, condition: &Condition) -> Option<Vec<String>> {
        let name = condition.measure().name();
        let judged = self.strategies.iter().filter_map(|strategy| {
            let mut changes = strategy.changes.iter();
            let change = changes.find(|change| change.measure.name() == name)?;
            Some((strategy, change))
        });
        let judged: Vec<(&StrategyChange, &Change)> = judged.collect();
        let failed = judged
            .iter()
            .filter(|(_, change)| condition.fails(change.ratio()))
            .map(|(strategy, change)| failure(condition, strategy, change));
        (!judged.is_empty()).then(|| failed.collect())
    }
}

impl StrategyChange {
    fn of<R: Round>(
        offered: Offered,
        before: &StrategyRounds<R>,
        after: &StrategyRounds<R>,
    ) -> Self {
        let changes = R::metrics().iter().filter_map(|metric| {
            let before = Spread::of_rounds(metric, before)?;
            Some(Change {
                measure: &metric.measure,
                before,
                after: Spread::of_rounds(metric, after)?,
            })
        });
        Self {
            name: after.name.clone(),
            offered,
            changes: changes.collect(),
        }
    }
}

impl Change {
    /// Returns the ratio of the medians, after to before: 1 where both are 0, and infinite where
    /// only the first one is.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        divided(self.after.median, self.before.median)
    }

    /// Returns the smallest and the largest ratio that any two rounds have.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        (
            divided(self.after.min, self.before.max),
            divided(self.after.max, self.before.min),
        )
    }

    /// Returns which way the figure moved, if every round of one report is on one side of every
    /// round of the other: `Some(true)` for the better.
    #[must_use]
    pub fn improved(&self) -> Option<bool> {
        let (least, most) = self.interval();
        let rose = if least > 1.0 {
            true
        } else if most < 1.0 {
            false
        } else {
            return None;
        };
        Some(rose == (self.measure.better() == Better::Higher))
    }
}

fn divided(after: f64, before: f64) -> f64 {
    match (after == 0.0, before == 0.0) {
        (true, true) => 1.0,
        (false, true) => f64::INFINITY,
        _ => after / before,
    }
}

fn same(what: &'static str, before: &str, after: &str) -> Result<(), CmpError> {
    if before == after {
        return Ok(());
    }
    Err(CmpError::Different {
        what,
        before: before.to_owned(),
        after: after.to_owned(),
    })
}

fn clock_name(reads: &Reads) -> &'static str {
    match reads.clock {
        Clock::Wall => "wall",
        Clock::Virtual => "virtual",
    }
}

fn each_strategy<R>(points: &[Point<R>]) -> impl Iterator<Item = (Offered, &StrategyRounds<R>)> {
    points.iter().flat_map(|point| {
        point
            .strategies
            .iter()
            .map(|strategy| (point.offered, strategy))
    })
}

fn missing<R>(offered: Offered, strategy: &StrategyRounds<R>, place: &str) -> String {
    let offered = offered::said(offered);
    format!(
        "{} under {offered} is not in the {place} report",
        strategy.name
    )
}

fn failure(condition: &Condition, strategy: &StrategyChange, change: &Change) -> String {
    let (was, is) = (change.before.median, change.after.median);
    format!(
        "{condition} fails: {name} under {offered} has {metric} {is}, was {was}: {ratio}x",
        name = visible(&strategy.name),
        offered = offered::said(strategy.offered),
        metric = change.measure.name(),
        is = change.measure.show(Some(is)),
        was = change.measure.show(Some(was)),
        ratio = quantity::ratio(change.ratio()),
    )
}

/// Returns what differs between two runs of the same question.
fn differences(before: &Report, after: &Report) -> Vec<String> {
    let (old, new) = (&before.header, &after.header);
    let mut warnings = Vec::new();
    for (what, old, new) in [
        ("processor", &old.machine.cpu, &new.machine.cpu),
        ("system", &old.machine.os, &new.machine.os),
        (
            "cores",
            &old.machine.cores.to_string(),
            &new.machine.cores.to_string(),
        ),
        ("toolchain", &old.toolchain, &new.toolchain),
    ] {
        if old != new {
            warnings.push(format!("another {what}: {old}, then {new}"));
        }
    }
    for setting in &new.settings {
        let earlier = old
            .settings
            .iter()
            .find(|earlier| earlier.name == setting.name);
        let earlier = earlier.map_or("not set", |earlier| earlier.value.as_str());
        if earlier != setting.value {
            warnings.push(format!(
                "another {}: {earlier}, then {}",
                setting.name, setting.value
            ));
        }
    }
    for (place, header) in [("first", old), ("second", new)] {
        if header.interrupted {
            warnings.push(format!("the {place} report was interrupted"));
        }
        let inner = header.warnings.iter();
        warnings.extend(inner.map(|warning| format!("the {place} report warns: {warning}")));
    }
    warnings
}
