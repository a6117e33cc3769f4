//! What does it cost to allow more calls in flight than there are connections?

use crate::batch::peer::Peer;
use crate::batch::peers::forebay::ForebayLateBound;
use crate::batch::peers::{self, Probe};
use crate::batch::simulation::Scenario;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::table::{Column, Table, Unit};

const LOADS_PER_S: f64 = 10_000.0;
const LOADS: usize = 50_000;

struct Connections;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let columns = [
        "1 connection p50",
        "1 connection p99",
        "4 connections p50",
        "4 connections p99",
    ];
    vec![Table {
        title: "More calls in flight than connections",
        method: "10,000 loads in a second, as above, before one connection and before four. With \
                 permits, a call takes its keys when a connection is free; without, it takes them \
                 and queues up for one. Virtual time.",
        columns: columns
            .map(|name| Column::new(name, Unit::Milliseconds))
            .to_vec(),
        rows: interleaved(&Connections, &peers::over_estimated(), 1),
        goals: vec![
            Goal::variant(0, ForebayLateBound::NAME, 1.03),
            Goal::variant(1, ForebayLateBound::NAME, 1.03),
        ],
    }]
}

impl Probe for Connections {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let figures = [1, 4].into_iter().flat_map(|connections| {
            let scenario = Scenario {
                loads_per_s: LOADS_PER_S,
                loads: LOADS,
                connections,
            };
            match scenario.run::<P>() {
                Some(times) => [0.5, 0.99].map(|share| Some(times.quantile_ms(share))),
                None => [None, None],
            }
        });
        figures.collect()
    }
}
