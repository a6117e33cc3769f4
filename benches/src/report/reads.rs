//! What a `reads` report shows, as grids and notes that every output format shares.

use crate::report::answer::listed;
use crate::report::grid::{Cell, Grid, Tone};
use crate::report::metric::{
    ALLOCATIONS, CALLS, CPU, ERRORS, KEYS, LOADS_PER_CALL, MAX, MEMORY, Metric, OVERLAPPING, P50,
    P99, P999, SAVED, THROUGHPUT, WRONG,
};
use crate::report::model::{Clock, Offered, Point, Reads, Round, StrategyRounds};
use crate::report::quantity::{self, Quantity};
use crate::report::spread::{self, Spread, ratios_to_best};

/// Something to say about a strategy besides its figures.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// The name of the yardstick row.
pub(crate) const IDEAL: &str = "ideal";

/// The strategy that the others are held against: what there is before any of them is taken.
const DIRECT: &str = "direct";

/// The title of the grids that hold them against it.
pub(crate) const AGAINST_DIRECT: &str = "Median latency × direct, [smallest..largest]";

/// The title of a column of ratios.
pub(crate) const TIMES_BEST: &str = "× best";

/// Returns what was asked of which backend, in one line.
pub(crate) fn title(reads: &Reads) -> String {
    format!("reads from {}: {}", reads.backend, reads.workload)
}

/// Returns how the figures came about, in one sentence.
pub(crate) fn method(reads: &Reads) -> String {
    let rounds = reads.points.iter().flat_map(|point| &point.strategies);
    let rounds = rounds
        .map(|strategy| strategy.rounds.len())
        .max()
        .unwrap_or(0);
    let clock = match reads.clock {
        Clock::Wall => "wall clock",
        Clock::Virtual => "virtual time",
    };
    let rounds = if rounds == 1 {
        "1 round".to_owned()
    } else {
        format!("{rounds} rounds")
    };
    format!("{clock}, {rounds}, medians; ratios are within a round, [smallest..largest]")
}

/// Returns an offered load as people say it.
pub(crate) fn offered(offered: Offered) -> String {
    match offered {
        Offered::Clients(1) => "1 client".to_owned(),
        Offered::Clients(clients) => format!("{} clients", Quantity::Count.show(clients as f64)),
        Offered::PerSecond(rate) => format!("{} loads/s offered", Quantity::PerSecond.show(rate)),
        Offered::Speed(1.0) => "the trace's own pace".to_owned(),
        Offered::Speed(speed) => format!("the trace's pace × {}", quantity::ratio(speed)),
    }
}

/// Returns the first of the two terminal tables: what the backend saw, and what callers waited.
pub(crate) fn glance(point: &Point) -> Grid {
    let titles = [
        STRATEGY,
        CALLS.title,
        KEYS.title,
        TIMES_BEST,
        P50.title,
        P99.title,
        TIMES_BEST,
        P999.title,
        MAX.title,
    ];
    let (calls, waits) = (ratios_to_best(&CALLS, point), ratios_to_best(&P99, point));
    let mut grid = Grid::new(titles);
    for (index, strategy) in point.strategies.iter().enumerate() {
        grid.push([
            name(strategy),
            median(&CALLS, strategy),
            median(&KEYS, strategy),
            short_ratio(calls[index]),
            median(&P50, strategy),
            median(&P99, strategy),
            ratio(waits[index]),
            median(&P999, strategy),
            median(&MAX, strategy),
        ]);
    }
    push_ideal(&mut grid, point, CALLS.title);
    grid
}

/// Returns the second of the two terminal tables: what a strategy makes of the machine.
pub(crate) fn glance_cost(point: &Point) -> Grid {
    let titles = [
        STRATEGY,
        "per call",
        THROUGHPUT.title,
        TIMES_BEST,
        CPU.title,
        "allocs",
        "memory",
        OVERLAPPING.title,
    ];
    let rates = ratios_to_best(&THROUGHPUT, point);
    let mut grid = Grid::new(titles);
    for (index, strategy) in point.strategies.iter().enumerate() {
        grid.push([
            name(strategy),
            median(&LOADS_PER_CALL, strategy),
            median(&THROUGHPUT, strategy),
            ratio(rates[index]),
            median(&CPU, strategy),
            median(&ALLOCATIONS, strategy),
            median(&MEMORY, strategy),
            median(&OVERLAPPING, strategy),
        ]);
    }
    grid
}

