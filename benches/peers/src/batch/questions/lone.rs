//! What does a load wait that is alone, with nothing to be batched with?

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::batch::backend::{Instantly, value_of};
use crate::batch::peer::{Loader, Peer};
use crate::batch::peers::floor::Bare;
use crate::batch::peers::forebay::ForebayInline;
use crate::batch::peers::javascript::{self, Ask};
use crate::batch::peers::ultra_batch::UltraBatch;
use crate::batch::peers::{self, Probe};
use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::runtime::{one_thread, workers};
use crate::table::{Column, Table, Unit};

/// How many blocks of loads are measured; the quickest counts.
const BLOCKS: usize = 4;

/// How many loads a block has, unless they take too long.
const LOADS_MAX: u32 = 500;

/// How long a block may take before it is cut short.
const BLOCK_TIME: Duration = Duration::from_millis(8);

struct Lone;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let mut entries = peers::all();
    entries.push(javascript::entry());
    vec![Table {
        title: "A load alone",
        method: "Time of day of one load after the other in a task, each with nothing else going \
                 on, before a backend that computes its answer at once.",
        columns: vec![
            Column::new("one thread", Unit::Nanoseconds),
            Column::new("two threads", Unit::Nanoseconds),
        ],
        rows: interleaved(&Lone, &entries, rounds),
        goals: vec![
            Goal::ratio(0, Against::Row(Bare::NAME), 1.5),
            Goal::ratio(1, Against::Row(Bare::NAME), 1.5),
            Goal::times_better(0, Against::Row(UltraBatch::NAME), 1_000.0),
            Goal::variant_at_most(0, ForebayInline::NAME, 2_500.0),
        ],
    }]
}

impl Ask for Lone {
    const SETTINGS: &'static str = "cache off, 1000 keys";

    fn requests(&self) -> Vec<Option<&'static str>> {
        vec![Some("lone"), None]
    }
}

impl Probe for Lone {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        vec![
            Some(per_load::<P>(&one_thread())),
            Some(per_load::<P>(&workers(2))),
        ]
    }
}

/// Returns the time of day of a load, in nanoseconds.
fn per_load<P: Peer>(runtime: &Runtime) -> f64 {
    let measure = async {
        let loader = Arc::new(P::build(Arc::new(Instantly::default())));
        let (mut least, mut key) = (f64::INFINITY, 0);
        for block in 0..=BLOCKS {
            let (start, mut loads) = (Instant::now(), 0);
            while loads < LOADS_MAX && start.elapsed() < BLOCK_TIME {
                let answer = P::Loader::<Instantly>::answer(loader.load(&key).await);
                assert_eq!(answer, Ok(Some(value_of(key))), "{}", P::NAME);
                (loads, key) = (loads + 1, key + 1);
            }
            let each = start.elapsed().as_secs_f64() * 1e9 / f64::from(loads);
            // The first block only warms up.
            if block > 0 {
                least = least.min(each);
            }
        }
        least
    };
    let measured = runtime.block_on(async { tokio::spawn(measure).await });
    measured.expect("a load alone is answered")
}
