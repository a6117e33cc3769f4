//! What a driver is told reaches both of its machines.

use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::driver::{Disconnected, DriverConfig};
use forebay_snapshot::{Limits, Marker, Membership, Message, Refusal, decode, encode};
use tokio::io::DuplexStream;
use tokio::time;

use crate::rig::{A, B, C, Cluster, Name, anchor, by_hand, read_raw, session, write_raw};

/// Whoever has not said anything by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// An entry long after that of the snapshot.
const COMMITTED: Sequence = Sequence::new(1_000_000);

/// What is kept of the log for those who are a little behind.
const TRAILING: u64 = 1_000;

async fn say(stream: &mut DuplexStream, message: &Message<Name>) {
    write_raw(stream, &encode(message).unwrap().to_bytes()).await;
}

async fn hear(stream: &mut DuplexStream) -> Message<Name> {
    let frame = time::timeout(PATIENCE, read_raw(stream)).await;
    decode(frame.unwrap().into(), &Limits::new()).unwrap()
}

async fn ask(stream: &mut DuplexStream, nonce: u64) {
    let reconnect = None;
    say(stream, &Message::Request { nonce, reconnect }).await;
}

/// Waits for the answer to a request that gets no snapshot.
async fn refusal(stream: &mut DuplexStream) -> Refusal<Name> {
    match hear(stream).await {
        Message::Refuse { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

/// Waits for a session to ask.
async fn nonce(stream: &mut DuplexStream) -> u64 {
    match hear(stream).await {
        Message::Request { nonce, .. } => nonce,
        other => panic!("{other:?}"),
    }
}

/// Lets everybody do what can be done at once.
async fn settle() {
    time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_provider_names_the_leader_that_it_was_told_of() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let mut stream = by_hand(&c, B).await;
    for leader in [Some(A), Some(B), None] {
        c.handle.set_leader(leader).await.unwrap();
        ask(&mut stream, 1 + u64::from(leader.unwrap_or(0))).await;
        assert_eq!(refusal(&mut stream).await, Refusal::NotLeader { leader });
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_listens_to_the_leader_that_it_was_told_of() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let mut leader = by_hand(&c, B).await;
    let _running = c.handle.catch_up(session()).await.unwrap();
    let nonce_first = nonce(&mut leader).await;
    c.handle.set_leader(Some(B)).await.unwrap();
    settle().await;
    let begun = time::Instant::now();
    let why = Refusal::Busy;
    let retry_after = Duration::from_millis(100);
    let refuse = Message::Refuse {
        nonce: nonce_first,
        why,
        retry_after,
    };
    say(&mut leader, &refuse).await;
    nonce(&mut leader).await;
    // Whoever does not lead does not say when to come back.
    assert!(begun.elapsed() < 2 * retry_after, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_is_no_member_any_more_is_neither_served_nor_asked() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let (mut member, mut other) = (by_hand(&c, A).await, by_hand(&c, B).await);
    let _running = c.handle.catch_up(session()).await.unwrap();
    nonce(&mut member).await;
    nonce(&mut other).await;
    let members = Membership::new(C, [A, C]).with_leader(Some(A));
    c.handle.set_membership(members).await.unwrap();
    ask(&mut other, 1).await;
    assert_eq!(refusal(&mut other).await, Refusal::NotMember);
    nonce(&mut member).await;
    let asked = time::timeout(PATIENCE, read_raw(&mut other)).await;
    assert!(asked.is_err(), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_was_not_taken_is_answered_for() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    c.handle.set_leader(Some(C)).await.unwrap();
    let mut stream = by_hand(&c, A).await;
    let begun = time::Instant::now();
    ask(&mut stream, 9).await;
    settle().await;
    c.handle.unfed(Marker::new(A, 9)).await.unwrap();
    assert_eq!(refusal(&mut stream).await, Refusal::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

/// Nobody says anything any more, so the driver must wake up by itself.
#[tokio::test(start_paused = true)]
async fn a_marker_of_which_nothing_is_heard_is_given_up() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    c.handle.set_leader(Some(C)).await.unwrap();
    let mut stream = by_hand(&c, A).await;
    let begun = time::Instant::now();
    ask(&mut stream, 9).await;
    assert_eq!(refusal(&mut stream).await, Refusal::Unavailable);
    let waited = begun.elapsed().as_secs();
    assert_eq!(waited, 5, "as its settings say");
}

#[tokio::test(start_paused = true)]
async fn the_log_is_kept_for_a_follower_until_its_last_connection_ends() {
    let Cluster { a, .. } = Cluster::start(&DriverConfig::new());
    let safe = async || a.handle.safe_to_prune(COMMITTED).await.unwrap();
    let unneeded = Sequence::new(COMMITTED.get() - TRAILING);
    let (older, mut newer) = (by_hand(&a, C).await, by_hand(&a, C).await);
    ask(&mut newer, 9).await;
    let offer = hear(&mut newer).await;
    assert!(matches!(offer, Message::Offer { .. }), "{offer:?}");
    assert_eq!(safe().await, anchor().sequence());
    drop(older);
    settle().await;
    assert_eq!(a.ends(C), [Disconnected::Closed]);
    assert_eq!(safe().await, anchor().sequence());
    drop(newer);
    settle().await;
    assert_eq!(safe().await, unneeded);
}
