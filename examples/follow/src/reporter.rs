//! Tells others how a process is: the service, for its page, and whoever started it. Nothing
//! depends on that.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;
use tokio::sync::watch;
use tokio::time;

use crate::client::Client;
use crate::status::Report;

/// No more often than this, however much happens.
const APART: Duration = Duration::from_millis(100);

/// No less often than this, though nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Reports what is new until nobody can say anything new any more.
///
/// # Cancel safety
///
/// What was not reported is not reported.
pub async fn report(service: SocketAddr, name: String, mut reports: watch::Receiver<Report>) {
    let path = format!("/status/{name}");
    let mut connection = None;
    loop {
        let report = reports.borrow_and_update().clone();
        if connection.is_none() {
            connection = Client::connect(service).await.ok();
        }
        if let Some(client) = &mut connection {
            let body = serde_json::to_vec(&report).unwrap_or_default();
            if client.request(Method::PUT, &path, body).await.is_err() {
                connection = None;
            }
        }
        time::sleep(APART).await;
        if let Ok(Err(_)) = time::timeout(HEARTBEAT, reports.changed()).await {
            return;
        }
    }
}

/// Tells whoever started the process, if they still listen.
pub fn say(line: Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
