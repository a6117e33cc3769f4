//! The page that shows a service while it runs, and what keeps it up to date.
//!
//! * [`sections`]: what the page is told, in parts, each of which is told when it has changed.
//! * [`positions`]: how far workers have committed, read from their checkpoint file.
//! * [`teller`]: looks at all of it a few times a second, as long as somebody looks at the page.

pub mod sections;
pub mod positions;
pub mod teller;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{Html, Response};
use axum::routing::get;
use forebay_events::ConfigError;
use futures_util::stream;
use tokio::task::AbortHandle;

use crate::failure::Failure;
use crate::page::teller::Teller;
use crate::sse;
use crate::status::Status;

const HTML: &str = include_str!("../page/index.html");

/// The page has all it needs in itself, asks nobody but this service, and what it is told becomes
/// text: a script that makes markup of a string is refused by the browser.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";

const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Another version of the service has another page.
    (header::CACHE_CONTROL, "no-cache"),
];

/// The live page of a service; clones are the same.
#[derive(Clone, Debug)]
pub struct Page {
    teller: Arc<Teller>,
    telling: AbortHandle,
}

impl Page {
    /// Begins to show what `status` returns, and the positions in a checkpoint file, which need not
    /// be there yet.
    ///
    /// While nobody looks at the page, neither is asked for.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the settings of the hub made no sense.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(
        status: impl Fn() -> Status + Send + Sync + 'static,
        positions: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let teller = Arc::new(Teller::new(status, positions)?);
        let telling = tokio::spawn(Arc::clone(&teller).run()).abort_handle();
        Ok(Self { teller, telling })
    }

    /// Returns the routes `/`, the page, and `/status`, the events that it follows.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/", get(async || (HEADERS, Html(HTML))))
            .route("/status", get(follow))
            .with_state(self.clone())
    }

    /// Tells everybody who looks that the service ends.
    pub fn close(&self) {
        self.telling.abort();
        self.teller.close();
    }
}

/// There is nothing to resume: each event has the whole of a section, so a newcomer's snapshot is
/// all that somebody needs who was away.
async fn follow(State(page): State<Page>) -> Result<Response, Failure> {
    let feed = page.teller.follow().await;
    let feed = feed.map_err(|_| Failure::Unavailable)?;
    Ok(sse::stream_events(stream::unfold(
        Some(feed),
        |feed| async move {
            let mut feed = feed?;
            match feed.next().await {
                Ok(frame) => {
                    let (event, _) = sse::event(&frame);
                    Some((event, Some(feed)))
                }
                Err(error) => Some((Ok(sse::farewell(&error)), None)),
            }
        },
    )))
}
