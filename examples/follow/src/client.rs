//! Connections to a service: requests that follow one another, and events that go on.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time;

/// Whoever is silent for so long is gone: the service says something more often than that.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// How long a service may take to begin an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// More bytes than this in one event are not from a service of ours.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug)]
pub enum ClientError {
    /// The connection is gone, or was never there.
    Io(io::Error),
    /// Nothing came for too long.
    Silent,
    /// The answer is another one than was expected.
    Status(StatusCode),
    /// What came is not what a service of ours sends.
    Foreign,
}

/// A connection that is kept between requests.
#[derive(Debug)]
pub struct Client {
    requests: SendRequest<Full<Bytes>>,
    host: String,
    connection: JoinSet<()>,
}

/// Events that come over a connection; dropping this closes it.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    parser: Parser,
    _connection: JoinSet<()>,
}

/// An event that came whole.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Event {
    /// The position that is reached with it.
    pub id: Option<String>,
    /// What kind of event it is.
    pub name: String,
    /// What it says.
    pub data: String,
}

impl Client {
    /// Connects to a service.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes what was opened.
    pub async fn connect(address: SocketAddr) -> Result<Self, ClientError> {
        let connecting = time::timeout(ANSWER_TIMEOUT, TcpStream::connect(address));
        let stream = connecting.await.map_err(|_| ClientError::Silent)??;
        stream.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        let mut running = JoinSet::new();
        running.spawn(async move {
            // Whoever waits for a response is told by its request.
            let _ = connection.await;
        });
        Ok(Self {
            requests,
            host: address.to_string(),
            connection: running,
        })
    }

    /// Sends a request and returns the whole response.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    ///
    /// # Cancel safety
    ///
    /// The connection is of no further use, and nobody knows whether the request was heard.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(CONTENT_TYPE, "application/json");
        let response = self.send(request, body.into()).await?;
        let status = response.status();
        let body = time::timeout(ANSWER_TIMEOUT, response.into_body().collect()).await;
        let body = body.map_err(|_| ClientError::Silent)??;
        Ok((status, body.to_bytes()))
    }

    /// Begins to receive events, after the last one that was received before.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    ///
    /// # Cancel safety
    ///
    /// The connection is closed.
    pub async fn events(mut self, path: &str, last: Option<&str>) -> Result<Events, ClientError> {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = self.send(request, Bytes::new()).await?;
        if response.status() != StatusCode::OK {
            return Err(ClientError::Status(response.status()));
        }
        Ok(Events {
            body: response.into_body(),
            parser: Parser::default(),
            _connection: self.connection,
        })
    }

    async fn send(
        &mut self,
        request: hyper::http::request::Builder,
        body: Bytes,
    ) -> Result<Response<Incoming>, ClientError> {
        let request = request.header(HOST, &self.host).body(Full::from(body));
        let request = request.map_err(|_| ClientError::Foreign)?;
        let sent = time::timeout(ANSWER_TIMEOUT, self.requests.send_request(request));
        Ok(sent.await.map_err(|_| ClientError::Silent)??)
    }
}

impl Events {
    /// Returns the events that have come, at least one, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ClientError`]. Nothing comes after that.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, ClientError> {
        while self.parser.events.is_empty() {
            let frame = time::timeout(SILENCE_MAX, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| ClientError::Silent)? else {
                return Ok(None);
            };
            self.parser.read(&frame?.into_data().unwrap_or_default())?;
        }
        Ok(Some(self.parser.events.drain(..).collect()))
    }
}

/// The part of the standard's algorithm that concerns these streams: lines end with a line feed.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    event: Event,
    bytes: usize,
    events: VecDeque<Event>,
}

impl Parser {
    fn read(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.bytes += piece.len();
            if self.bytes > EVENT_BYTES_MAX {
                return Err(ClientError::Foreign);
            }
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    let line = std::mem::take(&mut self.line);
                    self.end_line(str::from_utf8(&line).map_err(|_| ClientError::Foreign)?);
                }
                None => self.line.extend_from_slice(piece),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => self.end_event(),
            "id" => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                self.event.data.push_str(value);
                self.event.data.push('\n');
            }
            // A comment, or of no concern.
            _ => {}
        }
    }

    fn end_event(&mut self) {
        self.bytes = 0;
        let mut event = std::mem::take(&mut self.event);
        // As a browser does: what has no data is no event.
        if event.data.pop().is_some() {
            self.events.push_back(event);
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "no connection to the service: {error}"),
            Self::Silent => f.write_str("the service is silent"),
            Self::Status(status) => write!(f, "the service says {status}"),
            Self::Foreign => f.write_str("this is another service"),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Silent | Self::Status(_) | Self::Foreign => None,
        }
    }
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<hyper::Error> for ClientError {
    fn from(error: hyper::Error) -> Self {
        Self::Io(io::Error::other(error))
    }
}
