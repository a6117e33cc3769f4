//! How much of the log may go.

use forebay_core::Sequence;
use forebay_snapshot::{Marker, Message, ProviderConfig};

use crate::rig::{Rig, at, secs, state};

fn prunable(rig: &mut Rig, committed: u64) -> u64 {
    let committed = Sequence::new(committed);
    rig.provider.safe_to_prune(rig.now, committed).get()
}

fn rig() -> Rig {
    Rig::with(ProviderConfig::new().trailing(100).age_max(secs(30)))
}

#[test]
fn some_entries_are_kept_for_those_who_are_a_little_behind() {
    let mut rig = rig();
    assert_eq!(prunable(&mut rig, 1_000), 900);
    assert_eq!(prunable(&mut rig, 99), 0);
    assert_eq!(prunable(&mut rig, 0), 0);
    assert_eq!(prunable(&mut rig, u64::MAX), u64::MAX - 100);
}

#[test]
fn what_comes_after_an_anchor_is_kept_while_somebody_fetches() {
    let mut rig = rig();
    let first = rig.offer(1, at(500), state(10));
    let second = rig.offer(2, at(600), state(11));
    assert_eq!(prunable(&mut rig, 1_000), 500);
    rig.tell(
        1,
        Message::Done {
            anchor: first.anchor,
            root: second.root,
        },
    );
    assert_eq!(prunable(&mut rig, 1_000), 500, "that was another snapshot");
    rig.tell(
        1,
        Message::Done {
            anchor: first.anchor,
            root: first.root,
        },
    );
    assert_eq!(prunable(&mut rig, 1_000), 600);
    rig.provider.handle_peer_gone(rig.now, &2);
    assert_eq!(prunable(&mut rig, 1_000), 900);
}

#[test]
fn it_is_kept_for_those_who_wait_for_a_snapshot_that_is_built() {
    let mut rig = rig();
    rig.take(&Marker::new(1, 7), at(500), state(10));
    assert_eq!(prunable(&mut rig, 1_000), 500);
}

#[test]
fn it_is_kept_no_longer_than_a_follower_fetches() {
    let mut rig = rig();
    let offered = rig.offer(1, at(500), state(10));
    rig.pass(secs(9));
    assert!(rig.serves(2, &offered));
    assert!(rig.serves(1, &offered));
    rig.pass(secs(9));
    assert!(rig.serves(2, &offered));
    assert_eq!(prunable(&mut rig, 1_000), 500);
    rig.tell(
        2,
        Message::Done {
            anchor: offered.anchor,
            root: offered.root,
        },
    );
    assert_eq!(prunable(&mut rig, 1_000), 500);
    rig.pass(secs(1));
    assert_eq!(
        prunable(&mut rig, 1_000),
        900,
        "though the snapshot is still there"
    );
    assert!(rig.serves(3, &offered));
}

#[test]
fn nobody_keeps_it_beyond_the_age_of_a_snapshot() {
    let mut rig = rig();
    let offered = rig.offer(1, at(500), state(10));
    for _ in 0..5 {
        rig.pass(secs(5));
        assert!(rig.serves(1, &offered));
        assert_eq!(prunable(&mut rig, 1_000), 500);
    }
    rig.pass(secs(5));
    assert_eq!(prunable(&mut rig, 1_000), 900);
}
