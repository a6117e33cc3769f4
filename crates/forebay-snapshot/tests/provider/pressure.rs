//! Windows, rates, queues, and what the transport could not send.

use std::time::Duration;

use forebay_snapshot::{
    Absence, Message, NotTaken, Piece, ProviderConfig, ProviderEvent, ProviderOutput, Unsent,
};

use crate::rig::{Offered, Rig, absence_of, at, chunks, secs, state};

fn fetch(offered: &Offered, id: u64, piece: Piece) -> Message<u32> {
    let Offered { anchor, root, .. } = *offered;
    Message::Fetch {
        id,
        anchor,
        root,
        piece,
    }
}

fn busy(millis: u64) -> Option<Absence> {
    let retry_after = Duration::from_millis(millis);
    Some(Absence::Busy { retry_after })
}

#[test]
fn a_follower_may_have_so_many_answers_waiting_and_no_more() {
    let mut rig = Rig::with(ProviderConfig::new().window(4));
    let offered = rig.offer(1, at(42), state(100));
    for id in 0..6 {
        rig.tell(1, fetch(&offered, id, Piece::Index));
    }
    rig.tell(2, fetch(&offered, 6, Piece::Index));
    let sent = rig.sent();
    let absences: Vec<_> = sent
        .iter()
        .map(|(_, message)| absence_of(message))
        .collect();
    assert_eq!(absences[..4], [None; 4]);
    assert_eq!(absences[4..6], [busy(100); 2]);
    assert_eq!(absences[6], None, "that is another follower");
    assert!(rig.serves(1, &offered), "all have been sent");
}

#[test]
fn a_follower_fetches_no_faster_than_it_may() {
    let rate = 100_000;
    let mut rig = Rig::with(ProviderConfig::new().follower_bytes_per_second(rate));
    let offered = rig.offer(1, at(42), state(20_000));
    let served = serve_for(&mut rig, &offered, &[1], secs(60));
    let allowed = 60 * rate;
    let slack = 100_000;
    assert!(
        served <= allowed + slack,
        "{served} bytes, {allowed} allowed"
    );
    assert!(
        served >= allowed - slack,
        "{served} bytes, {allowed} allowed"
    );
}

#[test]
fn all_followers_together_fetch_no_faster_than_they_may() {
    let rate = 100_000;
    let config = ProviderConfig::new()
        .follower_bytes_per_second(rate)
        .total_bytes_per_second(2 * rate);
    let mut rig = Rig::with(config);
    let offered = rig.offer(1, at(42), state(20_000));
    let served = serve_for(&mut rig, &offered, &[1, 2, 3, 4], secs(60));
    let allowed = 60 * 2 * rate;
    let slack = 200_000;
    assert!(
        served <= allowed + slack,
        "{served} bytes, {allowed} allowed"
    );
    assert!(
        served >= allowed - slack,
        "{served} bytes, {allowed} allowed"
    );
}

