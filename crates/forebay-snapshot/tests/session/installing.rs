use std::time::Duration;

use forebay_snapshot::{Phase, SessionError, SessionOutput};

use crate::catalogue::Catalogue;
use crate::host::{Host, MS, anchor, config};
use crate::{Event, Message};

/// A host that has everything and waits for the state to be installed.
fn installing(providers: usize) -> (Host, Catalogue) {
    let catalogue = Catalogue::with_chunks(5);
    let mut host = Host::listing(config(), providers, &catalogue);
    host.serve(&catalogue);
    assert_eq!(host.session.phase(), Phase::Installing);
    (host, catalogue)
}

fn replayed(host: &mut Host) -> Vec<u64> {
    host.session.handle_installed(host.now);
    host.poll();
    let replay = host.replay.take().unwrap();
    assert!(
        replay
            .iter()
            .all(|entry| entry.entry == entry.sequence.get())
    );
    replay.iter().map(|entry| entry.sequence.get()).collect()
}

#[test]
fn only_what_comes_after_the_anchor_is_replayed_without_a_gap() {
    let (mut host, _) = installing(1);
    host.entries(5, 10);
    assert_eq!(replayed(&mut host), [11, 12, 13, 14]);
}

/// Entries that came again, or with a gap, ended the process.
#[test]
fn entries_that_come_again_with_gaps_or_from_another_term_do_no_harm() {
    let (mut host, _) = installing(1);
    host.entries(9, 4);
    host.entries(9, 5);
    host.entries(40, 3);
    host.entries(1, 3);
    host.entries(u64::MAX, 1);
    let other_term = [(2, 13), (2, 14)];
    host.session
        .handle_entries(host.now, anchor(12), other_term);
    assert_eq!(replayed(&mut host), [11, 12, 13, 14]);
}

#[test]
fn entries_that_come_while_it_is_installed_are_replayed_as_far_as_there_is_room() {
    let catalogue = Catalogue::with_chunks(5);
    let mut host = Host::listing(config().entries_max(8), 1, &catalogue);
    host.entries(9, 4);
    host.serve(&catalogue);
    host.entries(13, 100);
    assert_eq!(host.session.phase(), Phase::Installing);
    assert_eq!(replayed(&mut host), [11, 12, 13, 14, 15, 16, 17, 18]);
}

#[test]
fn without_entries_nothing_is_replayed() {
    let (mut host, _) = installing(1);
    assert_eq!(replayed(&mut host), [0; 0]);
    let (mut host, _) = installing(1);
    host.entries(12, 3);
    assert_eq!(replayed(&mut host), [0; 0], "there would be a gap");
}

#[test]
fn an_empty_state_needs_no_fetch() {
    let catalogue = Catalogue::of(&[]);
    let mut host = Host::new(config(), 1);
    host.offer("a", anchor(10), catalogue.root());
    assert_eq!(host.fetches(), []);
    host.finish(anchor(10), &catalogue);
}

#[test]
fn a_state_that_was_not_installed_is_handed_over_once_more() {
    let (mut host, catalogue) = installing(1);
    host.session.handle_install_failed(host.now);
    host.poll();
    assert_eq!(host.installs.len(), 2);
    assert_eq!(host.installs[0], host.installs[1]);
    assert!(host.fetches().is_empty(), "nothing is fetched for that");
    assert_eq!(host.installs[1].1, catalogue.items);
    host.session.handle_install_failed(host.now);
    host.poll();
    assert!(matches!(host.error, Some(SessionError::Install)));
    assert_eq!(host.released(anchor(10)), ["a"]);
}

#[test]
fn however_long_it_takes_to_install_the_session_waits_and_says_so() {
    let (mut host, catalogue) = installing(1);
    host.pass(Duration::from_secs(3_600));
    assert_eq!(host.session.phase(), Phase::Installing);
    assert!(
        host.events
            .iter()
            .any(|event| matches!(event, Event::InstallPending { .. }))
    );
    host.finish(anchor(10), &catalogue);
}

