//! What a driver that stops leaves behind.

use std::time::Duration;

use forebay_snapshot::SessionError;
use forebay_snapshot::driver::{CatchUpError, Disconnected, DriverConfig};
use tokio::time;

use crate::rig::{A, B, C, Cluster, Wire, join, session};

const LINGER: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_driver_stops_in_the_middle_of_a_transfer() {
    let cluster = Cluster::start(&DriverConfig::new().linger(LINGER));
    let Cluster { a, b, c } = cluster;
    join(&c, &a, A, Wire::Stuck(64 << 10)).await;
    join(&c, &b, B, Wire::Stuck(64 << 10)).await;
    let running = c.handle.catch_up(session()).await.unwrap();
    let mut progress = running.progress();
    progress.wait_for(|now| now.bytes > 0).await.unwrap();

    let begun = time::Instant::now();
    c.handle.shutdown().await;
    c.task.await.unwrap();
    assert!(begun.elapsed() <= LINGER);
    let Err(CatchUpError::Failed { error, session }) = running.finished().await else {
        panic!("it cannot have finished");
    };
    assert!(matches!(error, SessionError::Cancelled), "{error:?}");
    assert!(
        session.resume_state().chunks() > 0,
        "what was fetched is kept"
    );
    assert_eq!(c.seen.lock().unwrap().installed, None);
    assert!(c.handle.set_leader(None).await.is_err());
    c.handle.stopped().await;

    // The providers notice, and go on.
    while a.ends(C).is_empty() || b.ends(C).is_empty() {
        time::advance(Duration::from_millis(1)).await;
    }
    assert_eq!((a.ends(C).len(), b.ends(C).len()), (1, 1));
    assert_ne!(a.ends(C), [Disconnected::Shutdown]);
    assert!(!a.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_provider_stops_in_the_middle_of_a_transfer() {
    let cluster = Cluster::start(&DriverConfig::new().linger(LINGER));
    let Cluster { a, b, c } = cluster;
    join(&c, &a, A, Wire::Whole).await;
    join(&c, &b, B, Wire::Whole).await;
    let running = c.handle.catch_up(session()).await.unwrap();
    let mut progress = running.progress();
    progress.wait_for(|now| now.bytes > 0).await.unwrap();
    b.handle.shutdown().await;
    b.task.await.unwrap();
    assert!(running.finished().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_handles_stops() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    drop(c.handle);
    c.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_cancelled_comes_back() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let running = c.handle.catch_up(session()).await.unwrap();
    c.handle.cancel().await.unwrap();
    let ended = running.finished().await;
    let Err(CatchUpError::Failed { error, .. }) = ended else {
        panic!("{ended:?}");
    };
    assert!(matches!(error, SessionError::Cancelled), "{error:?}");
}
