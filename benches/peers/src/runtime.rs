//! The runtimes on which the contestants run.

use tokio::runtime::{Builder, Runtime};

/// Returns a runtime of one thread, with timers.
///
/// # Panics
///
/// When the system gives no runtime.
#[must_use]
pub fn one_thread() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("the system gives a runtime")
}

/// Returns a runtime of this many threads, with timers.
///
/// # Panics
///
/// When the system gives no runtime.
#[must_use]
pub fn workers(count: usize) -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(count).enable_time().build();
    runtime.expect("the system gives a runtime")
}

/// Returns a runtime of one thread whose clock moves when nothing else does.
///
/// # Panics
///
/// When the system gives no runtime.
#[must_use]
pub fn virtual_time() -> Runtime {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("the system gives a runtime")
}
