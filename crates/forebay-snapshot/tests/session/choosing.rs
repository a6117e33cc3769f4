use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::{Hash, Ignored, NotTaken, Phase, Refusal, SessionConfig, Trust};

use crate::catalogue::Catalogue;
use crate::host::{Host, MS, TTL, anchor, config, members};
use crate::{Event, Message};

fn chosen(host: &mut Host) -> Option<u64> {
    let fetches = host.fetches();
    fetches.first().map(|fetch| fetch.anchor.sequence().get())
}

fn quorum() -> SessionConfig {
    config().trust(Trust::Quorum)
}

#[test]
fn everybody_is_asked_and_asked_again() {
    let mut host = Host::new(config(), 3);
    assert_eq!(host.requests(), 3);
    let first = host.nonce;
    host.pass(Duration::from_millis(1_300));
    assert_eq!(host.requests(), 3);
    assert_ne!(host.nonce, first);
    host.pass(Duration::from_secs(600));
    let requests = host.requests() / 3;
    assert!(
        (16..=30).contains(&requests),
        "{requests}: delays double up to a bound"
    );
}

#[test]
fn delays_follow_from_the_seed_and_differ_from_session_to_session() {
    let retry = |seed| {
        let now = crate::host::start();
        let session = forebay_snapshot::Session::<crate::State, _, u64>::start(
            now,
            config(),
            members(1),
            seed,
        );
        session.unwrap().poll_timeout().unwrap() - now
    };
    assert_eq!(retry(1), retry(1));
    assert_ne!(retry(1), retry(2));
}

#[test]
fn a_snapshot_is_chosen_when_all_have_answered_or_the_window_is_over() {
    let catalogue = Catalogue::with_chunks(3);
    let mut host = Host::new(config(), 2);
    host.offer("a", anchor(10), catalogue.root());
    assert_eq!(host.session.phase(), Phase::Choosing);
    host.pass(49 * MS);
    assert_eq!(chosen(&mut host), None);
    host.pass(MS);
    assert_eq!(chosen(&mut host), Some(10));

    let mut host = Host::new(config(), 2);
    host.offer("a", anchor(10), catalogue.root());
    let nonce = host.nonce;
    host.receive(
        "b",
        Message::Refuse {
            nonce,
            why: Refusal::NotLeader { leader: None },
            retry_after: MS,
        },
    );
    assert_eq!(chosen(&mut host), Some(10));
}

#[test]
fn more_providers_are_worth_more_than_a_newer_anchor() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::new(config(), 3);
    for (peer, sequence) in [("a", 10), ("b", 10), ("c", 12)] {
        host.offer(peer, anchor(sequence), root);
    }
    assert_eq!(chosen(&mut host), Some(10));
    let mut host = Host::new(config(), 2);
    host.offer("a", anchor(12), root);
    host.offer("b", anchor(10), root);
    assert_eq!(chosen(&mut host), Some(12));
}

#[test]
fn an_anchor_right_before_the_first_entry_will_do_and_one_before_that_will_not() {
    let root = Catalogue::with_chunks(3).root();
    for (sequence, expected) in [(9, Some(9)), (8, None), (u64::MAX, Some(u64::MAX))] {
        let mut host = Host::new(config(), 1);
        host.entries(10, 3);
        host.offer("a", anchor(sequence), root);
        assert_eq!(chosen(&mut host), expected, "{sequence}");
    }
}

#[test]
fn entries_that_come_before_the_choice_count_for_it() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::new(config(), 2);
    host.offer("a", anchor(5), root);
    host.entries(10, 3);
    host.pass(50 * MS);
    assert_eq!(chosen(&mut host), None);
}

/// One offer of no use was enough to stop asking for good.
#[test]
fn offers_of_no_use_never_stop_the_asking() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::new(config(), 1);
    host.entries(10, 3);
    for _ in 0..10 {
        host.requests();
        host.offer("a", anchor(5), root);
        host.pass(Duration::from_secs(40));
        assert!(host.requests() > 0);
    }
    let mut host = Host::new(quorum(), 3);
    host.requests();
    host.offer("a", anchor(5), root);
    host.pass(Duration::from_secs(40));
    assert!(host.requests() > 0);
}

#[test]
fn a_majority_of_the_members_must_name_the_root() {
    let (truth, lie) = (Catalogue::with_chunks(3), Catalogue::with_chunks(4));
    // Of four members with this one, three must agree.
    let mut host = Host::new(quorum(), 3);
    host.offer("a", anchor(10), truth.root());
    host.offer("b", anchor(10), truth.root());
    host.offer("c", anchor(10), lie.root());
    host.pass(TTL / 2);
    assert_eq!(chosen(&mut host), None);
    host.offer("c", anchor(10), truth.root());
    host.pass(50 * MS);
    assert_eq!(chosen(&mut host), Some(10));
}

#[test]
fn peers_that_name_one_root_for_different_anchors_do_not_agree() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::new(quorum(), 2);
    host.offer("a", anchor(10), root);
    host.offer("b", anchor(11), root);
    host.pass(TTL / 2);
    assert_eq!(chosen(&mut host), None);
}

