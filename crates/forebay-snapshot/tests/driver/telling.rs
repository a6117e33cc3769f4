//! What a driver is told reaches both of its machines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::driver::{Disconnected, DriverConfig, DriverEvent};
use forebay_snapshot::{
    Hash, Limits, Marker, Membership, Message, Phase, Refusal, Session, SessionConfig,
    SessionEvent, Trust, decode, encode,
};
use tokio::io::DuplexStream;
use tokio::time;

use crate::rig::{
    A, B, C, Cluster, Name, Peer, State, anchor, by_hand, read_raw, session, session_with, state,
    write_raw,
};

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

#[tokio::test(start_paused = true)]
async fn a_marker_that_the_log_does_not_take_is_answered_for() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    c.seen.lock().unwrap().feeds_nothing = true;
    c.handle.set_leader(Some(C)).await.unwrap();
    let mut stream = by_hand(&c, A).await;
    let begun = time::Instant::now();
    ask(&mut stream, 9).await;
    assert_eq!(refusal(&mut stream).await, Refusal::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_built_while_a_session_waits() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let mut stream = by_hand(&c, A).await;
    let _running = c.handle.catch_up(session()).await.unwrap();
    nonce(&mut stream).await;
    let begun = time::Instant::now();
    let taken = c.handle.taken(Marker::new(A, 9), anchor(), state());
    taken.await.unwrap();
    let offer = hear(&mut stream).await;
    assert!(matches!(offer, Message::Offer { .. }), "{offer:?}");
    // It would have to be woken up for each part of it.
    assert!(begun.elapsed() < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_says_much_does_not_keep_peers_from_being_heard() {
    const COMMANDS: u32 = 10_000;
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let mut stream = by_hand(&c, B).await;
    let told = Arc::new(AtomicU32::new(0));
    let (handle, count) = (c.handle.clone(), Arc::clone(&told));
    tokio::spawn(async move {
        for _ in 0..COMMANDS {
            handle.set_leader(Some(A)).await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    ask(&mut stream, 9).await;
    let leader = Some(A);
    assert_eq!(refusal(&mut stream).await, Refusal::NotLeader { leader });
    let told = told.load(Ordering::Relaxed);
    assert!(told < COMMANDS / 2, "{told} commands came first");
}

/// Offers a snapshot of which nothing will come.
async fn offer(stream: &mut DuplexStream, nonce: u64) {
    let (items, bytes, chunks) = (1, 1, 1);
    let offer = Message::Offer {
        nonce,
        anchor: anchor(),
        root: Hash::of(b"a root"),
        items,
        bytes,
        chunks,
        ttl: Duration::from_secs(600),
    };
    say(stream, &offer).await;
}

fn trusting() -> Session<State, Name, u64> {
    session_with(SessionConfig::new().trust(Trust::Crash))
}

fn timeouts(peer: &Peer) -> usize {
    let lost = DriverEvent::Session(SessionEvent::TimedOut { peer: B });
    let seen = peer.seen.lock().unwrap();
    seen.events.iter().filter(|event| **event == lost).count()
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_says_so_to_its_providers_and_shows_it() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let mut stream = by_hand(&c, B).await;
    let running = c.handle.catch_up(trusting()).await.unwrap();
    let progress = running.progress();
    let nonce = nonce(&mut stream).await;
    offer(&mut stream, nonce).await;
    let fetch = hear(&mut stream).await;
    assert!(matches!(fetch, Message::Fetch { .. }), "{fetch:?}");
    c.handle.cancel().await.unwrap();
    let done = hear(&mut stream).await;
    assert!(matches!(done, Message::Done { .. }), "{done:?}");
    assert_eq!(progress.borrow().phase, Phase::Failed);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_of_who_is_not_connected_is_not_waited_for() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new());
    let mut stream = by_hand(&c, B).await;
    let _running = c.handle.catch_up(trusting()).await.unwrap();
    let nonce = nonce(&mut stream).await;
    offer(&mut stream, nonce).await;
    hear(&mut stream).await;
    drop(stream);
    // The first was under way. The second is sent after a rest, which is shorter than any deadline.
    time::sleep(Duration::from_millis(200)).await;
    assert_eq!(timeouts(&c), 2);
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_room_to_ask_is_waited_for_as_if_it_had_been_lost() {
    let Cluster { c, .. } = Cluster::start(&DriverConfig::new().queue_max(1));
    let (mut stream, far) = tokio::io::duplex(8);
    c.handle.attach(B, far).await.unwrap();
    let _running = c.handle.catch_up(trusting()).await.unwrap();
    let nonce = nonce(&mut stream).await;
    // It asks again, and nobody reads that.
    time::sleep(Duration::from_secs(10)).await;
    offer(&mut stream, nonce).await;
    time::sleep(Duration::from_millis(200)).await;
    assert_eq!(timeouts(&c), 0);
    time::sleep(Duration::from_secs(1)).await;
    assert_eq!(timeouts(&c), 1);
}

#[tokio::test(start_paused = true)]
async fn it_tells_what_both_machines_have() {
    let Cluster { a, c, .. } = Cluster::start(&DriverConfig::new());
    let usage = a.handle.usage().await.unwrap();
    assert_eq!((usage.provider.snapshots, usage.session), (0, None));
    let marker = Marker::new(C, 1);
    a.handle.taken(marker, anchor(), state()).await.unwrap();
    assert_eq!(a.handle.usage().await.unwrap().provider.snapshots, 1);

    let after = anchor();
    let entries = vec![(after.term(), 7); 3];
    let running = c.handle.catch_up(session()).await.unwrap();
    c.handle.entries(after, entries).await.unwrap();
    let usage = c.handle.usage().await.unwrap();
    assert_eq!(usage.session.unwrap().entries, 3);
    c.handle.cancel().await.unwrap();
    assert!(running.finished().await.is_err());
    assert_eq!(c.handle.usage().await.unwrap().session, None);

    c.handle.shutdown().await;
    c.handle.stopped().await;
    assert!(c.handle.usage().await.is_err());
}
