//! Connections over TCP. Whoever connects says its name first, and is believed.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;
use tokio::{select, time};

use crate::Encoded;
use crate::driver::connection::{read_frame, write_frame};
use crate::driver::handle::DriverHandle;
use crate::driver::host::DriverHost;

/// What a greeting starts with, before the name.
const GREETING: &[u8] = b"forebay-snapshot\x01";

const GREETING_BYTES_MAX: usize = 4 << 10;

/// How long a greeting may take, and how long to wait where no connection can be accepted.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
const ACCEPT_DELAY: Duration = Duration::from_millis(100);

/// How many may be about to say their names; the next one waits.
const GREETINGS_MAX: usize = 64;

/// Accepts connections for a driver until that stops.
///
/// A name is not proven: where the network is not trusted, authenticate the stream and give it to
/// [`attach`](DriverHandle::attach) instead.
///
/// # Cancel safety
///
/// If the future is dropped, connections that have not been greeted are closed, and no others are
/// accepted. Those that the driver has stay.
///
/// # Examples
///
/// ```
#[doc = include_str!("example.in")]
/// use forebay_snapshot::driver::{accept_tcp, connect_tcp};
/// use tokio::net::TcpListener;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let accepting = tokio::spawn(accept_tcp(listener, handle.clone()));
///
/// // Elsewhere, where the peer is called "b", for the driver there. It is this one here.
/// let stream = connect_tcp(address, &"b".to_owned()).await?;
/// let attached = handle.attach("c".to_owned(), stream).await?;
///
/// handle.shutdown().await;
/// accepting.await?;
/// println!("the connection has ended: {}", attached.ended().await);
/// # Ok(())
/// # }
/// ```
pub async fn accept_tcp<H: DriverHost>(listener: TcpListener, handle: DriverHandle<H>) {
    let mut greetings = JoinSet::new();
    loop {
        select! {
            () = handle.stopped() => return,
            Some(_) = greetings.join_next() => {}
            accepted = listener.accept(), if greetings.len() < GREETINGS_MAX => match accepted {
                Ok((stream, _)) => {
                    let handle = handle.clone();
                    greetings.spawn(greeted(stream, handle));
                }
                // There may be no room for another socket now.
                Err(_) => time::sleep_until(time::Instant::now() + ACCEPT_DELAY).await,
            },
        }
    }
}

/// Connects to an address and says the local name there.
///
/// # Errors
///
/// What the socket says, or [`io::ErrorKind::InvalidInput`] for a name that cannot be serialised or
/// is too long.
///
/// # Cancel safety
///
/// If the future is dropped, the connection is closed.
///
/// # Examples
///
/// See [`accept_tcp`], and [`keep_connected`](crate::driver::keep_connected) for a connection that
/// comes back.
pub async fn connect_tcp<P: Serialize + Sync>(
    address: impl ToSocketAddrs,
    local: &P,
) -> io::Result<TcpStream> {
    let head = postcard::to_extend(local, GREETING.to_vec());
    let head = head.map_err(|_| io::ErrorKind::InvalidInput)?;
    if head.len() > GREETING_BYTES_MAX {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let body = Bytes::new();
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    write_frame(&mut stream, &Encoded { head, body }).await?;
    Ok(stream)
}

async fn greeted<H: DriverHost>(mut stream: TcpStream, handle: DriverHandle<H>) {
    let greeting = read_frame(&mut stream, GREETING_BYTES_MAX);
    let Ok(Ok(greeting)) = time::timeout(GREETING_TIMEOUT, greeting).await else {
        return;
    };
    let name = greeting.strip_prefix(GREETING);
    let Some(Ok((peer, []))) = name.map(postcard::take_from_bytes) else {
        return;
    };
    if stream.set_nodelay(true).is_ok() {
        // A driver that has stopped closes it.
        let _ = handle.attach(peer, stream).await;
    }
}
