//! What a driver that stops leaves behind.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use forebay_snapshot::driver::{CatchUpError, Disconnected, DriverConfig};
use forebay_snapshot::{Limits, Message, SessionError, decode, encode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::time;

use crate::rig::{A, B, C, Cluster, Name, Wire, join, read_raw, session, write_raw};

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

#[tokio::test(start_paused = true)]
async fn a_session_that_has_ended_before_comes_back_at_once() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let running = c.handle.catch_up(session()).await.unwrap();
    c.handle.cancel().await.unwrap();
    let Err(CatchUpError::Failed { session, .. }) = running.finished().await else {
        panic!("it was cancelled");
    };
    let again = c.handle.catch_up(*session).await.unwrap();
    let waited = time::timeout(Duration::from_secs(60), again.finished()).await;
    let ended = waited.expect("somebody must say that it is over");
    assert!(matches!(ended, Err(CatchUpError::Over { .. })), "{ended:?}");
}

/// A stream that notes whether it was shut down.
struct Watched(DuplexStream, Arc<AtomicBool>);

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.1.store(true, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_queued_is_sent_before_a_driver_stops_whatever_comes_meanwhile() {
    const REQUESTS: u64 = 10;
    let Cluster { b, .. } = Cluster::start(&DriverConfig::new().linger(LINGER));
    // So little that most answers wait until somebody reads.
    let (mut near, far) = duplex(32);
    let is_shut_down = Arc::new(AtomicBool::new(false));
    let far = Watched(far, Arc::clone(&is_shut_down));
    let attached = b.handle.attach(C, far).await.unwrap();
    let mut ask = async |nonce| {
        let reconnect = None;
        let request = encode(&Message::<Name>::Request { nonce, reconnect }).unwrap();
        write_raw(&mut near, &request.to_bytes()).await;
        // Everybody else has done what can be done when this time has passed.
        time::sleep(Duration::from_millis(1)).await;
    };
    for nonce in 0..REQUESTS {
        ask(nonce).await;
    }
    b.handle.shutdown().await;
    b.handle.stopped().await;
    assert_eq!(attached.ended().await, Disconnected::Shutdown);
    ask(REQUESTS).await;

    for expected in 0..REQUESTS {
        let answer = decode::<Name>(read_raw(&mut near).await.into(), &Limits::new());
        let Ok(Message::Refuse { nonce, .. }) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(nonce, expected);
    }
    assert_eq!(near.read(&mut [0]).await.unwrap(), 0, "it is closed then");
    assert!(
        is_shut_down.load(Ordering::Relaxed),
        "as streams with an end of their own need"
    );
}
