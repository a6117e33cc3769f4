//! The routes, and an end that does not wait for readers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::board::{Board, Change, Refused};
use crate::sse::{self, LastEventId};

/// What the routes need.
#[derive(Clone, Debug)]
struct Service {
    board: Arc<Board>,
    keep_alive: Duration,
}

/// Serves a board until `shutdown` is ready and those who follow it were told.
///
/// # Errors
///
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    board: Arc<Board>,
    keep_alive: Duration,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = Service {
        board: Arc::clone(&board),
        keep_alive,
    };
    let routes = Router::new()
        .route("/events", get(follow_all))
        .route("/events/{key}", get(follow_one))
        .route("/values", post(set_some))
        .route("/values/{key}", put(set_one))
        .with_state(service);
    // The server ends when all its responses have, and those who follow would read for ever.
    let closing = async move {
        shutdown.await;
        board.close();
    };
    axum::serve(listener, routes)
        .with_graceful_shutdown(closing)
        .await
}

async fn follow_all(State(service): State<Service>, last: LastEventId) -> Response {
    service.follow(None, last)
}

async fn follow_one(
    State(service): State<Service>,
    Path(key): Path<String>,
    last: LastEventId,
) -> Response {
    service.follow(Some(key), last)
}

async fn set_some(
    State(service): State<Service>,
    Json(changes): Json<Vec<Change>>,
) -> Result<StatusCode, Refused> {
    service.board.set(changes)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_one(
    State(service): State<Service>,
    Path(key): Path<String>,
    value: String,
) -> Result<StatusCode, Refused> {
    service.board.set(vec![Change { key, value }])?;
    Ok(StatusCode::NO_CONTENT)
}

impl Service {
    fn follow(&self, key: Option<String>, LastEventId(cursor): LastEventId) -> Response {
        match self.board.follow(key, cursor) {
            Ok(feed) => sse::respond(feed, self.keep_alive),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
        };
        (status, format!("{self}\n")).into_response()
    }
}
