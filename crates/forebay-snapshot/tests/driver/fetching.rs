//! What a session achieves over connections.

use std::io::ErrorKind;
use std::time::Duration;

use forebay_snapshot::driver::{CatchUpError, Disconnected, DriverConfig, DriverEvent};
use forebay_snapshot::{Phase, SessionConfig, SessionEvent};
use tokio::time;

use crate::rig::{A, B, C, Cluster, Wire, anchor, join, session, session_with, state};

/// The least that a session waits for what it has asked for.
const FETCH_TIMEOUT: Duration = Duration::from_millis(250);

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_when_one_of_two_providers_is_cut_off() {
    let cluster = Cluster::start(&DriverConfig::new());
    let Cluster { a, b, c } = &cluster;
    join(c, a, A, Wire::Whole).await;
    join(c, b, B, Wire::Cut(100 << 10)).await;

    let begun = time::Instant::now();
    // With one fetch under way there is none that fails to be sent and tells of the loss by that.
    let config = SessionConfig::new().fetch_bytes(16 << 10).window_max(1);
    let session = session_with(config);
    let running = c.handle.catch_up(session).await.unwrap();
    let entries = (43..46).map(|entry| (1, entry)).collect();
    c.handle.entries(anchor(), entries).await.unwrap();

    assert_eq!(running.finished().await.unwrap(), anchor());
    // What was asked of the lost one is asked of the other at once, and not after a deadline.
    assert!(begun.elapsed() < FETCH_TIMEOUT, "{:?}", begun.elapsed());
    assert_eq!(c.installed(), Some((anchor(), state().to_vec())));
    let broken = Disconnected::Io(ErrorKind::UnexpectedEof);
    assert_eq!(c.ends(B), [broken], "it was not cut off within a frame");
    assert_eq!(c.ends(A), []);
    let lost = DriverEvent::Session(SessionEvent::TimedOut { peer: B });
    assert!(c.seen.lock().unwrap().events.contains(&lost));
    let replay = c.seen.lock().unwrap().replay.take().unwrap();
    let replayed: Vec<_> = replay.iter().map(|entry| entry.entry).collect();
    assert_eq!(replayed, [43, 44, 45]);
}

#[tokio::test(start_paused = true)]
async fn progress_never_goes_back_and_ends_with_everything() {
    let cluster = Cluster::start(&DriverConfig::new());
    let Cluster { a, b, c } = &cluster;
    join(c, a, A, Wire::Whole).await;
    join(c, b, B, Wire::Whole).await;

    let running = c.handle.catch_up(session()).await.unwrap();
    let mut progress = running.progress();
    let mut seen = vec![*progress.borrow_and_update()];
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        seen.push(now);
        if now.phase.is_final() {
            break;
        }
    }

    let falls = seen.windows(2).find(|pair| {
        pair[1].phase < pair[0].phase
            || pair[1].items < pair[0].items
            || pair[1].bytes < pair[0].bytes
    });
    assert_eq!(falls, None);
    assert!(
        seen.iter()
            .any(|now| now.phase == Phase::Fetching && now.providers == 2)
    );
    let last = seen.last().unwrap();
    assert_eq!(
        (last.phase, last.items),
        (Phase::Done, state().len() as u64)
    );
    assert_eq!(last.items_total, Some(last.items));
    assert_eq!(last.bytes_total, Some(last.bytes));
}

#[tokio::test(start_paused = true)]
async fn a_second_session_is_given_back_and_the_first_goes_on() {
    let cluster = Cluster::start(&DriverConfig::new());
    let Cluster { a, b, c } = &cluster;
    join(c, a, A, Wire::Whole).await;
    join(c, b, B, Wire::Whole).await;

    let first = c.handle.catch_up(session()).await.unwrap();
    let second = c.handle.catch_up(session()).await.unwrap();
    let refused = second.finished().await;
    assert!(
        matches!(refused, Err(CatchUpError::Running { .. })),
        "{refused:?}"
    );
    assert_eq!(first.finished().await.unwrap(), anchor());

    // The first one is over, so there is room for another.
    let third = c.handle.catch_up(session()).await.unwrap();
    assert_eq!(third.finished().await.unwrap(), anchor());
    assert_eq!(a.ends(C), []);
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_not_installed_twice_ends_the_session() {
    for (fails, installs) in [(1, true), (2, false)] {
        let cluster = Cluster::start(&DriverConfig::new());
        let Cluster { a, b, c } = &cluster;
        join(c, a, A, Wire::Whole).await;
        join(c, b, B, Wire::Whole).await;
        c.seen.lock().unwrap().fails = fails;
        let running = c.handle.catch_up(session()).await.unwrap();
        let finished = running.finished().await;
        assert_eq!(finished.is_ok(), installs, "{finished:?}");
        assert_eq!(c.installed().is_some(), installs);
    }
}
