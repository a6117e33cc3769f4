//! The routes. What they write goes through the writer, what they read comes from its view.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, put};
use axum::{Json, Router};
use forebay_events::Request;
use serde::Serialize;
use tokio::net::{TcpListener, TcpSocket};

use crate::board::Board;
use crate::config::{Change, Entry, Name, VALUE_BYTES_MAX};
use crate::failure::{self, Failure};
use crate::metrics;
use crate::page::Page;
use crate::peers::{self, Seat};
use crate::reads::{self, KeyPath, TopicPath};
use crate::reporter::say;
use crate::sse::{self, LastEventId};
use crate::status::Report;
use crate::tail;
use crate::writer::{Fatal, Keeping, Writer};

/// What the kernel holds for a reader that does not read; more than that is its lag.
const SEND_BUFFER_BYTES: u32 = 64 << 10;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

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
    position: String,
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
    let address = options.listen;
    let listener = listen(address);
    let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    say(format_args!(
        "listening on http://{}",
        listener.local_addr()?
    ));

    let service = Service {
        writer: writer.clone(),
        board,
    };
    let routes = routes(service).merge(page.routes());
    let routes = routes.layer(middleware::from_fn(failure::told));
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
    let (writer, board) = (service.writer.clone(), service.board.clone());
    Router::new()
        .route("/config/{topic}/{key}", put(set_key).delete(delete_key))
        .route("/watch/{topic}", get(watch_topic))
        .route("/watch/{topic}/{key}", get(watch_key))
        .route("/status/{name}", put(report))
        .with_state(service)
        .merge(reads::routes(writer.current().clone()))
        .merge(tail::routes(writer))
        .merge(metrics::routes(board))
        .layer(DefaultBodyLimit::max(VALUE_BYTES_MAX))
        .fallback(async || Failure::Missing)
        .method_not_allowed_fallback(async || Failure::NotAllowed)
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
    path: TopicPath,
    last: LastEventId,
) -> Result<Response, Failure> {
    let topic = path?.0;
    service.watch(topic.to_string(), Request::new(topic.as_str()), last)
}

async fn watch_key(
    State(service): State<Service>,
    path: KeyPath,
    last: LastEventId,
) -> Result<Response, Failure> {
    let Path((topic, key)) = path?;
    let wish = Request::new(topic.as_str()).key(key.clone());
    service.watch(format!("{topic}/{key}"), wish, last)
}

async fn report(
    State(service): State<Service>,
    path: TopicPath,
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
        value: Option<Arc<str>>,
    ) -> Result<Json<Position>, Failure> {
        let change = Change { topic, key, value };
        let written = self.writer.write(Entry::Change(change)).await?;
        let position = written.ok_or(Failure::Missing)?.cursor.to_string();
        Ok(Json(Position { position }))
    }

    fn watch(
        &self,
        name: String,
        mut wish: Request<Name>,
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