/// Returns everything about backend calls.
pub(crate) fn calls(point: &Point) -> Grid {
    let mut titles = vec![
        STRATEGY,
        "loads",
        "calls min",
        CALLS.title,
        "calls max",
        TIMES_BEST,
    ];
    titles.extend([
        KEYS.title,
        LOADS_PER_CALL.title,
        SAVED.title,
        OVERLAPPING.title,
    ]);
    let predicted = point
        .strategies
        .iter()
        .any(|strategy| prediction(strategy).is_some());
    titles.extend(predicted.then_some("predicted"));
    let ratios = ratios_to_best(&CALLS, point);
    let mut grid = Grid::new(titles);
    for (strategy, ratio) in point.strategies.iter().zip(ratios) {
        let mut row = vec![name(strategy), loads(strategy)];
        row.extend(spread(&CALLS, strategy));
        row.push(short_ratio(ratio));
        row.extend([&KEYS, &LOADS_PER_CALL, &SAVED, &OVERLAPPING].map(|it| median(it, strategy)));
        if predicted {
            row.push(Cell::plain(Quantity::Count.show_some(prediction(strategy))));
        }
        grid.push(row);
    }
    push_ideal(&mut grid, point, CALLS.title);
    grid
}

/// Returns everything about latency.
pub(crate) fn latency(point: &Point) -> Grid {
    let titles = [
        STRATEGY, P50.title, "p99 min", P99.title, "p99 max", TIMES_BEST, P999.title, MAX.title,
    ];
    let ratios = ratios_to_best(&P99, point);
    let mut grid = Grid::new(titles);
    for (strategy, best) in point.strategies.iter().zip(ratios) {
        let mut row = vec![name(strategy), median(&P50, strategy)];
        row.extend(spread(&P99, strategy));
        row.push(ratio(best));
        row.extend([&P999, &MAX].map(|metric| median(metric, strategy)));
        grid.push(row);
    }
    grid
}

/// Returns everything about one figure: the smallest, middle and largest round, and the ratio.
pub(crate) fn figure(metric: &Metric, point: &Point) -> Grid {
    let mut grid = Grid::new([STRATEGY, "min", metric.title, "max", TIMES_BEST]);
    for (strategy, best) in point.strategies.iter().zip(ratios_to_best(metric, point)) {
        let mut row = vec![name(strategy)];
        row.extend(spread(metric, strategy));
        row.push(ratio(best));
        grid.push(row);
    }
    grid
}

/// Returns one figure of each strategy at each point.
pub(crate) fn across(reads: &Reads, metric: &Metric) -> Grid {
    let points = reads.points.iter().map(|point| offered(point.offered));
    let mut grid = Grid::new([STRATEGY.to_owned()].into_iter().chain(points));
    for strategy in strategy_names(reads) {
        let figures = reads.points.iter().map(|point| {
            found(point, strategy).map_or_else(Cell::default, |found| median(metric, found))
        });
        grid.push([Cell::plain(strategy)].into_iter().chain(figures));
    }
    grid
}

/// Returns each strategy's median latency as a ratio to that of asking directly, in grids of a few
/// points each; none where there is nothing to compare.
pub(crate) fn against_direct(reads: &Reads, points_max: usize) -> Vec<Grid> {
    let names = strategy_names(reads);
    if !names.contains(&DIRECT) || names.len() < 2 {
        return Vec::new();
    }
    let grid = |points: &[Point]| {
        let titles = points.iter().map(|point| offered(point.offered));
        let mut grid = Grid::new([STRATEGY.to_owned()].into_iter().chain(titles));
        for name in names.iter().filter(|name| **name != DIRECT) {
            let cells = points.iter().map(|point| {
                let (found, direct) = (found(point, name), found(point, DIRECT));
                let ratio = found
                    .zip(direct)
                    .and_then(|(found, direct)| spread::ratio(&P50, found, direct));
                let shown = ratio.map(|ratio| ratio.show_ratio());
                Cell::plain(shown.unwrap_or_else(|| quantity::NONE.to_owned()))
            });
            grid.push([Cell::plain(*name)].into_iter().chain(cells));
        }
        grid
    };
    reads.points.chunks(points_max).map(grid).collect()
}

