//! Each request gets one answer; however many ask, one marker is under way.

use std::time::Duration;

use forebay_snapshot::{
    Marker, Membership, Message, NotTaken, ProviderConfig, ProviderEvent, Refusal,
};

use crate::rig::{LOCAL, MEMBERS, Rig, at, offer_of, refusal_of, secs, state};

#[test]
fn a_request_puts_a_marker_into_the_log_and_gets_an_offer_once_it_is_applied() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    assert_eq!(rig.fed(), [Marker::new(1, 7)]);
    rig.take(&Marker::new(1, 7), at(42), state(100));
    assert_eq!(
        rig.sent(),
        [],
        "nothing can be offered before it has a root"
    );
    rig.work();
    let sent = rig.sent();
    let [
        (
            1,
            Message::Offer {
                nonce: 7,
                anchor,
                items: 100,
                ttl,
                ..
            },
        ),
    ] = sent[..]
    else {
        panic!("{sent:?}");
    };
    assert_eq!(anchor, at(42));
    assert_eq!(ttl, secs(10));
}

#[test]
fn a_thousand_requests_share_one_marker_and_each_gets_an_answer() {
    let mut rig = Rig::with(
        ProviderConfig::new()
            .followers_max(2_000)
            .outputs_max(4_000),
    );
    for peer in 1..=1_000 {
        rig.ask(peer, u64::from(peer));
    }
    assert_eq!(rig.fed(), [Marker::new(1, 1)]);
    rig.take(&Marker::new(1, 1), at(42), state(100));
    rig.work();
    let sent = rig.sent();
    assert_eq!(sent.len(), 1_000);
    for (to, message) in sent {
        let Message::Offer { nonce, .. } = message else {
            panic!("{message:?}");
        };
        assert_eq!(nonce, u64::from(to));
    }
}

