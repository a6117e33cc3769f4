use std::time::Duration;

use forebay_snapshot::{Absence, Ignored, Phase, Piece, Refusal, SessionConfig};

use crate::Event;
use crate::Message;
use crate::catalogue::Catalogue;
use crate::host::{Fetch, Host, MS, anchor, config, members};

fn first_of(fetch: &Fetch) -> u64 {
    match fetch.piece {
        Piece::Chunks { first, .. } => first,
        _ => panic!("not a fetch of chunks: {fetch:?}"),
    }
}

#[test]
fn everything_is_fetched_and_installed() {
    let catalogue = Catalogue::with_chunks(2_500);
    for providers in 1..=3 {
        let mut host = Host::listing(config(), providers, &catalogue);
        assert_eq!(host.session.phase(), Phase::Fetching);
        host.serve(&catalogue);
        assert_eq!(host.session.phase(), Phase::Installing);
        host.finish(anchor(10), &catalogue);
        let usage = host.session.usage();
        // At first there is nothing but the index and two pages that anybody could be asked for; no
        // chunk comes twice.
        let twice = 200 + 2 * 1_024 * 40;
        assert!(usage.wasted_bytes < twice, "{usage:?}");
        assert_eq!(usage.spool_bytes, 0);
    }
}

#[test]
fn runs_of_chunks_are_fetched_at_once_up_to_a_number_of_bytes() {
    let catalogue = Catalogue::with_chunks(40);
    let mut host = Host::listing(config().fetch_bytes(4_000), 1, &catalogue);
    let Piece::Chunks { first: 0, count } = host.fetches()[0].piece else {
        panic!()
    };
    let bytes = |count: u32| -> usize {
        catalogue.chunks[..count as usize]
            .iter()
            .map(Vec::len)
            .sum()
    };
    assert!(bytes(count) <= 4_000 && bytes(count + 1) > 4_000);
}

/// A short answer led to requests that overlapped, and none of them was ever used.
#[test]
fn a_short_answer_leaves_exactly_the_rest_to_be_fetched() {
    let catalogue = Catalogue::with_chunks(9);
    let mut host = Host::listing(config().fetch_bytes(1 << 20), 1, &catalogue);
    let mut fetched = Vec::new();
    while let Some(fetch) = host.fetches().pop() {
        let Piece::Chunks { first, count } = fetch.piece else {
            panic!()
        };
        fetched.push((first, count));
        let some = Piece::Chunks {
            first,
            count: count.min(4),
        };
        host.data(fetch, catalogue.piece(some));
    }
    assert_eq!(fetched, [(0, 9), (4, 5), (8, 1)]);
    host.finish(anchor(10), &catalogue);
}

/// A reply to a fetch that was given up, for what had been fetched elsewhere, stayed in the way of
/// everything after it.
#[test]
fn an_answer_that_is_late_is_used_if_it_still_can_be_and_never_in_the_way() {
    let catalogue = Catalogue::with_chunks(6);
    let mut host = Host::listing(config(), 2, &catalogue);
    let late = host.fetches();
    host.pass(Duration::from_secs(3));
    let again = host.fetches();
    assert!(
        again
            .iter()
            .any(|fetch| first_of(fetch) == first_of(&late[0]))
    );
    // It comes before the second answer, and is used.
    host.data(late[0], catalogue.piece(late[0].piece));
    assert_eq!(host.session.progress().items, 100);
    // It comes after it, and changes nothing.
    for fetch in again {
        host.data(fetch, catalogue.piece(fetch.piece));
    }
    for fetch in late {
        host.data(fetch, catalogue.piece(fetch.piece));
    }
    host.pass(Duration::from_secs(6));
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
}

#[test]
fn windows_grow_up_to_a_bound_and_shrink() {
    let catalogue = Catalogue::with_chunks(400);
    let mut host = Host::listing(config(), 1, &catalogue);
    let mut largest = 0;
    for _ in 0..12 {
        let fetches = host.fetches();
        largest = largest.max(fetches.len());
        for fetch in fetches {
            host.data(fetch, catalogue.piece(fetch.piece));
        }
        assert!(host.session.usage().fetches <= 8);
    }
    assert_eq!(host.session.usage().fetches, 8);
    let open = host.fetches();
    host.gone(
        open[0],
        Absence::Busy {
            retry_after: 20 * MS,
        },
    );
    assert_eq!((host.sent.len(), host.session.usage().fetches), (0, 7));
    host.pass(30 * MS);
    assert_eq!(host.sent.len(), 0, "the window is half of what it was");
    let fetches: Vec<_> = (1..8).map(|number| open[number]).collect();
    for fetch in &fetches[..3] {
        host.data(*fetch, catalogue.piece(fetch.piece));
    }
    assert_eq!((host.sent.len(), host.session.usage().fetches), (0, 4));
    host.data(fetches[3], catalogue.piece(fetches[3].piece));
    assert_eq!(host.session.usage().fetches, 4, "and no less");
}

