//! What becomes of a marker, and of those who wait for it.

use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::{Anchor, Marker, ProviderConfig, ProviderEvent, Refusal};

use crate::rig::{LOCAL, MEMBERS, Rig, at, offer_of, refusal_of, secs, state};

fn refusals(rig: &mut Rig) -> Vec<(u32, Refusal<u32>)> {
    let sent = rig.sent().into_iter();
    sent.map(|(to, message)| (to, refusal_of(&message).unwrap()))
        .collect()
}

#[test]
fn a_marker_that_the_log_does_not_take_ends_the_wait_of_everybody() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.ask(2, 8);
    let marker = rig.fed().remove(0);
    rig.provider.handle_unfed(rig.now, &Marker::new(5, 5));
    assert_eq!(rig.outputs(), [], "that one was not ours");
    rig.provider.handle_unfed(rig.now, &marker);
    let unavailable = Refusal::Unavailable;
    assert_eq!(
        refusals(&mut rig),
        [(1, unavailable.clone()), (2, unavailable)]
    );
    rig.ask(1, 9);
    assert_eq!(rig.fed(), [Marker::new(1, 9)]);
}

#[test]
fn a_marker_that_is_lost_ends_the_wait_at_its_deadline() {
    let mut rig = Rig::with(ProviderConfig::new().marker_wait(secs(5)));
    rig.ask(1, 7);
    rig.outputs();
    rig.pass_awake(secs(5) - Duration::from_nanos(1));
    assert_eq!(rig.sent(), []);
    rig.pass_awake(Duration::from_nanos(1));
    assert_eq!(refusals(&mut rig), [(1, Refusal::Unavailable)]);
}

#[test]
fn a_new_leader_is_named_to_those_who_wait() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.outputs();
    rig.provider.handle_leader(rig.now, Some(LOCAL));
    assert_eq!(rig.outputs(), [], "nothing has changed");
    rig.provider.handle_leader(rig.now, Some(3));
    let why = Refusal::NotLeader { leader: Some(3) };
    assert_eq!(refusals(&mut rig), [(1, why)]);
    // The marker may have got into the log all the same.
    rig.take(&Marker::new(1, 7), at(42), state(10));
    rig.work();
    assert_eq!(offer_of(&rig.sent()[0].1).unwrap().anchor, at(42));
}

#[test]
fn a_marker_that_nobody_has_fetched_yet_is_taken_back_with_the_lead() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.provider.handle_leader(rig.now, None);
    assert_eq!(rig.fed(), []);
}

#[test]
fn every_peer_that_applies_a_marker_offers_its_snapshot() {
    let mut rig = Rig::new();
    rig.provider.handle_leader(rig.now, Some(3));
    rig.take(&Marker::new(1, 7), at(42), state(10));
    rig.work();
    let sent = rig.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(offer_of(&sent[0].1).unwrap().anchor, at(42));
}

#[test]
fn peers_that_apply_a_marker_offer_the_same_snapshot_however_far_they_are() {
    let mut rigs = [Rig::new(), Rig::new()];
    rigs[1].provider.handle_committed(Sequence::new(5_000));
    rigs[1].pass(secs(1_000));
    let offers = rigs.map(|mut rig| rig.offer(1, at(42), state(5_000)));
    assert_eq!(offers[0], offers[1]);
}

#[test]
fn a_peer_that_was_refused_here_is_offered_what_its_marker_brought() {
    let mut rig = Rig::new();
    rig.provider.handle_leader(rig.now, Some(3));
    rig.ask(1, 7);
    rig.outputs();
    rig.take(&Marker::new(1, 7), at(42), state(10));
    rig.work();
    assert_eq!(offer_of(&rig.sent()[0].1).unwrap().anchor, at(42));
}

#[test]
fn a_stale_marker_is_ignored() {
    let mut rig = Rig::with(ProviderConfig::new().marker_lag_max(10));
    rig.provider.handle_committed(Sequence::new(53));
    rig.take(&Marker::new(1, 7), at(42), state(10));
    assert_eq!(
        rig.events(),
        [ProviderEvent::StaleMarker { anchor: at(42) }]
    );
    assert_eq!(rig.provider.usage().snapshots, 0);
    rig.take(&Marker::new(1, 7), at(43), state(10));
    assert_eq!(
        rig.provider.usage().snapshots,
        1,
        "the distance that is allowed"
    );
}

#[test]
fn staleness_does_not_depend_on_time() {
    let mut rig = Rig::with(ProviderConfig::new().marker_lag_max(10));
    rig.provider.handle_committed(Sequence::new(42));
    rig.pass(secs(1_000_000));
    rig.take(&Marker::new(1, 7), at(42), state(10));
    assert_eq!(rig.provider.usage().snapshots, 1);
}

