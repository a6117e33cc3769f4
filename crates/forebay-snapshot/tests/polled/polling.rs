use std::sync::Arc;
use std::time::Duration;

use forebay_core::Sequence;
use forebay_snapshot::{Absence, ConfigError, Message, NotTaken, PolledProvider, ProviderConfig};

use crate::desk::{Desk, Office, State, Wakes, at, request, secs, state};

#[test]
fn without_anything_to_wait_for_there_is_no_timer_and_nobody_is_woken() {
    let mut office = Office::<State>::new();
    for _ in 0..1_000 {
        assert!(office.poll().is_pending());
        office.pass(secs(1));
    }
    assert_eq!(office.desk.timer, None);
    assert_eq!(office.provider.usage().timers, 0);
    assert_eq!(office.wakes.count(), 0);
}

#[test]
fn however_often_it_is_polled_it_keeps_one_waker() {
    let mut office = Office::<State>::new();
    let wakes = Arc::clone(&office.wakes);
    for _ in 0..1_000 {
        assert!(office.poll().is_pending());
    }
    // Those of the test, of the office, and the one that is kept.
    assert_eq!(Arc::strong_count(&wakes), 3);

    let last = Arc::new(Wakes::default());
    assert!(office.poll_as(&last).is_pending());
    assert_eq!(Arc::strong_count(&wakes), 2);
    for nonce in 0..3 {
        office.provider.receive(1, request(nonce)).unwrap();
    }
    assert_eq!((wakes.count(), last.count()), (0, 1));
    assert_eq!(Arc::strong_count(&last), 1);
}

#[test]
fn a_state_that_is_handed_in_wakes_too() {
    let mut office = Office::new();
    assert!(office.poll().is_pending());
    office.take(1, at(5), state(10));
    assert_eq!(office.wakes.count(), 1);
}

#[test]
fn a_poll_is_ready_as_long_as_there_is_more_to_do() {
    let mut office = Office::new();
    office.provider.receive(1, request(1)).unwrap();
    office.provider.receive(2, request(2)).unwrap();
    assert_eq!(office.provider.waiting(), 2);
    assert!(office.poll().is_ready());
    assert_eq!(office.provider.waiting(), 1);
    assert!(office.poll().is_ready());
    assert!(office.poll().is_pending());

    // Cut a little at a time.
    let before = office.desk.sent.len();
    office.take(1, at(5), state(100_000));
    assert!(office.settle() > 10);
    assert!(office.desk.sent.len() > before);
}

#[test]
fn there_is_one_timer_for_all_snapshots() {
    let mut office = Office::new();
    let begin = office.desk.now;
    for number in 1..=4 {
        office.offer(1, at(number), state(number));
        office.pass(secs(1));
    }
    assert_eq!(office.snapshots(), 4);
    // Each lives for ten seconds, and was taken one second after the one before it.
    for left in (0..4).rev() {
        let next = office.desk.timer.unwrap();
        assert_eq!(next, begin + secs(13 - left));
        office.desk.now = next - Duration::from_nanos(1);
        assert!(office.poll().is_pending());
        assert_eq!(office.snapshots() as u64, left + 1);
        office.desk.now = next;
        office.settle();
        assert_eq!(office.snapshots() as u64, left);
    }
    while let Some(next) = office.desk.timer {
        office.desk.now = next;
        office.settle();
    }
    assert_eq!(office.provider.usage().timers, 0);
    assert_eq!(
        office.wakes.count(),
        3,
        "by each state but the first, before which nobody polled"
    );
}

#[test]
fn what_has_expired_is_gone_after_a_poll_that_had_other_things_to_do() {
    let mut office = Office::new();
    office.offer(1, at(5), state(10));
    office.pass(secs(10));
    office.provider.receive(2, request(1)).unwrap();
    office.provider.receive(3, request(2)).unwrap();
    assert_eq!(office.snapshots(), 1);
    assert!(office.poll().is_ready());
    assert_eq!(office.snapshots(), 0);
    assert_eq!(office.provider.waiting(), 1);
}

#[test]
fn a_message_is_looked_at_when_it_is_polled_and_not_as_of_the_poll_before() {
    let mut office = Office::new();
    let (root, _) = office.offer(1, at(5), state(10));
    let fetch = Message::Fetch {
        id: 1,
        anchor: at(5),
        root,
        piece: forebay_snapshot::Piece::Index,
    };
    office.pass(secs(10));
    let why = Absence::Expired;
    assert_eq!(office.ask(1, fetch), Message::Gone { id: 1, why });
}

#[test]
fn a_timer_ahead_of_the_clock_is_believed() {
    let mut office = Office::new();
    office.offer(1, at(5), state(10));
    office.desk.rings = true;
    assert!(office.settle() < 10);
    assert_eq!(office.snapshots(), 0);
}

#[test]
fn a_timer_that_rings_for_nothing_does_not_keep_it_busy() {
    let mut office = Office::<State>::new();
    office.desk.rings = true;
    assert!(office.poll().is_pending());
}

#[test]
fn messages_wait_in_bounded_number() {
    let mut office = Office::<State>::with(ProviderConfig::new().outputs_max(2));
    office.provider.receive(1, request(1)).unwrap();
    office.provider.receive(2, request(2)).unwrap();
    let refused = office.provider.receive(3, request(3));
    assert_eq!(refused, Err(NotTaken::Full(request(3))));
    office.settle();
    assert_eq!(office.provider.receive(3, request(3)), Ok(()));
}

#[test]
fn answers_are_left_to_the_session() {
    let mut office = Office::<State>::new();
    let why = Absence::Unknown;
    let answer = Message::Gone { id: 1, why };
    let refused = office.provider.receive(1, answer.clone());
    assert_eq!(refused, Err(NotTaken::ForSession(answer)));
    assert!(office.poll().is_pending());
    assert_eq!(office.provider.waiting(), 0);
}

#[test]
fn the_log_is_kept_for_those_who_fetch() {
    let mut office = Office::with(ProviderConfig::new().trailing(10));
    office.provider.committed(at(100));
    let committed = Sequence::new(200);
    assert_eq!(office.provider.safe_to_prune_prefix(committed).get(), 190);
    office.desk.committed = 200;
    office.offer(1, at(150), state(10));
    let committed = Sequence::new(300);
    assert_eq!(office.provider.safe_to_prune_prefix(committed).get(), 150);
    office.pass(secs(10));
    office.settle();
    assert_eq!(office.provider.safe_to_prune_prefix(committed).get(), 290);
}

#[test]
fn settings_under_which_nothing_happens_are_refused() {
    let config = ProviderConfig::new().snapshots_max(0);
    let refused = PolledProvider::<State, u32>::new(config, &Desk::new());
    let setting = "snapshots_max";
    assert_eq!(refused.unwrap_err(), ConfigError::Zero { setting });
}
