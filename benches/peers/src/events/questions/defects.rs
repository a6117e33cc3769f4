//! What goes wrong, where something can?

mod delivery;
mod ends;
mod waits;

use std::future::Future;
use std::panic;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::events::peer::{Peer, Reader, Stop};
use crate::events::peers::{self, Probe};
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::table::{Column, Table, Unit};

/// A way in which something can go wrong.
#[derive(Clone, Copy)]
enum Case {
    Delivery(delivery::Case),
    Ends(ends::Case),
    Waits(waits::Case),
}

/// The cases of one table, with their names.
struct Cases(&'static [(&'static str, Case)]);

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    // What is done on purpose would fill the terminal.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let tables = vec![
        table(
            "What readers get",
            "Complete: a reader that is 10,000 events behind gets all of them; rings are to hold 64. \
             Told: it learns how many it does not get. Order: of what it gets, nothing comes twice \
             or out of order. Deserted: a log that all readers have left goes on with new ones. \
             Whole: no reader sees a part of a batch. Panic: of a batch whose iterator panics, \
             nothing is seen, and the writer goes on. Turns: a reader that always finds something \
             lets other tasks have their turns.",
            &DELIVERY,
        ),
        table(
            "How it ends",
            "Before: all events before the end come first. Waiting: a reader that waits while the \
             writer is dropped is told, and Late: one that asks only then. Again: it is told each \
             time that it asks. Closed: an end on purpose is told from a writer that was lost. \
             Error: every reader gets the error that the log ends with, and Error again: each time \
             that it asks.",
            &ENDS,
        ),
        table(
            "How readers wait",
            "Cancelled: a wait that is dropped costs its reader nothing, and Woken: nor one that is \
             dropped after it was woken. No trace: 10,000 dropped waits leave nothing behind. \
             Another waker: the last waker of a wait is the one that is woken. Panic: of 100 \
             waiting readers one has a waker that panics, and the others are woken; Usable: the \
             log goes on. Reading: a waker can ask another reader for the event.",
            &WAITS,
        ),
    ];
    panic::set_hook(hook);
    tables
}

const DELIVERY: [(&str, Case); 7] = {
    use delivery::Case as Of;
    [
        ("complete", Case::Delivery(Of::Complete)),
        ("told", Case::Delivery(Of::Told)),
        ("order", Case::Delivery(Of::Order)),
        ("deserted", Case::Delivery(Of::Deserted)),
        ("whole", Case::Delivery(Of::Whole)),
        ("panic", Case::Delivery(Of::Panic)),
        ("turns", Case::Delivery(Of::Turns)),
    ]
};

const ENDS: [(&str, Case); 7] = {
    use ends::Case as Of;
    [
        ("before", Case::Ends(Of::Before)),
        ("waiting", Case::Ends(Of::Waiting)),
        ("late", Case::Ends(Of::Late)),
        ("again", Case::Ends(Of::Again)),
        ("closed", Case::Ends(Of::Closed)),
        ("error", Case::Ends(Of::Error)),
        ("error again", Case::Ends(Of::ErrorAgain)),
    ]
};

const WAITS: [(&str, Case); 7] = {
    use waits::Case as Of;
    [
        ("cancelled", Case::Waits(Of::Cancelled)),
        ("woken", Case::Waits(Of::Woken)),
        ("no trace", Case::Waits(Of::NoTrace)),
        ("another waker", Case::Waits(Of::AnotherWaker)),
        ("panic", Case::Waits(Of::Panic)),
        ("usable", Case::Waits(Of::Usable)),
        ("reading", Case::Waits(Of::Reading)),
    ]
};

fn table(
    title: &'static str,
    method: &'static str,
    cases: &'static [(&'static str, Case)],
) -> Table {
    let verdicts = cases
        .iter()
        .map(|(name, _)| Column::new(name, Unit::Verdict));
    let columns = verdicts.chain([Column::new("fails", Unit::Count)]);
    Table {
        title,
        method,
        columns: columns.collect(),
        rows: interleaved(&Cases(cases), &peers::all(), 1),
        goals: vec![Goal::at_most(cases.len(), 0.0)],
    }
}

impl Case {
    /// Returns whether it goes right; `None` where the peer has no such thing.
    fn passes<P: Peer>(self) -> Option<bool> {
        match self {
            Self::Delivery(case) => case.passes::<P>(),
            Self::Ends(case) => case.passes::<P>(),
            Self::Waits(case) => case.passes::<P>(),
        }
    }
}

impl Probe for Cases {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let verdict = |(_, case): &(_, Case)| {
            // A case that panics is one that goes wrong.
            panic::catch_unwind(|| case.passes::<P>()).unwrap_or(Some(false))
        };
        let verdicts: Vec<_> = self.0.iter().map(verdict).collect();
        let fails = verdicts.iter().filter(|verdict| **verdict == Some(false));
        let fails = fails.count() as f64;
        let figures = verdicts.iter().map(|verdict| verdict.map(f64::from));
        figures.chain([Some(fails)]).collect()
    }
}

/// A waker that counts how often it was woken, and panics then if it is told to.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicUsize,
    panics: bool,
}

impl Bell {
    fn rung(&self) -> usize {
        self.rung.load(Ordering::Acquire)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::AcqRel);
        assert!(!self.panics, "the waker panics");
    }
}

/// What one call of the library's gives, if it gives something at once; otherwise the call is
/// dropped. A call that only lets others have their turn first is asked again.
fn now<R: Reader>(reader: &mut R) -> Option<Result<Vec<u64>, Stop>> {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let first = now_with(reader, &waker);
    if first.is_none() && bell.rung() > 0 {
        return now_with(reader, &waker);
    }
    first
}

/// The same with this waker, and not asked again.
fn now_with<R: Reader>(reader: &mut R, waker: &Waker) -> Option<Result<Vec<u64>, Stop>> {
    let read = pin!(reader.read(1, Vec::new()));
    match read.poll(&mut Context::from_waker(waker)) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}