#[test]
fn whoever_waits_for_a_marker_that_came_back_stale_is_told() {
    let mut rig = Rig::with(ProviderConfig::new().marker_lag_max(10));
    rig.ask(1, 7);
    rig.outputs();
    rig.provider.handle_committed(Sequence::new(100));
    rig.take(&Marker::new(1, 7), at(42), state(10));
    assert_eq!(refusals(&mut rig), [(1, Refusal::Unavailable)]);
}

#[test]
fn no_snapshot_is_kept_for_oneself_or_for_strangers() {
    let mut rig = Rig::new();
    rig.take(&Marker::new(LOCAL, 7), at(42), state(10));
    rig.take(&Marker::new(MEMBERS, 7), at(43), state(10));
    assert_eq!(rig.provider.usage().snapshots, 0);
    assert!(!rig.provider.work(rig.now, 10));
    assert_eq!(rig.outputs(), []);
}

#[test]
fn a_marker_for_oneself_serves_others_who_wait() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.outputs();
    rig.take(&Marker::new(LOCAL, 9), at(42), state(10));
    rig.work();
    let sent = rig.sent();
    assert_eq!(sent[0].0, 1);
    assert_eq!(sent.len(), 1);
}

#[test]
fn who_asked_while_a_marker_was_under_way_and_cannot_use_it_gets_another() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.ask_from(2, 8, Some(50));
    rig.ask_from(3, 9, Some(51));
    assert_eq!(rig.fed(), [Marker::new(1, 7)]);
    rig.take(&Marker::new(1, 7), at(42), state(10));
    assert_eq!(rig.fed(), [Marker::new(2, 8)], "one for both");
    rig.work();
    assert_eq!(rig.sent().len(), 1);
    rig.take(&Marker::new(2, 8), at(60), state(10));
    rig.work();
    let to: Vec<_> = rig.sent().into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, [2, 3]);
}

#[test]
fn a_request_that_no_marker_can_satisfy_gets_one_and_no_more() {
    let mut rig = Rig::new();
    rig.ask_from(1, 7, Some(u64::MAX));
    rig.ask_from(2, 8, Some(u64::MAX));
    let mut markers = rig.fed();
    let mut fed = 0;
    while let Some(marker) = markers.pop() {
        fed += 1;
        assert!(fed < 10);
        rig.take(&marker, at(42 + fed), state(10));
        markers = rig.fed();
    }
    assert_eq!(
        fed, 2,
        "the second for who may have been late for the first"
    );
    assert_eq!(rig.provider.usage().queued, 0);
}

#[test]
fn a_second_snapshot_of_an_anchor_with_another_length_is_refused() {
    let mut rig = Rig::new();
    let first = rig.offer(1, at(42), state(10));
    rig.take(&Marker::new(2, 2), at(42), state(11));
    let events = rig.events();
    assert_eq!(events, [ProviderEvent::Divergence { anchor: at(42) }]);
    assert!(rig.serves(1, &first));
}

#[test]
fn a_second_snapshot_of_an_anchor_with_other_contents_is_refused() {
    let mut rig = Rig::new();
    let first = rig.offer(1, at(42), state(10));
    rig.take(&Marker::new(2, 2), at(42), vec![0; 10].into());
    let second = rig.sent();
    assert_eq!(offer_of(&second[0].1), Some(first), "the first one stays");
    rig.work();
    assert_eq!(rig.events(), [ProviderEvent::Divergence { anchor: at(42) }]);
    assert!(rig.serves(1, &first));
}

#[test]
fn a_second_snapshot_that_is_equal_prolongs_the_first() {
    let mut rig = Rig::new();
    let first = rig.offer(1, at(42), state(10));
    rig.pass(secs(9));
    rig.take(&Marker::new(2, 2), at(42), state(10));
    rig.work();
    assert_eq!(rig.provider.usage().snapshots, 1);
    assert!(
        rig.events()
            .iter()
            .all(|event| !matches!(event, ProviderEvent::Divergence { .. }))
    );
    rig.pass(secs(9));
    assert!(rig.serves(1, &first));
}

#[test]
fn anchors_of_one_sequence_and_two_terms_are_two() {
    let mut rig = Rig::new();
    rig.offer(1, Anchor::new(Sequence::new(42), 1), state(10));
    let second = rig.offer(2, Anchor::new(Sequence::new(42), 2), state(11));
    assert_eq!(second.anchor.term(), 2);
    assert_eq!(rig.provider.usage().snapshots, 2);
}

#[test]
fn a_peer_that_is_gone_gets_nothing_of_what_it_waited_for() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.ask(2, 8);
    rig.outputs();
    rig.provider.handle_peer_gone(rig.now, &1);
    rig.take(&Marker::new(2, 8), at(41), state(10));
    rig.provider.handle_peer_gone(rig.now, &2);
    rig.work();
    assert_eq!(rig.sent(), []);
}
