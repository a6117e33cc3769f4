//! The log as it is read from another process.

use std::fmt;
use std::net::SocketAddr;

use forebay_core::Cursor;
use hyper::StatusCode;
use serde::de::DeserializeOwned;

use crate::client::{Client, ClientError, Event, Events};
use crate::config::{Change, Entry};

/// The log of a service.
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    service: SocketAddr,
}

/// Where to begin to read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum From {
    /// With the state.
    Snapshot,
    /// With the oldest entry that is kept.
    Oldest,
    /// With the entry after this one.
    After(Cursor),
}

/// Something that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Item {
    /// A key that is set.
    Set(Change),
    /// Entries follow after this position.
    Begin(Cursor),
    /// The entry at this position.
    Entry(Cursor, Entry),
}

/// Why nothing more can be read.
#[derive(Debug)]
pub enum RemoteError {
    /// The log does not go on from that position any more.
    Stale,
    /// The service has ended the log.
    Closed,
    /// What was read is not understood.
    Foreign,
    /// The connection says why.
    Client(ClientError),
}

/// A log that is being read; dropping it ends that.
#[derive(Debug)]
pub struct Tail(Events);

impl Remote {
    /// Names the service.
    #[must_use]
    pub const fn new(service: SocketAddr) -> Self {
        Self { service }
    }

    /// Begins to read.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    ///
    /// # Cancel safety
    ///
    /// The connection is closed.
    pub async fn open(&self, from: From) -> Result<Tail, RemoteError> {
        let (path, last) = match from {
            From::Snapshot => ("/log", None),
            From::Oldest => ("/log?from=oldest", None),
            From::After(cursor) => ("/log", Some(cursor.to_string())),
        };
        let client = Client::connect(self.service).await?;
        match client.events(path, last.as_deref()).await {
            Ok(events) => Ok(Tail(events)),
            Err(ClientError::Status(StatusCode::GONE)) => Err(RemoteError::Stale),
            Err(error) => Err(error.into()),
        }
    }
}

impl Tail {
    /// Returns what has come, at least one item.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&mut self) -> Result<Vec<Item>, RemoteError> {
        let events = self.0.next().await?.ok_or(RemoteError::Closed)?;
        events.into_iter().map(item).collect()
    }
}

fn item(event: Event) -> Result<Item, RemoteError> {
    let reached = || {
        let cursor = event.id.as_deref().and_then(|id| id.parse().ok());
        cursor.ok_or(RemoteError::Foreign)
    };
    match &*event.name {
        "snapshot" => Ok(Item::Set(parse(&event.data)?)),
        "begin" => Ok(Item::Begin(reached()?)),
        "entry" => Ok(Item::Entry(reached()?, parse(&event.data)?)),
        // Where it goes on, the next attempt shows.
        "lagged" | "closed" => Err(RemoteError::Closed),
        _ => Err(RemoteError::Foreign),
    }
}

fn parse<T: DeserializeOwned>(data: &str) -> Result<T, RemoteError> {
    serde_json::from_str(data).map_err(|_| RemoteError::Foreign)
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("the log does not go on from there any more"),
            Self::Closed => f.write_str("the service has ended"),
            Self::Foreign => f.write_str("this is not the log of a service"),
            Self::Client(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RemoteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Client(error) => Some(error),
            Self::Stale | Self::Closed | Self::Foreign => None,
        }
    }
}

impl std::convert::From<ClientError> for RemoteError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}
