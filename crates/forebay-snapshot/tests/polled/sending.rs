use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::{Absence, Hash, Message, Piece, ProviderConfig, SendError};

use crate::desk::{Link, Office, State, at, request, secs, state};

const fn chunk(id: u64, root: Hash, anchor: forebay_snapshot::Anchor) -> Message<u32> {
    let piece = Piece::Chunks {
        first: 0,
        count: 100,
    };
    Message::Fetch {
        id,
        anchor,
        root,
        piece,
    }
}

#[test]
fn what_there_is_no_room_for_is_sent_in_the_next_poll() {
    let mut office = Office::<State>::new();
    office.desk.leader = Some(3);
    office.desk.links.insert(1, Link::Full);
    office.provider.receive(1, request(1)).unwrap();
    assert!(office.poll().is_ready());
    assert_eq!((office.desk.tried, office.desk.sent.len()), (1, 0));

    office.desk.links.clear();
    assert!(office.poll().is_ready());
    assert_eq!((office.desk.tried, office.desk.sent.len()), (2, 1));
    assert!(office.poll().is_pending());
    office.pass(secs(1));
    assert!(office.poll().is_pending());
    assert_eq!(office.desk.tried, 2);
}

#[test]
fn what_found_no_room_counts_as_queued_until_it_is_sent() {
    let mut office = Office::new();
    let anchor = at(5);
    let (root, _) = office.offer(1, anchor, state(20_000));
    office.desk.links.insert(1, Link::Full);
    office.provider.receive(1, chunk(2, root, anchor)).unwrap();
    assert!(office.poll().is_ready());
    let usage = office.provider.usage();
    assert_eq!(usage.queued, 1);
    assert!(usage.queued_bytes > 10_000, "{usage:?}");

    office.desk.links.clear();
    assert!(office.poll().is_ready());
    let usage = office.provider.usage();
    assert_eq!((usage.queued, usage.queued_bytes), (0, 0));
}

#[test]
fn as_long_as_there_is_no_room_it_is_tried_from_time_to_time() {
    let mut office = Office::<State>::new();
    office.desk.leader = Some(3);
    office.desk.links.insert(1, Link::Full);
    office.provider.receive(1, request(1)).unwrap();
    assert!(office.settle() < 5);
    let tried = office.desk.tried;
    for _ in 0..10 {
        let next = office.desk.timer.unwrap();
        assert_eq!(next - office.desk.now, Duration::from_millis(100));
        office.desk.now = next;
        assert!(office.settle() < 5);
    }
    assert_eq!(office.desk.tried, tried + 20);
    assert_eq!(office.provider.usage().queued, 1);

    office.desk.links.clear();
    office.desk.now = office.desk.timer.unwrap();
    assert_eq!(office.sent().len(), 1);
    assert_eq!(office.provider.usage().queued, 0);
}

