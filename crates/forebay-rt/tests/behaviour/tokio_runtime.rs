//! Tokio as the runtime of a stage.
//!
//! * Its clock never goes back, follows a paused clock, and sleeps until what it shows.
//! * Tasks run where the caller is, else where the value was created, else nowhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use forebay_rt::{BoxFuture, Runtime, RuntimeGone, TokioRuntime};
use tokio::runtime::Builder;

const SECOND: Duration = Duration::from_secs(1);

fn noting() -> (Arc<AtomicBool>, BoxFuture<'static, ()>) {
    let has_run = Arc::<AtomicBool>::default();
    let noted = Arc::clone(&has_run);
    (has_run, Box::pin(async move { noted.store(true, SeqCst) }))
}

#[tokio::test(start_paused = true)]
async fn clock_follows_the_paused_one() {
    let runtime = TokioRuntime::new();
    let began = runtime.now();
    runtime.sleep_until(began + 3600 * SECOND).await;
    let slept = runtime.now() - began;
    // Tokio's timers are as coarse as a millisecond.
    let grain = Duration::from_millis(2);
    assert!(slept >= 3600 * SECOND && slept <= 3600 * SECOND + grain);
    runtime.sleep_until(began).await;
    assert_eq!(runtime.now() - began, slept);
}

#[tokio::test]
async fn task_runs_where_the_caller_is() {
    let other = Builder::new_current_thread().build().unwrap();
    let runtime = {
        let _entered = other.enter();
        TokioRuntime::new()
    };
    let (has_run, task) = noting();
    runtime.spawn(task).unwrap();
    tokio::task::yield_now().await;
    assert!(has_run.load(SeqCst));
    tokio::task::spawn_blocking(|| drop(other)).await.unwrap();
}

#[test]
fn task_of_a_caller_outside_runs_where_the_value_was_created() {
    let home = Builder::new_current_thread().build().unwrap();
    let runtime = home.block_on(async { TokioRuntime::new() });
    let (has_run, task) = noting();
    runtime.spawn(task).unwrap();
    assert!(!has_run.load(SeqCst));
    home.block_on(tokio::task::yield_now());
    assert!(has_run.load(SeqCst));
}

#[test]
fn task_without_a_runtime_is_refused() {
    let (has_run, task) = noting();
    assert_eq!(TokioRuntime::new().spawn(task), Err(RuntimeGone::new()));
    assert!(!has_run.load(SeqCst));
}
