//! How much is kept, and what goes first.

use std::time::Duration;

use forebay_snapshot::{
    Absence, ConfigError, Limits, Marker, Message, Piece, ProviderConfig, ProviderEvent, Refusal,
};

use crate::rig::{Rig, absence_of, at, offer_of, refusal_of, secs, state};

#[test]
fn settings_with_which_nothing_could_happen_are_refused() {
    let new = ProviderConfig::new;
    assert_eq!(new().check(), Ok(()));
    for (setting, config) in [
        ("ttl", new().ttl(Duration::ZERO)),
        ("age_max", new().age_max(Duration::ZERO)),
        ("retry_after", new().retry_after(Duration::ZERO)),
        ("marker_wait", new().marker_wait(Duration::ZERO)),
        ("snapshots_max", new().snapshots_max(0)),
        ("followers_max", new().followers_max(0)),
        ("outputs_max", new().outputs_max(0)),
        ("window", new().window(0)),
        (
            "follower_bytes_per_second",
            new().follower_bytes_per_second(0),
        ),
        ("total_bytes_per_second", new().total_bytes_per_second(0)),
        ("pages_max", new().limits(Limits::new().pages_max(0))),
    ] {
        assert_eq!(config.check(), Err(ConfigError::Zero { setting }));
    }
    for config in [
        new().ttl(Duration::MAX),
        new().age_max(Duration::MAX),
        new().retry_after(Duration::MAX),
        new().marker_wait(Duration::MAX),
        new().limits(Limits::new().piece_bytes_max(usize::MAX)),
    ] {
        assert!(
            matches!(config.check(), Err(ConfigError::TooLarge { .. })),
            "{config:?}"
        );
    }
    for config in [
        new().queued_bytes_max(1 << 20),
        new().age_max(secs(9)),
        new().limits(Limits::new().piece_bytes_max(40_000)),
        new().limits(Limits::new().pages_max(u32::MAX)),
    ] {
        assert!(
            matches!(config.check(), Err(ConfigError::TooSmall { .. })),
            "{config:?}"
        );
    }
    let extreme = new()
        .trailing(u64::MAX)
        .marker_lag_max(0)
        .cached_bytes_max(0);
    assert_eq!(extreme.check(), Ok(()));
}

#[test]
fn settings_are_these_unless_others_are_given() {
    let limits = Limits::new().piece_bytes_max(1 << 20).pages_max(1 << 14);
    let expected = ProviderConfig::new()
        .ttl(secs(10))
        .snapshots_max(4)
        .followers_max(64)
        .cached_bytes_max(64 << 20)
        .queued_bytes_max(64 << 20)
        .outputs_max(1_024)
        .window(4)
        .retry_after(Duration::from_millis(100))
        .marker_wait(secs(5))
        .trailing(1_000)
        .marker_lag_max(10_000)
        .limits(limits);
    assert_eq!(ProviderConfig::new(), expected);
}

#[test]
fn the_snapshot_that_nobody_fetched_from_for_longest_makes_room() {
    let mut rig = Rig::with(ProviderConfig::new().snapshots_max(2));
    let first = rig.offer(1, at(1), state(10));
    let second = rig.offer(2, at(2), state(10));
    assert!(rig.serves(2, &second));
    assert!(rig.serves(1, &first));
    for (peer, offered) in [(1, first), (2, second)] {
        let (anchor, root) = (offered.anchor, offered.root);
        rig.tell(peer, Message::Done { anchor, root });
    }
    let third = rig.offer(3, at(3), state(10));
    let events = rig.events();
    assert_eq!(events, [], "they were taken with the offer");
    assert!(rig.serves(3, &third));
    assert!(rig.serves(1, &first));
    let gone = rig.fetch(2, &second, Piece::Index);
    assert_eq!(absence_of(&gone), Some(Absence::Unknown));
}

#[test]
fn no_snapshot_is_dropped_while_somebody_fetches_from_it() {
    let mut rig = Rig::with(ProviderConfig::new().snapshots_max(2));
    let first = rig.offer(1, at(1), state(10));
    let second = rig.offer(2, at(2), state(10));
    rig.outputs();
    rig.take(&Marker::new(3, 1), at(3), state(10));
    assert_eq!(rig.events(), [ProviderEvent::NoRoom { anchor: at(3) }]);
    assert!(rig.serves(1, &first));
    assert!(rig.serves(2, &second));
    assert_eq!(rig.provider.usage().snapshots, 2);
}

