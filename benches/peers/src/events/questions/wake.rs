//! How long does it take until readers that wait have an event?

use std::time::Duration;

use crate::events::parking::Parking;
use crate::events::peer::Peer;
use crate::events::peers::{self, Probe, TOKIO};
use crate::events::questions::to_tokio;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::table::Table;

/// How many readers wait.
const READERS: [usize; 2] = [1_000, 10_000];

/// How many events are appended in a round, one after the other.
const LAPS: usize = 5;

struct Wake;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let columns = [
        "p50, 1,000 wait",
        "p99, 1,000",
        "p50, 10,000",
        "p99, 10,000",
    ];
    vec![Table {
        title: "From an append to a reader",
        method: "Time from the beginning of an append until a reader has the event, over all \
                 readers of five appends; they wait in tasks on two sleeping workers, and the writer \
                 is on a thread of its own.",
        columns: columns.map(to_tokio).to_vec(),
        rows: interleaved(&Wake, &peers::all(), rounds),
        goals: (0..4)
            .map(|column| Goal::ratio(column, TOKIO, 0.7))
            .collect(),
    }]
}

impl Probe for Wake {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::PARKS {
            return vec![None; 2 * READERS.len()];
        }
        let figures = READERS.map(|readers| {
            let mut parking = Parking::<P>::with(readers);
            parking.lap();
            let laps = (0..LAPS).flat_map(|_| parking.lap().wakes);
            let mut wakes: Vec<Duration> = laps.collect();
            wakes.sort_unstable();
            [50, 99].map(|percent| wakes[(wakes.len() - 1) * percent / 100].as_secs_f64() * 1e9)
        });
        figures.into_iter().flatten().map(Some).collect()
    }
}