/// Returns every strategy of a report once, in the order of its first appearance.
pub(crate) fn strategy_names(reads: &Reads) -> Vec<&str> {
    let mut names = Vec::new();
    for strategy in reads.points.iter().flat_map(|point| &point.strategies) {
        if !names.contains(&strategy.name.as_str()) {
            names.push(strategy.name.as_str());
        }
    }
    names
}

/// Returns what must be said about a point's strategies besides their figures.
pub(crate) fn notes(point: &Point) -> Vec<Note> {
    let mut notes = Vec::new();
    for strategy in &point.strategies {
        for (metric, what) in [(&WRONG, "wrong answers"), (&ERRORS, "errors")] {
            let worst = Spread::of_rounds(metric, strategy).map_or(0.0, |spread| spread.max);
            if worst > 0.0 {
                let text = format!(
                    "{}: {what} in a round: {}",
                    strategy.name,
                    metric.show(Some(worst))
                );
                notes.push(Note {
                    text,
                    tone: Tone::Bad,
                });
            }
        }
        let strays = |round: &Round| {
            round
                .counts
                .predicted_calls
                .is_some_and(|calls| calls != round.counts.backend_calls)
        };
        if strategy.rounds.iter().any(strays) {
            let text = format!(
                "{}: calls differ from the independent simulator's",
                strategy.name
            );
            notes.push(Note {
                text,
                tone: Tone::Bad,
            });
        }
    }
    let predicted = point
        .strategies
        .iter()
        .filter(|found| prediction(found).is_some());
    let names: Vec<&str> = predicted.map(|found| found.name.as_str()).collect();
    if !names.is_empty() && notes.iter().all(|note| note.tone != Tone::Bad) {
        let names = listed(&names);
        let text = format!("calls equal the independent simulator's: {names}");
        let tone = Tone::Good;
        notes.push(Note { text, tone });
    }
    notes
}

/// Returns the calls that the ideal needs, over all rounds of all strategies.
pub(crate) fn ideal_calls(point: &Point) -> Option<Spread> {
    let rounds = point
        .strategies
        .iter()
        .flat_map(|strategy| &strategy.rounds);
    Spread::of(rounds.map(|round| round.counts.ideal_calls as f64))
}

fn found<'a>(point: &'a Point, name: &str) -> Option<&'a StrategyRounds> {
    point.strategies.iter().find(|found| found.name == name)
}

/// The title of the first column.
const STRATEGY: &str = "strategy";

fn name(strategy: &StrategyRounds) -> Cell {
    Cell::plain(&strategy.name)
}

fn loads(strategy: &StrategyRounds) -> Cell {
    let loads = Spread::of(
        strategy
            .rounds
            .iter()
            .map(|round| round.counts.loads as f64),
    );
    Cell::plain(Quantity::Count.show_some(loads.map(|loads| loads.median)))
}

fn median(metric: &Metric, strategy: &StrategyRounds) -> Cell {
    Cell::plain(metric.show(Spread::of_rounds(metric, strategy).map(|spread| spread.median)))
}

fn spread(metric: &Metric, strategy: &StrategyRounds) -> [Cell; 3] {
    let spread = Spread::of_rounds(metric, strategy);
    [
        spread.map(|it| it.min),
        spread.map(|it| it.median),
        spread.map(|it| it.max),
    ]
    .map(|figure| Cell::plain(metric.show(figure)))
}

fn ratio(ratio: Option<Spread>) -> Cell {
    toned_ratio(ratio, Spread::show_ratio)
}

fn short_ratio(ratio: Option<Spread>) -> Cell {
    toned_ratio(ratio, |ratio| quantity::ratio(ratio.median))
}

fn toned_ratio(ratio: Option<Spread>, show: impl Fn(&Spread) -> String) -> Cell {
    let Some(ratio) = ratio else {
        return Cell::plain(quantity::NONE);
    };
    let best = ratio.min == 1.0 && ratio.max == 1.0;
    Cell::toned(show(&ratio), if best { Tone::Good } else { Tone::Plain })
}

fn push_ideal(grid: &mut Grid, point: &Point, title: &str) {
    if let Some(ideal) = ideal_calls(point) {
        grid.push_yardstick(IDEAL, title, CALLS.show(Some(ideal.median)));
    }
}

fn prediction(strategy: &StrategyRounds) -> Option<f64> {
    let predicted = strategy
        .rounds
        .iter()
        .filter_map(|round| round.counts.predicted_calls);
    Spread::of(predicted.map(|calls| calls as f64)).map(|spread| spread.median)
}
