//! One figure over several rounds, and the ratio of two strategies.

use crate::report::metric::{Better, Metric, Round};
use crate::report::model::{Point, StrategyRounds};
use crate::report::quantity;

/// The smallest, middle and largest of a figure's values over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Spread {
    /// The smallest value.
    pub min: f64,
    /// The middle value; between two, their mean.
    pub median: f64,
    /// The largest value.
    pub max: f64,
}

impl Spread {
    /// Returns the spread of some values; `None` where there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::report::spread::Spread;
    ///
    /// let spread = Spread::of([3.0, 1.0, 2.0, 9.0]).unwrap();
    /// assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 9.0));
    /// ```
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (below, above) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        // Equal ends are returned as they are: a mean of two infinities or of two large numbers
        // would not be.
        let median = if below == above {
            below
        } else {
            below / 2.0 + above / 2.0
        };
        Some(Self { min, median, max })
    }

    /// Returns the spread of a strategy's figure over its rounds; `None` where no round has it.
    #[must_use]
    pub fn of_rounds<R>(metric: &Metric<R>, strategy: &StrategyRounds<R>) -> Option<Self> {
        Self::of(strategy.rounds.iter().filter_map(|round| metric.of(round)))
    }

    /// Returns the spread of what is left of one when it is divided by each value.
    pub(crate) fn inverse(&self) -> Self {
        let [min, median, max] = [self.max, self.median, self.min].map(f64::recip);
        Self { min, median, max }
    }

    /// Returns the ratio with its interval, such as `1.42 [1.31..1.60]`; without the interval
    /// where every round gave the same.
    #[must_use]
    pub fn show_ratio(&self) -> String {
        let [min, median, max] = [self.min, self.median, self.max].map(quantity::ratio);
        if min == max {
            median
        } else {
            format!("{median} [{min}..{max}]")
        }
    }
}

/// Returns each strategy's ratio to the best one, in the order of the point's strategies.
///
/// The best is the strategy with the best median among those that did all that was asked, or among
/// all where none did. A ratio is taken within a round, so that what slowed the machine down for a
/// while slowed both sides of it. There is none where the figure is missing or the best one's is 0.
#[must_use]
pub fn ratios_to_best<R: Round>(metric: &Metric<R>, point: &Point<R>) -> Vec<Option<Spread>> {
    let medians = contenders(point).into_iter().filter_map(|strategy| {
        let median = Spread::of_rounds(metric, strategy)?.median;
        Some((median, strategy))
    });
    let best = match metric.measure.better {
        Better::Lower => medians.min_by(|a, b| a.0.total_cmp(&b.0)),
        // Of several equal ones, the first is as good as the last.
        Better::Higher => medians.max_by(|a, b| a.0.total_cmp(&b.0)),
    };
    let Some((_, best)) = best else {
        return vec![None; point.strategies.len()];
    };
    point
        .strategies
        .iter()
        .map(|strategy| ratio(metric, strategy, best))
        .collect()
}

/// Returns the strategies that can be the best: those that did all that was asked, or all of them
/// where none did.
pub(crate) fn contenders<R: Round>(point: &Point<R>) -> Vec<&StrategyRounds<R>> {
    let is_whole = |strategy: &&StrategyRounds<R>| strategy.rounds.iter().all(R::is_whole);
    let whole: Vec<_> = point.strategies.iter().filter(is_whole).collect();
    match whole.is_empty() {
        true => point.strategies.iter().collect(),
        false => whole,
    }
}

