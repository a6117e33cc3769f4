//! How long do loads take that come at random, before a backend of four connections?

use crate::batch::peer::Peer;
use crate::batch::peers::{self, Probe};
use crate::batch::simulation::{CALL_NS, KEY_NS, Scenario};
use crate::entry::Kind;
use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::table::{Column, Row, Table, Unit};

const CONNECTIONS: usize = 4;

/// How many loads come in a second, and how many in all: enough of them for a steady 99th
/// percentile.
const RATES: [(f64, usize); 4] = [
    (1_000.0, 20_000),
    (10_000.0, 50_000),
    (50_000.0, 100_000),
    (200_000.0, 200_000),
];

const LIMIT: &str = "limit: 4 staggered calls";

struct Arrivals;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let mut rows = interleaved(&Arrivals, &peers::in_flight(), 1);
    rows.push(limits());
    let columns = [
        "1k/s p50",
        "1k/s p99",
        "10k/s p50",
        "10k/s p99",
        "50k/s p50",
        "50k/s p99",
        "200k/s p50",
        "200k/s p99",
    ];
    let (limit, best) = (Against::Row(LIMIT), Against::BEST_LIBRARY);
    vec![Table {
        title: "Loads at random",
        method: "Loads of different keys come on their own, so many in a second, before four \
                 connections; a call takes 1 ms and 1 µs for each key. How long a load takes, in \
                 virtual time: computing takes none, and tokio's timers have their grain of 1 ms. \
                 The limit is what four calls would give that follow each other evenly. \
                 scuffle-batching reads the real clock and is left out.",
        columns: columns
            .map(|name| Column::new(name, Unit::Milliseconds))
            .to_vec(),
        rows,
        goals: vec![
            Goal::ratio(4, limit, 1.05),
            Goal::ratio(5, limit, 1.15),
            Goal::ratio(6, limit, 1.05),
            Goal::ratio(7, limit, 1.15),
            Goal::times_better(5, best, 1.4),
            Goal::times_better(7, best, 1.4),
        ],
    }]
}

impl Probe for Arrivals {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::IS_VIRTUAL {
            return vec![None; 2 * RATES.len()];
        }
        let figures = RATES.iter().flat_map(|(loads_per_s, loads)| {
            let scenario = Scenario {
                loads_per_s: *loads_per_s,
                loads: *loads,
                connections: CONNECTIONS,
            };
            match scenario.run::<P>() {
                Some(times) => [0.5, 0.99].map(|share| Some(times.quantile_ms(share))),
                None => [None, None],
            }
        });
        figures.collect()
    }
}

/// Returns what calls that follow each other evenly would give.
///
/// With `C` connections and loads at the rate `λ`, a call leaves every `T = S / C` and takes the
/// `λ·T` keys that came meanwhile, so it lasts `S = call + key·λ·T`. A load waits between nothing and
/// `T` for its call to leave, and then for all of it.
fn limits() -> Row {
    let figures = RATES.iter().flat_map(|(loads_per_s, _)| {
        let per_ns = loads_per_s / 1e9;
        let connections = CONNECTIONS as f64;
        let call_ns = CALL_NS / (1.0 - per_ns * KEY_NS / connections);
        let period_ns = call_ns / connections;
        if per_ns * period_ns < 1.0 {
            // A load is alone in its call, as a rule.
            return [Some((CALL_NS + KEY_NS) / 1e6), None];
        }
        [0.5, 0.99].map(|share| Some((call_ns + share * period_ns) / 1e6))
    });
    Row {
        name: LIMIT,
        settings: "computed",
        kind: Kind::Floor,
        rounds: vec![figures.collect()],
    }
}
