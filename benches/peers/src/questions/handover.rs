//! Who is served when the caller that loads gives up?

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::gate::Gate;
use crate::goal::Goal;
use crate::peer::{Group, Peer};
use crate::peers::{self, Probe};
use crate::rounds::least;
use crate::seats::Crowd;
use crate::table::{Column, Table, Unit};

/// How many callers the cascade has.
const CALLERS: u64 = 600;

/// How long after one caller the next one comes.
const BETWEEN: Duration = Duration::from_millis(4);

/// How long a caller waits before it gives up.
const PATIENCE: Duration = Duration::from_millis(400);

/// How long the first caller waits: it comes with most of its time already spent.
const PATIENCE_OF_FIRST: Duration = Duration::from_millis(126);

/// How long a load takes: less than a caller waits, by less than most followers have waited.
const LOAD: Duration = Duration::from_millis(321);

/// How many followers lose their leader at once.
const FOLLOWERS: usize = 300;

/// How many polls in a row must bring nothing before nothing more is expected.
const IDLE_POLLS: u32 = 64;

struct Cascade;
struct LeaderLost;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let count = |name| Column {
        name,
        unit: Unit::Count,
    };
    vec![
        Table {
            title: "A cascade of deadlines",
            method: "A caller every 4 ms, 600 in all, for one key, each of which waits 400 ms; a \
                     load takes 321 ms. The first caller gives up after 126 ms: a load that \
                     begins then is late for the callers that have waited longest, and done in \
                     time for those that came last. The best that a load in place can do is to \
                     lose the first caller and the eleven after it. Virtual time; a cache serves \
                     later callers from what it keeps.",
            columns: vec![count("served of 600"), count("loads")],
            rows: least(&Cascade, &peers::all(), 1),
            goals: vec![Goal::at_least(0, 582.0), Goal::at_most(1, 12.0)],
        },
        Table {
            title: "A leader lost",
            method: "300 followers wait when their leader is dropped: how many tasks that wakes, \
                     how many loads begin, and how many followers get the value without waiting \
                     for a timeout. Where loads run in a task of their own, none is lost.",
            columns: vec![count("woken"), count("new loads"), count("served of 300")],
            rows: least(&LeaderLost, &peers::all(), 1),
            goals: vec![
                Goal::at_most(0, 1.0),
                Goal::at_most(1, 1.0),
                Goal::at_least(2, 300.0),
            ],
        },
    ]
}

/// Returns a runtime of one thread whose clock moves when nothing else does.
///
/// # Panics
///
/// When the system gives no runtime.
pub(super) fn virtual_time() -> Runtime {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("the system gives a runtime")
}

impl Probe for Cascade {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES || !P::KEYED {
            return vec![None, None];
        }
        let gate = Gate::opened();
        let group = Arc::new(P::Group::<u64, u64>::default());
        let served = virtual_time().block_on(async {
            let caller = |number| tokio::spawn(caller::<P>(Arc::clone(&group), gate, number));
            let callers: Vec<_> = (0..CALLERS).map(caller).collect();
            let mut served = 0;
            for caller in callers {
                // A caller that panics is not served.
                served += u64::from(caller.await.unwrap_or(false));
            }
            served
        });
        vec![Some(served as f64), Some(gate.loads() as f64)]
    }
}

/// Comes when it is this caller's turn, and returns whether it was served in time.
async fn caller<P: Peer>(group: Arc<P::Group<u64, u64>>, gate: &'static Gate, number: u64) -> bool {
    sleep(BETWEEN * number as u32).await;
    let patience = if number == 0 {
        PATIENCE_OF_FIRST
    } else {
        PATIENCE
    };
    let call = group.call(&7, move || async move {
        let value = gate.pass(7).await;
        sleep(LOAD).await;
        value
    });
    let output = timeout(patience, call).await;
    output.is_ok_and(|output| P::Group::<u64, u64>::answer(output) == Ok(7))
}

impl Probe for LeaderLost {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES {
            return vec![None; 3];
        }
        let gate = Gate::closed();
        let group = P::Group::<u64, u64>::default();
        virtual_time().block_on(async {
            let mut crowd = Crowd::gather(1 + FOLLOWERS, |_| group.call(&7, || gate.pass(7)));
            assert_eq!(
                served::<P, _>(&mut crowd).await,
                0,
                "{}: the load is held back",
                P::NAME
            );
            let (wakes, loads) = (crowd.wakes(), gate.loads());
            crowd.dismiss(0);
            let woken = crowd.wakes() - wakes;
            gate.open();
            let served = served::<P, _>(&mut crowd).await;
            let new_loads = gate.loads() - loads;
            [woken as f64, new_loads as f64, served as f64]
                .map(Some)
                .to_vec()
        })
    }
}

/// Polls whoever is woken until nobody is any more, and returns how many got the value.
async fn served<P: Peer, Fut>(crowd: &mut Crowd<Fut>) -> usize
where
    Fut: Future<Output = <P::Group<u64, u64> as Group<u64, u64>>::Output>,
{
    let (mut served, mut idle) = (0, 0);
    while idle < IDLE_POLLS {
        let outputs = crowd.poll_woken();
        idle = if outputs.is_empty() { idle + 1 } else { 0 };
        let answers = outputs.into_iter().map(P::Group::<u64, u64>::answer);
        served += answers.filter(|answer| *answer == Ok(7)).count();
        // A load that was spawned runs only when the runtime has its turn.
        tokio::task::yield_now().await;
    }
    served
}
