//! The real service, as a user starts it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio, id};

use forebay_example_follow::client::Client;
use hyper::{Method, StatusCode};
use tokio::runtime::Builder;

/// Below the ports that systems give to clients, so that none of those takes the port of a service
/// that was killed.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A process that is killed when it is dropped.
pub struct Service {
    process: Child,
    pub address: SocketAddr,
}

impl Service {
    /// Starts one over the database in a folder, and waits until it listens.
    pub fn start(folder: &Path, address: SocketAddr) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_follow"))
            .args(["service", "--listen", &address.to_string()])
            .arg("--database")
            .arg(folder.join("config.sqlite"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let said = line.trim().strip_prefix("listening on http://");
        assert_eq!(said.unwrap().parse(), Ok(address));
        Self { process, address }
    }

    /// Sets a key.
    pub fn set(&self, key: &str, value: &str) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(async {
            let mut client = Client::connect(self.address).await.unwrap();
            let path = format!("/config/{key}");
            let answer = client.request(Method::PUT, &path, value.to_owned());
            answer.await.unwrap().0
        });
        assert_eq!(status, StatusCode::OK);
    }

    /// Ends it with the signal that cannot be caught.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address that nobody else takes while its service is away.
pub fn address() -> SocketAddr {
    let apart = u16::try_from(id() % 10_000).unwrap();
    let ports = (PORTS.start + apart..PORTS.end).chain(PORTS);
    let free = ports.filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    free.map(|listener| listener.local_addr().unwrap())
        .next()
        .unwrap()
}
