use std::time::Duration;

use forebay_snapshot::{Absence, Phase, Piece, Restart};

use crate::catalogue::Catalogue;
use crate::host::{Host, MS, anchor, config};
use crate::{Event, Message};

/// After a single timeout of the only provider, nothing was ever sent again.
#[test]
fn the_only_provider_is_asked_again_after_any_number_of_timeouts() {
    let catalogue = Catalogue::with_chunks(6);
    let config = config().stall_timeout(Duration::from_secs(3_600));
    let mut host = Host::listing(config, 1, &catalogue);
    for _ in 0..20 {
        host.fetches();
        host.pass(Duration::from_secs(40));
        assert!(!host.sent.is_empty());
    }
    host.serve(&catalogue);
    host.pass(Duration::from_secs(10));
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
    assert!(host.events.contains(&Event::TimedOut { peer: "a" }));
}

#[test]
fn a_provider_may_be_given_longer_than_any_clock_goes() {
    let catalogue = Catalogue::with_chunks(6);
    let config = config().fetch_timeouts(Duration::MAX, Duration::MAX);
    let mut host = Host::listing(config, 1, &catalogue);
    host.pass(Duration::from_secs(10));
    assert!(!host.events.contains(&Event::TimedOut { peer: "a" }));
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
}

#[test]
fn whatever_times_out_is_asked_of_others_and_deadlines_adapt() {
    let catalogue = Catalogue::with_chunks(6);
    let mut host = Host::listing(config(), 2, &catalogue);
    let timed_out = Event::TimedOut { peer: "a" };
    // Everything was answered at once so far, so the least time is what they have.
    host.pass(249 * MS);
    assert!(!host.events.contains(&timed_out));
    host.pass(MS);
    assert!(host.events.contains(&timed_out));
    // Whoever takes longer is given more time.
    host.pass(Duration::from_secs(1));
    host.sent.clear();
    host.events.clear();
    host.pass(260 * MS);
    assert!(!host.events.contains(&timed_out));
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
}

/// How long it takes until a fetch that was just sent times out.
fn deadline(host: &mut Host) -> u128 {
    let began = host.now;
    host.events.clear();
    while !host.events.contains(&Event::TimedOut { peer: "a" }) {
        host.pass(MS);
    }
    (host.now - began).as_millis()
}

/// Deadlines grew with each timeout beyond the patience of the session, and answers with little in
/// them never brought them down again.
#[test]
fn deadlines_grow_with_timeouts_up_to_a_part_of_a_stall_and_one_answer_resets_them() {
    let catalogue = Catalogue::with_chunks(6);
    let config = config().fetch_bytes(1 << 20);
    let stall = Duration::from_secs(12);
    let mut host = Host::listing(config.stall_timeout(stall), 1, &catalogue);
    for expected in [250, 500, 1_000, 1_500, 1_500] {
        assert_eq!(host.fetches().len(), 1);
        let deadline = deadline(&mut host);
        assert!((expected - 1..=expected).contains(&deadline), "{deadline}");
        while host.sent.is_empty() {
            host.pass(MS);
        }
    }
    let fetch = host.fetches()[0];
    let some = Piece::Chunks { first: 0, count: 1 };
    host.data(fetch, catalogue.piece(some));
    assert_eq!(host.fetches().len(), 1);
    let deadline = deadline(&mut host);
    assert!((249..=250).contains(&deadline), "{deadline}");
}

#[test]
fn answers_that_come_too_late_make_deadlines_longer_however_little_is_in_them() {
    let catalogue = Catalogue::with_chunks(6);
    let mut host = Host::listing(config().fetch_bytes(1 << 20), 1, &catalogue);
    let late = host.fetches()[0];
    host.pass(400 * MS);
    host.data(late, catalogue.piece(Piece::Chunks { first: 0, count: 1 }));
    // Half way between nothing and what it took, four times that, and twice for the timeout.
    let again = host.fetches()[0];
    host.gone(again, Absence::Busy { retry_after: MS });
    while host.sent.is_empty() {
        host.pass(MS);
    }
    let deadline = deadline(&mut host);
    assert!((1_599..=1_600).contains(&deadline), "{deadline}");
}

/// One answer that took long kept deadlines long for ever, where no answer was large enough to count.
#[test]
fn answers_that_come_soon_make_deadlines_shorter_again_little_by_little() {
    let catalogue = Catalogue::with_chunks(12);
    let mut host = Host::listing(config().fetch_bytes(1 << 20), 1, &catalogue);
    let answer_with_one_chunk = |host: &mut Host, first: u64| {
        let fetch = host.fetches()[0];
        host.data(fetch, catalogue.piece(Piece::Chunks { first, count: 1 }));
    };
    host.pass(200 * MS);
    answer_with_one_chunk(&mut host, 0);
    // Half of what it took, and then seven eighths of that with each answer that took no time.
    for first in 1..9 {
        answer_with_one_chunk(&mut host, first);
    }
    let _ = host.fetches();
    let deadline = deadline(&mut host);
    assert!(deadline <= 250, "{deadline}");
}

