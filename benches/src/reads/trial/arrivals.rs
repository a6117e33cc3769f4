//! An open loop on the machine's clock: loads begin when they are due, answered or not.

use std::sync::Arc;

use forebay_core::Load;
use tokio::runtime::Handle;

use crate::harness::clock::Clock;
use crate::harness::under_way::{Guest, UnderWay};
use crate::reads::backend::BackendError;
use crate::reads::row::Row;
use crate::reads::trial::session::Session;

/// Begins each load at its time by `clock`, which is the session's, and returns once all are answered.
///
/// The sender has the calling thread to itself and sleeps on the system's clock, which is finer
/// than a runtime's timers. It can still be late, by its sleep or by a busy machine: latencies are
/// counted from the time that a load was due, so lateness is in them.
pub(crate) fn send<L>(session: &Arc<Session<L>>, times_ns: &[u64], clock: Clock, runtime: &Handle)
where
    L: Load<u64, Value = Row, Error = BackendError> + Send + Sync + 'static,
{
    let under_way = Arc::new(UnderWay::default());
    let sending = Guest::new(&under_way);
    for (index, &due_ns) in times_ns.iter().enumerate() {
        if !clock.wait_until(due_ns) {
            break;
        }
        let load = Arc::clone(session).arrive(index, due_ns);
        let guest = Guest::new(&under_way);
        runtime.spawn(async move {
            load.await;
            drop(guest);
        });
    }
    drop(sending);
    runtime.block_on(under_way.none_left());
}
