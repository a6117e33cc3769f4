//! The answers that a reader came for, in a sentence each.

use crate::report::metric::{Better, Metric, Round};
use crate::report::model::{Point, StrategyRounds};
use crate::report::quantity;
use crate::report::spread::{Spread, contenders, ratios_to_best};

/// What a reader wants to know.
#[derive(Debug)]
pub(crate) struct Question<R: 'static> {
    /// The figure that answers it.
    pub(crate) metric: &'static Metric<R>,
    /// What the best strategy has.
    pub(crate) what: &'static str,
    /// How the ratio of the worst one is said.
    pub(crate) compared: &'static str,
}

/// Returns who did best at a point, and by how much. The ratio comes with its interval, since a best
/// that is not the best in every round is a guess. Those that did not do all that was asked are left
/// out. There is no answer where there is nothing to choose from.
pub(crate) fn answers<R: Round>(questions: &[Question<R>], point: &Point<R>) -> Vec<String> {
    let answer = |question| answer(question, point);
    questions.iter().filter_map(answer).collect()
}

fn answer<R: Round>(question: &Question<R>, point: &Point<R>) -> Option<String> {
    let Question { what, compared, .. } = question;
    let Answer {
        best,
        figure,
        worst,
        ratio,
    } = ranked(question, point)?;
    let ratio = ratio.show_ratio();
    Some(format!(
        "{what}: {best}, {figure}; {worst} has {ratio} × {compared}"
    ))
}

/// Who did best and who did worst.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The best, of several equal ones the first two.
    pub(crate) best: String,
    /// What the best has.
    pub(crate) figure: String,
    pub(crate) worst: String,
    /// How many times the best one's figure the worst one's is.
    pub(crate) ratio: Spread,
}

/// Finds out who did best and worst; `None` where there is nothing to choose from.
pub(crate) fn ranked<R: Round>(question: &Question<R>, point: &Point<R>) -> Option<Answer> {
    let metric = question.metric;
    let contenders = contenders(point);
    let contends = |strategy: &StrategyRounds<R>| {
        let mut names = contenders.iter().map(|contender| &contender.name);
        names.any(|name| *name == strategy.name)
    };
    let ratios = ratios_to_best(metric, point);
    let ranked = point.strategies.iter().zip(ratios);
    let mut ranked: Vec<(&StrategyRounds<R>, Spread)> = ranked
        .filter(|(strategy, _)| contends(strategy))
        .filter_map(|(strategy, ratio)| Some((strategy, ratio?)))
        .collect();
    // By their figures, as the one that ratios are taken to was found. The sort is stable: of equals,
    // the one that is shown first stays first.
    let figure = |strategy| Spread::of_rounds(metric, strategy).map_or(f64::NAN, |it| it.median);
    ranked.sort_by(|a, b| match metric.measure.better {
        Better::Lower => figure(a.0).total_cmp(&figure(b.0)),
        Better::Higher => figure(b.0).total_cmp(&figure(a.0)),
    });
    let ratio = ranked.last()?.1;
    if quantity::ratio(ratio.median) == quantity::ratio(1.0) {
        return None;
    }
    let best: Vec<&str> = equals(&ranked, ranked.first()?.1).collect();
    Some(Answer {
        best: listed(&best),
        figure: metric.show(Some(figure(ranked.first()?.0))),
        worst: equals(&ranked, ratio).next()?.to_owned(),
        ratio,
    })
}

/// Returns the names of those with one ratio.
fn equals<'a, R>(
    ranked: &[(&'a StrategyRounds<R>, Spread)],
    ratio: Spread,
) -> impl Iterator<Item = &'a str> {
    let equal = ranked
        .iter()
        .filter(move |(_, other)| other.median == ratio.median);
    equal.map(|(strategy, _)| strategy.name.as_str())
}

/// Returns names as a sentence lists them: the first two, and how many more there are.
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, second] => format!("{first} and {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{Offered, ReadsCounts, ReadsRound, Timing};
    use crate::report::reads::QUESTIONS;

    fn point(strategies: &[(&str, u64, u64)]) -> Point<ReadsRound> {
        let strategies = strategies.iter().map(|&(name, backend_calls, elapsed_ns)| {
            let counts = ReadsCounts {
                loads: 100,
                backend_calls,
                ..ReadsCounts::default()
            };
            let timing = Timing {
                elapsed_ns,
                p99_ns: 5_000,
                ..Timing::default()
            };
            let rounds = vec![ReadsRound {
                counts,
                timing,
                ..ReadsRound::default()
            }];
            StrategyRounds {
                name: name.into(),
                rounds,
            }
        });
        Point {
            offered: Offered::Clients(1),
            strategies: strategies.collect(),
        }
    }

    #[test]
    fn best_and_worst_are_named_in_the_direction_of_the_figure() {
        let said = answers(
            &QUESTIONS,
            &point(&[("a", 100, 1_000_000), ("b", 25, 500_000)]),
        );
        let expected = [
            "fewest backend calls: b, 25; a has 4.00 × as many",
            "most loads in a second: b, 200 k; a has 0.50 × as many",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn the_best_is_the_one_that_ratios_are_taken_to() {
        let rounds = |name: &str, elapsed_ns: [u64; 3]| StrategyRounds {
            name: name.into(),
            rounds: elapsed_ns
                .map(|ns| {
                    let alone = point(&[(name, 9, ns)]);
                    alone.strategies[0].rounds[0].clone()
                })
                .into(),
        };
        // In most rounds b is quicker than a, whose middle round is the quickest all the same.
        let point = Point {
            offered: Offered::Clients(1),
            strategies: vec![
                rounds("a", [900_000, 2_000, 1_000]),
                rounds("b", [800_000, 900_000, 900]),
            ],
        };
        let said = answers(&QUESTIONS, &point);
        assert!(
            said[0].starts_with("most loads in a second: a, 50.0 M; b has"),
            "{said:?}"
        );
    }

    #[test]
    fn equals_share_the_best_place_and_the_first_shown_is_the_worst() {
        let strategies = [
            ("a", 100, 9),
            ("b", 100, 9),
            ("c", 25, 9),
            ("d", 25, 9),
            ("e", 25, 9),
        ];
        let expected = ["fewest backend calls: c, d and 1 more, 25; a has 4.00 × as many"];
        assert_eq!(answers(&QUESTIONS, &point(&strategies)), expected);
    }

    #[test]
    fn equals_and_loners_are_not_ranked() {
        assert!(answers(&QUESTIONS, &point(&[])).is_empty());
        assert!(answers(&QUESTIONS, &point(&[("a", 1, 1)])).is_empty());
        assert!(answers(&QUESTIONS, &point(&[("a", 1, 1), ("b", 1, 1)])).is_empty());
    }
}
