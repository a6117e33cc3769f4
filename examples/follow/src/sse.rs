//! A feed as Server-Sent Events, in the terms of axum.
//!
//! | frame | when | `id:` |
//! |---|---|---|
//! | `event: new-snapshot` | what the client has is of no use; it starts from nothing | no |
//! | `event: snapshot` | one part of the state | no |
//! | `event: end-of-snapshot` | the state is complete | yes |
//! | `event: change` | one event | the last one of its sequence |
//! | `event: lagged` | the client was too slow; the last frame | no |
//! | `event: closed` | the server ends the stream; the last frame | no |
//!
//! An `id:` names a position up to which everything was sent. A client that comes back with the
//! last `id:` it saw gets everything after it.

use std::future::poll_fn;
use std::hash::Hash;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use forebay_core::Cursor;
use forebay_events::{FeedError, Frame};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};

use crate::board::Watcher;
use crate::failure::Failure;

/// Longer than this nothing is silent, which many proxies would close after a minute.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where a client was when it left, if it was here before.
///
/// Browsers send the header on their own when they connect again. The query is for clients that
/// keep the position themselves, and cannot set a header. An empty one says as much as none.
#[derive(Clone, Copy, Debug)]
pub struct LastEventId(pub Option<Cursor>);

#[derive(Deserialize)]
struct IdQuery {
    #[serde(default)]
    last_event_id: String,
}

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // The address stays the same when a browser connects again, so the header is newer.
        let id = match parts.headers.get("last-event-id") {
            Some(id) => id.to_str().map_err(|_| Failure::NotAnId)?.to_owned(),
            None => {
                let query = Query::<IdQuery>::try_from_uri(&parts.uri);
                query.map_err(|_| Failure::NotAnId)?.0.last_event_id
            }
        };
        if id.is_empty() {
            return Ok(Self(None));
        }
        let cursor = id.parse().map_err(|_| Failure::NotAnId)?;
        Ok(Self(Some(cursor)))
    }
}

/// Answers with everything that a watcher's feed has to give, until it ends or the client leaves.
pub fn respond<K, T, E>(watcher: Watcher<K, T, E>) -> Response
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Serialize + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    stream_events(stream::unfold(Some(watcher), |watcher| async move {
        let watcher = watcher?;
        let (event, is_last) = poll_fn(|cx| poll_event(&watcher, cx)).await;
        Some((event, (!is_last).then_some(watcher)))
    }))
}

/// Answers with events. A comment is sent whenever nothing else was for a while, so that neither
/// side, nor a proxy between them, takes the connection for dead.
pub fn stream_events(
    events: impl Stream<Item = Result<Event, axum::Error>> + Send + 'static,
) -> Response {
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}

/// The feed is locked for one poll at a time, so that others can look at it while the client's
/// connection is full and nobody polls.
fn poll_event<K, T, E>(
    watcher: &Watcher<K, T, E>,
    cx: &mut Context<'_>,
) -> Poll<(Result<Event, axum::Error>, bool)>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Serialize + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    let mut watching = watcher.lock();
    let watching = &mut *watching;
    let next = ready!(watching.feed.poll_next(cx));
    watching.sent += 1;
    let (event, is_complete) = match next {
        Ok(frame) => {
            watching.is_snapshot = matches!(frame, Frame::NewSnapshot | Frame::Snapshot(_));
            event(&frame)
        }
        Err(error) => return Poll::Ready((Ok(farewell(&error)), true)),
    };
    let event = match watching.feed.cursor().filter(|_| is_complete) {
        Some(cursor) => event.map(|event| event.id(cursor.to_string())),
        None => event,
    };
    Poll::Ready((event, false))
}

/// Returns what is sent for a frame, and whether everything up to the feed's cursor was sent then.
///
/// Each has data: a client drops an event without any.
pub fn event<T: Serialize>(frame: &Frame<'_, T>) -> (Result<Event, axum::Error>, bool) {
    let named = |name| Event::default().event(name);
    match frame {
        Frame::NewSnapshot => (Ok(named("new-snapshot").data("{}")), false),
        Frame::Snapshot(part) => (named("snapshot").json_data(part), false),
        Frame::EndOfSnapshot(_) => (Ok(named("end-of-snapshot").data("{}")), true),
        Frame::Event(entry) => (named("change").json_data(entry.event()), entry.is_last()),
        // Of a kind that came later than this adapter; clients ignore a comment.
        _ => (Ok(Event::default().comment("unknown")), false),
    }
}

/// Says why nothing follows. The client decides whether to come back; a browser does.
pub fn farewell<E>(error: &FeedError<E>) -> Event {
    let name = match error {
        FeedError::Lagged { .. } => "lagged",
        _ => "closed",
    };
    Event::default().event(name).data(error.to_string())
}
