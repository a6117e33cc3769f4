//! Feeds are closed by their token, or one by one: those and no others, and at once.

use forebay_events::{FeedError, Reason, Token};

use crate::scene::Seen::{End, Piece};
use crate::scene::{Reader, Scene};

fn revoked() -> FeedError<crate::source::Broken> {
    FeedError::ForceClosed(Reason::Revoked)
}

#[test]
fn forced_close_wins_over_events_that_are_ready() {
    let mut scene = Scene::new();
    let token = Token::from("session");
    let mut reader = scene.subscribe(Scene::request(7).token(&token));
    scene.runtime.run();
    reader.all();
    scene.publish(1, 7);
    assert_eq!(scene.hub.force_close(&token), 1);
    assert_eq!(reader.end(), revoked());
}

#[test]
fn forced_close_wakes_the_feeds_of_the_token_and_no_others() {
    let scene = Scene::new();
    let token = Token::from("session");
    let follow = |key, token| {
        let mut reader = scene.subscribe(Scene::request(key).token(token));
        scene.runtime.run();
        reader.all();
        reader.waits();
        reader
    };
    let mut closed = [follow(7, &token), follow(7, &token), follow(8, &token)];
    let mut others = [
        follow(7, &Token::from("other session")),
        scene.caught_up(7),
        scene.caught_up(8),
    ];
    others.iter_mut().for_each(Reader::waits);
    assert_eq!(scene.hub.force_close(&Token::from("session")), 3);
    for reader in &mut closed {
        assert!(reader.is_woken());
        assert_eq!(reader.end(), revoked());
    }
    for reader in &mut others {
        assert!(!reader.is_woken());
        reader.waits();
    }
    assert_eq!(scene.hub.force_close(&token), 0);
    assert_eq!(scene.stats().force_closed, 3);
    assert_eq!(scene.stats().feeds, 3);
}

#[test]
fn forced_close_reaches_those_who_wait_for_a_snapshot() {
    let scene = Scene::by_hand();
    let token = Token::from("session");
    let mut reader = scene.subscribe(Scene::request(7).token(&token));
    let mut other = scene.follow(7);
    let build = scene.build(0);
    reader.waits();
    other.waits();
    scene.hub.force_close(&token);
    assert!(reader.is_woken());
    assert!(!other.is_woken());
    assert_eq!(reader.end(), revoked());
    build.end(1);
    scene.runtime.run();
    assert_eq!(other.all(), [End(1)]);
}

#[test]
fn forced_close_wins_over_a_snapshot_that_is_ready() {
    let scene = Scene::by_hand();
    let token = Token::from("session");
    let mut reader = scene.subscribe(Scene::request(7).token(&token));
    let build = scene.build(0);
    build.write([(7, 1)]);
    build.end(1);
    scene.runtime.run();
    scene.hub.force_close(&token);
    assert_eq!(reader.end(), revoked());
}

#[test]
fn forced_close_wins_over_the_first_frame_of_a_stale_subscriber() {
    let scene = Scene::new();
    let token = Token::from("session");
    let stale = Scene::new().caught_up(7).cursor();
    let request = Scene::request(7).token(&token).resume(stale);
    let mut reader = scene.subscribe(request);
    scene.hub.force_close(&token);
    assert_eq!(reader.end(), revoked());
}

#[test]
fn feed_can_be_closed_after_it_went_from_its_snapshot_to_the_events() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    let closer = reader.feed.closer();
    let build = scene.build(0);
    build.write([(7, 1)]);
    build.end(1);
    scene.runtime.run();
    assert_eq!(reader.all(), [Piece(7, 1), End(1)]);
    reader.waits();
    scene.publish(2, 7);
    assert!(closer.close(Reason::Other("too many".into())));
    assert!(reader.is_woken());
    let error = FeedError::ForceClosed(Reason::Other("too many".into()));
    assert_eq!(reader.end(), error);
    assert_eq!(error.to_string(), "the feed was closed: too many");
}

#[test]
fn closer_of_a_feed_that_is_gone_does_nothing() {
    let scene = Scene::new();
    let mut reader = scene.caught_up(7);
    let closers = [reader.feed.closer(), reader.feed.closer()];
    assert!(closers[0].close(Reason::Revoked));
    assert!(!closers[1].close(Reason::ShuttingDown));
    assert_eq!(reader.end(), revoked());
    assert!(!reader.feed.closer().close(Reason::ShuttingDown));
    let mut other = scene.caught_up(7);
    let closer = other.feed.closer();
    drop(other);
    assert!(!closer.close(Reason::Revoked));
}

#[test]
fn token_of_feeds_that_are_gone_is_forgotten() {
    let scene = Scene::new();
    let token = Token::from("session");
    let readers = [7, 8].map(|key| scene.subscribe(Scene::request(key).token(&token)));
    drop(readers);
    assert_eq!(scene.hub.force_close(&token), 0);
}

#[test]
fn token_may_be_used_again_after_it_was_closed() {
    let scene = Scene::new();
    let token = Token::from("session");
    let first = scene.subscribe(Scene::request(7).token(&token));
    scene.hub.force_close(&token);
    let mut second = scene.subscribe(Scene::request(7).token(&token));
    scene.runtime.run();
    assert_eq!(second.all(), [End(0)]);
    drop(first);
    assert_eq!(scene.hub.force_close(&token), 1);
}

#[test]
fn token_does_not_show_its_name() {
    assert!(!format!("{:?}", Token::from("secret")).contains("secret"));
}