#[test]
fn no_answer_is_waited_for_longer_than_the_most() {
    let catalogue = Catalogue::with_chunks(6);
    let config = config().window_max(1).fetch_timeouts(250 * MS, 400 * MS);
    let mut host = Host::listing(config, 1, &catalogue);
    let fetch = host.fetches()[0];
    host.pass(240 * MS);
    host.data(fetch, catalogue.piece(fetch.piece));
    let deadline = deadline(&mut host);
    assert!((399..=400).contains(&deadline), "{deadline}");
}

#[test]
fn chunks_that_wait_for_the_host_are_no_stall() {
    let catalogue = Catalogue::with_chunks(6);
    let mut host = Host::listing(config().window_max(1), 1, &catalogue);
    let fetch = host.fetches()[0];
    let (id, bytes) = (fetch.id, catalogue.piece(fetch.piece));
    let data = Message::Data { id, bytes };
    host.session.handle_message(host.now, "a", data).unwrap();
    for _ in 0..10 {
        host.now += Duration::from_secs(60);
        host.session.handle_timeout(host.now);
        assert_eq!(host.session.phase(), Phase::Fetching);
    }
    host.poll();
    host.pass(Duration::from_secs(6));
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
}

#[test]
fn without_a_provider_the_session_asks_again_and_keeps_what_it_has() {
    let catalogue = Catalogue::with_chunks(20);
    let mut host = Host::listing(config(), 1, &catalogue);
    host.serve_some(&catalogue, 12);
    let items = host.session.progress().items;
    assert_eq!(items, 1_200);
    host.pass(Duration::from_secs(2));
    for fetch in host.fetches() {
        host.gone(fetch, Absence::Unknown);
    }
    let restarted = Event::Restarted {
        anchor: anchor(10),
        why: Restart::NoProvider,
    };
    assert!(host.events.contains(&restarted));
    assert_eq!(host.session.phase(), Phase::Requesting);
    assert_eq!(host.requests(), 1);
    host.offer("a", anchor(30), catalogue.root());
    assert_eq!(host.session.progress().items, items);
    assert!(host.sent.iter().all(|(_, message)| !matches!(
        message,
        Message::Fetch {
            piece: Piece::Index,
            ..
        }
    )));
    host.pass(Duration::from_secs(5));
    host.serve(&catalogue);
    host.finish(anchor(30), &catalogue);
}

#[test]
fn peers_that_offer_what_they_do_not_have_are_asked_ever_more_seldom() {
    let catalogue = Catalogue::with_chunks(20);
    let mut host = Host::new(config(), 1);
    let mut requests = 0;
    for _ in 0..2_000 {
        host.pass(100 * MS);
        let is_asked = |(_, message): &(_, _)| matches!(message, Message::Request { .. });
        requests += host.sent.iter().filter(|sent| is_asked(sent)).count();
        for fetch in host.fetches() {
            host.gone(fetch, Absence::Unknown);
        }
        host.offer("a", anchor(10), catalogue.root());
    }
    assert!((6..=20).contains(&requests), "{requests} in 200 seconds");
}

#[test]
fn without_progress_the_session_looks_for_another_snapshot() {
    let catalogue = Catalogue::with_chunks(20);
    let config = config().stall_timeout(Duration::from_secs(15));
    let mut host = Host::listing(config, 1, &catalogue);
    host.pass(Duration::from_millis(14_999));
    assert_eq!(host.session.phase(), Phase::Fetching);
    host.pass(MS);
    assert_eq!(host.session.phase(), Phase::Requesting);
    let stalled = Event::Restarted {
        anchor: anchor(10),
        why: Restart::Stalled,
    };
    assert!(host.events.contains(&stalled));
}

#[test]
fn to_be_busy_is_no_stall_but_does_not_hold_the_session_back_for_ever() {
    let catalogue = Catalogue::with_chunks(20);
    let stalled_after = |answers: bool| {
        let mut host = Host::listing(
            config().stall_timeout(Duration::from_secs(5)),
            1,
            &catalogue,
        );
        let began = host.now;
        while host.session.phase() == Phase::Fetching {
            let fetches = host.fetches();
            for fetch in fetches.iter().filter(|_| answers) {
                host.gone(
                    *fetch,
                    Absence::Busy {
                        retry_after: 500 * MS,
                    },
                );
            }
            host.pass(10 * MS);
        }
        host.now - began
    };
    assert_eq!(stalled_after(false), Duration::from_secs(5));
    assert_eq!(stalled_after(true), Duration::from_secs(20));
}

#[test]
fn a_lost_connection_counts_as_a_timeout() {
    let catalogue = Catalogue::with_chunks(8);
    let mut host = Host::listing(config(), 2, &catalogue);
    host.session.handle_peer_gone(host.now, &"a");
    host.poll();
    assert!(host.events.contains(&Event::TimedOut { peer: "a" }));
    host.sent.retain(|(to, _)| *to == "b");
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
}
