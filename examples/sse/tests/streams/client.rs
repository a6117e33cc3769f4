//! Reads Server-Sent Events as a browser does, and can be cut off at any byte.

use std::collections::VecDeque;
use std::net::SocketAddr;

use forebay_example_sse::board::Change;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// So long is waited for an event where the clock goes on by itself.
const COMMENTS_MAX: usize = 1_000;

/// One thing that came whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// A line that is only there to be sent.
    Comment,
    /// What a browser would hand to its page.
    Event {
        id: Option<String>,
        name: String,
        data: String,
    },
}

impl Message {
    pub fn name(&self) -> &str {
        match self {
            Self::Comment => "",
            Self::Event { name, .. } => name,
        }
    }

    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Comment => None,
            Self::Event { id, .. } => id.as_deref(),
        }
    }

    pub fn change(&self) -> Option<Change> {
        match self {
            Self::Event { name, data, .. } if name == "change" || name == "snapshot" => {
                Some(serde_json::from_str(data).unwrap())
            }
            _ => None,
        }
    }
}

/// A connection with one response on it; dropping it closes the connection.
pub struct Stream {
    body: Incoming,
    rest: Bytes,
    parser: Parser,
    _connection: JoinSet<()>,
}

impl Stream {
    pub async fn open(address: SocketAddr, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let (response, connection) = send(address, request.body(Full::default()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body(),
            rest: Bytes::new(),
            parser: Parser::default(),
            _connection: connection,
        }
    }

    /// Returns what comes next, comments too, or `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Message> {
        self.next_within(&mut usize::MAX.clone()).await
    }

    /// Returns the next event, or `None` at the end of the stream.
    pub async fn next_event(&mut self) -> Option<Message> {
        for _ in 0..COMMENTS_MAX {
            let message = self.next().await?;
            if message != Message::Comment {
                return Some(message);
            }
        }
        panic!("nothing comes but comments");
    }

    /// Does as `next`, but reads `bytes` at most, which it counts down.
    pub async fn next_within(&mut self, bytes: &mut usize) -> Option<Message> {
        loop {
            if let Some(message) = self.parser.messages.pop_front() {
                return Some(message);
            }
            if *bytes == 0 {
                return None;
            }
            if self.rest.is_empty() {
                let frame = self.body.frame().await?.ok()?;
                self.rest = frame.into_data().unwrap_or_default();
            }
            let read = self.rest.split_to(self.rest.len().min(*bytes));
            *bytes -= read.len();
            self.parser.read(&read);
        }
    }
}

/// Sends one request and returns the whole response.
pub async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &[u8])],
    body: &str,
) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::from(body.to_owned())).unwrap();
    let (response, _connection) = send(address, request).await;
    let status = response.status();
    let kind = response.headers().get("content-type");
    assert!(kind.is_none_or(|kind| kind != "text/event-stream"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn send(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> (Response<Incoming>, JoinSet<()>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        // The server may close first; what matters was read by then.
        let _ = connection.await;
    });
    (sender.send_request(request).await.unwrap(), task)
}

/// The part of the standard's algorithm that concerns these streams: lines end with a line feed.
#[derive(Default)]
struct Parser {
    line: Vec<u8>,
    id: Option<String>,
    name: String,
    data: String,
    messages: VecDeque<Message>,
}

impl Parser {
    fn read(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                self.end_line(std::str::from_utf8(&line).unwrap());
            } else {
                self.line.push(byte);
            }
        }
    }

    fn end_line(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            _ if line.is_empty() => self.end_event(),
            "" => self.messages.push_back(Message::Comment),
            "id" => self.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => panic!("unexpected line: {line}"),
        }
    }

    fn end_event(&mut self) {
        let event = std::mem::take(self);
        self.messages = event.messages;
        // As a browser does: what has no data is no event.
        if let Some(data) = event.data.strip_suffix('\n') {
            self.messages.push_back(Message::Event {
                id: event.id,
                name: event.name,
                data: data.to_owned(),
            });
        }
    }
}
