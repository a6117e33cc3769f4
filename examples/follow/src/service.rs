//! The routes. What they write goes through the writer, what they read comes from its view.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use forebay_core::Cursor;
use forebay_events::Request as Wish;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::net::{TcpListener, TcpSocket};

use crate::board::Board;
use crate::config::{Change, Entry, Key, Name, VALUE_BYTES_MAX};
use crate::failure::{Failure, Refused};
use crate::page::Page;
use crate::peers::{self, Seat};
use crate::sse::{self, LastEventId};
use crate::status::Report;
use crate::tail;
use crate::view::View;
use crate::writer::{Fatal, Keeping, Writer};

/// What the kernel holds for a reader that does not read; more than that is its lag.
const SEND_BUFFER_BYTES: u32 = 64 << 10;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

type NamePath = Result<Path<Name>, PathRejection>;
type KeyPath = Result<Path<(Name, Name)>, PathRejection>;

/// What a service is told.
#[derive(Debug)]
pub struct Options {
    /// Where to listen for HTTP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The file with everything.
    pub database: PathBuf,
    /// The checkpoint file of workers on this machine, for the page.
    pub positions: Option<PathBuf>,
    /// How much of the past is kept.
    pub keeping: Keeping,
    /// Its place among the peers.
    pub seat: Seat,
}

/// What the routes need.
#[derive(Clone, Debug)]
struct Service {
    writer: Writer,
    board: Board,
}

/// What a write is answered with.
#[derive(Debug, Serialize)]
struct Position {
    position: Cursor,
}

/// Serves until `shutdown` is ready, and those who follow were told.
///
/// # Errors
///
/// Those of the listeners and of the database, and of settings that make no sense.
///
/// # Cancel safety
///
/// Connections are closed; what is being written is finished.
pub async fn run(
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Fatal> {
    let behind_max = options.keeping.behind_max as u64;
    let writer = Writer::open(&options.database, options.keeping)?;
    let (handle, driver) = peers::lead(&options.seat, writer.clone()).await?;
    let board = Board::new(writer.clone(), behind_max);
    let shown = board.clone();
    let page = Page::start(move || shown.status(), options.positions)?;
    let listener = listen(options.listen)?;
    println!("listening on http://{}", listener.local_addr()?);

    let service = Service {
        writer: writer.clone(),
        board,
    };
    let routes = routes(service).merge(page.routes());
    let routes = routes.layer(middleware::from_fn(told));
    // The server ends when all its responses have, and those who follow would read for ever.
    let closing = async move {
        shutdown.await;
        writer.close().await;
        page.close();
    };
    axum::serve(listener, routes)
        .with_graceful_shutdown(closing)
        .await?;
    handle.shutdown().await;
    driver.await?;
    Ok(())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // After a crash, the address is there for the next one at once.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn routes(service: Service) -> Router {
    let writer = service.writer.clone();
    Router::new()
        .route("/config", get(read_all))
        .route("/config/{topic}", get(read_topic))
        .route(
            "/config/{topic}/{key}",
            get(read_key).put(set_key).delete(delete_key),
        )
        .route("/watch/{topic}", get(watch_topic))
        .route("/watch/{topic}/{key}", get(watch_key))
        .route("/status/{name}", put(report))
        .with_state(service)
        .merge(
            Router::new()
                .route("/log", get(tail::tail))
                .with_state(writer),
        )
        .layer(DefaultBodyLimit::max(VALUE_BYTES_MAX))
        .fallback(async || Failure::Missing)
        .method_not_allowed_fallback(async || Failure::NotAllowed)
}

/// Writes a line for each request that was refused. What the service itself failed at, whoever
/// found out has written, once for all requests.
async fn told(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() {
        let why = response.extensions().get::<Refused>();
        let why = why.map_or("", |refused| &refused.0);
        tracing::warn!("{method} {uri}: {} {why}", status.as_u16());
    }
    response
}

async fn read_all(State(service): State<Service>) -> Json<Value> {
    let View { cursor, state } = service.writer.view();
    let mut topics = Map::new();
    for (key, value) in &state {
        let topic = topics
            .entry(key.topic.as_str())
            .or_insert_with(|| Map::new().into());
        if let Value::Object(topic) = topic {
            topic.insert(key.key.to_string(), Value::from(&**value));
        }
    }
    Json(serde_json::json!({ "position": cursor, "topics": topics }))
}

async fn read_topic(State(service): State<Service>, path: NamePath) -> Result<Response, Failure> {
    let topic = path?.0;
    let view = service.writer.view();
    let values = view.of_topic(&topic);
    let values = values.map(|(key, value)| (key.key.to_string(), Value::from(&**value)));
    let values: Map<_, _> = values.collect();
    if values.is_empty() {
        return Err(Failure::Missing);
    }
    let body = serde_json::json!({ "position": view.cursor, "values": values });
    Ok(Json(body).into_response())
}

async fn read_key(State(service): State<Service>, path: KeyPath) -> Result<String, Failure> {
    let Path((topic, key)) = path?;
    let view = service.writer.view();
    let value = view.state.get(&Key { topic, key });
    value.map(|value| value.to_string()).ok_or(Failure::Missing)
}

async fn set_key(
    State(service): State<Service>,
    path: KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Position>, Failure> {
    let Path((topic, key)) = path?;
    let value = str::from_utf8(&body?).map_err(|_| Failure::NotText)?.into();
    service.change(topic, key, Some(value)).await
}

async fn delete_key(
    State(service): State<Service>,
    path: KeyPath,
) -> Result<Json<Position>, Failure> {
    let Path((topic, key)) = path?;
    service.change(topic, key, None).await
}

async fn watch_topic(
    State(service): State<Service>,
    path: NamePath,
    last: LastEventId,
) -> Result<Response, Failure> {
    let topic = path?.0;
    service.watch(topic.to_string(), Wish::new(topic.as_str()), last)
}

async fn watch_key(
    State(service): State<Service>,
    path: KeyPath,
    last: LastEventId,
) -> Result<Response, Failure> {
    let Path((topic, key)) = path?;
    let wish = Wish::new(topic.as_str()).key(key.clone());
    service.watch(format!("{topic}/{key}"), wish, last)
}

async fn report(
    State(service): State<Service>,
    path: NamePath,
    report: Result<Json<Report>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(report) = report.map_err(|_| Failure::NotAReport)?;
    let reported = service.board.report(path?.0.as_str(), report);
    reported.map_err(|_| Failure::Unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}

impl Service {
    async fn change(
        &self,
        topic: Name,
        key: Name,
        value: Option<std::sync::Arc<str>>,
    ) -> Result<Json<Position>, Failure> {
        let change = Change { topic, key, value };
        let written = self.writer.write(Entry::Change(change)).await?;
        let position = written.ok_or(Failure::Missing)?.cursor;
        Ok(Json(Position { position }))
    }

    fn watch(
        &self,
        name: String,
        mut wish: Wish<Name>,
        LastEventId(cursor): LastEventId,
    ) -> Result<Response, Failure> {
        if let Some(cursor) = cursor {
            wish = wish.resume(cursor);
        }
        let feed = self.writer.watchers().subscribe(wish);
        let feed = feed.map_err(|_| Failure::Unavailable)?;
        Ok(sse::respond(self.board.enter(name, feed)))
    }
}