#[test]
fn a_thousand_requests_of_one_peer_are_one_marker_and_a_thousand_answers() {
    let mut rig = Rig::new();
    let mut sent = Vec::new();
    let mut fed = Vec::new();
    for nonce in 0..1_000 {
        rig.ask(1, nonce);
        for output in rig.outputs() {
            match output {
                forebay_snapshot::ProviderOutput::Send { message, .. } => sent.push(message),
                forebay_snapshot::ProviderOutput::Feed(marker) => fed.push(marker),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(fed, [Marker::new(1, 0)]);
    let superseded = |message: &Message<u32>| refusal_of(message) == Some(Refusal::Superseded);
    assert_eq!(sent.len(), 999);
    assert!(sent.iter().all(superseded));
    rig.take(&fed[0], at(42), state(100));
    rig.work();
    let sent = rig.sent().into_iter();
    let nonces = sent.map(|(_, message)| match message {
        Message::Offer { nonce, .. } => nonce,
        other => panic!("{other:?}"),
    });
    let nonces: Vec<_> = nonces.collect();
    assert_eq!(
        nonces,
        [999, 0],
        "the last request, and the one that the marker names"
    );
}

#[test]
fn the_same_request_gets_the_same_answer_and_no_second_marker() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    assert_eq!(rig.fed().len(), 1);
    rig.ask(1, 7);
    assert_eq!(rig.outputs(), [], "it is already waiting");
    rig.take(&Marker::new(1, 7), at(42), state(100));
    rig.work();
    let first = rig.sent();
    rig.ask(1, 7);
    assert_eq!(rig.sent(), first);
}

#[test]
fn the_same_refused_request_is_refused_alike() {
    let mut rig = Rig::new();
    rig.provider.handle_leader(rig.now, Some(3));
    rig.ask(1, 7);
    let refused = rig.sent();
    let why = Refusal::NotLeader { leader: Some(3) };
    assert_eq!(refusal_of(&refused[0].1), Some(why));
    rig.provider.handle_leader(rig.now, Some(LOCAL));
    rig.ask(1, 7);
    assert_eq!(rig.sent(), refused);
    rig.ask(1, 8);
    assert_eq!(
        rig.fed(),
        [Marker::new(1, 8)],
        "another request is decided anew"
    );
}

#[test]
fn an_offer_of_what_has_expired_since_is_not_repeated() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.take(&Marker::new(1, 7), at(42), state(100));
    rig.work();
    let offered = offer_of(&rig.sent()[0].1).unwrap();
    // Another follower keeps the answer's record alive no longer than the snapshot itself lives.
    rig.pass(secs(9));
    assert!(rig.serves(2, &offered));
    rig.pass(secs(10));
    rig.ask(1, 7);
    assert_eq!(rig.fed(), [Marker::new(1, 7)]);
}

#[test]
fn only_the_leader_takes_requests_and_the_others_say_who_that_is() {
    let mut rig = Rig::new();
    for leader in [Some(3), None] {
        rig.provider.handle_leader(rig.now, leader);
        rig.ask(1, leader.map_or(1, u64::from));
        let sent = rig.sent();
        let why = Refusal::NotLeader { leader };
        assert_eq!(refusal_of(&sent[0].1), Some(why));
        assert_eq!(sent.len(), 1);
    }
}

#[test]
fn a_refusal_says_when_to_come_back_unless_another_peer_is_to_be_asked() {
    let retry_after = secs(2);
    let mut rig = Rig::with(ProviderConfig::new().retry_after(retry_after));
    let waits = |rig: &mut Rig| match rig.sent()[..] {
        [(1, Message::Refuse { retry_after, .. })] => retry_after,
        ref sent => panic!("{sent:?}"),
    };
    rig.provider.handle_leader(rig.now, Some(3));
    rig.ask(1, 1);
    assert_eq!(waits(&mut rig), Duration::ZERO);
    rig.provider.handle_leader(rig.now, None);
    rig.ask(1, 2);
    assert_eq!(waits(&mut rig), retry_after);
    rig.provider.handle_leader(rig.now, Some(LOCAL));
    rig.ask(1, 3);
    let marker = rig.fed().remove(0);
    rig.provider.handle_unfed(rig.now, &marker);
    assert_eq!(waits(&mut rig), retry_after);
}

#[test]
fn whoever_is_not_a_member_is_told_so() {
    let mut rig = Rig::new();
    rig.ask(MEMBERS, 7);
    let sent = rig.sent();
    assert_eq!(refusal_of(&sent[0].1), Some(Refusal::NotMember));
    assert_eq!(rig.provider.usage().requests, 0);
}

#[test]
fn messages_from_itself_are_dropped_with_an_event() {
    let mut rig = Rig::new();
    rig.ask(LOCAL, 7);
    assert_eq!(rig.events(), [ProviderEvent::FromSelf]);
    let offered = rig.offer(1, at(42), state(100));
    let (anchor, root) = (offered.anchor, offered.root);
    let piece = forebay_snapshot::Piece::Index;
    rig.tell(
        LOCAL,
        Message::Fetch {
            id: 1,
            anchor,
            root,
            piece,
        },
    );
    let outputs = rig.outputs();
    let event = forebay_snapshot::ProviderOutput::Event(ProviderEvent::FromSelf);
    assert_eq!(outputs, [event]);
}

#[test]
fn answers_are_left_to_the_session() {
    let mut rig = Rig::new();
    let message = Message::Gone {
        id: 1,
        why: forebay_snapshot::Absence::Unknown,
    };
    let taken = rig.provider.handle_message(rig.now, 1, message.clone());
    assert_eq!(taken, Err(NotTaken::ForSession(message)));
}

#[test]
fn a_held_snapshot_is_offered_at_once_to_whoever_can_go_on_from_it() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    for (peer, reconnect) in [(2, None), (3, Some(0)), (4, Some(42)), (5, Some(43))] {
        rig.ask_from(peer, 7, reconnect);
        let sent = rig.sent();
        assert_eq!(offer_of(&sent[0].1), Some(offered), "{reconnect:?}");
        assert_eq!(sent.len(), 1);
    }
    for (peer, reconnect) in [(6, 44), (7, u64::MAX)] {
        rig.ask_from(peer, 7, Some(reconnect));
        let fed = rig.fed();
        assert_eq!(fed.len(), usize::from(peer == 6), "{reconnect}");
    }
}

