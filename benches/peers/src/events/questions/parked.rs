//! What does an append cost while readers wait?

use std::time::Duration;

use crate::events::parking::Parking;
use crate::events::peer::Peer;
use crate::events::peers::{self, Probe, SEED, TOKIO};
use crate::events::questions::{median, to_tokio};
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::table::{Column, Table, Unit};

/// How many readers wait.
const READERS: [usize; 4] = [10, 100, 1_000, 10_000];

/// How many events are appended in a round, one after the other.
const LAPS: usize = 5;

struct Parked;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let both = interleaved(&Parked, &peers::all(), rounds);
    let mut totals = both.clone();
    let mut writers = both;
    for row in &mut writers {
        row.rounds
            .iter_mut()
            .for_each(|figures| figures.truncate(5));
    }
    for row in &mut totals {
        row.rounds
            .iter_mut()
            .for_each(|figures| drop(figures.drain(..5)));
    }
    let names = ["10 wait", "100 wait", "1,000 wait", "10,000 wait"].map(to_tokio);
    let growth = Column::new("growth", Unit::Ratio);
    vec![
        Table {
            title: "What the writer pays while readers wait",
            method: "Processor time of the writer's thread for one append, while the readers wait \
                     in tasks on two sleeping workers; the median of five appends. Growth is what \
                     10,000 cost over 10.",
            columns: [&names[..], &[growth]].concat(),
            rows: writers,
            goals: vec![
                Goal::times_better(3, TOKIO, 200.0),
                Goal::times_better(3, SEED, 300.0),
                Goal::at_most(4, 5.0),
            ],
        },
        Table {
            title: "What everybody pays while readers wait",
            method: "In the same appends, processor time of the whole process for each reader, \
                     until each of them has read the event and waits again.",
            columns: names.to_vec(),
            rows: totals,
            goals: Vec::new(),
        },
    ]
}

impl Probe for Parked {
    /// Returns the writers' figures, their growth, and everybody's.
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::PARKS {
            return vec![None; 2 * READERS.len() + 1];
        }
        let figures = READERS.map(laps::<P>);
        let writers = figures.map(|(writer, _)| writer);
        let growth = writers[READERS.len() - 1] / writers[0];
        let all = figures.map(|(_, all)| all);
        let figures = writers.into_iter().chain([growth]).chain(all);
        figures.map(Some).collect()
    }
}

/// Returns the nanoseconds of the writer, and those of everybody for each reader.
fn laps<P: Peer>(readers: usize) -> (f64, f64) {
    let mut parking = Parking::<P>::with(readers);
    // The first only warms up.
    parking.lap();
    let laps: Vec<_> = (0..LAPS).map(|_| parking.lap()).collect();
    let nanoseconds = |duration: Duration| duration.as_secs_f64() * 1e9;
    let writer = median(laps.iter().map(|lap| nanoseconds(lap.writer)));
    let all = median(laps.iter().map(|lap| nanoseconds(lap.all)));
    (writer, all / readers as f64)
}
