//! How the work is divided among providers.

use std::collections::BTreeMap;

use forebay_snapshot::{Limits, Piece};

use crate::Event;
use crate::catalogue::Catalogue;
use crate::host::{Fetch, Host, MS, anchor, config};

#[test]
fn a_window_grows_by_one_for_each_window_that_was_answered() {
    let catalogue = Catalogue::with_chunks(60);
    let mut host = Host::listing(config(), 1, &catalogue);
    let mut open = host.fetches();
    let mut answers = BTreeMap::<_, usize>::new();
    while host.session.usage().fetches < 8 {
        *answers.entry(open.len()).or_default() += 1;
        let fetch = open.remove(0);
        host.data(fetch, catalogue.piece(fetch.piece));
        open.extend(host.fetches());
    }
    // The first window that is whole here is that of three.
    let answers: Vec<_> = answers.range(3..).collect();
    assert_eq!(answers, [(&3, &3), (&4, &4), (&5, &5), (&6, &6), (&7, &7)]);
}

#[test]
fn a_window_is_halved_when_an_answer_does_not_come() {
    let catalogue = Catalogue::with_chunks(100);
    let mut host = Host::listing(config(), 1, &catalogue);
    let mut open = host.fetches();
    let answer = |host: &mut Host, open: &mut Vec<Fetch>, which| {
        let fetch = open.remove(which);
        host.data(fetch, catalogue.piece(fetch.piece));
        open.extend(host.fetches());
    };
    while host.session.usage().fetches < 8 {
        answer(&mut host, &mut open, 0);
    }
    // All but the first one are answered.
    host.pass(100 * MS);
    for _ in 0..7 {
        answer(&mut host, &mut open, 1);
    }
    host.pass(150 * MS);
    assert!(host.events.contains(&Event::TimedOut { peer: "a" }));
    assert_eq!(host.session.usage().fetches, 7);
    open.remove(0);
    for expected in [6, 5, 4, 4, 4] {
        answer(&mut host, &mut open, 0);
        assert_eq!(host.session.usage().fetches, expected);
    }
}

#[test]
fn what_there_is_to_fetch_goes_to_whoever_has_least_to_do() {
    let (old, new) = (
        Catalogue::with_chunks(66),
        Catalogue::with_other_chunk(66, 20),
    );
    let mut host = Host::listing(config(), 2, &old);
    // Each of them could be asked for all of what is left then.
    host.serve_some(&old, 60);
    host.entries(1_000, 1);
    host.sent.clear();
    host.offer("a", anchor(1_000), new.root());
    host.offer("b", anchor(1_000), new.root());
    let mut counts = BTreeMap::<_, usize>::new();
    while counts.is_empty() {
        for fetch in host.fetches() {
            if let Piece::Chunks { .. } = fetch.piece {
                *counts.entry(fetch.to).or_default() += 1;
            } else {
                host.data(fetch, new.piece(fetch.piece));
            }
        }
    }
    assert_eq!(counts.values().sum::<usize>(), 7);
    assert!(counts["a"].abs_diff(counts["b"]) <= 1, "{counts:?}");
}

#[test]
fn nothing_is_asked_of_a_second_one_for_which_the_spool_has_no_room() {
    let page = 40 << 10;
    // Two chunks, each of half of what fits into the spool.
    let chunk = |number: u64| {
        (0..4 << 10)
            .map(|item| 1 << 28 | number << 20 | item)
            .collect()
    };
    let catalogue = Catalogue::of(&[chunk(0), chunk(1)]);
    assert_eq!(catalogue.bytes(), page);
    let limits = Limits::new().piece_bytes_max(page).pages_max(10);
    let config = config().limits(limits).spool_bytes_max(page as u64);
    let mut host = Host::listing(config, 2, &catalogue);
    let fetches = host.fetches();
    assert_eq!(fetches.len(), 2);
    host.data(fetches[1], catalogue.piece(fetches[1].piece));
    host.pass(200 * MS);
    assert_eq!(host.fetches(), [], "it would not fit in twice");
    let usage = host.session.usage();
    assert_eq!(usage.spool_bytes + usage.requested_bytes, page as u64);

    host.pass(60 * MS);
    let slow = fetches[0].to;
    assert!(host.events.contains(&Event::TimedOut { peer: slow }));
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
}
