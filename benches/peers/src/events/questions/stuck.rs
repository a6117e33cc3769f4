//! What does a reader cost that never reads?

use tokio::task::yield_now;

use crate::allocation::count;
use crate::clock::thread_time;
use crate::entry::Entry;
use crate::events::peer::{Log, Peer, Reader};
use crate::events::peers::forebay::{ForebayBounded, LIMIT};
use crate::events::peers::{self, Probe};
use crate::events::sight::Tally;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

/// How many readers read.
const READERS: usize = 64;

/// How many events there are where time counts.
const TIMED: u64 = 16_384;

/// How many events there are where memory counts.
const WEIGHED: u64 = 131_072;

/// How many events are written before others get a turn.
const TURN: u64 = 64;

/// How many events are in the longest segment.
const SEGMENT: usize = 512;

/// How often a round measures; the least counts.
const PASSES: usize = 5;

struct Stuck;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let mut entries: Vec<Entry<_>> = vec![peers::entry::<ForebayBounded, _>()];
    entries.extend(peers::others());
    let memory_max = (LIMIT + SEGMENT) as f64 * 8.0 * 1.02;
    vec![Table {
        title: "One reader that never reads",
        method: "Processor time for each event that each of 64 readers reads while it is written, on \
                 one thread, without and with another reader that reads nothing; and the bytes that \
                 are kept for that one after 131,072 events of 8. Rings are to hold 1,024; ours is \
                 told to keep at most that many for readers.",
        columns: vec![
            Column::new("without", Unit::Nanoseconds),
            Column::new("with", Unit::Nanoseconds),
            Column::new("with ÷ without", Unit::Ratio),
            Column::new("kept", Unit::Bytes),
        ],
        rows: interleaved(&Stuck, &entries, rounds),
        goals: vec![Goal::at_most(2, 1.05), Goal::at_most(3, memory_max)],
    }]
}

impl Probe for Stuck {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::KEEPS || !P::CARRIES {
            return vec![None; 4];
        }
        let kept = kept::<P>(true) - kept::<P>(false);
        if !P::PARKS {
            return vec![None, None, None, Some(kept)];
        }
        let mut least = [f64::MAX; 2];
        for _ in 0..PASSES {
            least[0] = least[0].min(stream::<P>(false));
            least[1] = least[1].min(stream::<P>(true));
        }
        let [without, with] = least;
        vec![Some(without), Some(with), Some(with / without), Some(kept)]
    }
}

/// Returns the nanoseconds for each event and reader.
fn stream<P: Peer>(with_stuck: bool) -> f64 {
    let spent = one_thread().block_on(async {
        let mut log = P::Log::<u64>::holding(LIMIT);
        let stuck = with_stuck.then(|| log.subscribe());
        let readers: Vec<_> = (0..READERS).map(|_| log.subscribe()).collect();
        let start = thread_time();
        let reading = readers.into_iter().map(|mut reader| {
            tokio::spawn(async move { reader.read(TIMED, Tally::default()).await })
        });
        let reading: Vec<_> = reading.collect();
        for number in 0..TIMED {
            log.append(number);
            if number % TURN == TURN - 1 {
                yield_now().await;
            }
        }
        for reader in reading {
            let tally = reader.await.expect("a reader reads");
            assert_eq!(tally, Ok(Tally::of_first(TIMED)), "{}", P::NAME);
        }
        let spent = thread_time().saturating_sub(start);
        drop(stuck);
        spent
    });
    spent.as_secs_f64() * 1e9 / (READERS as u64 * TIMED) as f64
}

/// Returns the bytes that a log keeps while one reader is up to date.
fn kept<P: Peer>(with_stuck: bool) -> f64 {
    let runtime = one_thread();
    let mut kept = None;
    let allocated = count(|| {
        runtime.block_on(async {
            let mut log = P::Log::<u64>::holding(LIMIT);
            let stuck = with_stuck.then(|| log.subscribe());
            let mut reader = log.subscribe();
            for first in (0..WEIGHED).step_by(TURN as usize) {
                (first..first + TURN).for_each(|number| log.append(number));
                let tally = reader.read(TURN, Tally::default()).await;
                assert!(tally.is_ok(), "{}", P::NAME);
                // What is freed in the background has its turn.
                yield_now().await;
            }
            kept = Some((log, stuck, reader));
        });
    });
    allocated.live_bytes as f64
}
