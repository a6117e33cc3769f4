//! What closes a connection, and nothing else.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use forebay_snapshot::driver::{Disconnected, DriverConfig};
use forebay_snapshot::{
    Encoded, Limits, Message, Refusal, SessionConfig, WireError, decode, encode,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time;

#[cfg(feature = "metrics")]
use crate::counted::{counted, counts};
use crate::rig::{
    A, B, C, Cluster, Name, Wire, anchor, by_hand, join, read_raw, session_with, write_raw,
};

/// Nothing that is waited for with this takes any time.
const SOON: Duration = Duration::from_secs(1);

/// A request to one who does not lead, which is refused at once.
async fn is_served(stream: &mut DuplexStream) {
    let request = Message::<Name>::Request {
        nonce: 9,
        reconnect: None,
    };
    write_raw(stream, &encode(&request).unwrap().to_bytes()).await;
    let answer = read_raw(stream).await;
    let answer = decode::<Name>(answer.into(), &Limits::new()).unwrap();
    let leader = Some(A);
    let Message::Refuse { nonce, why, .. } = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((nonce, why), (9, Refusal::NotLeader { leader }));
}

/// Sends bytes to a peer that serves another one meanwhile, and returns why it closes.
async fn closes_for(bytes: &[u8]) -> Disconnected {
    let cluster = Cluster::start(&DriverConfig::new());
    let b = &cluster.b;
    let mut good = by_hand(b, C).await;
    is_served(&mut good).await;
    let mut bad = by_hand(b, A).await;
    bad.write_all(bytes).await.unwrap();
    bad.shutdown().await.unwrap();

    let mut rest = Vec::new();
    bad.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, [], "nothing is said to whoever does not say a word");
    is_served(&mut good).await;
    assert_eq!(b.ends(C), []);
    let ends = b.ends(A);
    assert_eq!(ends.len(), 1, "{ends:?}");
    ends[0]
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_no_message_closes_its_connection_alone() {
    let malformed = Disconnected::Wire(WireError::Malformed);
    assert_eq!(closes_for(&[2, 0, 0, 0, 1, 0xff]).await, malformed);
    let version = Disconnected::Wire(WireError::Version);
    assert_eq!(closes_for(&[1, 0, 0, 0, 77]).await, version);
    assert_eq!(closes_for(&[0, 0, 0, 0]).await, version);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_too_long_is_not_even_waited_for() {
    let max = Encoded::len_max(&Limits::new());
    for len in [max + 1, u32::MAX as usize] {
        let prefix = u32::try_from(len).unwrap().to_le_bytes();
        let too_large = Disconnected::Wire(WireError::TooLarge { len, max });
        assert_eq!(closes_for(&prefix).await, too_large);
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_frame_that_is_allowed_is_read() {
    let cluster = Cluster::start(&DriverConfig::new());
    let mut stream = by_hand(&cluster.b, C).await;
    let max = Encoded::len_max(&Limits::new());
    let head = encode(&Message::<Name>::Data {
        id: 1,
        bytes: Bytes::new(),
    });
    let data = Message::<Name>::Data {
        id: 1,
        bytes: vec![0; max - head.unwrap().len()].into(),
    };
    let frame = encode(&data).unwrap().to_bytes();
    assert_eq!(frame.len(), max);
    write_raw(&mut stream, &frame).await;
    is_served(&mut stream).await;
    assert_eq!(cluster.b.ends(C), []);
}

/// Otherwise the other end would close the connection, again and again.
#[tokio::test(start_paused = true)]
async fn what_is_more_than_a_frame_may_have_is_sent_in_parts() {
    let limits = Limits::new().piece_bytes_max(40 << 10).pages_max(100);
    let cluster = Cluster::start(&DriverConfig::new().limits(limits));
    let Cluster { a, b, c } = &cluster;
    join(c, a, A, Wire::Whole).await;
    join(c, b, B, Wire::Whole).await;
    let session = session_with(SessionConfig::new().fetch_bytes(128 << 10));
    let running = c.handle.catch_up(session).await.unwrap();
    let finished = time::timeout(SOON, running.finished()).await;
    assert_eq!(finished.unwrap().unwrap(), anchor());
    assert_eq!((c.ends(A), c.ends(B)), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_stream_with_a_buffer_keeps_nothing_back() {
    let cluster = Cluster::start(&DriverConfig::new());
    let (mut near, far) = tokio::io::duplex(64);
    let far = tokio::io::BufStream::new(far);
    cluster.b.handle.attach(C, far).await.unwrap();
    let served = time::timeout(SOON, is_served(&mut near)).await;
    assert_eq!(served, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_within_a_frame_is_broken() {
    let broken = Disconnected::Io(io::ErrorKind::UnexpectedEof);
    assert_eq!(closes_for(&[9, 0, 0, 0, 1]).await, broken);
    assert_eq!(closes_for(&[]).await, Disconnected::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_newest_two_connections_of_a_peer_are_kept() {
    let cluster = Cluster::start(&DriverConfig::new());
    let b = &cluster.b;
    let mut oldest = by_hand(b, C).await;
    let _middle = by_hand(b, C).await;
    let mut newest = by_hand(b, C).await;

    let mut rest = Vec::new();
    let end = time::timeout(SOON, oldest.read_to_end(&mut rest)).await;
    assert_eq!(end.unwrap().unwrap(), 0);
    is_served(&mut newest).await;
    assert_eq!(b.ends(C), [Disconnected::Replaced]);
}

#[tokio::test(start_paused = true)]
async fn more_connections_than_allowed_are_turned_away() {
    let cluster = Cluster::start(&DriverConfig::new().connections_max(1));
    let b = &cluster.b;
    let mut first = by_hand(b, C).await;
    let (near, far) = tokio::io::duplex(64);
    let second = b.handle.attach(B, far).await.unwrap();
    let ended = time::timeout(SOON, second.ended()).await;
    assert_eq!(ended, Ok(Disconnected::TooMany));
    assert_eq!(b.ends(B), [Disconnected::TooMany]);
    drop(near);
    is_served(&mut first).await;
}

/// Or a peer could have any number of them by connecting again and again without reading.
#[tokio::test(start_paused = true)]
async fn a_connection_that_was_replaced_counts_until_it_has_ended() {
    let cluster = Cluster::start(&DriverConfig::new().connections_max(3));
    let b = &cluster.b;
    // There is no room for the answer, so this one does not end.
    let (mut stuck, far) = tokio::io::duplex(8);
    b.handle.attach(C, far).await.unwrap();
    let request = Message::<Name>::Request {
        nonce: 9,
        reconnect: None,
    };
    write_raw(&mut stuck, &encode(&request).unwrap().to_bytes()).await;
    time::sleep(Duration::from_millis(1)).await;
    let (_second, _third) = (by_hand(b, C).await, by_hand(b, C).await);
    let (_near, far) = tokio::io::duplex(64);
    let other = b.handle.attach(A, far).await.unwrap();
    let ended = time::timeout(SOON, other.ended()).await;
    assert_eq!(ended, Ok(Disconnected::TooMany));
    assert_eq!(b.ends(C), [Disconnected::Replaced]);
}

#[cfg(feature = "metrics")]
#[tokio::test(start_paused = true)]
async fn connections_are_counted_and_so_is_why_they_end() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let recorded = metrics::set_default_local_recorder(&recorder);
    let cluster = Cluster::start(&DriverConfig::new().connections_max(1));
    drop(recorded);
    let _first = by_hand(&cluster.b, C).await;
    let (_near, far) = tokio::io::duplex(64);
    let second = cluster.b.handle.attach(A, far).await.unwrap();
    time::timeout(SOON, second.ended()).await.unwrap();
    cluster.b.handle.shutdown().await;
    cluster.b.task.await.unwrap();
    let expected = counts([
        ("connected", 1),
        ("disconnected shutdown", 1),
        ("disconnected too_many", 1),
    ]);
    assert_eq!(counted(&snapshotter, "driver"), expected);
}

/// A stream with a bug.
struct Bad;

impl AsyncRead for Bad {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        panic!("a bug");
    }
}

impl AsyncWrite for Bad {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_panics_ends_alone() {
    let cluster = Cluster::start(&DriverConfig::new());
    let b = &cluster.b;
    let mut good = by_hand(b, C).await;
    let bad = b.handle.attach(C, Bad).await.unwrap();
    let ended = time::timeout(SOON, bad.ended()).await;
    assert_eq!(ended, Ok(Disconnected::Panicked));
    // What is sent goes to the other connection of that peer again.
    is_served(&mut good).await;
}
