//! How connections come back.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_snapshot::driver::{Backoff, DriverConfig, accept_tcp, connect_tcp, keep_connected};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
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

#[tokio::test]
async fn a_session_catches_up_over_tcp_where_strangers_call_too() {
    let Cluster { a, b, c } = Cluster::start(&DriverConfig::new());
    for (name, peer) in [(A, &a), (B, &b)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(accept_tcp(listener, peer.handle.clone()));

        let mut stranger = tokio::net::TcpStream::connect(address).await.unwrap();
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
