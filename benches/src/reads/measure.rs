use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::cli::{BackendName, ReadsArguments};
use crate::failure::Failure;
use crate::harness::rounds::{Outcome, Rounds, Turns};
use crate::reads::backend::{Backend, CallTime, Costs, Model, Shape, Source};
use crate::reads::plan::Plan;
use crate::reads::scenario::Scenario;
use crate::reads::simulation;
use crate::reads::strategy::Strategy;
use crate::reads::trial::{Measured, Settings, Trial};
use crate::report::model::ReadsRound;

/// Runs every strategy under every offered load, again and again.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    pub(super) arguments: &'a ReadsArguments,
    pub(super) scenario: &'a Scenario,
    /// The database; `None` where the backend is modelled anew for each run.
    pub(super) database: Option<Source>,
    pub(super) runtime: &'a Handle,
}

impl Engine<'_> {
    /// Measures everything, or as much as there was time for before an interrupt.
    pub(super) fn measure(
        &self,
        warnings: &mut Vec<String>,
    ) -> Result<Outcome<ReadsRound>, Failure> {
        let strategies = self.arguments.contest.chosen();
        let rounds = Rounds {
            offered: self.scenario.offered(),
            strategies: &strategies,
            repeat: self.arguments.contest.repeat,
            quiet: self.arguments.output.quiet,
        };
        rounds.measure(|turns| self.round(turns, &strategies, warnings))
    }

    fn round(
        &self,
        turns: &mut Turns<'_, Strategy>,
        strategies: &[Strategy],
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Option<ReadsRound>>, Failure> {
        let number = turns.number;
        let plan = self.scenario.plan(turns.offered, number);
        let mut measured = turns.take(
            |strategy| self.run(&plan, number, strategy),
            |strategy, found| self.check(strategy, &plan, found),
        )?;
        self.simulate(&plan, number, strategies, &mut measured, warnings);
        let rounds = measured.into_iter();
        Ok(rounds.map(|found| found.map(|found| found.round)).collect())
    }

    fn run(&self, plan: &Plan, round: u32, strategy: Strategy) -> Measured {
        let source = self.database.clone().unwrap_or_else(|| {
            let model = Model::new(self.costs(round), self.scenario.keys());
            Source::Model(Arc::new(model))
        });
        let backend = Backend::new(source, self.scenario.keys(), plan.keys.len());
        let settings = Settings {
            capacity: self.arguments.capacity as usize,
            repeatable: self.arguments.backend == BackendName::Model,
        };
        (strategy.measure)(&Trial::new(plan, backend, settings, self.runtime))
    }

    /// Checks what every run must keep: right answers, no failures that were not asked for, and
    /// what the strategy itself promises.
    fn check(&self, strategy: Strategy, plan: &Plan, found: &Measured) -> Result<(), Failure> {
        let (tally, counts) = (&found.tally, &found.round.counts);
        if let Some(key) = tally.wrong_key {
            return Err(Failure::WrongAnswers {
                strategy: strategy.name,
                count: tally.wrong_answers,
                key,
            });
        }
        let asked = plan.keys.len() as u64;
        if plan.stop_ns.is_none() && counts.loads != asked {
            return Err(Failure::LoadsLost {
                strategy: strategy.name,
                answered: counts.loads,
                asked,
            });
        }
        let may_fail = self.database.is_none() && self.arguments.model.error_rate > 0.0;
        if let Some(error) = tally.error.as_ref().filter(|_| !may_fail) {
            let cause = error.backend().map(|cause| format!(": {cause}"));
            return Err(Failure::LoadsFailed {
                strategy: strategy.name,
                count: tally.errors,
                message: format!("{error}{}", cause.unwrap_or_default()).into(),
            });
        }
        if strategy.never_overlaps && counts.overlapping_loads > 0 {
            return Err(Failure::Overlap {
                strategy: strategy.name,
                count: counts.overlapping_loads,
            });
        }
        Ok(())
    }

    /// Adds to a round what the ideal would need, and what simulations say of its strategies.
    ///
    /// On the model both are exact. On a database the ideal is an estimate: the simulation is told
    /// how long calls took, best of a strategy that sends many keys in one, and what a strategy did
    /// with fewer calls can be done with fewer.
    fn simulate(
        &self,
        plan: &Plan,
        round: u32,
        strategies: &[Strategy],
        measured: &mut [Option<Measured>],
        warnings: &mut Vec<String>,
    ) {
        let exact = self.database.is_none();
        let costs = if exact {
            self.costs(round)
        } else {
            Costs::new(Shape::fitted(&call_times(strategies, measured)), 0)
        };
        let mut ideals = HashMap::new();
        for (strategy, found) in strategies.iter().zip(&mut *measured) {
            let Some(found) = found else { continue };
            let counts = &mut found.round.counts;
            let ideal = ideals.entry(counts.loads);
            counts.ideal_calls = *ideal.or_insert_with_key(|&loads| {
                simulation::perfect(&plan.first(loads), costs.clone()).calls
            });
            let Some(simulate) = strategy.simulation.filter(|_| exact) else {
                continue;
            };
            let simulated = simulate(plan, costs.clone());
            counts.predicted_calls = Some(simulated.calls);
            let made = (counts.backend_calls, counts.keys_asked);
            if made != (simulated.calls, simulated.keys) {
                warnings.push(format!(
                    "{} made {} calls for {} keys where the simulation makes {} for {}",
                    strategy.name, made.0, made.1, simulated.calls, simulated.keys
                ));
            }
        }
        if !exact {
            lower_ideal(strategies, measured);
        }
    }

    fn costs(&self, round: u32) -> Costs {
        let model = &self.arguments.model;
        let shape = Shape {
            fixed_ns: model.fixed.as_nanos() as u64,
            per_key_ns: model.per_key.as_nanos() as u64,
            tail_ns: model.tail.as_nanos() as u64,
            tail_sigma: model.tail_sigma,
            in_flight_max: model.in_flight as usize,
            error_rate: model.error_rate,
        };
        Costs::new(shape, self.scenario.seed(round))
    }
}

/// Returns how long the calls of one strategy took: of the last one that keeps nothing, as it shares
/// most, or else of any.
fn call_times(strategies: &[Strategy], measured: &mut [Option<Measured>]) -> Vec<CallTime> {
    let recorded = strategies.iter().zip(measured);
    let recorded = recorded.filter_map(|(strategy, found)| {
        let times = mem::take(&mut found.as_mut()?.call_times);
        Some((!strategy.keeps_answers, times))
    });
    let best = recorded.reduce(|best, next| if next.0 { next } else { best });
    best.unwrap_or_default().1
}

/// Sees to it that no ideal is above what a strategy did with as many loads that keeps nothing.
fn lower_ideal(strategies: &[Strategy], measured: &mut [Option<Measured>]) {
    let all = strategies.iter().zip(measured.iter());
    let keep_nothing = all.filter(|(strategy, _)| !strategy.keeps_answers);
    let reached = keep_nothing.filter_map(|(_, found)| {
        let counts = &found.as_ref()?.round.counts;
        Some((counts.loads, counts.backend_calls))
    });
    let reached: Vec<(u64, u64)> = reached.collect();
    for found in measured.iter_mut().flatten() {
        let counts = &mut found.round.counts;
        let equal = reached.iter().filter(|(loads, _)| *loads == counts.loads);
        let fewest = equal.map(|(_, calls)| *calls).min();
        counts.ideal_calls = counts.ideal_calls.min(fewest.unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests;
