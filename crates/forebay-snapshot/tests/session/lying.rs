use bytes::Bytes;
use forebay_snapshot::{Absence, Ignored, Limits, Phase, Piece, SessionError};

use crate::catalogue::Catalogue;
use crate::host::{Fetch, Host, anchor, config, members};
use crate::{Event, Message};

fn banned(host: &Host) -> bool {
    host.events
        .iter()
        .any(|event| matches!(event, Event::Banned { peer: "a", .. }))
}

/// The first fetch of chunks by the first provider, with those of the others still to be answered.
fn fetch_of_a(host: &mut Host) -> Fetch {
    let sent = host.sent.clone();
    let fetch = host
        .fetches()
        .into_iter()
        .find(|fetch| fetch.to == "a")
        .unwrap();
    host.sent = sent.into_iter().filter(|(to, _)| *to != "a").collect();
    fetch
}

#[test]
fn whoever_sends_something_else_is_banned_and_it_is_fetched_elsewhere() {
    let catalogue = Catalogue::with_chunks(12);
    let right = catalogue.piece(Piece::Chunks { first: 0, count: 1 });
    let mut flipped = right.to_vec();
    flipped[3] ^= 1;
    let longer = [&right[..], b"more"].concat();
    let wrong = [
        flipped,
        longer,
        right[1..].to_vec(),
        Vec::new(),
        vec![0; 1 << 20],
    ];
    for bytes in wrong {
        let mut host = Host::listing(config(), 2, &catalogue);
        let fetch = fetch_of_a(&mut host);
        host.data(fetch, Bytes::from(bytes));
        assert!(banned(&host), "{:?}", host.events);
        assert_eq!(host.session.progress().providers, 1);
        host.serve(&catalogue);
        host.finish(anchor(10), &catalogue);
    }
}

#[test]
fn whoever_was_banned_is_not_heard_and_only_asked_to_have_a_marker_written() {
    let catalogue = Catalogue::with_chunks(12);
    let mut host = Host::listing(config(), 2, &catalogue);
    let fetch = fetch_of_a(&mut host);
    host.data(fetch, Bytes::from_static(b"lies"));
    host.offer("a", anchor(10), catalogue.root());
    assert_eq!(
        host.events.pop(),
        Some(Event::Ignored {
            peer: "a",
            why: Ignored::Banned
        })
    );
    host.session.handle_leader(host.now, Some("b"));
    host.serve_some(&catalogue, 3);
    host.sent.clear();
    host.pass(std::time::Duration::from_secs(60));
    assert!(host.fetches().iter().all(|fetch| fetch.to == "b"));
    host.session.handle_leader(host.now, Some("a"));
    host.pass(std::time::Duration::from_secs(60));
    assert!(host.sent.iter().any(|(to, _)| *to == "a"));
}

#[test]
fn a_wrong_index_or_page_is_known_at_once() {
    let (truth, lie) = (Catalogue::with_chunks(12), Catalogue::with_chunks(13));
    for lied in [Piece::Index, Piece::Page(0)] {
        let mut host = Host::new(config(), 1);
        host.offer("a", anchor(10), truth.root());
        while let Some(fetch) = host.fetches().pop() {
            let catalogue = if fetch.piece == lied { &lie } else { &truth };
            host.data(fetch, catalogue.piece(fetch.piece));
        }
        assert!(banned(&host));
        assert_eq!(host.session.phase(), Phase::Requesting);
    }
}

#[test]
fn who_denies_that_there_is_what_the_pages_list_is_banned() {
    let catalogue = Catalogue::with_chunks(12);
    for why in [Absence::OutOfRange { len: 0 }, Absence::Empty] {
        let mut host = Host::listing(config(), 2, &catalogue);
        let fetch = fetch_of_a(&mut host);
        host.gone(fetch, why);
        assert!(banned(&host));
    }
}