#[test]
fn no_marker_is_fed_for_a_snapshot_for_which_there_is_no_room() {
    let mut rig = Rig::with(ProviderConfig::new().snapshots_max(1));
    rig.offer(1, at(1), state(10));
    rig.ask_from(2, 7, Some(50));
    let sent = rig.sent();
    assert_eq!(refusal_of(&sent[0].1), Some(Refusal::Busy));
    let Message::Refuse { retry_after, .. } = sent[0].1 else {
        panic!();
    };
    assert_eq!(retry_after, Duration::from_millis(100));
}

#[test]
fn who_waits_for_a_marker_is_told_if_there_is_no_room_when_it_comes() {
    let mut rig = Rig::with(ProviderConfig::new().snapshots_max(1));
    rig.ask_from(1, 7, Some(2));
    let marker = rig.fed().remove(0);
    rig.offer(2, at(0), state(10));
    rig.take(&marker, at(42), state(10));
    let sent = rig.sent();
    assert_eq!(refusal_of(&sent[0].1), Some(Refusal::Busy));
}

#[test]
fn room_is_made_once_a_follower_stays_away() {
    let mut rig = Rig::with(ProviderConfig::new().snapshots_max(1));
    let offered = rig.offer(1, at(1), state(10));
    rig.pass(secs(9));
    assert!(
        rig.serves(2, &offered),
        "it lives, but the first follower has gone"
    );
    rig.tell(
        2,
        Message::Done {
            anchor: offered.anchor,
            root: offered.root,
        },
    );
    rig.pass(secs(1));
    rig.offer(3, at(3), state(10));
}

#[test]
fn there_are_so_many_followers_and_no_more() {
    let mut rig = Rig::with(ProviderConfig::new().followers_max(2));
    let offered = rig.offer(1, at(1), state(10));
    assert!(rig.serves(2, &offered));
    let gone = rig.fetch(3, &offered, Piece::Index);
    assert!(matches!(absence_of(&gone), Some(Absence::Busy { .. })));
    rig.ask(3, 7);
    assert_eq!(refusal_of(&rig.sent()[0].1), Some(Refusal::Busy));
    assert_eq!(rig.provider.usage().followers, 2);
    rig.tell(
        1,
        Message::Done {
            anchor: offered.anchor,
            root: offered.root,
        },
    );
    assert!(rig.serves(3, &offered));
    assert!(rig.serves(2, &offered));
    rig.pass(secs(9));
    assert!(rig.serves(3, &offered));
    rig.pass(secs(1));
    assert!(rig.serves(4, &offered), "the second has stayed away");
    assert_eq!(rig.provider.usage().followers, 2);
}

#[test]
fn so_many_wait_for_a_snapshot_and_no_more() {
    let mut rig = Rig::with(ProviderConfig::new().followers_max(2));
    rig.ask(1, 7);
    rig.ask(2, 8);
    rig.outputs();
    rig.ask(3, 9);
    assert_eq!(refusal_of(&rig.sent()[0].1), Some(Refusal::Busy));
    rig.take(&Marker::new(1, 7), at(42), state(10));
    rig.work();
    assert!(
        rig.sent()
            .iter()
            .all(|(_, message)| offer_of(message).is_some())
    );
    assert_eq!(rig.provider.usage().requests, 2);
}

#[test]
fn an_answered_request_makes_room_for_one_that_waits() {
    let mut rig = Rig::with(ProviderConfig::new().followers_max(2));
    rig.provider.handle_leader(rig.now, None);
    for peer in 1..100 {
        rig.ask(peer, 7);
        rig.outputs();
        assert!(rig.provider.usage().requests <= 2);
    }
}

#[test]
fn ten_thousand_anchors_leave_only_so_many_snapshots() {
    let mut rig = Rig::with(
        ProviderConfig::new()
            .snapshots_max(4)
            .cached_bytes_max(100_000),
    );
    for sequence in 0..10_000 {
        rig.take(&Marker::new(1, sequence), at(sequence), state(10));
        rig.provider.work(rig.now, 1_000);
        rig.outputs();
        rig.provider.handle_peer_gone(rig.now, &1);
        let usage = rig.provider.usage();
        assert!(usage.snapshots <= 4 && usage.cached_bytes <= 100_000);
        assert!(usage.timers <= 10, "{usage:?}");
    }
}

#[test]
fn events_that_nobody_takes_are_dropped_and_counted() {
    let mut rig = Rig::new();
    for _ in 0..1_000 {
        rig.ask(0, 1);
    }
    assert_eq!(rig.events().len(), 256);
    assert_eq!(rig.provider.usage().events_dropped, 1_000 - 256);
}
