//! Rounds: every strategy under everything that is offered, again and again.

use crate::failure::Failure;
use crate::harness::contestant::Contestant;
use crate::harness::interrupt;
use crate::harness::progress::Progress;
use crate::report::model::{Offered, Point, StrategyRounds};
use crate::report::offered;

/// What runs, and how often.
#[derive(Debug)]
pub(crate) struct Rounds<'a, C> {
    pub(crate) offered: &'a [Offered],
    pub(crate) strategies: &'a [C],
    /// How many times each runs.
    pub(crate) repeat: u32,
    /// Whether nobody wants to see how far it is.
    pub(crate) quiet: bool,
}

/// One round: each strategy has its turn.
#[derive(Debug)]
pub(crate) struct Turns<'a, C> {
    pub(crate) offered: Offered,
    /// Which of the rounds under what is offered.
    pub(crate) number: u32,
    strategies: &'a [C],
    progress: &'a Progress,
    interrupted: bool,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Outcome<R> {
    pub(crate) points: Vec<Point<R>>,
    pub(crate) interrupted: bool,
}

impl<C: Contestant> Rounds<'_, C> {
    /// Makes every round, or as many as there was time for before an interrupt. `round` gives every
    /// strategy its turn, and returns what each did; nothing for those whose turn did not come.
    pub(crate) fn measure<R>(
        &self,
        mut round: impl FnMut(&mut Turns<'_, C>) -> Result<Vec<Option<R>>, Failure>,
    ) -> Result<Outcome<R>, Failure> {
        let steps = self.offered.len() * self.strategies.len() * self.repeat as usize;
        let progress = Progress::new(steps as u64, self.quiet);
        let mut outcome = Outcome {
            points: Vec::new(),
            interrupted: false,
        };
        for &offered in self.offered {
            let mut rounds: Vec<Vec<R>> = self.strategies.iter().map(|_| Vec::new()).collect();
            for number in 0..self.repeat {
                let mut turns = Turns {
                    offered,
                    number,
                    strategies: self.strategies,
                    progress: &progress,
                    interrupted: false,
                };
                for (rounds, round) in rounds.iter_mut().zip(round(&mut turns)?) {
                    rounds.extend(round);
                }
                outcome.interrupted = turns.interrupted;
                if outcome.interrupted {
                    break;
                }
            }
            outcome
                .points
                .extend(point(offered, self.strategies, rounds));
            if outcome.interrupted {
                break;
            }
        }
        if outcome.points.is_empty() {
            return Err(Failure::Interrupted);
        }
        Ok(outcome)
    }
}

impl<C: Contestant> Turns<'_, C> {
    /// Runs each strategy once and checks what it did. In each round another one is first, so that
    /// none always runs on a machine that another has just warmed up.
    pub(crate) fn take<M>(
        &mut self,
        run: impl Fn(C) -> M,
        check: impl Fn(C, &M) -> Result<(), Failure>,
    ) -> Result<Vec<Option<M>>, Failure> {
        let count = self.strategies.len();
        let mut measured: Vec<Option<M>> = (0..count).map(|_| None).collect();
        for turn in 0..count {
            let index = (turn + self.number as usize) % count;
            let strategy = self.strategies[index];
            let offered = offered::said(self.offered);
            self.progress
                .begin(format!("{offered}: {}", strategy.name()));
            let found = run(strategy);
            // An interrupted run has not done everything, so its figures are not to be compared.
            if interrupt::requested() {
                self.interrupted = true;
                break;
            }
            check(strategy, &found)?;
            measured[index] = Some(found);
            self.progress.end();
        }
        Ok(measured)
    }
}

/// Puts the rounds of each strategy together; strategies that never ran are left out.
fn point<C, R>(offered: Offered, strategies: &[C], rounds: Vec<Vec<R>>) -> Option<Point<R>>
where
    C: Contestant,
{
    let ran = strategies.iter().zip(rounds);
    let ran = ran.filter(|(_, rounds)| !rounds.is_empty());
    let strategies: Vec<StrategyRounds<R>> = ran
        .map(|(strategy, rounds)| StrategyRounds {
            name: strategy.name().into(),
            rounds,
        })
        .collect();
    (!strategies.is_empty()).then_some(Point {
        offered,
        strategies,
    })
}
