//! What becomes of a peer that does not read.

use std::time::Duration;

use forebay_snapshot::driver::{Disconnected, DriverConfig};
use forebay_snapshot::{Message, Piece, encode};
use tokio::time;

use crate::rig::{
    A, B, C, Cluster, Name, Wire, anchor, by_hand, join, read_raw, session, write_raw,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// After this, a session asks again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Asks a peer for more and more without reading an answer, until it takes no more.
async fn flood(cluster: &Cluster, turns: u64) -> tokio::io::DuplexStream {
    let mut stream = by_hand(&cluster.a, B).await;
    for id in 0..turns {
        let fetch = Message::<Name>::Fetch {
            id,
            anchor: anchor(),
            root: forebay_snapshot::Hash::of(b"no such root"),
            piece: Piece::Index,
        };
        write_raw(&mut stream, &encode(&fetch).unwrap().to_bytes()).await;
    }
    stream
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_costs_the_others_nothing() {
    let config = DriverConfig::new().write_timeout(PATIENCE).queue_max(4);
    let cluster = Cluster::start(&config);
    let begun = time::Instant::now();
    let _silent = flood(&cluster, 10_000).await;

    let Cluster { a, b, c } = &cluster;
    join(c, a, A, Wire::Whole).await;
    join(c, b, B, Wire::Whole).await;
    let running = c.handle.catch_up(session()).await.unwrap();
    assert_eq!(running.finished().await.unwrap(), anchor());
    assert!(begun.elapsed() < REQUEST_TIMEOUT, "{:?}", begun.elapsed());
    assert_eq!(a.ends(C), []);
}

/// Answers for which there is no room are lost, and so are questions while there is none.
#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_late_gets_what_there_was_room_for() {
    const QUEUE_MAX: usize = 4;
    let config = DriverConfig::new()
        .write_timeout(PATIENCE)
        .queue_max(QUEUE_MAX);
    let cluster = Cluster::start(&config);
    let (mut near, far) = tokio::io::duplex(16);
    cluster.b.handle.attach(C, far).await.unwrap();
    let mut ask = async |nonce| {
        let reconnect = None;
        let request = encode(&Message::<Name>::Request { nonce, reconnect }).unwrap();
        write_raw(&mut near, &request.to_bytes()).await;
        // Everybody else has done what can be done when this time has passed.
        time::sleep(Duration::from_millis(1)).await;
    };
    for nonce in 0..64 {
        ask(nonce).await;
    }
    let usage = cluster.b.handle.usage().await.unwrap();
    assert_eq!((usage.connections, usage.queued), (1, QUEUE_MAX));
    let mut answers = 0;
    let second = Duration::from_secs(1);
    while time::timeout(second, read_raw(&mut near)).await.is_ok() {
        answers += 1;
    }
    // One more is in the hand of whoever writes, and one or two are on the wire.
    assert!(
        (QUEUE_MAX + 1..=QUEUE_MAX + 3).contains(&answers),
        "{answers}"
    );
    let usage = cluster.b.handle.usage().await.unwrap();
    assert_eq!((usage.connections, usage.queued), (1, 0));
    assert_eq!(cluster.b.ends(C), []);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_is_given_up() {
    let config = DriverConfig::new().write_timeout(PATIENCE).queue_max(4);
    let cluster = Cluster::start(&config);
    let begun = time::Instant::now();
    let (near, far) = tokio::io::duplex(64);
    let attached = cluster.a.handle.attach(B, far).await.unwrap();
    let mut near = near;
    for nonce in 0..64 {
        let request = Message::<Name>::Request {
            nonce,
            reconnect: None,
        };
        write_raw(&mut near, &encode(&request).unwrap().to_bytes()).await;
    }
    assert_eq!(attached.ended().await, Disconnected::Stalled);
    let waited = begun.elapsed();
    assert!(waited >= PATIENCE && waited < PATIENCE * 2, "{waited:?}");
    assert_eq!(cluster.a.ends(B), [Disconnected::Stalled]);
}