/// Whatever anybody sent was taken for what had been asked for, however much it was.
#[test]
fn what_nobody_asked_for_is_not_even_looked_at() {
    let catalogue = Catalogue::with_chunks(12);
    let mut host = Host::listing(config(), 2, &catalogue);
    let fetch = fetch_of_a(&mut host);
    let right = catalogue.piece(fetch.piece);
    let fetched_before = host.session.usage().fetched_bytes;
    let unasked = [
        ("b", fetch.id),
        ("a", fetch.id.wrapping_add(100)),
        ("a", u64::MAX),
        ("a", 0),
    ];
    for (from, id) in unasked {
        host.receive(
            from,
            Message::Data {
                id,
                bytes: right.clone(),
            },
        );
        assert_eq!(
            host.events.pop(),
            Some(Event::Ignored {
                peer: from,
                why: Ignored::Unasked
            })
        );
        host.receive(
            from,
            Message::Gone {
                id,
                why: Absence::Unknown,
            },
        );
        assert_eq!(
            host.events.pop(),
            Some(Event::Ignored {
                peer: from,
                why: Ignored::Unasked
            })
        );
    }
    assert_eq!(host.session.progress().items, 0);
    assert_eq!(host.session.usage().fetched_bytes, fetched_before);
}

#[test]
fn a_late_answer_to_an_earlier_session_is_no_lie_to_this_one() {
    let catalogue = Catalogue::with_chunks(12);
    let mut host = Host::listing(config(), 1, &catalogue);
    let fetch = host.fetches()[0];
    for id in 0..1_000 {
        host.receive(
            "a",
            Message::Data {
                id,
                bytes: Bytes::from_static(b"of before"),
            },
        );
    }
    assert!(!banned(&host));
    host.data(fetch, catalogue.piece(fetch.piece));
    assert_eq!(host.session.progress().items, 100);
}

#[test]
fn a_snapshot_that_is_too_large_ends_the_session_and_only_the_index_can_say_so() {
    let limits = Limits::new().pages_max(2);
    let catalogue = Catalogue::with_chunks(2_500);
    let mut host = Host::new(config().limits(limits), 1);
    let nonce = host.nonce;
    let huge = 1 << 60;
    host.receive(
        "a",
        Message::Offer {
            nonce,
            anchor: anchor(10),
            root: catalogue.root(),
            items: huge,
            bytes: huge,
            chunks: huge,
            ttl: crate::host::TTL,
        },
    );
    assert!(host.error.is_none());
    host.serve_some(&catalogue, 0);
    assert!(matches!(host.error, Some(SessionError::Content(_))));
    assert_eq!(host.session.phase(), Phase::Failed);
    assert!(!banned(&host));
}

#[test]
fn a_state_whose_items_are_of_another_kind_is_never_installed() {
    // No number ends here, there is one too few, and there is one too many.
    for (chunk, items) in [(vec![0xff; 3], 1), (vec![1, 2, 3], 4), (vec![1, 2, 3], 2)] {
        let catalogue = Catalogue::of_bytes(vec![(vec![7], 1), (chunk, items)]);
        let mut host = Host::listing(config(), 1, &catalogue);
        host.serve(&catalogue);
        assert!(matches!(host.error, Some(SessionError::Content(_))));
        assert!(host.installs.is_empty());
    }
}

#[test]
fn a_snapshot_that_is_not_what_its_index_says_is_never_installed() {
    for which in [0, 1] {
        let catalogue = Catalogue::with_chunks(5).with_other_total(which);
        let mut host = Host::new(config(), 1);
        host.offer("a", anchor(10), catalogue.root());
        host.serve(&catalogue);
        assert!(matches!(host.error, Some(SessionError::Content(_))));
        assert!(!banned(&host), "it has said so from the start");
    }
}

#[test]
fn who_becomes_a_member_again_is_heard_again() {
    let catalogue = Catalogue::with_chunks(12);
    let mut host = Host::listing(config(), 2, &catalogue);
    let fetch = fetch_of_a(&mut host);
    host.data(fetch, Bytes::from_static(b"lies"));
    assert!(banned(&host));
    let without = forebay_snapshot::Membership::new("z", ["b", "z"]);
    host.session.handle_membership(host.now, without);
    host.session.handle_membership(host.now, members(2));
    host.offer("a", anchor(10), catalogue.root());
    assert_eq!(host.session.progress().providers, 2);
}
