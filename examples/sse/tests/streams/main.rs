//! What clients see, over real connections.
//!
//! * Whoever comes back with the last id gets everything after it, once, wherever it was cut off.
//! * Only what ends a sequence, or a snapshot, has an id.
//! * A newcomer, and whoever was away for too long, starts from a snapshot, and is told which.
//! * A client that is too slow is told so, and starts from a snapshot when it comes back.
//! * Nothing that a client sends, as an id or as anything else, does harm, nor does much of it.
//! * Silent streams are kept alive, those whose client has left are given up, and all of them end
//!   with the server.

mod client;
mod resume;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use forebay_events::Retention;
use forebay_example_sse::board::{Board, Change, KEY_BYTES_MAX, VALUE_BYTES_MAX, VALUES_MAX};
use forebay_example_sse::{server, sse};
use http_body_util::BodyExt;
use hyper::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{Message, Stream, ask};

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What the last change of a test says.
const LAST: &str = "last";

struct Server {
    address: SocketAddr,
    board: Arc<Board>,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(retention: Retention) -> Self {
        let board = Arc::new(Board::new(retention).unwrap());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (shutdown, told) = oneshot::channel();
        let address = listener.local_addr().unwrap();
        let told = async {
            // A test that forgets the sender wants the server to run on.
            if told.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let task = tokio::spawn(server::serve(
            listener,
            Arc::clone(&board),
            KEEP_ALIVE,
            told,
        ));
        Self {
            address,
            board,
            shutdown,
            task,
        }
    }

    async fn open(&self, path: &str, last: Option<&str>) -> Stream {
        Stream::open(self.address, path, last).await
    }

    /// Opens a stream and reads its snapshot; returns the id at the end of it too.
    async fn follow(&self, path: &str) -> (Stream, String) {
        let mut stream = self.open(path, None).await;
        loop {
            let message = stream.next_event().await.unwrap();
            if message.name() == "end-of-snapshot" {
                return (stream, message.id().unwrap().to_owned());
            }
        }
    }
}

fn change(key: &str, value: impl ToString) -> Change {
    Change {
        key: key.to_owned(),
        value: value.to_string(),
    }
}

#[tokio::test]
async fn newcomer_gets_what_there_is_and_then_what_changes() {
    let server = Server::start(Retention::READERS).await;
    server
        .board
        .set(vec![change("pear", 1), change("apple", 1)])
        .unwrap();
    server.board.set(vec![change("apple", 2)]).unwrap();
    let mut stream = server.open("/events", None).await;
    let mut read = async || stream.next_event().await.unwrap();
    assert_eq!(read().await.change(), Some(change("apple", 2)));
    let pear = read().await;
    assert_eq!((pear.name(), pear.id()), ("snapshot", None));
    assert_eq!(pear.change(), Some(change("pear", 1)));
    let end = read().await;
    assert_eq!((end.name(), end.id().is_some()), ("end-of-snapshot", true));

    server.board.set(vec![change("plum", 1)]).unwrap();
    let plum = read().await;
    assert_eq!((plum.name(), plum.id().is_some()), ("change", true));
    assert_eq!(plum.change(), Some(change("plum", 1)));
}

#[tokio::test]
async fn client_that_was_away_for_too_long_starts_anew() {
    let server = Server::start(Retention::window(1)).await;
    let (stream, old) = server.follow("/events/apple").await;
    drop(stream);
    // More than the segments hold that a window of one may keep.
    for value in 0..5_000 {
        server.board.set(vec![change("apple", value)]).unwrap();
    }
    let mut stream = server.open("/events/apple", Some(&old)).await;
    let mut read = async || stream.next_event().await.unwrap();
    assert_eq!(read().await.name(), "new-snapshot");
    assert_eq!(read().await.change(), Some(change("apple", 4_999)));
    let end = read().await;
    assert_eq!(end.name(), "end-of-snapshot");

    server.board.set(vec![change("apple", LAST)]).unwrap();
    let mut stream = server.open("/events/apple", end.id()).await;
    let message = stream.next_event().await.unwrap();
    assert_eq!(message.change(), Some(change("apple", LAST)));
}

#[tokio::test]
async fn id_of_another_server_starts_anew() {
    let other = Server::start(Retention::READERS).await;
    other.board.set(vec![change("apple", 1)]).unwrap();
    let (_stream, id) = other.follow("/events/apple").await;

    let server = Server::start(Retention::READERS).await;
    server.board.set(vec![change("apple", 2)]).unwrap();
    for path in ["/events/apple", "/events"] {
        let mut stream = server.open(path, Some(&id)).await;
        assert_eq!(stream.next_event().await.unwrap().name(), "new-snapshot");
        let message = stream.next_event().await.unwrap();
        assert_eq!(message.change(), Some(change("apple", 2)));
    }
}

/// Without a connection, whose buffers would hold more than anybody wants to send in a test.
#[tokio::test]
async fn client_that_is_too_slow_is_told_and_starts_anew() {
    let board = Board::new(Retention::readers_up_to(10)).unwrap();
    let mut body = sse::respond(board.follow(None, None).unwrap(), KEEP_ALIVE).into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"event: end-of-snapshot\n"));
    for value in 0..5_000 {
        board.set(vec![change("apple", value)]).unwrap();
    }
    // It gets what its part of the log still holds, is told, and nothing follows.
    let rest = body.collect().await.unwrap().to_bytes();
    let all = [first, rest].concat();
    let all = std::str::from_utf8(&all).unwrap();
    let frames: Vec<_> = all.trim_end().split("\n\n").collect();
    let (told, held) = frames[1..].split_last().unwrap();
    assert!(told.starts_with("event: lagged\ndata: "), "{told}");
    assert!(!told.contains("id:"), "{told}");
    assert!(
        held.iter()
            .all(|frame| frame.starts_with("event: change\n"))
    );

    let id = all.lines().rev().find_map(|line| line.strip_prefix("id: "));
    let cursor = id.unwrap().parse().unwrap();
    let again = board.follow(None, Some(cursor)).unwrap();
    let mut body = sse::respond(again, KEEP_ALIVE).into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"event: new-snapshot\n"));
}

