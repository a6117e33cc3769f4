//! What a report says in one sentence and one table, and where others did better than we did.

use crate::report::answer::{Answer, Question, ranked};
use crate::report::cells::{STRATEGY, TIMES_BEST, median, name, short_ratio};
use crate::report::grid::Grid;
use crate::report::metric::{Better, Round};
use crate::report::model::{Point, StrategyRounds};
use crate::report::offered;
use crate::report::quantity;
use crate::report::spread::{Spread, contenders, ratio, ratios_to_best};

/// How a kind of report is told in short.
#[derive(Debug)]
pub(crate) struct Headline<R: 'static> {
    /// What a reader wants to know first.
    pub(crate) first: [&'static Question<R>; 2],
    /// All that a reader wants to know.
    pub(crate) questions: &'static [Question<R>],
    /// Whether a strategy is made of something of ours.
    pub(crate) is_ours: fn(&str) -> bool,
}

/// A report in short.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gist {
    /// Who did best and worst at the point that says most, and by how much.
    pub(crate) sentence: Option<String>,
    /// The figures behind it.
    pub(crate) table: Option<Grid>,
    /// Where, at any point, somebody else did better than the best of ours.
    pub(crate) losses: Vec<Loss>,
}

/// Something that somebody else did better.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    /// What was offered.
    pub(crate) offered: String,
    /// The figure that it is about.
    pub(crate) title: &'static str,
    /// Who that is, with its figure.
    pub(crate) best: String,
    /// The best of ours, with its figure.
    pub(crate) ours: String,
    /// How many times the best one's that is.
    pub(crate) ratio: Spread,
}

impl<R: Round> Headline<R> {
    /// Tells a report in short; `at` is the point that says most.
    pub(crate) fn gist(&self, points: &[Point<R>], at: Option<&Point<R>>) -> Gist {
        Gist {
            sentence: at.and_then(|point| self.sentence(point)),
            table: at.map(|point| self.table(point)),
            losses: points.iter().flat_map(|point| self.losses(point)).collect(),
        }
    }

    fn sentence(&self, point: &Point<R>) -> Option<String> {
        let clauses = self.first.iter().filter_map(|question| {
            let answer = ranked(question, point)?;
            let Answer { best, worst, .. } = &answer;
            let (what, compared) = (question.what, question.compared);
            let figure = &answer.figure;
            Some(match question.metric.measure.better {
                Better::Lower => {
                    let ratio = answer.ratio.show_ratio();
                    format!("{what}, {figure}, by {best} ({worst}: {ratio} × {compared})")
                }
                // A share of the best is hard to read where it is a small one.
                Better::Higher => {
                    let ratio = answer.ratio.inverse().show_ratio();
                    format!("{what}, {figure}, by {best} ({ratio} × {compared} as {worst})")
                }
            })
        });
        let clauses: Vec<String> = clauses.collect();
        let offered = offered::said(point.offered);
        (!clauses.is_empty()).then(|| format!("With {offered}: {}.", clauses.join("; ")))
    }

    fn table(&self, point: &Point<R>) -> Grid {
        let mut titles = vec![STRATEGY];
        for question in self.first {
            titles.extend([question.metric.title(), TIMES_BEST]);
        }
        let ratios = self
            .first
            .map(|question| ratios_to_best(question.metric, point));
        let mut grid = Grid::new(titles);
        for (index, strategy) in point.strategies.iter().enumerate() {
            let mut row = vec![name(strategy)];
            for (question, ratios) in self.first.iter().zip(&ratios) {
                row.push(median(question.metric, strategy));
                row.push(short_ratio(ratios[index]));
            }
            grid.push(row);
        }
        grid
    }

    fn losses(&self, point: &Point<R>) -> Vec<Loss> {
        let losses = self.questions.iter();
        losses
            .filter_map(|question| self.loss(question, point))
            .collect()
    }

    /// Returns what the best of ours lost by, where somebody else did better in every round.
    fn loss(&self, question: &Question<R>, point: &Point<R>) -> Option<Loss> {
        let metric = question.metric;
        let contenders = contenders(point);
        let figure = |strategy: &StrategyRounds<R>| {
            Spread::of_rounds(metric, strategy).map(|figure| figure.median)
        };
        let best_of = |ours: bool| {
            let some = contenders.iter().copied();
            let some = some.filter(|strategy| (self.is_ours)(&strategy.name) == ours);
            let some = some.filter_map(|strategy| Some((figure(strategy)?, strategy)));
            match metric.measure.better {
                Better::Lower => some.min_by(|a, b| a.0.total_cmp(&b.0)),
                Better::Higher => some.max_by(|a, b| a.0.total_cmp(&b.0)),
            }
        };
        let ((ours_figure, ours), (best_figure, best)) = (best_of(true)?, best_of(false)?);
        let ratio = ratio(metric, ours, best)?;
        let lost = match metric.measure.better {
            Better::Lower => ratio.min > 1.0,
            Better::Higher => ratio.max < 1.0,
        };
        let with = |strategy: &StrategyRounds<R>, figure| {
            format!("{} {}", strategy.name, metric.show(Some(figure)))
        };
        // What cannot be told from the best in three digits is no loss.
        let shown = quantity::ratio(ratio.median) != quantity::ratio(1.0);
        (lost && shown).then(|| Loss {
            offered: offered::said(point.offered),
            title: metric.title(),
            best: with(best, best_figure),
            ours: with(ours, ours_figure),
            ratio,
        })
    }
}