#[test]
fn of_two_roots_that_of_the_majority_is_taken_or_else_that_of_the_leader() {
    let (one, two) = (Hash::of(b"one"), Hash::of(b"two"));
    let choose = |roots: &[Hash], leader| {
        let group = members(roots.len()).with_leader(Some(leader));
        let mut host = Host::with_members(config(), group);
        for (peer, root) in ["a", "b", "c", "d"].iter().zip(roots) {
            host.offer(peer, anchor(10), *root);
        }
        host.pass(50 * MS);
        let diverged =
            |event: &&Event| matches!(event, Event::Divergence { roots, .. } if roots.len() == 2);
        assert_eq!(host.events.iter().filter(diverged).count(), 1);
        let sent = host.sent.iter().find_map(|(_, message)| match message {
            Message::Fetch { root, .. } => Some(*root),
            _ => None,
        });
        sent.unwrap()
    };
    assert_eq!(choose(&[one, two], "a"), one);
    assert_eq!(choose(&[one, two], "b"), two);
    assert_eq!(choose(&[one, one, one, two], "d"), one);
}

#[test]
fn only_members_are_listened_to_and_only_answers() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::new(config(), 1);
    for from in ["b", "z"] {
        host.offer(from, anchor(10), root);
        assert_eq!(
            host.events.pop(),
            Some(Event::Ignored {
                peer: from,
                why: Ignored::NotMember
            })
        );
    }
    host.nonce = host.nonce.wrapping_add(1);
    host.offer("a", anchor(10), root);
    assert_eq!(
        host.events.pop(),
        Some(Event::Ignored {
            peer: "a",
            why: Ignored::Unasked
        })
    );
    assert_eq!(host.session.phase(), Phase::Requesting);
}

#[test]
fn what_is_for_a_provider_is_given_back() {
    let mut host = Host::new(config(), 1);
    let message = Message::Done {
        anchor: anchor(1),
        root: Hash::of(b""),
    };
    let back = host.session.handle_message(host.now, "a", message.clone());
    assert_eq!(back, Err(NotTaken::ForProvider(message)));
}

#[test]
fn an_offer_counts_until_its_time_is_over() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::new(quorum(), 2);
    let nonce = host.nonce;
    let (items, bytes, chunks, ttl) = (1 << 60, 1 << 60, 1 << 60, 100 * MS);
    let offer = Message::Offer {
        nonce,
        anchor: anchor(10),
        root,
        items,
        bytes,
        chunks,
        ttl,
    };
    host.receive("a", offer.clone());
    host.pass(100 * MS);
    host.offer("b", anchor(10), root);
    host.pass(60 * MS);
    assert_eq!(chosen(&mut host), None);
    host.receive("a", offer);
    assert_eq!(host.session.usage().offers, 2);
}

#[test]
fn an_old_snapshot_that_too_few_have_does_not_stand_in_the_way_of_a_new_one() {
    let mut host = Host::new(quorum(), 3);
    for _ in 0..6 {
        host.offer("a", anchor(10), Hash::of(b"old"));
        host.pass(Duration::from_secs(20));
    }
    let reconnects = host.sent.iter().filter_map(|(_, message)| match message {
        Message::Request { reconnect, .. } => Some(*reconnect),
        _ => None,
    });
    // Every other round asks for what the one before it brought, of which offers may be lost.
    let reconnects: Vec<_> = reconnects.collect();
    assert!(reconnects.contains(&Some(Sequence::new(12))));
    assert_eq!(reconnects.last(), Some(&None));
    // Whoever can keep one snapshot and no more needs the room.
    assert!(host.released(anchor(10)).contains(&"a"));
}

/// What could not be used was kept for the session all the same, where there was no room for another.
#[test]
fn whoever_offers_what_is_of_no_use_learns_that_it_need_not_keep_it() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::new(quorum(), 3);
    host.entries(10, 3);
    host.offer("a", anchor(5), root);
    assert_eq!(host.released(anchor(5)), ["a"]);
    assert_eq!(host.session.usage().offers, 0);
    // The same where the log moves on later.
    host.offer("a", anchor(10), root);
    assert_eq!(host.released(anchor(10)), [""; 0]);
    host.entries(100, 1);
    host.pass(Duration::from_secs(40));
    assert_eq!(host.released(anchor(10)), ["a"]);
    assert_eq!(host.session.usage().offers, 0);
}

#[test]
fn no_peer_fills_the_memory_with_offers() {
    let mut host = Host::new(quorum(), 3);
    for sequence in 0..1_000 {
        host.offer("a", anchor(sequence), Hash::of(b"root"));
    }
    assert_eq!(host.session.usage().offers, 4);
    for number in 0..1_000_u64 {
        host.offer("a", anchor(1_000), Hash::of(&number.to_le_bytes()));
    }
    assert_eq!(host.session.usage().offers, 4);
}

#[test]
fn a_learner_is_neither_asked_nor_counted() {
    let root = Catalogue::with_chunks(3).root();
    let mut host = Host::with_members(quorum(), members(2).with_learners(["d"]));
    assert_eq!(host.requests(), 2);
    host.offer("d", anchor(10), root);
    host.offer("a", anchor(10), root);
    host.pass(TTL / 2);
    assert_eq!(chosen(&mut host), None);
    assert_eq!(host.session.usage().offers, 1);
}

#[test]
fn a_new_leader_is_asked_at_once_and_a_refusal_says_when_to_come_back() {
    let mut host = Host::with_members(config(), members(2).with_leader(Some("a")));
    host.requests();
    host.session.handle_leader(host.now, Some("b"));
    host.poll();
    assert_eq!(host.requests(), 2);
    let nonce = host.nonce;
    let refuse = |why| Message::Refuse {
        nonce,
        why,
        retry_after: 200 * MS,
    };
    host.receive("b", refuse(Refusal::Unavailable));
    host.pass(199 * MS);
    assert_eq!(host.requests(), 0);
    host.pass(MS);
    assert_eq!(host.requests(), 2);
}