#[test]
fn a_chunk_is_in_one_place_at_a_time_while_there_are_others() {
    let catalogue = Catalogue::with_chunks(64);
    let mut host = Host::listing(config(), 3, &catalogue);
    let mut seen = Vec::new();
    let mut fetches = host.fetches();
    while seen.len() < 32 {
        for fetch in std::mem::take(&mut fetches) {
            seen.push(first_of(&fetch));
            host.data(fetch, catalogue.piece(fetch.piece));
        }
        fetches = host.fetches();
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn at_the_end_whoever_has_nothing_to_do_is_asked_for_what_takes_too_long() {
    let catalogue = Catalogue::with_chunks(2);
    let mut host = Host::listing(config(), 2, &catalogue);
    let fetches = host.fetches();
    assert_eq!(fetches.len(), 2);
    host.now += 3 * MS;
    host.data(fetches[1], catalogue.piece(fetches[1].piece));
    assert_eq!(host.sent.len(), 0, "it is not late yet");
    host.pass(200 * MS);
    let duplicates = host.fetches();
    assert_eq!(duplicates.len(), 1);
    assert_eq!(duplicates[0].piece, fetches[0].piece);
    assert_ne!(duplicates[0].to, fetches[0].to);
    host.data(duplicates[0], catalogue.piece(duplicates[0].piece));
    host.finish(anchor(10), &catalogue);
}

#[test]
fn what_one_does_not_bring_is_not_asked_of_a_third_while_another_may() {
    let catalogue = Catalogue::with_chunks(1);
    let mut host = Host::listing(config(), 3, &catalogue);
    let first = host.fetches();
    assert_eq!(first.len(), 1);
    // The second is sent right then, and is not late.
    host.pass(5 * MS);
    let second = host.fetches();
    assert_eq!(second.len(), 1);
    let retry_after = Duration::from_secs(5);
    host.gone(first[0], Absence::Busy { retry_after });
    assert_eq!(host.fetches(), []);
    host.gone(second[0], Absence::Busy { retry_after });
    assert_eq!(host.fetches().len(), 1);
}

#[test]
fn the_leader_is_asked_last() {
    let catalogue = Catalogue::with_chunks(64);
    let mut host = Host::with_members(config(), members(3).with_leader(Some("a")));
    for peer in ["a", "b", "c"] {
        host.offer(peer, anchor(10), catalogue.root());
    }
    let first = host.fetches();
    assert_eq!(
        first.iter().map(|fetch| fetch.to).collect::<Vec<_>>(),
        ["b", "c"]
    );
    host.data(first[0], catalogue.piece(Piece::Index));
    let second = host.fetches();
    assert_ne!(second[0].to, "a");
}

#[test]
fn a_provider_that_has_nothing_is_not_asked_and_comes_back_with_its_offer() {
    let catalogue = Catalogue::with_chunks(8);
    let mut host = Host::listing(config(), 2, &catalogue);
    let fetches = host.fetches();
    let of_a = *fetches.iter().find(|fetch| fetch.to == "a").unwrap();
    host.gone(of_a, Absence::Expired);
    assert_eq!(host.session.progress().providers, 1);
    host.offer("a", anchor(10), catalogue.root());
    assert_eq!(host.session.progress().providers, 2);
    assert!(host.fetches().iter().any(|fetch| fetch.to == "a"));
}

#[test]
fn who_is_no_member_any_more_is_asked_for_nothing() {
    let catalogue = Catalogue::with_chunks(8);
    let mut host = Host::listing(config(), 2, &catalogue);
    host.fetches();
    host.session.handle_membership(host.now, members(1));
    host.poll();
    assert_eq!(host.session.progress().providers, 1);
    assert!(host.fetches().iter().all(|fetch| fetch.to == "a"));
    host.session.handle_membership(host.now, members(0));
    host.poll();
    assert_eq!(host.session.phase(), Phase::Requesting);
}

#[test]
fn an_answer_that_comes_twice_is_taken_once() {
    let catalogue = Catalogue::with_chunks(8);
    let mut host = Host::listing(config(), 1, &catalogue);
    let fetch = host.fetches()[0];
    for _ in 0..2 {
        host.data(fetch, catalogue.piece(fetch.piece));
    }
    assert_eq!(host.session.progress().items, 100);
    assert_eq!(
        host.events.pop(),
        Some(Event::Ignored {
            peer: "a",
            why: Ignored::Unasked
        })
    );
}

#[test]
fn a_spool_that_is_smaller_than_the_snapshot_is_enough() {
    let page = 40 << 10;
    let limits = forebay_snapshot::Limits::new()
        .piece_bytes_max(page)
        .pages_max(10);
    let chunk = |number: u64| (0..2_000).map(|item| number << 40 | item << 32).collect();
    let catalogue = Catalogue::of(&(0..40).map(chunk).collect::<Vec<Vec<u64>>>());
    assert!(catalogue.bytes() > 5 * page);
    let small = || {
        SessionConfig::new()
            .trust(forebay_snapshot::Trust::Crash)
            .limits(limits)
    };
    let config = small().fetch_bytes(1).spool_bytes_max(page as u64);
    let mut host = Host::listing(config, 2, &catalogue);
    while host.installs.is_empty() {
        for fetch in host.fetches().into_iter().rev() {
            host.data(fetch, catalogue.piece(fetch.piece));
        }
        host.pass(MS);
        let usage = host.session.usage();
        assert!(usage.spool_bytes + usage.requested_bytes <= page as u64);
    }
    host.finish(anchor(10), &catalogue);
}

#[test]
fn a_time_before_the_last_one_is_that_one() {
    let catalogue = Catalogue::with_chunks(8);
    let mut host = Host::new(config(), 1);
    host.pass(Duration::from_secs(5));
    host.now -= Duration::from_secs(4);
    host.offer("a", anchor(10), catalogue.root());
    host.session.handle_timeout(host.now);
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
    let why = Refusal::Busy;
    host.receive(
        "a",
        Message::Refuse {
            nonce: host.nonce,
            why,
            retry_after: MS,
        },
    );
}
