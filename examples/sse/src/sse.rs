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
//! An `id:` names a position up to which everything was sent, so a frame that may be followed by
//! more of its kind has none. A client that comes back with the last `id:` it saw gets everything
//! after it: what it was sent without one, it is sent again.

use std::hash::Hash;
use std::time::Duration;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use forebay_core::Cursor;
use forebay_events::{Feed, FeedError, Frame};
use futures_util::stream;
use serde::{Deserialize, Serialize};

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
    type Rejection = (StatusCode, String);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let refuse = |why: &dyn std::fmt::Display| {
            let line = format!("the last event id was not given out here: {why}\n");
            (StatusCode::BAD_REQUEST, line)
        };
        // The address stays the same when a browser connects again, so the header is newer.
        let id = match parts.headers.get("last-event-id") {
            Some(id) => id.to_str().map_err(|error| refuse(&error))?.to_owned(),
            None => {
                let query = Query::<IdQuery>::try_from_uri(&parts.uri);
                query.map_err(|error| refuse(&error))?.0.last_event_id
            }
        };
        if id.is_empty() {
            return Ok(Self(None));
        }
        let cursor = id.parse().map_err(|error| refuse(&error))?;
        Ok(Self(Some(cursor)))
    }
}

/// Answers with everything that the feed has to give, until it ends or the client leaves.
///
/// A comment is sent whenever nothing else was for `keep_alive`, so that neither side, nor a proxy
/// between them, takes the connection for dead.
pub fn respond<K, T, E>(feed: Feed<K, T, E>, keep_alive: Duration) -> Response
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Serialize + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    let frames = stream::unfold(Some(feed), |feed| async move {
        let mut feed = feed?;
        match feed.next().await {
            Ok(frame) => {
                let (event, is_complete) = event(&frame);
                let event = match feed.cursor().filter(|_| is_complete) {
                    Some(cursor) => event.map(|event| event.id(cursor.to_string())),
                    None => event,
                };
                Some((event, Some(feed)))
            }
            Err(error) => Some((Ok(farewell(&error)), None)),
        }
    });
    Sse::new(frames)
        .keep_alive(KeepAlive::new().interval(keep_alive))
        .into_response()
}

/// Returns what is sent for a frame, and whether everything up to the feed's cursor was sent then.
///
/// Each has data: a client drops an event without any.
fn event<T: Serialize>(frame: &Frame<'_, T>) -> (Result<Event, axum::Error>, bool) {
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
fn farewell<E>(error: &FeedError<E>) -> Event {
    let name = match error {
        FeedError::Lagged { .. } => "lagged",
        _ => "closed",
    };
    Event::default().event(name).data(error.to_string())
}
