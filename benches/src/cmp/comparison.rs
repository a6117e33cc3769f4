//! Two reports side by side.

use crate::cmp::{CmpError, Condition};
use crate::report::grid::visible;
use crate::report::metric::{self, Better, Metric};
use crate::report::model::{Body, Clock, Offered, Reads, Report, StrategyRounds};
use crate::report::spread::Spread;
use crate::report::{quantity, reads};

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
}

/// One strategy under one offered load, in both reports.
#[derive(Clone, Debug)]
pub struct StrategyChange {
    pub(crate) name: String,
    pub(crate) offered: Offered,
    /// The metrics that both reports have, in the order of [`metric::ALL`].
    pub(crate) changes: Vec<Change>,
}

/// One figure in both reports.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub(crate) metric: &'static Metric,
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
        let (Body::Reads(old), Body::Reads(new)) = (&before.body, &after.body);
        same("backend", &old.backend, &new.backend)?;
        same("workload", &old.workload, &new.workload)?;
        same("clock", clock_name(old), clock_name(new))?;
        let mut warnings = differences(before, after);
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
        Ok(Self {
            title: reads::title(new),
            warnings,
            strategies,
        })
    }

    /// Returns a line for each condition and strategy that fails.
    ///
    /// # Errors
    ///
    /// [`CmpError::NotMeasured`] for a condition on a figure that no strategy has in both reports:
    /// a gate that never looks would pass for ever.
    pub fn failures(&self, conditions: &[Condition]) -> Result<Vec<String>, CmpError> {
        let mut failures = Vec::new();
        for condition in conditions {
            let name = condition.metric().name();
            let mut judged = false;
            for strategy in &self.strategies {
                let found = strategy
                    .changes
                    .iter()
                    .find(|change| change.metric.name() == name);
                let Some(change) = found else { continue };
                judged = true;
                if condition.fails(change.ratio()) {
                    failures.push(failure(condition, strategy, change));
                }
            }
            if !judged {
                return Err(CmpError::NotMeasured {
                    condition: *condition,
                });
            }
        }
        Ok(failures)
    }
}

impl StrategyChange {
    fn of(offered: Offered, before: &StrategyRounds, after: &StrategyRounds) -> Self {
        let changes = metric::ALL.into_iter().filter_map(|metric| {
            let before = Spread::of_rounds(metric, before)?;
            Some(Change {
                metric,
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
        Some(rose == (self.metric.better() == Better::Higher))
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

fn each_strategy(reads: &Reads) -> impl Iterator<Item = (Offered, &StrategyRounds)> {
    reads.points.iter().flat_map(|point| {
        point
            .strategies
            .iter()
            .map(|strategy| (point.offered, strategy))
    })
}

fn missing(offered: Offered, strategy: &StrategyRounds, place: &str) -> String {
    let offered = reads::offered(offered);
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
        offered = reads::offered(strategy.offered),
        metric = change.metric.name(),
        is = change.metric.show(Some(is)),
        was = change.metric.show(Some(was)),
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
