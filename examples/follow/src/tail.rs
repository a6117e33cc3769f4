//! The log as Server-Sent Events, for processes that need all of it.
//!
//! | frame | when | `id:` |
//! |---|---|---|
//! | `event: begin` | entries follow after this position | yes |
//! | `event: snapshot` | one key that is set; before `begin` | no |
//! | `event: entry` | the next entry | yes |
//! | `event: lagged` | the client was too slow; the last frame | no |
//! | `event: closed` | the service ends; the last frame | no |
//!
//! With a last id, the entries after it follow, or the answer is that it is stale. Without one the
//! state comes first, or with `?from=oldest` the oldest entry that is kept.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::response::sse::Event;
use axum::routing::get;
use forebay_core::Cursor;
use forebay_events::{RecvError, Subscription};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;

use crate::config::Entry;
use crate::failure::Failure;
use crate::sse::{LastEventId, stream_events};
use crate::view::View;
use crate::writer::Writer;

type EventResult = Result<Event, axum::Error>;

/// Where somebody begins who has no position.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum From {
    /// With the state.
    #[default]
    Snapshot,
    /// With the oldest entry.
    Oldest,
}

/// What follows the `?`.
#[derive(Clone, Copy, Debug, Deserialize)]
struct TailQuery {
    #[serde(default)]
    from: From,
}

/// Returns the route `/log`.
pub fn routes(writer: Writer) -> Router {
    Router::new().route("/log", get(tail)).with_state(writer)
}

async fn tail(
    State(writer): State<Writer>,
    LastEventId(cursor): LastEventId,
    query: Result<Query<TailQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let log = writer.log();
    let Query(query) = query.map_err(|_| Failure::NotAnId)?;
    Ok(match (cursor, query.from) {
        (Some(cursor), _) => stream_events(entries(resume(&writer, cursor)?)),
        (None, From::Oldest) => stream_events(entries(log.subscribe_oldest())),
        (None, From::Snapshot) => {
            let view = writer.view();
            let after = resume(&writer, view.cursor)?;
            stream_events(snapshot(view).chain(entries(after)))
        }
    })
}

fn resume(writer: &Writer, cursor: Cursor) -> Result<Subscription<Entry>, Failure> {
    writer.log().resume(cursor).map_err(|_| Failure::Stale)
}

fn snapshot(view: View) -> impl Stream<Item = EventResult> {
    let set = view.state.into_iter().map(|(key, value)| {
        Event::default()
            .event("snapshot")
            .json_data(key.set_to(&value))
    });
    stream::iter(set)
}

fn entries(log: Subscription<Entry>) -> impl Stream<Item = EventResult> {
    let begin = named("begin", log.cursor()).map(|event| event.data("{}"));
    let entries = stream::unfold(Some(log), |log| async move {
        let mut log = log?;
        let id = log.cursor().log();
        match log.next().await {
            Ok(entry) => {
                let event = named("entry", Cursor::new(id, entry.sequence()));
                let event = event.and_then(|event| event.json_data(entry.event()));
                Some((event, Some(log)))
            }
            Err(error) => Some((Ok(farewell(&error)), None)),
        }
    });
    stream::once(async { begin }).chain(entries)
}

fn named(name: &str, cursor: Cursor) -> EventResult {
    Ok(Event::default().event(name).id(cursor.to_string()))
}

fn farewell<E>(error: &RecvError<E>) -> Event {
    let name = match error {
        RecvError::Lagged { .. } => "lagged",
        _ => "closed",
    };
    Event::default().event(name).data(error.to_string())
}
