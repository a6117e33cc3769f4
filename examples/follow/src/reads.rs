//! The routes that read, which a service and a replica have alike.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value};

use crate::config::{Key, Name};
use crate::failure::Failure;
use crate::view::{Current, View};

/// A path that names a topic.
pub type TopicPath = Result<Path<Name>, PathRejection>;

/// A path that names a key of a topic.
pub type KeyPath = Result<Path<(Name, Name)>, PathRejection>;

/// Returns the routes for everything, a topic, a key, and the last entry that is in them.
pub fn routes(current: Current) -> Router {
    Router::new()
        .route("/position", get(position))
        .route("/config", get(everything))
        .route("/config/{topic}", get(topic))
        .route("/config/{topic}/{key}", get(key))
        .with_state(current)
}

async fn position(State(current): State<Current>) -> String {
    current.view().cursor.to_string()
}

async fn everything(State(current): State<Current>) -> Json<Value> {
    let View { cursor, state } = current.view();
    let mut topics = Map::new();
    for (key, value) in &state {
        let topic = topics
            .entry(key.topic.as_str())
            .or_insert_with(|| Map::new().into());
        if let Value::Object(topic) = topic {
            topic.insert(key.key.to_string(), Value::from(&**value));
        }
    }
    Json(serde_json::json!({ "position": cursor.to_string(), "topics": topics }))
}

async fn topic(State(current): State<Current>, path: TopicPath) -> Result<Response, Failure> {
    let topic = path?.0;
    let view = current.view();
    let values = view.of_topic(&topic);
    let values = values.map(|(key, value)| (key.key.to_string(), Value::from(&**value)));
    let values: Map<_, _> = values.collect();
    if values.is_empty() {
        return Err(Failure::Missing);
    }
    let body = serde_json::json!({ "position": view.cursor.to_string(), "values": values });
    Ok(Json(body).into_response())
}

async fn key(State(current): State<Current>, path: KeyPath) -> Result<String, Failure> {
    let Path((topic, key)) = path?;
    let view = current.view();
    let value = view.state.get(&Key { topic, key });
    value.map(|value| value.to_string()).ok_or(Failure::Missing)
}
