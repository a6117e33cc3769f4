//! The log as a task reads it, with a new connection whenever one ends.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time;

use crate::remote::{From, Item, Remote, RemoteError};

/// How long to wait before another attempt to reach the service.
const RETRY: Duration = Duration::from_millis(100);

/// How many parts of the log wait to be taken.
const HEARD_MAX: usize = 16;

/// What comes of the log, from a task that ends when this is dropped.
#[derive(Debug)]
pub struct Listener {
    /// The parts in which it came; they are read on when these are taken.
    pub heard: mpsc::Receiver<Vec<Item>>,
    listening: JoinHandle<()>,
}

impl Listener {
    /// Begins to read.
    #[must_use]
    pub fn start(remote: Remote, from: From) -> Self {
        let (tx, heard) = mpsc::channel(HEARD_MAX);
        let listening = tokio::spawn(listen(remote, from, tx));
        Self { heard, listening }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Reads the log, and goes on after every interruption where it was, or with the oldest entry.
async fn listen(remote: Remote, mut from: From, heard: mpsc::Sender<Vec<Item>>) {
    let mut is_told = false;
    loop {
        let error = match remote.open(from).await {
            Ok(mut tail) => loop {
                is_told = false;
                let items = match tail.next().await {
                    Ok(items) => items,
                    Err(error) => break error,
                };
                if let Some(Item::Begin(cursor) | Item::Entry(cursor, _)) = items.last() {
                    from = From::After(*cursor);
                }
                if heard.send(items).await.is_err() {
                    return;
                }
            },
            Err(RemoteError::Stale) => {
                from = From::Oldest;
                continue;
            }
            Err(error) => error,
        };
        if !is_told {
            tracing::warn!("the log cannot be read, and is tried again: {error}");
            is_told = true;
        }
        time::sleep(RETRY).await;
    }
}