#[test]
fn where_nothing_can_be_sent_messages_wait_and_are_answered_later() {
    let mut office = Office::<State>::with(ProviderConfig::new().outputs_max(1));
    office.desk.leader = Some(3);
    office.desk.links.insert(1, Link::Full);
    office.provider.receive(1, request(1)).unwrap();
    office.settle();
    office.provider.receive(2, request(2)).unwrap();
    assert!(office.settle() < 5);
    assert_eq!(office.provider.waiting(), 1);

    office.desk.links.clear();
    office.desk.now = office.desk.timer.unwrap();
    let to = office.sent().into_iter().map(|(to, _)| to);
    assert_eq!(to.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(office.provider.waiting(), 0);
}

#[test]
fn who_cannot_be_sent_as_much_gets_half_of_it_until_nothing_fits() {
    let mut office = Office::new();
    let anchor = at(5);
    let (root, _) = office.offer(1, anchor, state(20_000));
    let len = |message: &Message<u32>| match message {
        Message::Data { bytes, .. } => bytes.len(),
        other => panic!("{other:?} has no data"),
    };
    let whole = len(&office.ask(1, chunk(1, root, anchor)));
    office.desk.links.insert(1, Link::Narrow(whole - 1));
    let retry_after = Duration::ZERO;
    let why = Absence::Busy { retry_after };
    let answer = office.ask(1, chunk(2, root, anchor));
    assert_eq!(answer, Message::Gone { id: 2, why });
    let half = len(&office.ask(1, chunk(3, root, anchor)));
    assert!(half <= whole / 2, "{half} of {whole}");

    office.desk.links.insert(1, Link::Narrow(100));
    let mut asked = 0;
    let why = loop {
        asked += 1;
        assert!(asked < 30);
        match office.ask(1, chunk(10 + asked, root, anchor)) {
            Message::Gone { why, .. } if why != (Absence::Busy { retry_after }) => break why,
            Message::Gone { .. } => {}
            other => panic!("{other:?} does not fit"),
        }
    };
    assert_eq!(why, Absence::ItemTooLarge);
    assert_eq!(len(&office.ask(2, chunk(50, root, anchor))), whole);
}

#[test]
fn a_chunk_that_just_fits_is_sent_though_half_of_what_did_not_is_less() {
    let len_of = |office: &mut Office, fetch| match office.ask(1, fetch) {
        Message::Data { bytes, .. } => Ok(bytes.len()),
        Message::Gone { why, .. } => Err(why),
        other => panic!("{other:?} answers no fetch"),
    };
    let anchor = at(5);
    let piece = Piece::Chunks { first: 0, count: 1 };
    for more in 0..20 {
        let mut office = Office::new();
        let (root, _) = office.offer(1, anchor, state(20_000));
        let id = 1;
        let single = Message::Fetch {
            id,
            anchor,
            root,
            piece,
        };
        let single = len_of(&mut office, single).unwrap();
        let link = Link::Narrow(single + single * more / 20);
        office.desk.links.insert(1, link);
        let mut fetches = (2..30).map(|id| len_of(&mut office, chunk(id, root, anchor)));
        let busy = Absence::Busy {
            retry_after: Duration::ZERO,
        };
        let first = fetches.find(|answer| *answer != Err(busy));
        assert!(matches!(first, Some(Ok(_))), "{first:?} at {more}");
    }
}

#[test]
fn a_piece_that_cannot_be_less_is_tried_once() {
    for piece in [Piece::Index, Piece::Page(0)] {
        let mut office = Office::new();
        let anchor = at(5);
        let (root, _) = office.offer(1, anchor, state(20_000));
        office.desk.links.insert(1, Link::Narrow(10));
        let mut ask = |id| {
            let fetch = Message::Fetch {
                id,
                anchor,
                root,
                piece,
            };
            office.ask(1, fetch)
        };
        let retry_after = Duration::ZERO;
        let why = Absence::Busy { retry_after };
        assert_eq!(ask(1), Message::Gone { id: 1, why });
        let why = Absence::ItemTooLarge;
        assert_eq!(ask(2), Message::Gone { id: 2, why });
    }
}

#[test]
fn a_peer_that_cannot_be_reached_is_forgotten() {
    let mut office = Office::with(ProviderConfig::new().trailing(10));
    office.desk.committed = 200;
    office.offer(1, at(150), state(10));
    let committed = Sequence::new(300);
    assert_eq!(office.provider.usage().followers, 1);
    assert_eq!(office.provider.safe_to_prune_prefix(committed).get(), 150);

    office.desk.links.insert(1, Link::Closed);
    office.provider.receive(1, request(9)).unwrap();
    assert!(office.sent().is_empty());
    assert_eq!(office.provider.usage().followers, 0);
    assert_eq!(office.provider.usage().queued, 0);
    assert_eq!(office.provider.safe_to_prune_prefix(committed).get(), 290);
}

#[test]
fn a_peer_that_is_gone_before_it_is_tried_again_is_forgotten_too() {
    let mut office = Office::new();
    office.desk.links.insert(1, Link::Full);
    office.take(1, at(5), state(10));
    while office.desk.tried == 0 {
        assert!(office.poll().is_ready());
    }
    office.desk.links.insert(1, Link::Closed);
    office.settle();
    assert_eq!(office.provider.usage().followers, 0);
    assert_eq!(office.desk.tried, 2);
}

#[test]
fn errors_are_told_apart() {
    let why = Absence::Unknown;
    let message = Message::<u32>::Gone { id: 1, why };
    let errors = [
        SendError::Full(message.clone()),
        SendError::TooLarge(message),
        SendError::Closed,
    ];
    let texts = errors.map(|error| error.to_string());
    assert_eq!(
        texts,
        [
            "there is no room for the message now",
            "message is larger than can be sent to that peer",
            "peer cannot be reached",
        ]
    );
}