/// Lets followers fetch as fast as they can, and returns how many bytes they get.
fn serve_for(rig: &mut Rig, offered: &Offered, followers: &[u32], time: Duration) -> u64 {
    let end = rig.now + time;
    let mut served = 0;
    while rig.now < end {
        let mut wait = time;
        for &follower in followers {
            match rig.fetch(follower, offered, chunks(0, 1)) {
                Message::Data { bytes, .. } => {
                    served += bytes.len() as u64;
                    wait = Duration::ZERO;
                }
                Message::Gone {
                    why: Absence::Busy { retry_after },
                    ..
                } => {
                    assert!(!retry_after.is_zero());
                    wait = wait.min(retry_after);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(served < 1 << 27, "nothing holds them back");
        rig.pass(wait);
    }
    served
}

#[test]
fn the_time_after_which_to_come_back_is_exact() {
    let mut rig = Rig::with(ProviderConfig::new().follower_bytes_per_second(10));
    let offered = rig.offer(1, at(42), state(100));
    assert!(rig.serves(1, &offered));
    let gone = rig.fetch(1, &offered, Piece::Index);
    let Some(Absence::Busy { retry_after }) = absence_of(&gone) else {
        panic!("{gone:?}");
    };
    rig.pass(retry_after - Duration::from_nanos(1));
    assert!(!rig.serves(1, &offered));
    rig.pass(Duration::from_nanos(1));
    assert!(rig.serves(1, &offered));
}

#[test]
fn a_follower_does_not_get_rid_of_its_debt_by_saying_that_it_is_done() {
    let mut rig = Rig::with(ProviderConfig::new().follower_bytes_per_second(1));
    let offered = rig.offer(1, at(42), state(100));
    let (anchor, root) = (offered.anchor, offered.root);
    assert!(rig.serves(1, &offered));
    rig.tell(1, Message::Done { anchor, root });
    assert!(!rig.serves(1, &offered));
}

#[test]
fn messages_are_not_taken_while_too_many_wait_to_be_sent() {
    let mut rig = Rig::with(ProviderConfig::new().outputs_max(3));
    let offered = rig.offer(1, at(42), state(100));
    for id in 0..3 {
        rig.tell(1, fetch(&offered, id, Piece::Page(9)));
    }
    let message = fetch(&offered, 3, Piece::Index);
    let taken = rig.provider.handle_message(rig.now, 1, message.clone());
    assert_eq!(taken, Err(NotTaken::Full(message)));
    assert_eq!(rig.sent().len(), 3);
    assert!(rig.serves(1, &offered));
}

#[test]
fn queued_data_never_takes_more_bytes_than_allowed() {
    let max = 2 << 20;
    let config = ProviderConfig::new()
        .queued_bytes_max(max)
        .window(100)
        .outputs_max(1_000);
    let mut rig = Rig::with(config);
    let offered = rig.offer(1, at(42), state(120_000));
    for id in 0..100 {
        rig.tell(1, fetch(&offered, id, chunks(id, 1)));
        assert!(rig.provider.usage().queued_bytes <= max);
    }
    let sent = rig.sent();
    assert_eq!(sent.len(), 100);
    assert!(
        sent.iter()
            .any(|(_, message)| absence_of(message) == busy(100))
    );
    assert_eq!(rig.provider.usage().queued_bytes, 0);
}

#[test]
fn what_a_full_transport_did_not_take_comes_back_a_little_later() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    let data = rig.fetch(1, &offered, Piece::Index);
    for _ in 0..3 {
        rig.provider
            .handle_unsent(rig.now, 1, data.clone(), Unsent::Full);
        assert_eq!(
            rig.sent(),
            [],
            "not at once, or the host would turn in circles"
        );
        assert_eq!(rig.provider.usage().queued, 1);
        rig.pass_awake(Duration::from_millis(100));
        assert_eq!(rig.sent(), [(1, data.clone())]);
    }
    assert_eq!(rig.provider.usage().queued_bytes, 0);
}

#[test]
fn what_a_full_transport_did_not_take_is_dropped_when_there_is_too_much_of_it() {
    let mut rig = Rig::with(ProviderConfig::new().outputs_max(2));
    let offered = rig.offer(1, at(42), state(100));
    let data = rig.fetch(1, &offered, Piece::Index);
    rig.outputs();
    for _ in 0..3 {
        rig.provider
            .handle_unsent(rig.now, 1, data.clone(), Unsent::Full);
    }
    assert_eq!(rig.provider.usage().queued, 2);
    assert_eq!(rig.events(), [ProviderEvent::Unsent { to: 1 }]);
}

#[test]
fn what_is_too_large_to_be_sent_is_halved_until_a_single_chunk_is_too_large() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(20_000));
    let mut lens = Vec::new();
    let why = loop {
        let message = rig.fetch(1, &offered, chunks(0, 100));
        let Message::Data { bytes, .. } = &message else {
            break absence_of(&message);
        };
        lens.push(bytes.len());
        assert!(lens.len() < 30, "it does not get less: {lens:?}");
        rig.provider
            .handle_unsent(rig.now, 1, message, Unsent::TooLarge);
        let sent = rig.sent();
        assert_eq!(absence_of(&sent[0].1), busy(0), "it may ask again at once");
        assert_eq!(sent.len(), 1);
    };
    assert_eq!(why, Some(Absence::ItemTooLarge));
    assert!(lens.len() > 2);
    let Message::Data { bytes: single, .. } = rig.fetch(2, &offered, chunks(0, 1)) else {
        panic!("another follower gets it");
    };
    let single_at = lens.len() - 1;
    assert_eq!(lens[single_at], single.len(), "it cannot be less");
    assert!(
        lens[..single_at].is_sorted_by(|more, less| less * 2 <= *more),
        "{lens:?}"
    );
    assert!(rig.serves(2, &offered), "for others nothing has changed");
}

#[test]
fn a_closed_transport_means_that_the_peer_is_gone() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    rig.tell(1, fetch(&offered, 1, Piece::Index));
    rig.tell(1, fetch(&offered, 2, Piece::Index));
    rig.tell(2, fetch(&offered, 3, Piece::Index));
    let Some(ProviderOutput::Send { to, message }) = rig.provider.poll_output() else {
        panic!();
    };
    rig.provider
        .handle_unsent(rig.now, to, message, Unsent::Closed);
    let to: Vec<_> = rig.sent().into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, [2]);
    assert_eq!(rig.provider.usage().followers, 1);
    assert_eq!(rig.provider.usage().queued_bytes, 0);
}

#[test]
fn what_was_to_be_sent_again_is_dropped_with_a_peer_that_is_gone() {
    let mut rig = Rig::new();
    let offered = rig.offer(1, at(42), state(100));
    let data = rig.fetch(1, &offered, Piece::Index);
    rig.provider.handle_unsent(rig.now, 1, data, Unsent::Full);
    rig.provider.handle_peer_gone(rig.now, &1);
    assert_eq!(rig.provider.usage().queued_bytes, 0);
    rig.pass_awake(secs(1));
    assert_eq!(rig.sent(), []);
}