#[test]
fn the_newest_snapshot_is_offered() {
    let mut rig = Rig::new();
    rig.offer(1, at(42), state(100));
    let newer = rig.offer(2, at(50), state(100));
    rig.ask(3, 7);
    assert_eq!(offer_of(&rig.sent()[0].1), Some(newer));
}

#[test]
fn a_peer_that_does_not_lead_offers_what_it_has() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    rig.provider.handle_leader(rig.now, Some(3));
    rig.ask(2, 7);
    assert_eq!(offer_of(&rig.sent()[0].1), Some(offered));
}

#[test]
fn a_snapshot_is_not_offered_to_somebody_without_a_log_if_entries_after_it_may_be_gone() {
    let mut rig = Rig::with(ProviderConfig::new().trailing(0));
    let offered = rig.offer(1, at(42), state(100));
    let (anchor, root) = (offered.anchor, offered.root);
    rig.tell(1, Message::Done { anchor, root });
    let sequence = forebay_core::Sequence::new(100);
    assert_eq!(rig.provider.safe_to_prune(rig.now, sequence), sequence);
    rig.ask(2, 7);
    assert_eq!(rig.fed(), [Marker::new(2, 7)]);
    rig.ask_from(3, 7, Some(43));
    let sent = rig.sent();
    assert_eq!(
        offer_of(&sent[0].1),
        Some(offered),
        "this one has the entries"
    );
}

#[test]
fn a_request_while_a_usable_snapshot_is_built_waits_for_that_one() {
    let mut rig = Rig::new();
    rig.take(&Marker::new(1, 1), at(42), state(100));
    rig.ask(2, 7);
    assert_eq!(rig.outputs(), []);
    rig.work();
    let to: Vec<_> = rig.sent().into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, [2, 1]);
}

#[test]
fn a_peer_that_is_no_member_any_more_is_refused_while_it_waits() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.outputs();
    rig.set_members([LOCAL, 2]);
    let sent = rig.sent();
    assert_eq!(refusal_of(&sent[0].1), Some(Refusal::NotMember));
    assert_eq!(rig.provider.usage().requests, 0);
}

#[test]
fn a_learner_is_served_like_a_voter() {
    let mut rig = Rig::new();
    let members = Membership::new(LOCAL, 0..MEMBERS).with_leader(Some(LOCAL));
    let with_learner = members.clone().with_learners([MEMBERS]);
    rig.provider.handle_membership(rig.now, with_learner);
    rig.ask(MEMBERS, 7);
    assert_eq!(rig.fed(), [Marker::new(MEMBERS, 7)]);
    rig.provider.handle_membership(rig.now, members);
    let sent = rig.sent();
    assert_eq!(refusal_of(&sent[0].1), Some(Refusal::NotMember));
}

#[test]
fn a_membership_says_who_leads() {
    let mut rig = Rig::new();
    rig.ask(1, 7);
    rig.outputs();
    let members = Membership::new(LOCAL, 0..MEMBERS).with_leader(Some(3));
    rig.provider.handle_membership(rig.now, members);
    let why = Refusal::NotLeader { leader: Some(3) };
    assert_eq!(refusal_of(&rig.sent()[0].1), Some(why));
}

#[test]
fn the_record_of_an_answer_is_forgotten_after_a_while() {
    let mut rig = Rig::new();
    rig.provider.handle_leader(rig.now, None);
    rig.ask(1, 7);
    assert_eq!(rig.provider.usage().requests, 1);
    rig.pass_awake(secs(10) - Duration::from_nanos(1));
    assert_eq!(rig.provider.usage().requests, 1);
    rig.pass_awake(Duration::from_nanos(1));
    assert_eq!(rig.provider.usage().requests, 0);
    assert_eq!(rig.provider.poll_timeout(), None);
}
