//! What peers refuse, and what they say of it, which may be nonsense.

use std::time::Duration;

use forebay_snapshot::{Absence, Hash, Ignored, Phase, Refusal, SessionConfig, Trust};

use crate::catalogue::Catalogue;
use crate::host::{Host, MS, anchor, config, members};
use crate::{Event, Message};

fn quorum() -> SessionConfig {
    config().trust(Trust::Quorum)
}

fn refuse(host: &mut Host, why: Refusal<&'static str>, retry_after: Duration) {
    let nonce = host.nonce;
    host.requests();
    host.receive(
        "a",
        Message::Refuse {
            nonce,
            why,
            retry_after,
        },
    );
}

/// How long it takes until it asks again.
fn asks_after(host: &mut Host) -> Duration {
    let began = host.now;
    while host.requests() == 0 {
        host.pass(MS);
    }
    host.now - began
}

#[test]
fn a_leader_may_say_when_to_come_back_but_not_at_once() {
    let mut host = Host::with_members(config(), members(2).with_leader(Some("a")));
    refuse(&mut host, Refusal::Busy, Duration::ZERO);
    assert_eq!(asks_after(&mut host), 50 * MS);
}

#[test]
fn who_leads_no_more_does_not_say_when_to_ask_others() {
    let mut host = Host::with_members(config(), members(2).with_leader(Some("a")));
    let leader = Some("b");
    refuse(&mut host, Refusal::NotLeader { leader }, Duration::ZERO);
    assert!(asks_after(&mut host) > 500 * MS);
}

#[test]
fn a_refusal_that_comes_after_the_choice_changes_nothing() {
    let catalogue = Catalogue::with_chunks(6);
    let mut host = Host::listing(config(), 2, &catalogue);
    refuse(&mut host, Refusal::Busy, Duration::ZERO);
    let why = Ignored::Unasked;
    assert_eq!(host.events.pop(), Some(Event::Ignored { peer: "a", why }));
    assert_eq!(host.session.phase(), Phase::Fetching);
}

#[test]
fn no_offer_stands_for_longer_than_an_hour() {
    let mut host = Host::new(quorum(), 3);
    let nonce = host.nonce;
    host.receive(
        "a",
        Message::Offer {
            nonce,
            anchor: anchor(10),
            root: Hash::of(b"root"),
            items: 1,
            bytes: 1,
            chunks: 1,
            ttl: Duration::MAX,
        },
    );
    host.pass(Duration::from_secs(3_500));
    assert_eq!(host.session.usage().offers, 1);
    host.pass(Duration::from_secs(200));
    assert_eq!(host.session.usage().offers, 0);
}

#[test]
fn whatever_a_busy_provider_says_it_is_asked_again_soon_but_not_at_once() {
    let catalogue = Catalogue::with_chunks(6);
    for (retry_after, expected) in [
        (Duration::ZERO, 7..=13),
        (100 * MS, 75..=125),
        (Duration::MAX, 3_750..=6_250),
    ] {
        let stall = Duration::from_secs(60);
        let mut host = Host::listing(config().window_max(1).stall_timeout(stall), 1, &catalogue);
        let fetch = host.fetches()[0];
        host.gone(fetch, Absence::Busy { retry_after });
        let began = host.now;
        while host.fetches().is_empty() {
            host.pass(MS);
        }
        let rest = (host.now - began).as_millis();
        assert!(expected.contains(&rest), "{rest}");
    }
}

#[test]
fn a_peer_has_one_voice_for_each_anchor() {
    let (one, two) = (Hash::of(b"one"), Hash::of(b"two"));
    let mut host = Host::new(quorum(), 2);
    host.offer("a", anchor(10), one);
    host.offer("a", anchor(10), two);
    assert_eq!(host.session.usage().offers, 1);
    host.offer("b", anchor(10), one);
    host.pass(50 * MS);
    assert!(
        host.fetches().is_empty(),
        "nobody agrees with what it said last"
    );
}

#[test]
fn anchors_with_two_roots_are_remembered_in_bounded_number() {
    let mut host = Host::new(quorum(), 3);
    let mut diverge = |sequence| {
        host.events.clear();
        host.offer("a", anchor(sequence), Hash::of(b"one"));
        host.offer("b", anchor(sequence), Hash::of(b"two"));
        let is_that = |event: &&Event| matches!(event, Event::Divergence { .. });
        host.events.iter().filter(is_that).count()
    };
    for sequence in 1..=9 {
        assert_eq!(diverge(sequence), 1);
    }
    assert_eq!(diverge(9), 0, "it was said");
    assert_eq!(diverge(1), 1, "it was forgotten that it was said");
}

/// What a majority has named once stays true when some of them are silent.
#[test]
fn a_root_that_was_confirmed_needs_no_second_majority() {
    let catalogue = Catalogue::with_chunks(20);
    let mut host = Host::listing(quorum(), 3, &catalogue);
    host.serve_some(&catalogue, 6);
    for peer in ["a", "b", "c"] {
        host.session.handle_peer_gone(host.now, &peer);
    }
    host.pass(Duration::from_secs(3));
    for fetch in host.fetches() {
        host.gone(fetch, Absence::Unknown);
    }
    assert_eq!(host.session.phase(), Phase::Requesting);
    host.offer("a", anchor(10), catalogue.root());
    host.pass(50 * MS);
    assert_eq!(host.session.phase(), Phase::Fetching);
    host.offer("a", anchor(11), Hash::of(b"another"));
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
}