#[test]
fn every_provider_learns_that_it_is_over_however_it_ends() {
    let (mut host, catalogue) = installing(3);
    host.finish(anchor(10), &catalogue);
    assert_eq!(host.released(anchor(10)), ["a", "b", "c"]);

    let mut host = Host::listing(config(), 3, &catalogue);
    host.session.cancel(host.now);
    host.poll();
    assert!(matches!(host.error, Some(SessionError::Cancelled)));
    assert_eq!(host.released(anchor(10)), ["a", "b", "c"]);
    host.session.cancel(host.now);
    host.poll();
    assert!(host.sent.is_empty());
}

#[test]
fn an_offer_that_comes_too_late_is_answered() {
    let (mut host, catalogue) = installing(2);
    host.finish(anchor(10), &catalogue);
    host.sent.clear();
    host.offer("b", anchor(30), catalogue.root());
    assert_eq!(host.released(anchor(30)), ["b"]);
    assert_eq!(host.session.phase(), Phase::Done);
}

#[test]
fn whoever_offered_another_snapshot_learns_it_too() {
    let catalogue = Catalogue::with_chunks(5);
    let mut host = Host::listing(config(), 2, &catalogue);
    host.offer("b", anchor(11), catalogue.root());
    host.serve(&catalogue);
    host.finish(anchor(10), &catalogue);
    assert_eq!(host.released(anchor(11)), ["b"]);
}

#[test]
fn a_deadline_ends_the_session_in_any_phase_but_installing() {
    let catalogue = Catalogue::with_chunks(5);
    let limited = || config().deadline(Duration::from_secs(5));
    let hosts = [
        Host::new(limited(), 2),
        Host::listing(limited(), 2, &catalogue),
    ];
    for mut host in hosts {
        host.pass(Duration::from_secs(5) - MS);
        assert!(host.error.is_none());
        host.pass(MS);
        assert!(matches!(host.error, Some(SessionError::Deadline)));
    }
    let mut host = Host::listing(limited(), 2, &catalogue);
    host.serve(&catalogue);
    host.pass(Duration::from_secs(60));
    host.finish(anchor(10), &catalogue);
}

#[test]
fn chunks_are_decoded_as_many_at_once_as_the_host_likes() {
    let catalogue = Catalogue::with_chunks(5);
    let mut host = Host::listing(config(), 1, &catalogue);
    while host.session.progress().items < 500 {
        for fetch in host.fetches() {
            let message = Message::Data {
                id: fetch.id,
                bytes: catalogue.piece(fetch.piece),
            };
            host.session.handle_message(host.now, "a", message).unwrap();
            assert_eq!(
                host.session.poll_timeout(),
                Some(host.now),
                "there is something to do"
            );
        }
        while let Some(output) = host.session.poll_output() {
            if let SessionOutput::Send { to, message } = output {
                host.sent.push((to, message));
            }
        }
    }
    let mut calls = 1;
    while host.session.work(host.now, 100) {
        calls += 1;
    }
    assert!((5..=6).contains(&calls), "{calls}");
    host.poll();
    host.finish(anchor(10), &catalogue);
}

#[test]
fn progress_tells_phase_items_bytes_and_providers() {
    let (mut host, catalogue) = installing(2);
    host.finish(anchor(10), &catalogue);
    let phases = host.progress.iter().map(|progress| progress.phase);
    assert!(phases.is_sorted(), "they follow each other");
    assert_eq!(host.progress.last().unwrap().phase, Phase::Done);
    let whole = host
        .progress
        .iter()
        .find(|progress| progress.phase == Phase::Installing)
        .unwrap();
    assert_eq!((whole.items, whole.items_total), (500, Some(500)));
    let bytes = catalogue.bytes() as u64;
    assert_eq!((whole.bytes, whole.bytes_total), (bytes, Some(bytes)));
    assert!(host.progress.iter().any(|progress| progress.providers == 2));
}
