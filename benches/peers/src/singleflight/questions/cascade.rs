//! How many callers are served when a leader's deadline passes and others are near theirs?
//!
//! A caller comes every `BETWEEN` and gives up after `PATIENCE`. The first one comes with
//! most of its time spent and gives up while it loads, when about thirty others wait. A load that
//! begins then comes too late for those who have waited longest, and in time for those who came
//! last. Whoever hands the load to the oldest loses that one as well, and so on with everybody
//! who comes, since there is always an oldest who has waited too long.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::virtual_time;
use crate::runtime::workers;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Group, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::table::{Column, Table, Unit};

/// How many callers come.
const CALLERS: u32 = 600;

/// How long after one caller the next one comes.
const BETWEEN: Duration = Duration::from_millis(4);

/// How long a caller waits before it gives up.
const PATIENCE: Duration = Duration::from_millis(400);

/// How long the first caller waits.
const PATIENCE_OF_FIRST: Duration = Duration::from_millis(126);

/// How long a load takes. No two events that compete fall on the same millisecond.
const LOAD: Duration = Duration::from_millis(321);

struct Cascade;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let columns = [
        "served of 600, virtual time",
        "loads",
        "served of 600, two workers",
        "loads",
    ];
    vec![Table {
        title: "A cascade of deadlines",
        method: "A caller every 4 ms, 600 in all, for one key, each of which waits 400 ms; a \
                 load takes 321 ms. The first caller gives up after 126 ms. A load in place that \
                 begins then can serve all but the first caller and the eleven after it: 588. \
                 Once on one thread in virtual time, where tasks run in the order in which they \
                 were woken, and once on two workers in real time, where tokio runs the task \
                 that was woken last first. A cache serves those who come later from what it \
                 keeps.",
        columns: columns
            .map(|name| Column {
                name,
                unit: Unit::Count,
            })
            .to_vec(),
        rows: interleaved(&Cascade, &peers::all(), 1),
        goals: vec![
            Goal::at_least(0, 582.0),
            Goal::at_most(1, 12.0),
            Goal::at_least(2, 582.0),
            Goal::at_most(3, 12.0),
        ],
    }]
}

impl Probe for Cascade {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES || !P::KEYED {
            return vec![None; 4];
        }
        let runtimes = [virtual_time(), workers(2)];
        runtimes.iter().flat_map(cascade::<P>).map(Some).collect()
    }
}

/// Returns how many callers were served, and how many loads were made.
fn cascade<P: Peer>(runtime: &Runtime) -> [f64; 2] {
    let gate = Gate::opened();
    let group = Arc::new(P::Group::<u64, u64>::default());
    let served = runtime.block_on(async {
        let caller = |number| tokio::spawn(caller::<P>(Arc::clone(&group), gate, number));
        let callers: Vec<_> = (0..CALLERS).map(caller).collect();
        let mut served = 0;
        for caller in callers {
            // A caller that panics is not served.
            served += u32::from(caller.await.unwrap_or(false));
        }
        served
    });
    [f64::from(served), gate.loads() as f64]
}

/// Comes when it is this caller's turn, and returns whether it was served in time.
async fn caller<P: Peer>(group: Arc<P::Group<u64, u64>>, gate: &'static Gate, number: u32) -> bool {
    sleep(BETWEEN * number).await;
    let patience = match number {
        0 => PATIENCE_OF_FIRST,
        _ => PATIENCE,
    };
    let call = group.call(&7, move || async move {
        let value = gate.pass(7).await;
        sleep(LOAD).await;
        value
    });
    let output = timeout(patience, call).await;
    output.is_ok_and(|output| P::Group::<u64, u64>::answer(output) == Ok(7))
}
