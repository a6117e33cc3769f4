//! What goes wrong with values that are to be carried out once, each with its own result?

use std::future::poll_fn;
use std::panic;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};

use crate::batch::backend::value_of;
use crate::batch::mutations::{self, Fault, Mutator, PANICS, Probe, Recorder};
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::virtual_time;
use crate::table::{Column, Table, Unit};

/// How long anything may take, in virtual time, before it is given up.
const GIVE_UP: Duration = Duration::from_secs(3_600);

/// What can go wrong.
#[derive(Clone, Copy, Debug)]
enum Case {
    /// Somebody gets another one's result when there are too few or too many.
    Mixed(Fault),
    /// The backend is called with nothing.
    Nothing,
    /// A call is larger than it may be.
    HardLimit,
    /// Values are not in the order in which they came.
    Order,
    /// Of two equal values, only one is carried out.
    Twice,
    /// A value is carried out whose caller left before its call began.
    Withdrawn,
    /// A panic reaches those who wait, or ends everything.
    Panic,
}

const CASES: [(&str, Case); 8] = [
    ("too few", Case::Mixed(Fault::TooFew)),
    ("too many", Case::Mixed(Fault::TooMany)),
    ("nothing", Case::Nothing),
    ("hard limit", Case::HardLimit),
    ("order", Case::Order),
    ("twice", Case::Twice),
    ("withdrawn", Case::Withdrawn),
    ("panic", Case::Panic),
];

struct Cases;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    // What the backends do on purpose would fill the terminal.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let rows = interleaved(&Cases, &mutations::all(), 1);
    panic::set_hook(hook);
    let columns = CASES.map(|(name, _)| Column::new(name, Unit::Verdict));
    let fails = Column::new("fails", Unit::Count);
    vec![Table {
        title: "Mutations",
        method: "Virtual time, defaults. Too few, too many: when a call returns another number of \
                 results than it had values, nobody gets a wrong one. Nothing: no call, and no \
                 wait, for no values. Hard limit: of 10,000 values, no call has more than its \
                 maximum. Order: values come as they were given. Twice: equal values are carried \
                 out each. Withdrawn: a value whose caller left before its call began is not. \
                 Panic: it is reported as a failure, and others go on.",
        columns: columns.into_iter().chain([fails]).collect(),
        rows,
        goals: vec![Goal::at_most(CASES.len(), 0.0)],
    }]
}

impl Probe for Cases {
    fn probe<M: Mutator>(&self) -> Vec<Option<f64>> {
        let verdict = |(_, case): (_, Case)| {
            let checked =
                || virtual_time().block_on(async { timeout(GIVE_UP, case.passes::<M>()).await });
            // A check that panics, or never ends, is one that fails.
            match panic::catch_unwind(checked) {
                Ok(Ok(verdict)) => verdict,
                _ => Some(false),
            }
        };
        let verdicts = CASES.map(verdict);
        let fails = verdicts.iter().filter(|verdict| **verdict == Some(false));
        let fails = fails.count() as f64;
        let figures = verdicts.iter().map(|verdict| verdict.map(f64::from));
        figures.chain([Some(fails)]).collect()
    }
}

impl Case {
    async fn passes<M: Mutator>(self) -> Option<bool> {
        match self {
            Self::Mixed(fault) => mixed::<M>(fault).await,
            Self::Nothing => nothing::<M>().await,
            Self::HardLimit => hard_limit::<M>().await,
            Self::Order => order::<M>().await,
            Self::Twice => twice::<M>().await,
            Self::Withdrawn => withdrawn::<M>().await,
            Self::Panic => panics::<M>().await,
        }
    }
}

async fn mixed<M: Mutator>(fault: Fault) -> Option<bool> {
    if !M::IS_POSITIONAL {
        return None;
    }
    let executor = M::build(Arc::new(Recorder::with(fault)));
    let values = [1, 2, 3];
    let results = join_all(values.map(|value| executor.execute(value))).await;
    let mut pairs = values.into_iter().zip(results);
    Some(pairs.all(|(value, result)| result.is_none_or(|result| result == value_of(value))))
}

async fn nothing<M: Mutator>() -> Option<bool> {
    if !M::EXECUTES_MANY {
        return None;
    }
    let recorder = Arc::new(Recorder::default());
    let executor = M::build(Arc::clone(&recorder));
    let start = Instant::now();
    let results = executor.execute_many(Vec::new()).await;
    let is_at_once = start.elapsed() == Duration::ZERO;
    Some(results == Some(Vec::new()) && is_at_once && recorder.calls().is_empty())
}

async fn hard_limit<M: Mutator>() -> Option<bool> {
    let recorder = Arc::new(Recorder::default());
    let executor = M::build(Arc::clone(&recorder));
    if M::EXECUTES_MANY {
        executor.execute_many((0..10_000).collect()).await;
    } else {
        join_all((0..10_000).map(|value| executor.execute(value))).await;
    }
    let largest = recorder.calls().iter().map(Vec::len).max();
    Some(largest.is_some_and(|largest| largest <= M::BATCH_MAX))
}

async fn order<M: Mutator>() -> Option<bool> {
    let recorder = Arc::new(Recorder::default());
    let executor = M::build(Arc::clone(&recorder));
    let values: Vec<u64> = (0..50).map(|number| number * 37 % 50).collect();
    join_all(values.iter().map(|value| executor.execute(*value))).await;
    Some(recorder.calls().concat() == values)
}

async fn twice<M: Mutator>() -> Option<bool> {
    let recorder = Arc::new(Recorder::default());
    let executor = M::build(Arc::clone(&recorder));
    let results = join_all([1, 1].map(|value| executor.execute(value))).await;
    Some(results == [Some(value_of(1)); 2] && recorder.calls().concat() == [1, 1])
}

async fn withdrawn<M: Mutator>() -> Option<bool> {
    let recorder = Arc::new(Recorder::default());
    let executor = M::build(Arc::clone(&recorder));
    {
        let mut execution = pin!(executor.execute(1));
        poll_fn(|cx| {
            let _ = execution.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
    }
    let other = executor.execute(2).await;
    sleep(Duration::from_secs(1)).await;
    Some(other == Some(value_of(2)) && !recorder.calls().concat().contains(&1))
}

async fn panics<M: Mutator>() -> Option<bool> {
    let executor = Arc::new(M::build(Arc::new(Recorder::default())));
    let execute = |value| {
        let executor = Arc::clone(&executor);
        tokio::spawn(async move { executor.execute(value).await })
    };
    let failed = execute(PANICS).await;
    let other = execute(1).await;
    Some(matches!(failed, Ok(None)) && matches!(other, Ok(result) if result == Some(value_of(1))))
}
