//! What goes wrong, where something can?

mod batches;
mod callers;
mod failures;
mod life;

use std::future::Future;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use crate::batch::backend::Answer;
use crate::batch::peer::{Loader, Peer};
use crate::batch::peers::{self, Probe};
use crate::batch::script::Script;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::table::{Column, Table, Unit};

/// How long anything may take, in virtual time, before it is given up.
const GIVE_UP: Duration = Duration::from_secs(3_600);

/// Something that can go wrong, and whether it does; `None` where the library has no such thing.
struct Case {
    name: &'static str,
    check: Check,
}

/// A check of one peer, by the group that it is in.
#[derive(Clone, Copy)]
enum Check {
    Callers(callers::Case),
    Failures(failures::Case),
    Batches(batches::Case),
    Life(life::Case),
}

/// The cases of one table.
struct Cases(&'static [Case]);

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    // What the backends do on purpose would fill the terminal.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let tables = vec![
        table(
            "Callers that leave",
            "Virtual time. Withdrawn: a load that is dropped before its call began is not asked \
             for. Another's: with three loads in a call, whichever is dropped, the others are \
             answered. All gone: after all of them were dropped, the key can be loaded again.",
            &CALLERS,
        ),
        table(
            "Calls that fail",
            "Virtual time. Panic reported: those who wait for a call that panics get an error, not \
             a panic. Goes on: other keys load afterwards. One missing: a key that there is not \
             spoils no other one of `load_many`. Found before: what a call found before it failed \
             is delivered. Asked anew: a missing key is found later, once it is there and cleared.",
            &FAILURES,
        ),
        table(
            "What a call is made of",
            "Virtual time, defaults. Once: a key that is wanted thrice is asked for once. Joined: a \
             key whose call is in flight is not asked for again. Hard limit: of 10,000 keys, no \
             call has more than its maximum. Order: keys come in the order of their loads. First \
             waits: with a load every 9 ms, the first is answered within 100. Overtakes: a slow \
             call holds up no other key. 20,000: so many at once are all answered. Nothing: no \
             call for no keys.",
            &BATCHES,
        ),
        table(
            "Beginnings and ends",
            "Virtual time. Outside: a loader is built outside of a runtime. First runtime: a loader \
             outlives the runtime of its first load, and Home: that in which it was built. Freed: \
             the backend goes with its loader. Leak: nothing is left behind by loads. Nested: a \
             call loads another key through its own loader, and 16 deep. Hit: a cached key is \
             answered while a call is under way.",
            &LIFE,
        ),
    ];
    panic::set_hook(hook);
    tables
}

const CALLERS: [Case; 3] = [
    Case::new("withdrawn", Check::Callers(callers::Case::Withdrawn)),
    Case::new("another's", Check::Callers(callers::Case::Others)),
    Case::new("all gone", Check::Callers(callers::Case::AllGone)),
];

const FAILURES: [Case; 5] = [
    Case::new(
        "panic reported",
        Check::Failures(failures::Case::PanicReported),
    ),
    Case::new("goes on", Check::Failures(failures::Case::GoesOn)),
    Case::new("one missing", Check::Failures(failures::Case::OneMissing)),
    Case::new("found before", Check::Failures(failures::Case::FoundBefore)),
    Case::new("asked anew", Check::Failures(failures::Case::AskedAnew)),
];

const BATCHES: [Case; 8] = [
    Case::new("once", Check::Batches(batches::Case::Once)),
    Case::new("joined", Check::Batches(batches::Case::Joined)),
    Case::new("hard limit", Check::Batches(batches::Case::HardLimit)),
    Case::new("order", Check::Batches(batches::Case::Order)),
    Case::new("first waits", Check::Batches(batches::Case::FirstWaits)),
    Case::new("overtakes", Check::Batches(batches::Case::Overtakes)),
    Case::new("20,000", Check::Batches(batches::Case::Many)),
    Case::new("nothing", Check::Batches(batches::Case::Nothing)),
];

const LIFE: [Case; 8] = [
    Case::new("outside", Check::Life(life::Case::Outside)),
    Case::new("first runtime", Check::Life(life::Case::FirstRuntime)),
    Case::new("home", Check::Life(life::Case::Home)),
    Case::new("freed", Check::Life(life::Case::Freed)),
    Case::new("leak", Check::Life(life::Case::Leak)),
    Case::new("nested", Check::Life(life::Case::Nested(1))),
    Case::new("16 deep", Check::Life(life::Case::Nested(16))),
    Case::new("hit", Check::Life(life::Case::Hit)),
];

fn table(title: &'static str, method: &'static str, cases: &'static [Case]) -> Table {
    let mut columns: Vec<_> = cases
        .iter()
        .map(|case| Column::new(case.name, Unit::Verdict))
        .collect();
    columns.push(Column::new("fails", Unit::Count));
    Table {
        title,
        method,
        columns,
        rows: interleaved(&Cases(cases), &peers::defaults(), 1),
        goals: vec![Goal::at_most(cases.len(), 0.0)],
    }
}

impl Case {
    const fn new(name: &'static str, check: Check) -> Self {
        Self { name, check }
    }
}

impl Check {
    fn passes<P: Peer>(self) -> Option<bool> {
        match self {
            Self::Callers(case) => case.passes::<P>(),
            Self::Failures(case) => case.passes::<P>(),
            Self::Batches(case) => case.passes::<P>(),
            Self::Life(case) => case.passes::<P>(),
        }
    }
}

impl Probe for Cases {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let verdict = |case: &Case| {
            // A check that panics is one that fails.
            let outcome = panic::catch_unwind(|| case.check.passes::<P>());
            outcome.unwrap_or(Some(false))
        };
        let verdicts: Vec<_> = self.0.iter().map(verdict).collect();
        let fails = verdicts.iter().filter(|verdict| **verdict == Some(false));
        let fails = fails.count() as f64;
        let figures = verdicts.iter().map(|verdict| verdict.map(f64::from));
        figures.chain([Some(fails)]).collect()
    }
}

/// The loader of a peer in front of a script.
type Of<P> = <P as Peer>::Loader<Script>;

/// Begins a load in a task of its own.
fn spawn<L: Loader>(loader: &Arc<L>, key: u64) -> JoinHandle<Answer> {
    let loader = Arc::clone(loader);
    tokio::spawn(async move { L::answer(loader.load(&key).await) })
}

/// Loads a key; `None` when that takes for ever, or panics.
async fn answer<L: Loader>(loader: &Arc<L>, key: u64) -> Option<Answer> {
    within(spawn(loader, key)).await?.ok()
}

/// Waits for something; `None` when it takes for ever.
async fn within<T>(future: impl Future<Output = T>) -> Option<T> {
    timeout(GIVE_UP, future).await.ok()
}

/// Lets every other task go on as far as it can without time.
async fn settle() {
    for _ in 0..256 {
        yield_now().await;
    }
}

/// Waits until a call has begun.
async fn begun(script: &Script) {
    for _ in 0..10_000 {
        if !script.calls().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
