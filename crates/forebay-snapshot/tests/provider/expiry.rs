//! Snapshots live as long as they are fetched from, within bounds, whoever looks when.

use std::time::Duration;

use forebay_snapshot::{
    Absence, Hash, Marker, Message, Piece, ProviderConfig, ProviderEvent, Refusal,
};

use crate::rig::{
    MEMBERS, Offered, Rig, absence_of, at, chunks, offer_of, refusal_of, secs, state,
};

const NANO: Duration = Duration::from_nanos(1);

fn expires_in(rig: &mut Rig, offered: &Offered, time: Duration) {
    rig.pass(time - NANO);
    // A fetch that does not prolong the snapshot, and is not for one that has expired.
    let empty = rig.fetch(9, offered, chunks(0, 0));
    assert_eq!(absence_of(&empty), Some(Absence::Empty));
    rig.pass(NANO);
    let gone = rig.fetch(9, offered, Piece::Index);
    assert_eq!(absence_of(&gone), Some(Absence::Expired));
}

#[test]
fn a_snapshot_expires_at_its_deadline_though_nobody_woke_the_provider() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    expires_in(&mut rig, &offered, secs(10));
    assert_eq!(rig.provider.usage().snapshots, 0);
}

#[test]
fn a_snapshot_is_freed_at_its_deadline_if_somebody_does() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    rig.outputs();
    rig.pass_awake(secs(10) - NANO);
    assert_eq!(rig.provider.usage().snapshots, 1);
    rig.pass_awake(NANO);
    assert_eq!(rig.provider.usage().snapshots, 0);
    assert_eq!(rig.provider.usage().cached_bytes, 0);
    assert_eq!(rig.events(), [ProviderEvent::Expired { anchor: at(42) }]);
    let gone = rig.fetch(1, &offered, Piece::Index);
    assert_eq!(
        absence_of(&gone),
        Some(Absence::Expired),
        "the same answer as before"
    );
}

#[test]
fn an_idle_provider_has_no_timer() {
    let mut rig = Rig::new();
    assert_eq!(rig.provider.poll_timeout(), None);
    let offered = rig.offer(1, at(42), state(100));
    assert!(rig.serves(1, &offered));
    rig.pass_awake(secs(1_000));
    assert_eq!(rig.provider.poll_timeout(), None);
    assert_eq!(rig.provider.usage().timers, 0);
}

#[test]
fn one_time_to_wake_up_serves_all_snapshots() {
    let mut rig = Rig::new();
    let start = rig.now;
    for second in 0..4 {
        rig.offer(1, at(42 + second), state(10));
        rig.pass(secs(1));
    }
    assert_eq!(rig.provider.poll_timeout(), Some(start + secs(10)));
}

#[test]
fn a_served_fetch_prolongs_a_snapshot() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    for piece in [Piece::Index, Piece::Page(0), chunks(0, 1)] {
        rig.pass(secs(9));
        let data = rig.fetch(1, &offered, piece);
        assert_eq!(absence_of(&data), None, "{piece:?}");
    }
    expires_in(&mut rig, &offered, secs(10));
}

#[test]
fn a_fetch_of_what_is_not_there_prolongs_nothing() {
    let bad: [(u32, Piece); 7] = [
        (1, chunks(0, 0)),
        (1, chunks(1, 5)),
        (1, chunks(u64::MAX, u32::MAX)),
        (1, chunks(u64::MAX, 0)),
        (1, Piece::Page(1)),
        (1, Piece::Page(u32::MAX)),
        (MEMBERS, Piece::Index),
    ];
    for (from, piece) in bad {
        let mut rig = Rig::new();
        let offered = rig.offer(1, at(42), state(100));
        rig.pass(secs(5));
        assert!(absence_of(&rig.fetch(from, &offered, piece)).is_some());
        expires_in(&mut rig, &offered, secs(5));
    }
}

#[test]
fn a_fetch_of_another_root_or_anchor_prolongs_nothing() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    rig.pass(secs(5));
    let root = Hash::of(b"another");
    let gone = rig.fetch(1, &Offered { root, ..offered }, Piece::Index);
    assert_eq!(absence_of(&gone), Some(Absence::RootMismatch));
    let anchor = at(41);
    let gone = rig.fetch(1, &Offered { anchor, ..offered }, Piece::Index);
    assert_eq!(absence_of(&gone), Some(Absence::Unknown));
    expires_in(&mut rig, &offered, secs(5));
}

#[test]
fn a_fetch_that_comes_twice_is_answered_twice_and_prolongs_once() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    let first = rig.fetch_as(1, 7, &offered, Piece::Index);
    rig.pass(secs(5));
    assert_eq!(rig.fetch_as(1, 7, &offered, Piece::Index), first);
    expires_in(&mut rig, &offered, secs(5));
}

