//! Why a request has no answer, and which status says so.

use axum::Json;
use axum::extract::Request;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use forebay_core::LoadError;

use crate::config::{NotAName, VALUE_BYTES_MAX};
use crate::database::DatabaseError;
use crate::writer::WriteError;

/// Why a request has no answer. What is behind it is in the log, and not for clients.
#[derive(Debug)]
pub enum Failure {
    /// A topic or a key cannot be called that.
    NotAName,
    /// A position is none.
    NotAnId,
    /// A report is none.
    NotAReport,
    /// The value is no text.
    NotText,
    /// The value is too long.
    TooLong,
    /// There is no such key, or no such address.
    Missing,
    /// That address does not do this.
    NotAllowed,
    /// The position is of another log, or something after it is gone.
    Stale,
    /// There is no room for what was to be written.
    Full,
    /// It was not written, and may be later.
    NotWritten,
    /// Nobody knows whether it was written.
    Unknown,
    /// The service ends, or is too busy.
    Unavailable,
}

/// Goes along with a response, for the line in the log.
#[derive(Clone, Debug)]
pub struct Refused(pub String);

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotAName | Self::NotAnId | Self::NotAReport | Self::NotText => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Stale => StatusCode::GONE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::NotWritten | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn text(&self) -> String {
        let text = match self {
            Self::NotAName => return NotAName.to_string(),
            Self::TooLong => return format!("a value has at most {VALUE_BYTES_MAX} bytes"),
            Self::NotAnId => "the last event id was not given out here",
            Self::NotAReport => "a report does not look like this",
            Self::NotText => "a value is text in UTF-8",
            Self::Missing => "there is nothing here",
            Self::NotAllowed => "that cannot be done here",
            Self::Stale => "the log does not go on from there; begin anew",
            Self::Full => "there is no room for it",
            Self::NotWritten => "it was not written",
            Self::Unknown => "it may have been written or not",
            Self::Unavailable => "not now",
        };
        text.to_owned()
    }
}

/// Writes a line for each request that was refused. What the service itself failed at, whoever
/// found out has written, once for all requests.
///
/// # Cancel safety
///
/// The request is dropped.
pub async fn told(request: Request, next: Next) -> Response {
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

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        let text = self.text();
        let body = Json(serde_json::json!({ "error": text }));
        let mut response = (status, body).into_response();
        response.extensions_mut().insert(Refused(text));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<NotAName> for Failure {
    fn from(_: NotAName) -> Self {
        Self::NotAName
    }
}

impl From<PathRejection> for Failure {
    fn from(_: PathRejection) -> Self {
        Self::NotAName
    }
}

impl From<BytesRejection> for Failure {
    fn from(error: BytesRejection) -> Self {
        match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLong,
            _ => Self::NotText,
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match &error {
            WriteError::Failed(LoadError::Backend(error)) => match &**error {
                DatabaseError::Full(_) => Self::Full,
                DatabaseError::Interrupted => Self::Unknown,
                _ => Self::NotWritten,
            },
            WriteError::Failed(LoadError::Rejected | LoadError::Closed) => Self::Unavailable,
            _ => Self::Unknown,
        }
    }
}
