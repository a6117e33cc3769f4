//! One connection: frames in both directions, each after its length.
//!
//! ```text
//! ┌─────────────────────┬──────────────────────┐
//! │ length: u32, little │ a frame, as `encode` │
//! │ endian              │ writes it            │
//! └─────────────────────┴──────────────────────┘
//! ```

use std::error::Error;
use std::fmt;
use std::future;
use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::{select, time};

use crate::driver::config::DriverConfig;
use crate::{Encoded, Message, WireError, decode};

/// A byte stream of whatever kind.
pub(crate) type Stream = Pin<Box<dyn Duplex>>;

/// What bytes can be read from and written to.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

/// Why a connection has ended. Others are not affected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Disconnected {
    /// The other end has closed it.
    Closed,
    /// The other end sent what is no message; nothing after it was read.
    Wire(WireError),
    /// It broke.
    Io(io::ErrorKind),
    /// The other end took too long to read a frame.
    Stalled,
    /// The stream panicked.
    Panicked,
    /// The same peer has newer connections.
    Replaced,
    /// There are as many connections as there may be; this one was not served.
    TooMany,
    /// The driver has stopped.
    Shutdown,
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("connection was closed by the other end"),
            Self::Wire(_) => f.write_str("other end sent what is no message"),
            Self::Io(kind) => write!(f, "connection broke: {kind}"),
            Self::Stalled => f.write_str("other end does not read"),
            Self::Panicked => f.write_str("stream panicked"),
            Self::Replaced => f.write_str("connection was replaced by newer ones"),
            Self::TooMany => f.write_str("there are too many connections"),
            Self::Shutdown => f.write_str("driver has stopped"),
        }
    }
}

impl Error for Disconnected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Wire(error) => Some(error),
            _ => None,
        }
    }
}

/// Carries frames until one end has had enough.
pub(super) async fn run<P: DeserializeOwned>(
    stream: Stream,
    number: u64,
    queue: mpsc::Receiver<Encoded>,
    arrived: mpsc::Sender<(u64, Message<P>)>,
    config: &DriverConfig,
) -> Disconnected {
    let (read, write) = tokio::io::split(stream);
    select! {
        why = receive(read, number, arrived, config) => why,
        why = send(write, queue, config) => why,
    }
}

async fn receive<P: DeserializeOwned>(
    mut read: impl AsyncRead + Unpin,
    number: u64,
    arrived: mpsc::Sender<(u64, Message<P>)>,
    config: &DriverConfig,
) -> Disconnected {
    loop {
        let frame = match read_frame(&mut read, Encoded::len_max(&config.limits)).await {
            Ok(frame) => frame,
            Err(why) => return why,
        };
        let message = match decode(frame, &config.limits) {
            Ok(message) => message,
            Err(error) => return Disconnected::Wire(error),
        };
        if arrived.send((number, message)).await.is_err() {
            // The driver stops. What is queued is still to be sent, so it is for `send` to end.
            return future::pending().await;
        }
    }
}

/// Reads a frame for which there is room only after its length was found to be allowed.
pub(super) async fn read_frame(
    mut read: impl AsyncRead + Unpin,
    len_max: usize,
) -> Result<Bytes, Disconnected> {
    let mut prefix = [0; size_of::<u32>()];
    match read.read_exact(&mut prefix).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(Disconnected::Closed);
        }
        Err(error) => return Err(Disconnected::Io(error.kind())),
    }
    let len = usize::try_from(u32::from_le_bytes(prefix)).unwrap_or(usize::MAX);
    if len > len_max {
        let max = len_max;
        return Err(Disconnected::Wire(WireError::TooLarge { len, max }));
    }
    let mut frame = BytesMut::with_capacity(len);
    let mut rest = read.take(len as u64);
    while frame.len() < len {
        match rest.read_buf(&mut frame).await {
            Ok(0) => return Err(Disconnected::Io(io::ErrorKind::UnexpectedEof)),
            Ok(_) => {}
            Err(error) => return Err(Disconnected::Io(error.kind())),
        }
    }
    Ok(frame.freeze())
}

async fn send(
    mut write: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Encoded>,
    config: &DriverConfig,
) -> Disconnected {
    while let Some(frame) = queue.recv().await {
        let written = write_frame(&mut write, &frame);
        match time::timeout(config.write_timeout, written).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Disconnected::Io(error.kind()),
            Err(_) => return Disconnected::Stalled,
        }
    }
    // The connection is over either way, so how this ends makes no difference.
    let _ = time::timeout(config.write_timeout, write.shutdown()).await;
    Disconnected::Shutdown
}

pub(super) async fn write_frame(
    mut write: impl AsyncWrite + Unpin,
    frame: &Encoded,
) -> io::Result<()> {
    let len = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut head = Vec::with_capacity(size_of::<u32>().saturating_add(frame.head.len()));
    head.extend_from_slice(&len.to_le_bytes());
    head.extend_from_slice(&frame.head);
    write.write_all(&head).await?;
    write.write_all(&frame.body).await?;
    write.flush().await
}
