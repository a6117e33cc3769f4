//! What the status page shows, for Prometheus.

use std::fmt::{self, Display, Write};

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::board::Board;
use crate::status::Status;

/// Returns the route `/metrics`.
pub fn routes(board: Board) -> Router {
    Router::new()
        .route("/metrics", get(exposition))
        .with_state(board)
}

async fn exposition(State(board): State<Board>) -> Response {
    let text = text(&board.status()).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn text(status: &Status) -> Result<String, fmt::Error> {
    let mut text = Text(String::new());
    text.metric("gauge", "head", [("", status.head)])?;
    text.metric("gauge", "oldest", [("", status.oldest)])?;
    text.metric("gauge", "keys", [("", status.keys)])?;
    let topics = &status.topics;
    let changes = topics.iter().map(|topic| (&*topic.name, topic.changes));
    text.metric("counter", "changes_total", changes)?;
    let watchers = topics.iter().map(|topic| (&*topic.name, topic.watchers));
    text.metric("gauge", "watchers", watchers)?;
    let lags = status.subscribers.iter().map(|watcher| watcher.lag);
    text.metric("gauge", "watcher_lag_max", [("", lags.max().unwrap_or(0))])?;
    let workers = &status.workers;
    let replicas = &status.replicas;
    let of_workers = workers.iter().map(|worker| (&*worker.name, worker.lag));
    let of_replicas = replicas.iter().map(|replica| (&*replica.name, replica.lag));
    let lags = of_workers.chain(of_replicas);
    text.metric(
        "gauge",
        "lag",
        lags.filter_map(|(name, lag)| Some((name, lag?))),
    )?;
    let committed = workers
        .iter()
        .map(|worker| (&*worker.name, worker.committed));
    let committed = committed.filter_map(|(name, committed)| Some((name, committed?)));
    text.metric("gauge", "committed", committed)?;
    let of_workers = workers.iter().map(|worker| (&*worker.name, worker.starts));
    let of_replicas = replicas
        .iter()
        .map(|replica| (&*replica.name, replica.starts));
    text.metric("counter", "starts_total", of_workers.chain(of_replicas))?;
    Ok(text.0)
}

struct Text(String);

impl Text {
    /// Writes a metric with a value for each of some names, none of which needs to be escaped.
    fn metric<'a>(
        &mut self,
        kind: &str,
        metric: &str,
        values: impl IntoIterator<Item = (&'a str, impl Display)>,
    ) -> fmt::Result {
        writeln!(self.0, "# TYPE follow_{metric} {kind}")?;
        for (name, value) in values {
            match name {
                "" => writeln!(self.0, "follow_{metric} {value}")?,
                name => writeln!(self.0, "follow_{metric}{{name=\"{name}\"}} {value}")?,
            }
        }
        Ok(())
    }
}