/// Returns the ratio of two strategies round by round; `None` where the figure is missing or the
/// other one's is 0.
#[must_use]
pub fn ratio<R>(
    metric: &Metric<R>,
    strategy: &StrategyRounds<R>,
    best: &StrategyRounds<R>,
) -> Option<Spread> {
    let rounds = strategy.rounds.iter().zip(&best.rounds);
    Spread::of(rounds.filter_map(|(round, best)| {
        let (figure, best) = (metric.of(round)?, metric.of(best)?);
        (best != 0.0).then(|| figure / best)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::events::metrics::PUBLISH_P99;
    use crate::report::model::{EventsRound, Offered, ReadsCounts, ReadsRound, Timing};
    use crate::report::reads::metrics;

    fn strategy(name: &str, p99s: &[u64]) -> StrategyRounds<ReadsRound> {
        let round = |&ns: &u64| ReadsRound {
            counts: ReadsCounts {
                loads: 10,
                ..ReadsCounts::default()
            },
            timing: Timing {
                p99_ns: ns,
                elapsed_ns: ns,
                ..Timing::default()
            },
            ..ReadsRound::default()
        };
        StrategyRounds {
            name: name.into(),
            rounds: p99s.iter().map(round).collect(),
        }
    }

    fn point(strategies: Vec<StrategyRounds<ReadsRound>>) -> Point<ReadsRound> {
        Point {
            offered: Offered::Clients(1),
            strategies,
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine slowed down tenfold in the second round, the strategies did not.
        let point = point(vec![
            strategy("fast", &[100, 1_000]),
            strategy("slow", &[200, 2_000]),
        ]);
        let ratios = ratios_to_best(&metrics::P99, &point);
        assert_eq!(
            ratios[0],
            Some(Spread {
                min: 1.0,
                median: 1.0,
                max: 1.0
            })
        );
        assert_eq!(
            ratios[1],
            Some(Spread {
                min: 2.0,
                median: 2.0,
                max: 2.0
            })
        );
    }

    #[test]
    fn the_best_of_a_higher_figure_is_the_highest() {
        let point = point(vec![strategy("fast", &[100]), strategy("slow", &[400])]);
        let ratios = ratios_to_best(&metrics::THROUGHPUT, &point);
        assert_eq!(ratios[0].map(|ratio| ratio.median), Some(1.0));
        assert_eq!(ratios[1].map(|ratio| ratio.median), Some(0.25));
    }

    #[test]
    fn a_round_that_one_side_lacks_does_not_count() {
        let point = point(vec![strategy("a", &[100, 100]), strategy("b", &[300])]);
        let ratios = ratios_to_best(&metrics::P99, &point);
        assert_eq!(ratios[1].map(|ratio| ratio.max), Some(3.0));
    }

    #[test]
    fn who_lost_events_is_held_against_the_best_that_lost_none() {
        let strategy = |name: &str, publish_ns, lost| {
            let mut round = EventsRound::default();
            round.figures.publish.p99_ns = publish_ns;
            round.counts.slow.lost = lost;
            StrategyRounds {
                name: name.into(),
                rounds: vec![round],
            }
        };
        let medians = |strategies| {
            let offered = Offered::Clients(1);
            let point = Point {
                offered,
                strategies,
            };
            let ratios = ratios_to_best(&PUBLISH_P99, &point).into_iter();
            ratios
                .map(|ratio| ratio.map(|ratio| ratio.median))
                .collect::<Vec<_>>()
        };
        let all = vec![
            strategy("lossy", 10, 1),
            strategy("whole", 40, 0),
            strategy("slow", 80, 0),
        ];
        assert_eq!(medians(all), [Some(0.25), Some(1.0), Some(2.0)]);
        let lossy = vec![strategy("a", 10, 1), strategy("b", 20, 5)];
        assert_eq!(medians(lossy), [Some(1.0), Some(2.0)]);
    }

    #[test]
    fn nothing_to_compare_with_gives_no_ratio() {
        assert!(ratios_to_best(&metrics::P99, &point(vec![])).is_empty());
        let point = point(vec![strategy("a", &[0]), strategy("b", &[])]);
        assert_eq!(ratios_to_best(&metrics::P99, &point), [None, None]);
        assert_eq!(ratios_to_best(&metrics::CPU, &point), [None, None]);
    }
}
