//! The routes. A handler asks for the rows that it needs, one by one, and knows no stage.

use std::io;

use axum::extract::rejection::PathRejection;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use forebay::{Load, LoadError};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::database::{DatabaseError, User};
use crate::loaders::{Loaders, Rows};

/// What `GET /orders/{id}` returns.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OrderView {
    /// The key of the order.
    pub id: i64,
    /// Who buys; null for somebody who has left.
    pub buyer: Option<User>,
    /// Who sells; null for somebody who has left.
    pub seller: Option<User>,
    /// What it costs, in cents.
    pub cents: i64,
}

/// What the routes need.
#[derive(Clone)]
struct Service {
    loaders: Loaders,
    metrics: PrometheusHandle,
}

/// The key in a path, if it is one.
type Key = Result<Path<i64>, PathRejection>;

/// Why a request has no answer.
enum Failure {
    /// This is no key.
    Malformed,
    /// There is no such row.
    Missing,
    /// Nothing is served there.
    Elsewhere,
    /// Everything here is read only.
    ReadOnly,
    Load(LoadError<DatabaseError>),
}

/// Serves until `shutdown` is ready and the requests that came before it are answered.
///
/// # Errors
///
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    loaders: Loaders,
    metrics: PrometheusHandle,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = Router::new()
        .route("/users/{id}", get(user))
        .route("/orders/{id}", get(order))
        .route("/metrics", get(exposition))
        .fallback(async || Failure::Elsewhere)
        .method_not_allowed_fallback(async || Failure::ReadOnly)
        .layer(middleware::from_fn(counted))
        .with_state(Service { loaders, metrics });
    axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown)
        .await
}

async fn user(State(service): State<Service>, id: Key) -> Result<Json<User>, Failure> {
    let user = service.loaders.users.load(&id?.0).await?;
    let user = user.ok_or(Failure::Missing)?;
    Ok(Json(User::clone(&user)))
}

async fn order(State(service): State<Service>, id: Key) -> Result<Json<OrderView>, Failure> {
    let order = service.loaders.orders.load(&id?.0).await?;
    let order = order.ok_or(Failure::Missing)?;
    let users = &service.loaders.users;
    let (buyer, seller) =
        tokio::try_join!(nested(users, order.buyer), nested(users, order.seller))?;
    Ok(Json(OrderView {
        id: order.id,
        buyer,
        seller,
        cents: order.cents,
    }))
}

async fn nested(users: &Rows<User>, id: i64) -> Result<Option<User>, Failure> {
    let user = users.load(&id).await?;
    Ok(user.map(|user| User::clone(&user)))
}

async fn exposition(State(service): State<Service>) -> String {
    service.metrics.render()
}

/// Counts requests by route and status.
async fn counted(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    // What nobody routes may be called anything, and is one series all the same.
    let route = path.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    metrics::counter!("http_requests_total", "route" => route, "status" => status).increment(1);
    response
}

impl From<PathRejection> for Failure {
    fn from(_: PathRejection) -> Self {
        Self::Malformed
    }
}

impl From<LoadError<DatabaseError>> for Failure {
    fn from(error: LoadError<DatabaseError>) -> Self {
        Self::Load(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, text) = match &self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "a key is a whole number"),
            Self::Missing => (StatusCode::NOT_FOUND, "there is no such row"),
            Self::Elsewhere => (StatusCode::NOT_FOUND, "nothing is served here"),
            Self::ReadOnly => (StatusCode::METHOD_NOT_ALLOWED, "this can only be read"),
            Self::Load(error) => status(error),
        };
        let body = Json(serde_json::json!({ "error": text }));
        let mut response = (status, body).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// What a client can do about it. Why it happened is in the log.
fn status(error: &LoadError<DatabaseError>) -> (StatusCode, &'static str) {
    match error {
        LoadError::Backend(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database failed"),
        LoadError::Rejected => (StatusCode::SERVICE_UNAVAILABLE, "too many requests wait"),
        LoadError::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "the database is too slow"),
        error => {
            tracing::error!("a load ended without an answer: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "this should not happen")
        }
    }
}
