//! How connections come back.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_snapshot::driver::{
    Backoff, DriverConfig, DriverEvent, accept_tcp, connect_tcp, keep_connected,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::time;

use crate::rig::{A, B, C, Cluster, anchor, session};

#[tokio::test(start_paused = true)]
async fn attempts_wait_twice_as_long_each_time_up_to_the_most() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let begun = time::Instant::now();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let made = Arc::clone(&attempts);
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(500));
    let dial = tokio::spawn(keep_connected(
        c.handle.clone(),
        A,
        backoff,
        async move || {
            made.lock().unwrap().push(begun.elapsed().as_millis());
            Err::<DuplexStream, _>(io::ErrorKind::ConnectionRefused.into())
        },
    ));
    time::advance(Duration::ZERO).await;
    time::sleep_until(begun + Duration::from_millis(2_000)).await;
    // Timers of tokio are up to a millisecond late.
    let attempts: Vec<_> = attempts.lock().unwrap().iter().map(|at| at / 10).collect();
    assert_eq!(attempts, [0, 10, 30, 70, 120, 170]);

    c.handle.shutdown().await;
    c.task.await.unwrap();
    dial.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn waits_begin_anew_after_a_connection_that_lasted() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let begun = time::Instant::now();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let made = Arc::clone(&attempts);
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(500));
    // One is shorter than the longest wait, and one is longer.
    let mut lasting = [None, None, Some(400), Some(600)].into_iter();
    let dial = keep_connected(c.handle.clone(), A, backoff, async move || {
        made.lock().unwrap().push(begun.elapsed().as_millis());
        let lasts = lasting
            .next()
            .flatten()
            .ok_or(io::ErrorKind::ConnectionRefused)?;
        let (near, far) = tokio::io::duplex(64);
        tokio::spawn(async move {
            time::sleep(Duration::from_millis(lasts)).await;
            drop(near);
        });
        Ok(far)
    });
    let _ = time::timeout(Duration::from_millis(2_050), dial).await;
    // Timers of tokio are up to a millisecond late.
    let attempts: Vec<_> = attempts.lock().unwrap().iter().map(|at| at / 20).collect();
    assert_eq!(attempts, [0, 5, 15, 55, 90, 100]);
}

/// What whoever connects says first.
fn greeting(name: &[u8]) -> Vec<u8> {
    let greeting = [b"forebay-snapshot\x01", name].concat();
    let len = u32::try_from(greeting.len()).unwrap();
    [&len.to_le_bytes()[..], &greeting].concat()
}

#[tokio::test]
async fn whoever_says_more_or_something_else_than_a_name_is_not_let_in() {
    let Cluster { a, .. } = Cluster::start(&DriverConfig::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(accept_tcp(listener, a.handle.clone()));
    let mut other = greeting(&[C]);
    other[4] ^= 1;
    let cases = [
        (greeting(&[C, C]), false),
        (greeting(&[]), false),
        (other, false),
        (greeting(&[C]), true),
    ];
    for (bytes, is_let_in) in cases {
        let mut stranger = TcpStream::connect(address).await.unwrap();
        stranger.write_all(&bytes).await.unwrap();
        stranger.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stranger.read_to_end(&mut answer).await.unwrap();
        let connected = DriverEvent::Connected { peer: C };
        let was_let_in = a.seen.lock().unwrap().events.contains(&connected);
        assert_eq!(was_let_in, is_let_in, "{bytes:?}");
    }
}

#[tokio::test]
async fn a_name_that_is_too_long_is_not_said() {
    // Nobody would answer.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let said = connect_tcp(listener.local_addr().unwrap(), &"x".repeat(4 << 10)).await;
    assert_eq!(said.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn so_many_may_be_silent_for_so_long_while_others_wait() {
    let Cluster { a, .. } = Cluster::start(&DriverConfig::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut other = TcpStream::connect(address).await.unwrap();
    // It is turned away as soon as it is heard.
    other.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
    let begun = time::Instant::now();
    tokio::spawn(accept_tcp(listener, a.handle.clone()));
    assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
    // It is heard when the first of them are given up, and then has as long as they had.
    let waited = begun.elapsed().as_secs();
    assert!((5..=10).contains(&waited), "{waited}");
    for mut silent in silent {
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_session_catches_up_over_tcp_where_strangers_call_too() {
    let Cluster { a, b, c } = Cluster::start(&DriverConfig::new());
    for (name, peer) in [(A, &a), (B, &b)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(accept_tcp(listener, peer.handle.clone()));

        let mut stranger = TcpStream::connect(address).await.unwrap();
        stranger.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stranger.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, []);

        let handle = c.handle.clone();
        let connect = async move || connect_tcp(address, &C).await;
        tokio::spawn(keep_connected(handle, name, Backoff::default(), connect));
    }
    let running = c.handle.catch_up(session()).await.unwrap();
    assert_eq!(running.finished().await.unwrap(), anchor());
}

#[tokio::test(start_paused = true)]
async fn a_wait_may_be_longer_than_any_clock_goes() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let backoff = Backoff::new(Duration::MAX, Duration::MAX);
    let dial = tokio::spawn(keep_connected(c.handle.clone(), A, backoff, async || {
        Err::<DuplexStream, _>(io::ErrorKind::ConnectionRefused.into())
    }));
    time::advance(Duration::ZERO).await;
    assert!(!dial.is_finished());
    c.handle.shutdown().await;
    dial.await.unwrap();
}