#[test]
fn a_fetch_that_is_refused_for_our_own_sake_prolongs_a_snapshot() {
    let mut rig = Rig::with(ProviderConfig::new().follower_bytes_per_second(1));
    let offered = rig.offer(1, at(42), state(100));
    assert!(rig.serves(1, &offered));
    rig.pass(secs(5));
    let busy = rig.fetch(1, &offered, Piece::Index);
    assert!(matches!(absence_of(&busy), Some(Absence::Busy { .. })));
    expires_in(&mut rig, &offered, secs(10));
}

#[test]
fn an_offer_does_not_prolong_a_snapshot_and_says_what_is_left() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    rig.pass(secs(7));
    rig.ask(2, 7);
    assert_eq!(offer_of(&rig.sent()[0].1).unwrap().ttl, secs(3));
    expires_in(&mut rig, &offered, secs(3));
}

#[test]
fn nobody_keeps_a_snapshot_beyond_its_age() {
    let mut rig = Rig::with(ProviderConfig::new().age_max(secs(60)));
    let offered = rig.offer(1, at(42), state(100));
    for _ in 0..11 {
        rig.pass_awake(secs(5));
        assert!(rig.serves(1, &offered));
    }
    expires_in(&mut rig, &offered, secs(5));
}

#[test]
fn a_snapshot_becomes_thirty_times_as_old_as_it_lives_without_a_fetch() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    for _ in 0..33 {
        rig.pass_awake(secs(9));
        assert!(rig.serves(1, &offered));
    }
    expires_in(&mut rig, &offered, secs(3));
}

#[test]
fn a_snapshot_does_not_expire_while_it_is_built_until_it_is_too_old() {
    let mut rig = Rig::with(ProviderConfig::new().age_max(secs(60)));
    rig.take(&Marker::new(1, 7), at(42), state(5_000));
    rig.pass_awake(secs(30));
    let (anchor, piece) = (at(42), Piece::Index);
    let root = Hash::of(b"known from another peer");
    rig.tell(
        1,
        Message::Fetch {
            id: 1,
            anchor,
            root,
            piece,
        },
    );
    let busy = absence_of(&rig.sent()[0].1);
    assert!(matches!(busy, Some(Absence::Busy { .. })), "{busy:?}");
    rig.work();
    let offered = offer_of(&rig.sent()[0].1).unwrap();
    assert_eq!(offered.ttl, secs(10));
    rig.ask(2, 8);
    rig.outputs();
    rig.take(&Marker::new(1, 9), at(50), state(5_000));
    rig.ask_from(2, 9, Some(50));
    rig.outputs();
    rig.pass_awake(secs(60));
    let sent = rig.sent();
    assert_eq!(refusal_of(&sent[0].1), Some(Refusal::Unavailable));
    assert!(
        !rig.provider.work(rig.now, 10),
        "there is nothing left to build"
    );
}

#[test]
fn a_fetch_while_a_snapshot_is_built_is_told_to_come_back() {
    let mut rig = Rig::new();
    rig.take(&Marker::new(1, 7), at(42), state(100));
    let root = Hash::of(b"known from another peer");
    let (anchor, piece) = (at(42), Piece::Index);
    rig.tell(
        1,
        Message::Fetch {
            id: 1,
            anchor,
            root,
            piece,
        },
    );
    let retry_after = Duration::from_millis(100);
    let busy = Absence::Busy { retry_after };
    assert_eq!(absence_of(&rig.sent()[0].1), Some(busy));
}

#[test]
fn what_has_expired_can_be_taken_again() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    rig.pass(secs(10));
    assert!(!rig.serves(1, &offered));
    assert_eq!(rig.offer(1, at(42), state(100)), offered);
    rig.pass(secs(10));
    assert_eq!(
        rig.offer(1, at(42), state(100)),
        offered,
        "though nobody looked in between"
    );
}

#[test]
fn time_that_goes_back_is_taken_for_no_time() {
    let mut rig = Rig::new();
    rig.pass(secs(100));
    let offered = rig.offer(1, at(42), state(100));
    rig.now -= secs(50);
    assert!(rig.serves(1, &offered));
    rig.now += secs(60);
    rig.ask(MEMBERS, 1);
    rig.outputs();
    rig.now -= secs(50);
    let gone = rig.fetch(1, &offered, Piece::Index);
    assert_eq!(
        absence_of(&gone),
        Some(Absence::Expired),
        "its time was over before"
    );
}

#[test]
fn calls_at_any_time_do_nothing_too_early() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    for _ in 0..9 {
        rig.pass(secs(1));
        rig.provider.handle_timeout(rig.now);
        assert_eq!(rig.sent(), []);
    }
    expires_in(&mut rig, &offered, secs(1));
}
