//! One connection to a service, on which requests follow one another.

use std::io;
use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A connection that is kept between requests.
#[derive(Debug)]
pub struct Client {
    requests: SendRequest<Empty<Bytes>>,
    host: String,
    /// Ends with the client.
    _connection: JoinSet<()>,
}

impl Client {
    /// Connects to the service at an address.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes what was opened.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await.map_err(other)?;
        let mut running = JoinSet::new();
        running.spawn(async move {
            // Whoever waits for a response is told by its request.
            let _ = connection.await;
        });
        Ok(Self {
            requests,
            host: address.to_string(),
            _connection: running,
        })
    }

    /// Returns the status and the body that a path has.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    ///
    /// # Cancel safety
    ///
    /// The connection is of no further use.
    pub async fn get(&mut self, path: &str) -> io::Result<(StatusCode, Bytes)> {
        let request = Request::get(path).header(HOST, &self.host);
        let request = request.body(Empty::new()).map_err(other)?;
        let response = self.requests.send_request(request).await.map_err(other)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(other)?;
        Ok((status, body.to_bytes()))
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}