#[tokio::test]
async fn id_in_the_address_counts_unless_there_is_a_newer_one_in_the_header() {
    let server = Server::start(Retention::window(10)).await;
    let (mut stream, first) = server.follow("/events").await;
    server.board.set(vec![change("apple", 1)]).unwrap();
    let second = stream.next_event().await.unwrap();
    server.board.set(vec![change("apple", 2)]).unwrap();

    let path = format!("/events?last_event_id={first}");
    let mut from_first = server.open(&path, None).await;
    let message = from_first.next_event().await.unwrap();
    assert_eq!(message.change(), Some(change("apple", 1)));
    let mut from_second = server.open(&path, second.id()).await;
    let message = from_second.next_event().await.unwrap();
    assert_eq!(message.change(), Some(change("apple", 2)));
}

#[tokio::test]
async fn empty_id_is_none() {
    let server = Server::start(Retention::READERS).await;
    for (path, header) in [("/events?last_event_id=", None), ("/events", Some(""))] {
        let mut stream = server.open(path, header).await;
        assert_eq!(stream.next_event().await.unwrap().name(), "end-of-snapshot");
    }
}

#[tokio::test]
async fn id_that_is_none_of_ours_is_refused_in_one_line() {
    let server = Server::start(Retention::READERS).await;
    let refused = async |path: &str, headers: &[(&str, &[u8])]| {
        let (status, body) = ask(server.address, Method::GET, path, headers, "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body.find('\n'), Some(body.len() - 1), "{body}");
        body
    };
    assert_eq!(
        refused("/events", &[("last-event-id", b"42")]).await,
        "the last event id was not given out here: \
         the log is not sixteen hexadecimal digits in lower case\n"
    );
    for id in [
        "0000000000000000",
        "0000000000000000-",
        "0000000000000000-01",
        "%2",
    ] {
        refused(&format!("/events/apple?last_event_id={id}"), &[]).await;
    }
    refused("/events", &[("last-event-id", b"\xff\xfe")]).await;
    refused("/events?last_event_id=1&last_event_id=2", &[]).await;
}

/// The clock goes on whenever everybody waits, so this takes no time.
#[tokio::test(start_paused = true)]
async fn silent_stream_is_kept_alive() {
    let server = Server::start(Retention::READERS).await;
    let (mut stream, _) = server.follow("/events").await;
    for _ in 0..3 {
        assert_eq!(stream.next().await, Some(Message::Comment));
    }
    server.board.set(vec![change("apple", 1)]).unwrap();
    let message = stream.next_event().await.unwrap();
    assert_eq!(message.change(), Some(change("apple", 1)));
}

#[tokio::test]
async fn client_that_leaves_is_not_kept() {
    let server = Server::start(Retention::READERS).await;
    let (one, _) = server.follow("/events").await;
    let (other, _) = server.follow("/events/apple").await;
    assert_eq!(server.board.followers(), 2);
    drop(one);
    while server.board.followers() > 1 {
        tokio::task::yield_now().await;
    }
    drop(other);
    while server.board.followers() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn values_are_set_one_by_one_or_together() {
    let server = Server::start(Retention::READERS).await;
    let (mut stream, _) = server.follow("/events").await;
    let set = async |method, path: &str, body: &str| {
        let json: &[_] = &[("content-type", b"application/json".as_slice())];
        ask(server.address, method, path, json, body).await.0
    };
    let status = set(Method::PUT, "/values/apple", "1").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let two = r#"[{"key":"apple","value":"2"},{"key":"pear","value":"2"}]"#;
    let status = set(Method::POST, "/values", two).await;
    assert_eq!(status, StatusCode::NO_CONTENT);

    let mut read = async || stream.next_event().await.unwrap().change();
    assert_eq!(read().await, Some(change("apple", 1)));
    assert_eq!(read().await, Some(change("apple", 2)));
    assert_eq!(read().await, Some(change("pear", 2)));
}

/// What is refused changes nothing, and the next one is served as if it had not been.
#[tokio::test]
async fn request_that_makes_no_sense_is_refused_and_changes_nothing() {
    let server = Server::start(Retention::READERS).await;
    let (mut stream, _) = server.follow("/events").await;
    let json: &[(&str, &[u8])] = &[("content-type", b"application/json")];
    let one = r#"[{"key":"apple","value":"1"}]"#;
    let half = r#"[{"key":"apple","value":"1"},{"key":"pear"}]"#;
    let long = "-".repeat(3 << 20);
    let refused = async |expected: u16, method, path, headers, body: &str| {
        let (status, said) = ask(server.address, method, path, headers, body).await;
        assert_eq!(status, expected, "{path}: {said}");
        assert!(said.lines().count() <= 1, "{path}: {said}");
    };
    refused(400, Method::POST, "/values", json, "[").await;
    refused(422, Method::POST, "/values", json, half).await;
    refused(415, Method::POST, "/values", &[], one).await;
    refused(413, Method::POST, "/values", json, &long).await;
    refused(413, Method::PUT, "/values/apple", &[], &long).await;
    refused(400, Method::PUT, "/values/%ff", &[], "1").await;
    refused(400, Method::GET, "/events/%ff", &[], "").await;
    refused(405, Method::DELETE, "/values/apple", &[], "").await;
    refused(405, Method::POST, "/events", &[], "").await;
    refused(404, Method::GET, "/nothing", &[], "").await;
    let (status, _) = ask(server.address, Method::PUT, "/values/plum", &[], "1").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    // The first that anybody hears of.
    let message = stream.next_event().await.unwrap();
    assert_eq!(message.change(), Some(change("plum", 1)));
}

/// Whoever sends more and more fills the board, and no more memory than that.
#[tokio::test]
async fn board_that_is_full_takes_no_new_values_but_changes_those_it_has() {
    let server = Server::start(Retention::READERS).await;
    let all = (1..VALUES_MAX).map(|key| change(&key.to_string(), 1));
    server.board.set(all.collect()).unwrap();
    let json: &[(&str, &[u8])] = &[("content-type", b"application/json")];
    let answered = async |expected: u16, method, path: &str, body: &str| {
        let (status, said) = ask(server.address, method, path, json, body).await;
        assert_eq!(status, expected, "{path}: {said}");
        assert!(said.lines().count() <= 1, "{path}: {said}");
    };
    // There is room for one of them, and so for none of them.
    let two = r#"[{"key":"plum","value":"1"},{"key":"pear","value":"1"}]"#;
    answered(507, Method::POST, "/values", two).await;
    let twice = r#"[{"key":"plum","value":"1"},{"key":"plum","value":"2"}]"#;
    answered(204, Method::POST, "/values", twice).await;
    answered(507, Method::PUT, "/values/pear", "1").await;
    answered(204, Method::PUT, "/values/1", "2").await;

    let mut pear = server.open("/events/pear", None).await;
    assert_eq!(pear.next_event().await.unwrap().name(), "end-of-snapshot");
    let mut first = server.open("/events/1", None).await;
    let message = first.next_event().await.unwrap();
    assert_eq!(message.change(), Some(change("1", 2)));
}

#[tokio::test]
async fn key_or_value_that_is_too_long_is_refused() {
    let server = Server::start(Retention::READERS).await;
    let put = async |key: usize, value: usize| {
        let (path, value) = (format!("/values/{}", "k".repeat(key)), "v".repeat(value));
        ask(server.address, Method::PUT, &path, &[], &value).await.0
    };
    let (long, longer) = (KEY_BYTES_MAX, KEY_BYTES_MAX + 1);
    assert_eq!(put(long, VALUE_BYTES_MAX).await, StatusCode::NO_CONTENT);
    let too_long = StatusCode::PAYLOAD_TOO_LARGE;
    assert_eq!(put(long, VALUE_BYTES_MAX + 1).await, too_long);
    assert_eq!(put(longer, 1).await, too_long);
}

/// A key is a text like any other, and a line feed in it ends no frame.
#[tokio::test]
async fn key_may_be_any_text() {
    let server = Server::start(Retention::READERS).await;
    let (mut stream, _) = server.follow("/events").await;
    let hostile = "a\n\nevent: closed\ndata: b\r\0\u{2028}";
    server
        .board
        .set(vec![change(hostile, "x\n\nid: 1")])
        .unwrap();
    let message = stream.next_event().await.unwrap();
    assert_eq!(message.name(), "change");
    assert_eq!(message.change(), Some(change(hostile, "x\n\nid: 1")));
}

#[tokio::test(start_paused = true)]
async fn shutdown_tells_and_ends_every_stream_and_then_the_server() {
    let server = Server::start(Retention::READERS).await;
    let (mut one, _) = server.follow("/events").await;
    let (mut other, _) = server.follow("/events/apple").await;
    server.shutdown.send(()).unwrap();
    for stream in [&mut one, &mut other] {
        assert_eq!(stream.next_event().await.unwrap().name(), "closed");
        assert_eq!(stream.next_event().await, None);
    }
    server.task.await.unwrap().unwrap();
    assert!(server.board.follow(None, None).is_err());
}
