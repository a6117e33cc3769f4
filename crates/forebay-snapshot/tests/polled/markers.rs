use forebay_core::Sequence;
use forebay_snapshot::{Anchor, Marker, Message, ProviderConfig, ProviderEvent, Refusal};

use crate::desk::{LOCAL, Office, State, at, request, state};

fn refusal(message: &Message<u32>) -> Option<Refusal<u32>> {
    match message {
        Message::Refuse { why, .. } => Some(why.clone()),
        _ => None,
    }
}

#[test]
fn however_many_ask_one_marker_is_fed() {
    let mut office = Office::<State>::with(ProviderConfig::new().followers_max(1_000));
    for peer in 1..=1_000 {
        office.provider.receive(peer, request(7)).unwrap();
    }
    office.settle();
    assert_eq!(office.desk.fed, [Marker::new(1, 7)]);

    let marker = Marker::new(1, 7);
    let (provider, desk) = (&mut office.provider, &office.desk);
    provider.taken(desk, &marker, at(5), state(10));
    assert_eq!(office.sent().len(), 1_000);
}

#[test]
fn who_asked_is_told_that_the_log_took_no_marker() {
    let mut office = Office::<State>::new();
    office.desk.log_is_full = true;
    let answer = office.ask(1, request(7));
    assert_eq!(refusal(&answer), Some(Refusal::Unavailable));

    // The next request is a new attempt.
    office.desk.log_is_full = false;
    office.provider.receive(1, request(8)).unwrap();
    office.settle();
    assert_eq!(office.desk.fed, [Marker::new(1, 8)]);
}

#[test]
fn a_marker_from_long_ago_is_ignored() {
    let mut office = Office::with(ProviderConfig::new().marker_lag_max(100));
    office.settle();
    office.desk.committed = 1_000;
    office.take(1, at(899), state(10));
    assert!(office.sent().is_empty());
    let anchor = at(899);
    assert_eq!(office.desk.events, [ProviderEvent::StaleMarker { anchor }]);
    assert_eq!(office.snapshots(), 0);
    office.offer(1, at(900), state(10));
}

#[test]
fn what_is_committed_can_be_told_without_the_host() {
    let mut office = Office::with(ProviderConfig::new().marker_lag_max(100));
    office
        .provider
        .committed(Anchor::new(Sequence::new(1_000), 3));
    office.take(1, at(899), state(10));
    assert!(office.sent().is_empty());
    assert_eq!(office.snapshots(), 0);
}

#[test]
fn a_request_from_this_peer_itself_is_dropped() {
    let mut office = Office::<State>::new();
    office.provider.receive(LOCAL, request(1)).unwrap();
    assert!(office.sent().is_empty());
    assert_eq!(office.desk.events, [ProviderEvent::FromSelf]);
    assert!(office.desk.fed.is_empty());
}

#[test]
fn who_is_no_member_is_told_so() {
    let mut office = Office::<State>::new();
    let answer = office.ask(5_000, request(1));
    assert_eq!(refusal(&answer), Some(Refusal::NotMember));
    assert!(office.desk.fed.is_empty());
}

#[test]
fn a_change_of_members_is_noticed() {
    let mut office = Office::<State>::new();
    office.provider.receive(1, request(1)).unwrap();
    office.settle();
    office.desk.members.retain(|member| *member != 1);
    let sent = office.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(refusal(&sent[0].1), Some(Refusal::NotMember));
}

#[test]
fn who_asks_another_peer_is_sent_to_the_leader() {
    let mut office = Office::<State>::new();
    office.desk.leader = Some(3);
    let leader = Some(3);
    let answer = office.ask(1, request(1));
    assert_eq!(refusal(&answer), Some(Refusal::NotLeader { leader }));
}

#[test]
fn a_change_of_leaders_is_noticed_by_those_who_wait() {
    let mut office = Office::<State>::new();
    office.provider.receive(1, request(1)).unwrap();
    office.settle();
    office.desk.leader = Some(3);
    let sent = office.sent();
    let leader = Some(3);
    assert_eq!(refusal(&sent[0].1), Some(Refusal::NotLeader { leader }));
}

#[test]
fn a_leader_that_cannot_write_yet_does_not_send_others_to_itself() {
    let mut office = Office::<State>::new();
    office.desk.can_feed = false;
    let answer = office.ask(1, request(1));
    assert_eq!(refusal(&answer), Some(Refusal::NotLeader { leader: None }));
    office.desk.can_feed = true;
    office.provider.receive(1, request(2)).unwrap();
    office.settle();
    assert_eq!(office.desk.fed.len(), 1);
}
