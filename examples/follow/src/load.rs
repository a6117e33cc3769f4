//! Writers, for the show and for tests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hyper::{Method, StatusCode};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

use crate::client::{Client, ClientError, Event, Events};
use crate::writer::Fatal;

/// What keys belong to.
const TOPICS: [&str; 4] = ["billing", "mail", "search", "web"];

/// How many write at once.
const WRITERS: u64 = 16;

/// How long a value is.
const VALUE_BYTES: usize = 200;

/// A writer that writes all the time; it ends with the service.
#[derive(Debug)]
pub struct Load {
    is_stopped: Arc<AtomicBool>,
    writing: JoinHandle<()>,
}

impl Load {
    /// Returns when nothing more is written, and nothing is on its way.
    ///
    /// # Cancel safety
    ///
    /// It ends all the same.
    pub async fn stop(self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        // It has said why if it has panicked.
        let _ = self.writing.await;
    }
}

/// Sets keys, each of them once.
///
/// # Errors
///
/// If the service does not take one of them.
///
/// # Cancel safety
///
/// Some were set and some were not.
pub async fn fill(service: SocketAddr, keys: u64) -> Result<(), Fatal> {
    let next = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let next = Arc::clone(&next);
        writers.spawn(async move {
            let mut client = Client::connect(service).await?;
            loop {
                let key = next.fetch_add(1, Ordering::Relaxed);
                if key >= keys {
                    return Ok::<_, Fatal>(());
                }
                set(&mut client, key, 0).await?;
            }
        });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    Ok(())
}

/// Sets one key after the other again, so often in a second, for as long as the service answers.
#[must_use]
pub fn keep_writing(service: SocketAddr, keys: u64, per_second: u32) -> Load {
    let apart = Duration::from_secs(1) / per_second;
    let is_stopped = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&is_stopped);
    let writing = tokio::spawn(async move {
        let Ok(mut client) = Client::connect(service).await else {
            return;
        };
        let mut ticks = time::interval(apart);
        for round in 1_u64.. {
            ticks.tick().await;
            // Far enough apart to change all parts of the state.
            let key = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys;
            // Half of them in the first topic, and half of the rest in each that follows.
            let topics = TOPICS.len() as u64;
            let topic = u64::from(round.trailing_zeros()).min(topics - 1);
            let key = (key - key % topics + topic).min(keys - 1);
            if stopped.load(Ordering::Relaxed) || set(&mut client, key, round).await.is_err() {
                return;
            }
        }
    });
    Load {
        is_stopped,
        writing,
    }
}

/// Watches every topic, and a key, until this is dropped. One more has the state and then reads no
/// more, as somebody does whose machine has gone to sleep.
#[must_use]
pub fn watch(service: SocketAddr) -> JoinSet<()> {
    let mut watchers = JoinSet::new();
    let topics = TOPICS.map(|topic| format!("/watch/{topic}"));
    let key = format!("/watch/{}/key-0", TOPICS[0]);
    for path in topics.into_iter().chain([key]) {
        watchers.spawn(async move {
            if let Ok(mut events) = open(service, &path).await {
                while let Ok(Some(_)) = events.next().await {}
            }
        });
    }
    watchers.spawn(async move {
        if let Ok(mut events) = open(service, &format!("/watch/{}", TOPICS[0])).await {
            let is_whole = |event: &Event| event.name == "end-of-snapshot";
            while let Ok(Some(came)) = events.next().await
                && !came.iter().any(is_whole)
            {}
            std::future::pending::<()>().await;
        }
    });
    watchers
}

async fn open(service: SocketAddr, path: &str) -> Result<Events, ClientError> {
    Client::connect(service).await?.events(path, None).await
}

async fn set(client: &mut Client, key: u64, round: u64) -> Result<(), Fatal> {
    let topic = TOPICS[usize::try_from(key)? % TOPICS.len()];
    let path = format!("/config/{topic}/key-{key}");
    let value = format!("{{\"round\":{round},\"rest\":\"{:-<VALUE_BYTES$}\"}}", "");
    let (status, _) = client.request(Method::PUT, &path, value).await?;
    if status != StatusCode::OK {
        return Err(format!("a write was answered with {status}").into());
    }
    Ok(())
}
